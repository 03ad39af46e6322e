package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// random is a sample with weights; few levels of the predictions make ties.
func random(r *rand.Rand, classes, n, levels int) Sample {
	width := 1
	if classes > 2 {
		width = classes
	}
	s := Sample{Classes: classes, Target: make([]float64, n), Prediction: make([]float64, n*width), Weight: make([]float64, n), Threshold: 0.45}
	for i := range n {
		s.Weight[i] = 0.5 + r.Float64()
		if classes == 0 {
			s.Target[i] = 3 + r.NormFloat64()
			s.Prediction[i] = s.Target[i] + r.NormFloat64()
			continue
		}
		s.Target[i] = float64(r.IntN(classes))
		sum := 0.0
		for k := range width {
			p := 0.5 + float64(r.IntN(levels))
			s.Prediction[i*width+k] = p
			sum += p
		}
		if width == 1 {
			sum = float64(levels)
		}
		for k := range width {
			s.Prediction[i*width+k] /= sum
		}
	}
	return s
}

func TestInfluenceIsTheDerivativeByTheWeight(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, classes := range []int{0, 2, 4} {
		for range 5 {
			s := random(r, classes, 60, 12)
			for _, name := range s.names() {
				if name == ECE || name == LiftAt10Pct {
					continue
				}
				v := view{Sample: s}
				v.valid()
				got := v.influence(name)
				for i := range s.Target {
					const h = 1e-5
					moved := s
					moved.Weight = slices.Clone(s.Weight)
					moved.Weight[i] += h
					up := Score(name, moved)
					moved.Weight[i] -= 2 * h
					want := (up - Score(name, moved)) / (2 * h) * v.total
					if math.Abs(got[i]-want) > 1e-5*max(1, math.Abs(want)) {
						t.Fatalf("%s with %d classes: row %d has an influence of %v, want %v", name, classes, i, got[i], want)
					}
				}
			}
		}
	}
}
