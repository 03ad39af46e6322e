// Package event makes features of events that were known before a snapshot.
//
// A Feature is data: whose events, which of them, what is measured, over how
// many days. One compiler (compile.go) turns a list of features and a spine,
// which is a table of entities and snapshots, into SQL, and Build runs it.
// Training gives it the spine of label snapshots, a prediction as of a date
// the spine of that date, and what the endpoint looks up is that same result
// kept; the bits of a row depend on the tables, its entity and its snapshot
// only, never on the other rows of the spine.
//
// Time is strict. An event is known from its own time on or, where the table
// says when it was reported, from the later of the two; only what was known
// before the snapshot counts. Sums are taken in whole billionths, and nothing
// depends on the order of rows or on the number of threads.
package event

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/learn"
)

// Schema is how the tables hang together. Discover finds it. It is plain data
// and travels with the features.
type Schema struct {
	Entity []string `json:"entity"` // columns of the spine that name the unit of analysis
	Events []Events `json:"events"`
	Static []Static `json:"static"` // a table stands after those that its keys refer to
}

// Events is a table of dated rows about entities.
type Events struct {
	Table    string `json:"table"`
	Time     string `json:"time"`
	Reported string `json:"reported"` // when the row became known; "" where that is its time
	Keys     []Key  `json:"keys"`     // one for each entity column that the table has

	Lookups []Lookup `json:"lookups,omitempty"` // in the order of the tables
}

// Lookup is a table of attributes of which every row of events leads to one
// row at most: the products of orders.
type Lookup struct {
	Table  string `json:"table"`
	Column string `json:"column"` // of the events
	Key    string `json:"key"`    // of the table
}

// lookup finds a table that the events lead to; nil where they do not.
func (e *Events) lookup(name string) *Lookup {
	i := slices.IndexFunc(e.Lookups, func(l Lookup) bool { return l.Table == name })
	if i < 0 {
		return nil
	}
	return &e.Lookups[i]
}

// Static is a table without a time: attributes. Where several rows have one
// key, an attribute is the smallest of their values.
type Static struct {
	Table string `json:"table"`
	Keys  []Key  `json:"keys"` // all must be equal

	// Updated is when a row got its values: a row with a later one is not
	// known at a snapshot. "" where the table stands as it is.
	Updated string `json:"updated,omitempty"`
}

// Key says that Column of the table holds values of Other, which is an entity
// column or, where Table is not "", a column of that static table.
type Key = label.Key

// Links are the ways of all tables to the entity, for filters on them.
func (s *Schema) Links() []label.Link {
	var out []label.Link
	for _, e := range s.Events {
		out = append(out, label.Link{Table: e.Table, Time: e.Time, Reported: e.Reported, Keys: e.Keys})
	}
	for _, e := range s.Events {
		for _, l := range e.Lookups { // of several tables of events the first
			if !slices.ContainsFunc(out, func(known label.Link) bool { return known.Table == l.Table }) {
				out = append(out, label.Link{Table: l.Table, Keys: []Key{{Column: l.Key, Table: e.Table, Other: l.Column}}})
			}
		}
	}
	for _, t := range s.Static {
		out = append(out, label.Link{Table: t.Table, Keys: t.Keys})
	}
	return out
}

// events finds a table of events; nil where there is none of the name.
func (s *Schema) events(name string) *Events {
	i := slices.IndexFunc(s.Events, func(e Events) bool { return e.Table == name })
	if i < 0 {
		return nil
	}
	return &s.Events[i]
}

// static finds a static table's place; -1 where there is none of the name.
func (s *Schema) static(name string) int {
	return slices.IndexFunc(s.Static, func(t Static) bool { return t.Table == name })
}

// path is static table i after those that lead to it from the entity, each
// once.
func (s *Schema) path(i int) []int {
	needed := make([]bool, i+1)
	needed[i] = true
	var out []int
	for j := i; j >= 0; j-- {
		if !needed[j] {
			continue
		}
		out = append(out, j)
		for _, k := range s.Static[j].Keys {
			if k.Table != "" {
				needed[s.static(k.Table)] = true
			}
		}
	}
	slices.Reverse(out)
	return out
}

// entities are the entity columns that lead to static table i.
func (s *Schema) entities(i int) []string {
	var out []string
	for _, j := range s.path(i) {
		for _, k := range s.Static[j].Keys {
			if k.Table == "" {
				out = append(out, k.Other)
			}
		}
	}
	return out
}

// column is the table's column for an entity column; "" where it has none.
func (e *Events) column(entity string) string {
	for _, k := range e.Keys {
		if k.Other == entity {
			return k.Column
		}
	}
	return ""
}

// Measure is what a feature measures of the events it looks at.
type Measure string

const (
	Count    Measure = "count"
	Sum      Measure = "sum"      // of a number column; 0 without events
	Mean     Measure = "mean"     // of a number column
	Min      Measure = "min"      // of a number column
	Max      Measure = "max"      // of a number column
	Distinct Measure = "distinct" // number of different values of a column
	Last     Measure = "last"     // value of a column at the newest event; the largest where several are newest
	Recency  Measure = "recency"  // days from the newest event to the snapshot
	Tenure   Measure = "tenure"   // days from the oldest event to the snapshot
	GapMean  Measure = "gap_mean" // mean days from one event becoming known to the next
	GapSD    Measure = "gap_sd"   // their standard deviation; two gaps or more
	Trend    Measure = "trend"    // least-squares slope of the counts of six equal parts of the window, over their mean

	Ratio    Measure = "ratio"     // Of[0] / Of[1]
	PeerMean Measure = "peer_mean" // of Of[0], a count or a sum, over all entities with an event that share the attribute Table.Column

	Attribute Measure = "attribute" // a static table's column
	Age       Measure = "age"       // days from a static table's time to the snapshot; missing from the snapshot on
	Entity    Measure = "entity"    // an entity column itself
)

// Feature is one column of what a model is fitted on, as data. A measure that
// has nothing to measure is missing, except for Count, Sum and Distinct.
type Feature struct {
	Name    string    `json:"name"` // unique in a list
	Measure Measure   `json:"measure"`
	Table   string    `json:"table,omitempty"`
	Column  string    `json:"column,omitempty"`
	Lookup  string    `json:"lookup,omitempty"` // the table that Column is of, where it is a lookup of Table
	By      []string  `json:"by,omitempty"`     // entity columns that an event must share
	Where   *Where    `json:"where,omitempty"`  // only events with this value
	Days    int       `json:"days,omitempty"`   // length of the window before the snapshot; 0 is all history
	Of      []Feature `json:"of,omitempty"`     // operands of Ratio and PeerMean

	Formula       string   `json:"formula"`        // in words
	SourceColumns []string `json:"source_columns"` // table.column, sorted
	AsOf          string   `json:"as_of"`          // the rule of time in words
}

// Where is a text column that must have a value.
type Where struct {
	Column string `json:"column"`
	Lookup string `json:"lookup,omitempty"` // the table that Column is of, where it is a lookup of the events
	Value  string `json:"value"`
}

// mostDays is the longest window, about a century.
const mostDays = 36_600

// Check finds the first thing in the schema and the features that cannot be
// compiled: an unknown table, measure or key, an operand that is missing.
// Whether the columns exist is seen when they are used.
func Check(s *Schema, features []Feature) error {
	for i, t := range s.Static {
		for _, k := range t.Keys {
			at := s.static(k.Table)
			if k.Table == "" && !slices.Contains(s.Entity, k.Other) || k.Table != "" && (at < 0 || at >= i) {
				return fmt.Errorf("event schema: table %q has no way to the entity by its key %q", t.Table, k.Column)
			}
		}
		if len(t.Keys) == 0 {
			return fmt.Errorf("event schema: table %q has no key", t.Table)
		}
	}
	names := make(map[string]bool)
	for i := range features {
		f := &features[i]
		if names[f.Name] {
			return fmt.Errorf("event features: two are called %q", f.Name)
		}
		names[f.Name] = true
		if err := check(s, f); err != nil {
			return fmt.Errorf("event feature %q: %w", f.Name, err)
		}
	}
	return nil
}

func check(s *Schema, f *Feature) error {
	operands := map[Measure]int{Ratio: 2, PeerMean: 1}[f.Measure]
	if len(f.Of) != operands {
		return fmt.Errorf("%s takes %d operands, not %d", f.Measure, operands, len(f.Of))
	}
	for i := range f.Of {
		if err := check(s, &f.Of[i]); err != nil {
			return err
		}
	}
	switch f.Measure {
	case Ratio:
		return nil
	case PeerMean:
		if of := f.Of[0]; of.Measure != Count && of.Measure != Sum || of.Where != nil || of.Lookup != "" {
			return fmt.Errorf("peers are compared by a count or a sum of all events, not by %s", of.Measure)
		}
		if err := checkStatic(s, f); err != nil {
			return err
		}
		for _, entity := range s.entities(s.static(f.Table)) {
			if !slices.Contains(f.Of[0].By, entity) {
				return fmt.Errorf("the attribute %s.%s belongs to %q, the measure does not", f.Table, f.Column, entity)
			}
		}
		return nil
	case Attribute, Age:
		return checkStatic(s, f)
	case Entity:
		if !slices.Contains(s.Entity, f.Column) {
			return fmt.Errorf("%q is no entity column", f.Column)
		}
		return nil
	case Count, Recency, Tenure, GapMean, GapSD, Trend, Sum, Mean, Min, Max, Distinct, Last:
	default:
		return fmt.Errorf("measure %q: %w", f.Measure, learn.ErrUnknown)
	}
	e := s.events(f.Table)
	if e == nil {
		return fmt.Errorf("there is no table of events %q", f.Table)
	}
	if len(f.By) == 0 || !slices.IsSorted(f.By) || f.Days < 0 || f.Days > mostDays || f.Measure == Last && f.Days > 0 || f.Measure == Trend && (f.Days == 0 || f.Days%6 != 0) {
		return fmt.Errorf("its entity columns or its days are wrong")
	}
	for _, by := range f.By {
		if e.column(by) == "" || !slices.Contains(s.Entity, by) {
			return fmt.Errorf("table %q has no key for %q", f.Table, by)
		}
	}
	needs := slices.Contains([]Measure{Sum, Mean, Min, Max, Distinct, Last}, f.Measure)
	if needs != (f.Column != "") {
		return fmt.Errorf("%s with column %q", f.Measure, f.Column)
	}
	if f.Where != nil && !slices.Contains([]Measure{Count, Recency}, f.Measure) {
		return fmt.Errorf("%s takes no condition", f.Measure)
	}
	if f.Lookup != "" && e.lookup(f.Lookup) == nil || f.Where != nil && f.Where.Lookup != "" && e.lookup(f.Where.Lookup) == nil {
		return fmt.Errorf("the events of %q do not lead to its table", f.Table)
	}
	return nil
}

func checkStatic(s *Schema, f *Feature) error {
	if s.static(f.Table) < 0 || f.Column == "" {
		return fmt.Errorf("there is no static table %q with a column %q", f.Table, f.Column)
	}
	return nil
}
