package metric

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Mean is the mean of a value over rows.
type Mean struct {
	Value   float64
	SE      float64 // standard error
	Freedom float64 // degrees of freedom of SE: fewer where the values have a long tail
	Draws   float64 // groups, or rows
}

// MeanOf is the mean of x. Rows with the same group (nil: every row by itself)
// count as one draw. All is NaN or 0 for no rows; SE is NaN for one draw.
func MeanOf(x []float64, group []int32) Mean {
	v := view{Sample: Sample{Target: x, Group: group}, total: float64(len(x))}
	if len(x) == 0 {
		return Mean{Value: math.NaN(), SE: math.NaN()}
	}
	sum := 0.0
	for _, x := range x {
		sum += x
	}
	out := Mean{Value: sum / v.total}
	s := v.spread(v.deviations(out.Value, func(i int) float64 { return x[i] }))
	out.SE, out.Freedom, out.Draws = s.se, s.freedom, s.draws
	if s.draws < 2 {
		out.SE = math.NaN()
	}
	return out
}

// Interval is Student's 95 % interval of the mean.
func (m Mean) Interval() Interval {
	if !(m.SE >= 0) {
		return Interval{math.NaN(), math.NaN()}
	}
	half := float64(m.SE * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: m.Freedom}.Quantile(0.975))
	return Interval{m.Value - half, m.Value + half}
}

// Differ is how probable means of disjoint rows are that differ by at least
// as much, where those of the population do not: Welch's two-sided test. It
// is 1 where nothing can be told.
func (m Mean) Differ(other Mean) float64 {
	a, b := float64(m.SE*m.SE), float64(other.SE*other.SE)
	if !(a+b > 0) {
		return 1
	}
	freedom := (a + b) * (a + b) / (a*a/m.Freedom + b*b/other.Freedom)
	t := math.Abs(m.Value-other.Value) / math.Sqrt(a+b)
	return min(1, 2*distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.CDF(-t))
}

// Ranks are the places of values in their order, from 1; equal ones share the
// mean of their places.
func Ranks(x []float64) []float64 {
	out, before := make([]float64, len(x)), 0
	ties(x, orderBy(x), func(run []int32) {
		for _, i := range run {
			out[i] = float64(before) + float64(float64(len(run)+1)/2)
		}
		before += len(run)
	})
	return out
}

// Holm corrects probabilities for their number: who calls different what is
// below a bar then is wrong about any of them at most as often as the bar says.
// Source: Holm 1979, Scandinavian Journal of Statistics 6.
func Holm(p []float64) []float64 {
	rows := orderBy(p)
	out := make([]float64, len(p))
	least := 0.0
	for k, i := range rows {
		least = max(least, min(1, float64(len(p)-k)*p[i]))
		out[i] = least
	}
	return out
}
