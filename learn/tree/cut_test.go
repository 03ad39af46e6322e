package tree

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Few distinct values get a bin each; of many, frequent ones get one alone and
// the others share bins about equally.
func TestCuts(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 1))
	for name, value := range map[string]func() float64{
		"few":   func() float64 { return float64(r.IntN(30)) },
		"many":  r.NormFloat64,
		"zeros": func() float64 { return float64(r.IntN(2)) * r.ExpFloat64() },
		"rough": func() float64 { return math.Round(r.NormFloat64() * 200) },
		"gone": func() float64 {
			if r.IntN(2) == 0 {
				return math.NaN()
			}
			return r.NormFloat64()
		},
	} {
		sizes := []int{1, 10, 5000}
		if name == "many" {
			sizes = append(sizes, maxSample+1000)
		}
		for _, n := range sizes {
			values := make([]float64, n)
			for i := range values {
				values[i] = value()
			}
			for _, bins := range []int{2, 255} {
				cuts := new(cutter).points(n, func(i int) float64 { return values[i] }, bins)
				if len(cuts) >= bins || !slices.IsSorted(cuts) {
					t.Fatalf("%s: %d cuts for %d bins, in order: %v", name, len(cuts), bins, slices.IsSorted(cuts))
				}
				counts := make([]int, len(cuts)+1)
				distinct := make([]map[float64]bool, len(counts))
				all, seen := map[float64]bool{}, 0
				for _, x := range values {
					if x == x {
						b := int(newRuler(cuts).bin(x))
						counts[b]++
						if distinct[b] == nil {
							distinct[b] = map[float64]bool{}
						}
						distinct[b][x], all[x] = true, true
						seen++
					}
				}
				for b, c := range counts {
					if len(all) <= bins && len(distinct[b]) != 1 && seen > 0 {
						t.Errorf("%s: %d of %d values in bin %d of %d", name, len(distinct[b]), len(all), b, bins)
					}
					if most := 3*seen/bins + 2; n <= maxSample && c > most && len(distinct[b]) > 1 {
						t.Errorf("%s: %d of %d rows in bin %d of %d", name, c, seen, b, bins)
					}
				}
			}
		}
	}
}
