package train

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/septet-ml/septet/metric"
)

// The gain of a curve that follows the law is the law's.
func TestNextDoubling(t *testing.T) {
	for _, test := range []struct {
		ratio  float64 // what a doubling leaves of the way to the floor
		higher bool
	}{{0.5, true}, {0.7, false}, {0.9, true}, {1, false}} {
		for _, halvings := range [][]int{{3, 2, 1, 0}, {4, 3, 2, 0}, {2, 1, 0}} {
			sign := 1.0
			if !test.higher {
				sign = -1
			}
			var scores []float64
			want := 0.02 * (1 - test.ratio)
			for _, h := range halvings {
				scores = append(scores, sign*(0.9-0.02*math.Pow(test.ratio, -float64(h))))
			}
			if test.ratio == 1 {
				want = 0.02
				for k, h := range halvings {
					scores[k] = sign * (0.9 - 0.02*float64(h))
				}
			}
			if got := next(halvings, scores, test.higher); math.Abs(got-want) > 1e-9 {
				t.Errorf("ratio %v, sizes %v: twice the rows are worth %v, want %v", test.ratio, halvings, got, want)
			}
		}
	}
}

// grown is a curve with noise: of each fold, common to all sizes, and of each
// fit.
func grown(r *rand.Rand, height, ratio, noise float64) *growth {
	g := &growth{candidate: "trees", metric: metric.AUC, halvings: []int{3, 2, 1, 0}, rows: []int{100, 200, 400, 800}, scores: make([][]float64, 4)}
	for range 8 {
		fold := 0.02 * r.NormFloat64()
		for k, h := range g.halvings {
			g.scores[k] = append(g.scores[k], 0.9+fold-height*math.Pow(ratio, -float64(h))+noise*r.NormFloat64())
		}
	}
	return g
}

// The error of the gain is honest: the interval holds the true gain in about
// 19 of 20 curves, and of curves that are flat few are said to rise.
func TestGainHasItsError(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	held, rising, flat := 0, 0, 0
	const curves = 300
	for range curves {
		gain, se := grown(r, 0.02, 0.75, 0.002).doubling()
		if math.Abs(gain-0.02*0.25) <= 2.36*se {
			held++
		}
		if strings.Contains(grown(r, 0.02, 0.75, 0.002).result().Words, "would be worth about") {
			rising++
		}
		if !strings.Contains(grown(r, 0, 0.75, 0.002).result().Words, "no gain of more rows can be seen") {
			flat++
		}
	}
	t.Logf("the interval holds the gain in %d of %d curves; %d rising and %d flat ones are said to rise", held, curves, rising, flat)
	if held < 270 || rising < 240 || flat > 15 {
		t.Errorf("the interval holds the gain in %d of %d curves; %d rising and %d flat ones are said to rise", held, curves, rising, flat)
	}
}
