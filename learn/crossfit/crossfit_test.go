package crossfit_test

import (
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

func example(n int) learn.Data {
	random := rand.New(rand.NewPCG(5, 6))
	a, b := table.Column{Name: "a"}, table.Column{Name: "b"}
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: n}}
	for range n {
		u, v := random.NormFloat64(), random.NormFloat64()
		a.Number, b.Number = append(a.Number, u), append(b.Number, v)
		y := 0.0
		if u-v+random.NormFloat64() > 0 {
			y = 1
		}
		d.Target = append(d.Target, y)
	}
	d.Table.Columns = []table.Column{a, b}
	return d
}

// memo keeps results in memory and counts the fits that were done.
type memo struct {
	mu   sync.Mutex
	kept map[string][]byte
	fits int
}

func (m *memo) do(ctx context.Context, key any, work func(context.Context) ([]byte, error)) ([]byte, error) {
	name, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	data, ok := m.kept[string(name)]
	m.mu.Unlock()
	if ok {
		return data, nil
	}
	if data, err = work(ctx); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept[string(name)] = data
	m.fits++
	return data, nil
}

func fits(d learn.Data, m *memo, threads int) crossfit.Fits {
	return crossfit.Fits{
		Data: d,
		Folds: func(repeat int) ([]fold.Fold, error) {
			return fold.KFold(fold.Data{Classes: d.Classes, Target: d.Target}, 4, uint64(repeat))
		},
		Key: "example", Memo: m.do, Seed: 1, Threads: threads,
		Decode: func(name string, data []byte) (learn.Model, error) { return linear.Decode(data) },
	}
}

var jobs = []crossfit.Job{
	{Candidate: crossfit.Candidate{ID: "weak", Learner: linear.Learner{L2: 1}}},
	{Candidate: crossfit.Candidate{ID: "strong", Learner: linear.Learner{L2: 100}}},
	{Candidate: crossfit.Candidate{ID: "weak", Learner: linear.Learner{L2: 1}}, Repeat: 1},
}

// Every row is predicted by the model that did not see it.
func TestOutOfFold(t *testing.T) {
	d := example(300)
	f := fits(d, &memo{kept: map[string][]byte{}}, 1)
	bags, units, err := f.Run(context.Background(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	if units != 12 || len(bags) != 3 {
		t.Fatalf("%d units, %d bags; want 12 and 3", units, len(bags))
	}
	for _, bag := range bags {
		folds, _ := f.Folds(bag.Repeat)
		for k, fold := range folds {
			for _, row := range fold.Valid {
				var want [1]float64
				bag.Models[k].Predict([]float64{d.Table.Columns[0].Number[row], d.Table.Columns[1].Number[row]}, want[:])
				if bag.OOF[row] != want[0] {
					t.Fatalf("%s: row %d has %v, its fold's model says %v", bag.Candidate.ID, row, bag.OOF[row], want[0])
				}
			}
		}
	}
}

// Threads and finished fits change nothing; finished fits are not done again.
func TestSameWithThreadsAndMemo(t *testing.T) {
	d := example(300)
	m := &memo{kept: map[string][]byte{}}
	one := fits(d, &memo{kept: map[string][]byte{}}, 1)
	first, _, err := one.Run(context.Background(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	two := fits(d, m, 2)
	if _, _, err := two.Run(context.Background(), jobs[:1]); err != nil {
		t.Fatal(err)
	}
	second, _, err := two.Run(context.Background(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	if m.fits != 12 {
		t.Errorf("%d fits, want 12", m.fits)
	}
	for i := range first {
		if diff := cmp.Diff(first[i].OOF, second[i].OOF); diff != "" {
			t.Errorf("bag %d differs with two threads:\n%s", i, diff)
		}
	}
}

// Limit ends the list between two units; what began is finished.
func TestLimit(t *testing.T) {
	d := example(200)
	f := fits(d, &memo{kept: map[string][]byte{}}, 1)
	left := 7
	f.Limit = func() time.Duration { left--; return time.Duration(left) * time.Hour }
	bags, units, err := f.Run(context.Background(), jobs)
	if err != nil {
		t.Fatal(err)
	}
	if units != 6 || len(bags) != 1 {
		t.Errorf("%d units and %d bags, want 6 and 1", units, len(bags))
	}
}

// patient fits as the learner in it, but for a table whose fit it is told to
// wait with, which only the end of its context ends.
type patient struct {
	linear.Learner
	waits func() bool
}

func (p patient) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	if p.waits() {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return p.Learner.Fit(ctx, train, valid, opt)
}

func (p patient) MarshalJSON() ([]byte, error) { return json.Marshal(p.Learner) }

// A unit that takes longer than it may is given up: it and those after it do
// not count, however far other goroutines are, and it is no error.
func TestUnitOverItsLimit(t *testing.T) {
	for threads := 1; threads <= 3; threads++ {
		var mu sync.Mutex
		began := 0
		long := patient{linear.Learner{L2: 1}, func() bool {
			mu.Lock()
			defer mu.Unlock()
			began++
			return began == 6 // the second of the second job, or one beside it
		}}
		f := fits(example(200), &memo{kept: map[string][]byte{}}, threads)
		f.Limit = func() time.Duration { return 200 * time.Millisecond }
		slow := []crossfit.Job{{Candidate: crossfit.Candidate{ID: "a", Learner: long}}, {Candidate: crossfit.Candidate{ID: "b", Learner: long}, Repeat: 1}}
		bags, units, err := f.Run(context.Background(), slow)
		if err != nil {
			t.Fatal(err)
		}
		if len(bags) != 1 || units < 4 || units >= 8 {
			t.Errorf("%d threads: %d bags and %d units, want the first bag, and fewer than all 8 units", threads, len(bags), units)
		}
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	f := fits(example(200), &memo{kept: map[string][]byte{}}, 2)
	f.Progress = func(done int) { cancel() }
	if _, _, err := f.Run(ctx, jobs); err == nil {
		t.Error("no error after cancel")
	}
}

// bad is a learner that does what none may do.
type bad struct{ How string }

func (b bad) Name() string { return "bad" }

func (b bad) Fit(context.Context, learn.Data, *learn.Data, learn.Options) (learn.Model, error) {
	switch b.How {
	case "errs":
		return nil, learn.ErrOneClass
	case "panics":
		var rows []int
		rows[3]++
	}
	return constant(math.NaN()), nil
}

// constant predicts one number, whatever the row.
type constant float64

func (c constant) Name() string                   { return "bad" }
func (c constant) Width() int                     { return 1 }
func (c constant) MarshalBinary() ([]byte, error) { return nil, nil }
func (c constant) Predict(_, out []float64) {
	for i := range out {
		out[i] = float64(c)
	}
}

// A fit that fails ends the run with which one it was; it is never left out in
// silence.
func TestAFailedFitIsAnError(t *testing.T) {
	for how, want := range map[string]string{
		"errs":         "fit sound and bad, fold 1: all rows are of one class",
		"panics":       "index out of range [3] with length 0, in crossfit_test.bad.Fit (crossfit_test.go:",
		"predicts NaN": "fit sound and bad, fold 1: a prediction is not a finite number",
	} {
		f := fits(example(60), &memo{kept: map[string][]byte{}}, 1)
		bags, _, err := f.Run(t.Context(), []crossfit.Job{jobs[0], {Candidate: crossfit.Candidate{ID: "sound and bad", Learner: bad{how}}}})
		if err == nil || !strings.Contains(err.Error(), want) || bags != nil {
			t.Errorf("a learner that %s: %d bags, error %v, want one that has %q", how, len(bags), err, want)
		}
		if p := problem.As(err); (how == "panics") != (p != nil && p.Code == "program.bug") {
			t.Errorf("a learner that %s: problem %v", how, p)
		}
	}
}
