package source

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

func put(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func describe(t *testing.T, name, content string) (table.TableInfo, string) {
	t.Helper()
	path := put(t, name, content)
	c, err := Describe(context.Background(), []string{path}, Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return c.Tables[0], path
}

// column describes a table of one column of these cells beside one of numbers.
func column(t *testing.T, name string, cells ...string) table.ColumnInfo {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s\tn\n", name)
	for i, cell := range cells {
		fmt.Fprintf(&b, "%s\t%d\n", cell, i)
	}
	info, _ := describe(t, "t.tsv", b.String())
	return info.Columns[0]
}

func TestKindsAreDecidedByEveryCell(t *testing.T) {
	many := func(format string, n int) (cells []string) {
		for i := range n {
			cells = append(cells, fmt.Sprintf(format, i))
		}
		return cells
	}
	for _, test := range []struct {
		what  string
		name  string
		cells []string
		want  table.CellRule
	}{
		{"blanks among numbers", "x", []string{"1", " ", "2.5", "NA"}, table.CellRule{}},
		{"one word among many numbers", "x", append(many("%d", 5000), "n.a.b."), table.CellRule{Kind: table.Text}},
		{"leading zeros", "zip", []string{"02139", "10001"}, table.CellRule{Kind: table.Text}},
		{"zero itself", "x", []string{"0", "0.5", "-0.25"}, table.CellRule{}},
		{"sixteen digits", "id", []string{"1234567890123456", "1"}, table.CellRule{Kind: table.Text}},
		{"sixteen digits behind a point", "x", []string{"0.1234567890123456", "1"}, table.CellRule{}},
		{"infinities", "x", []string{"1", "inf", "1e999"}, table.CellRule{}},
		{"dashes for missing", "x", []string{"-", "3", "None"}, table.CellRule{}},
		{"dashes alone", "x", []string{"-", "-"}, table.CellRule{Kind: table.Text}},
		{"nothing", "x", []string{"", "NA"}, table.CellRule{Kind: table.Text}},
		{"thousands", "x", []string{"1,234", "12", "1,234,567.5"}, table.CellRule{Group: ","}},
		{"thousands or decimals", "x", []string{"1,234", "5,678"}, table.CellRule{Group: ","}},
		{"decimal commas", "x", []string{"1,5", "12,25", "7"}, table.CellRule{Decimal: ","}},
		{"decimal commas with points", "x", []string{"1.234,5", "12"}, table.CellRule{Group: ".", Decimal: ","}},
		{"points that are decimals", "x", []string{"1.234", "5,5"}, table.CellRule{Group: ".", Decimal: ","}},
		{"commas both ways", "x", []string{"1,5", "1.5"}, table.CellRule{Kind: table.Text}},
		{"money", "x", []string{"$1,200.50", "-$3", "7"}, table.CellRule{Group: ",", Unit: "$"}},
		{"percent", "x", []string{"12%", "3.5 %"}, table.CellRule{Unit: "%"}},
		{"two currencies", "x", []string{"$1", "€1"}, table.CellRule{Kind: table.Text}},
		{"yes and no", "x", []string{"yes", "no"}, table.CellRule{Kind: table.Text}},
		{"true and false", "x", []string{"TRUE", "FALSE"}, table.CellRule{Kind: table.Text, Bool: []string{"FALSE", "TRUE"}}},
		{"dates", "x", []string{"2024-01-31", ""}, table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02"}}},
		{"zones", "x", []string{"2024-01-31T10:00:00Z", "2024-01-31T10:00:00+01:00"}, table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02T15:04:05Z07:00"}}},
		{"month first, by one cell", "x", []string{"01/02/2024", "03/04/2024", "12/31/2024"}, table.CellRule{Kind: table.Time, Layouts: []string{"1/2/2006"}}},
		{"day first, by one cell", "x", []string{"01/02/2024", "31/12/2024"}, table.CellRule{Kind: table.Time, Layouts: []string{"2/1/2006"}}},
		{"day and month both ways", "x", []string{"31/12/2024", "12/31/2024"}, table.CellRule{Kind: table.Text}},
		{"dots", "x", []string{"01.02.2024", "03.04.2024"}, table.CellRule{Kind: table.Time, Layouts: []string{"2.1.2006"}}},
		{"two ways to write dates", "x", []string{"2024-05-06", "05/31/2024"}, table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02", "1/2/2006"}}},
		{"months", "x", []string{"1991 Jul", "1992 Jan"}, table.CellRule{Kind: table.Time, Layouts: []string{"2006 Jan"}}},
		{"SAS dates", "x", []string{"01JAN2020", "15MAR2021"}, table.CellRule{Kind: table.Time, Layouts: []string{"2Jan2006"}}},
		{"eight digits called a date", "visit_dt", []string{"20240131", "20240201"}, table.CellRule{Kind: table.Time, Layouts: []string{"20060102"}}},
		{"eight digits, many days", "x", many("202401%02d", 32)[1:], table.CellRule{Kind: table.Time, Layouts: []string{"20060102"}}},
		{"eight digits, few", "x", []string{"20240131", "20240201"}, table.CellRule{}},
		{"eight digits, one no day", "visit_dt", []string{"20240131", "20240231"}, table.CellRule{}},
		{"seconds since 1970", "created_at", many("16427602%02d", 30), table.CellRule{Kind: table.Time, Layouts: []string{"unix"}}},
		{"milliseconds since 1970", "ts", many("16427602%02d000", 30), table.CellRule{Kind: table.Time, Layouts: []string{"unixmilli"}}},
		{"as many, not called a time", "amount", many("16427602%02d", 30), table.CellRule{}},
		{"seconds, few", "ts", many("16427602%02d", 10), table.CellRule{}},
		{"a time that is none", "time", append(many("16427602%02d", 30), "12"), table.CellRule{}},
		{"versions", "x", []string{"1.2.10", "2.0.1"}, table.CellRule{Kind: table.Text}},
	} {
		if diff := cmp.Diff(test.want, column(t, test.name, test.cells...).CellRule); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}

func TestColumnFigures(t *testing.T) {
	c := column(t, "x", "3", "1", "NA", "-", "inf", "1.0", "7")
	if *c.Min != 1 || *c.Max != 7 || !c.Integer || c.Missing != 3 || c.Infinite != 1 || c.Numbers != 4 || c.Distinct != 3 || c.Order != "" {
		t.Errorf("numbers: %+v", c)
	}
	c = column(t, "x", "$1,000", "$2,500.50")
	if *c.Min != 1000 || *c.Max != 2500.5 || c.Integer || c.Numbers != 2 || c.Order != "ascending" {
		t.Errorf("numbers with marks: %+v", c)
	}
	c = column(t, "x", "b", "a", "b", "None", "NA")
	want := []table.Level{{Value: "b", Count: 2}, {Value: "None", Count: 1}, {Value: "a", Count: 1}}
	if diff := cmp.Diff(want, c.Levels); diff != "" || c.Distinct != 3 || c.Missing != 1 {
		t.Errorf("text: %+v\n%s", c, diff)
	}
	c = column(t, "x", "02/03/2024", "04/05/2024", "*")
	if !c.DayMonthGuess || !c.DateOnly || c.Missing != 1 || !c.Latest.Equal(time.Date(2024, 4, 5, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("times: %+v", c)
	}
	if c = column(t, "x", "02/03/2024", "04/25/2024"); c.DayMonthGuess {
		t.Error("a column with a 25th month-day still counts as a guess")
	}
}

func TestDistinctIsExactUpToItsLimit(t *testing.T) {
	var exact, more []string
	for i := range maxDistinct + 1 {
		more = append(more, fmt.Sprintf("v%d", i))
	}
	exact = append(append(exact, more[:maxDistinct]...), more[:50]...)
	if c := column(t, "x", exact...); c.Distinct != maxDistinct || c.ManyDistinct {
		t.Errorf("got %d, more %v", c.Distinct, c.ManyDistinct)
	}
	if c := column(t, "x", more...); c.Distinct != maxDistinct || !c.ManyDistinct || c.Levels != nil {
		t.Errorf("got %d, more %v", c.Distinct, c.ManyDistinct)
	}
}

func TestPersonalColumnsAreNamedAndTheirValuesNot(t *testing.T) {
	for _, test := range []struct{ name, cell, want string }{
		{"contact", "person%d@example.org", "email"},
		{"phone_number", "+1 (555) 010-%04d", "phone"},
		{"code", "900-12-%04d", "national_id"},
		{"LastName", "Doe%c", "name"},
		{"client_ip", "10.0.%d.7", "ip"},
		{"home_address", "%d Example Street", "address"},
		{"product_name", "Product %c", ""},
		{"account", "%d", ""},
	} {
		var cells []string
		for i := range 30 {
			v := any(i)
			if strings.Contains(test.cell, "%c") {
				v = rune('a' + i%26)
			}
			cell := fmt.Sprintf(test.cell, v)
			cells = append(cells, cell, cell, cell)
		}
		c := column(t, test.name, cells...)
		if c.Personal != test.want || c.Personal != "" && c.Levels != nil {
			t.Errorf("%s: personal %q, want %q; %d levels told", test.name, c.Personal, test.want, len(c.Levels))
		}
	}
}

// A table in many spellings of a file is always the same table.
func TestEncodingsAndDialects(t *testing.T) {
	const plain = "name,größe,note\nanna,1.5,\"a, \"\"b\"\"\nc\"\nben,2,\n"
	zipped := func(s string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(s))
		w.Close()
		return b.String()
	}
	wide := func(s string, big bool) string {
		var b []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
			if big {
				b = append(b, byte(u>>8), byte(u))
			} else {
				b = append(b, byte(u), byte(u>>8))
			}
		}
		return string(b)
	}
	with := func(delimiter string) string {
		s := strings.ReplaceAll(plain, ",", delimiter)
		return strings.ReplaceAll(s, "a"+delimiter+" ", "a, ")
	}
	for name, content := range map[string]string{
		"plain": plain, "gzip": zipped(plain), "BOM": "\ufeff" + plain,
		"CRLF":     strings.ReplaceAll(plain, "\n", "\r\n"),
		"UTF-16LE": wide(plain, false), "UTF-16BE": zipped(wide(plain, true)),
		"Latin-1":           strings.NewReplacer("ö", "\xf6", "ß", "\xdf").Replace(plain),
		"no last line end":  strings.TrimSuffix(plain, "\n"),
		"blank lines":       "\n" + strings.ReplaceAll(plain, "\nben", "\n\nben") + "\n\n",
		"trailing comma":    strings.ReplaceAll(plain, "ben,2,", "ben,2,,"),
		"blanks and quotes": strings.ReplaceAll(plain, "anna,1.5", " \"anna\" , 1.5 "),
		"semicolons":        with(";"), "tabs": with("\t"), "bars": with("|"), "Hive": with("\x01"),
		"sep line": "sep=;\r\n" + with(";"),
	} {
		info, path := describe(t, "t.csv", content)
		got, err := Load(context.Background(), path, info, LoadOptions{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		note := "a, \"b\"\nc"
		if name == "CRLF" {
			note = "a, \"b\"\r\nc"
		}
		want := &table.Table{Rows: 2, Columns: []table.Column{
			{Name: "name", Kind: table.Text, Code: []int32{0, 1}, Levels: []string{"anna", "ben"}},
			{Name: "größe", Number: []float64{1.5, 2}},
			{Name: "note", Kind: table.Text, Code: []int32{0, -1}, Levels: []string{note}},
		}}
		if diff := cmp.Diff(want, got.Table); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		sum := sha256.Sum256([]byte(content))
		if info.SHA256 != hex.EncodeToString(sum[:]) || info.Bytes != int64(len(content)) {
			t.Errorf("%s: the digest or the size is not that of the file", name)
		}
	}
}

func TestHeadersAreMadeUnique(t *testing.T) {
	info, _ := describe(t, "t.csv", "a,,a,a_2,a\n1,2,3,4,5\n")
	var got []string
	for _, c := range info.Columns {
		got = append(got, fmt.Sprint(c.Name, c.Renamed))
	}
	want := []string{"afalse", "column_2true", "a_3true", "a_2false", "a_4true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRaggedRows(t *testing.T) {
	rows := func(n, bad int, ragged string) string {
		var b strings.Builder
		b.WriteString("a,b\n")
		for i := range n {
			if i%(n/bad) == 1 {
				b.WriteString(ragged + "\n")
				continue
			}
			fmt.Fprintf(&b, "%d,x\n", i)
		}
		return b.String()
	}
	info, path := describe(t, "t.csv", rows(300, 3, "1,2,3"))
	want := []table.Reject{
		{Row: 2, Line: 3, Reason: "3 cells, the header has 2"},
		{Row: 102, Line: 103, Reason: "3 cells, the header has 2"},
		{Row: 202, Line: 203, Reason: "3 cells, the header has 2"},
	}
	if diff := cmp.Diff(want, info.Rejected); diff != "" || info.Rows != 297 || info.RejectedRows != 3 {
		t.Errorf("%d rows, %d rejected\n%s", info.Rows, info.RejectedRows, diff)
	}
	loaded, err := Load(context.Background(), path, info, LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []struct{ row, number int }{{0, 1}, {1, 3}, {99, 101}, {100, 103}, {296, 300}} {
		if got := loaded.Row(at.row); got != at.number {
			t.Errorf("row %d of the table is row %d of the file, want %d", at.row, got, at.number)
		}
		if at.row < 297 && loaded.Table.Columns[0].Number[at.row] != float64(at.number-1) {
			t.Errorf("row %d of the table holds another row", at.row)
		}
	}
	// A quote that is never closed costs one row, not the rest of the file.
	info, _ = describe(t, "t.csv", rows(200, 2, `1,"x,2`))
	if info.Rows != 198 || info.RejectedRows != 2 {
		t.Errorf("open quotes: %d rows, %d rejected", info.Rows, info.RejectedRows)
	}
	// A quote that is a part of the text costs nothing.
	info, _ = describe(t, "t.csv", rows(200, 20, `1,"x" y`))
	if info.Rows != 200 || info.RejectedRows != 0 {
		t.Errorf("literal quotes: %d rows, %d rejected", info.Rows, info.RejectedRows)
	}
	_, err = Describe(context.Background(), []string{put(t, "t.csv", rows(300, 4, "1,2,3"))}, Options{})
	if p := problem.As(err); p == nil || p.Code != "data.rejected_rows" || p.Kind != problem.Blocked {
		t.Errorf("more than 1 %% ragged: %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	for i := range 200_000 {
		fmt.Fprintf(w, "%d,%d\n", i, i*i)
	}
	w.Close()
	damaged := bytes.Clone(zipped.Bytes())
	damaged[len(damaged)/2] ^= 0x55
	noise := make([]byte, 2000)
	for i := range noise {
		noise[i] = byte(i*i*31 + i*7 + 13)
	}
	for name, content := range map[string]string{
		"empty": "", "blank": " \n\n", "header only": "a,b\n", "header without line end": "a,b",
		"truncated gzip":      zipped.String()[:zipped.Len()/2],
		"very truncated gzip": zipped.String()[:12],
		"damaged gzip":        string(damaged),
		"noise":               string(noise),
		"Excel":               "PK\x03\x04rest", "PDF": "%PDF-1.7", "JSON": `{"a": 1}`, "HTML": "<!DOCTYPE html>",
		"half of a UTF-16 character": "\xff\xfea\x00,\x00b\x00\n\x00c",
		"Parquet":                    "PAR1 is not all there is to it",
	} {
		_, err := Describe(context.Background(), []string{put(t, "t.csv", content)}, Options{})
		p := problem.As(err)
		if p == nil || p.Code != "data.unreadable" || p.Kind != problem.Blocked || p.Where == "" || p.Fix == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLocate(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.csv.gz", "a.tsv", ".hidden.csv", "README.txt", "c.PARQUET"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	os.MkdirAll(filepath.Join(dir, "d.csv", "inner"), 0o700)
	os.Symlink(filepath.Join(dir, "README.txt"), filepath.Join(dir, "link.csv"))
	files, err := Locate([]string{dir + "/../" + filepath.Base(dir)})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		got = append(got, f.Table)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "link"}, got); diff != "" {
		t.Error(diff)
	}
	if named, err := Locate([]string{filepath.Join(dir, "README.txt")}); err != nil || named[0].Table != "README" {
		t.Errorf("a named file: %v, %v", named, err)
	}
	_, err = Locate([]string{filepath.Join(dir, "b.csv.g")})
	if p := problem.As(err); p == nil || p.Kind != problem.Usage || len(p.Nearest) == 0 || p.Nearest[0] != "b.csv.gz" {
		t.Errorf("a file that is not there: %+v", p)
	}
	for _, paths := range [][]string{{t.TempDir()}, {dir, filepath.Join(dir, "a.tsv")}} {
		if _, err := Locate(paths); problem.As(err) == nil || problem.As(err).Kind != problem.Usage {
			t.Errorf("%d paths: %v", len(paths), err)
		}
	}
}
