package net_test

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/table"
)

// reference is the table of testdata/reference.py: 2,000 rows to learn from,
// then 1,000 fresh ones.
func reference() (x *table.Table, value, binary, multi []float64) {
	const n = 3000
	seed := 11
	next := func() float64 {
		seed = (1103515245*seed + 12345) % 2147483648
		return float64((seed >> 8) % 1000)
	}
	x = &table.Table{Columns: make([]table.Column, 5), Rows: n}
	for j := range x.Columns {
		x.Columns[j] = table.Column{Kind: table.Number, Number: make([]float64, n)}
	}
	for i := range n {
		for j := range x.Columns {
			x.Columns[j].Number[i] = next()/250 - 2
		}
	}
	value, binary, multi = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		at := func(j int) float64 { return x.Columns[j].Number[i] }
		e, f := next()/1000, next()/1000
		z := at(0)*at(1) + 2*max(at(2), 0) - at(3)*at(3)/2
		if at(0) > 1 {
			z += at(4)
		}
		value[i] = z + e - 0.5
		if 1/(1+math.Exp(-z)) > f {
			binary[i] = 1
		}
		multi[i] = binary[i]
		if at(0) > at(2)*at(3) && e > 0.2 {
			multi[i] += 2
		}
	}
	return x, value, binary, multi
}

// The nets are no worse on fresh rows than the mean of two of scikit-learn's
// of the same size, with early stopping or without, whichever is better. Both
// stop by a tenth of the rows to learn from.
// Reference numbers: python3 testdata/reference.py with scikit-learn 1.9.1.
func TestNoWorseThanScikitLearn(t *testing.T) {
	x, value, binary, multi := reference()
	for _, test := range []struct {
		data learn.Data
		want float64
	}{
		{learn.Data{Task: learn.Regression, Table: x, Target: value}, 0.3805},
		{learn.Data{Task: learn.Binary, Classes: 2, Table: x, Target: binary}, 0.5246},
		{learn.Data{Task: learn.Multiclass, Classes: 4, Table: x, Target: multi}, 0.8575},
	} {
		train, valid, fresh := test.data, test.data, test.data
		for i := range x.Rows {
			switch {
			case i < 1800:
				train.Rows = append(train.Rows, int32(i))
			case i < 2000:
				valid.Rows = append(valid.Rows, int32(i))
			default:
				fresh.Rows = append(fresh.Rows, int32(i))
			}
		}
		m, err := net.Learner{}.Fit(t.Context(), train, &valid, learn.Options{Seed: 1, Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		p, err := learn.PredictTable(t.Context(), m, x, fresh.Rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, width := 0.0, m.Width()
		for i, r := range fresh.Rows {
			switch y := test.data.Target[r]; {
			case test.data.Task == learn.Regression:
				got += (p[i] - y) * (p[i] - y) / 1000
			case width > 1:
				got -= math.Log(p[i*width+int(y)]) / 1000
			default:
				got -= math.Log(math.Abs(1-y-p[i])) / 1000
			}
		}
		if test.data.Task == learn.Regression {
			got = math.Sqrt(got)
		}
		t.Logf("%s: %.4f, scikit-learn %.4f", test.data.Task, got, test.want)
		if !(got <= test.want) {
			t.Errorf("%s: the loss on fresh rows is %.4f, of scikit-learn's nets %.4f", test.data.Task, got, test.want)
		}
	}
}
