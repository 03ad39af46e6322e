package calibrate_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

// values is a model that is right on average and wrong by more where its
// prediction is large.
func values(r *rand.Rand, n int) (metric.Sample, []float64) {
	s, p := metric.Sample{Target: make([]float64, n)}, make([]float64, n)
	for i := range n {
		p[i] = math.Exp(r.NormFloat64())
		s.Target[i] = p[i] + p[i]*(r.ExpFloat64()-1)
	}
	return s, p
}

// classes is a model of four classes whose probabilities are too sharp.
func classes(r *rand.Rand, n, width int) (metric.Sample, []float64) {
	s, p := metric.Sample{Classes: max(width, 2), Target: make([]float64, n)}, make([]float64, 0, n*width)
	for i := range n {
		z := make([]float64, s.Classes)
		truth, sharp := 0.0, 0.0
		for k := range z {
			z[k] = r.NormFloat64()
			truth += math.Exp(z[k])
			sharp += math.Exp(2 * z[k])
		}
		u := r.Float64() * truth
		for k := range z {
			if u >= 0 {
				s.Target[i] = float64(k)
			}
			u -= math.Exp(z[k])
		}
		for k := range z {
			if width > 1 || k == 1 {
				p = append(p, math.Exp(2*z[k])/sharp)
			}
		}
	}
	return s, p
}

// Of a predictor fitted on n rows the coverage on the population is a draw
// from Beta(rank, n + 1 - rank) (Vovk 2012). It is measured on 40,000 fresh
// rows and has to lie in the band of 99 %.
func TestCoverageIsAsPromised(t *testing.T) {
	const n, fresh = 1000, 40000
	for _, kind := range []string{calibrate.Absolute, calibrate.Scaled, calibrate.Least, calibrate.Adaptive, "binary"} {
		for _, coverage := range []float64{0.8, 0.95} {
			r := rand.New(rand.NewPCG(5, uint64(100*coverage)))
			draw, name := values, kind
			switch kind {
			case calibrate.Least, calibrate.Adaptive:
				draw = func(r *rand.Rand, n int) (metric.Sample, []float64) { return classes(r, n, 4) }
			case "binary":
				draw = func(r *rand.Rand, n int) (metric.Sample, []float64) { return classes(r, n, 1) }
				name = ""
			}
			target, p := draw(r, n)
			c, err := calibrate.FitConformal(name, target, p, coverage)
			if err != nil || c.Check() != nil {
				t.Fatal(err, c.Check())
			}
			held := 0
			target, p = draw(r, fresh)
			for i, y := range target.Target {
				if target.Classes == 0 {
					if low, high := c.Interval(p[i]); low <= y && y <= high {
						held++
					}
				} else if slices.Contains(c.Set(p[i*c.Width:(i+1)*c.Width]), int(y)) {
					held++
				}
			}
			rank := math.Ceil((n + 1) * coverage)
			band := distuv.Beta{Alpha: rank, Beta: n + 1 - rank}
			got := float64(held) / fresh
			low, high := band.Quantile(0.005)-0.005, band.Quantile(0.995)+0.005
			if kind == calibrate.Adaptive && coverage > 0.9 {
				high = 1 // one row in twenty is of the least probable class, and their scores tie at 1
			}
			if got < low || got > high {
				t.Errorf("%s: %.3f of fresh rows are covered, want %.3f to %.3f", kind, got, low, high)
			}
		}
	}
}

func TestScaledIntervalsFollowTheError(t *testing.T) {
	target, p := values(rand.New(rand.NewPCG(1, 1)), 3000)
	c, err := calibrate.FitConformal("", target, p, 0.9)
	if err != nil || c.Kind != calibrate.Scaled {
		t.Fatalf("%+v, %v: want scaled", c.Kind, err)
	}
	length := func(p float64) float64 { low, high := c.Interval(p); return high - low }
	if ratio := length(4) / length(1); math.Abs(ratio-4) > 1 {
		t.Errorf("the interval at 4 is %.2f times as long as at 1, want about 4", ratio)
	}
	even := metric.Sample{Target: make([]float64, 3000)}
	r := rand.New(rand.NewPCG(2, 2))
	for i := range p {
		even.Target[i] = p[i] + r.NormFloat64()
	}
	if c, err := calibrate.FitConformal("", even, p, 0.9); err != nil || c.Kind != calibrate.Absolute || math.Abs(c.Quantile-1.645) > 0.1 {
		t.Errorf("%+v, %v: want absolute with 1.645", c, err)
	}
}

func TestSetsGrowWithDoubt(t *testing.T) {
	target, p := classes(rand.New(rand.NewPCG(1, 1)), 2000, 4)
	for _, kind := range []string{calibrate.Least, calibrate.Adaptive} {
		c, err := calibrate.FitConformal(kind, target, p, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		sure, doubt := c.Set([]float64{0.001, 0.997, 0.001, 0.001}), c.Set([]float64{0.24, 0.26, 0.25, 0.25})
		if !slices.Equal(sure, []int{1}) || len(doubt) < 3 {
			t.Errorf("%s: sets %v and %v, want one class and nearly all", kind, sure, doubt)
		}
	}
}

func TestConformalIsRefused(t *testing.T) {
	few := metric.Sample{Target: []float64{1, 2, 3, 4}}
	if _, err := calibrate.FitConformal("", few, []float64{1, 2, 3, 4}, 0.9); !errors.Is(err, calibrate.ErrFewRows) {
		t.Errorf("4 rows at 90 %%: %v, want too few rows", err)
	}
	for _, kind := range []string{calibrate.Least, "luck"} {
		if _, err := calibrate.FitConformal(kind, few, []float64{1, 2, 3, 4}, 0.5); err == nil {
			t.Errorf("%s for regression is taken", kind)
		}
	}
	for _, coverage := range []float64{0, 1, math.NaN()} {
		if _, err := calibrate.FitConformal("", few, []float64{1, 2, 3, 4}, coverage); err == nil {
			t.Errorf("a coverage of %v is taken", coverage)
		}
	}
}

func TestConformalAsJSON(t *testing.T) {
	target, p := values(rand.New(rand.NewPCG(1, 1)), 1000)
	want, err := calibrate.FitConformal(calibrate.Scaled, target, p, 0.9)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got calibrate.Conformal
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
