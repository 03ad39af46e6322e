// Package calibrate makes predictions mean what they say: probabilities that
// come true as often as they claim (Map), sets and intervals that hold the
// truth as often as they claim (Conformal), and the probability from which on
// it pays to act (Rule). All of it is fitted on out-of-fold predictions.
package calibrate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

// Kinds of maps, in the order in which they are tried.
const (
	Identity    = "identity"
	Platt       = "platt"       // binary: sigmoid(Slope × logit p + Offset)
	Beta        = "beta"        // binary: sigmoid(Slope × ln p - Fall × ln(1 - p) + Offset)
	Isotonic    = "isotonic"    // binary: straight lines between Knots, on the scale of logits
	Temperature = "temperature" // multiclass: softmax(Slope × ln p)
)

// Map is a fitted calibration. It is monotone: it never changes which of two
// rows is ranked higher, nor which class is the most probable. The zero value
// changes nothing. Sources: Platt 1999; Kull, Silva Filho & Flach 2017
// (beta); Oron & Flournoy 2017 (isotonic between the centres of the blocks);
// Guo et al. 2017 (temperature).
type Map struct {
	Kind   string  `json:"kind"`
	Width  int     `json:"width"` // probabilities a row
	Slope  float64 `json:"slope"` // above 0
	Offset float64 `json:"offset"`
	Fall   float64 `json:"fall,omitempty"` // above 0

	// Knots are logits before and after, both rising, two or more. Beyond the
	// ends the line goes on with slope 1.
	Knots [][2]float64 `json:"knots,omitempty"`
}

// Check gives an error for a map that cannot be applied.
func (m Map) Check() error {
	ok := m.Width >= 1 && (m.Kind == Temperature) == (m.Width > 1) && math.Abs(m.Offset) < 1e6
	slope := func(x float64) bool { return x > 0 && x < 1e6 }
	switch m.Kind {
	case Identity, "":
		return nil
	case Platt, Temperature:
		ok = ok && slope(m.Slope)
	case Beta:
		ok = ok && slope(m.Slope) && slope(m.Fall)
	case Isotonic:
		ok = ok && len(m.Knots) >= 2
		for i, k := range m.Knots {
			ok = ok && math.Abs(k[0]) < 1e6 && math.Abs(k[1]) < 1e6 && (i == 0 || k[0] > m.Knots[i-1][0] && k[1] > m.Knots[i-1][1])
		}
	default:
		return fmt.Errorf("calibration: kind %q: %w", m.Kind, learn.ErrUnknown)
	}
	if !ok {
		return fmt.Errorf("calibration: parameters of %s out of range", m.Kind)
	}
	return nil
}

// Apply calibrates Width probabilities a row in place.
func (m Map) Apply(p []float64) {
	switch m.Kind {
	case Platt:
		for i, v := range p {
			p[i] = portable.Sigmoid(float64(m.Slope*LogOdds(v)) + m.Offset)
		}
	case Beta:
		for i, v := range p {
			v = clip(v)
			p[i] = portable.Sigmoid(float64(m.Slope*portable.Log(v)) - float64(m.Fall*portable.Log(1-v)) + m.Offset)
		}
	case Isotonic:
		for i, v := range p {
			p[i] = portable.Sigmoid(m.between(LogOdds(v)))
		}
	case Temperature:
		for lo := 0; lo+m.Width <= len(p); lo += m.Width {
			row := p[lo : lo+m.Width]
			for i, v := range row {
				row[i] = m.Score(v)
			}
			portable.Softmax(row)
		}
	}
}

// between is the line through the knots at x.
func (m Map) between(x float64) float64 {
	last := len(m.Knots) - 1
	i, _ := slices.BinarySearchFunc(m.Knots, x, func(k [2]float64, x float64) int {
		if k[0] < x {
			return -1
		}
		return 1
	})
	switch {
	case i == 0:
		return x - m.Knots[0][0] + m.Knots[0][1]
	case i > last:
		return x - m.Knots[last][0] + m.Knots[last][1]
	}
	a, b := m.Knots[i-1], m.Knots[i]
	return a[1] + float64((x-a[0])/(b[0]-a[0])*(b[1]-a[1]))
}

// Score is what a class's probability is for a Temperature map, which gives the
// softmax of the scores: the slope times its logarithm, of 1e-15 at least.
func (m Map) Score(p float64) float64 { return float64(m.Slope * portable.Log(max(p, tiny))) }

// tiny is the least probability, and 1 - tiny the greatest, that is told from 0
// and from 1.
const tiny = 1e-15

func clip(p float64) float64 { return min(max(p, tiny), 1-tiny) }

// LogOdds is ln p/(1-p) of a probability, which is held within 1e-15 of 0 and
// 1.
func LogOdds(p float64) float64 {
	p = clip(p)
	return portable.Log(p) - portable.Log(1-p)
}

const (
	folds   = 5   // of the cross-fitting
	fewRows = 300 // under which a temperature has to win by a standard error, too
)

// errNoMap is for a kind that the rows do not allow.
var errNoMap = errors.New("the rows do not determine the map")

// Fit chooses and fits a map for the predictions of target's rows. It gives
// the map and the predictions as maps calibrate them that did not see the
// row, which is what an honest figure is made of. Regression stays as it is.
//
// The kinds are tried from the simplest on; one is taken if its cross-fitted
// log loss is lower than that of the last one taken by more than a standard
// error of the difference. So what is calibrated already stays as it is. Of the
// single parameter of many classes it is enough that the loss is lower, unless the
// rows are few.
func Fit(target metric.Sample, prediction []float64, seed uint64) (Map, []float64) {
	best, calibrated := Map{Kind: Identity}, prediction
	if target.Classes == 0 {
		return best, calibrated
	}
	division, err := fold.KFold(fold.Data{Classes: target.Classes, Target: target.Target, Group: target.Group}, folds, seed)
	if err != nil {
		return best, calibrated
	}
	kinds, doubt := []string{Platt, Beta, Isotonic}, 1.0
	if target.Classes > 2 {
		kinds = []string{Temperature}
		if len(target.Target) >= fewRows {
			doubt = 0
		}
	}
	for _, kind := range kinds {
		m, crossed, err := crossFit(kind, target, prediction, division)
		if err == nil && wins(target, crossed, calibrated, doubt) {
			best, calibrated = m, crossed
		}
	}
	return best, calibrated
}

// crossFit is the map of all rows, and each fold's predictions by a map of the
// others.
func crossFit(kind string, target metric.Sample, prediction []float64, division []fold.Fold) (Map, []float64, error) {
	every := make([]int32, len(target.Target))
	for i := range every {
		every[i] = int32(i)
	}
	whole, err := fit(kind, target, prediction, every)
	if err != nil {
		return Map{}, nil, err
	}
	crossed := slices.Clone(prediction)
	for _, f := range division {
		m, err := fit(kind, target, prediction, f.Train)
		if err != nil {
			return Map{}, nil, err
		}
		for _, r := range f.Valid {
			m.Apply(crossed[int(r)*m.Width : (int(r)+1)*m.Width])
		}
	}
	return whole, crossed, nil
}

// wins tells whether the log loss of a is lower than that of b by more than
// doubt standard errors of the difference.
func wins(target metric.Sample, a, b []float64, doubt float64) bool {
	x, y := target, target
	x.Prediction, y.Prediction = a, b
	gain := metric.Score(metric.LogLoss, y) - metric.Score(metric.LogLoss, x)
	return gain > doubt*metric.DifferenceSE(metric.LogLoss, x, y)
}

// mostRows is how many rows a map is fitted on at most; more would not move
// its few parameters.
const mostRows = 50_000

// fit fits a map of the kind on the given rows, of many on some spread over all.
func fit(kind string, target metric.Sample, prediction []float64, rows []int32) (Map, error) {
	if n := len(rows); n > mostRows {
		some := make([]int32, mostRows)
		for i, at := range portable.Spread(mostRows, n) {
			some[i] = rows[at]
		}
		rows = some
	}
	switch kind {
	case Platt:
		return platt(target, prediction, rows)
	case Beta:
		return beta(target, prediction, rows)
	case Isotonic:
		return isotonic(target, prediction, rows)
	}
	return temperature(target, prediction, rows), nil
}

// weight is that of a row.
func weight(s metric.Sample, row int32) float64 {
	if s.Weight == nil {
		return 1
	}
	return s.Weight[row]
}
