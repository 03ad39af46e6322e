package source

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/septet-ml/septet/table/parquet"
)

// parquetRows writes the values of a Parquet file as the text that a CSV file
// would hold, so that one rule reads the cells of both. A float is written with
// the fewest digits that give it back in its own precision, a time in UTC as
// "2006-01-02 15:04:05", a missing value as an empty cell.
type parquetRows struct {
	in      *input
	names   []string
	ignored []string // nested columns
	columns []int    // of the record, that are read
	records pqarrow.RecordReader
	none    rejects
}

func newParquetRows(ctx context.Context, in *input) (r *parquetRows, err error) {
	defer in.recoverParquet(&err)
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("read %s: %w", in.name, err)
	}
	opened, err := parquet.Open(in.file)
	if err != nil {
		return nil, in.badParquet(err)
	}
	reader, err := pqarrow.NewFileReader(opened, pqarrow.ArrowReadProperties{BatchSize: 4096}, memory.DefaultAllocator)
	if err != nil {
		return nil, in.badParquet(err)
	}
	schema, err := reader.Schema()
	if err != nil {
		return nil, in.badParquet(err)
	}
	r = &parquetRows{in: in}
	for i, field := range schema.Fields() {
		if !isFlat(field.Type) {
			r.ignored = append(r.ignored, field.Name)
			continue
		}
		r.columns = append(r.columns, i)
		r.names = append(r.names, field.Name)
	}
	if len(r.columns) == 0 {
		return nil, in.unreadable("the Parquet file has no column that can be read", "lists, structs and maps are not tables", "write the values as plain columns")
	}
	if r.records, err = reader.GetRecordReader(ctx, nil, nil); err != nil {
		return nil, in.badParquet(err)
	}
	return r, nil
}

// recoverParquet makes an error of a panic: the Parquet reader panics on some
// files that are damaged.
func (in *input) recoverParquet(err *error) {
	if fault := recover(); fault != nil {
		*err = in.badParquet(fmt.Errorf("%v", fault))
	}
}

func (in *input) badParquet(err error) error {
	return in.unreadable("the Parquet file is damaged or of a kind that is not read", err.Error(), "write or download the file again")
}

func (r *parquetRows) header() []string   { return r.names }
func (r *parquetRows) rejected() *rejects { return &r.none }

func (r *parquetRows) next() (b *batch, err error) {
	defer r.in.recoverParquet(&err)
	if !r.records.Next() {
		if err := r.records.Err(); err != nil && err != io.EOF {
			return nil, r.in.badParquet(err)
		}
		return nil, io.EOF
	}
	record := r.records.RecordBatch()
	width, n := len(r.columns), int(record.NumRows())
	b = &batch{cells: make([]span, n*width), rows: n, width: width}
	var text []byte
	for j, column := range r.columns {
		values := record.Column(column)
		for i := range n {
			from := len(text)
			text = appendCell(text, values, i)
			b.cells[i*width+j] = span{uint32(from), uint32(len(text))}
		}
		if len(text) > 1<<31 {
			return nil, r.in.unreadable("4,096 rows hold more than 2 GiB", "", "leave out the columns with long texts")
		}
	}
	b.text = string(text)
	b.dirty = !utf8.ValidString(b.text)
	return b, nil
}

// isFlat tells that appendCell can write the values of a type.
func isFlat(t arrow.DataType) bool {
	if dictionary, ok := t.(*arrow.DictionaryType); ok {
		t = dictionary.ValueType
	}
	switch t.ID() {
	case arrow.NULL, arrow.BOOL, arrow.INT8, arrow.INT16, arrow.INT32, arrow.INT64,
		arrow.UINT8, arrow.UINT16, arrow.UINT32, arrow.UINT64, arrow.FLOAT16, arrow.FLOAT32, arrow.FLOAT64,
		arrow.STRING, arrow.LARGE_STRING, arrow.BINARY, arrow.LARGE_BINARY,
		arrow.DATE32, arrow.DATE64, arrow.TIMESTAMP, arrow.TIME32, arrow.TIME64,
		arrow.DECIMAL128, arrow.DECIMAL256:
		return true
	}
	return false
}

func appendCell(text []byte, values arrow.Array, i int) []byte {
	if values.IsNull(i) {
		return text
	}
	switch v := values.(type) {
	case *array.Dictionary:
		return appendCell(text, v.Dictionary(), v.GetValueIndex(i))
	case *array.String:
		return append(text, v.Value(i)...)
	case *array.LargeString:
		return append(text, v.Value(i)...)
	case *array.Binary:
		return append(text, v.Value(i)...)
	case *array.LargeBinary:
		return append(text, v.Value(i)...)
	case *array.Float64:
		return appendFloat(text, v.Value(i), 64)
	case *array.Float32:
		return appendFloat(text, float64(v.Value(i)), 32)
	case *array.Int64:
		return strconv.AppendInt(text, v.Value(i), 10)
	case *array.Int32:
		return strconv.AppendInt(text, int64(v.Value(i)), 10)
	case *array.Boolean:
		return strconv.AppendBool(text, v.Value(i))
	case *array.Date32:
		return v.Value(i).ToTime().AppendFormat(text, time.DateOnly)
	case *array.Date64:
		return v.Value(i).ToTime().AppendFormat(text, time.DateOnly)
	case *array.Timestamp:
		unit := v.DataType().(*arrow.TimestampType).Unit
		return v.Value(i).ToTime(unit).AppendFormat(text, "2006-01-02 15:04:05.999999999")
	}
	return append(text, values.ValueStr(i)...)
}

// appendFloat writes a figure that strconv.ParseFloat gives back bit for bit,
// without an exponent where that is short.
func appendFloat(text []byte, v float64, bits int) []byte {
	if abs := max(v, -v); abs < 1e-6 && abs != 0 || abs >= 1e21 {
		return strconv.AppendFloat(text, v, 'e', -1, bits)
	}
	return strconv.AppendFloat(text, v, 'f', -1, bits)
}
