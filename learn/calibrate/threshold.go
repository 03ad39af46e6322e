package calibrate

import (
	"cmp"
	"slices"
)

// Rule says what a wrong call costs, or how many rows can be acted on. Where
// all are zero it means the threshold with the best F1.
type Rule struct {
	CostFP   float64 `json:"cost_fp"`  // of calling a negative row positive
	CostFN   float64 `json:"cost_fn"`  // of missing a positive row
	Capacity float64 `json:"capacity"` // largest share of rows to be called positive, 0 is no limit
}

// Threshold is the probability from which on a row is called positive, chosen
// on out-of-fold predictions: the one with the least cost or the best F1
// within the capacity. It lies half-way between two predictions; among equals
// the highest is taken. 1 is the answer where calling none is best.
func (r Rule) Threshold(target, p []float64) float64 {
	order := make([]int, len(p))
	positives := 0.0
	for i := range order {
		order[i] = i
		positives += target[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	best, cut := r.score(0, 0, positives), 1.0
	if r.CostFP == 0 && r.CostFN == 0 {
		best = -1
	}
	tp := 0.0
	for k, i := range order {
		tp += target[i]
		called := float64(k + 1)
		if r.Capacity > 0 && called > r.Capacity*float64(len(p)) {
			break
		}
		if k+1 < len(order) && p[order[k+1]] == p[i] {
			continue
		}
		if s := r.score(tp, called-tp, positives); s > best {
			best = s
			cut = p[i]
			if k+1 < len(order) {
				if middle := p[order[k+1]] + (p[i]-p[order[k+1]])/2; middle > p[order[k+1]] {
					cut = middle
				}
			}
		}
	}
	return cut
}

// score is what the threshold makes large.
func (r Rule) score(tp, fp, positives float64) float64 {
	if r.CostFP > 0 || r.CostFN > 0 {
		return -(float64(r.CostFP*fp) + float64(r.CostFN*(positives-tp)))
	}
	if tp == 0 {
		return 0
	}
	return 2 * tp / (tp + fp + positives)
}
