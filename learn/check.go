package learn

import (
	"errors"
	"math"
)

// Errors of a fit on data that cannot be learned from.
var (
	ErrNoRows   = errors.New("no rows with a weight above 0")
	ErrOneClass = errors.New("all rows are of one class")
	ErrTarget   = errors.New("a target is not finite, larger than 1e100, or no class of the task")
	ErrWeight   = errors.New("a weight is negative, not finite or larger than 1e30")
)

// ErrUnknown is the error of a file of a model that says more than this program
// has a place for: a newer one wrote it.
var ErrUnknown = errors.New("unknown to this program")

// MostTarget is the largest size of a target: the squares of larger ones, and
// the sums of these, would not all be finite.
const MostTarget = 1e100

// MostWeight is the largest weight: sums of larger ones would leave what the
// files of models hold.
const MostWeight = 1e30

// Check tells whether the data can be learned from: it has rows with a weight
// above 0, their targets are finite values or classes of the task, and of
// classes there are at least two.
func (d *Data) Check() error {
	rows, first, second := 0, 0.0, false
	for i := range d.N() {
		r := d.Row(i)
		if d.Weight != nil {
			if w := d.Weight[r]; !(w >= 0 && w <= MostWeight) {
				return ErrWeight
			} else if w == 0 {
				continue
			}
		}
		y := d.Target[r]
		if !(math.Abs(y) <= MostTarget) {
			return ErrTarget
		}
		if d.Task != Regression && !(y >= 0 && y < float64(d.Classes) && y == math.Trunc(y)) {
			return ErrTarget
		}
		if rows == 0 {
			first = y
		}
		second = second || y != first
		rows++
	}
	switch {
	case rows == 0:
		return ErrNoRows
	case d.Task != Regression && !second:
		return ErrOneClass
	}
	return nil
}
