package parquet

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/septet-ml/septet/table"
)

// sample has a missing value in every column, levels beyond ASCII, and the
// edges of what a number and a time can be.
func sample(rows int) *table.Table {
	t := &table.Table{Rows: rows, Columns: []table.Column{
		{Name: "amount", Kind: table.Number}, {Name: "brand", Kind: table.Text}, {Name: "when", Kind: table.Time},
	}}
	number, text, when := &t.Columns[0], &t.Columns[1], &t.Columns[2]
	text.Levels = []string{"β-blocker", "", "a\x1fb", "日本"}
	edges := []float64{math.NaN(), 0, math.Copysign(0, -1), math.MaxFloat64, math.SmallestNonzeroFloat64, 0.1}
	for i := range rows {
		number.Number = append(number.Number, edges[i%len(edges)])
		text.Code = append(text.Code, int32(min(i, i%5))-1)
		when.Time = append(when.Time, []int64{table.NoTime, 0, -1, 253402300799999999}[i%4])
	}
	text.Code[0] = 0
	return t
}

func write(t *testing.T, tab *table.Table) []byte {
	t.Helper()
	var buffer bytes.Buffer
	if err := Write(&buffer, tab); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}

func TestReadsBackWhatWasWritten(t *testing.T) {
	for _, rows := range []int{1, 7, groupRows + 9000} {
		want := sample(rows)
		data := write(t, want)
		got, err := ReadFrom(bytes.NewReader(data), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want.Columns {
			if c := &want.Columns[i]; c.Kind == table.Text {
				c.Levels, c.Code = byFirstAppearance(c)
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("%d rows (-want +got):\n%s", rows, diff)
		}
		if !math.Signbit(got.Columns[0].Number[min(2, rows-1)]) && rows > 2 {
			t.Error("the sign of zero is lost")
		}
		if !bytes.Equal(data, write(t, sample(rows))) {
			t.Errorf("%d rows: equal tables gave different bytes", rows)
		}
	}
}

func byFirstAppearance(c *table.Column) (levels []string, codes []int32) {
	known := map[string]int32{}
	for _, code := range c.Code {
		if code >= 0 {
			if _, ok := known[c.Levels[code]]; !ok {
				known[c.Levels[code]] = int32(len(levels))
				levels = append(levels, c.Levels[code])
			}
			code = known[c.Levels[code]]
		}
		codes = append(codes, code)
	}
	return levels, codes
}

func TestReadsChosenColumnsInTheirOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.parquet")
	if err := os.WriteFile(path, write(t, sample(3)), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path, []string{"when", "amount"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Columns) != 2 || got.Columns[0].Name != "when" || got.Columns[1].Name != "amount" || got.Rows != 3 {
		t.Errorf("got %d columns, %d rows", len(got.Columns), got.Rows)
	}
	if _, err := Read(path, []string{"nothing"}); err == nil {
		t.Error("a column that is not there was read")
	}
}

func TestNoRows(t *testing.T) {
	empty := &table.Table{Columns: []table.Column{{Name: "x", Kind: table.Number, Number: []float64{}}}}
	got, err := ReadFrom(bytes.NewReader(write(t, empty)), nil)
	if err != nil || got.Rows != 0 || got.Columns[0].Name != "x" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRefusesWhatIsNoTable(t *testing.T) {
	var buffer bytes.Buffer
	twice := &table.Table{Columns: []table.Column{{Name: "x"}, {Name: "x"}}}
	if err := Write(&buffer, twice); err == nil {
		t.Error("two columns of one name were written")
	}
	short := &table.Table{Rows: 2, Columns: []table.Column{{Name: "x", Number: []float64{1}}}}
	if err := Write(&buffer, short); err == nil {
		t.Error("a column that is too short was written")
	}
	data := write(t, sample(100))
	for cut := 0; cut < len(data); cut += 97 {
		if _, err := ReadFrom(bytes.NewReader(data[:cut]), nil); err == nil {
			t.Errorf("%d of %d bytes were read as a table", cut, len(data))
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, rows := range []int{1, 40} {
		var buffer bytes.Buffer
		if err := Write(&buffer, sample(rows)); err != nil {
			f.Fatal(err)
		}
		f.Add(buffer.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := ReadFrom(bytes.NewReader(data), nil)
		if err != nil {
			return
		}
		for i := range got.Columns {
			if n := got.Columns[i].Len(); n != got.Rows {
				t.Fatal(fmt.Errorf("column %d has %d rows of %d", i, n, got.Rows))
			}
		}
	})
}

// Rows that are chosen while they are written give the bytes of a table that
// has only these rows.
func TestWriteRows(t *testing.T) {
	all := sample(groupRows + 9000)
	var rows []int32
	for r := range all.Rows {
		if r%7 != 3 {
			rows = append(rows, int32(r))
		}
	}
	var got bytes.Buffer
	if err := WriteRows(&got, all, rows); err != nil {
		t.Fatal(err)
	}
	if want := write(t, all.Take(rows)); !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes, not the %d of the table with these rows only", got.Len(), len(want))
	}
}
