package points

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/feature/event"
)

// Slim takes out of the recipe the columns that it does not need: no feature,
// key, time, filter or rule looks at them, and the rows that Load has put into
// db stay different without them. Files need not have them any more.
func (r *Recipe) Slim(ctx context.Context, db *duck.DB) error {
	r.Tables = slices.Clone(r.Tables)
	for i := range r.Tables {
		t := &r.Tables[i]
		needed, rest := r.needed(t)
		if r.isEvents(t.Name) {
			var err error
			if needed, err = telling(ctx, db, t.Name, needed, rest); err != nil {
				return fmt.Errorf("columns of %s that are needed: %w", t.Name, err)
			}
		}
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(c Column) bool { return !slices.Contains(needed, c.Name) })
	}
	return nil
}

// isEvents tells whether the rows of a table count: one more changes a feature
// or an answer.
func (r *Recipe) isEvents(name string) bool {
	return name == r.Label.EventTable ||
		slices.ContainsFunc(r.Schema.Events, func(e event.Events) bool { return e.Table == name })
}

// needed parts the columns of a table into those that are looked at and the
// others, in their order.
func (r *Recipe) needed(t *Table) (needed, rest []string) {
	used := map[string]bool{} // table.column
	use := func(table string, columns ...string) {
		for _, c := range columns {
			used[table+"."+c] = true
		}
	}
	use(r.Label.EventTable, append([]string{r.Label.EventTime, r.Unit.Reported}, r.Unit.Entity...)...)
	if r.Label.Value != nil {
		use(r.Label.EventTable, *r.Label.Value)
	}
	for _, f := range r.Unit.Filters {
		if f.Table == "" {
			f.Table = r.Label.EventTable
		}
		use(f.Table, append([]string{f.Column}, r.Unit.Entity...)...)
	}
	for _, e := range r.Schema.Events {
		use(e.Table, e.Time, e.Reported)
		for _, k := range e.Keys {
			use(e.Table, k.Column)
		}
		for _, l := range e.Lookups {
			use(e.Table, l.Column)
			use(l.Table, l.Key)
		}
	}
	for _, s := range r.Schema.Static {
		use(s.Table, s.Updated)
		for _, k := range s.Keys {
			use(s.Table, k.Column)
			use(k.Table, k.Other)
		}
	}
	for i := range r.Features {
		for _, column := range r.Features[i].Columns() {
			used[column] = true
		}
	}
	for _, c := range t.Columns {
		if used[t.Name+"."+c.Name] {
			needed = append(needed, c.Name)
		} else {
			rest = append(rest, c.Name)
		}
	}
	return needed, rest
}

// telling adds to the needed columns those of the rest that tell rows apart,
// the one with the most values (about, as the engine counts) first, until no
// two rows are the same, and sorts rest.
func telling(ctx context.Context, db *duck.DB, name string, needed, rest []string) ([]string, error) {
	if len(rest) == 0 {
		return needed, nil
	}
	counts := make([]string, len(rest))
	for i, c := range rest {
		counts[i] = "approx_count_distinct(" + duck.Quote(c) + ")"
	}
	got, err := db.Query(ctx, "SELECT "+strings.Join(counts, ", ")+" FROM "+duck.Quote(name))
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for i, c := range rest {
		values[c] = got.Columns[i].Number[0]
	}
	slices.SortStableFunc(rest, func(a, b string) int { return cmp.Compare(values[b], values[a]) })
	for k := 0; ; k++ {
		quoted := make([]string, len(needed))
		for i, c := range needed {
			quoted[i] = duck.Quote(c)
		}
		same, err := db.Query(ctx, fmt.Sprintf("SELECT (SELECT count(*) FROM (SELECT DISTINCT %s FROM %s)) - (SELECT count(*) FROM %[2]s)", strings.Join(quoted, ", "), duck.Quote(name)))
		if err != nil {
			return nil, err
		}
		if same.Columns[0].Number[0] == 0 || k == len(rest) {
			return needed, nil
		}
		needed = append(needed, rest[k])
	}
}
