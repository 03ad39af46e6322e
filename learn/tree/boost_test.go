package tree

import (
	"bytes"
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

func fitted(t *testing.T, b Boost, train learn.Data, valid *learn.Data, threads int) *Model {
	t.Helper()
	m, err := b.Fit(t.Context(), train, valid, learn.Options{Seed: 7, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model)
}

func predicted(t *testing.T, m learn.Model, tb *table.Table, rows []int32) []float64 {
	t.Helper()
	p, err := learn.PredictTable(t.Context(), m, tb, rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var tasksToLearn = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

// A model beats the best constant by far on rows that it has not seen.
func TestLearnsEveryTask(t *testing.T) {
	for _, task := range tasksToLearn {
		d := taskData(6000, 1, task)
		train, test := halves(d)
		b := Defaults()
		b.Rounds, b.LearningRate = 80, 0.1
		m := fitted(t, b, train, &test, 2)
		p := predicted(t, m, d.Table, test.Rows)
		loss, constant := 0.0, 0.0
		mean := make([]float64, 3)
		for _, r := range train.Rows {
			if task == learn.Regression {
				mean[0] += d.Target[r] / float64(len(train.Rows))
			} else {
				mean[int(d.Target[r])] += 1 / float64(len(train.Rows))
			}
		}
		for i, r := range test.Rows {
			y := d.Target[r]
			switch task {
			case learn.Binary:
				loss -= math.Log(math.Abs(1 - y - p[i]))
				constant -= math.Log(mean[int(y)])
			case learn.Multiclass:
				loss -= math.Log(p[i*3+int(y)])
				constant -= math.Log(mean[int(y)])
			case learn.Regression:
				loss += (y - p[i]) * (y - p[i])
				constant += (y - mean[0]) * (y - mean[0])
			}
		}
		t.Logf("%s: loss %.4f, of a constant %.4f, %d rounds", task, loss/float64(len(p)), constant/float64(len(p)), m.Report.Best)
		if !(loss < 0.75*constant) {
			t.Errorf("%s: loss %.4f is not clearly below the constant's %.4f", task, loss, constant)
		}
	}
}

// The model's bytes do not depend on the number of threads.
func TestThreadsDoNotChangeTheModel(t *testing.T) {
	for _, task := range tasksToLearn {
		train, valid := halves(taskData(60000, 2, task))
		b := Defaults()
		b.Rounds, b.RowFraction, b.ColumnFraction, b.NodeColumnFraction = 3, 0.8, 0.8, 0.7
		symmetric := b
		symmetric.Symmetric, symmetric.Noise = 6, 1
		for name, b := range map[string]Boost{"leaf by leaf": b, "symmetric": symmetric} {
			var want []byte
			for _, threads := range []int{1, 2, 3, 7} {
				got, err := fitted(t, b, train, &valid, threads).MarshalBinary()
				if err != nil {
					t.Fatal(err)
				}
				if want == nil {
					want = got
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s, %s: %d threads give another model than 1", task, name, threads)
				}
			}
		}
	}
}
