// Package parquet keeps a table in an Apache Parquet file that any tool reads:
// a Number column is DOUBLE, a Text column STRING, a Time column TIMESTAMP in
// microseconds UTC; a missing value is null.
//
// Equal tables give equal bytes. What is read back equals what was written,
// except that the levels of a Text column are those that rows have, in the
// order of first appearance.
package parquet

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/septet-ml/septet/table"
)

// groupRows is the number of rows in a row group, the last one apart.
const groupRows = 1 << 16

var instant = &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}

// Write writes t. Column names must differ.
func Write(to io.Writer, t *table.Table) error {
	rows := make([]int32, t.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	return WriteRows(to, t, rows)
}

// WriteRows writes the given rows of t, in their order. The bytes are those of
// Write of a table that has no other rows, but no such table is made.
func WriteRows(to io.Writer, t *table.Table, rows []int32) error {
	fields := make([]arrow.Field, len(t.Columns))
	seen := map[string]bool{}
	for i := range t.Columns {
		c := &t.Columns[i]
		if seen[c.Name] {
			return fmt.Errorf("write parquet: two columns are called %q", c.Name)
		}
		seen[c.Name] = true
		if c.Len() != t.Rows {
			return fmt.Errorf("write parquet: column %q has %d rows, the table %d", c.Name, c.Len(), t.Rows)
		}
		fields[i] = arrow.Field{Name: c.Name, Type: arrowType(c.Kind), Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	properties := parquet.NewWriterProperties(
		parquet.WithCreatedBy("septet"), parquet.WithVersion(parquet.V2_LATEST),
		parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDictionaryDefault(true),
		parquet.WithMaxRowGroupLength(groupRows))
	writer, err := pqarrow.NewFileWriter(schema, onlyWriter{to}, properties, pqarrow.DefaultWriterProps())
	if err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	for from := 0; from < len(rows); from += groupRows {
		if err := writeGroup(writer, schema, t, rows[from:min(from+groupRows, len(rows))]); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
	}
	if err := writer.Close(); err != nil {
		return fmt.Errorf("write parquet: %w", err)
	}
	return nil
}

// onlyWriter hides Close: who opened the file closes it.
type onlyWriter struct{ io.Writer }

func arrowType(kind table.Kind) arrow.DataType {
	switch kind {
	case table.Number:
		return arrow.PrimitiveTypes.Float64
	case table.Text:
		return arrow.BinaryTypes.String
	}
	return instant
}

func writeGroup(writer *pqarrow.FileWriter, schema *arrow.Schema, t *table.Table, rows []int32) error {
	arrays := make([]arrow.Array, len(t.Columns))
	for i := range t.Columns {
		arrays[i] = arrowArray(&t.Columns[i], rows)
	}
	return writer.Write(array.NewRecordBatch(schema, arrays, int64(len(rows))))
}

func arrowArray(c *table.Column, rows []int32) arrow.Array {
	switch c.Kind {
	case table.Number:
		b := array.NewFloat64Builder(memory.DefaultAllocator)
		b.Reserve(len(rows))
		for _, r := range rows {
			if v := c.Number[r]; math.IsNaN(v) {
				b.AppendNull()
			} else {
				b.Append(v)
			}
		}
		return b.NewArray()
	case table.Text:
		b := array.NewStringBuilder(memory.DefaultAllocator)
		for _, r := range rows {
			if code := c.Code[r]; code < 0 {
				b.AppendNull()
			} else {
				b.Append(c.Levels[code])
			}
		}
		return b.NewArray()
	}
	b := array.NewTimestampBuilder(memory.DefaultAllocator, instant)
	for _, r := range rows {
		if at := c.Time[r]; at == table.NoTime {
			b.AppendNull()
		} else {
			b.Append(arrow.Timestamp(at))
		}
	}
	return b.NewArray()
}

// Read reads the named columns of a file that Write wrote, in the order of the
// names; nil means all.
func Read(path string, columns []string) (*table.Table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	defer f.Close()
	return ReadFrom(f, columns)
}

// ReadFrom is Read from an open file. Damaged bytes give an error, and take no
// more memory than a fixed multiple of what they decompress to.
func ReadFrom(from parquet.ReaderAtSeeker, columns []string) (t *table.Table, err error) {
	// The Parquet reader panics on some files that are damaged.
	defer func() {
		if fault := recover(); fault != nil {
			t, err = nil, fmt.Errorf("read parquet: damaged file: %v", fault)
		}
	}()
	opened, err := Open(from)
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	reader, err := pqarrow.NewFileReader(opened, pqarrow.ArrowReadProperties{BatchSize: 8192}, memory.DefaultAllocator)
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	schema, err := reader.Schema()
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	t, leaves, err := chosen(schema, columns)
	if err != nil {
		return nil, err
	}
	records, err := reader.GetRecordReader(context.Background(), leaves, nil)
	if err != nil {
		return nil, fmt.Errorf("read parquet: %w", err)
	}
	defer records.Release()
	return t, fill(t, records)
}

// chosen makes the empty columns and lists their places in the file.
func chosen(schema *arrow.Schema, columns []string) (*table.Table, []int, error) {
	if columns == nil {
		for _, field := range schema.Fields() {
			columns = append(columns, field.Name)
		}
	}
	t := &table.Table{Columns: make([]table.Column, len(columns))}
	var leaves []int
	for i, name := range columns {
		at := schema.FieldIndices(name)
		if len(at) != 1 {
			return nil, nil, fmt.Errorf("read parquet: %d columns are called %q", len(at), name)
		}
		leaves = append(leaves, at[0])
		kind, err := kindOf(schema.Field(at[0]).Type)
		if err != nil {
			return nil, nil, fmt.Errorf("read parquet: column %q: %w", name, err)
		}
		t.Columns[i] = table.Column{Name: name, Kind: kind}
	}
	return t, leaves, nil
}

func kindOf(t arrow.DataType) (table.Kind, error) {
	for _, kind := range []table.Kind{table.Number, table.Text, table.Time} {
		if arrow.TypeEqual(t, arrowType(kind)) {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("not written by this program: type %s", t)
}

// fill reads the records into pieces of the columns, and joins these column by
// column: so what is read is never there twice, and growing slices leave
// nothing behind.
func fill(t *table.Table, records pqarrow.RecordReader) error {
	codes := make([]map[string]int32, len(t.Columns))
	pieces := make([][]table.Column, len(t.Columns))
	for i := range codes {
		codes[i] = map[string]int32{}
	}
	for records.Next() {
		record := records.RecordBatch()
		t.Rows += int(record.NumRows())
		for i := range t.Columns {
			at := record.Schema().FieldIndices(t.Columns[i].Name)
			if len(at) != 1 {
				return fmt.Errorf("read parquet: column %q is gone", t.Columns[i].Name)
			}
			pieces[i] = append(pieces[i], piece(&t.Columns[i], record.Column(at[0]), codes[i]))
		}
	}
	if err := records.Err(); err != nil && err != io.EOF {
		return fmt.Errorf("read parquet: %w", err)
	}
	for i := range t.Columns {
		join(&t.Columns[i], pieces[i], t.Rows)
		pieces[i] = nil
	}
	return nil
}

// join makes the values of the pieces those of the column.
func join(c *table.Column, pieces []table.Column, rows int) {
	if len(pieces) == 1 {
		c.Number, c.Code, c.Time = pieces[0].Number, pieces[0].Code, pieces[0].Time
		return
	}
	switch c.Kind {
	case table.Number:
		c.Number = make([]float64, 0, rows)
	case table.Text:
		c.Code = make([]int32, 0, rows)
	case table.Time:
		c.Time = make([]int64, 0, rows)
	}
	for i := range pieces {
		c.Number = append(c.Number, pieces[i].Number...)
		c.Code = append(c.Code, pieces[i].Code...)
		c.Time = append(c.Time, pieces[i].Time...)
	}
}

// piece is the values of one record; new levels are added to those of c.
func piece(c *table.Column, values arrow.Array, codes map[string]int32) (out table.Column) {
	switch v := values.(type) {
	case *array.Float64:
		out.Number = make([]float64, v.Len())
		for i := range out.Number {
			x := v.Value(i)
			if v.IsNull(i) || math.IsInf(x, 0) {
				x = math.NaN()
			}
			out.Number[i] = x
		}
	case *array.String:
		out.Code = make([]int32, v.Len())
		for i := range out.Code {
			out.Code[i] = table.Missing
			if !v.IsNull(i) {
				out.Code[i] = codeOf(c, codes, v.Value(i))
			}
		}
	case *array.Timestamp:
		out.Time = make([]int64, v.Len())
		for i := range out.Time {
			out.Time[i] = table.NoTime
			if !v.IsNull(i) {
				out.Time[i] = int64(v.Value(i))
			}
		}
	default:
		panic(fmt.Sprintf("column of type %s", values.DataType()))
	}
	return out
}

func codeOf(c *table.Column, codes map[string]int32, value string) int32 {
	code, ok := codes[value]
	if !ok {
		code = int32(len(c.Levels))
		value = string([]byte(value)) // not a slice of the batch
		codes[value] = code
		c.Levels = append(c.Levels, value)
	}
	return code
}
