package event

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/label"
)

// peers is the mean of a measure over the entities that share an attribute.
// Peers share also those entity columns that the attribute does not depend
// on: the same brand among the prescribers of one territory. All entities with
// an event in the window count, whether they are in the spine or not.
type peers struct {
	own           int // the measure, in compiler.owns
	table, column string
	rest          []string // the entity columns that are shared, too
}

// peer is the mean of the group in terms of the final query.
func (c *compiler) peer(f *Feature) string {
	of := &f.Of[0]
	own := slices.IndexFunc(c.owns, func(known *Feature) bool {
		return known.Table == of.Table && known.Measure == of.Measure && known.Column == of.Column && known.Days == of.Days && slices.Equal(known.By, of.By)
	})
	if own < 0 {
		own = len(c.owns)
		c.owns = append(c.owns, of)
	}
	fixed := c.schema.entities(c.schema.static(f.Table))
	p := peers{own, f.Table, f.Column, slices.DeleteFunc(slices.Clone(of.By), func(by string) bool { return slices.Contains(fixed, by) })}
	i := slices.IndexFunc(c.peers, func(known peers) bool { return reflect.DeepEqual(known, p) })
	if i < 0 {
		i = len(c.peers)
		c.peers = append(c.peers, p)
	}
	alias := peersAlias(i)
	on := fmt.Sprintf("%[1]s.__at = s.%[2]s AND %[1]s.__grp = %[3]s", alias, duck.Quote(label.Snapshot), c.attribute(f.Table, f.Column))
	for _, by := range p.rest {
		on += fmt.Sprintf(" AND %[1]s.%[2]s = s.%[2]s", alias, duck.Quote(by))
	}
	c.join(alias, "LEFT JOIN "+alias+" ON "+on)
	return alias + ".__mean"
}

func ownAlias(i int) string   { return fmt.Sprintf("__own%d", i) }
func peersAlias(i int) string { return fmt.Sprintf("__peers%d", i) }

// compare fills the scratch tables of the measures of all entities, and of
// their means.
func (c *compiler) compare() {
	for i, of := range c.owns {
		c.own(i, of)
	}
	for i, p := range c.peers {
		rest := ""
		for _, by := range p.rest {
			rest += ", " + duck.Quote(by)
		}
		at := c.schema.static(p.table)
		joins := ""
		for _, j := range c.schema.path(at) {
			joins += "\n\tJOIN " + staticAlias(j) + " ON " + c.staticOn(j, "own", "__at")
		}
		c.make(peersAlias(i), fmt.Sprintf(`SELECT __at, __grp%[1]s, %[2]s / count(*) AS __mean
FROM (SELECT own.*, %[3]s.%[4]s AS __grp FROM %[5]s own%[6]s)
WHERE __grp IS NOT NULL GROUP BY __at, __grp%[1]s`, rest, duck.Sum("__n", ""), staticAlias(at), duck.Quote(p.column), ownAlias(p.own), joins))
	}
	for i := range c.owns {
		c.drop(ownAlias(i))
	}
}

// own measures all entities at the snapshots of the spine.
func (c *compiler) own(i int, of *Feature) {
	e := c.schema.events(of.Table)
	var columns []string
	for _, by := range of.By {
		columns = append(columns, "e."+duck.Quote(e.column(by))+" AS "+duck.Quote(by))
	}
	measure := "count(*)::DOUBLE"
	if of.Measure == Sum {
		measure = "coalesce(" + duck.Sum("e."+duck.Quote(of.Column), "") + ", 0)"
	}
	window := ""
	if of.Days > 0 {
		window = fmt.Sprintf(" AND e.%s >= __at - INTERVAL %d DAY", duck.Quote(e.Time), of.Days)
	}
	c.make(ownAlias(i), fmt.Sprintf("SELECT %s, __at, %s AS __n\nFROM %s e, (SELECT DISTINCT %s AS __at FROM %s)\nWHERE e.%s IS NOT NULL AND %s < __at%s GROUP BY ALL",
		strings.Join(columns, ", "), measure, duck.Quote(e.Table), duck.Quote(label.Snapshot), spineTable, duck.Quote(e.Time), e.known("e"), window))
}
