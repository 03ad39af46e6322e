package feature_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/table"
)

func text(name string, values ...string) table.Column {
	c := table.Column{Name: name, Kind: table.Text}
	at := map[string]int32{}
	for _, v := range values {
		if v == "" {
			c.Code = append(c.Code, table.Missing)
			continue
		}
		code, known := at[v]
		if !known {
			code = int32(len(c.Levels))
			at[v] = code
			c.Levels = append(c.Levels, v)
		}
		c.Code = append(c.Code, code)
	}
	return c
}

func days(name string, values ...string) table.Column {
	c := table.Column{Name: name, Kind: table.Time}
	for _, v := range values {
		at, err := time.Parse(time.DateOnly, v)
		if err != nil {
			c.Time = append(c.Time, table.NoTime)
			continue
		}
		c.Time = append(c.Time, at.UnixMicro())
	}
	return c
}

func rules(t *table.Table) []table.CellRule {
	out := make([]table.CellRule, len(t.Columns))
	for i := range t.Columns {
		out[i].Kind = t.Columns[i].Kind
		if out[i].Kind == table.Time {
			out[i].Layouts = []string{time.DateOnly}
		}
	}
	return out
}

func all(t *table.Table) []int32 {
	rows := make([]int32, t.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	return rows
}

func names(t *feature.Transform) []string {
	var out []string
	for i := range t.Features {
		out = append(out, t.Features[i].Name)
	}
	return out
}

func TestFitKeepsWhatVaries(t *testing.T) {
	raw := &table.Table{Rows: 4, Columns: []table.Column{
		{Name: "age", Kind: table.Number, Number: []float64{1, 2, math.NaN(), 4}},
		{Name: "age copy", Kind: table.Number, Number: []float64{1, 2, math.NaN(), 4}},
		{Name: "constant", Kind: table.Number, Number: []float64{7, 7, 7, 7}},
		{Name: "empty", Kind: table.Number, Number: []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
		text("plan", "b", "a", "", "b"),
		days("since", "2024-01-31", "2024-02-29", "", "2023-12-31"),
		days("now", "2024-03-01", "2024-03-01", "2024-03-01", "2024-03-02"),
	}}
	got, dropped, err := feature.Fit(raw, rules(raw), all(raw), feature.Options{Order: "now"})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"age", "plan", "since.days", "since.month", "since.day", "since.weekday", "since.hour", "now.day", "now.weekday", "since.to.now"}
	// Every time of since is midnight where there is one: missing or 0 varies.
	if diff := cmp.Diff(want, names(got)); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
	reasons := map[string]string{}
	for _, d := range dropped {
		reasons[d.Name] = d.Reason
	}
	for name, reason := range map[string]string{
		"age copy": "equal to age in every training row",
		"constant": "the same value in every training row",
		"empty":    "no value in any training row",
	} {
		if reasons[name] != reason {
			t.Errorf("dropped %q because %q, want %q", name, reasons[name], reason)
		}
	}
}

func TestIdentifiersAndSentences(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 400
	ids, notes := make([]string, n), make([]string, n)
	vocabulary := []string{"late", "delivery", "good", "price", "call", "again", "slow", "happy"}
	for i := range n {
		ids[i] = time.Unix(int64(i), 0).UTC().Format("id-150405")
		for range 6 {
			notes[i] += vocabulary[random.IntN(len(vocabulary))] + " "
		}
	}
	raw := &table.Table{Rows: n, Columns: []table.Column{text("id", ids...), text("note", notes...)}}
	got, dropped, err := feature.Fit(raw, rules(raw), all(raw), feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(dropped) == 0 || dropped[0].Name != "id" {
		t.Errorf("the identifier is not dropped: %v", dropped)
	}
	list := names(got)
	for _, want := range []string{"note.length", "note.has.late", "note.has.happy"} {
		found := false
		for _, name := range list {
			found = found || name == want
		}
		if !found {
			t.Errorf("no feature %s in %v", want, list)
		}
	}
}

// A row has the same features alone as in its table, whatever it holds.
func TestRowEqualsApply(t *testing.T) {
	raw := &table.Table{Rows: 3, Columns: []table.Column{
		{Name: "n", Kind: table.Number, Number: []float64{1.5, math.NaN(), -1e300}},
		text("c", "x", "", "unseen later"),
		days("d", "2020-02-29", "", "1969-12-31"),
		days("e", "2021-02-28", "2021-01-01", ""),
	}}
	fit, _, err := feature.Fit(raw, rules(raw), []int32{0, 1}, feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fit = throughJSON(t, fit)
	made, err := fit.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	x := make([]float64, len(fit.Features))
	for row := range raw.Rows {
		cells := make([]table.Value, len(fit.Inputs))
		for i, in := range fit.Inputs {
			c := raw.Column(in.Name)
			cells[i] = table.Value{Number: math.NaN(), Time: table.NoTime}
			switch {
			case c.Kind == table.Number:
				cells[i].Number = c.Number[row]
			case c.Kind == table.Time:
				cells[i].Time = c.Time[row]
			case c.Code[row] >= 0:
				cells[i].Text = c.Levels[c.Code[row]]
			}
		}
		fit.Row(cells, x)
		for i := range x {
			want := made.Columns[i].Float(row)
			if math.Float64bits(x[i]) != math.Float64bits(want) && !(x[i] != x[i] && want != want) {
				t.Errorf("row %d, %s: %v alone, %v in the table", row, fit.Features[i].Name, x[i], want)
			}
		}
	}
}

func throughJSON(t *testing.T, in *feature.Transform) *feature.Transform {
	t.Helper()
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out feature.Transform
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	if err := out.Check(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestApplyRefusesOtherColumns(t *testing.T) {
	raw := &table.Table{Rows: 2, Columns: []table.Column{{Name: "n", Kind: table.Number, Number: []float64{1, 2}}}}
	fit, _, err := feature.Fit(raw, rules(raw), all(raw), feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fit.Apply(&table.Table{Rows: 2}); err == nil {
		t.Error("a missing column is accepted")
	}
	other := &table.Table{Rows: 2, Columns: []table.Column{text("n", "1", "2")}}
	if _, err := fit.Apply(other); err == nil {
		t.Error("a column of another kind is accepted")
	}
}

// Whatever bytes a transformation comes from: Check refuses it, or Row works.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(`{"inputs":[{"name":"a","kind":"number"}],"features":[{"name":"a","op":"value","inputs":[0]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"a","kind":"text"}],"features":[{"name":"a","op":"has_word","inputs":[0],"levels":["x"]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"a","kind":"time"}],"features":[{"name":"a","op":"between","inputs":[0,0]},{"op":"days","inputs":[0]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var tr feature.Transform
		if json.Unmarshal(data, &tr) != nil || tr.Check() != nil {
			return
		}
		cells := make([]table.Value, len(tr.Inputs))
		for i := range cells {
			cells[i] = table.Value{Number: 1, Text: "x y", Time: 86400e6}
		}
		tr.Row(cells, make([]float64, len(tr.Features)))
	})
}
