package calibrate_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

// bent makes n rows whose predictions have the given true probability.
func bent(n int, truth func(p float64) float64) (metric.Sample, []float64) {
	r := rand.New(rand.NewPCG(11, 12))
	s, p := metric.Sample{Classes: 2, Target: make([]float64, n)}, make([]float64, n)
	for i := range n {
		p[i] = 0.002 + 0.996*r.Float64()
		if r.Float64() < truth(p[i]) {
			s.Target[i] = 1
		}
	}
	return s, p
}

func TestKindFollowsTheShape(t *testing.T) {
	for _, test := range []struct {
		name  string
		kind  string
		truth func(p float64) float64
	}{
		{"right", calibrate.Identity, func(p float64) float64 { return p }},
		{"too timid", calibrate.Platt, func(p float64) float64 { return 1 / (1 + math.Pow((1-p)/p, 2.5)) }},
		{"a power", calibrate.Beta, func(p float64) float64 { return p * p * p / (p*p*p + math.Pow(1-p, 0.5)) }},
		{"two steps", calibrate.Isotonic, func(p float64) float64 { return 0.1 + 0.3*math.Round(p) + 0.3*math.Round(p*p) }},
	} {
		s, p := bent(20000, test.truth)
		m, crossed := calibrate.Fit(s, p, 1)
		if m.Kind != test.kind || m.Check() != nil {
			t.Errorf("%s: %s (%v), want %s", test.name, m.Kind, m.Check(), test.kind)
		}
		worst := 0.0
		for q := 0.05; q < 0.96; q += 0.1 {
			if math.Abs(q-0.5) < 0.1 || math.Abs(q-0.7) < 0.1 {
				continue // the steps
			}
			one := []float64{q}
			m.Apply(one)
			worst = max(worst, math.Abs(one[0]-test.truth(q)))
		}
		if worst > 0.03 {
			t.Errorf("%s: the map is up to %.3f from the truth", test.name, worst)
		}
		s.Prediction = crossed
		if ece := metric.Score(metric.ECE, s); ece > 0.025 {
			t.Errorf("%s: ece %.4f of the cross-fitted predictions", test.name, ece)
		}
	}
}

// A map never changes the order of two rows.
func TestMapsAreMonotone(t *testing.T) {
	s, p := bent(20000, func(p float64) float64 { return 0.1 + 0.3*math.Round(p) + 0.3*math.Round(p*p) })
	steps, _ := calibrate.Fit(s, p, 1)
	for _, m := range []calibrate.Map{
		steps,
		{Kind: calibrate.Platt, Width: 1, Slope: 0.01, Offset: 3},
		{Kind: calibrate.Beta, Width: 1, Slope: 0.01, Fall: 5, Offset: -2},
	} {
		var x []float64
		for q := 0.0; q <= 1; q += 0.0005 {
			x = append(x, q)
		}
		m.Apply(x)
		for i := range x {
			if i > 0 && x[i] < x[i-1] || x[i] < 0 || x[i] > 1 {
				t.Fatalf("%s: %v comes after %v", m.Kind, x[i], x[max(i-1, 0)])
			}
		}
		inside := slices.Compact(slices.Clone(x[1 : len(x)-1]))
		if len(inside) < len(x)-2 {
			t.Errorf("%s: %d of %d predictions became ties", m.Kind, len(x)-2-len(inside), len(x)-2)
		}
	}
}

// Rows that are as rare as was predicted are not called impossible because a
// few of them did not turn up: below 1 % there is no hit among 150 rows, where
// one was to be expected.
func TestNoHitWhereNoneWasExpected(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var s metric.Sample
	s.Classes = 2
	var p []float64
	for range 150 {
		p, s.Target = append(p, 0.004+0.005*r.Float64()), append(s.Target, 0)
	}
	for range 3000 {
		v := 0.05 + 0.9*r.Float64()
		truth := v + 0.35*math.Sin(8*v) // no smooth map bends so often
		p, s.Target = append(p, v), append(s.Target, 0)
		if r.Float64() < truth {
			s.Target[len(s.Target)-1] = 1
		}
	}
	m, _ := calibrate.Fit(s, p, 1)
	if m.Kind != calibrate.Isotonic {
		t.Fatalf("the map is %s", m.Kind)
	}
	for _, claimed := range []float64{0.004, 0.006, 0.009} {
		got := []float64{claimed}
		m.Apply(got)
		if got[0] < claimed/4 {
			t.Errorf("%g becomes %g: 150 rows cannot say that", claimed, got[0])
		}
	}
}

func TestUselessPredictionsBecomeTheRate(t *testing.T) {
	s, p := bent(5000, func(float64) float64 { return 0.2 })
	m, _ := calibrate.Fit(s, p, 1)
	x := []float64{0.01, 0.5, 0.99}
	m.Apply(x)
	for _, q := range x {
		if math.Abs(q-0.2) > 0.05 {
			t.Errorf("%s makes %v of predictions that say nothing, want about 0.2", m.Kind, x)
		}
	}
}

func TestFewRowsAreLeftAlone(t *testing.T) {
	for _, n := range []int{0, 1, 2, 12} {
		s, p := bent(n, func(p float64) float64 { return 1 - p })
		if m, crossed := calibrate.Fit(s, p, 1); m.Check() != nil || len(crossed) != n {
			t.Errorf("%d rows: %+v", n, m)
		}
	}
}

// Weight 2 is two rows; the folds differ, the map of all rows does not.
func TestWeightsCount(t *testing.T) {
	s, p := bent(4000, func(p float64) float64 { return 1 / (1 + math.Pow((1-p)/p, 2.5)) })
	twice := metric.Sample{Classes: 2, Target: slices.Repeat(s.Target, 2)}
	for i := range twice.Target {
		twice.Group = append(twice.Group, int32(i%4000))
	}
	a, _ := calibrate.Fit(twice, slices.Repeat(p, 2), 1)
	s.Weight = slices.Repeat([]float64{2}, 4000)
	b, _ := calibrate.Fit(s, p, 1)
	if a.Kind != b.Kind || math.Abs(a.Slope-b.Slope) > 1e-6 || math.Abs(a.Offset-b.Offset) > 1e-6 {
		t.Errorf("%+v with weights, %+v with the rows there twice", b, a)
	}
}

func TestMapIsChecked(t *testing.T) {
	for _, m := range []calibrate.Map{
		{Kind: "luck", Width: 1},
		{Kind: calibrate.Platt, Width: 1},
		{Kind: calibrate.Platt, Width: 1, Slope: math.NaN()},
		{Kind: calibrate.Platt, Width: 3, Slope: 1},
		{Kind: calibrate.Beta, Width: 1, Slope: 1},
		{Kind: calibrate.Temperature, Width: 1, Slope: 1},
		{Kind: calibrate.Isotonic, Width: 1, Knots: [][2]float64{{0, 0}}},
		{Kind: calibrate.Isotonic, Width: 1, Knots: [][2]float64{{0, 0}, {1, 0}}},
	} {
		if m.Check() == nil {
			t.Errorf("%+v is taken for a map", m)
		}
	}
}

func TestMapAsJSON(t *testing.T) {
	want := calibrate.Map{Kind: calibrate.Isotonic, Width: 1, Knots: [][2]float64{{-1, -0.5}, {1, 0.1}}}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got calibrate.Map
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
