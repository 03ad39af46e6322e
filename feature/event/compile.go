package event

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/label"
)

// program is the SQL of a list of features: statements that fill scratch
// tables, and the query that reads them. Scratch tables are called __... and
// are listed for removal.
type program struct {
	statements []string
	query      string
	scratch    []string
}

// spineTable is the scratch table of the spine: the entity columns, the
// snapshot, and __row, the number of the row.
const spineTable = "__spine"

// microseconds of a day: times are compared as whole microseconds.
const dayMicros = 86_400_000_000

// compiler gathers what the features need; an expression of the final query
// is made for each feature on the way.
type compiler struct {
	schema *Schema
	groups []*group
	owns   []*Feature // measures of all entities that peers are compared by
	peers  []peers
	joins  []string // of the final query, in the order of need
	joined map[string]bool
	out    program
}

// compile is the whole: features in, SQL out. The lists were checked.
func compile(s *Schema, features []Feature) program {
	c := &compiler{schema: s, joined: make(map[string]bool)}
	var columns []string
	for i := range features {
		columns = append(columns, c.expression(&features[i])+" AS "+duck.Quote(features[i].Name))
	}
	for i := range s.Static {
		if c.joined[staticAlias(i)] {
			c.static(i)
		}
	}
	for _, g := range c.groups {
		g.statements(c)
	}
	c.compare()
	c.out.query = fmt.Sprintf("SELECT %s\nFROM %s s\n%s\nORDER BY s.__row", strings.Join(columns, ",\n"), spineTable, strings.Join(c.joins, "\n"))
	return c.out
}

// make adds a statement that fills a scratch table.
func (c *compiler) make(name, query string) {
	c.out.statements = append(c.out.statements, "CREATE OR REPLACE TABLE "+name+" AS\n"+query)
	c.out.scratch = append(c.out.scratch, name)
}

// drop gives back the memory of scratch tables that are not read any more.
func (c *compiler) drop(names ...string) {
	for _, name := range names {
		c.out.statements = append(c.out.statements, "DROP TABLE "+name)
	}
}

func (c *compiler) join(alias, clause string) {
	if !c.joined[alias] {
		c.joined[alias] = true
		c.joins = append(c.joins, clause)
	}
}

// expression is a feature in terms of the final query.
func (c *compiler) expression(f *Feature) string {
	switch f.Measure {
	case Ratio:
		return fmt.Sprintf("(%s / nullif(%s, 0))", c.expression(&f.Of[0]), c.expression(&f.Of[1]))
	case PeerMean:
		return c.peer(f)
	case Entity:
		return "s." + duck.Quote(f.Column)
	case Attribute:
		return c.attribute(f.Table, f.Column)
	case Age:
		at := c.attribute(f.Table, f.Column)
		return fmt.Sprintf("CASE WHEN %[1]s < s.%[2]s THEN (epoch_us(s.%[2]s) - epoch_us(%[1]s))::DOUBLE / %[3]d END", at, duck.Quote(label.Snapshot), int64(dayMicros))
	}
	return c.group(f).expression(f)
}

// attribute is a column of a static table, joined to the spine by its keys.
func (c *compiler) attribute(table, column string) string {
	i := c.schema.static(table)
	c.joinStatic(i)
	return staticAlias(i) + "." + duck.Quote(column)
}

func staticAlias(i int) string { return fmt.Sprintf("__static%d", i) }

// joinStatic joins a static table to the spine.
func (c *compiler) joinStatic(i int) {
	for _, j := range c.schema.path(i) {
		c.join(staticAlias(j), "LEFT JOIN "+staticAlias(j)+" ON "+c.staticOn(j, "s", duck.Quote(label.Snapshot)))
	}
}

// staticOn is the condition that joins static table i to a table called
// entities that has the entity columns, and the instant in a column called
// snapshot.
func (c *compiler) staticOn(i int, entities, snapshot string) string {
	var on []string
	for _, k := range c.schema.Static[i].Keys {
		other := entities
		if k.Table != "" {
			other = staticAlias(c.schema.static(k.Table))
		}
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", staticAlias(i), duck.Quote(k.Column), other, duck.Quote(k.Other)))
	}
	if c.schema.Static[i].Updated != "" {
		on = append(on, fmt.Sprintf("%s.%s = %s.%s", staticAlias(i), staticAt, entities, snapshot))
	}
	return strings.Join(on, " AND ")
}

// staticAt is the snapshot in the scratch table of a static table whose rows
// have an update time.
const staticAt = "__at"

// static fills the scratch table of a static table: one row for each key, and
// for each snapshot where the rows say when they were updated.
func (c *compiler) static(i int) {
	t := c.schema.Static[i]
	var keys []string
	for _, k := range t.Keys {
		keys = append(keys, duck.Quote(k.Column))
	}
	slices.Sort(keys)
	list := strings.Join(slices.Compact(keys), ", ")
	from := duck.Quote(t.Table)
	if t.Updated != "" {
		from = fmt.Sprintf("(SELECT t.*, %[1]s FROM %[2]s t, (SELECT DISTINCT %[3]s AS %[1]s FROM %[4]s) WHERE t.%[5]s IS NULL OR t.%[5]s < %[1]s)",
			staticAt, from, duck.Quote(label.Snapshot), spineTable, duck.Quote(t.Updated))
		list += ", " + staticAt
	}
	c.make(staticAlias(i), fmt.Sprintf("SELECT %[1]s, min(COLUMNS(* EXCLUDE (%[1]s))) FROM %[2]s GROUP BY %[1]s", list, from))
}

// known is the instant from which a row of the table counts.
func (e *Events) known(alias string) string {
	at := alias + "." + duck.Quote(e.Time)
	if e.Reported == "" {
		return at
	}
	return fmt.Sprintf("greatest(%[1]s, coalesce(%[2]s.%[3]s, %[1]s))", at, alias, duck.Quote(e.Reported))
}
