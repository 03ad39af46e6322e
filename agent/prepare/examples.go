package prepare

import (
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/table"
)

// examples are rows with an answer. All slices have one entry per row.
type examples struct {
	scope handoff.Scope
	info  *table.TableInfo // of the main table

	inputs *table.Table // columns that may become features, the time column among them
	others *table.Table // columns that are left out: keys, excluded ones; only the checks see them
	target []float64    // class index, or value
	rows   []int32      // 1-based row of the main table
	time   []int64      // that orders the rows; nil without time

	entity   []int32 // number of the entity; nil where the scope has none
	copies   []int32 // rows with the same number are copies of one another; nil where there are none
	expected bool    // copies are to be expected of columns with so few values

	alike  []int32  // rows with the same number have the same inputs and stay in one part; nil where that does not matter
	groups []int32  // rows with the same number stay in one part, copies apart; nil without groups
	by     []string // the columns that make the groups

	events *events // what the examples of a label rule come from; nil for a flat table

	unanswered int // rows of the scope's population without an answer, left out
	filtered   int // rows outside of the scope's population
	repairs    []handoff.Repair
}

func (e *examples) n() int { return len(e.target) }

func (e *examples) classes() int { return len(e.scope.Classes) }

// column finds an input or another column by name; nil where there is none.
func (e *examples) column(name string) *table.Column {
	if c := e.inputs.Column(name); c != nil {
		return c
	}
	return e.others.Column(name)
}

// targetColumn is the name of the target in the row files: the column's own,
// or "label".
func targetColumn(e *examples) string {
	if e.scope.Target != nil {
		return e.scope.Target.Column
	}
	return "label"
}

// timeColumn is the name of the input that orders the rows; "" without time.
func (e *examples) timeColumn() string {
	switch {
	case e.scope.Label != nil:
		return label.Snapshot
	case e.scope.Time != nil:
		return *e.scope.Time
	}
	return ""
}
