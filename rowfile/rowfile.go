// Package rowfile reads the row files of a prepared data set back as the
// agents after the data preparer need them: inputs, target and bookkeeping
// columns apart.
package rowfile

import (
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// Names of the bookkeeping columns of a row file; all are numbers.
const (
	Row    = "__row"    // 1-based in the main table, or in the spine of a label rule
	Part   = "__part"   // Train or Validation; only in the file of both
	Group  = "__group"  // rows with the same number belong together; only where rows do
	Entity = "__entity" // rows with the same number are of one entity; only where entities come again and are no Group
	Time   = "__time"   // microseconds since 1970, where time orders the rows
)

// Values of Part.
const (
	Train      = 0
	Validation = 1
)

// File is a row file in memory.
type File struct {
	Task     learn.Task
	Classes  int
	Inputs   *table.Table     // the prepared columns that are features
	Rules    []table.CellRule // how the cells of each input are read
	Target   []float64
	parts    []float64 // nil without Part
	Groups   []int32   // nil without Group
	entities []int32   // nil without Entity
	Times    []int64   // nil without Time
	Rows     []float64 // Row
}

// leastEntities is how many entities can tell how much they differ.
const leastEntities = 10

// Draws numbers the rows that are one draw for the error of a score
// (metric.Sample.Group): those of one entity, and those of one group. nil: every
// row is a draw. The interval of a score is to hold the score of later rows of the
// same entities, and of others like them. What a model does not know of an entity
// is in all of its rows, and drifts: later rows have another error in common. With
// rows as draws the interval is too narrow for that; with entities it is wider than
// the same entities need where nothing drifts. Where fewer than leastEntities have
// rows here, or none has two, only groups are draws. Nothing learned looks at it.
func (f *File) Draws() []int32 {
	different := make(map[int32]bool)
	for _, number := range f.entities {
		different[number] = true
	}
	if len(different) < leastEntities || len(different) == len(f.entities) {
		return f.Groups
	}
	return f.entities
}

// Read loads the file that ref names in store; in says what its columns are.
// points, where it is not nil, has the features of events that stand for the
// file's own columns.
func Read(store *artifact.Folder, in handoff.Dataset, ref handoff.Ref, points *handoff.Points) (*File, error) {
	if err := store.Verify(ref); err != nil {
		return nil, err
	}
	all, err := parquet.Read(store.Path(ref), nil)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref.Kind, err)
	}
	out := &File{Task: learn.Task(in.Scope.ProblemType), Classes: len(in.Scope.Classes), Inputs: &table.Table{Rows: all.Rows}}
	if out.Target, err = numbers(all, in.Target, ref.Kind); err != nil {
		return nil, err
	}
	if out.Rows, err = numbers(all, Row, ref.Kind); err != nil {
		return nil, err
	}
	if points != nil {
		err = out.fromPoints(store, *points)
	} else {
		err = out.fromFile(all, in, ref)
	}
	if err != nil {
		return nil, err
	}
	if c := all.Column(Part); c != nil {
		out.parts = c.Number
	}
	if c := all.Column(Time); c != nil {
		out.Times = c.Time
	}
	out.Groups, out.entities = whole(all.Column(Group)), whole(all.Column(Entity))
	return out, nil
}

// whole is a column of whole numbers; nil without one.
func whole(c *table.Column) []int32 {
	if c == nil {
		return nil
	}
	out := make([]int32, len(c.Number))
	for i, v := range c.Number {
		out[i] = int32(v)
	}
	return out
}

// fromFile takes the inputs from the file's own columns.
func (f *File) fromFile(all *table.Table, in handoff.Dataset, ref handoff.Ref) error {
	for _, c := range in.Columns {
		if c.Role != "feature" && c.Role != "time" {
			continue
		}
		column := all.Column(c.Name)
		if column == nil || column.Kind.String() != c.Kind {
			return fmt.Errorf("read %s: no %s column %q", ref.Kind, c.Kind, c.Name)
		}
		f.Inputs.Columns = append(f.Inputs.Columns, *column)
		f.Rules = append(f.Rules, rule(in.Scope.Tables, c, column.Kind))
	}
	return nil
}

// fromPoints takes the inputs from the features of events, by row number.
func (f *File) fromPoints(store *artifact.Folder, p handoff.Points) error {
	if err := store.Verify(p.Rows); err != nil {
		return err
	}
	all, err := parquet.Read(store.Path(p.Rows), nil)
	if err != nil {
		return fmt.Errorf("read %s: %w", p.Rows.Kind, err)
	}
	rows, err := numbers(all, Row, p.Rows.Kind)
	if err != nil {
		return err
	}
	all.Columns = slices.DeleteFunc(all.Columns, func(c table.Column) bool { return c.Name == Row })
	return f.Use(all, rows)
}

// Use makes the columns of values the inputs; rows says which Row each row of
// values belongs to.
func (f *File) Use(values *table.Table, rows []float64) error {
	at := make(map[float64]int32, len(rows))
	for i, row := range rows {
		at[row] = int32(i)
	}
	take := make([]int32, len(f.Rows))
	for i, row := range f.Rows {
		k, known := at[row]
		if !known {
			return fmt.Errorf("use features of events: no row %v", row)
		}
		take[i] = k
	}
	f.Inputs, f.Rules = values.Take(take), nil
	for i := range f.Inputs.Columns {
		f.Rules = append(f.Rules, PointRule(f.Inputs.Columns[i].Kind))
	}
	return nil
}

// PointRule reads the cells of a feature of events, where a caller gives them.
func PointRule(kind table.Kind) table.CellRule {
	rule := table.CellRule{Kind: kind}
	if kind == table.Time {
		rule.Layouts = []string{time.RFC3339Nano, time.DateOnly}
	}
	return rule
}

// Part lists the rows of Train or Validation, ascending.
func (f *File) Part(part int) []int32 {
	rows := []int32{}
	for i, p := range f.parts {
		if int(p) == part {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

// Data is what a learner gets: features made of the file's inputs, with the
// file's target.
func (f *File) Data(features *table.Table) learn.Data {
	return learn.Data{Task: f.Task, Classes: f.Classes, Table: features, Target: f.Target}
}

// rule is the catalog's rule for a column, unless the column was forced to
// another kind.
func rule(tables []table.TableInfo, c handoff.PreparedColumn, kind table.Kind) table.CellRule {
	for i := range tables {
		if tables[i].Name != c.Table {
			continue
		}
		if info := tables[i].Column(c.Name); info != nil && info.Kind == kind {
			return info.CellRule
		}
	}
	return table.CellRule{Kind: kind}
}

func numbers(t *table.Table, name, file string) ([]float64, error) {
	c := t.Column(name)
	if c == nil || c.Kind != table.Number {
		return nil, fmt.Errorf("read %s: no number column %q", file, name)
	}
	return c.Number, nil
}

// Join is the rows of a and then those of b, which has the same columns.
// Text levels of b that a lacks come after a's.
func Join(a, b *File) (*File, error) {
	if len(a.Inputs.Columns) != len(b.Inputs.Columns) {
		return nil, fmt.Errorf("join row files: %d and %d columns", len(a.Inputs.Columns), len(b.Inputs.Columns))
	}
	out := &File{Task: a.Task, Classes: a.Classes, Rules: a.Rules}
	out.Inputs = &table.Table{Rows: a.Inputs.Rows + b.Inputs.Rows}
	for i := range a.Inputs.Columns {
		c, err := join(&a.Inputs.Columns[i], &b.Inputs.Columns[i])
		if err != nil {
			return nil, err
		}
		out.Inputs.Columns = append(out.Inputs.Columns, c)
	}
	out.Target = slices.Concat(a.Target, b.Target)
	out.Rows = slices.Concat(a.Rows, b.Rows)
	if a.Times != nil && b.Times != nil {
		out.Times = slices.Concat(a.Times, b.Times)
	}
	if a.Groups != nil && b.Groups != nil {
		out.Groups = slices.Concat(a.Groups, b.Groups)
	}
	if a.entities != nil && b.entities != nil {
		out.entities = slices.Concat(a.entities, b.entities)
	}
	return out, nil
}

func join(a, b *table.Column) (table.Column, error) {
	if a.Name != b.Name || a.Kind != b.Kind {
		return table.Column{}, fmt.Errorf("join row files: %s column %q and %s column %q", a.Kind, a.Name, b.Kind, b.Name)
	}
	out := table.Column{Name: a.Name, Kind: a.Kind}
	switch a.Kind {
	case table.Number:
		out.Number = slices.Concat(a.Number, b.Number)
	case table.Time:
		out.Time = slices.Concat(a.Time, b.Time)
	case table.Text:
		out.Levels = slices.Clone(a.Levels)
		at := make(map[string]int32, len(a.Levels))
		for i, level := range a.Levels {
			at[level] = int32(i)
		}
		codes := make([]int32, len(b.Levels))
		for i, level := range b.Levels {
			code, known := at[level]
			if !known {
				code = int32(len(out.Levels))
				out.Levels = append(out.Levels, level)
			}
			codes[i] = code
		}
		out.Code = slices.Clone(a.Code)
		for _, code := range b.Code {
			if code >= 0 {
				code = codes[code]
			}
			out.Code = append(out.Code, code)
		}
	}
	return out, nil
}
