package scope

import (
	"slices"

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
