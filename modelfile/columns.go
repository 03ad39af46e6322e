package modelfile

import (
	"fmt"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/tree"
)

// checkColumns gives an error for a learner that reads rows of another length
// than the transformation makes: it would read beyond them, or the next row.
func checkColumns(e *ensemble.Model, features int) error {
	for _, member := range e.Members {
		for _, model := range member.Models {
			if n := columnsOf(model); n >= 0 && n != features {
				return fmt.Errorf("%s of %d columns, the transformation makes %d", model.Name(), n, features)
			}
		}
	}
	return nil
}

// columnsOf is the length of the rows that a learner's model reads; -1 where
// it reads none.
func columnsOf(m learn.Model) int {
	switch m := m.(type) {
	case *tree.Model:
		return m.Columns
	case *linear.Model:
		return len(m.Columns)
	case *baseline.Thumb:
		return m.Columns
	case *root.Model:
		return columnsOf(m.Of)
	case interface{ Columns() int }: // forest, neighbor, neural net
		return m.Columns()
	}
	return -1
}
