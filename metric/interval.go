package metric

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Interval is a two-sided 95 % interval for the true score on the population;
// it holds the score of the sample.
type Interval struct {
	Low, High float64
}

// fresh widens a standard error so that the interval holds, with 95 %, also
// the score on a fresh sample 20 times as large, which has an error of its
// own.
var fresh = math.Sqrt(1 + 1.0/20)

const z = 1.959963984540054 // the normal's 97.5 % quantile

// Intervals are the intervals of the scores that All gives, or of only some of
// them. A score that is undefined, or that the sample says nothing about (fewer than two rows or
// groups, a perfect fit), has none. Rows of one group count as one draw from
// the population.
//
// Each score has the method that held its promise in simulation (see the
// test): shares (accuracy, precision, recall, f1, balanced_accuracy) Wilson's
// interval with the number of rows that their spread is worth; ece a
// parametric bootstrap with the seed; all others Student's
// interval of the influence function on a scale where the score is nearly
// normal (auc, average_precision: logit; r2: ln(1 - r2); the rest: ln), with
// the degrees of freedom that the kurtosis leaves, for means of losses
// with Hall's correction for skewness, and for rmse and r2 as far out as a
// fitted tail of the squared errors reaches. lift_at_10pct is a share (of the
// positives, those in the top tenth) where the positives are rare.
func Intervals(s Sample, seed uint64, only ...Name) map[Name]Interval {
	out := make(map[Name]Interval)
	v := view{Sample: s}
	if !v.valid() {
		return out
	}
	for _, name := range s.names() {
		if len(only) > 0 && !slices.Contains(only, name) {
			continue
		}
		i := Interval{math.NaN(), math.NaN()}
		switch name {
		case ECE:
			i = v.eceInterval(seed)
		case Accuracy, Precision, Recall, F1, BalancedAccuracy:
			i = v.shareInterval(name)
		case LogLoss, Brier, RMSE, MAE, MAPE:
			i = v.meanInterval(name)
		default:
			i = v.scaledInterval(name)
		}
		if !math.IsNaN(i.Low+i.High) && !math.IsInf(i.High, 0) {
			score := v.score(name)
			out[name] = Interval{min(i.Low, score), max(i.High, score)}
		}
	}
	return out
}

// spread is the standard error of a mean of draws, the degrees of freedom of
// its estimate, 2n / (kurtosis - 1), which is n for normal draws, and their
// skewness.
type spread struct {
	se, freedom, skew float64
	draws             float64 // groups, or rows
}

// spread is that of Σ weight × x / Σ weight.
func (v *view) spread(x []float64) spread {
	sums := v.perDraw(x)
	n, square, third, fourth := float64(len(sums)), 0.0, 0.0, 0.0
	for _, s := range sums {
		s /= v.total
		square += float64(s * s)
		third += float64(s * s * s)
		fourth += float64(s * s * s * s)
	}
	out := spread{se: math.Sqrt(square * n / (n - 1)), freedom: 2, draws: n}
	if square > 0 {
		out.freedom = max(2*n/max(fourth*n/square/square-1, 1), 2)
		out.skew = third / n / math.Pow(square/n, 1.5)
	}
	return out
}

// perDraw is Σ weight × x for each group, or weight × x for each row, that has
// a weight.
func (v *view) perDraw(x []float64) []float64 {
	if v.Group != nil {
		return v.perGroup(x)
	}
	out := make([]float64, 0, len(x))
	for i, x := range x {
		if w := v.weight(i); w > 0 {
			out = append(out, w*x)
		}
	}
	return out
}

// number fills draw: groups are numbered in the order of their first row; -1 is
// a row without a weight.
func (v *view) number() {
	v.draw = make([]int32, len(v.Group))
	least, most := slices.Min(v.Group), slices.Max(v.Group)
	numbers := make(map[int32]int32)
	var dense []int32 // by group, plus 1: a map's work where numbers lie close
	if span := int64(most) - int64(least); span < int64(8*len(v.Group)+1000) {
		dense = make([]int32, span+1)
	}
	next := int32(0)
	for i, g := range v.Group {
		v.draw[i] = -1
		if v.weight(i) == 0 {
			continue
		}
		if dense != nil {
			if dense[g-least] == 0 {
				next++
				dense[g-least] = next
			}
			v.draw[i] = dense[g-least] - 1
			continue
		}
		d, seen := numbers[g]
		if !seen {
			d = int32(len(numbers))
			numbers[g] = d
		}
		v.draw[i] = d
	}
}

func (v *view) perGroup(x []float64) []float64 {
	if v.draw == nil {
		v.number()
	}
	out := make([]float64, slices.Max(v.draw)+1)
	for i, d := range v.draw {
		if d >= 0 {
			out[d] += float64(v.weight(i) * x[i])
		}
	}
	return out
}

// quantile is Student's 97.5 % quantile, widened for a fresh sample.
func (s spread) quantile() float64 {
	if s.freedom > 1000 {
		return z * fresh
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: s.freedom}.Quantile(0.975) * fresh
}

// scale is where a score is nearly normal.
type scale struct {
	to, from, slope func(x float64) float64
}

func logit(x float64) float64 { return math.Log(x / (1 - x)) }

func scaleOf(name Name) scale {
	switch name {
	case AUC, AveragePrecision:
		return scale{logit, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, func(x float64) float64 { return 1 / (x * (1 - x)) }}
	case R2:
		return scale{func(x float64) float64 { return math.Log(1 - x) }, func(x float64) float64 { return 1 - math.Exp(x) }, func(x float64) float64 { return 1 / (1 - x) }}
	}
	return scale{math.Log, math.Exp, func(x float64) float64 { return 1 / x }}
}

// scaledInterval is Student's interval on the score's scale.
func (v *view) scaledInterval(name Name) Interval {
	score := v.score(name)
	x := v.influence(name)
	if x == nil {
		return Interval{math.NaN(), math.NaN()}
	}
	s := v.spread(x)
	if name == AUC || name == AveragePrecision {
		least := v.leastDraws()
		if score <= 0 || score >= 1 || s.se == 0 {
			return wilson(score, least)
		}
		s.freedom = max(min(s.freedom, least-1), 1)
	}
	if name == LiftAt10Pct {
		if i, ok := v.liftInterval(score, x); ok {
			return i
		}
	}
	scale := scaleOf(name)
	half := float64(s.quantile() * s.se * scale.slope(score))
	if s.draws < 2 || s.se == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	a, b := scale.from(scale.to(score)-half), scale.from(scale.to(score)+half)
	switch name {
	case LiftAt10Pct:
		b = min(b, 10)
	case R2: // 1 - r2 is as much larger as the mean squared error may be
		if up := v.squaredUpper(z * fresh); !math.IsNaN(up) {
			b = min(b, 1-float64((1-score)*up))
		}
	}
	return Interval{min(a, b), max(a, b)}
}

// liftInterval is that of a lift whose spread says too little: with positives
// in a tenth of the rows or fewer it is ten times the share of them that is in
// the top tenth, of as many draws as there are positives; where all or none of
// the top tenth are positive it is a share of those rows over that of all.
func (v *view) liftInterval(score float64, x []float64) (i Interval, ok bool) {
	rate := v.classMass()[1] / v.total
	if rate <= 0.1 {
		positive := func(i int) bool { return v.class(i) == 1 }
		if found := score / 10; found > 1e-9 && found < 1-1e-9 {
			for k := range x {
				x[k] /= 10
			}
			i = v.share(found, x, positive)
		} else {
			i = wilson(math.Round(found), v.draws(positive))
		}
		return Interval{10 * i.Low, 10 * i.High}, true
	}
	if precision := float64(score * rate); precision < 1e-9 || precision > 1-1e-9 {
		i = wilson(precision, max(v.draws(nil)/10, 1))
		return Interval{i.Low / rate, min(i.High/rate, 10)}, true
	}
	return Interval{}, false
}

// meanInterval is that of a mean of losses, or of its root, on the scale of
// its logarithm. The upper arm is longer where the losses have a long tail,
// of which a sample has seen too little. Source: Hall 1992, Journal of the
// Royal Statistical Society B 54, the cubic transformation; the logarithm
// takes half of the coefficient of variation off its square term.
func (v *view) meanInterval(name Name) Interval {
	mean, x, root := v.score(name), v.influence(name), 1.0
	if name == RMSE && x != nil {
		for i := range x { // of the mean squared error
			x[i] *= 2 * mean
		}
		mean, root = mean*mean, 0.5
	}
	if x == nil {
		return Interval{math.NaN(), math.NaN()}
	}
	s := v.spread(x)
	if s.draws < 2 || s.se == 0 {
		return Interval{math.NaN(), math.NaN()}
	}
	n := math.Sqrt(s.draws)
	bend := (s.skew/3 - float64(s.se*n/mean/2)) / n
	arm := func(q float64) float64 {
		t := q - s.skew/(6*n)
		if math.Abs(bend*t) > 1e-9 {
			t = (math.Cbrt(1+float64(3*bend*t)) - 1) / bend
		}
		return math.Pow(mean*math.Exp(-t*s.se/mean), root)
	}
	q := s.quantile()
	i := Interval{arm(q), arm(-q)}
	if name == RMSE {
		if up := v.squaredUpper(z * fresh); !math.IsNaN(up) {
			i.High = max(i.High, math.Sqrt(mean*up))
		}
	}
	return i
}

// draws is how many equal draws the rows for which in tells true (nil: all)
// are worth: (Σ w)² / Σ w² over groups, or rows. Source: Kish 1965.
func (v *view) draws(in func(row int) bool) float64 {
	x := make([]float64, len(v.Target))
	for i := range x {
		if in == nil || in(i) {
			x[i] = 1
		}
	}
	sum, square := 0.0, 0.0
	for _, w := range v.perDraw(x) {
		sum += w
		square += float64(w * w)
	}
	if sum == 0 {
		return 0
	}
	return sum * sum / square
}

// leastDraws is draws of the rarest class present.
func (v *view) leastDraws() float64 {
	least := math.Inf(1)
	for k, m := range v.classMass() {
		if m > 0 {
			least = min(least, v.draws(func(i int) bool { return v.class(i) == k }))
		}
	}
	return least
}

// wilson is the interval of a share of n draws. Source: Wilson 1927, JASA 22.
func wilson(p, n float64) Interval {
	q := z * fresh
	middle := (p + q*q/(2*n)) / (1 + q*q/n)
	half := float64(q / (1 + q*q/n) * math.Sqrt(p*(1-p)/n+q*q/(4*n*n)))
	return Interval{max(middle-half, 0), min(middle+half, 1)}
}

// shareInterval is Wilson's interval for hits / base. f1 is 2j / (1 + j) of
// the share j of hits among the rows that are of class 1 or were called it.
// balanced_accuracy joins the intervals of the classes' recalls by the square
// roots of the sums of their squared arms. Source: Newcombe 1998, Statistics
// in Medicine 17, method 10.
func (v *view) shareInterval(name Name) Interval {
	score := v.score(name)
	if math.IsNaN(score) {
		return Interval{score, score}
	}
	if name == Accuracy {
		return v.share(score, v.influence(name), nil)
	}
	classes := v.decide().means(name)
	low, high := 0.0, 0.0
	for _, k := range classes {
		p, i := v.ratio(name, k)
		part := 1 / float64(len(classes))
		low += float64((p - i.Low) * (p - i.Low) * part * part)
		high += float64((i.High - p) * (i.High - p) * part * part)
	}
	return Interval{score - math.Sqrt(low), score + math.Sqrt(high)}
}

// ratio is a class's hits / base and its interval.
func (v *view) ratio(name Name, class int) (float64, Interval) {
	hit, actual, called := v.decide().sums(class)
	p := hit / base(name, actual, called)
	x := v.ratioInfluence(name, []int{class})
	in := func(i int) bool {
		a, c := v.class(i) == class, v.predicted(i) == class
		return base(name, indicator(a), indicator(c)) > 0
	}
	if name != F1 {
		return p, v.share(p, x, in)
	}
	slope := 2 / ((2 - p) * (2 - p)) // of j = p / (2 - p)
	for i := range x {
		x[i] *= slope
	}
	j := v.share(p/(2-p), x, in)
	return p, Interval{2 * j.Low / (1 + j.Low), 2 * j.High / (1 + j.High)}
}

// share is Wilson's interval for a share p of the rows in, whose influence is
// x: with as many draws as its spread is worth, and at most as many as there
// are rows. With groups their number is taken down for the freedom of the
// spread. Source: Korn & Graubard 1998, Survey Methodology 24.
func (v *view) share(p float64, x []float64, in func(row int) bool) Interval {
	s := v.spread(x)
	if s.se == 0 {
		return wilson(p, v.draws(in))
	}
	n := p * (1 - p) / (s.se * s.se)
	alone := *v
	if v.Group != nil {
		alone.Group = nil
		n *= math.Pow(z*fresh/s.quantile(), 2)
	}
	return wilson(p, min(n, alone.draws(in)))
}

// DifferenceSE is the standard error of the difference of a score between two
// predictions of the same rows, from their influence functions; NaN where one
// is undefined or the rows are not the same. For auc it is DeLong's.
func DifferenceSE(name Name, a, b Sample) float64 {
	v, w := view{Sample: a}, view{Sample: b}
	if !v.valid() || !w.valid() || !slices.Equal(a.Target, b.Target) {
		return math.NaN()
	}
	x, y := v.influence(name), w.influence(name)
	if x == nil || y == nil {
		return math.NaN()
	}
	for i := range x {
		x[i] -= y[i]
	}
	return v.spread(x).se
}

// Guess is the sample with predictions that know only the shares of the
// classes, or the mean. One that is not valid has no predictions.
func Guess(s Sample) Sample {
	v := view{Sample: s}
	if !v.valid() {
		s.Prediction = nil
		return s
	}
	guess := []float64{v.targetMean()}
	if s.Classes > 2 {
		guess = v.classMass()
		for k := range guess {
			guess[k] /= v.total
		}
	}
	s.Prediction = slices.Repeat(guess, len(s.Target))
	return s
}
