package tree

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/septet-ml/septet/learn"
)

// The rough functions are as rough as they say.
func TestRough(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 100000 {
		x := r.NormFloat64() * 100
		if got, want := roughExp(x), math.Exp(x); math.Abs(got-want) > 1e-8*want {
			t.Fatalf("roughExp(%g) is %g, want %g", x, got, want)
		}
		p, slope := roughSigmoid(x)
		if want := 1 / (1 + math.Exp(-x)); x > -350 && math.Abs(p-want) > 1e-8*want {
			t.Fatalf("roughSigmoid(%g) is %g, want %g", x, p, want)
		}
		if want := 1 / ((1 + math.Exp(-x)) * (1 + math.Exp(x))); math.Abs(x) < 350 && math.Abs(slope-want) > 3e-8*want {
			t.Fatalf("roughSigmoid(%g) has slope %g, want %g", x, slope, want)
		}
	}
	for _, x := range []float64{-1e300, -701, 701, 1e300} {
		p, slope := roughSigmoid(x)
		if e := roughExp(x); !(e > 0 && e < math.Inf(1) && p >= 0 && p <= 1 && slope >= 0 && slope < 1e-100) {
			t.Errorf("at %g: exp %g, sigmoid %g, slope %g", x, e, p, slope)
		}
	}
}

// Gradients and hessians are the derivatives of the loss.
func TestGradients(t *testing.T) {
	for _, c := range []struct {
		task learn.Task
		loss Loss
	}{
		{learn.Binary, logistic},
		{learn.Multiclass, softmax},
		{learn.Regression, Squared},
		{learn.Regression, Absolute},
		{learn.Regression, Quantile},
	} {
		train := taskData(50, 9, c.task)
		d, err := view(train, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := newObjective(d, c.loss, 0.3)
		r := rand.New(rand.NewPCG(9, 1))
		for k := range o.score {
			for i := range o.score[k] {
				o.score[k][i] = r.NormFloat64()
			}
		}
		// Half the squared error has gradient r; the absolute error's is twice
		// the pinball loss's; softmax's hessian is stretched.
		gradientScale, hessianScale := 1.0, 1.0
		switch c.loss {
		case Squared:
			gradientScale, hessianScale = 0.5, 0.5
		case Absolute:
			gradientScale = 0.5
		case softmax:
			hessianScale = 1.5
		}
		pairs := make([]sum, d.train)
		for k := range o.score {
			if c.loss == softmax {
				o.prepare(0, d.train)
			}
			o.gradients(k, 0, d.train, pairs)
			for i := range d.train {
				const step = 1e-4
				at := o.score[k][i]
				o.score[k][i] = at + step
				up := o.of(i)
				o.score[k][i] = at - step
				down := o.of(i)
				o.score[k][i] = at
				g, h := pairs[i].unpair()
				if want := (up - down) / (2 * step) * gradientScale; math.Abs(g-want) > 1e-5 {
					t.Errorf("%s: gradient %g, difference quotient %g", c.loss, g, want)
				}
				if c.loss == Absolute || c.loss == Quantile {
					continue
				}
				if want := (up + down - 2*o.of(i)) / (step * step) * hessianScale; math.Abs(h-want) > 1e-4 {
					t.Errorf("%s: hessian %g, difference quotient %g", c.loss, h, want)
				}
			}
		}
	}
}

// A quantile leaves the given weight below it.
func TestWeightedQuantile(t *testing.T) {
	for _, c := range []struct {
		values, weight []float64
		q, want        float64
	}{
		{[]float64{3, 1, 2}, nil, 0.5, 2},
		{[]float64{4, 3, 1, 2}, nil, 0.5, 2.5},
		{[]float64{4, 3, 1, 2}, nil, 0.9, 4},
		{[]float64{7}, nil, 0.1, 7},
		{[]float64{3, 1, 2}, []float64{1, 1, 1}, 0.5, 2},
		{[]float64{4, 3, 1, 2}, []float64{1, 1, 1, 1}, 0.5, 2.5},
		{[]float64{1, 2, 3}, []float64{0, 0, 5}, 0.5, 3},
		{[]float64{1, 2, 3}, []float64{10, 1, 1}, 0.5, 1},
	} {
		values := append([]float64{}, c.values...)
		if got := weightedQuantile(values, c.weight, nil, c.q); got != c.want {
			t.Errorf("quantile %g of %v by %v: got %g, want %g", c.q, c.values, c.weight, got, c.want)
		}
	}
}

// Keys have the order of their floats and lead back to them.
func TestKeys(t *testing.T) {
	values := []float64{-math.MaxFloat64, -1e10, -1, -5e-324, 0, 5e-324, 0.1, 1, math.Pi, math.MaxFloat64}
	for i, x := range values {
		if got := unkey(key(x)); got != x {
			t.Errorf("%g came back as %g", x, got)
		}
		if i > 0 && key(values[i-1]) >= key(x) {
			t.Errorf("%g and %g are out of order", values[i-1], x)
		}
	}
	if key(math.Copysign(0, -1)) != key(0) {
		t.Error("-0 is not 0")
	}
}

// Sorting by bytes is sorting.
func TestSortKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(10, 1))
	for _, n := range []int{0, 1, 999, 1000, 20000} {
		for name, value := range map[string]func() float64{
			"equal": func() float64 { return 3 }, "whole": func() float64 { return float64(r.IntN(500) - 250) },
			"wide": func() float64 { return math.Exp(r.NormFloat64()*100) - 1 },
		} {
			keys := make([]uint64, n)
			for i := range keys {
				keys[i] = key(value())
			}
			want := slices.Clone(keys)
			slices.Sort(want)
			if sortKeys(keys, make([]uint64, n)); !slices.Equal(keys, want) {
				t.Errorf("%d %s keys are out of order", n, name)
			}
		}
	}
}

// Units do not matter: a target a quintillion times as large is learned as
// well, and a few wild values do not spoil the rest.
func TestRegressionOfAnySize(t *testing.T) {
	d := taskData(3000, 10, learn.Regression)
	b := Boost{Rounds: 20}
	base := predicted(t, fitted(t, b, d, nil, 1), d.Table, nil)
	const factor = 1 << 60
	large := d
	large.Target = make([]float64, len(d.Target))
	for i, y := range d.Target {
		large.Target[i] = y * factor
	}
	for i, p := range predicted(t, fitted(t, b, large, nil, 1), d.Table, nil) {
		if math.Abs(p/factor-base[i]) > 1e-6*math.Abs(base[i])+1e-6 {
			t.Fatalf("row %d: %g, and %g in other units", i, base[i], p/factor)
		}
	}
	for i := range large.Target {
		if large.Target[i] = d.Target[i]; i%500 == 0 {
			large.Target[i] = 1e6
		}
	}
	b.Loss = Absolute
	b.Rounds = 100
	wild := predicted(t, fitted(t, b, large, nil, 1), d.Table, nil)
	off, spread := 0.0, 0.0
	for i, p := range wild {
		if i%500 != 0 {
			off += math.Abs(p - d.Target[i])
			spread += math.Abs(d.Target[i] - 50)
		}
	}
	if off > 0.5*spread {
		t.Errorf("mean error %g beside wild values, of a constant %g", off, spread)
	}
}
