package root_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/table"
)

func decode(data []byte) (learn.Model, error) {
	return root.Decode(data, func(name string, data []byte) (learn.Model, error) {
		if name != tree.Name {
			return nil, errors.New("no such learner")
		}
		return tree.Decode(data)
	})
}

var subject = learntest.Subject{Learner: root.Learner{Of: tree.Boost{Rounds: 60, MinRows: 5, Leaves: 8}}, Decode: decode, Tasks: []learn.Task{learn.Regression}}

func TestConformance(t *testing.T) { learntest.Run(t, subject) }

func FuzzDecode(f *testing.F) { learntest.Fuzz(f, subject) }

// Settings of the learner of the roots are in the key of a fit.
func TestSettingsAreThoseOfTheLearner(t *testing.T) {
	got, err := json.Marshal(root.Learner{Of: tree.Boost{Leaves: 7}})
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Learner  string
		Settings tree.Boost
	}
	if err := json.Unmarshal(got, &read); err != nil || read.Learner != tree.Name || read.Settings.Leaves != 7 {
		t.Errorf("settings %s, %v", got, err)
	}
}

// scaled is values that one column explains but for an error in proportion to
// them, and a column that says nothing.
func scaled(n int, seed uint64) learn.Data {
	r := rand.New(rand.NewPCG(seed, 0))
	x, y := table.Column{Name: "x"}, table.Column{Name: "y"}
	d := learn.Data{Task: learn.Regression}
	for range n {
		v := r.Float64()
		x.Number, y.Number = append(x.Number, v), append(y.Number, r.Float64())
		d.Target = append(d.Target, math.Exp(4*v)*math.Exp(0.4*r.NormFloat64()))
	}
	d.Table = &table.Table{Rows: n, Columns: []table.Column{x, y}}
	return d
}

// Where errors grow with the value, roots are learned better than values; the
// mean is that of the values, and nothing is predicted below the floor.
func TestErrorsThatGrowWithTheValue(t *testing.T) {
	train, fresh := scaled(2000, 1), scaled(20_000, 2)
	valid := train
	for i := range 2000 {
		if i%4 == 0 {
			valid.Rows = append(valid.Rows, int32(i))
		} else {
			train.Rows = append(train.Rows, int32(i))
		}
	}
	of := tree.Boost{Rounds: 500, LearningRate: 0.05, Patience: 30, Leaves: 8, MinRows: 5}
	var rmse []float64
	for _, l := range []learn.Learner{of, root.Learner{Of: of}} {
		m, err := l.Fit(t.Context(), train, &valid, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		got, err := learn.PredictTable(t.Context(), m, fresh.Table, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		squares, sum, mean := 0.0, 0.0, 0.0
		for i, y := range fresh.Target {
			squares += (got[i] - y) * (got[i] - y)
			sum, mean = sum+got[i], mean+y
			if _, ok := m.(*root.Model); ok && got[i] < 0 {
				t.Fatalf("row %d is predicted %v", i, got[i])
			}
		}
		rmse = append(rmse, math.Sqrt(squares/float64(len(got))))
		if math.Abs(sum/mean-1) > 0.05 {
			t.Errorf("%s: the mean prediction is %.3f of the mean value", m.Name(), sum/mean)
		}
	}
	if !(rmse[1] < rmse[0]) {
		t.Errorf("rmse of values %.3f, by their roots %.3f", rmse[0], rmse[1])
	}
}

// Values below 0 move the floor.
func TestFloor(t *testing.T) {
	d := scaled(500, 3)
	for i := range d.Target {
		d.Target[i] -= 20
	}
	m, err := root.Learner{Of: tree.Boost{}}.Fit(t.Context(), d, nil, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	least := 0.0
	for _, y := range d.Target {
		least = math.Min(least, y)
	}
	if got := m.(*root.Model).Floor; got != least {
		t.Errorf("the floor is %v, the least value %v", got, least)
	}
}

// How high the rows lie that a fit is judged on is no part of it: were it, folds
// of other times would seem to be foreseen.
func TestLevelOfOtherRowsIsNotLearned(t *testing.T) {
	const up = 30.0
	train := scaled(2000, 1)
	valid := train
	valid.Target = make([]float64, len(train.Target))
	for i, y := range train.Target {
		valid.Target[i] = y + up
		if i%4 == 0 {
			valid.Rows = append(valid.Rows, int32(i))
		} else {
			train.Rows = append(train.Rows, int32(i))
		}
	}
	m, err := root.Learner{Of: tree.Boost{Rounds: 30, LearningRate: 0.1, Leaves: 8}}.Fit(t.Context(), train, &valid, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	got, err := learn.PredictTable(t.Context(), m, valid.Table, valid.Rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	off := 0.0
	for i, r := range valid.Rows {
		off += (valid.Target[r] - got[i]) / float64(len(got))
	}
	if math.Abs(off/up-1) > 0.1 {
		t.Errorf("rows that are %v higher than those learned from seem %.2f higher", up, off)
	}
}
