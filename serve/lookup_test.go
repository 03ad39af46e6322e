package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/serve/servetest"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

func number(name string) feature.Input {
	return feature.Input{Name: name, CellRule: table.CellRule{Kind: table.Number}}
}

func word(name string) feature.Input {
	return feature.Input{Name: name, CellRule: table.CellRule{Kind: table.Text}}
}

// lookupForm takes rows of visits and brand, about people of an id and a
// brand: brand is one of the model's own columns and names the unit, too.
func lookupForm(t *testing.T) *form {
	t.Helper()
	f := newForm([]feature.Input{number("visits"), word("brand")})
	p := &modelfile.Points{Entity: []feature.Input{number("id"), word("brand")}, Snapshot: "2024-12-31"}
	l, err := newLookup(p, f.inputs, &table.Table{Rows: 3, Columns: []table.Column{
		{Name: "id", Number: []float64{0, 100000000146, 7}},
		{Name: "brand", Kind: table.Text, Levels: []string{"a", "b"}, Code: []int32{0, 0, 1}},
		{Name: "visits", Number: []float64{1.5, math.NaN(), 3}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	f.lookup = l
	return f
}

func TestReadRowsByName(t *testing.T) {
	nan := math.NaN()
	row := func(visits float64, brand string) []table.Value {
		return []table.Value{{Number: visits, Time: table.NoTime}, {Number: nan, Text: brand, Time: table.NoTime}}
	}
	tests := []struct {
		name, body string
		want       []table.Value
		looked     int
		faults     []string
	}{
		{"by name", `{"rows":[{"id":7,"brand":"b"}]}`, row(3, "b"), 1, nil},
		{"in any order, as text, minus zero", `{"rows":[{"brand":"a","id":"-0"}]}`, row(1.5, "a"), 1, nil},
		{"a long number, no value", `{"rows":[{"id":100000000146,"brand":"a"}]}`, row(nan, "a"), 1, nil},
		{"other columns beside", `{"rows":[{"x":[1],"id":7,"brand":"b","y":null}]}`, row(3, "b"), 1, nil},
		{"a full row", `{"rows":[{"visits":9,"brand":"b"}]}`, row(9, "b"), 0, nil},
		{"a full row with a name", `{"rows":[{"id":7,"visits":9,"brand":"z"}]}`, row(9, "z"), 0, nil},
		{"both kinds", `{"rows":[{"visits":9,"brand":"b"},{"id":0,"brand":"a"}]}`, append(row(9, "b"), row(1.5, "a")...), 1, nil},
		{"nobody", `{"rows":[{"id":8,"brand":"b"}]}`, nil, 0, []string{"/rows/0 is not known as of 2024-12-31"}},
		{"of another brand", `{"rows":[{"id":7,"brand":"a"}]}`, nil, 0, []string{"/rows/0 is not known as of 2024-12-31"}},
		{"null", `{"rows":[{"id":null,"brand":"b"}]}`, nil, 0, []string{"/rows/0 is not known as of 2024-12-31"}},
		{"half a name", `{"rows":[{"brand":"b"}]}`, nil, 0, []string{"/rows/0/id is missing"}},
		{"nothing", `{"rows":[{}]}`, nil, 0, []string{"/rows/0/id is missing", "/rows/0/brand is missing"}},
		{"half a row", `{"rows":[{"id":7,"visits":9}]}`, nil, 0, []string{"/rows/0/brand is missing"}},
		{"no number", `{"rows":[{"id":"secret","brand":"b"}]}`, nil, 0, []string{"/rows/0/id is not a number"}},
		{"twice", `{"rows":[{"id":7,"id":7,"brand":"b"}]}`, nil, 0, []string{"/rows/0/id is given twice"}},
		{"twice, a column of both", `{"rows":[{"id":7,"brand":"b","brand":"b"}]}`, nil, 0, []string{"/rows/0/brand is given twice"}},
	}
	f, b := lookupForm(t), &batch{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f.read(&scanner{data: []byte(test.body)}, b, 10) // the same batch again and again
			var faults []string
			for _, fault := range b.faults {
				faults = append(faults, fault.Pointer+" "+fault.Reason)
				if strings.Contains(fault.Reason+fault.Fix, "secret") {
					t.Errorf("fault %v repeats a value", fault)
				}
			}
			if diff := cmp.Diff(test.faults, faults); diff != "" {
				t.Fatalf("faults (-want +got):\n%s", diff)
			}
			if faults != nil {
				return
			}
			equal := cmp.Comparer(func(x, y float64) bool { return x == y || x != x && y != y })
			if diff := cmp.Diff(test.want, append([]table.Value(nil), b.cells...), equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if b.looked != test.looked {
				t.Errorf("%d rows looked up, want %d", b.looked, test.looked)
			}
		})
	}
}

// Whatever is read with a lookup, a row that has no fault has all its cells.
func FuzzReadRowsByName(f *testing.F) {
	for _, seed := range []string{`{"rows":[{"id":7,"brand":"b"}]}`, `{"rows":[{"brand":"\u0062","id":"7","brand":{"a":[]}}]}`, `{"rows":[{"visits":1,"brand":"a","id":`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		b := &batch{}
		form := lookupForm(t)
		form.read(&scanner{data: body}, b, 100)
		if len(b.faults) == 0 && len(b.cells) != b.rows*len(form.inputs) {
			t.Errorf("%d cells of %d rows", len(b.cells), b.rows)
		}
		if b.unknown > len(b.faults)+b.more {
			t.Errorf("%d unknown among %d faults", b.unknown, len(b.faults)+b.more)
		}
	})
}

func TestKeysAreApart(t *testing.T) {
	f := newForm([]feature.Input{number("visits")})
	p := &modelfile.Points{Entity: []feature.Input{word("a"), word("b")}, Snapshot: "2024-12-31"}
	values := &table.Table{Rows: 2, Columns: []table.Column{
		{Name: "a", Kind: table.Text, Levels: []string{"x", "xy"}, Code: []int32{0, 1}},
		{Name: "b", Kind: table.Text, Levels: []string{"yz", "z"}, Code: []int32{0, 1}},
		{Name: "visits", Number: []float64{1, 2}},
	}}
	if _, err := newLookup(p, f.inputs, values); err != nil {
		t.Errorf("x + yz and xy + z: %v", err)
	}
	values.Columns[0].Code[1], values.Columns[1].Code[1] = 0, 0
	if _, err := newLookup(p, f.inputs, values); err == nil {
		t.Error("no error for two rows of one key")
	}
}

// registerPoints registers a model that is asked by name: the rows that it was
// made of are numbered from 1 in a column id. Of them the table has as many as
// known.
func (r *rig) registerPoints(name string, recipe servetest.Recipe, known int) (ledger.Model, *table.Table) {
	r.Helper()
	files, err := artifact.Open(filepath.Join(r.dir, "artifacts"))
	if err != nil {
		r.Fatal(err)
	}
	raw, _, _ := recipe.Raw()
	id := table.Column{Name: "id", Kind: table.Text}
	rows := make([]int32, known)
	for i := range raw.Rows {
		id.Code, id.Levels = append(id.Code, int32(i)), append(id.Levels, fmt.Sprintf("P%d", i+1))
	}
	for i := range rows {
		rows[i] = int32(i)
	}
	all := &table.Table{Rows: raw.Rows, Columns: append([]table.Column{id}, raw.Columns...)}
	latest, err := files.Put(r.Context(), "latest_points", "application/vnd.apache.parquet", func(w io.Writer) error {
		return parquet.Write(w, all.Take(rows))
	})
	if err != nil {
		r.Fatal(err)
	}
	m, err := recipe.Make(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	m.Points, m.Recipe = &modelfile.Points{Entity: []feature.Input{word("id")}, Snapshot: "2024-12-31", Latest: latest}, []byte("{}")
	file, err := files.Put(r.Context(), "model", "application/octet-stream", m.Write)
	if err != nil {
		r.Fatal(err)
	}
	path, err := filepath.Rel(r.dir, files.Path(file))
	if err != nil {
		r.Fatal(err)
	}
	out, err := r.ledger.Register(r.Context(), ledger.Model{
		Name: name, Digest: "sha256:" + file.SHA256, Bytes: file.Bytes, Stage: ledger.Development, Blessed: true,
	}, func(int) (string, error) { return path, nil })
	if err != nil {
		r.Fatal(err)
	}
	return out, raw
}

// Names get the scores that the file gives their rows, after a restart too.
func TestPredictByName(t *testing.T) {
	r := newRig(t, nil)
	m, raw := r.registerPoints("churn", servetest.Recipe{Rows: 400}, 300)
	r.deploy(m, nil)
	model, err := modelfile.Open(filepath.Join(r.dir, m.Path))
	if err != nil {
		t.Fatal(err)
	}
	want, err := model.ScoreTable(t.Context(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	check := func() {
		t.Helper()
		for _, row := range []int{0, 17, 299} {
			reply, err := r.ask("churn", fmt.Appendf(nil, `{"id":"P%d"}`, row+1))
			if err != nil {
				t.Fatal(err)
			}
			if got := *reply.Predictions[0].Probability; math.Float64bits(got) != math.Float64bits(want[row]) {
				t.Errorf("row %d: %v by name, %v in a table", row, got, want[row])
			}
		}
		_, err := r.ask("churn", []byte(`{"id":"P301"}`))
		wantCode(t, err, "request.rows")
	}
	check()
	r.predict(m) // a full row
	r.stop()
	r.start()
	check()
}

// A feature table that is not the one that the model names is not served.
func TestDamagedLookup(t *testing.T) {
	r := newRig(t, nil)
	m, _ := r.registerPoints("churn", servetest.Recipe{}, 20)
	model, err := modelfile.Open(filepath.Join(r.dir, m.Path))
	if err != nil {
		t.Fatal(err)
	}
	damage(t, latestPath(t, r.dir, model.Points.Latest))
	d, err := r.client.Deploy(t.Context(), Order{Name: m.Name, Version: m.Version})
	if err != nil || d.Status != "refused" || d.Error == nil || d.Error.Code != "deploy.points" {
		t.Errorf("deployment is %s, %v, %v; want refused, deploy.points", d.Status, d.Error, err)
	}
}

func latestPath(t *testing.T, workspace string, ref handoff.Ref) string {
	t.Helper()
	files, err := artifact.Open(filepath.Join(workspace, "artifacts"))
	if err != nil {
		t.Fatal(err)
	}
	return files.Path(ref)
}

// A name that a candidate does not know is the caller's to mend, no reason to
// take the candidate back.
func TestUnknownNameEndsNoTrial(t *testing.T) {
	b := &batch{}
	f := lookupForm(t)
	f.read(&scanner{data: []byte(`{"rows":[{"id":8,"brand":"b"},{"id":7,"brand":"b"}]}`)}, b, 10)
	if !b.onlyUnknown() {
		t.Error("an unknown name alone does not count as such")
	}
	f.read(&scanner{data: []byte(`{"rows":[{"id":8,"brand":"b"},{"visits":"many","brand":"b"}]}`)}, b, 10)
	if b.onlyUnknown() {
		t.Error("a cell that cannot be read counts as an unknown name")
	}
}

// The description shows how to ask by name, with nobody's name.
func TestDescribeByName(t *testing.T) {
	r := newRig(t, nil)
	m, _ := r.registerPoints("churn", servetest.Recipe{}, 20)
	r.deploy(m, nil)
	var got description
	answer, err := httpGet(r.client.Info.URL() + "/v1/models/churn")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	if got.AsOf != "2024-12-31" || len(got.Entity) != 1 || got.Entity[0].Name != "id" {
		t.Errorf("as of %q, entity %v", got.AsOf, got.Entity)
	}
	if !strings.Contains(got.Curl, `{"rows":[{"id":"PUT A id HERE"}]}`) {
		t.Errorf("curl %s", got.Curl)
	}
}

func httpGet(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(answer.Body)
}
