package duck

import (
	"context"
	"fmt"
	"math"
	"strings"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// Load makes a table of t's rows, in their order. A Number column is a
// DOUBLE, Text a VARCHAR, Time a TIMESTAMP (UTC); missing values are NULL.
// A table that exists under the name is replaced. The engine does not tell
// names apart by letter case: two columns of one table, or two tables, that
// differ in nothing else are a Blocked problem.
func (d *DB) Load(ctx context.Context, name string, t *table.Table) error {
	if err := d.apart(name, t); err != nil {
		return fmt.Errorf("load table %s: %w", name, err)
	}
	defs := make([]string, len(t.Columns))
	for j := range t.Columns {
		c := &t.Columns[j]
		if c.Len() != t.Rows {
			panic(fmt.Sprintf("duck: column %q has %d values in a table of %d rows", c.Name, c.Len(), t.Rows))
		}
		defs[j] = Quote(c.Name) + " " + columnType(c.Kind).sql
	}
	if err := d.Exec(ctx, "CREATE OR REPLACE TABLE "+Quote(name)+" ("+strings.Join(defs, ", ")+")"); err != nil {
		return fmt.Errorf("load table %s: %w", name, err)
	}
	if err := d.fill(ctx, name, t); err != nil {
		return fmt.Errorf("load table %s: %w", name, err)
	}
	return d.account(ctx)
}

func (d *DB) fill(ctx context.Context, name string, t *table.Table) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.append(ctx, name, t)
}

// apart refuses names that differ by letter case only.
func (d *DB) apart(name string, t *table.Table) error {
	fold := func(place, a, b string) error {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.same_name", Where: place,
			What: fmt.Sprintf("%q and %q differ by letter case only", a, b), Fix: "rename one of them",
		}
	}
	seen := make(map[string]string)
	for i := range t.Columns {
		column := t.Columns[i].Name
		if other, ok := seen[strings.ToLower(column)]; ok {
			return fold(name, other, column)
		}
		seen[strings.ToLower(column)] = column
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if other, ok := d.tables[strings.ToLower(name)]; ok && other != name {
		return fold("the tables", other, name)
	}
	d.tables[strings.ToLower(name)] = name
	return nil
}

type typeName struct {
	sql string
	id  bind.Type
}

func columnType(k table.Kind) typeName {
	switch k {
	case table.Number:
		return typeName{"DOUBLE", bind.TypeDouble}
	case table.Text:
		return typeName{"VARCHAR", bind.TypeVarchar}
	}
	return typeName{"TIMESTAMP", bind.TypeTimestamp}
}

func (d *DB) append(ctx context.Context, name string, t *table.Table) error {
	var appender bind.Appender
	defer func() { bind.AppenderDestroy(&appender) }()
	if bind.AppenderCreate(d.conn, "main", name, &appender) == bind.StateError {
		return fault("append", bind.AppenderError(appender))
	}
	b := newBatch(t)
	defer b.free()
	for lo := 0; lo < t.Rows; lo += b.size {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.fill(lo, min(lo+b.size, t.Rows))
		if bind.AppendDataChunk(appender, b.chunk) == bind.StateError {
			return fault("append", bind.AppenderError(appender))
		}
	}
	if bind.AppenderClose(appender) == bind.StateError {
		return fault("append", bind.AppenderError(appender))
	}
	return nil
}

// batch is one chunk of the engine's rows, filled again and again. Text goes
// in as a dictionary of a column's levels, made once, and the codes of the
// rows, so that a row costs no call.
type batch struct {
	table *table.Table
	size  int // rows of a full chunk
	types []bind.LogicalType
	chunk bind.DataChunk
	dict  []bind.Vector          // of Text columns: the levels, then NULL
	codes []bind.SelectionVector // of Text columns: the chunk points to them
}

func newBatch(t *table.Table) *batch {
	b := &batch{
		table: t, size: int(bind.VectorSize()), dict: make([]bind.Vector, len(t.Columns)),
		codes: make([]bind.SelectionVector, len(t.Columns)),
	}
	for j := range t.Columns {
		c := &t.Columns[j]
		kind := bind.CreateLogicalType(columnType(c.Kind).id)
		b.types = append(b.types, kind)
		if c.Kind != table.Text {
			continue
		}
		n := bind.IdxT(len(c.Levels))
		v := bind.CreateVector(kind, n+1)
		for i, level := range c.Levels {
			bind.VectorAssignStringElement(v, bind.IdxT(i), level)
		}
		bind.VectorEnsureValidityWritable(v)
		bind.ValiditySetRowInvalid(bind.VectorGetValidity(v), n)
		b.dict[j], b.codes[j] = v, bind.CreateSelectionVector(bind.IdxT(b.size))
	}
	b.chunk = bind.CreateDataChunk(b.types)
	return b
}

func (b *batch) free() {
	bind.DestroyDataChunk(&b.chunk)
	for j := range b.types {
		bind.DestroySelectionVector(&b.codes[j])
		bind.DestroyVector(&b.dict[j])
		bind.DestroyLogicalType(&b.types[j])
	}
}

// fill makes the chunk hold rows lo to hi.
func (b *batch) fill(lo, hi int) {
	bind.DataChunkReset(b.chunk)
	n := hi - lo
	for j := range b.table.Columns {
		c := &b.table.Columns[j]
		v := bind.DataChunkGetVector(b.chunk, bind.IdxT(j))
		switch c.Kind {
		case table.Number:
			copy(values[float64](v, n), c.Number[lo:hi])
			setMissing(v, n, func(i int) bool { return math.IsNaN(c.Number[lo+i]) })
		case table.Time:
			copy(values[int64](v, n), c.Time[lo:hi])
			setMissing(v, n, func(i int) bool { return c.Time[lo+i] == table.NoTime })
		case table.Text:
			codes := unsafe.Slice((*uint32)(unsafe.Pointer(bind.SelectionVectorGetDataPtr(b.codes[j]))), n)
			for i, code := range c.Code[lo:hi] {
				if code < 0 {
					code = int32(len(c.Levels))
				}
				codes[i] = uint32(code)
			}
			bind.VectorReferenceVector(v, b.dict[j])
			bind.SliceVector(v, b.codes[j], bind.IdxT(n))
		}
	}
	bind.DataChunkSetSize(b.chunk, bind.IdxT(n))
}

// values is the memory of a flat vector.
func values[T any](v bind.Vector, n int) []T {
	return unsafe.Slice((*T)(bind.VectorGetData(v)), n)
}

func setMissing(v bind.Vector, n int, missing func(int) bool) {
	var mask []uint64
	for i := range n {
		if !missing(i) {
			continue
		}
		if mask == nil {
			bind.VectorEnsureValidityWritable(v)
			mask = unsafe.Slice((*uint64)(bind.VectorGetValidity(v)), (n+63)/64)
		}
		mask[i/64] &^= 1 << (i % 64)
	}
}
