package source

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

func TestLoadChoosesColumnsAndKeepsText(t *testing.T) {
	info, path := describe(t, "t.csv", "id,class,x\n1,1.0,a\n2,0,b\n3,NA,a\n")
	got, err := Load(context.Background(), path, info, LoadOptions{Columns: []string{"class", "id"}, AsText: []string{"class"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &table.Table{Rows: 3, Columns: []table.Column{
		{Name: "class", Kind: table.Text, Code: []int32{0, 1, -1}, Levels: []string{"1.0", "0"}},
		{Name: "id", Number: []float64{1, 2, 3}},
	}}
	if diff := cmp.Diff(want, got.Table); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(path, []byte("id,class,x\n1,1.0,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(context.Background(), path, info, LoadOptions{}); problem.As(err) == nil || problem.As(err).Code != "data.changed" {
		t.Errorf("a file that changed: %v", err)
	}
}

func TestLoadByReadsOtherFilesByTheSameRules(t *testing.T) {
	path := put(t, "new.tsv", "extra\twhen\tx\n.\t2024-05-01\t7\n.\tsoon\tseven\n.\t\tinf\n")
	rules := []Rule{
		{"x", table.CellRule{}},
		{"gone", table.CellRule{}},
		{"when", table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02"}}},
	}
	got, err := LoadBy(context.Background(), path, rules, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := &Loaded{
		Table: &table.Table{Rows: 3, Columns: []table.Column{
			{Name: "x", Number: []float64{7, math.NaN(), math.NaN()}},
			{Name: "when", Kind: table.Time, Time: []int64{1714521600000000, table.NoTime, table.NoTime}},
		}},
		Names:   []string{"extra", "when", "x"},
		Lacking: []string{"gone"},
		Invalid: []Cell{{1, "x"}, {1, "when"}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
}

func TestThreadsChangeNothing(t *testing.T) {
	var b strings.Builder
	b.WriteString("a,b,c,d\n")
	for i := range 60_000 {
		fmt.Fprintf(&b, "%d,%x,2024-01-%02d,%d.5\n", i%977, i*i, i%28+1, i)
	}
	path := put(t, "t.csv", b.String())
	var infos []table.TableInfo
	var tables []*table.Table
	for _, threads := range []int{1, 3} {
		c, err := Describe(context.Background(), []string{path}, Options{threads})
		if err != nil {
			t.Fatal(err)
		}
		l, err := Load(context.Background(), path, c.Tables[0], LoadOptions{Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		infos, tables = append(infos, c.Tables[0]), append(tables, l.Table)
	}
	if diff := cmp.Diff(infos[0], infos[1]) + cmp.Diff(tables[0], tables[1]); diff != "" {
		t.Error(diff)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := Describe(ended, []string{path}, Options{}); err != context.Canceled {
		t.Errorf("after the context ended: %v", err)
	}
}

// A Parquet file gives the table that a CSV file of its values gives.
func TestParquetReadsLikeCSV(t *testing.T) {
	instant := &arrow.TimestampType{Unit: arrow.Millisecond}
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "f", Type: arrow.PrimitiveTypes.Float64, Nullable: true},
		{Name: "g", Type: arrow.PrimitiveTypes.Float32},
		{Name: "i", Type: arrow.PrimitiveTypes.Int64},
		{Name: "b", Type: arrow.FixedWidthTypes.Boolean},
		{Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
		{Name: "d", Type: arrow.FixedWidthTypes.Date32},
		{Name: "t", Type: instant},
		{Name: "m", Type: &arrow.Decimal128Type{Precision: 9, Scale: 2}},
		{Name: "l", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
	}, nil)
	record := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for i := range 3 {
		if i == 1 {
			record.Field(0).AppendNull()
			record.Field(4).AppendNull()
		} else {
			record.Field(0).(*array.Float64Builder).Append([]float64{0.1, 0, math.NaN()}[i])
			record.Field(4).(*array.StringBuilder).Append([]string{"007", "", "12"}[i])
		}
		record.Field(1).(*array.Float32Builder).Append(0.1)
		record.Field(2).(*array.Int64Builder).Append(int64(i) * 1_000_000)
		record.Field(3).(*array.BooleanBuilder).Append(i == 0)
		record.Field(5).(*array.Date32Builder).Append(arrow.Date32(19_000 + i))
		record.Field(6).(*array.TimestampBuilder).Append(arrow.Timestamp(1_700_000_000_500 + i))
		record.Field(7).(*array.Decimal128Builder).Append(decimal128.FromI64(int64(1250 + i)))
		record.Field(8).AppendNull()
	}
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &b, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(record.NewRecordBatch()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "t.parquet"), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	same := put(t, "t.csv", "f,g,i,b,s,d,t,m\n0.1,0.1,0,true,007,2022-01-08,2023-11-14 22:13:20.5,12.5\n"+
		",0.1,1000000,false,,2022-01-09,2023-11-14 22:13:20.501,12.51\nNaN,0.1,2000000,false,12,2022-01-10,2023-11-14 22:13:20.502,12.52\n")
	var got []table.TableInfo
	var loaded []*table.Table
	for _, path := range []string{dir, same} {
		c, err := Describe(context.Background(), []string{path}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		l, err := Load(context.Background(), c.Files[0].Path, c.Tables[0], LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got, loaded = append(got, c.Tables[0]), append(loaded, l.Table)
	}
	if diff := cmp.Diff(loaded[0], loaded[1], cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("loaded (-parquet +csv):\n%s", diff)
	}
	if diff := cmp.Diff(got[0].Columns, got[1].Columns); diff != "" {
		t.Errorf("described (-parquet +csv):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"l"}, got[0].Ignored); diff != "" {
		t.Error(diff)
	}
	cut := put(t, "t.parquet", string(b.Bytes()[:b.Len()/2]))
	if _, err := Describe(context.Background(), []string{cut}, Options{}); problem.As(err) == nil || problem.As(err).Code != "data.unreadable" {
		t.Errorf("half a file: %v", err)
	}
}

// FuzzRecords holds the cells of well-formed text against encoding/csv, and
// looks at other text for panics, lost rows and unequal batches.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a,b\r\n\"x,\"\"y\",2\r\n", "a\n\"", "a,b\n\"x\"y,2\n1,\"\n2,3\n", "a;b\n1;2", "\xff\xfea\x00", "sep=;\na;b\n", "a,b\n1,2,\n\x00,1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Describe(context.Background(), []string{path}, Options{})
		if err != nil {
			return
		}
		info := c.Tables[0]
		loaded, err := Load(context.Background(), path, info, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Table.Rows != info.Rows || len(loaded.Rejected) != info.RejectedRows || len(loaded.Invalid) > 0 {
			t.Fatalf("described %d rows, %d rejected; loaded %d, %d; %d invalid cells",
				info.Rows, info.RejectedRows, loaded.Table.Rows, len(loaded.Rejected), len(loaded.Invalid))
		}
		compareWithCSV(t, text, info, loaded.Table)
	})
}

func compareWithCSV(t *testing.T, text string, info table.TableInfo, got *table.Table) {
	if info.Format.Delimiter != "," || info.Format.Compression != "" || strings.ContainsAny(text, " \t\r\x00\ufeff") || strings.HasPrefix(strings.ToLower(text), "sep=") || info.RecodedCells > 0 || info.RejectedRows > 0 {
		return
	}
	r := csv.NewReader(strings.NewReader(text))
	if _, err := r.Read(); err != nil {
		return
	}
	for row := 0; ; row++ {
		record, err := r.Read()
		if err == io.EOF {
			if row != got.Rows {
				t.Fatalf("%d rows, encoding/csv has %d", got.Rows, row)
			}
			return
		}
		if err != nil || row >= got.Rows {
			return
		}
		for j, cell := range record {
			c := &got.Columns[j]
			rule := info.Columns[j].CellRule
			want, state := rule.Read(cell)
			if c.IsMissing(row) != (state != table.Present) {
				t.Fatalf("row %d, column %d: missing is %v, not as encoding/csv's cell reads", row, j, c.IsMissing(row))
			}
			if c.Kind == table.Text && state == table.Present && c.Levels[c.Code[row]] != want.Text {
				t.Fatalf("row %d, column %d: %q, encoding/csv has %q", row, j, c.Levels[c.Code[row]], want.Text)
			}
		}
	}
}

func FuzzParquet(f *testing.F) {
	f.Add([]byte("PAR1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		path := filepath.Join(t.TempDir(), "t.parquet")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		Describe(context.Background(), []string{path}, Options{})
	})
}
