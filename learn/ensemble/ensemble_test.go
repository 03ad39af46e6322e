package ensemble_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/table"
)

// fitted are two linear models of one table.
func fitted(t testing.TB) (*table.Table, []learn.Model) {
	random := rand.New(rand.NewPCG(1, 1))
	c := table.Column{Name: "a", Kind: table.Number}
	var target []float64
	for range 200 {
		v := random.NormFloat64()
		c.Number = append(c.Number, v)
		y := 0.0
		if v+random.NormFloat64() > 0 {
			y = 1
		}
		target = append(target, y)
	}
	data := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: 200, Columns: []table.Column{c}}, Target: target}
	var models []learn.Model
	for _, l := range []linear.Learner{{L2: 1}, {L2: 300}} {
		m, err := l.Fit(context.Background(), data, nil, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	return data.Table, models
}

func decode(name string, data []byte) (learn.Model, error) {
	if name != "linear" {
		return nil, errors.New("no such learner")
	}
	return linear.Decode(data)
}

func TestModelIsTheWeightedMean(t *testing.T) {
	tab, models := fitted(t)
	m := &ensemble.Model{Members: []ensemble.Member{{Weight: 3, Models: models[:1]}, {Weight: 1, Models: models}}}
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ensemble.Decode(data, decode)
	if err != nil {
		t.Fatal(err)
	}
	got, err := learn.PredictTable(context.Background(), read, tab, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	for row := range tab.Rows {
		x := []float64{tab.Columns[0].Number[row]}
		var a, b, one [1]float64
		models[0].Predict(x, a[:])
		models[1].Predict(x, b[:])
		m.Predict(x, one[:])
		if want := 0.75*a[0] + 0.25*(a[0]+b[0])/2; math.Abs(got[row]-want) > 1e-12 {
			t.Fatalf("row %d: %v, want %v", row, got[row], want)
		}
		if got[row] != one[0] {
			t.Fatalf("row %d: %v in a block, %v alone", row, got[row], one[0])
		}
	}
}

// A logarithmic pool is the geometric mean, of which the sum is 1 again; a model
// that is certain is no veto.
func TestLogarithmicPool(t *testing.T) {
	const rarest = 1e-6 // that a probability counts as at least
	got := ensemble.Logarithmic.Mean([]float64{0.7, 0.3}, [][]float64{{0.2, 0.5, 0.3, 1, 0, 0}, {0.1, 0.1, 0.8, 0.25, 0.5, 0.25}}, 3)
	for row, p := range [][2][]float64{
		{{0.2, 0.5, 0.3}, {0.1, 0.1, 0.8}},
		{{1, rarest, rarest}, {0.25, 0.5, 0.25}},
	} {
		total := 0.0
		want := make([]float64, 3)
		for k := range want {
			want[k] = math.Pow(p[0][k], 0.7) * math.Pow(p[1][k], 0.3)
			total += want[k]
		}
		for k := range want {
			if math.Abs(got[3*row+k]-want[k]/total) > 1e-12 {
				t.Errorf("row %d: %v, want %v", row, got[3*row+k], want[k]/total)
			}
		}
	}
	two := ensemble.Logarithmic.Mean([]float64{1}, [][]float64{{0, 0.3, 1}}, 1)
	for i, want := range []float64{rarest, 0.3, 1 - rarest} {
		if math.Abs(two[i]-want) > 1e-12 {
			t.Errorf("a model alone: %v, want %v", two[i], want)
		}
	}
}

// Files of version 1 know one pool, the linear one.
func TestReadsVersion1(t *testing.T) {
	tab, models := fitted(t)
	m := &ensemble.Model{Members: []ensemble.Member{{Weight: 2, Models: models}}}
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	read, err := ensemble.Decode(append([]byte("SENS\x01"), data[6:]...), decode)
	if err != nil {
		t.Fatal(err)
	}
	var got, want [1]float64
	x := []float64{tab.Columns[0].Number[0]}
	read.Predict(x, got[:])
	m.Predict(x, want[:])
	if got != want {
		t.Errorf("%v, want %v", got, want)
	}
	for name, header := range map[string]string{"version 3": "SENS\x03\x00", "pool 2": "SENS\x02\x02", "nothing": "SENS"} {
		if _, err := ensemble.Decode(append([]byte(header), data[6:]...), decode); err == nil {
			t.Errorf("%s is read", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	_, models := fitted(f)
	data, err := (&ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: models}}}).MarshalBinary()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := ensemble.Decode(data, decode); err == nil {
			m.Width()
		}
	})
}

// Two models with independent errors are worth more together; noise is not.
func TestSelect(t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	const n = 4000
	target := make([]float64, n)
	a, b, noise := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range target {
		target[i] = random.NormFloat64()
		a[i] = target[i] + random.NormFloat64()
		b[i] = target[i] + random.NormFloat64()
		noise[i] = 5 * random.NormFloat64()
	}
	w := ensemble.Select(metric.Sample{Target: target}, [][]float64{noise, a, b})
	if w[0] != 0 || math.Abs(w[1]-0.5) > 0.05 || math.Abs(w[1]+w[2]-1) > 1e-12 {
		t.Errorf("weights %v, want 0 for the noise and about a half for each of the others", w)
	}
}

// Rows that come in turn are all looked at, however many there are.
func TestSelectLooksAtAllThatComesInTurn(t *testing.T) {
	const n = 100_000 // twice as many as are looked at
	target, good, bad := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range target {
		target[i] = float64(i % 2)
		good[i], bad[i] = 0.2+0.6*target[i], 0.1
	}
	if w := ensemble.Select(metric.Sample{Classes: 2, Target: target}, [][]float64{good, bad}); w[0] < 0.9 {
		t.Errorf("weights %v, where the second model is good on every second row only", w)
	}
}

// With more classes, too: no weights of a grid have a smaller loss.
func TestSelectIsTheMinimumOfThreeClasses(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 9))
	const n, classes = 300, 3
	target := make([]float64, n)
	models := make([][]float64, 2)
	for i := range target {
		target[i] = float64(random.IntN(classes))
		for j := range models {
			p := make([]float64, classes)
			total := 0.0
			for k := range p {
				p[k] = 0.2 + random.Float64()
				if k == int(target[i]) {
					p[k] += 0.5
				}
				total += p[k]
			}
			for _, v := range p {
				models[j] = append(models[j], v/total)
			}
		}
	}
	loss := func(w float64) float64 {
		sum := w*math.Log(2*w) + (1-w)*math.Log(2*(1-w))
		for i, p := range ensemble.Logarithmic.Mean([]float64{w, 1 - w}, models, classes) {
			if i%classes == int(target[i/classes]) {
				sum -= math.Log(p)
			}
		}
		return sum
	}
	best := 0.5
	for w := 0.005; w < 1; w += 0.005 {
		if loss(w) < loss(best) {
			best = w
		}
	}
	got := ensemble.Select(metric.Sample{Classes: classes, Target: target}, models)
	if best < 0.1 || best > 0.9 || math.Abs(got[0]-best) > 0.01 {
		t.Errorf("weight %.3f, the least loss is at %.3f", got[0], best)
	}
}

// A few rows of two equally good models say nothing about which is better;
// what is much better than all others is alone.
func TestSelectDoubts(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	const n = 40
	target, a, b, good := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range target {
		target[i] = float64(i % 2)
		a[i], b[i] = 0.4+0.2*random.Float64(), 0.4+0.2*random.Float64()
		good[i] = 0.02 + 0.96*target[i]
	}
	s := metric.Sample{Classes: 2, Target: target}
	if w := ensemble.Select(s, [][]float64{a, b}); math.Abs(w[0]-0.5) > 0.3 {
		t.Errorf("weights %v of two models that know nothing, want about a half each", w)
	}
	if w := ensemble.Select(s, [][]float64{a, good, b}); w[1] < 0.99 {
		t.Errorf("weights %v, want all for the one that knows", w)
	}
	if w := ensemble.Select(s, [][]float64{good}); w[0] != 1 {
		t.Errorf("weights %v of one model, want 1", w)
	}
}

// No other weights have a smaller loss of the logarithmic pool: those of a fine
// grid, by its definition.
func TestSelectIsTheMinimum(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 7))
	const n = 300
	target, a, b := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range target {
		target[i] = float64(random.IntN(2))
		a[i] = 0.2 + 0.3*target[i] + 0.3*random.Float64()
		b[i] = 0.1 + 0.3*target[i] + 0.5*random.Float64()
	}
	loss := func(w float64) float64 {
		sum := w*math.Log(2*w) + (1-w)*math.Log(2*(1-w))
		for i, y := range target {
			yes, no := math.Pow(a[i], w)*math.Pow(b[i], 1-w), math.Pow(1-a[i], w)*math.Pow(1-b[i], 1-w)
			sum -= y*math.Log(yes/(yes+no)) + (1-y)*math.Log(no/(yes+no))
		}
		return sum
	}
	best := 0.5
	for w := 0.001; w < 1; w += 0.001 {
		if loss(w) < loss(best) {
			best = w
		}
	}
	if best < 0.1 || best > 0.9 {
		t.Fatalf("the least loss is at %.3f: either model could be left out", best)
	}
	got := ensemble.Select(metric.Sample{Classes: 2, Target: target}, [][]float64{a, b})
	if math.Abs(got[0]-best) > 0.01 {
		t.Errorf("weight %.3f, the least loss is at %.3f", got[0], best)
	}
}
