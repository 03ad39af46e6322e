package source

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/problem"
)

// File is one table file.
type File struct {
	Table string // file name without extensions
	Path  string // as given, or the folder as given and the file's name
}

// tableExtensions are the files of a folder that are tables; each but Parquet
// may have .gz after it. A file that is named itself may have any name.
var tableExtensions = []string{".csv", ".tsv", ".tab", ".psv", ".parquet", ".pq"}

// Locate lists the table files that paths name, folders in the order of their
// file names. Sub-folders, hidden files and files that are no tables by their
// name are left out. Links are followed, but not out of the folder that they
// lie in. What does not exist is a Usage problem, and so are two tables of one
// name.
func Locate(paths []string) ([]File, error) {
	var files []File
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, notFound(path, err)
		}
		if !info.IsDir() {
			if !info.Mode().IsRegular() {
				return nil, &problem.Problem{
					Kind: problem.Usage, Code: "data.missing", Where: path,
					What: "this is neither a file nor a folder", Fix: "give the file or the folder that holds the tables",
				}
			}
			files = append(files, File{tableName(path), path})
			continue
		}
		in, err := folder(path)
		if err != nil {
			return nil, err
		}
		files = append(files, in...)
	}
	seen := map[string]string{}
	for _, f := range files {
		if other, ok := seen[f.Table]; ok {
			return nil, &problem.Problem{
				Kind: problem.Usage, Code: "data.two_tables", Where: f.Path,
				What: fmt.Sprintf("two files make a table called %q", f.Table),
				Why:  "the other one is " + other, Fix: "rename one of them, or give only one",
			}
		}
		seen[f.Table] = f.Path
	}
	return files, nil
}

func folder(path string) ([]File, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, notFound(path, err)
	}
	var files []File
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || !isTableName(name) {
			continue
		}
		full := filepath.Join(path, name)
		if err := staysInside(path, full); err != nil {
			return nil, err
		}
		info, err := os.Stat(full)
		if err != nil {
			return nil, notFound(full, err)
		}
		if info.Mode().IsRegular() {
			files = append(files, File{tableName(name), full})
		}
	}
	if len(files) == 0 {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "data.missing", Where: path,
			What: "the folder holds no table files",
			Why:  "tables are " + strings.Join(tableExtensions, ", ") + ", with or without .gz; sub-folders are not searched",
			Fix:  "give the folder that holds the tables, or name the files",
		}
	}
	return files, nil
}

// staysInside refuses a link that leads out of its folder: who can write into a
// folder of data must not be able to have other files read.
func staysInside(folder, file string) error {
	root, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return notFound(folder, err)
	}
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return notFound(file, err)
	}
	if rel, err := filepath.Rel(root, target); err != nil || !filepath.IsLocal(rel) {
		return &problem.Problem{
			Kind: problem.Usage, Code: "data.link", Where: file,
			What: "the file is a link that leads out of its folder",
			Why:  "a folder of data gives only what lies in it",
			Fix:  "name the file that it leads to with --data, or copy it into the folder",
		}
	}
	return nil
}

// Paths is the paths of the files of Locate, in its order.
func Paths(paths []string) ([]string, error) {
	files, err := Locate(paths)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = f.Path
	}
	return out, nil
}

// notFound is the problem of a path that cannot be opened, with the three
// names beside it that are most like it.
func notFound(path string, err error) error {
	p := &problem.Problem{
		Kind: problem.Usage, Code: "data.missing", Where: path,
		What: "there is no such file or folder", Fix: "check the path after --data", Cause: err,
	}
	if !errors.Is(err, fs.ErrNotExist) {
		p.What = "this cannot be opened"
		if errors.Is(err, fs.ErrPermission) {
			p.Why, p.Fix = "no permission", "make it readable for the user that runs septet"
		}
		return p
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	want := filepath.Base(path)
	var near []string
	for _, entry := range entries {
		if d := levenshtein.ComputeDistance(want, entry.Name()); d <= 2+len(want)/3 {
			near = append(near, entry.Name())
		}
	}
	sort.SliceStable(near, func(i, j int) bool {
		return levenshtein.ComputeDistance(want, near[i]) < levenshtein.ComputeDistance(want, near[j])
	})
	p.Nearest = near[:min(3, len(near))]
	return p
}

func isTableName(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	for _, extension := range tableExtensions {
		if strings.HasSuffix(name, extension) {
			return true
		}
	}
	return false
}

// tableName is the file's name without .gz and one extension.
func tableName(path string) string {
	name := filepath.Base(path)
	if strings.EqualFold(filepath.Ext(name), ".gz") {
		name = name[:len(name)-len(".gz")]
	}
	if stem := strings.TrimSuffix(name, filepath.Ext(name)); stem != "" {
		return stem
	}
	return name
}
