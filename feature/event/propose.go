package event

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// Options shape a proposal. The zero value is sound.
type Options struct {
	Windows []int // days, ascending; nil is 30, 90, 180, 365
	Exclude []handoff.Exclusion
}

// The limits of a proposal.
const (
	fewLevels    = 12  // a text column of at most so many values is counted by value
	topLevels    = 5   // the most frequent values of it
	someLevels   = 50  // a text column of at most so many has a newest value
	mostColumns  = 6   // number columns, and text columns, of a table of events
	mostGroups   = 500 // an attribute of at most so many values makes peers
	membersLeast = 10  // and of at least so many rows a value
	mostPeers    = 4   // attributes that make peers, those of the most values
	uniqueShare  = 0.9 // of the rows with a value: from so many different ones a column names rows
	fewEntities  = 20  // an entity column of fewer values gets no features of its own
)

// Propose lists the features that are worth a try, from the schema and what is
// known of the tables: it needs no row. Identifiers, personal data, times and
// excluded columns are left out. The order and the names depend on the tables
// only.
func Propose(s *Schema, tables []table.TableInfo, o Options) []Feature {
	if o.Windows == nil {
		o.Windows = []int{30, 90, 180, 365}
	}
	p := proposal{schema: s, tables: tables, windows: o.Windows}
	for i := range s.Events {
		p.events(&s.Events[i])
	}
	for i := range s.Static {
		p.attributes(&s.Static[i])
	}
	p.entity()
	return Without(p.features, o.Exclude)
}

type proposal struct {
	schema   *Schema
	tables   []table.TableInfo
	windows  []int
	features []Feature
}

func (p *proposal) info(name string) *table.TableInfo {
	i := slices.IndexFunc(p.tables, func(t table.TableInfo) bool { return t.Name == name })
	if i < 0 {
		return &table.TableInfo{Name: name}
	}
	return &p.tables[i]
}

// add completes a feature with words and sources.
func (p *proposal) add(f Feature) {
	p.features = append(p.features, p.schema.explain(f))
}

// middle and long are the windows of what is measured only twice; two are both,
// or the one where they are the same.
func (p *proposal) middle() int { return p.windows[min(1, len(p.windows)-1)] }
func (p *proposal) long() int   { return p.windows[len(p.windows)-1] }
func (p *proposal) two() []int  { return slices.Compact([]int{p.middle(), p.long()}) }

// events proposes for one table: everything for the unit itself, and the
// pace of events for each of its entity columns alone, with the unit's share.
func (p *proposal) events(e *Events) {
	var unit []string
	for _, k := range e.Keys {
		unit = append(unit, k.Other)
	}
	slices.Sort(unit)
	whole := series{p: p, of: Feature{Table: e.Table, By: unit}, name: e.Table}
	whole.pace(p.windows)
	whole.rhythm(p.long())
	info := p.info(e.Table)
	numbers, texts := 0, 0
	for _, c := range info.Columns {
		if !usable(info, &c) || c.Name == e.Time || c.Name == e.Reported || e.hasKey(c.Name) {
			continue
		}
		switch {
		case c.Kind == table.Number && p.isCode(e, &c):
			whole.different(&c)
		case c.Kind == table.Number && numbers < mostColumns:
			numbers++
			whole.number(&c)
		case c.Kind == table.Text && texts < mostColumns:
			texts++
			whole.text(info, &c)
		}
	}
	p.lookups(whole, e)
	p.peers(whole)
	if len(unit) < 2 {
		return
	}
	for _, by := range unit {
		if column := info.Column(e.column(by)); column == nil || column.Distinct < fewEntities {
			continue
		}
		one := series{p: p, of: Feature{Table: e.Table, By: []string{by}}, name: e.Table + "_by_" + by}
		one.pace(p.windows)
		for _, other := range unit {
			if other != by {
				one.add("distinct_"+other, Distinct, e.column(other), p.long())
			}
		}
		for _, days := range p.two() {
			p.add(Feature{
				Name: fmt.Sprintf("%s.share_%s", one.name, span(days)), Measure: Ratio,
				Of: []Feature{whole.make("", Count, "", days), one.make("", Count, "", days)},
			})
		}
	}
}

// lookups proposes for the categories of the tables that the events lead to.
func (p *proposal) lookups(whole series, e *Events) {
	texts := 0
	for _, l := range e.Lookups {
		info := p.info(l.Table)
		for _, c := range info.Columns {
			if c.Kind != table.Text || c.Name == l.Key || !usable(info, &c) || c.ManyDistinct || c.Distinct > someLevels || texts == mostColumns {
				continue
			}
			texts++
			of := whole
			of.lookup, of.name = l.Table, whole.name+"."+l.Table
			of.text(info, &c)
		}
	}
}

// hasKey tells whether the column is a key of the table.
func (e *Events) hasKey(column string) bool {
	return slices.ContainsFunc(e.Keys, func(k Key) bool { return k.Column == column })
}

// usable leaves out what is no measure: times, identifiers, personal data,
// sentences and columns of one value.
func usable(info *table.TableInfo, c *table.ColumnInfo) bool {
	present := info.Rows - c.Missing
	unique := c.ManyDistinct && c.Kind == table.Text || float64(c.Distinct) > uniqueShare*float64(present)
	if c.Kind == table.Number && !c.Integer {
		unique = false // a measured figure may well differ in every row
	}
	return c.Kind != table.Time && c.Personal == "" && c.Distinct > 1 && !unique && c.MeanWords <= 6
}

// codeWords end the names of numbers that name things.
var codeWords = []string{"id", "code", "key", "no", "nr", "num", "number", "upc", "ean", "sku", "zip", "postcode"}

// isCode tells a whole number that names something, by its name or because
// another table has a column of the name: only how many different ones there
// are says something.
func (p *proposal) isCode(e *Events, c *table.ColumnInfo) bool {
	if !c.Integer || c.Distinct <= 2 {
		return false
	}
	words := words(c.Name)
	if len(words) > 0 && slices.Contains(codeWords, words[len(words)-1]) {
		return true
	}
	for i := range p.tables {
		if other := p.tables[i].Column(c.Name); p.tables[i].Name != e.Table && other != nil && other.Kind == table.Number && other.Integer &&
			other.Distinct == p.tables[i].Rows-other.Missing {
			return true
		}
	}
	return false
}

// words are the words of a column's name in lower case: "ProductID" and
// "product_id" are product, id.
func words(name string) []string {
	var out []string
	word := ""
	previous := ' '
	for _, r := range name + " " {
		letter := unicode.IsLetter(r) || unicode.IsDigit(r)
		if word != "" && (!letter || unicode.IsUpper(r) && unicode.IsLower(previous)) {
			out = append(out, strings.ToLower(word))
			word = ""
		}
		if letter {
			word += string(r)
		}
		previous = r
	}
	return out
}

// series makes features of the same events.
type series struct {
	p    *proposal
	of   Feature // table and entity columns
	name string  // what the names begin with

	lookup string // the table of the columns, where they are of a lookup
}

func (s series) make(name string, m Measure, column string, days int) Feature {
	f := s.of
	f.Name, f.Measure, f.Column, f.Days = name, m, column, days
	if column != "" {
		f.Lookup = s.lookup
	}
	return f
}

// add proposes one measure; its name is the series', the word and the window.
func (s series) add(word string, m Measure, column string, days int) {
	s.p.add(s.make(s.name+"."+word+suffix(days), m, column, days))
}

// ratio proposes one measure over another one.
func (s series) ratio(word string, a, b Feature) {
	s.p.add(Feature{Name: s.name + "." + word, Measure: Ratio, Of: []Feature{a, b}})
}

func span(days int) string {
	if days == 0 {
		return "ever"
	}
	return fmt.Sprintf("%dd", days)
}

func suffix(days int) string { return "_" + span(days) }

// pace is how many events there are, and since when.
func (s series) pace(windows []int) {
	for _, days := range append(slices.Clone(windows), 0) {
		s.add("count", Count, "", days)
	}
	s.p.add(s.make(s.name+".days_since_last", Recency, "", 0))
	s.p.add(s.make(s.name+".days_since_first", Tenure, "", 0))
	for i := 1; i < len(windows); i++ {
		s.ratio(fmt.Sprintf("count_%s_of_%s", span(windows[i-1]), span(windows[i])), s.make("", Count, "", windows[i-1]), s.make("", Count, "", windows[i]))
	}
}

// rhythm is how regular events are, and whether the next one is overdue.
func (s series) rhythm(days int) {
	s.add("trend", Trend, "", 180)
	s.add("gap_mean", GapMean, "", days)
	s.add("gap_sd", GapSD, "", days)
	s.ratio("overdue", s.make("", Recency, "", 0), s.make("", GapMean, "", days))
}

// number is the measures of a number column.
func (s series) number(c *table.ColumnInfo) {
	middle, long := s.p.middle(), s.p.long()
	for _, days := range s.p.two() {
		s.add(c.Name+".mean", Mean, c.Name, days)
	}
	if c.Distinct == 2 {
		return // a flag: the mean is the share
	}
	for _, days := range s.p.two() {
		s.add(c.Name+".sum", Sum, c.Name, days)
	}
	s.add(c.Name+".max", Max, c.Name, long)
	s.p.add(s.make(s.name+"."+c.Name+".last", Last, c.Name, 0))
	if middle == long {
		return
	}
	s.ratio(fmt.Sprintf("%s.mean_%s_of_%s", c.Name, span(middle), span(long)), s.make("", Mean, c.Name, middle), s.make("", Mean, c.Name, long))
}

// different is how many different values a column has, and no more.
func (s series) different(c *table.ColumnInfo) {
	for _, days := range s.p.two() {
		s.add(c.Name+".distinct", Distinct, c.Name, days)
	}
}

// text is the measures of a text column: by value where there are few.
func (s series) text(info *table.TableInfo, c *table.ColumnInfo) {
	middle, long := s.p.middle(), s.p.long()
	if c.Distinct > 2 {
		s.add(c.Name+".distinct", Distinct, c.Name, long)
	}
	if c.Distinct <= someLevels && !c.ManyDistinct {
		s.p.add(s.make(s.name+"."+c.Name+".last", Last, c.Name, 0))
	}
	if c.Distinct > fewLevels || c.ManyDistinct {
		if middle != long {
			s.add(c.Name+".distinct", Distinct, c.Name, middle)
		}
		return
	}
	levels := c.Levels[:min(topLevels, len(c.Levels))]
	if len(c.Levels) == 2 {
		levels = c.Levels[1:] // the other one's share is the rest
	}
	for _, level := range levels {
		if s.lookup == "" && level.Count*100 < info.Rows {
			continue
		}
		where := &Where{Column: c.Name, Lookup: s.lookup, Value: level.Value}
		name := fmt.Sprintf("%s.%s=%s", s.name, c.Name, level.Value)
		for _, days := range s.p.two() {
			some := s.make(name+".count"+suffix(days), Count, "", days)
			some.Where = where
			s.p.add(some)
			s.p.add(Feature{Name: name + ".share" + suffix(days), Measure: Ratio, Of: []Feature{some, s.make("", Count, "", days)}})
		}
		since := s.make(name+".days_since_last", Recency, "", 0)
		since.Where = where
		s.p.add(since)
	}
}

// peers compares the unit's count with that of the others who share an
// attribute, a few of those that single out enough of them.
func (p *proposal) peers(s series) {
	type attribute struct {
		table, column string
		distinct      int
	}
	var found []attribute
	for i, t := range p.schema.Static {
		lacks := func(entity string) bool { return !slices.Contains(s.of.By, entity) }
		if slices.ContainsFunc(p.schema.entities(i), lacks) {
			continue
		}
		info := p.info(t.Table)
		for _, c := range info.Columns {
			own := t.Keys[0].Table == "" // an attribute of the entity itself
			if own && c.Kind == table.Text && usable(info, &c) && !c.ManyDistinct && c.Distinct <= mostGroups && c.Distinct*membersLeast <= info.Rows {
				found = append(found, attribute{t.Table, c.Name, c.Distinct})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b attribute) int { return b.distinct - a.distinct })
	for _, a := range found[:min(mostPeers, len(found))] {
		own := s.make("", Count, "", p.middle())
		s.ratio(fmt.Sprintf("count_%s_of_peers_by_%s", span(p.middle()), a.column), own, Feature{Measure: PeerMean, Table: a.table, Column: a.column, Of: []Feature{own}})
	}
}

// attributes proposes the columns of a static table.
func (p *proposal) attributes(t *Static) {
	info := p.info(t.Table)
	for _, c := range info.Columns {
		if slices.ContainsFunc(t.Keys, func(k Key) bool { return k.Column == c.Name }) {
			continue
		}
		name := t.Table + "." + c.Name
		switch {
		case c.Kind == table.Time && c.Distinct > 1:
			p.add(Feature{Name: name + ".days_since", Measure: Age, Table: t.Table, Column: c.Name})
		case usable(info, &c):
			p.add(Feature{Name: name, Measure: Attribute, Table: t.Table, Column: c.Name})
		}
	}
}

// entity proposes the entity columns that have few values, such as a brand.
func (p *proposal) entity() {
	for _, name := range p.schema.Entity {
		for _, e := range p.schema.Events {
			c := p.info(e.Table).Column(e.column(name))
			if c != nil && c.Kind == table.Text && c.Distinct > 1 && c.Distinct <= someLevels && !c.ManyDistinct {
				p.add(Feature{Name: name, Measure: Entity, Column: name})
				break
			}
		}
	}
}

// Columns are the columns that a feature measures or selects by, as
// table.column; not the keys and times that place the events.
func (f *Feature) Columns() []string {
	var out []string
	of := func(lookup string) string { return cmp.Or(lookup, f.Table) + "." }
	if f.Column != "" && f.Measure != Entity {
		out = append(out, of(f.Lookup)+f.Column)
	}
	if f.Where != nil {
		out = append(out, of(f.Where.Lookup)+f.Where.Column)
	}
	for i := range f.Of {
		out = append(out, f.Of[i].Columns()...)
	}
	return out
}

// Without leaves out the features that measure an excluded column. An
// exclusion without a table is of that column in every table.
func Without(features []Feature, exclude []handoff.Exclusion) []Feature {
	return slices.DeleteFunc(slices.Clone(features), func(f Feature) bool {
		return slices.ContainsFunc(f.Columns(), func(source string) bool {
			return slices.ContainsFunc(exclude, func(x handoff.Exclusion) bool {
				return source == x.Table+"."+x.Column || x.Table == "" && strings.HasSuffix(source, "."+x.Column)
			})
		})
	})
}
