package serve

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// maxFaults bounds the faults that an answer lists; the rest are counted.
const maxFaults = 100

// form is how the rows of one model are read:
//
//	{"rows": [{column: value, ...}, ...], "intervals": true, "explain": 3}
//
// "intervals" asks for intervals or sets of classes, "explain" for that many
// reasons a row; both may be left out.
//
// A value is a number, a text, true, false or null, read by the rule that read
// the column's cells in training; null is a missing value. Every column of the
// model has to be there or, where the server has a table of their values, just
// the columns that name a unit. Other columns are counted and ignored.
type form struct {
	inputs []feature.Input
	index  map[string]int
	lookup *lookup // nil where rows cannot be looked up
	sets   bool    // the model makes intervals or sets
}

func newForm(inputs []feature.Input) *form {
	f := &form{inputs: inputs, index: make(map[string]int, len(inputs))}
	for i := range inputs {
		f.index[inputs[i].Name] = i
	}
	return f
}

// batch is what was read of one request, in buffers that are used again. Its
// texts lie in the request's body and the scanner's arena.
type batch struct {
	rows    int
	sets    bool          // intervals or sets of classes are asked for
	reasons int           // asked for a row; 0: none
	cells   []table.Value // rows × inputs
	extra   int           // values of columns that the model does not take
	faults  []handoff.Fault
	more    int // faults beyond maxFaults

	looked  int // rows whose values were looked up
	unknown int // rows that name somebody whom the lookup does not know; a fault each
	named   named

	seen []int // per input: the row (from 1) that gave it last
	next int   // the input that is expected next
}

func (b *batch) reset(inputs int) {
	b.rows, b.extra, b.more, b.next, b.looked, b.unknown, b.reasons = 0, 0, 0, 0, 0, 0, 0
	b.cells, b.faults, b.sets = b.cells[:0], b.faults[:0], false
	if cap(b.seen) < inputs {
		b.seen = make([]int, inputs)
	}
	b.seen = b.seen[:inputs]
	clear(b.seen)
}

func (b *batch) fault(pointer, reason, fix string) {
	if len(b.faults) == maxFaults {
		b.more++
		return
	}
	b.faults = append(b.faults, handoff.Fault{Pointer: pointer, Reason: reason, Fix: fix})
}

// onlyUnknown tells whether all that is wrong is that rows name somebody whom
// the lookup does not know: another model may know them.
func (b *batch) onlyUnknown() bool {
	return b.unknown > 0 && b.unknown == len(b.faults)+b.more
}

// read reads a request's body. b has no faults if, and only if, every row of
// it can be scored.
func (f *form) read(s *scanner, b *batch, maxRows int) {
	b.reset(len(f.inputs))
	found := false
	s.want('{')
	for first := true; s.more(first, '}'); first = false {
		name := s.text()
		s.want(':')
		switch {
		case s.fault != "":
		case name == "intervals":
			f.readSets(s, b)
		case name == "explain":
			f.readExplain(s, b)
		case name != "rows":
			b.fault("", "has an unknown member", `give {"rows": [{column: value}]}`)
			s.skip(1)
		case found:
			b.fault("/rows", "is given twice", "give it once")
			s.skip(1)
		default:
			found = true
			f.readRows(s, b, maxRows)
		}
	}
	if s.fault == "" && s.next() != 0 || s.pos < len(s.data) {
		s.fail("something follows the request")
	}
	switch {
	case s.fault != "":
		b.fault("", fmt.Sprintf("%s at byte %d", s.fault, s.at+1), `give JSON: {"rows": [{column: value}]}`)
	case !found:
		b.fault("/rows", "is missing", `give {"rows": [{column: value}]}`)
	case b.rows == 0 && len(b.faults) == 0:
		b.fault("/rows", "has no row", "give at least one row")
	}
}

func (f *form) readRows(s *scanner, b *batch, maxRows int) {
	if s.next() != '[' {
		b.fault("/rows", "is not a list", `give {"rows": [{column: value}]}`)
		s.skip(1)
		return
	}
	s.pos++
	for first := true; s.more(first, ']'); first = false {
		if b.rows == maxRows {
			b.fault("/rows", fmt.Sprintf("has more than %d rows", maxRows), "send the rows in several requests")
			s.fail("too many rows")
			return
		}
		b.rows++
		if s.next() != '{' {
			b.fault(b.pointer(""), "is not an object", "give {column: value}")
			s.skip(2)
			continue
		}
		f.readRow(s, b)
	}
}

func (f *form) readRow(s *scanner, b *batch) {
	base := len(b.cells)
	for range f.inputs {
		b.cells = append(b.cells, table.Value{})
	}
	row := b.cells[base:]
	b.named.reset(f.lookup.width())
	s.want('{')
	given, shared := 0, 0 // the model's columns that the row has; those of them that name the unit
	for first := true; s.more(first, '}'); first = false {
		name := s.text()
		s.want(':')
		if s.fault != "" {
			return
		}
		i, known := f.find(name, b.next)
		if key, isKey := f.lookup.find(name); isKey && !known {
			f.lookup.read(s, b, key)
			continue
		} else if isKey && b.seen[i] != b.rows {
			start := s.pos
			f.lookup.read(s, b, key)
			s.pos = start // it is one of the model's own columns, too
			shared++
		}
		switch {
		case s.fault != "":
			return
		case !known:
			b.extra++
			s.skip(3)
			continue
		case b.seen[i] == b.rows:
			b.fault(b.pointer(name), "is given twice", "give each column once")
			s.skip(3)
			continue
		}
		b.seen[i] = b.rows
		b.next = i + 1
		given++
		if reason := readCell(s, &f.inputs[i].CellRule, &row[i]); reason != "" {
			b.fault(b.pointer(name), reason, "give a "+f.inputs[i].Kind.String()+" as in the training table, or null")
		}
	}
	b.next = 0
	switch {
	case s.fault != "":
	case given == len(f.inputs):
		b.extra += b.named.count - shared
	case f.lookup != nil && given == shared:
		f.lookup.fill(b, row)
	default:
		f.missing(b)
	}
}

// find gives the input of a name; expected is tried first, since callers give
// the columns in the same order again and again.
func (f *form) find(name string, expected int) (input int, known bool) {
	if expected < len(f.inputs) && f.inputs[expected].Name == name {
		return expected, true
	}
	input, known = f.index[name]
	return input, known
}

func (f *form) missing(b *batch) {
	for i := range f.inputs {
		if b.seen[i] != b.rows {
			b.fault(b.pointer(f.inputs[i].Name), "is missing", "give the column; null where it has no value")
		}
	}
}

// readCell reads one value by the rule and gives what is wrong with it.
func readCell(s *scanner, rule *table.CellRule, v *table.Value) (reason string) {
	var state table.State
	switch s.next() {
	case '"':
		*v, state = rule.Read(s.text())
	case '{', '[':
		s.skip(3)
		return "is not a single value"
	case 't':
		s.word("true")
		*v, state = rule.Read(truth(rule, 1))
	case 'f':
		s.word("false")
		*v, state = rule.Read(truth(rule, 0))
	case 'n':
		s.word("null")
		*v, state = rule.Read("")
	default:
		*v, state = rule.ReadLiteral(s.number())
	}
	if state == table.Invalid && s.fault == "" {
		return "is not a " + rule.Kind.String()
	}
	return ""
}

// truth is how the column's file spells false (0) and true (1).
func truth(rule *table.CellRule, i int) string {
	if len(rule.Bool) == 2 {
		return rule.Bool[i]
	}
	return [...]string{"false", "true"}[i]
}

// pointer is the JSON Pointer (RFC 6901) of a column of the row being read,
// or of the row.
func (b *batch) pointer(column string) string {
	p := "/rows/" + strconv.Itoa(b.rows-1)
	if column != "" {
		p += "/" + escapePointer(column)
	}
	return p
}

func escapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}
