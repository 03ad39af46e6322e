package serve

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

func testForm() *form {
	return newForm([]feature.Input{
		{Name: "age", CellRule: table.CellRule{Kind: table.Number}},
		{Name: "plan", CellRule: table.CellRule{Kind: table.Text}},
		{Name: "active", CellRule: table.CellRule{Kind: table.Text, Bool: []string{"No", "Yes"}}},
		{Name: "since", CellRule: table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02"}}},
		{Name: "a/b~c", CellRule: table.CellRule{Kind: table.Number, Decimal: ",", Group: "."}},
	})
}

func read(f *form, body string, rows int) *batch {
	b := &batch{}
	f.read(&scanner{data: []byte(body)}, b, rows)
	return b
}

func TestReadRows(t *testing.T) {
	const day = 86_400_000_000
	nan := math.NaN()
	tests := []struct {
		name, body string
		want       []table.Value
		extra      int
	}{
		{
			"in order", `{"rows":[{"age":41,"plan":"gold","active":true,"since":"1970-01-03","a/b~c":1.5}]}`,
			[]table.Value{{Number: 41, Time: table.NoTime}, {Number: nan, Text: "gold", Time: table.NoTime}, {Number: nan, Text: "Yes", Time: table.NoTime}, {Number: nan, Time: 2 * day}, {Number: 1.5, Time: table.NoTime}},
			0,
		},
		{
			"any order, blanks, extra columns", "\n{ \"rows\" : [ { \"a/b~c\" : \"1.234,5\" , \"x\" : {\"y\":[1,null]} , \"since\":null,\"active\":\"yes\",\"plan\":\"\",\"age\":\" 7 \",\"z\":true } ] }\n",
			[]table.Value{{Number: 7, Time: table.NoTime}, {Number: nan, Time: table.NoTime}, {Number: nan, Text: "Yes", Time: table.NoTime}, {Number: nan, Time: table.NoTime}, {Number: 1234.5, Time: table.NoTime}},
			2,
		},
		{
			"escapes", `{"rows":[{"\u0061ge":"1e2","plan":"\u00e9\n\ud83d\ude00\/","active":false,"since":"1970-01-01","a\/b~c":-0.25e1}]}`,
			[]table.Value{{Number: 100, Time: table.NoTime}, {Number: nan, Text: "é\n😀/", Time: table.NoTime}, {Number: nan, Text: "No", Time: table.NoTime}, {Number: nan, Time: 0}, {Number: -2.5, Time: table.NoTime}},
			0,
		},
		{
			"a number for a text, null, infinite", `{"rows":[{"age":1e999,"plan":12.50,"active":null,"since":null,"a/b~c":null}]}`,
			[]table.Value{{Number: nan, Time: table.NoTime}, {Number: nan, Text: "12.50", Time: table.NoTime}, {Number: nan, Time: table.NoTime}, {Number: nan, Time: table.NoTime}, {Number: nan, Time: table.NoTime}},
			0,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := read(testForm(), test.body, 10)
			if len(b.faults) > 0 {
				t.Fatalf("faults %v", b.faults)
			}
			got := append([]table.Value(nil), b.cells...)
			equal := cmp.Comparer(func(x, y float64) bool { return x == y || x != x && y != y })
			if diff := cmp.Diff(test.want, got, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if b.extra != test.extra {
				t.Errorf("%d extra columns, want %d", b.extra, test.extra)
			}
		})
	}
}

func TestEveryFaultIsListedAndNoValueIs(t *testing.T) {
	b := read(testForm(), `{"rows":[
		{"age":"secret-1","plan":["secret-2"],"active":true,"since":"secret-3","a/b~c":"1,2,3"},
		"secret-4",
		{"age":1,"age":2,"plan":"x","active":"x"}
	],"other":"secret-5"}`, 10)
	want := []handoff.Fault{
		{Pointer: "/rows/0/age", Reason: "is not a number", Fix: "give a number as in the training table, or null"},
		{Pointer: "/rows/0/plan", Reason: "is not a single value", Fix: "give a text as in the training table, or null"},
		{Pointer: "/rows/0/since", Reason: "is not a time", Fix: "give a time as in the training table, or null"},
		{Pointer: "/rows/0/a~1b~0c", Reason: "is not a number", Fix: "give a number as in the training table, or null"},
		{Pointer: "/rows/1", Reason: "is not an object", Fix: "give {column: value}"},
		{Pointer: "/rows/2/age", Reason: "is given twice", Fix: "give each column once"},
		{Pointer: "/rows/2/since", Reason: "is missing", Fix: "give the column; null where it has no value"},
		{Pointer: "/rows/2/a~1b~0c", Reason: "is missing", Fix: "give the column; null where it has no value"},
		{Pointer: "", Reason: "has an unknown member", Fix: `give {"rows": [{column: value}]}`},
	}
	if diff := cmp.Diff(want, b.faults); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	text, _ := json.Marshal(b.faults)
	if strings.Contains(string(text), "secret") {
		t.Errorf("faults echo a value: %s", text)
	}
}

func TestWhatIsNoRequest(t *testing.T) {
	row := `{"age":1,"plan":"x","active":"No","since":null,"a/b~c":1}`
	tests := []struct{ name, body, pointer, reason string }{
		{"nothing", "", "", "expected '{' at byte 1"},
		{"a list", "[]", "", "expected '{' at byte 1"},
		{"no rows", "{}", "/rows", "is missing"},
		{"empty rows", `{"rows":[]}`, "/rows", "has no row"},
		{"rows twice", `{"rows":[` + row + `],"rows":[` + row + `]}`, "/rows", "is given twice"},
		{"rows is no list", `{"rows":{"a":1}}`, "/rows", "is not a list"},
		{"too many rows", `{"rows":[` + row + "," + row + "," + row + `]}`, "/rows", "has more than 2 rows"},
		{"cut off", `{"rows":[{"age":1`, "", "expected ',' or '}' at byte 18"},
		{"something after", `{"rows":[` + row + `]} x`, "", "something follows the request at byte 70"},
		{"comma before the end", `{"rows":[` + row + `,]}`, "", "comma before the end at byte 68"},
		{"leading zero", `{"rows":[{"age":01}]}`, "", "expected ',' or '}' at byte 18"},
		{"a bare word", `{"rows":[{"age":yes}]}`, "", "not a JSON value at byte 17"},
		{"NaN", `{"rows":[{"age":NaN}]}`, "", "not a JSON value at byte 17"},
		{"half a surrogate pair", `{"rows":[{"plan":"\ud83d"}]}`, "", "no such escape in a string at byte 19"},
		{"raw control character", "{\"rows\":[{\"plan\":\"a\nb\"}]}", "", "control character in a string at byte 20"},
		{"not UTF-8", "{\"rows\":[{\"plan\":\"\xff\"}]}", "", "string is not UTF-8 at byte 21"},
		{"nested deeply", `{"rows":[{"x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]}`, "", "nested too deeply at byte 77"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := read(testForm(), test.body, 2)
			if len(b.faults) == 0 {
				t.Fatal("no fault")
			}
			last := b.faults[len(b.faults)-1]
			if test.pointer != "" || test.name == "rows twice" {
				last = b.faults[0]
			}
			if last.Pointer != test.pointer || last.Reason != test.reason {
				t.Errorf("got %q %q, want %q %q", last.Pointer, last.Reason, test.pointer, test.reason)
			}
		})
	}
}

func TestFaultsAreBounded(t *testing.T) {
	b := read(testForm(), `{"rows":[`+strings.Repeat("1,", 149)+`1]}`, 1000)
	if len(b.faults) != maxFaults || b.more != 50 {
		t.Errorf("%d faults and %d more, want 100 and 50", len(b.faults), b.more)
	}
}

// FuzzRows holds the reader against encoding/json: it accepts only what is
// JSON, and reads the same cells from what it accepts.
func FuzzRows(f *testing.F) {
	f.Add([]byte(`{"rows":[{"age":41,"plan":"gold","active":true,"since":"1970-01-03","a/b~c":1.5}]}`))
	f.Add([]byte(`{"rows":[{"age":"1","plan":"\u00e9\ud83d\ude00","active":null,"since":"","a/b~c":"1.000,5","x":[{}]},{}]}`))
	f.Add([]byte(`{"rows":[{"age":-0.0e-1}]}`))
	f.Add([]byte(`{"rows":[{"age":1,"age":2}],"y":0}`))
	form := testForm()
	f.Fuzz(func(t *testing.T, body []byte) {
		b := &batch{}
		form.read(&scanner{data: body}, b, 1000)
		if len(b.cells) > b.rows*len(form.inputs) {
			t.Fatalf("%d cells in %d rows", len(b.cells), b.rows)
		}
		if len(b.faults) > 0 {
			return
		}
		var plain struct {
			Rows []map[string]json.RawMessage `json:"rows"`
		}
		if err := json.Unmarshal(body, &plain); err != nil {
			t.Fatalf("accepted what is no JSON: %v", err)
		}
		if len(plain.Rows) != b.rows {
			t.Fatalf("%d rows, encoding/json reads %d", b.rows, len(plain.Rows))
		}
		for i, row := range plain.Rows {
			for j := range form.inputs {
				checkCell(t, form.inputs[j], row[form.inputs[j].Name], b.cells[i*len(form.inputs)+j])
			}
		}
	})
}

func checkCell(t *testing.T, in feature.Input, raw json.RawMessage, got table.Value) {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil && !strings.Contains(err.Error(), "cannot unmarshal number") {
		t.Fatal(err)
	}
	var want table.Value
	switch v := v.(type) {
	case string:
		want, _ = in.Read(v)
	case bool:
		want, _ = in.Read(truth(&in.CellRule, map[bool]int{false: 0, true: 1}[v]))
	case nil:
		if string(raw) == "null" {
			want, _ = in.Read("")
			break
		}
		want, _ = in.ReadLiteral(string(raw)) // out of a float64's range
	default:
		want, _ = in.ReadLiteral(string(raw))
	}
	same := want.Text == got.Text && want.Time == got.Time && math.Float64bits(want.Number) == math.Float64bits(got.Number)
	if !same {
		t.Fatalf("%s: %+v, by encoding/json %+v", in.Name, got, want)
	}
}

var sink int

func BenchmarkReadRow(b *testing.B) {
	form := testForm()
	body := []byte(`{"rows":[{"age":41,"plan":"gold","active":true,"since":"1970-01-03","a/b~c":1.5}]}`)
	b.ReportAllocs()
	batch, scan := &batch{}, &scanner{}
	for b.Loop() {
		*scan = scanner{data: body, arena: scan.arena[:0]}
		form.read(scan, batch, 10)
		sink += batch.rows
	}
}
