package serve

import (
	"fmt"
	"math"
	"path/filepath"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// lookup is the raw columns of everybody whom a model of event features knows
// by name, as of one date. It is never changed.
type lookup struct {
	entity []feature.Input // the columns that name a unit
	place  map[string]int  // of a name in entity
	asOf   string
	values []*table.Column // in the order of the model's inputs
	rows   map[string]int32
}

// openLookup reads the table that the model's file names by its digest from
// the workspace's artifacts; nil for a model without one.
func openLookup(workspace string, about *About) (*lookup, error) {
	p := about.Points
	if p == nil {
		return nil, nil
	}
	files, err := artifact.Open(filepath.Join(workspace, "artifacts"))
	if err != nil {
		return nil, err
	}
	if err := files.Verify(p.Latest); err != nil {
		return nil, noLookup(p, err)
	}
	all, err := parquet.Read(files.Path(p.Latest), nil)
	if err != nil {
		return nil, noLookup(p, err)
	}
	l, err := newLookup(p, about.Inputs, all)
	if err != nil {
		return nil, noLookup(p, err)
	}
	return l, nil
}

func noLookup(p *modelfile.Points, err error) *problem.Problem {
	return &problem.Problem{
		Kind: problem.Failed, Code: "deploy.points", Where: p.Latest.SHA256, Cause: err,
		What: "the model's feature table of " + p.Snapshot + " cannot be read", Why: reason(err),
		Fix: "septet verify names what is damaged; put the workspace back from a copy, or run again",
	}
}

func newLookup(p *modelfile.Points, inputs []feature.Input, all *table.Table) (*lookup, error) {
	l := &lookup{entity: p.Entity, asOf: p.Snapshot, place: map[string]int{}, rows: make(map[string]int32, all.Rows)}
	take := func(in *feature.Input) (*table.Column, error) {
		c := all.Column(in.Name)
		if c == nil || c.Kind != in.Kind {
			return nil, fmt.Errorf("no %s column %q", in.Kind, in.Name)
		}
		return c, nil
	}
	for i := range inputs {
		c, err := take(&inputs[i])
		if err != nil {
			return nil, err
		}
		l.values = append(l.values, c)
	}
	keys := make([]*table.Column, len(p.Entity))
	for i := range p.Entity {
		var err error
		if keys[i], err = take(&p.Entity[i]); err != nil {
			return nil, err
		}
		l.place[p.Entity[i].Name] = i
	}
	var key []byte
	cells := make([]table.Value, len(keys))
	for row := range all.Rows {
		for i, c := range keys {
			cells[i] = valueAt(c, row)
		}
		key = l.key(key[:0], cells)
		if _, twice := l.rows[string(key)]; twice {
			return nil, fmt.Errorf("two rows have the same key")
		}
		l.rows[string(key)] = int32(row)
	}
	return l, nil
}

// valueAt is the cell as a rule would have read it.
func valueAt(c *table.Column, row int) table.Value {
	v := table.Value{Number: math.NaN(), Time: table.NoTime}
	switch c.Kind {
	case table.Number:
		v.Number = c.Number[row]
	case table.Text:
		if code := c.Code[row]; code >= 0 {
			v.Text = c.Levels[code]
		}
	case table.Time:
		v.Time = c.Time[row]
	}
	return v
}

// key appends bytes that are equal for equal cells of the entity columns, and
// for no others.
func (l *lookup) key(b []byte, cells []table.Value) []byte {
	for i := range l.entity {
		switch v := &cells[i]; l.entity[i].Kind {
		case table.Number:
			b = fixed(b, math.Float64bits(v.Number+0)) // -0 is 0
		case table.Text:
			b = append(fixed(b, uint64(len(v.Text))), v.Text...)
		case table.Time:
			b = fixed(b, uint64(v.Time))
		}
	}
	return b
}

func fixed(b []byte, v uint64) []byte {
	return append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
}

// named is what one row of a request gives of the entity columns.
type named struct {
	cells  []table.Value // per entity column
	given  []bool
	count  int
	faulty bool // a value cannot be read
	key    []byte
}

func (n *named) reset(columns int) {
	if cap(n.given) < columns {
		n.given, n.cells = make([]bool, columns), make([]table.Value, columns)
	}
	n.given, n.cells, n.count, n.faulty = n.given[:columns], n.cells[:columns], 0, false
	clear(n.given)
}

// width is the number of columns that name a unit.
func (l *lookup) width() int {
	if l == nil {
		return 0
	}
	return len(l.entity)
}

// find gives the place of a column that names a unit.
func (l *lookup) find(name string) (key int, isKey bool) {
	if l == nil {
		return 0, false
	}
	key, isKey = l.place[name]
	return key, isKey
}

// read reads the value of a column that names a unit.
func (l *lookup) read(s *scanner, b *batch, key int) {
	n, name := &b.named, l.entity[key].Name
	if n.given[key] {
		b.fault(b.pointer(name), "is given twice", "give each column once")
		s.skip(3)
		return
	}
	n.given[key] = true
	n.count++
	if reason := readCell(s, &l.entity[key].CellRule, &n.cells[key]); reason != "" {
		b.fault(b.pointer(name), reason, "")
		n.faulty = true
	}
}

// fill writes the raw columns of whom the row names into cells. Someone whom
// the table does not know is a fault.
func (l *lookup) fill(b *batch, cells []table.Value) {
	if n := &b.named; n.count < len(l.entity) || n.faulty {
		for i, given := range n.given {
			if !given {
				b.fault(b.pointer(l.entity[i].Name), "is missing", "give all columns that name the unit, or all columns of the model")
			}
		}
		return
	}
	b.named.key = l.key(b.named.key[:0], b.named.cells)
	row, known := l.rows[string(b.named.key)]
	if !known {
		at := ""
		if len(l.entity) == 1 {
			at = l.entity[0].Name
		}
		b.unknown++
		b.fault(b.pointer(at), "is not known as of "+l.asOf, "give all columns of the model, or name somebody whom the rule of its label could be asked about then")
		return
	}
	b.looked++
	for i, c := range l.values {
		cells[i] = valueAt(c, int(row))
	}
}
