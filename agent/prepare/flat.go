package prepare

import (
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// flat makes examples of a table that holds the answer in a column.
func flat(ctx context.Context, d *durable.Desk, scope handoff.Scope) (*examples, error) {
	e := &examples{scope: scope, repairs: []handoff.Repair{}}
	for i := range scope.Tables {
		if scope.Tables[i].Name == scope.Target.Table {
			e.info = &scope.Tables[i]
		}
	}
	if e.info == nil {
		return nil, fmt.Errorf("prepare: no table %q in the scope's catalog", scope.Target.Table)
	}
	path, err := d.Source(e.info.SHA256)
	if err != nil {
		return nil, err
	}
	asText := slices.Clone(scope.Entity)
	if scope.ProblemType != "regression" {
		asText = append(asText, scope.Target.Column)
	}
	loaded, err := source.Load(ctx, path, *e.info, source.LoadOptions{AsText: asText, Threads: d.Settings.Threads})
	if err != nil {
		return nil, err
	}
	all := loaded.Table
	answer, rows, err := e.answers(all)
	if err != nil {
		return nil, err
	}
	e.rows = make([]int32, len(rows))
	for i, r := range rows {
		e.rows[i] = int32(loaded.Row(int(r)))
	}
	e.target = answer
	all.Keep(rows)
	e.arrange(all)
	return e, nil
}

// answers gives the rows of the population that have an answer, ascending,
// and the answers.
func (e *examples) answers(all *table.Table) (target []float64, rows []int32, err error) {
	keep := make([]bool, all.Rows)
	for i := range keep {
		keep[i] = true
	}
	for _, f := range e.scope.Filters {
		if f.Table != e.info.Name {
			return nil, nil, &problem.Problem{
				Kind: problem.Blocked, Code: "scope.filter", Where: f.Table + "." + f.Column,
				What: "a table that holds the answer is filtered by its own columns only", Fix: "filter by a column of " + e.info.Name,
			}
		}
		if err := keepRows(keep, all.Column(f.Column), e.info.Column(f.Column), f); err != nil {
			return nil, nil, err
		}
	}
	column := all.Column(e.scope.Target.Column)
	value := e.answer(column)
	for r, in := range keep {
		switch {
		case !in:
			e.filtered++
		case math.IsNaN(value(r)):
			e.unanswered++
		case math.Abs(value(r)) > learn.MostTarget:
			return nil, nil, &problem.Problem{
				Kind: problem.Blocked, Code: "data.target_range", Where: e.info.Name + "." + column.Name,
				What: "an answer is larger than 1e100", Why: "its square, and sums of such squares, cannot be told from infinity",
				Fix: "correct the cells, or give the column in another unit",
			}
		default:
			target, rows = append(target, value(r)), append(rows, int32(r))
		}
	}
	return target, rows, nil
}

// answer reads the target of a row: the class index or the number, NaN for a
// row without one.
func (e *examples) answer(c *table.Column) func(row int) float64 {
	if c.Kind == table.Number {
		return func(row int) float64 { return c.Number[row] }
	}
	class := make([]float64, len(c.Levels))
	for i, level := range c.Levels {
		class[i] = classOf(level, e.scope.Classes)
	}
	return func(row int) float64 {
		if c.Code[row] < 0 {
			return math.NaN()
		}
		return class[c.Code[row]]
	}
}

// classOf is the index of the class that a value of the target means: the
// same text, else the same number. Of two classes "not X" and X the first is
// everything else. NaN for a value that is in no class.
func classOf(value string, classes []string) float64 {
	if at := slices.Index(classes, value); at >= 0 {
		return float64(at)
	}
	if v, err := strconv.ParseFloat(value, 64); err == nil {
		for at, class := range classes {
			if w, err := strconv.ParseFloat(class, 64); err == nil && v == w {
				return float64(at)
			}
		}
	}
	if len(classes) == 2 && classes[0] == "not "+classes[1] {
		return 0
	}
	return math.NaN()
}

// arrange sorts the columns into inputs and others, and finds the time.
func (e *examples) arrange(all *table.Table) {
	e.inputs, e.others = &table.Table{Rows: all.Rows}, &table.Table{Rows: all.Rows}
	for _, c := range all.Columns {
		switch {
		case c.Name == e.scope.Target.Column:
		case e.isExcluded(c.Name) || slices.Contains(e.scope.Entity, c.Name):
			e.others.Columns = append(e.others.Columns, c)
		default:
			e.inputs.Columns = append(e.inputs.Columns, c)
		}
	}
	if c := e.column(e.timeColumn()); c != nil && c.Kind == table.Time {
		e.time = c.Time
	} else if len(e.scope.TimeParts) > 0 {
		e.time = source.CalendarOf(e.scope.TimeParts).Times(all)
	}
	for i := range e.info.Columns {
		if c := &e.info.Columns[i]; c.Infinite > 0 {
			e.repairs = append(e.repairs, handoff.Repair{Column: c.Name, What: "infinite numbers are read as missing", Rows: c.Infinite})
		}
	}
}

func (e *examples) isExcluded(column string) bool {
	return slices.ContainsFunc(e.scope.Exclude, func(x handoff.Exclusion) bool {
		return x.Column == column && x.Table == e.info.Name
	})
}

// keepRows takes out of keep the rows that a filter does not keep. A missing
// value is kept by no comparison but "!=".
func keepRows(keep []bool, c *table.Column, info *table.ColumnInfo, f handoff.Filter) error {
	holds, err := comparison(c, info, f)
	if err != nil {
		return err
	}
	for r := range keep {
		keep[r] = keep[r] && holds(r)
	}
	return nil
}

func comparison(c *table.Column, info *table.ColumnInfo, f handoff.Filter) (func(row int) bool, error) {
	values := []string{f.Value}
	if f.Op == "in" {
		if list, err := csv.NewReader(strings.NewReader(f.Value)).Read(); err == nil {
			values = list
		}
	}
	if c.Kind == table.Text {
		ok := make([]bool, len(c.Levels))
		for i, level := range c.Levels {
			ok[i] = compares(strings.Compare(level, f.Value), f.Op)
			if f.Op == "in" {
				ok[i] = slices.ContainsFunc(values, func(v string) bool { return strings.TrimSpace(v) == level })
			}
		}
		return func(row int) bool {
			if c.Code[row] < 0 {
				return f.Op == "!="
			}
			return ok[c.Code[row]]
		}, nil
	}
	want := make([]float64, len(values))
	for i, text := range values {
		v, state := info.Read(text)
		if state != table.Present {
			return nil, &problem.Problem{
				Kind: problem.Usage, Code: "scope.filter", Where: f.Table + "." + f.Column,
				What: fmt.Sprintf("the column holds %ss, and the filter's value is none", c.Kind), Fix: "give a value as the column writes it",
			}
		}
		want[i] = v.Number
		if c.Kind == table.Time {
			want[i] = float64(v.Time)
		}
	}
	return func(row int) bool {
		if c.IsMissing(row) {
			return f.Op == "!="
		}
		var v float64
		if c.Kind == table.Time {
			v = float64(c.Time[row])
		} else {
			v = c.Number[row]
		}
		if f.Op == "in" {
			return slices.Contains(want, v)
		}
		order := 0
		if v < want[0] {
			order = -1
		} else if v > want[0] {
			order = 1
		}
		return compares(order, f.Op)
	}, nil
}

func compares(order int, op string) bool {
	switch op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return false
}
