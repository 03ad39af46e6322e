package drift

import (
	"math"
	"slices"
)

// MinRows is how many rows a window needs before it is compared.
const MinRows = 50

// Budget is how many false pages are accepted from a stream that does not
// drift: Pages, in the mean, over so many windows, for all features together.
type Budget struct {
	Pages   float64
	Windows int
}

// Monthly is about one false page in three months of hourly windows: at most
// one in 95 of 100 months.
func Monthly() Budget { return Budget{Pages: 0.35, Windows: 30 * 24} }

// Window counts rows in the cells of a baseline.
type Window struct {
	Rows     int
	base     *Baseline
	features []Sketch
	scores   []Sketch
}

// Window is an empty one.
func (b *Baseline) Window() *Window {
	return &Window{base: b, features: emptied(b.Features), scores: emptied(b.Scores)}
}

func emptied(list []Sketch) []Sketch {
	out := slices.Clone(list)
	for i := range out {
		out[i].Missing, out[i].Counts = 0, make([]int, len(out[i].Counts))
	}
	return out
}

// Add counts one row: its feature vector and its scores. It gives false, and
// counts nothing, if they are not as many as the baseline has.
func (w *Window) Add(x, scores []float64) bool {
	if len(x) != len(w.features) || len(w.scores) > 0 && len(scores) != len(w.scores) {
		return false
	}
	w.Rows++
	for i := range w.features {
		w.features[i].count(x[i : i+1])
	}
	for i := range w.scores {
		w.scores[i].count(scores[i : i+1])
	}
	return true
}

// Reading is one feature, or score, of a window beside the baseline.
type Reading struct {
	Feature   string  `json:"feature"`
	Statistic string  `json:"statistic"` // what differs most: location, tails, missing or level
	Effect    float64 `json:"effect"`    // location: chance that a later value is above a training value, less one half; else later share less training share
	P         float64 `json:"p"`         // of a difference at least as large without drift, over the feature's tests
	Rows      int     `json:"rows"`
	Drifted   bool    `json:"drifted"` // beyond what the budget allows
}

// Test compares the window with the baseline, in the order of the features and
// then of the scores. Fewer than MinRows rows give nothing.
//
// A number is compared in location (Wilcoxon's rank sum, with ties), in its
// outer tenths and in its missing share; a category in the share of each level
// and in its missing share. Shares are compared by Fisher's exact test. The
// tests of a feature share its error by Bonferroni, four fifths for location;
// the features share the budget in equal parts.
func (w *Window) Test(budget Budget) []Reading {
	if w.Rows < MinRows {
		return nil
	}
	level := budget.Pages / float64(budget.Windows) / float64(len(w.features)+len(w.scores))
	var out []Reading
	for _, pair := range [][2][]Sketch{{w.base.Features, w.features}, {w.base.Scores, w.scores}} {
		for i := range pair[0] {
			r := compare(&pair[0][i], &pair[1][i])
			r.Rows, r.Drifted = w.Rows, r.P < level
			out = append(out, r)
		}
	}
	return out
}

const (
	locationShare = 0.8 // of a number's error
	otherShare    = 0.1
)

// compare gives the test that speaks most against equality.
func compare(base, now *Sketch) Reading {
	best := Reading{Feature: base.Name, P: math.Inf(1)}
	take := func(statistic string, effect, p, share float64) {
		if p/share < best.P {
			best.Statistic, best.Effect, best.P = statistic, effect, p/share
		}
	}
	n, m := sum(now.Counts), sum(base.Counts)
	effect, p := shares(now.Missing, n+now.Missing, base.Missing, m+base.Missing)
	take("missing", effect, p, otherShare)
	if base.Kind == Number {
		effect, p = rankSum(base.Counts, now.Counts)
		take("location", effect, p, locationShare)
		outer := outerTenths(base.Counts)
		effect, p = shares(at(now.Counts, outer), n, at(base.Counts, outer), m)
		take("tails", effect, p, otherShare)
	} else {
		for i := range base.Counts {
			effect, p = shares(now.Counts[i], n, base.Counts[i], m)
			take("level", effect, p, (1-otherShare)/float64(len(base.Counts)))
		}
	}
	best.P = math.Min(best.P, 1)
	return best
}

// rankSum is Wilcoxon's test on cells: all values of a cell are ties. The
// distribution without drift is taken as normal, with the variance for ties.
func rankSum(base, now []int) (effect, p float64) {
	n, m := float64(sum(now)), float64(sum(base))
	all := n + m
	if n == 0 || m == 0 {
		return 0, 1
	}
	var before, ranks, ties float64
	for i := range base {
		t := float64(base[i] + now[i])
		ranks += float64(now[i]) * (before + (t+1)/2)
		ties += t * (t*t - 1)
		before += t
	}
	variance := n * m / 12 * (all + 1 - ties/(all*(all-1)))
	above := (ranks - n*(n+1)/2) / (n * m)
	if !(variance > 0) {
		return 0, 1
	}
	z := (ranks - n*(all+1)/2) / math.Sqrt(variance)
	return above - 0.5, math.Erfc(math.Abs(z) / math.Sqrt2)
}

// outerTenths marks the cells that lie wholly in the lowest or the highest
// tenth of the baseline.
func outerTenths(base []int) []bool {
	outer := make([]bool, len(base))
	limit := sum(base) / 10
	for i, below := 0, 0; i < len(base) && below+base[i] <= limit; i++ {
		below += base[i]
		outer[i] = true
	}
	for i, above := len(base)-1, 0; i >= 0 && above+base[i] <= limit; i-- {
		above += base[i]
		outer[i] = true
	}
	return outer
}

func at(counts []int, marked []bool) int {
	total := 0
	for i, n := range counts {
		if marked[i] {
			total += n
		}
	}
	return total
}

func sum(counts []int) int {
	total := 0
	for _, n := range counts {
		total += n
	}
	return total
}

// shares compares k of n rows with base of m by Fisher's exact test, two-sided
// by doubling the smaller tail.
func shares(k, n, base, m int) (effect, p float64) {
	if n == 0 || m == 0 {
		return 0, 1
	}
	effect = float64(k)/float64(n) - float64(base)/float64(m)
	return effect, math.Min(1, 2*math.Min(tail(k, n, base, m, 1), tail(k, n, base, m, -1)))
}

// tail is the chance of k or more (step 1), or k or fewer (step -1), of the
// k + base marked rows among the n of n + m, if all draws are equally likely:
// the hypergeometric distribution.
func tail(k, n, base, m, step int) float64 {
	marked := k + base
	low, high := max(0, marked-m), min(n, marked)
	term := math.Exp(choose(marked, k) + choose(n+m-marked, n-k) - choose(n+m, n))
	total := term
	for x := k; x+step >= low && x+step <= high && term > total*1e-17; x += step {
		if step > 0 {
			term *= float64(marked-x) / float64(x+1) * float64(n-x) / float64(m-marked+x+1)
		} else {
			term *= float64(x) / float64(marked-x+1) * float64(m-marked+x) / float64(n-x+1)
		}
		total += term
	}
	return total
}

// choose is the logarithm of n over k.
func choose(n, k int) float64 { return logFactorial(n) - logFactorial(k) - logFactorial(n-k) }

func logFactorial(n int) float64 {
	v, _ := math.Lgamma(float64(n) + 1)
	return v
}
