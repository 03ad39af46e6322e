package modelfile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// build fits a small model on a table with a number, a category and a time.
func build(t testing.TB) (*modelfile.Model, *table.Table) {
	random := rand.New(rand.NewPCG(11, 12))
	const n = 300
	raw := &table.Table{Rows: n, Columns: []table.Column{
		{Name: "spend", Kind: table.Number}, {Name: "plan", Kind: table.Text, Levels: []string{"basic", "gold"}}, {Name: "since", Kind: table.Time},
	}}
	target := make([]float64, n)
	for i := range n {
		spend, plan := random.NormFloat64()*10+50, int32(random.IntN(3))-1
		raw.Columns[0].Number = append(raw.Columns[0].Number, spend)
		raw.Columns[1].Code = append(raw.Columns[1].Code, plan)
		raw.Columns[2].Time = append(raw.Columns[2].Time, int64(random.IntN(20_000))*86_400_000_000)
		if spend+10*float64(plan)+5*random.NormFloat64() > 50 {
			target[i] = 1
		}
	}
	raw.Columns[0].Number[7] = math.NaN()
	rules := []table.CellRule{{Kind: table.Number}, {Kind: table.Text}, {Kind: table.Time, Layouts: []string{"2006-01-02"}}}
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	transform, _, err := feature.Fit(raw, rules, rows, feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	features, err := transform.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	data := learn.Data{Task: learn.Binary, Classes: 2, Table: features, Target: target}
	m := &modelfile.Model{
		Manifest: modelfile.Manifest{
			Title: "gold", Task: learn.Binary, Classes: []string{"no", "yes"}, Target: "gold", Metric: "auc",
			Threshold: new(0.4), Calibration: calibrate.Map{Kind: calibrate.Platt, Width: 1, Slope: 0.9, Offset: 0.1},
		},
		Transform: transform, Ensemble: &ensemble.Model{Pool: ensemble.Logarithmic}, Card: "# gold\n",
	}
	for _, l := range []learn.Learner{linear.Learner{L2: 1}, tree.Boost{Rounds: 20, Leaves: 4}} {
		model, err := l.Fit(context.Background(), data, nil, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		m.Ensemble.Members = append(m.Ensemble.Members, ensemble.Member{Weight: 0.5, Models: []learn.Model{model}})
	}
	if err := m.MakeGolden(raw, rows, 16, 1); err != nil {
		t.Fatal(err)
	}
	return m, raw
}

func encode(t testing.TB, m *modelfile.Model) []byte {
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadBackGivesTheSameBits(t *testing.T) {
	m, raw := build(t)
	data := encode(t, m)
	if again := encode(t, m); !bytes.Equal(data, again) {
		t.Error("the same model has other bytes the second time")
	}
	read, err := modelfile.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if equal, total, err := read.Replay(); err != nil || equal != 16 || total != 16 {
		t.Errorf("%d of %d golden rows agree, %v", equal, total, err)
	}
	want, err := m.ScoreTable(context.Background(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	got, err := read.ScoreTable(context.Background(), raw, 2)
	if err != nil {
		t.Fatal(err)
	}
	x, out := make([]float64, len(read.Transform.Features)), make([]float64, 1)
	for row := range raw.Rows {
		cells := []table.Value{{Number: raw.Columns[0].Number[row]}, {}, {Time: raw.Columns[2].Time[row]}}
		if code := raw.Columns[1].Code[row]; code >= 0 {
			cells[1].Text = raw.Columns[1].Levels[code]
		}
		read.Features(cells, x)
		read.Score(x, out)
		if got[row] != want[row] || out[0] != want[row] {
			t.Fatalf("row %d: %v before, %v read back, %v alone", row, want[row], got[row], out[0])
		}
	}
}

// A file with a changed, missing or added byte is refused or still whole: it
// never panics.
func TestDamagedFiles(t *testing.T) {
	m, _ := build(t)
	data := encode(t, m)
	random := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		damaged := bytes.Clone(data)
		switch random.IntN(3) {
		case 0:
			damaged = damaged[:random.IntN(len(damaged))]
		case 1:
			damaged[random.IntN(len(damaged))] ^= 1 << random.IntN(8)
		case 2:
			damaged = append(damaged, byte(random.IntN(256)))
		}
		if _, err := modelfile.Decode(damaged); err != nil && !errors.Is(err, modelfile.ErrFormat) && problem.As(err) == nil {
			t.Fatalf("error %v does not say that it is no model file", err)
		}
	}
}

func TestOpenMissing(t *testing.T) {
	if _, err := modelfile.Open(t.TempDir() + "/no.septet"); err == nil {
		t.Error("no error for a missing file")
	}
}

// The recipe of event features travels in the file, byte for byte, and only
// together with what the manifest says of it.
func TestPointsTravel(t *testing.T) {
	m, _ := build(t)
	flat := encode(t, m)
	want := &modelfile.Points{
		Entity:   []feature.Input{{Name: "who", CellRule: table.CellRule{Kind: table.Text}}},
		Snapshot: "2024-12-31",
		Latest:   handoff.Ref{Kind: "latest_points", SHA256: strings.Repeat("a", 64), Bytes: 5, Rows: 2},
	}
	m.Points, m.Recipe = want, []byte("{\"tables\": []}\n")
	read, err := modelfile.Decode(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(read.Recipe, m.Recipe) {
		t.Errorf("recipe %q read back as %q", m.Recipe, read.Recipe)
	}
	if diff := cmp.Diff(want, read.Points); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	read, err = modelfile.Decode(flat)
	if err != nil || read.Points != nil || read.Recipe != nil {
		t.Errorf("a file without the part: points %v, recipe %q, %v", read.Points, read.Recipe, err)
	}
	for name, change := range map[string]func(){
		"a recipe that is no JSON": func() { m.Recipe = []byte("{") },
		"points without a recipe":  func() { m.Recipe = nil },
		"a recipe without points":  func() { m.Points = nil },
		"points that name no unit": func() { m.Points = &modelfile.Points{Snapshot: "2024-12-31"} },
		"points of no day":         func() { m.Points = &modelfile.Points{Entity: want.Entity, Snapshot: "yesterday"} },
	} {
		m.Points, m.Recipe = want, []byte("{}")
		change()
		if _, err := modelfile.Decode(encode(t, m)); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	m, _ := build(f)
	f.Add(encode(f, m))
	f.Add([]byte("PK\x03\x04"))
	m.Points = &modelfile.Points{Entity: []feature.Input{{Name: "who"}}, Snapshot: "2024-12-31"}
	m.Recipe = []byte("{}")
	f.Add(encode(f, m))
	m, _, _ = reminded(f)
	f.Add(encode(f, m))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := modelfile.Decode(data); err == nil {
			m.Replay()
		}
	})
}

// What a person wrote into a free text does not get into the file.
func TestFreeTextStaysOut(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	const n = 300
	note := table.Column{Name: "note", Kind: table.Text}
	spend := table.Column{Name: "spend", Kind: table.Number}
	target := make([]float64, n)
	for i := range n {
		spend.Number = append(spend.Number, random.NormFloat64())
		note.Levels = append(note.Levels, fmt.Sprintf("called about late delivery again, reference secret%04d", i))
		note.Code = append(note.Code, int32(i))
		if i%3 == 0 {
			note.Levels[i] = fmt.Sprintf("happy with price and service, reference secret%04d", i)
			target[i] = 1
		}
	}
	raw := &table.Table{Rows: n, Columns: []table.Column{spend, note}}
	rows := make([]int32, n)
	for i := range rows {
		rows[i] = int32(i)
	}
	transform, _, err := feature.Fit(raw, []table.CellRule{{Kind: table.Number}, {Kind: table.Text}}, rows, feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	features, err := transform.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	model, err := linear.Learner{L2: 1}.Fit(context.Background(), learn.Data{Task: learn.Binary, Classes: 2, Table: features, Target: target}, nil, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	m := &modelfile.Model{
		Manifest:  modelfile.Manifest{Title: "mood", Task: learn.Binary, Classes: []string{"no", "yes"}, Target: "mood", Metric: "auc", Threshold: new(0.5)},
		Transform: transform, Ensemble: &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: []learn.Model{model}}}},
	}
	if err := m.MakeGolden(raw, rows, 50, 1); err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, row := range m.Golden.Rows {
		text, _ := row["note"].(string)
		if strings.Contains(text, "secret") {
			t.Fatal("a golden row holds what somebody wrote")
		}
		if strings.Contains(text, "and") {
			said++
		}
	}
	if said == 0 || said == 50 {
		t.Errorf("%d of 50 golden rows have a word that the features ask for: they do not try the feature", said)
	}
}

// A file that cannot be tried is refused: its replay would prove nothing.
func TestNoGoldenRows(t *testing.T) {
	m, _ := build(t)
	m.Golden = modelfile.Golden{}
	if _, err := modelfile.Decode(encode(t, m)); !errors.Is(err, modelfile.ErrFormat) {
		t.Errorf("error %v, want one that wraps ErrFormat", err)
	}
}

// A file keeps what makes its intervals or sets; one without is read as before,
// and one whose sets do not suit the task is refused.
func TestConformalTravels(t *testing.T) {
	m, _ := build(t)
	read, err := modelfile.Decode(encode(t, m))
	if err != nil || read.Conformal != nil {
		t.Fatalf("a file without sets: %v, %v", read.Conformal, err)
	}
	m.Conformal = &calibrate.Conformal{Kind: calibrate.Least, Coverage: 0.9, Width: 1, Quantile: 0.7}
	read, err = modelfile.Decode(encode(t, m))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Conformal, read.Conformal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for name, c := range map[string]calibrate.Conformal{
		"intervals of classes":  {Kind: calibrate.Absolute, Coverage: 0.9, Width: 1, Quantile: 0.7},
		"sets of three columns": {Kind: calibrate.Least, Coverage: 0.9, Width: 3, Quantile: 0.7},
		"a coverage of 1":       {Kind: calibrate.Least, Coverage: 1, Width: 1, Quantile: 0.7},
	} {
		m.Conformal = &c
		if _, err := modelfile.Decode(encode(t, m)); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	m.Conformal = &calibrate.Conformal{Kind: "later", Coverage: 0.9, Width: 1, Quantile: 0.7}
	if _, err := modelfile.Decode(encode(t, m)); problem.As(err) == nil {
		t.Errorf("a kind of its own: error %v, want a problem", err)
	}
}
