package prepare

import (
	"context"
	"encoding/json"
	"io"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

const parquetType = "application/vnd.apache.parquet"

// write puts the parts into the artifact store and completes the data set.
func write(ctx context.Context, d *durable.Desk, e *examples, p *parts, kept []string, out *handoff.Dataset) error {
	p.describe(e, out)
	all := &table.Table{Rows: e.n()}
	out.Columns = []handoff.PreparedColumn{}
	for _, name := range kept {
		c := *e.inputs.Column(name)
		if name == out.Target || isReserved(name) {
			return &problem.Problem{
				Kind: problem.Blocked, Code: "data.reserved_name", Where: e.info.Name + "." + name,
				What: "a column has a name that the row files use for themselves", Fix: "rename the column",
			}
		}
		all.Columns = append(all.Columns, c)
		role := "feature"
		if name == e.timeColumn() {
			role = "time"
		}
		out.Columns = append(out.Columns, handoff.PreparedColumn{Name: name, Table: e.info.Name, Kind: c.Kind.String(), Role: role})
	}
	all.Columns = append(all.Columns,
		table.Column{Name: out.Target, Number: e.target}, numbers(rowfile.Row, e.rows))
	if e.groups != nil || e.alike != nil {
		all.Columns = append(all.Columns, numbers(rowfile.Group, tied(e.groups, e.ties())))
	}
	if owners := e.owners(); owners != nil {
		all.Columns = append(all.Columns, numbers(rowfile.Entity, owners))
	}
	if e.time != nil {
		all.Columns = append(all.Columns, table.Column{Name: rowfile.Time, Kind: table.Time, Time: e.time})
	}
	var err error
	put := func(kind string, t *table.Table, rows []int32) (ref handoff.Ref) {
		if err == nil {
			ref, err = d.Artifacts.Put(ctx, kind, parquetType, func(w io.Writer) error { return parquet.WriteRows(w, t, rows) })
			ref.Rows = int64(len(rows))
		}
		return ref
	}
	fit := &table.Table{Rows: all.Rows, Columns: append(slices.Clone(all.Columns), p.partColumn())}
	out.Rows.Fit = put("fit_rows", fit, p.Rows(fold.Train, fold.Validation))
	out.Rows.Test = put("test_rows", all, p.Rows(fold.Test))
	if rows := p.Rows(fold.Holdout); len(rows) > 0 {
		ref := put("holdout_rows", all, rows)
		out.Rows.Holdout = &ref
	}
	if err != nil {
		return err
	}
	keys := keyTable(e, p)
	out.Keys, err = d.Artifacts.Put(ctx, "keys", parquetType, func(w io.Writer) error { return parquet.Write(w, keys) })
	out.Keys.Rows = int64(keys.Rows)
	if err != nil {
		return err
	}
	if e.events != nil {
		if out.Events, err = e.events.store(ctx, d, e); err != nil {
			return err
		}
	}
	out.Profile, err = d.Artifacts.Put(ctx, "profile", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(profile(e, p))
	})
	return err
}

func isReserved(name string) bool {
	return name == rowfile.Row || name == rowfile.Part || name == rowfile.Group || name == rowfile.Entity || name == rowfile.Time
}

func numbers(name string, values []int32) table.Column {
	c := table.Column{Name: name, Number: make([]float64, len(values))}
	for i, v := range values {
		c.Number[i] = float64(v)
	}
	return c
}

// partColumn tells train from validation; other rows have no value.
func (p *parts) partColumn() table.Column {
	c := table.Blank(rowfile.Part, table.Number, len(p.Of))
	for i, part := range p.Of {
		switch part {
		case fold.Train:
			c.Number[i] = rowfile.Train
		case fold.Validation:
			c.Number[i] = rowfile.Validation
		}
	}
	return c
}

// keyTable says which row of the main table, or which entity and snapshot, went
// where.
func keyTable(e *examples, p *parts) *table.Table {
	part := table.Column{Name: "part", Kind: table.Text, Code: make([]int32, e.n())}
	for q := fold.Train; q <= fold.Purged; q++ {
		part.Levels = append(part.Levels, q.String())
	}
	for i, q := range p.Of {
		part.Code[i] = int32(q) - int32(fold.Train)
	}
	if e.events != nil {
		columns := append(slices.Clone(e.others.Columns), e.inputs.Columns...)
		return &table.Table{Rows: e.n(), Columns: append(columns, part)}
	}
	return &table.Table{Rows: e.n(), Columns: []table.Column{numbers("row", e.rows), part}}
}
