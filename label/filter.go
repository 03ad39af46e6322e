package label

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// columns is a table of the engine without its rows.
func columns(ctx context.Context, db *duck.DB, name string) (*table.Table, error) {
	t, err := db.Query(ctx, "SELECT * FROM "+duck.Quote(name)+" LIMIT 0")
	if err != nil {
		return nil, fmt.Errorf("columns of %s: %w", name, err)
	}
	return t, nil
}

// where is the filters as a condition on the rows e of the event table.
func where(ctx context.Context, db *duck.DB, l handoff.Label, u Unit, info *table.Table) (string, error) {
	out := []string{"TRUE"}
	for _, f := range u.Filters {
		if f.Table == "" || f.Table == l.EventTable {
			c, err := condition(f, "e", info)
			if err != nil {
				return "", err
			}
			out = append(out, c)
			continue
		}
		other, err := columns(ctx, db, f.Table)
		if err != nil {
			return "", err
		}
		c, err := condition(f, "o", other)
		if err != nil {
			return "", err
		}
		shared := 0
		for _, name := range u.Entity {
			if other.Column(name) != nil {
				c += fmt.Sprintf(" AND o.%[1]s = e.%[1]s", duck.Quote(name))
				shared++
			}
		}
		if shared == 0 {
			return "", &problem.Problem{
				Kind: problem.Usage, Code: "label.filter", Where: f.Table + "." + f.Column,
				What: fmt.Sprintf("table %s has none of the columns %s, so it is not known which entities the filter keeps", f.Table, strings.Join(u.Entity, ", ")),
				Fix:  "filter by a column of a table that has the entity's key",
			}
		}
		out = append(out, fmt.Sprintf("EXISTS (SELECT 1 FROM %s o WHERE %s)", duck.Quote(f.Table), c))
	}
	return strings.Join(out, " AND "), nil
}

// condition is one filter in SQL on the table that is called alias. Values
// are read by the kind of the column; a missing cell meets only !=.
func condition(f handoff.Filter, alias string, info *table.Table) (string, error) {
	place := f.Table + "." + f.Column
	fault := func(what, fix string) error {
		return &problem.Problem{Kind: problem.Usage, Code: "label.filter", Where: place, What: what, Fix: fix}
	}
	c := info.Column(f.Column)
	if c == nil {
		return "", &problem.Problem{
			Kind: problem.Usage, Code: "label.filter", Where: place,
			What: fmt.Sprintf("there is no column %q", f.Column), Nearest: nearest(f.Column, info), Fix: "name a column of the table",
		}
	}
	if ops := []string{"=", "!=", "in", "<", "<=", ">", ">="}; !slices.Contains(ops, f.Op) {
		return "", fault(fmt.Sprintf("there is no comparison %q", f.Op), "use one of: "+strings.Join(ops, " "))
	}
	if c.Kind == table.Text && strings.ContainsAny(f.Op, "<>") {
		return "", fault("a text column has no order", "use =, != or in")
	}
	texts := []string{f.Value}
	if f.Op == "in" {
		in := csv.NewReader(strings.NewReader(f.Value))
		in.TrimLeadingSpace = true
		var err error
		if texts, err = in.Read(); err != nil {
			return "", fault("the list of values cannot be read", `write a, b, "c, d"`)
		}
	}
	values := make([]string, len(texts))
	for i, text := range texts {
		switch c.Kind {
		case table.Text:
			values[i] = duck.Literal(text)
		case table.Number:
			x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
			if err != nil {
				return "", fault("the column holds numbers, the value is none", "give a number")
			}
			values[i] = strconv.FormatFloat(x, 'g', -1, 64) + "::DOUBLE"
		case table.Time:
			at, err := parse(strings.TrimSpace(text))
			if err != nil {
				return "", fault("the column holds dates, the value is none", "write dates as 2024-12-31")
			}
			values[i] = timestamp(at)
		}
	}
	name := alias + "." + duck.Quote(f.Column)
	switch f.Op {
	case "in":
		return name + " IN (" + strings.Join(values, ", ") + ")", nil
	case "!=":
		return name + " IS DISTINCT FROM " + values[0], nil
	}
	return name + " " + f.Op + " " + values[0], nil
}
