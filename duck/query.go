package duck

import (
	"context"
	"fmt"
	"math"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"

	"github.com/septet-ml/septet/table"
)

// Query runs one statement and gives its result: BOOLEAN (0, 1), integers of
// up to 64 bits (rounded beyond 2^53), FLOAT and DOUBLE as Number, VARCHAR as
// Text with the levels in the order of first appearance, DATE and TIMESTAMP
// as Time. NULL, NaN and infinities are missing. A column of another type is
// an error: cast it. Values for the parameters $1, $2, ... are string,
// float64, int, int64, bool, time.Time or nil.
func (d *DB) Query(ctx context.Context, sql string, args ...any) (*table.Table, error) {
	var out *table.Table
	err := d.run(ctx, sql, args, func(result *bind.Result) error {
		columns, err := readers(result)
		if err != nil {
			return err
		}
		rows := 0
		for {
			chunk := bind.FetchChunk(*result)
			if chunk.Ptr == nil {
				break
			}
			n := int(bind.DataChunkGetSize(chunk))
			for j, c := range columns {
				c.read(bind.DataChunkGetVector(chunk, bind.IdxT(j)), n)
			}
			rows += n
			bind.DestroyDataChunk(&chunk)
		}
		out = &table.Table{Rows: rows}
		for _, c := range columns {
			out.Columns = append(out.Columns, c.Column)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("query: %w", err)
	}
	return out, nil
}

// reader gathers one column of a result.
type reader struct {
	table.Column
	kind  bind.Type
	known map[string]int32 // of Text: code of each level
}

func readers(result *bind.Result) ([]*reader, error) {
	out := make([]*reader, bind.ColumnCount(result))
	for j := range out {
		i := bind.IdxT(j)
		r := &reader{kind: bind.ColumnType(result, i)}
		r.Name = bind.ColumnName(result, i)
		switch r.kind {
		case bind.TypeBoolean, bind.TypeTinyInt, bind.TypeSmallInt, bind.TypeInteger, bind.TypeBigInt, bind.TypeFloat, bind.TypeDouble:
			r.Kind, r.Number = table.Number, []float64{}
		case bind.TypeVarchar:
			r.Kind, r.Code, r.known = table.Text, []int32{}, map[string]int32{}
		case bind.TypeDate, bind.TypeTimestamp:
			r.Kind, r.Time = table.Time, []int64{}
		default:
			return nil, fmt.Errorf("column %q of the result has a type without a kind (%d): cast it", r.Name, r.kind)
		}
		out[j] = r
	}
	return out, nil
}

// read appends the n values of a vector.
func (r *reader) read(v bind.Vector, n int) {
	var mask []uint64 // nil: nothing is NULL
	if p := bind.VectorGetValidity(v); p != nil {
		mask = unsafe.Slice((*uint64)(p), (n+63)/64)
	}
	null := func(i int) bool { return mask != nil && mask[i/64]>>(i%64)&1 == 0 }
	switch r.kind {
	case bind.TypeBoolean, bind.TypeTinyInt:
		numbers(r, values[int8](v, n), null)
	case bind.TypeSmallInt:
		numbers(r, values[int16](v, n), null)
	case bind.TypeInteger:
		numbers(r, values[int32](v, n), null)
	case bind.TypeBigInt:
		numbers(r, values[int64](v, n), null)
	case bind.TypeFloat:
		numbers(r, values[float32](v, n), null)
	case bind.TypeDouble:
		numbers(r, values[float64](v, n), null)
	case bind.TypeDate:
		const microsecondsPerDay = 24 * 60 * 60 * 1_000_000
		times(r, values[int32](v, n), microsecondsPerDay, null)
	case bind.TypeTimestamp:
		times(r, values[int64](v, n), 1, null)
	case bind.TypeVarchar:
		r.texts(values[text](v, n), null)
	}
}

func numbers[T int8 | int16 | int32 | int64 | float32 | float64](r *reader, in []T, null func(int) bool) {
	for i, x := range in {
		f := float64(x)
		if null(i) || math.IsInf(f, 0) {
			f = math.NaN()
		}
		r.Number = append(r.Number, f)
	}
}

func times[T int32 | int64](r *reader, in []T, unit int64, null func(int) bool) {
	for i, x := range in {
		at := int64(x) * unit
		if null(i) {
			at = table.NoTime
		}
		r.Time = append(r.Time, at)
	}
}

// text is duckdb_string_t: up to 12 bytes in place, or 4 of them and a
// pointer to all.
type text struct {
	length uint32
	inline [12]byte
}

// bytes is the engine's memory: it must not be kept.
func (t *text) bytes() []byte {
	if t.length <= 12 {
		return t.inline[:t.length]
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&t.inline[4])), t.length)
}

func (r *reader) texts(in []text, null func(int) bool) {
	for i := range in {
		if null(i) {
			r.Code = append(r.Code, table.Missing)
			continue
		}
		b := in[i].bytes()
		code, ok := r.known[string(b)]
		if !ok {
			code = int32(len(r.Levels))
			r.Levels = append(r.Levels, string(b))
			r.known[r.Levels[code]] = code
		}
		r.Code = append(r.Code, code)
	}
}
