module github.com/septet-ml/septet

go 1.26
