package scope

import (
	"slices"

	"github.com/septet-ml/septet/table"
)

// withhold takes the values of columns that name single units out of the
// catalog that is handed over: keys of the unit and other keys. They
// helped to find out what the tables are; nobody after needs them, and whose
// they are is nobody's business who reads a handoff.
func (d *draft) withhold() {
	tables := slices.Clone(d.Tables)
	for i := range tables {
		t := &d.Tables[i]
		tables[i].Columns = slices.Clone(t.Columns)
		for k := range d.columns {
			c := &d.columns[k]
			if c.table != t || !slices.Contains(d.Entity, c.Name) && !entityKey(c) && !isKey(c) {
				continue
			}
			at := slices.IndexFunc(t.Columns, func(info table.ColumnInfo) bool { return info.Name == c.Name })
			if at >= 0 && t.Columns[at].Distinct > fewUnits {
				tables[i].Columns[at].Levels = nil
			}
		}
	}
	d.Tables = tables
}

// fewUnits is the number of values up to which a column that is called as a
// key is still a category: region ids, not persons.
const fewUnits = 20
