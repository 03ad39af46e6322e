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

// Link is how a table hangs together with the unit, for filters on it.
type Link struct {
	Table    string
	Time     string // of its events; "" for attributes, which are taken as the table stands
	Reported string // when an event became known; "" at its own time
	Keys     []Key
}

// Key says that Column of the table holds values of Other, which is an entity
// column or, where Table is not "", a column of that table.
type Key struct {
	Column string `json:"column"`
	Table  string `json:"table,omitempty"`
	Other  string `json:"other"`
}

// kept is the filters: a condition on the rows e of the event table, and for
// each filter on another table a query of the entities that it keeps, with the
// instant from which it keeps them.
type kept struct {
	where string
	far   []farFilter
}

// farFilter is a query with the entity columns as __k0, __k1, ... and, where
// the rows are events or belong to some, __first: when the first one that
// meets the filter became known.
type farFilter struct {
	query  string
	entity []string
	dated  bool
}

// filters reads the unit's filters: those on the event table, on tables that its
// rows lead to, and on others.
func filters(ctx context.Context, db *duck.DB, l handoff.Label, u Unit, info *table.Table) (kept, error) {
	conditions := []string{"TRUE"}
	var out kept
	for _, f := range u.Filters {
		if f.Table == "" || f.Table == l.EventTable {
			c, err := condition(f, "e", info)
			if err != nil {
				return out, err
			}
			conditions = append(conditions, c)
			continue
		}
		if c, err := u.looked(ctx, db, l, f); err != nil {
			return out, err
		} else if c != "" {
			conditions = append(conditions, c)
			continue
		}
		far, err := u.far(ctx, db, f)
		if err != nil {
			return out, err
		}
		out.far = append(out.far, far)
	}
	out.where = strings.Join(conditions, " AND ")
	return out, nil
}

// looked is a filter on a table that the rows e of the event table lead to, as
// a condition on them: the orders of some products; "" for other tables.
func (u Unit) looked(ctx context.Context, db *duck.DB, l handoff.Label, f handoff.Filter) (string, error) {
	for _, k := range u.link(f.Table, nil).Keys {
		if k.Table != l.EventTable {
			continue
		}
		info, err := columns(ctx, db, f.Table)
		if err != nil {
			return "", err
		}
		where, err := condition(f, "o", info)
		return fmt.Sprintf("e.%s IN (SELECT o.%s FROM %s o WHERE %s)", duck.Quote(k.Other), duck.Quote(k.Column), duck.Quote(f.Table), where), err
	}
	return "", nil
}

// far is a filter on another table than that of the label's events.
func (u Unit) far(ctx context.Context, db *duck.DB, f handoff.Filter) (farFilter, error) {
	var out farFilter
	info, err := columns(ctx, db, f.Table)
	if err != nil {
		return out, err
	}
	where, err := condition(f, "o0", info)
	if err != nil {
		return out, err
	}
	way := []*Link{u.link(f.Table, info)} // the table, and those between it and the entity
	var keys, from []string
	for i := 0; i < len(way); i++ {
		from = append(from, fmt.Sprintf("%s o%d", duck.Quote(way[i].Table), i))
		for _, k := range way[i].Keys {
			column := fmt.Sprintf("o%d.%s", i, duck.Quote(k.Column))
			if k.Table == "" {
				keys = append(keys, fmt.Sprintf("%s AS __k%d", column, len(keys)))
				out.entity = append(out.entity, k.Other)
				where += " AND " + column + " IS NOT NULL"
				continue
			}
			next := slices.IndexFunc(way, func(l *Link) bool { return l.Table == k.Table })
			if next < 0 {
				next, way = len(way), append(way, u.link(k.Table, nil))
			}
			where += fmt.Sprintf(" AND o%d.%s = %s", next, duck.Quote(k.Other), column)
		}
	}
	if len(keys) == 0 {
		return out, &problem.Problem{
			Kind: problem.Usage, Code: "label.filter", Where: f.Table + "." + f.Column,
			What: fmt.Sprintf("table %s has none of the columns %s, so it is not known which entities the filter keeps", f.Table, strings.Join(u.Entity, ", ")),
			Fix:  "filter by a column of a table that has the entity's key, or a key that leads there",
		}
	}
	first := ""
	if i := slices.IndexFunc(way, func(l *Link) bool { return l.Time != "" }); i >= 0 {
		out.dated = true
		known := fmt.Sprintf("o%d.%s", i, duck.Quote(way[i].Time))
		where += " AND " + known + " IS NOT NULL"
		if way[i].Reported != "" {
			known = fmt.Sprintf("greatest(%[1]s, coalesce(o%[3]d.%[2]s, %[1]s))", known, duck.Quote(way[i].Reported), i)
		}
		first = ", min(" + known + ") AS __first"
	}
	out.query = fmt.Sprintf("SELECT %s%s FROM %s WHERE %s GROUP BY ALL", strings.Join(keys, ", "), first, strings.Join(from, ", "), where)
	return out, nil
}

// link is the way from a table to the entity: as it is given, else by columns
// of info that are called as the entity's; none where info is nil.
func (u Unit) link(name string, info *table.Table) *Link {
	for i := range u.Links {
		if u.Links[i].Table == name {
			return &u.Links[i]
		}
	}
	out := &Link{Table: name}
	for _, entity := range u.Entity {
		if info != nil && info.Column(entity) != nil {
			out.Keys = append(out.Keys, Key{Column: entity, Other: entity})
		}
	}
	return out
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
