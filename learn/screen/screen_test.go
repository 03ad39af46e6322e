package screen_test

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/screen"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/table"
)

var (
	judge   = tree.Boost{Rounds: 20, Patience: 5, Leaves: 8, MinRows: 5}
	trees   = tree.Boost{Rounds: 40, MinRows: 5, Leaves: 16}
	learner = screen.Learner{Of: trees, Judge: judge}
	subject = learntest.Subject{
		Learner: learner, Decode: func(data []byte) (learn.Model, error) { return tree.Decode(data) },
		Tasks: []learn.Task{learn.Binary, learn.Multiclass, learn.Regression},
	}
)

func TestConformance(t *testing.T) { learntest.Run(t, subject) }

// The settings of both learners are in the key of a fit.
func TestSettings(t *testing.T) {
	got, err := json.Marshal(learner)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Settings tree.Boost
		Judge    tree.Boost `json:"columns_judged_by"`
	}
	if err := json.Unmarshal(got, &read); err != nil || read.Settings.Leaves != 16 || read.Judge.Leaves != 8 {
		t.Errorf("settings %s, %v", got, err)
	}
}

// noisy is two columns that tell the class with some error, and a category of
// many levels and some numbers that say nothing of it.
func noisy(n int, seed uint64) learn.Data {
	r := rand.New(rand.NewPCG(seed, 7))
	d := learn.Data{Task: learn.Binary, Classes: 2, Target: make([]float64, n), Table: &table.Table{Rows: n}}
	const columns, levels = 12, 60
	for j := range columns {
		c := table.Column{Name: "n" + strconv.Itoa(j), Number: make([]float64, n)}
		for i := range n {
			c.Number[i] = r.NormFloat64()
		}
		d.Table.Columns = append(d.Table.Columns, c)
	}
	place := table.Column{Name: "place", Kind: table.Text, Code: make([]int32, n)}
	for l := range levels {
		place.Levels = append(place.Levels, strconv.Itoa(l))
	}
	a, b := d.Table.Columns[0].Number, d.Table.Columns[1].Number
	for i := range n {
		place.Code[i] = int32(r.IntN(levels))
		if r.Float64() < 1/(1+math.Exp(-1.5*a[i]-2*a[i]*b[i])) {
			d.Target[i] = 1
		}
	}
	d.Table.Columns = append(d.Table.Columns, place)
	return d
}

// used tells which columns a model looks at: those whose change changes what
// it predicts of some row.
func used(t *testing.T, m learn.Model, d learn.Data) []bool {
	columns := len(d.Table.Columns)
	out := make([]bool, columns)
	x, one, other := make([]float64, columns), make([]float64, 1), make([]float64, 1)
	for row := range 300 {
		for j := range columns {
			d.Table.Gather(x, []int32{int32(row)})
			m.Predict(x, one)
			for _, v := range []float64{math.Round(x[j]) + 2, math.NaN()} {
				x[j] = v
				m.Predict(x, other)
				out[j] = out[j] || one[0] != other[0]
			}
		}
	}
	return out
}

func fit(t *testing.T, l learn.Learner, d learn.Data) learn.Model {
	t.Helper()
	m, err := l.Fit(context.Background(), d, nil, learn.Options{Seed: 3, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// What helps stays and most of what does not is left out, and so new rows are
// predicted better.
func TestNoiseIsLeftOut(t *testing.T) {
	d, fresh := noisy(2_000, 1), noisy(4_000, 2)
	for _, of := range []learn.Learner{trees, net.Learner{Nets: 1}} {
		t.Run(of.Name(), func(t *testing.T) { noiseIsLeftOut(t, of, d, fresh) })
	}
}

func noiseIsLeftOut(t *testing.T, of learn.Learner, d, fresh learn.Data) {
	all, some := fit(t, of, d), fit(t, screen.Learner{Of: of, Judge: judge}, d)
	got := used(t, some, d)
	if !got[0] || !got[1] {
		t.Errorf("columns looked at: %v, the first two help", got)
	}
	noise := 0
	for _, u := range got[2:] {
		if u {
			noise++
		}
	}
	if noise > 4 {
		t.Errorf("%d of %d columns of noise are looked at", noise, len(got)-2)
	}
	if a, b := logLoss(t, all, fresh), logLoss(t, some, fresh); b > 0.98*a {
		t.Errorf("log loss %.4f on new rows, %.4f with all columns", b, a)
	}
}

// Where nothing can be told, nothing is left out.
func TestTooLittleToTell(t *testing.T) {
	d := noisy(40, 3)
	for i := range d.Target {
		d.Target[i] = 0
	}
	d.Target[5] = 1 // in one half only
	if got, want := encode(t, fit(t, learner, d)), encode(t, fit(t, trees, d)); !bytes.Equal(got, want) {
		t.Error("the model is not that of all columns")
	}
}

func encode(t *testing.T, m learn.Model) []byte {
	t.Helper()
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func logLoss(t *testing.T, m learn.Model, d learn.Data) float64 {
	t.Helper()
	out, err := learn.PredictTable(context.Background(), m, d.Table, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, p := range out {
		if d.Target[i] == 0 {
			p = 1 - p
		}
		sum -= math.Log(p)
	}
	return sum / float64(len(out))
}
