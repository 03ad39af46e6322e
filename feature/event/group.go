package event

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/label"
)

// group is the features that look at the events of one table that share the
// same entity columns with the spine. Its tables are
//
//	points  the different entities (__kid) and entity × snapshots (__pid)
//	events  the entities' events: __kid, time, known and what is measured
//	parts   sums by __pid and part of history (the windows cut it), so that
//	        each joined event is looked at once, however many features there are
//	totals  the measures: one row for each __pid
type group struct {
	id     int
	table  *Events
	by     []string
	wheres []Where // conditions
	values []ref   // number columns that are added or compared
	gaps   bool

	parts    []string // aggregates of parts, named p0, p1, ...
	totals   []total  // columns of totals, named m0, m1, ...
	distinct []ref    // columns whose different values are counted
	counts   []distinct
	last     []ref // columns whose newest value is asked for
}

// ref is a column of the events or, where lookup is not "", of a table that
// they lead to.
type ref struct{ lookup, column string }

// total is part column i put together over the parts of a window.
type total struct {
	part    int
	combine string // sum, min, max
	days    int    // 0: all
}

// distinct is the number of different values of a column in a window.
type distinct struct {
	column, days int
}

func (c *compiler) group(f *Feature) *group {
	for _, g := range c.groups {
		if g.table.Table == f.Table && slices.Equal(g.by, f.By) {
			return g
		}
	}
	g := &group{id: len(c.groups), table: c.schema.events(f.Table), by: f.By}
	c.groups = append(c.groups, g)
	on := fmt.Sprintf("%s.__at = epoch_us(s.%s)", g.name("points"), duck.Quote(label.Snapshot))
	for _, by := range g.by {
		on += fmt.Sprintf(" AND %s.%s = s.%s", g.name("points"), duck.Quote(by), duck.Quote(by))
	}
	c.join(g.name("points"), fmt.Sprintf("LEFT JOIN %s ON %s", g.name("points"), on))
	c.join(g.name("totals"), fmt.Sprintf("LEFT JOIN %[2]s ON %[2]s.__pid = %[1]s.__pid", g.name("points"), g.name("totals")))
	return g
}

// name is a scratch table of the group.
func (g *group) name(what string) string { return fmt.Sprintf("__%s%d", what, g.id) }

// different is the scratch table of the different values of g.distinct[i].
func (g *group) different(i int) string { return fmt.Sprintf("%s_%d", g.name("distinct"), i) }

// index is the place of x in list, which it is added to if need be.
func index[T comparable](list *[]T, x T) int {
	i := slices.Index(*list, x)
	if i < 0 {
		i = len(*list)
		*list = append(*list, x)
	}
	return i
}

// total is a column of totals in terms of the final query.
func (g *group) total(aggregate, combine string, days int) string {
	t := total{index(&g.parts, aggregate), combine, days}
	return fmt.Sprintf("%s.m%d", g.name("totals"), index(&g.totals, t))
}

// value is the column of events that holds a number column's values.
func (g *group) value(f *Feature) string {
	return fmt.Sprintf("v%d", index(&g.values, ref{f.Lookup, f.Column}))
}

// filter is the condition of a feature as a suffix of an aggregate.
func (g *group) filter(w *Where) string {
	if w == nil {
		return ""
	}
	return fmt.Sprintf(" FILTER (w%d)", index(&g.wheres, *w))
}

// expression is one feature in terms of the final query.
func (g *group) expression(f *Feature) string {
	at := g.name("points") + ".__at"
	switch f.Measure {
	case Count:
		return fmt.Sprintf("coalesce(%s, 0)", g.total("count(*)"+g.filter(f.Where), "sum", f.Days))
	case Sum:
		return fmt.Sprintf("coalesce(%s / 1e9, 0)", g.total("sum(b"+g.value(f)+")", "sum", f.Days))
	case Mean:
		v := g.value(f)
		return fmt.Sprintf("(%s / 1e9 / nullif(%s, 0))", g.total("sum(b"+v+")", "sum", f.Days), g.total("count(b"+v+")", "sum", f.Days))
	case Min, Max:
		return g.total(string(f.Measure)+"("+g.value(f)+")", string(f.Measure), f.Days)
	case Recency:
		return fmt.Sprintf("((%s - %s)::DOUBLE / %d)", at, g.total("max(t)"+g.filter(f.Where), "max", f.Days), int64(dayMicros))
	case Tenure:
		return fmt.Sprintf("((%s - %s)::DOUBLE / %d)", at, g.total("min(t)", "min", f.Days), int64(dayMicros))
	case GapMean, GapSD:
		return g.gap(f)
	case Trend:
		return g.trend(f)
	case Distinct:
		d := distinct{index(&g.distinct, ref{f.Lookup, f.Column}), f.Days}
		return fmt.Sprintf("coalesce(%s.n%d, 0)::DOUBLE", g.different(d.column), index(&g.counts, d))
	case Last:
		g.total("max(t)", "max", 0)
		return fmt.Sprintf("%s.l%d", g.name("last"), index(&g.last, ref{f.Lookup, f.Column}))
	}
	panic("event: no expression for the measure " + f.Measure)
}

// gap is the mean or the standard deviation of the gaps that end in the
// window. Gaps are whole seconds.
func (g *group) gap(f *Feature) string {
	g.gaps = true
	n := g.total("count(gap)", "sum", f.Days)
	sum := g.total("sum(gap)", "sum", f.Days)
	if f.Measure == GapMean {
		return fmt.Sprintf("(%s / nullif(%s, 0) / 86400)", sum, n)
	}
	squares := g.total("sum(gap::HUGEINT * gap)", "sum", f.Days)
	return fmt.Sprintf("CASE WHEN %[1]s >= 2 THEN sqrt(greatest(%[1]s * %[3]s - %[2]s * %[2]s, 0) / (%[1]s * (%[1]s - 1))) / 86400 END", n, sum, squares)
}

// trend is Σ (x - mean x)(y - mean y) / Σ (x - mean x)² / mean y for the counts
// y of six parts of the window, x = -5 for the oldest to 0. The weights are
// those of the running counts C1 (newest part) to C6 (all): y of part k is
// Ck - Ck-1, and Σ (x - mean x)² is 17.5.
func (g *group) trend(f *Feature) string {
	count := func(k int) string {
		return fmt.Sprintf("coalesce(%s, 0)", g.total("count(*)", "sum", f.Days/6*k))
	}
	running := []string{count(1), count(2), count(3), count(4), count(5)}
	return fmt.Sprintf("((%s - 2.5e0 * %s) / 17.5e0 / nullif(%s / 6e0, 0))", strings.Join(running, " + "), count(6), count(6))
}

// statements fill the group's scratch tables.
func (g *group) statements(c *compiler) {
	var key, columns, on []string
	for _, by := range g.by {
		key = append(key, duck.Quote(by))
		on = append(on, fmt.Sprintf("e.%s = k.%s", duck.Quote(g.table.column(by)), duck.Quote(by)))
	}
	keys := strings.Join(key, ", ")
	c.make(g.name("points"), fmt.Sprintf(`SELECT *, dense_rank() OVER (ORDER BY %[1]s)::INTEGER AS __kid, row_number() OVER (ORDER BY %[1]s, __at)::INTEGER AS __pid
FROM (SELECT DISTINCT %[1]s, epoch_us(%[2]s) AS __at FROM %[3]s)`, keys, duck.Quote(label.Snapshot), spineTable))

	for i, w := range g.wheres {
		columns = append(columns, fmt.Sprintf("%s = %s AS w%d", cell(ref{w.Lookup, w.Column}), duck.Literal(w.Value), i))
	}
	for i, v := range g.values {
		columns = append(columns, fmt.Sprintf("%[1]s AS v%[2]d, %[3]s AS bv%[2]d", cell(v), i, duck.Billionths(cell(v))))
	}
	for i, d := range g.distinct {
		columns = append(columns, fmt.Sprintf("%s AS d%d", cell(d), i))
	}
	for i, l := range g.last {
		columns = append(columns, fmt.Sprintf("%s AS l%d", cell(l), i))
	}
	lookups := ""
	for _, l := range g.table.Lookups {
		if list := g.lookedUp(l.Table); len(list) > 0 {
			lookups += fmt.Sprintf("\n\tLEFT JOIN (SELECT %[1]s AS __key, %[2]s FROM %[3]s GROUP BY %[1]s) %[4]s ON %[4]s.__key = e.%[5]s",
				duck.Quote(l.Key), strings.Join(list, ", "), duck.Quote(l.Table), lookupAlias(l.Table), duck.Quote(l.Column))
		}
	}
	events := fmt.Sprintf("SELECT k.__kid, epoch_us(e.%s) AS t, epoch_us(%s) AS known%s\nFROM %s e JOIN (SELECT DISTINCT %s, __kid FROM %s) k ON %s%s WHERE e.%s IS NOT NULL",
		duck.Quote(g.table.Time), g.table.known("e"), prefixed(columns), duck.Quote(g.table.Table), keys, g.name("points"), strings.Join(on, " AND "), lookups, duck.Quote(g.table.Time))
	if g.gaps {
		events = "SELECT *, (known - lag(known) OVER (PARTITION BY __kid ORDER BY known, t)) // 1000000 AS gap FROM (" + events + ")"
	}
	c.make(g.name("events"), events)
	g.measure(c)
}

// cell is a column in terms of the query that fills events.
func cell(r ref) string {
	if r.lookup == "" {
		return "e." + duck.Quote(r.column)
	}
	return lookupAlias(r.lookup) + "." + duck.Quote(r.column)
}

func lookupAlias(table string) string { return duck.Quote("__lookup_" + table) }

// lookedUp are the columns of a lookup that the group asks for, as the one
// value of each key: the smallest, where a key has several rows.
func (g *group) lookedUp(table string) []string {
	var out []string
	add := func(r ref) {
		if one := fmt.Sprintf("min(%[1]s) AS %[1]s", duck.Quote(r.column)); r.lookup == table && !slices.Contains(out, one) {
			out = append(out, one)
		}
	}
	for _, w := range g.wheres {
		add(ref{w.Lookup, w.Column})
	}
	for _, list := range [][]ref{g.values, g.distinct, g.last} {
		for _, r := range list {
			add(r)
		}
	}
	return out
}

func prefixed(columns []string) string {
	if len(columns) == 0 {
		return ""
	}
	return ", " + strings.Join(columns, ", ")
}

// measure fills parts, totals, and the tables of different and newest values.
func (g *group) measure(c *compiler) {
	from := fmt.Sprintf("FROM %s e JOIN %s s ON e.__kid = s.__kid AND e.known < s.__at", g.name("events"), g.name("points"))
	edges := g.edges()
	part := fmt.Sprint(len(edges))
	if len(edges) > 0 {
		part = "CASE"
		for i, days := range edges {
			part += fmt.Sprintf(" WHEN e.t >= s.__at - %d THEN %d", int64(days)*dayMicros, i)
		}
		part += fmt.Sprintf(" ELSE %d END", len(edges))
	}
	var parts, totals []string
	for i, aggregate := range g.parts {
		parts = append(parts, fmt.Sprintf("%s AS p%d", aggregate, i))
	}
	for i, t := range g.totals {
		within := ""
		if t.days > 0 {
			within = fmt.Sprintf(" FILTER (part <= %d)", slices.Index(edges, t.days))
		}
		cast := ""
		if t.combine == "sum" {
			cast = "::DOUBLE"
		}
		totals = append(totals, fmt.Sprintf("%s(p%d)%s%s AS m%d", t.combine, t.part, within, cast, i))
	}
	c.make(g.name("parts"), fmt.Sprintf("SELECT s.__pid, (%s)::TINYINT AS part%s\n%s GROUP BY ALL", part, prefixed(parts), from))
	c.make(g.name("totals"), fmt.Sprintf("SELECT __pid%s\nFROM %s GROUP BY __pid", prefixed(totals), g.name("parts")))
	c.drop(g.name("parts"))
	for i := range g.distinct {
		var counts []string
		for j, d := range g.counts {
			if d.column == i && d.days > 0 {
				counts = append(counts, fmt.Sprintf("count(*) FILTER (newest >= __at - %d) AS n%d", int64(d.days)*dayMicros, j))
			} else if d.column == i {
				counts = append(counts, fmt.Sprintf("count(*) AS n%d", j))
			}
		}
		name := g.different(i)
		c.make(name, fmt.Sprintf("SELECT __pid%s\nFROM (SELECT s.__pid, s.__at, d%d, max(e.t) AS newest %s WHERE d%d IS NOT NULL GROUP BY ALL) GROUP BY __pid", prefixed(counts), i, from, i))
		c.join(name, fmt.Sprintf("LEFT JOIN %[1]s ON %[1]s.__pid = %[2]s.__pid", name, g.name("points")))
	}
	g.newest(c, from)
	c.drop(g.name("events"))
}

// newest fills the values at the newest event of each __pid.
func (g *group) newest(c *compiler, from string) {
	if len(g.last) == 0 {
		return
	}
	var columns []string
	for i := range g.last {
		columns = append(columns, fmt.Sprintf("max(e.l%[1]d) AS l%[1]d", i))
	}
	newest := slices.Index(g.totals, total{slices.Index(g.parts, "max(t)"), "max", 0})
	c.make(g.name("last"), fmt.Sprintf("SELECT s.__pid%s\n%s JOIN %s m ON m.__pid = s.__pid AND e.t = m.m%d GROUP BY s.__pid", prefixed(columns), from, g.name("totals"), newest))
	c.join(g.name("last"), fmt.Sprintf("LEFT JOIN %[1]s ON %[1]s.__pid = %[2]s.__pid", g.name("last"), g.name("points")))
}

// edges are the lengths of all windows in days, ascending: they cut history
// into parts.
func (g *group) edges() []int {
	var out []int
	for _, t := range g.totals {
		if t.days > 0 {
			out = append(out, t.days)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
