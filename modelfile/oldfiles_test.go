package modelfile_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// testdata/files has a folder for each set of model files, 001 being the first
// that was ever made. A set is made once, by the program of its day, and never
// changed: it stands for the files that people have.
const sets = "testdata/files"

var newSet = flag.Bool("new-set", false, "make a further set of model files with what they must give")

// answer is what a file must give for a row of a file of comma-separated
// values: the same bits from every later version.
type answer struct {
	Cells    map[string]string `json:"cells"` // by column
	Scores   []float64         `json:"scores"`
	Class    int               `json:"class"`
	Interval []float64         `json:"interval,omitempty"` // its ends
	Set      []int             `json:"set,omitempty"`
	Base     float64           `json:"base"`
	Reasons  []reason          `json:"reasons"`
	Rest     float64           `json:"rest"`
}

type reason struct {
	What   string  `json:"what"`
	Effect float64 `json:"effect"`
}

// reasons is how many are asked for.
const reasons = 3

func bits(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// Every file that a version of the program ever made is read, and gives the
// same scores, classes, intervals, sets and reasons, bit for bit.
func TestOldFilesGiveTheSameBits(t *testing.T) {
	if *newSet {
		makeSet(t)
	}
	files, err := filepath.Glob(filepath.Join(sets, "*", "*.septet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s, %v", sets, err)
	}
	for _, file := range files {
		name, _ := filepath.Rel(sets, file)
		t.Run(name, func(t *testing.T) {
			m, err := modelfile.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			if equal, total, err := m.Replay(); err != nil || equal != total || total == 0 {
				t.Errorf("%d of %d golden rows agree, %v", equal, total, err)
			}
			text, err := os.ReadFile(strings.TrimSuffix(file, ".septet") + ".json")
			if err != nil {
				t.Fatal(err)
			}
			var want []answer
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			got := make([]answer, len(want))
			for i, w := range want {
				got[i] = ask(t, m, w.Cells)
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(bits)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// ask is what m gives for a row.
func ask(t *testing.T, m *modelfile.Model, row map[string]string) answer {
	t.Helper()
	cells := make([]table.Value, len(m.Transform.Inputs))
	for i := range cells {
		in := &m.Transform.Inputs[i]
		var state table.State
		if cells[i], state = in.Read(row[in.Name]); state == table.Invalid {
			t.Fatalf("column %s holds no %s", in.Name, in.Kind)
		}
	}
	x, a := make([]float64, len(m.Transform.Features)), answer{Cells: row, Scores: make([]float64, m.Width())}
	m.Features(cells, x)
	m.Score(x, a.Scores)
	a.Class = m.Class(a.Scores)
	switch c := m.Conformal; {
	case c == nil:
	case m.Task == learn.Regression:
		low, high := c.Interval(a.Scores[0])
		a.Interval = []float64{low, high}
	default:
		a.Set = c.Set(a.Scores)
	}
	e, err := modelfile.NewExplainer(m)
	if err != nil {
		t.Fatal(err)
	}
	why, err := e.Explain(x, a.Scores, reasons)
	if err != nil {
		t.Fatal(err)
	}
	a.Base, a.Rest, a.Reasons = why.Base, why.Rest, []reason{}
	for _, r := range why.Reasons {
		a.Reasons = append(a.Reasons, reason{e.Words(r.Feature), r.Effect})
	}
	return a
}

// A file that this version writes has the very parts of the newest set: who
// changes what a part says makes a new set, and leaves the old one.
func TestFilesAreWrittenAsInTheNewestSet(t *testing.T) {
	for _, file := range newest(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := modelfile.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		var again bytes.Buffer
		if err := m.Write(&again); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(unpack(t, data), unpack(t, again.Bytes()), cmp.AllowUnexported(part{})); diff != "" {
			t.Errorf("%s is written otherwise: is the format still %s? (-read +written):\n%s", file, modelfile.Format, diff)
		}
	}
}

// The newest set has all that a file can hold.
func TestTheNewestSetIsWhole(t *testing.T) {
	held := map[string]bool{}
	for _, file := range newest(t) {
		m, err := modelfile.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		held[m.Format], held[string(m.Task)] = true, true
		held["calibration "+m.Calibration.Kind] = true
		held[fmt.Sprintf("%s pool %d", m.Task, m.Ensemble.Pool)] = true
		if m.Conformal != nil {
			held["conformal "+m.Conformal.Kind] = true
		}
		if m.Points != nil {
			held["points"] = true
		}
		if m.Seen != nil {
			held["seen "+string(m.Task)] = true
		}
		for _, f := range m.Transform.Features {
			held["feature "+string(f.Op)] = true
		}
		for _, member := range m.Ensemble.Members {
			for _, model := range member.Models {
				held[fmt.Sprintf("%s %T", m.Task, model)] = true
			}
		}
	}
	want := []string{modelfile.Format, "points", "regression *root.Model"}
	for _, k := range []string{calibrate.Identity, calibrate.Platt, calibrate.Beta, calibrate.Isotonic, calibrate.Temperature} {
		want = append(want, "calibration "+k)
	}
	for _, k := range []string{calibrate.Absolute, calibrate.Scaled, calibrate.Least, calibrate.Adaptive} {
		want = append(want, "conformal "+k)
	}
	for _, op := range []feature.Op{feature.Value, feature.Category, feature.Days, feature.Month, feature.Day, feature.Weekday, feature.Hour, feature.Between, feature.Length, feature.Words, feature.HasWord} {
		want = append(want, "feature "+string(op))
	}
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		want = append(want, string(task), "seen "+string(task), fmt.Sprintf("%s pool %d", task, ensemble.PoolOf(task)))
		for _, model := range []string{"baseline.Constant", "baseline.Thumb", "linear.Model", "tree.Model", "forest.Model", "neighbor.Model", "net.Model"} {
			want = append(want, fmt.Sprintf("%s *%s", task, model))
		}
	}
	for _, w := range want {
		if !held[w] {
			t.Errorf("no file has %s: make a new set", w)
		}
	}
}

// newest are the files of the newest set.
func newest(t *testing.T) []string {
	t.Helper()
	folders, err := filepath.Glob(filepath.Join(sets, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no sets, %v", err)
	}
	files, err := filepath.Glob(filepath.Join(slices.Max(folders), "*.septet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files, %v", err)
	}
	return files
}
