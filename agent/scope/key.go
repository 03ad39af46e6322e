package scope

import (
	"strings"

	"github.com/septet-ml/septet/table"
)

// isKey tells whether a column only tells rows or entities apart: every value
// is another one and the name or the values say so, or the name says that it
// is a key and there are very many values.
func isKey(col *column) bool {
	if col.present() < 2 || col.Kind == table.Time {
		return false
	}
	named := namedKey(col.parts)
	whole := col.Kind == table.Number && col.Integer
	switch {
	case col.Kind == table.Number && !col.Integer:
		return false
	case named && (col.ManyDistinct || col.Distinct > 50 && 20*col.Distinct > col.present()):
		return true
	case col.table.Rows < 20 || !col.unique() && !nearlyUnique(col):
		return false
	case whole:
		// Numbers one after another count the rows.
		return counts(col.table, col.ColumnInfo)
	}
	return col.MeanWords <= 1 && col.MaxLength <= 64
}

// nearlyUnique tells whether a text column has more values than can be
// counted, and they fill nearly all rows.
func nearlyUnique(col *column) bool {
	return col.Kind == table.Text && col.ManyDistinct && len(col.Levels) == 0 && 10*col.Distinct > 9*col.present()
}

// entityKey tells whether a column is named as keys of entities are that come
// again; a number of something (FlightNum) may be its label only.
func entityKey(col *column) bool {
	last := col.parts[len(col.parts)-1].lower
	return namedKey(col.parts) && !strings.HasSuffix(last, "num") && !strings.HasSuffix(last, "number") && last != "no" && last != "nr"
}

// namedKey tells whether the words of a column's name end as names of keys do:
// "customer_id", "EmployeeNumber", "customerid".
func namedKey(parts []word) bool {
	if len(parts) == 0 {
		return false
	}
	last := parts[len(parts)-1].lower
	if idWords[last] || parts[0].lower == "id" {
		return true // id_cliente: some languages put it first
	}
	return len(parts) == 1 && len(last) > 4 && (strings.HasSuffix(last, "id") && nounStems[stem(last[:len(last)-2])] ||
		strings.HasSuffix(last, "num") || strings.HasSuffix(last, "number") || strings.HasSuffix(last, "uuid"))
}
