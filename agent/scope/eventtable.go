package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// isEventTable tells whether rows of a table are events of recurring keys.
func (d *draft) isEventTable(t *table.TableInfo) bool {
	return d.eventTime(t) != nil && len(d.recurring(t)) > 0
}

// recurring are the key columns of a table whose values come again: those that
// are named as keys of entities or lead to another table, else those that are
// named as numbers of something.
func (d *draft) recurring(t *table.TableInfo) []*column {
	var keys, numbers []*column
	for i := range d.columns {
		c := &d.columns[i]
		if c.table != t || !c.repeats() || counter(c) || c.Distinct < 2 || c.Kind != table.Text && !c.Integer {
			continue
		}
		if entityKey(c) || d.refers(c) {
			keys = append(keys, c)
		} else if namedKey(c.parts) {
			numbers = append(numbers, c)
		}
	}
	if len(keys) == 0 {
		return numbers
	}
	return keys
}

// refers tells whether another table has a column of the name that is another
// one in every row there: many of the one belong to one of the other.
func (d *draft) refers(c *column) bool {
	return slices.ContainsFunc(d.columns, func(other column) bool {
		return other.table != c.table && other.squashed == c.squashed && other.unique() && other.values >= 20
	})
}

func (d *draft) eventTables() []*table.TableInfo {
	var out []*table.TableInfo
	for i := range d.tables {
		if t := &d.tables[i]; d.isEventTable(t) {
			out = append(out, t)
		}
	}
	return out
}

// What is done for its own sake, and what is done to people.
var (
	dealings = []string{"prescription", "rx", "script", "transaction", "order", "purchase", "sale", "invoice", "payment", "visit", "claim", "booking", "event", "activity", "dispense", "session"}
	contacts = []string{"call", "email", "mail", "promotion", "campaign", "contact", "sample", "message", "plan"}
)

// chooseEventTable finds the table whose events make the label.
func (d *draft) chooseEventTable() error {
	spec := ""
	if d.spec.Label != nil {
		spec = d.spec.Label.EventTable
	}
	tables := d.eventTables()
	if name, where, ok := d.given("/label/event_table", "", "", "events", spec); ok {
		for i := range d.tables {
			if d.tables[i].Name == name {
				d.main = &d.tables[i]
				return nil
			}
		}
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_table", Where: where, What: fmt.Sprintf("there is no table %q", name), Why: d.holds(),
			Nearest: names(tables), Fix: "name one of the tables",
		}
	}
	score := d.eventScore
	slices.SortStableFunc(tables, func(a, b *table.TableInfo) int { return score(b) - score(a) })
	if len(tables) == 0 {
		return &problem.Problem{Kind: problem.Blocked, Code: "scope.no_table", Where: "/label/event_table", What: "no table holds events", Why: d.holds(), Fix: "give a table with a date and a key in each row"}
	}
	if len(tables) > 1 && score(tables[0]) == score(tables[1]) {
		options := names(tables)
		answer, ok := d.ask(handoff.Question{ID: "events", Type: "choice", Options: options, Default: &options[0], Text: "The events of which table make the answer?"}, "several tables hold events")
		if !ok {
			return d.waiting()
		}
		tables = tables[slices.Index(options, answer):]
	}
	d.main = tables[0]
	d.clause("/label/event_table", "table "+d.main.Name, fromData)
	if len(d.eventTables()) > 1 {
		d.assume(0.8, "of the tables with events it fits the request best; --set events=TABLE says otherwise", "the events of table %s make the answer", d.main.Name)
	}
	return nil
}

// eventScore is how well a table of events fits: words of the request in its
// name, values of it in the request, dealings before contacts.
func (d *draft) eventScore(t *table.TableInfo) int {
	score := 0
	for _, w := range d.r.words {
		if w.sign || stops[w.lower] || w.role == nothing {
			continue
		}
		if d.isCalled(t, w) {
			score += 8
		}
		if slices.ContainsFunc(d.recurring(t), func(c *column) bool { return d.keyOf(c, w) }) {
			score += 4
		}
		for i := range t.Columns {
			if len(w.lower) > 2 && slices.ContainsFunc(t.Columns[i].Levels, func(l table.Level) bool { return strings.EqualFold(l.Value, w.text) }) {
				score += 2
				break
			}
		}
	}
	for _, p := range d.nameOf(t) {
		if slices.ContainsFunc(dealings, func(x string) bool { return stem(x) == p.stem }) {
			score += 3
		}
		if slices.ContainsFunc(contacts, func(x string) bool { return stem(x) == p.stem }) {
			score--
		}
	}
	return score
}

// nameOf is the words of a table's name.
func (d *draft) nameOf(t *table.TableInfo) []word {
	for i := range d.tables {
		if &d.tables[i] == t {
			return d.catalog.names[i]
		}
	}
	return nil
}

// isCalled tells whether a table's name has a word of the request.
func (d *draft) isCalled(t *table.TableInfo, w word) bool {
	return slices.ContainsFunc(d.nameOf(t), func(p word) bool { return d.alike(w, p) >= 0.75 })
}

func names(tables []*table.TableInfo) []string {
	out := make([]string, len(tables))
	for i, t := range tables {
		out[i] = t.Name
	}
	return out
}
