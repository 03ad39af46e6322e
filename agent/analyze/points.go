package analyze

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/memory"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// made is the candidates that events give, for every row of the spine.
type made struct {
	recipe *points.Recipe
	db     *duck.DB
	asOf   time.Time
	rows   []float64 // rowfile.Row of each row of values
	values *table.Table
}

func (m *made) close() {
	// Nothing is lost where an engine in memory cannot be closed.
	_ = m.db.Close()
}

// makePoints proposes features of the events, computes them for every row of
// the spine, as of its snapshot, and makes them the inputs of fit.
func makePoints(ctx context.Context, d *durable.Desk, in handoff.Dataset, fit *rowfile.File) (*made, error) {
	data, err := d.Artifacts.Read(in.Events.Recipe)
	if err != nil {
		return nil, err
	}
	m := &made{}
	if m.recipe, err = points.Decode(data); err != nil {
		return nil, err
	}
	if m.asOf, err = asOf(in.Scope); err != nil {
		return nil, err
	}
	m.recipe.Features = event.Propose(&m.recipe.Schema, m.recipe.Infos(in.Scope.Tables), event.Options{Exclude: m.recipe.Exclude})
	if err := d.Artifacts.Verify(in.Events.Spine); err != nil {
		return nil, err
	}
	spine, err := parquet.Read(d.Artifacts.Path(in.Events.Spine), nil)
	if err != nil {
		return nil, err
	}
	row := spine.Column(rowfile.Row)
	if row == nil || row.Kind != table.Number {
		return nil, fmt.Errorf("features of events: the spine has no row numbers")
	}
	m.rows = row.Number
	sums := map[string]string{}
	for _, t := range in.Scope.Tables {
		sums[t.Name] = t.SHA256
	}
	done := 0
	loaded := func(name string, _, _ int) {
		done++
		d.Progress(done, len(m.recipe.Tables), "load "+name)
	}
	m.db, err = m.recipe.Load(ctx, func(name string) (string, error) { return d.Source(sums[name]) }, loaded,
		points.Options{Threads: d.Settings.Threads, Memory: memory.Engine(d.Settings.Memory)})
	if err != nil {
		return nil, err
	}
	if m.values, err = m.recipe.Build(ctx, m.db, spine); err == nil {
		err = fit.Use(m.values, m.rows)
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// asOf is the date of the newest snapshot that can be scored.
func asOf(s handoff.Scope) (time.Time, error) {
	if s.AsOf == nil {
		return time.Time{}, fmt.Errorf("features of events: the scope has no as-of date")
	}
	at, err := time.Parse(time.DateOnly, *s.AsOf)
	if err != nil {
		return at, fmt.Errorf("features of events: as-of date: %w", err)
	}
	return at, nil
}

// store writes the features that the transformation takes, for every row of
// the spine and for the population of today, and completes kept with what is
// known of their making.
func (m *made) store(ctx context.Context, d *durable.Desk, t *feature.Transform, kept []handoff.Feature) (*handoff.Points, error) {
	var names []string
	for _, in := range t.Inputs {
		names = append(names, in.Name)
	}
	recipe := m.recipe.Only(names)
	if err := recipe.Slim(ctx, m.db); err != nil {
		return nil, err
	}
	m.explain(recipe, t, kept)
	out := &handoff.Points{}
	var err error
	if out.Recipe, err = d.Artifacts.Put(ctx, "recipe", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(recipe)
	}); err != nil {
		return nil, err
	}
	rows := &table.Table{Rows: m.values.Rows, Columns: []table.Column{{Name: rowfile.Row, Number: m.rows}}}
	for _, name := range names {
		rows.Columns = append(rows.Columns, *m.values.Column(name))
	}
	if out.Rows, err = m.put(ctx, d, "point_rows", rows); err != nil {
		return nil, err
	}
	latest, err := recipe.Population(ctx, m.db, m.asOf)
	if err != nil {
		return nil, err
	}
	values, err := recipe.Build(ctx, m.db, latest)
	if err != nil {
		return nil, err
	}
	latest.Columns = append(latest.Columns, values.Columns...)
	out.Latest, err = m.put(ctx, d, "latest_points", latest)
	return out, err
}

func (m *made) put(ctx context.Context, d *durable.Desk, kind string, t *table.Table) (handoff.Ref, error) {
	ref, err := d.Artifacts.Put(ctx, kind, "application/vnd.apache.parquet", func(w io.Writer) error { return parquet.Write(w, t) })
	ref.Rows = int64(t.Rows)
	return ref, err
}

// explain says of each kept feature what the events behind it are.
func (m *made) explain(recipe *points.Recipe, t *feature.Transform, kept []handoff.Feature) {
	by, formulas := make(map[string]*event.Feature), make(map[string]string)
	for i := range recipe.Features {
		f := &recipe.Features[i]
		by[f.Name], formulas[f.Name] = f, f.Formula
	}
	for i := range kept {
		kept[i].Formula = t.InWords(i, formulas)
		var sources []string
		for k, name := range t.Sources(&t.Features[i]) {
			f := by[name]
			if f == nil {
				continue
			}
			if k == 0 {
				kept[i].AsOf = f.AsOf
			}
			sources = append(sources, f.SourceColumns...)
		}
		kept[i].SourceColumns = sources
	}
}
