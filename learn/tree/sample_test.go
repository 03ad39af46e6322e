package tree

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// made is a table of n rows that every test can learn from: numbers with
// interactions and missing values, a number of few values, and categories of
// few and of many levels. The signal is in the target's margin.
func made(n int, seed uint64) (*table.Table, []float64) {
	r := rand.New(rand.NewPCG(seed, 1))
	number := func(name string) table.Column {
		return table.Column{Name: name, Kind: table.Number, Number: make([]float64, n)}
	}
	text := func(name string, levels int) table.Column {
		c := table.Column{Name: name, Kind: table.Text, Code: make([]int32, n)}
		for l := range levels {
			c.Levels = append(c.Levels, fmt.Sprint(name, l))
		}
		return c
	}
	a, b, c, few := number("a"), number("b"), number("c"), number("few")
	small, wide := text("small", 6), text("wide", 300)
	margin := make([]float64, n)
	for i := range n {
		a.Number[i] = r.NormFloat64()
		b.Number[i] = r.ExpFloat64() * 100
		c.Number[i] = r.NormFloat64()
		few.Number[i] = float64(r.IntN(3))
		small.Code[i] = int32(r.IntN(6))
		wide.Code[i] = int32(min(r.ExpFloat64()*60, 299))
		margin[i] = math.Sin(2*a.Number[i]) + 0.01*b.Number[i]*few.Number[i] +
			[]float64{1, -1, 0.5, 0, -0.5, 1}[small.Code[i]] + math.Sin(float64(wide.Code[i])) - 1
		if r.IntN(10) == 0 {
			b.Number[i] = math.NaN()
		}
		if r.IntN(20) == 0 {
			small.Code[i] = table.Missing
		}
	}
	t := &table.Table{Columns: []table.Column{a, b, c, few, small, wide}, Rows: n}
	return t, margin
}

// taskData is made with a target of the given task.
func taskData(n int, seed uint64, task learn.Task) learn.Data {
	t, margin := made(n, seed)
	r := rand.New(rand.NewPCG(seed, 2))
	d := learn.Data{Task: task, Table: t, Target: make([]float64, n)}
	for i, m := range margin {
		switch task {
		case learn.Binary:
			d.Classes = 2
			if r.Float64() < 1/(1+math.Exp(-2*m)) {
				d.Target[i] = 1
			}
		case learn.Multiclass:
			d.Classes = 3
			d.Target[i] = float64(min(max(int(math.Floor(m+r.NormFloat64()/2))+1, 0), 2))
		case learn.Regression:
			d.Target[i] = 50 + 20*m + 5*r.NormFloat64()
		}
	}
	return d
}

// halves are the rows of d in two parts: two of three rows, and the rest.
func halves(d learn.Data) (train, valid learn.Data) {
	train, valid = d, d
	train.Rows, valid.Rows = []int32{}, []int32{}
	for i := range d.Table.Rows {
		if i%3 == 0 {
			valid.Rows = append(valid.Rows, int32(i))
		} else {
			train.Rows = append(train.Rows, int32(i))
		}
	}
	return train, valid
}
