package scope

import (
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/table"
)

// catalog is the tables with their names taken apart.
type catalog struct {
	*lexicon
	tables  []table.TableInfo
	names   [][]word // of each table
	columns []column // of all tables, in their order
	dates   map[string][]dates

	values map[string][]place // values of text columns by their letters and digits
}

// place is a column that has a value.
type place struct {
	*column
	value string
}

// column is one column of the catalog.
type column struct {
	*table.ColumnInfo
	table    *table.TableInfo
	number   int // of its table
	place    int // in its table, from 0
	parts    []word
	weights  []float64 // how much each part says, 0 to 1
	squashed string
	values   int           // number of different values; -1 where it is not known
	all      []table.Level // all values; nil where there are too many or they are numbers
}

// String is the name that a person would write.
func (c *column) String() string { return c.table.Name + "." + c.Name }

// last tells whether the column is at the end of its table.
func (c *column) last() bool { return c.place == len(c.table.Columns)-1 }

// present is the number of cells with a value.
func (c *column) present() int { return c.table.Rows - c.Missing }

// constant tells whether the column says nothing: one value in every row, or
// none in any.
func (c *column) constant() bool {
	return !c.ManyDistinct && (c.Distinct == 0 || c.Distinct == 1 && c.Missing == 0)
}

// unique tells whether every value that is there occurs once.
func (c *column) unique() bool { return c.present() > 1 && c.values == c.present() }

// repeats tells whether values are in more than one row, by and large.
func (c *column) repeats() bool { return c.values > 0 && 20*c.present() > 21*c.values }

// few tells whether all values of the column are known with their counts.
func (c *column) few() bool { return !c.ManyDistinct && c.Distinct == len(c.all) && c.Distinct > 0 }

// count is the number of rows with a value of a column that has few.
func (c *column) count(value string) int {
	for _, l := range c.all {
		if l.Value == value {
			return l.Count
		}
	}
	return 0
}

func newCatalog(f facts) *catalog {
	tables := f.Tables
	c := &catalog{lexicon: newLexicon(), tables: tables, dates: f.Dates, values: map[string][]place{}}
	for i := range tables {
		t := &c.tables[i]
		c.names = append(c.names, nameWords(t.Name))
		for j := range t.Columns {
			col := column{ColumnInfo: &t.Columns[j], table: t, number: i, place: j, squashed: squash(t.Columns[j].Name)}
			col.parts = nameWords(col.Name)
			col.weights = weigh(col.parts)
			col.values = f.distinct(t, &t.Columns[j])
			if col.all = f.Values[t.Name][col.Name]; col.all == nil {
				col.all = col.Levels
			}
			c.columns = append(c.columns, col)
		}
	}
	for i := range c.columns {
		col := &c.columns[i]
		if col.Kind != table.Text || col.Personal != "" {
			continue
		}
		for _, l := range col.all {
			if !plain(l.Value) {
				key := squash(l.Value)
				c.values[key] = append(c.values[key], place{col, l.Value})
			}
		}
	}
	return c
}

// nameWords are the words of a name, signs left out.
func nameWords(name string) []word {
	return slices.DeleteFunc(split(name), func(w word) bool { return w.sign })
}

// weigh tells how much each part of a column's name says about what it holds.
func weigh(parts []word) []float64 {
	weights := make([]float64, len(parts))
	sum := 0.0
	for i, p := range parts {
		switch {
		case fillers[p.lower]:
		case figures[p.lower]:
			weights[i] = 0.5
		default:
			weights[i] = 1
		}
		sum += weights[i]
	}
	if sum == 0 {
		for i := range weights {
			weights[i] = 1
		}
	}
	return weights
}

// resolve finds the columns that a person means by COLUMN or TABLE.COLUMN: by
// the exact name, else with letter case, blanks and signs left out.
func (c *catalog) resolve(name string) []*column {
	for _, same := range []func(a, b string) bool{
		func(a, b string) bool { return a == b },
		func(a, b string) bool { return squash(a) == squash(b) && squash(a) != "" },
	} {
		var found []*column
		for i := range c.columns {
			if col := &c.columns[i]; same(name, col.Name) || same(name, col.String()) {
				found = append(found, col)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// nearest are the columns whose names are like name, at most n, best first.
func (c *catalog) nearest(name string, n int) []string {
	type near struct {
		name     string
		distance int
	}
	want := strings.ToLower(name)
	all := make([]near, 0, len(c.columns))
	for i := range c.columns {
		col := &c.columns[i]
		full, short := strings.ToLower(col.String()), strings.ToLower(col.Name)
		d := min(levenshtein.ComputeDistance(want, short), levenshtein.ComputeDistance(want, full))
		if strings.Contains(short, want) || len(short) > 3 && strings.Contains(want, short) {
			d = min(d, 1)
		}
		name := col.Name
		if len(c.resolve(name)) > 1 {
			name = col.String()
		}
		all = append(all, near{name, d})
	}
	slices.SortStableFunc(all, func(a, b near) int { return a.distance - b.distance })
	var names []string
	for _, x := range all[:min(n, len(all))] {
		if x.distance <= max(2, len(want)/2) {
			names = append(names, x.name)
		}
	}
	return names
}

// short is a column's name as a person would write it: with its table where
// another table has one of that name.
func (c *catalog) short(col *column) string {
	if len(c.resolve(col.Name)) > 1 {
		return col.String()
	}
	return col.Name
}

// explains tells whether a table's name accounts for a word of the request.
func (c *catalog) explains(number int, w word) bool {
	for _, part := range c.names[number] {
		a, b := w.lower, part.lower
		if c.alike(w, part) > 0 || len(a) >= 4 && strings.HasPrefix(b, a) || len(b) >= 4 && strings.HasPrefix(a, b) {
			return true
		}
	}
	return false
}
