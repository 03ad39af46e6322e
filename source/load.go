package source

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// LoadOptions choose what of a table is loaded. The zero value is all of it.
type LoadOptions struct {
	Columns []string // in the order of the result; nil is all
	AsText  []string // columns kept as the text of their cells, whatever their kind
	Threads int      // 0 is 1; never changes the result
}

// Loaded is a table in memory, and what of the file is not in it.
type Loaded struct {
	Table    *table.Table
	Names    []string       // all columns of the file, in its order
	Lacking  []string       // columns that were asked for and are not in the file
	Rejected []table.Reject // rows that were set aside
	Invalid  []Cell         // cells that their rule cannot read, by row then column: missing in Table
}

// Cell is the place of a cell in a loaded table.
type Cell struct {
	Row    int // index in the table
	Column string
}

// Row is the 1-based number in the file of a row of the table: rows that were
// set aside count, the header and blank lines do not.
func (l *Loaded) Row(i int) int {
	before := sort.Search(len(l.Rejected), func(k int) bool { return l.Rejected[k].Row-k > i+1 })
	return i + 1 + before
}

// Load reads a table as its catalog entry says. If the file is no longer the
// one that the entry describes it is a Blocked problem "data.changed".
func Load(ctx context.Context, path string, info table.TableInfo, opt LoadOptions) (*Loaded, error) {
	columns := opt.Columns
	if columns == nil {
		for i := range info.Columns {
			columns = append(columns, info.Columns[i].Name)
		}
	}
	rules := make([]Rule, len(columns))
	for i, name := range columns {
		c := info.Column(name)
		if c == nil {
			return nil, fmt.Errorf("load table %q: no column %q in its description", info.Name, name)
		}
		rules[i] = Rule{name, c.CellRule}
	}
	for _, name := range opt.AsText {
		for i := range rules {
			if rules[i].Name == name && rules[i].Cell.Kind != table.Text {
				rules[i].Cell = table.CellRule{Kind: table.Text}
			}
		}
	}
	out, digest, err := load(ctx, path, rules, opt.Threads, info.Rows)
	if err != nil {
		return nil, err
	}
	if digest != info.SHA256 {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "data.changed", Where: info.File,
			What: "the file changed after it was described",
			Why:  "its digest is " + digest[:12] + "…, it was " + info.SHA256[:min(12, len(info.SHA256))] + "…",
			Fix:  "run again from the start, and leave the file alone meanwhile",
		}
	}
	return out, nil
}

// Rule names a column and says how its cells are read.
type Rule struct {
	Name string
	Cell table.CellRule
}

// LoadBy reads those columns of a file that rules name, by these rules and in
// their order, whatever else is in the file. It is how rows are read that a
// model is to score: rows that do not fit the header are set aside however
// many they are, for the caller to name.
func LoadBy(ctx context.Context, path string, rules []Rule, threads int) (*Loaded, error) {
	out, _, err := load(ctx, path, rules, threads, 0)
	return out, err
}

func load(ctx context.Context, path string, rules []Rule, threads, rows int) (*Loaded, string, error) {
	in, from, err := openRows(ctx, path, math.MaxInt)
	if err != nil {
		return nil, "", err
	}
	defer in.file.Close()
	out := &Loaded{Table: &table.Table{}}
	place := map[string]int{}
	for i, c := range names(from.header()) {
		out.Names = append(out.Names, c.Name)
		place[c.Name] = i
	}
	var fillers []*filler
	for _, rule := range rules {
		if at, ok := place[rule.Name]; ok {
			fillers = append(fillers, newFiller(rule, at, rows))
		} else {
			out.Lacking = append(out.Lacking, rule.Name)
		}
	}
	threads = max(1, min(threads, len(fillers)))
	err = fanOut(ctx, from, threads, func(worker int, b *batch) {
		if worker == 0 {
			out.Table.Rows += b.rows
		}
		for i := worker; i < len(fillers); i += threads {
			fillers[i].add(b)
		}
	})
	if err != nil {
		return nil, "", err
	}
	for _, f := range fillers {
		out.Table.Columns = append(out.Table.Columns, f.column)
		for _, row := range f.invalid {
			out.Invalid = append(out.Invalid, Cell{row, f.column.Name})
		}
	}
	sort.SliceStable(out.Invalid, func(i, j int) bool { return out.Invalid[i].Row < out.Invalid[j].Row })
	out.Rejected = from.rejected().first
	digest, _, err := in.finish()
	return out, digest, err
}

// filler makes one column of the cells at one place of the rows.
type filler struct {
	rule    table.CellRule
	place   int
	rows    int
	column  table.Column
	codes   map[string]int32
	invalid []int
}

func newFiller(rule Rule, place, rows int) *filler {
	f := &filler{rule: rule.Cell, place: place, column: table.Column{Name: rule.Name, Kind: rule.Cell.Kind}}
	switch rule.Cell.Kind {
	case table.Number:
		f.column.Number = make([]float64, 0, rows)
	case table.Text:
		f.column.Code = make([]int32, 0, rows)
		f.codes = map[string]int32{}
	case table.Time:
		f.column.Time = make([]int64, 0, rows)
	}
	return f
}

func (f *filler) add(b *batch) {
	c := &f.column
	for row := range b.rows {
		cell, _ := b.cell(row, f.place)
		var state table.State
		switch c.Kind {
		case table.Number:
			var v float64
			v, state = f.rule.ReadNumber(cell)
			c.Number = append(c.Number, v)
		case table.Text:
			var text string
			code := table.Missing
			if text, state = f.rule.ReadText(cell); state == table.Present {
				code = f.code(text)
			}
			c.Code = append(c.Code, code)
		case table.Time:
			var at int64
			at, state = f.rule.ReadTime(cell)
			c.Time = append(c.Time, at)
		}
		if state == table.Invalid {
			f.invalid = append(f.invalid, f.rows+row)
		}
	}
	f.rows += b.rows
}

func (f *filler) code(text string) int32 {
	code, ok := f.codes[text]
	if !ok {
		code = int32(len(f.column.Levels))
		text = strings.Clone(text) // not a slice of the whole batch
		f.codes[text] = code
		f.column.Levels = append(f.column.Levels, text)
	}
	return code
}
