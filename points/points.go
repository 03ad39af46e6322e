// Package points carries point-in-time features from training to every place
// that scores: a Recipe is all that is needed to make, from tables of events
// and a date, the same raw columns that a model was fitted on.
//
// Training builds them for the spine of label snapshots, a batch for the
// entities that its date finds, the endpoint looks that same result up.
package points

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/learn/wire"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// Recipe is fitted state as plain data: it travels as an artifact and inside
// the model file.
type Recipe struct {
	Tables   []Table         `json:"tables"`
	Schema   event.Schema    `json:"schema"`
	Features []event.Feature `json:"features"`
	Label    handoff.Label   `json:"label"` // whom the rule can be asked about
	Unit     Unit            `json:"unit"`

	// Exclude are columns that no feature may be made of.
	Exclude []handoff.Exclusion `json:"exclude"`
}

// Table is a table that the features need, and how its cells are read.
type Table struct {
	Name    string   `json:"name"` // file name without extensions
	Columns []Column `json:"columns"`
}

// Column is a column and the rule that reads its cells.
type Column struct {
	Name string `json:"name"`
	table.CellRule
}

// Unit is whose features are made.
type Unit struct {
	Entity   []string         `json:"entity"`
	Filters  []handoff.Filter `json:"filters"`
	Reported string           `json:"reported"` // when an event of the label's table became known; "" at its own time
	LagDays  int              `json:"lag_days"`
}

// Check gives an error for a recipe that cannot be followed. A decoder of
// foreign bytes calls it before anything else.
func (r *Recipe) Check() error {
	names := make(map[string]bool)
	for _, t := range r.Tables {
		if t.Name == "" || names[t.Name] {
			return fmt.Errorf("recipe: a table without a name of its own")
		}
		names[t.Name] = true
	}
	for _, e := range r.Schema.Events {
		if !names[e.Table] {
			return fmt.Errorf("recipe: no table %q", e.Table)
		}
	}
	for _, e := range r.Schema.Events {
		for _, l := range e.Lookups {
			if !names[l.Table] {
				return fmt.Errorf("recipe: no table %q", l.Table)
			}
		}
	}
	for _, s := range r.Schema.Static {
		if !names[s.Table] {
			return fmt.Errorf("recipe: no table %q", s.Table)
		}
	}
	if !names[r.Label.EventTable] || len(r.Unit.Entity) == 0 {
		return errors.New("recipe: no table or entity for its rows")
	}
	return event.Check(&r.Schema, r.Features)
}

// Decode reads a recipe from JSON and checks it. What it has no place for is an
// error that wraps learn.ErrUnknown.
func Decode(data []byte) (*Recipe, error) {
	var r Recipe
	if err := wire.ReadJSON(data, &r); err != nil {
		return nil, fmt.Errorf("read recipe: %w", err)
	}
	return &r, r.Check()
}

// Only is the recipe that the named raw columns need: their features, and the
// tables that these are made of or that say whom the rule can be asked about.
func (r *Recipe) Only(columns []string) *Recipe {
	out := *r
	out.Features, out.Tables, out.Exclude = nil, nil, nil
	out.Schema.Events, out.Schema.Static = nil, nil
	used := map[string]bool{r.Label.EventTable: true}
	for _, f := range r.Unit.Filters {
		used[f.Table] = true
	}
	for _, link := range r.Schema.Links() {
		if used[link.Table] { // by a filter: it goes over the tables that its keys lead to
			for _, k := range link.Keys {
				used[k.Table] = true
			}
		}
	}
	for _, f := range r.Features {
		if slices.Contains(columns, f.Name) {
			out.Features = append(out.Features, f)
			uses(&f, used)
		}
	}
	for _, t := range slices.Backward(r.Schema.Static) { // its keys lead to tables before it
		for _, k := range t.Keys {
			if used[t.Table] && k.Table != "" {
				used[k.Table] = true
			}
		}
	}
	for _, t := range r.Tables {
		if used[t.Name] {
			out.Tables = append(out.Tables, t)
		}
	}
	for _, t := range r.Schema.Events {
		if used[t.Table] {
			t.Lookups = slices.DeleteFunc(slices.Clone(t.Lookups), func(l event.Lookup) bool { return !used[l.Table] })
			out.Schema.Events = append(out.Schema.Events, t)
		}
	}
	for _, t := range r.Schema.Static {
		if used[t.Table] {
			out.Schema.Static = append(out.Schema.Static, t)
		}
	}
	return &out
}

// uses notes the tables that a feature is made of.
func uses(f *event.Feature, tables map[string]bool) {
	if f.Table != "" {
		tables[f.Table] = true
	}
	if f.Lookup != "" {
		tables[f.Lookup] = true
	}
	if f.Where != nil && f.Where.Lookup != "" {
		tables[f.Where.Lookup] = true
	}
	for i := range f.Of {
		uses(&f.Of[i], tables)
	}
}

// Entity are the columns that name a unit, and how their cells are read: as
// in the table whose events decide whom the rule can be asked about.
func (r *Recipe) Entity() ([]Column, error) {
	at := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Name == r.Label.EventTable })
	if at < 0 {
		return nil, fmt.Errorf("recipe: no table %q", r.Label.EventTable)
	}
	var out []Column
	for _, name := range r.Unit.Entity {
		i := slices.IndexFunc(r.Tables[at].Columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("recipe: table %q has no column %q", r.Label.EventTable, name)
		}
		out = append(out, r.Tables[at].Columns[i])
	}
	return out, nil
}

// Infos are the descriptions of tables with the kinds of columns as the recipe
// reads them: a key that is text in one table and numbers in another is read
// in one way in all.
func (r *Recipe) Infos(tables []table.TableInfo) []table.TableInfo {
	out := slices.Clone(tables)
	for i := range out {
		at := slices.IndexFunc(r.Tables, func(t Table) bool { return t.Name == out[i].Name })
		if at < 0 {
			continue
		}
		out[i].Columns = slices.Clone(out[i].Columns)
		for _, c := range r.Tables[at].Columns {
			if col := out[i].Column(c.Name); col != nil && col.Kind != c.Kind {
				col.CellRule, col.Integer = c.CellRule, c.Kind == table.Number
			}
		}
	}
	return out
}

// Options are the limits of the data engine, and what to do with files that
// are not those of the training.
type Options struct {
	Threads int
	Memory  int64  // bytes; 0 is the engine's own choice
	Temp    string // folder for spill files; "" is the system's

	AllowMissing bool                                      // columns that a file lacks have no value in any row; else they are refused
	Read         func(table string, loaded *source.Loaded) // hears what came of each file; may be nil
}

// Load puts the tables of files into a data engine: for each table of the
// recipe the file that find names, without the rows that repeat others. seen,
// where it is not nil, hears how many those were, table by table.
func (r *Recipe) Load(ctx context.Context, find func(table string) (path string, err error), seen func(table string, rows, repeated int), o Options) (*duck.DB, error) {
	db, err := duck.Open(duck.Options{Threads: o.Threads, Memory: o.Memory, Temp: o.Temp})
	if err != nil {
		return nil, err
	}
	for _, t := range r.Tables {
		if err := r.load(ctx, db, t, find, seen, o); err != nil {
			return nil, errors.Join(fmt.Errorf("load table %s: %w", t.Name, err), db.Close())
		}
	}
	return db, nil
}

func (r *Recipe) load(ctx context.Context, db *duck.DB, t Table, find func(string) (string, error), seen func(string, int, int), o Options) error {
	path, err := find(t.Name)
	if err != nil {
		return err
	}
	rules := make([]source.Rule, len(t.Columns))
	for i, c := range t.Columns {
		rules[i] = source.Rule{Name: c.Name, Cell: c.CellRule}
	}
	loaded, err := source.LoadBy(ctx, path, rules, max(1, o.Threads))
	if err != nil {
		return err
	}
	if len(loaded.Lacking) > 0 && !o.AllowMissing {
		return lacking(t.Name, loaded.Lacking)
	}
	for _, c := range t.Columns {
		if slices.Contains(loaded.Lacking, c.Name) {
			loaded.Table.Columns = append(loaded.Table.Columns, table.Blank(c.Name, c.Kind, loaded.Table.Rows))
		}
	}
	if o.Read != nil {
		o.Read(t.Name, loaded)
	}
	clean, repeated := Clean(loaded.Table)
	if seen != nil {
		seen(t.Name, clean.Rows, repeated)
	}
	return db.Load(ctx, t.Name, clean)
}

// Build makes the features of every row of the spine, which has the entity
// columns and label.Snapshot. The columns are named as the features.
func (r *Recipe) Build(ctx context.Context, db *duck.DB, spine *table.Table) (*table.Table, error) {
	return event.Build(ctx, db, &r.Schema, r.Features, spine)
}

// Newest is the day of the newest event of the table that decides whom the
// rule can be asked about: the date of a prediction where none is said.
func (r *Recipe) Newest(ctx context.Context, db *duck.DB) (time.Time, error) {
	t, err := db.Query(ctx, "SELECT max("+duck.Quote(r.Label.EventTime)+") FROM "+duck.Quote(r.Label.EventTable))
	if err != nil {
		return time.Time{}, fmt.Errorf("newest event of %s: %w", r.Label.EventTable, err)
	}
	if t.Rows != 1 || t.Columns[0].Kind != table.Time || t.Columns[0].IsMissing(0) {
		return time.Time{}, &problem.Problem{
			Kind: problem.Blocked, Code: "data.no_time", Where: r.Label.EventTable + "." + r.Label.EventTime,
			What: "no event has a time", Fix: "give the table with its times",
		}
	}
	return time.UnixMicro(t.Columns[0].Time[0]).UTC().Truncate(24 * time.Hour), nil
}

// Population is the spine of a date: the entities that the rule can be asked
// about, from what was known before it.
func (r *Recipe) Population(ctx context.Context, db *duck.DB, at time.Time) (*table.Table, error) {
	u := label.Unit{Entity: r.Unit.Entity, Filters: r.Unit.Filters, Reported: r.Unit.Reported, LagDays: r.Unit.LagDays, Links: r.Schema.Links()}
	return label.Population(ctx, db, r.Label, u, at)
}
