package event

import (
	"context"
	"errors"
	"fmt"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/table"
)

// Build computes the features of every row of the spine, which has the
// schema's entity columns and label.Snapshot (others are ignored), from the
// tables in db. The result has one column per feature and one row per row of
// the spine, in their orders. One build at a time on an engine: its scratch
// tables have fixed names, and are gone when it returns.
func Build(ctx context.Context, db *duck.DB, s *Schema, features []Feature, spine *table.Table) (*table.Table, error) {
	if err := Check(s, features); err != nil {
		return nil, err
	}
	if len(features) == 0 {
		return &table.Table{Rows: spine.Rows}, nil
	}
	keyed := &table.Table{Rows: spine.Rows}
	for _, name := range append(append([]string{}, s.Entity...), label.Snapshot) {
		c := spine.Column(name)
		if c == nil {
			return nil, fmt.Errorf("event features: the spine has no column %q", name)
		}
		keyed.Columns = append(keyed.Columns, *c)
	}
	row := table.Column{Name: "__row", Kind: table.Number, Number: make([]float64, spine.Rows)}
	for i := range row.Number {
		row.Number[i] = float64(i)
	}
	keyed.Columns = append(keyed.Columns, row)
	if err := db.Load(ctx, spineTable, keyed); err != nil {
		return nil, fmt.Errorf("event features: %w", err)
	}
	p := compile(s, features)
	out, err := p.run(ctx, db)
	for _, name := range append(p.scratch, spineTable) {
		err = errors.Join(err, db.Exec(context.WithoutCancel(ctx), "DROP TABLE IF EXISTS "+name))
	}
	if err != nil {
		return nil, fmt.Errorf("event features: %w", err)
	}
	if out.Rows != spine.Rows {
		return nil, fmt.Errorf("event features: %d rows came out of a spine of %d", out.Rows, spine.Rows)
	}
	return out, nil
}

func (p *program) run(ctx context.Context, db *duck.DB) (*table.Table, error) {
	for _, statement := range p.statements {
		if err := db.Exec(ctx, statement); err != nil {
			return nil, fmt.Errorf("%w in %s", err, firstLine(statement))
		}
	}
	return db.Query(ctx, p.query)
}

func firstLine(s string) string {
	for i := range s {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}

// SQL is what Build runs, for people to read.
func SQL(s *Schema, features []Feature) (string, error) {
	if err := Check(s, features); err != nil {
		return "", err
	}
	p := compile(s, features)
	out := ""
	for _, statement := range p.statements {
		out += statement + ";\n\n"
	}
	return out + p.query + ";\n", nil
}
