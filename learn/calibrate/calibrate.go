// Package calibrate makes probabilities mean what they say: a fitted map from
// a model's out-of-fold probabilities to calibrated ones.
//
// The kind of map is chosen by cross-fitted log loss, and a map must win by
// more than its noise: where the model is calibrated already, it stays as it
// is. Sources: Platt 1999; Guo et al. 2017 (temperature).
package calibrate

import (
	"fmt"
	"math"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

// Kinds of maps.
const (
	Identity    = "identity"
	Platt       = "platt"       // binary: sigmoid(Slope × logit + Offset)
	Temperature = "temperature" // multiclass: softmax(Slope × log p)
)

// Map is a fitted calibration. It is monotone: it never changes which of two
// rows is ranked higher, nor which class is the most probable. The zero value
// changes nothing.
type Map struct {
	Kind   string  `json:"kind"`
	Width  int     `json:"width"` // probabilities a row
	Slope  float64 `json:"slope"` // above 0
	Offset float64 `json:"offset"`
}

// Check gives an error for a map that cannot be applied.
func (m Map) Check() error {
	switch m.Kind {
	case Identity, "":
		return nil
	case Platt, Temperature:
		if !(m.Slope > 0 && m.Slope < 1e6) || !(math.Abs(m.Offset) < 1e6) || m.Width < 1 || (m.Kind == Platt) != (m.Width == 1) {
			return fmt.Errorf("calibration: parameters of %s out of range", m.Kind)
		}
		return nil
	}
	return fmt.Errorf("calibration: no kind %q", m.Kind)
}

// Apply calibrates Width probabilities a row in place.
func (m Map) Apply(p []float64) {
	switch m.Kind {
	case Platt:
		for i, v := range p {
			p[i] = portable.Sigmoid(float64(m.Slope*logit(v)) + m.Offset)
		}
	case Temperature:
		for lo := 0; lo+m.Width <= len(p); lo += m.Width {
			row := p[lo : lo+m.Width]
			for i, v := range row {
				row[i] = m.Slope * portable.Log(math.Max(v, tiny))
			}
			portable.Softmax(row)
		}
	}
}

const tiny = 1e-15

func logit(p float64) float64 {
	p = math.Min(math.Max(p, tiny), 1-tiny)
	return portable.Log(p) - portable.Log(1-p)
}

// folds of the cross-fitting.
const folds = 5

// Fit chooses and fits a map for the predictions of target's rows. It gives
// the map and the predictions as maps calibrate them that did not see the
// row, which is what an honest figure is made of. Regression stays as it is.
func Fit(target metric.Sample, prediction []float64, seed uint64) (Map, []float64) {
	identity := Map{Kind: Identity}
	if target.Classes == 0 {
		return identity, prediction
	}
	division, err := fold.KFold(fold.Data{Classes: target.Classes, Target: target.Target, Group: target.Group}, folds, seed)
	if err != nil {
		return identity, prediction
	}
	width := len(prediction) / len(target.Target)
	crossed := append([]float64{}, prediction...)
	for _, f := range division {
		m := fit(target.Target, prediction, width, f.Train)
		one := make([]float64, width)
		for _, row := range f.Valid {
			copy(one, prediction[int(row)*width:])
			m.Apply(one)
			copy(crossed[int(row)*width:], one)
		}
	}
	if !wins(target.Target, crossed, prediction, width) {
		return identity, prediction
	}
	every := make([]int32, len(target.Target))
	for i := range every {
		every[i] = int32(i)
	}
	return fit(target.Target, prediction, width, every), crossed
}

// wins tells whether a's log loss is lower than b's by more than one standard
// error of the difference.
func wins(target, a, b []float64, width int) bool {
	sum, squares := 0.0, 0.0
	n := float64(len(target))
	for row, y := range target {
		d := loss(b, row, width, y) - loss(a, row, width, y)
		sum += d
		squares += float64(d * d)
	}
	mean := sum / n
	return mean > math.Sqrt(math.Max(squares/n-float64(mean*mean), 0)/n)
}

func loss(p []float64, row, width int, y float64) float64 {
	v := p[row*width]
	switch {
	case width > 1:
		v = p[row*width+int(y)]
	case y == 0:
		v = 1 - v
	}
	return -portable.Log(math.Max(v, tiny))
}

// fit minimises log loss on the rows by Newton's method.
func fit(target, prediction []float64, width int, rows []int32) Map {
	if width == 1 {
		return platt(target, prediction, rows)
	}
	return temperature(target, prediction, width, rows)
}

func platt(target, prediction []float64, rows []int32) Map {
	m := Map{Kind: Platt, Width: 1, Slope: 1}
	for range 50 {
		// A weak pull to slope 1 and offset 0 keeps separable data finite.
		ga, gb := m.Slope-1, m.Offset
		haa, hab, hbb := 1.0, 0.0, 1.0
		for _, row := range rows {
			z := logit(prediction[row])
			p := portable.Sigmoid(float64(m.Slope*z) + m.Offset)
			d, w := p-target[row], float64(p*(1-p))
			ga += float64(d * z)
			gb += d
			haa += float64(float64(w*z) * z)
			hab += float64(w * z)
			hbb += w
		}
		det := float64(haa*hbb) - float64(hab*hab)
		da, db := (float64(hbb*ga)-float64(hab*gb))/det, (float64(haa*gb)-float64(hab*ga))/det
		m.Slope, m.Offset = math.Max(m.Slope-da, 0.01), m.Offset-db
		if math.Abs(da)+math.Abs(db) < 1e-10 {
			break
		}
	}
	return m
}

func temperature(target, prediction []float64, width int, rows []int32) Map {
	m := Map{Kind: Temperature, Width: width, Slope: 1}
	z, p := make([]float64, width), make([]float64, width)
	for range 50 {
		gradient, hessian := m.Slope-1, 1.0
		for _, row := range rows {
			for k := range z {
				z[k] = portable.Log(math.Max(prediction[int(row)*width+k], tiny))
				p[k] = float64(m.Slope * z[k])
			}
			portable.Softmax(p)
			mean, square := 0.0, 0.0
			for k := range z {
				mean += float64(p[k] * z[k])
				square += float64(float64(p[k]*z[k]) * z[k])
			}
			gradient += mean - z[int(target[row])]
			hessian += square - float64(mean*mean)
		}
		step := gradient / hessian
		m.Slope = math.Max(m.Slope-step, 0.01)
		if math.Abs(step) < 1e-10 {
			break
		}
	}
	return m
}
