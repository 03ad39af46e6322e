package scope

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// facts are what is known of the tables before a request is read.
type facts struct {
	Tables []table.TableInfo `json:"tables"`

	// Values are all values of the text columns that have more than a table's
	// description lists, up to 10,000, by table and column.
	Values map[string]map[string][]table.Level `json:"values"`

	// Dates are the dates that columns of a table tell together, by table.
	Dates map[string][]dates `json:"dates"`

	// Distinct is the number of different values of columns named as keys
	// that have more than are counted for a table's description.
	Distinct map[string]map[string]int `json:"distinct"`
}

// dates are what a year, a month and a day column tell together.
type dates struct {
	Columns  []string  `json:"columns"`  // year, month and, where there is one, day
	Distinct int       `json:"distinct"` // different dates
	Missing  int       `json:"missing"`  // rows without one
	Earliest time.Time `json:"earliest"`
	Latest   time.Time `json:"latest"`
}

// distinct is the number of different values of a column; -1 where there are
// too many to know.
func (f *facts) distinct(t *table.TableInfo, c *table.ColumnInfo) int {
	if !c.ManyDistinct {
		return c.Distinct
	}
	if n, ok := f.Distinct[t.Name][c.Name]; ok {
		return n
	}
	return -1
}

// gather looks at every row of the tables that paths name.
func gather(ctx context.Context, paths []string, threads int) (*facts, error) {
	c, err := source.Describe(ctx, paths, source.Options{Threads: threads})
	if err != nil {
		return nil, err
	}
	f := &facts{Tables: c.Tables, Values: map[string]map[string][]table.Level{}, Distinct: map[string]map[string]int{}, Dates: map[string][]dates{}}
	for i := range c.Tables {
		t := &c.Tables[i]
		f.Values[t.Name], f.Distinct[t.Name] = map[string][]table.Level{}, map[string]int{}
		var keys []string
		for j := range t.Columns {
			col := &t.Columns[j]
			if levels := c.Levels(t.Name, col.Name); len(levels) > len(col.Levels) {
				f.Values[t.Name][col.Name] = levels
			}
			if !col.ManyDistinct || !namedKey(nameWords(col.Name)) && !elsewhere(c.Tables, i, col.Name) || col.Kind == table.Time {
				continue
			}
			if counts(t, col) {
				f.Distinct[t.Name][col.Name] = t.Rows - col.Missing
			} else {
				keys = append(keys, col.Name)
			}
		}
		if err := f.count(ctx, c.Files[i].Path, t, keys, threads); err != nil {
			return nil, err
		}
		for _, calendar := range source.Calendars(t) {
			if err := f.date(ctx, c.Files[i].Path, t, calendar, threads); err != nil {
				return nil, err
			}
		}
	}
	return f, nil
}

// elsewhere tells whether another table than the i-th has a column of the name,
// letter case and signs left out.
func elsewhere(tables []table.TableInfo, i int, name string) bool {
	for j := range tables {
		if i != j && slices.ContainsFunc(tables[j].Columns, func(c table.ColumnInfo) bool { return squash(c.Name) == squash(name) }) {
			return true
		}
	}
	return false
}

// counts tells whether the cells of a column are whole numbers one after
// another.
func counts(t *table.TableInfo, c *table.ColumnInfo) bool {
	return c.Kind == table.Number && c.Integer && c.Order != "" && c.Min != nil && *c.Max-*c.Min+1 == float64(t.Rows-c.Missing)
}

// count reads columns once more and counts their different values.
func (f *facts) count(ctx context.Context, path string, t *table.TableInfo, columns []string, threads int) error {
	if len(columns) == 0 {
		return nil
	}
	loaded, err := source.Load(ctx, path, *t, source.LoadOptions{Columns: columns, AsText: columns, Threads: threads})
	if err != nil {
		return fmt.Errorf("count keys of %s: %w", t.Name, err)
	}
	for i := range loaded.Table.Columns {
		c := &loaded.Table.Columns[i]
		f.Distinct[t.Name][c.Name] = len(c.Levels)
	}
	return nil
}

// date reads the columns of a calendar once more and looks at their dates.
func (f *facts) date(ctx context.Context, path string, t *table.TableInfo, c source.Calendar, threads int) error {
	loaded, err := source.Load(ctx, path, *t, source.LoadOptions{Columns: c.Columns(), Threads: threads})
	if err != nil {
		return fmt.Errorf("dates of %s: %w", t.Name, err)
	}
	all := c.Times(loaded.Table)
	slices.Sort(all)
	out := dates{Columns: c.Columns()}
	for out.Missing < len(all) && all[out.Missing] == table.NoTime {
		out.Missing++
	}
	known := slices.Compact(all[out.Missing:])
	if out.Distinct = len(known); out.Distinct > 0 {
		out.Earliest, out.Latest = time.UnixMicro(known[0]).UTC(), time.UnixMicro(known[len(known)-1]).UTC()
		f.Dates[t.Name] = append(f.Dates[t.Name], out)
	}
	return nil
}
