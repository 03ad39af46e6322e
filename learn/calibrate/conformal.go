package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/metric"
)

// Kinds of conformal predictors.
const (
	Absolute = "absolute" // regression: prediction ± Quantile
	Scaled   = "scaled"   // regression: prediction ± Quantile × the usual error there
	Least    = "least"    // classes whose probability is at least 1 - Quantile; the smallest sets on average
	Adaptive = "adaptive" // the most probable classes up to a sum of Quantile; larger sets for harder rows
)

// Conformal makes intervals (regression) and sets of classes that hold the
// truth of a share Coverage of new rows like those that it was fitted on,
// whatever the model. Sources: Papadopoulos et al. 2002 (scaled); Sadinle, Lei
// & Wasserman 2019 (least); Romano, Sesia & Candès 2020 (adaptive, without
// randomisation). The calibration rows are predicted out of fold, so each by a
// model of fewer rows than the one that serves: the promise errs to the safe
// side (Barber et al. 2021).
type Conformal struct {
	Kind     string  `json:"kind"`
	Coverage float64 `json:"coverage"` // inside 0..1
	Width    int     `json:"width"`    // predictions a row
	Quantile float64 `json:"quantile"` // of the scores of the rows that it was fitted on

	// Errors is for scaled: predictions, rising, and the usual error there;
	// straight lines between, constant beyond the ends.
	Errors [][2]float64 `json:"errors,omitempty"`
}

// ErrFewRows is for a coverage that so few rows cannot promise.
var ErrFewRows = errors.New("too few rows for this coverage")

// FitConformal fits the kind on out-of-fold predictions of target's rows, by
// the ⌈(n + 1) × coverage⌉-th smallest score of the n rows. The kind "" is
// the default: for regression the one of the two with the shorter intervals,
// for classes least.
func FitConformal(kind string, target metric.Sample, prediction []float64, coverage float64) (Conformal, error) {
	c := Conformal{Kind: kind, Coverage: coverage, Width: len(prediction) / max(len(target.Target), 1)}
	if !(coverage > 0 && coverage < 1) || c.Width < 1 {
		return Conformal{}, fmt.Errorf("fit conformal: coverage %v of %d rows", coverage, len(target.Target))
	}
	if kind == "" && target.Classes == 0 {
		flat, err := FitConformal(Absolute, target, prediction, coverage)
		if err != nil {
			return flat, err
		}
		scaled, err := FitConformal(Scaled, target, prediction, coverage)
		if err != nil || scaled.meanArm(prediction) >= flat.Quantile {
			return flat, nil
		}
		return scaled, nil
	}
	if kind == "" {
		c.Kind = Least
	}
	if regression := c.Kind == Absolute || c.Kind == Scaled; regression != (target.Classes == 0) {
		return Conformal{}, fmt.Errorf("fit conformal: %s does not suit the task", c.Kind)
	}
	scores, err := c.scores(target, prediction)
	if err != nil {
		return Conformal{}, fmt.Errorf("fit conformal: %w", err)
	}
	slices.Sort(scores)
	rank := int(math.Ceil(float64(len(scores)+1) * coverage))
	if rank > len(scores) {
		return Conformal{}, fmt.Errorf("fit conformal on %d rows: %w", len(scores), ErrFewRows)
	}
	c.Quantile = scores[rank-1]
	return c, nil
}

// scores is how far off each row is; for scaled it also fits Errors.
func (c *Conformal) scores(target metric.Sample, prediction []float64) ([]float64, error) {
	if c.Kind == Scaled {
		return c.scaledScores(target, prediction)
	}
	out := make([]float64, len(target.Target))
	for i, y := range target.Target {
		row := prediction[i*c.Width : (i+1)*c.Width]
		switch c.Kind {
		case Absolute:
			out[i] = math.Abs(y - row[0])
		case Least:
			out[i] = 1 - of(row, int(y))
		case Adaptive:
			out[i] = upTo(row, int(y))
		default:
			return nil, fmt.Errorf("no kind %q", c.Kind)
		}
	}
	return out, nil
}

// of is the probability of a class; one value a row is that of class 1.
func of(row []float64, class int) float64 {
	if len(row) > 1 {
		return row[class]
	}
	if class == 1 {
		return row[0]
	}
	return 1 - row[0]
}

// upTo is the sum of the probabilities of the class and of all that are more
// probable, or as probable with a lower number.
func upTo(row []float64, class int) float64 {
	p, sum := of(row, class), 0.0
	for k := range max(len(row), 2) {
		if q := of(row, k); q > p || q == p && k <= class {
			sum += q
		}
	}
	return sum
}

const (
	scaleRows  = 500 // least rows of scaled
	scaleBins  = 20  // most bins of predictions, and
	perErrors  = 50  // their least rows
	leastError = 0.1 // least usual error, as a part of that of all rows
)

// scaledScores is each row's error over the usual error as other rows show
// it; Errors is that of all rows.
func (c *Conformal) scaledScores(target metric.Sample, prediction []float64) ([]float64, error) {
	n := len(target.Target)
	if n < scaleRows {
		return nil, ErrFewRows
	}
	division, err := fold.KFold(fold.Data{Target: target.Target, Group: target.Group}, folds, 1)
	if err != nil {
		return nil, err
	}
	out := make([]float64, n)
	for _, f := range division {
		other := Conformal{Errors: usualErrors(target.Target, prediction, f.Train)}
		for _, r := range f.Valid {
			out[r] = math.Abs(target.Target[r]-prediction[r]) / other.usual(prediction[r])
		}
	}
	every := make([]int32, n)
	for i := range every {
		every[i] = int32(i)
	}
	c.Errors = usualErrors(target.Target, prediction, every)
	return out, nil
}

// usualErrors is the mean absolute error of rows with like predictions.
func usualErrors(target, prediction []float64, rows []int32) [][2]float64 {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b int32) int { return cmp.Compare(prediction[a], prediction[b]) })
	all := 0.0
	for _, r := range rows {
		all += math.Abs(target[r]-prediction[r]) / float64(len(rows))
	}
	all = max(all, math.SmallestNonzeroFloat64)
	bins := min(len(rows)/perErrors, scaleBins)
	var out [][2]float64
	for b := range bins {
		part := rows[b*len(rows)/bins : (b+1)*len(rows)/bins]
		at, off := 0.0, 0.0
		for _, r := range part {
			at += prediction[r] / float64(len(part))
			off += math.Abs(target[r]-prediction[r]) / float64(len(part))
		}
		off = max(off, leastError*all)
		if len(out) > 0 && at <= out[len(out)-1][0] {
			continue // ties
		}
		out = append(out, [2]float64{at, off})
	}
	return out
}

// usual is the usual error at a prediction.
func (c *Conformal) usual(p float64) float64 {
	i, _ := slices.BinarySearchFunc(c.Errors, p, func(k [2]float64, p float64) int { return cmp.Compare(k[0], p) })
	switch {
	case i == 0:
		return c.Errors[0][1]
	case i == len(c.Errors):
		return c.Errors[i-1][1]
	}
	a, b := c.Errors[i-1], c.Errors[i]
	return a[1] + float64((p-a[0])/(b[0]-a[0])*(b[1]-a[1]))
}

// meanArm is half of the mean length of the intervals of the predictions.
func (c *Conformal) meanArm(prediction []float64) float64 {
	sum := 0.0
	for _, p := range prediction {
		sum += c.arm(p) / float64(len(prediction))
	}
	return sum
}

func (c *Conformal) arm(p float64) float64 {
	if c.Kind == Scaled {
		return float64(c.Quantile * c.usual(p))
	}
	return c.Quantile
}

// Interval is that of a regression's prediction; both ends are finite.
func (c *Conformal) Interval(prediction float64) (low, high float64) {
	arm := c.arm(prediction)
	return max(prediction-arm, -math.MaxFloat64), min(prediction+arm, math.MaxFloat64)
}

// Set is the classes, rising, that a row of Width probabilities may be. It is
// never empty: it holds the most probable class.
func (c *Conformal) Set(row []float64) []int {
	var out []int
	best := 0
	for k := range max(len(row), 2) {
		if of(row, k) > of(row, best) {
			best = k
		}
		if c.Kind == Least && 1-of(row, k) <= c.Quantile || c.Kind == Adaptive && upTo(row, k) <= c.Quantile {
			out = append(out, k)
		}
	}
	if len(out) == 0 {
		return []int{best}
	}
	return out
}

// Check gives an error for a predictor that cannot be used.
func (c *Conformal) Check() error {
	ok := c.Coverage > 0 && c.Coverage < 1 && c.Width >= 1 && c.Quantile >= 0 && c.Quantile <= math.MaxFloat64
	switch c.Kind {
	case Absolute, Scaled:
		ok = ok && c.Width == 1 && (c.Kind == Scaled) == (len(c.Errors) > 0)
	case Least, Adaptive:
		ok = ok && len(c.Errors) == 0
	default:
		return fmt.Errorf("conformal: kind %q: %w", c.Kind, learn.ErrUnknown)
	}
	for i, e := range c.Errors {
		ok = ok && e[1] > 0 && e[1] <= math.MaxFloat64 && (i == 0 || e[0] > c.Errors[i-1][0])
	}
	if !ok {
		return fmt.Errorf("conformal: parameters of %s out of range", c.Kind)
	}
	return nil
}
