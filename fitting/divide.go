package fitting

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/rowfile"
)

// byTime makes blocks of time the folds where time cut the parts. Random folds
// would predict a row from its neighbours in time, which a later row does not
// have: they look too good, and give weight to what remembers. Where blocks do
// not fit, Folds says why.
func (b *Bench) byTime(parts handoff.SplitPolicy) {
	if parts.By != "time" {
		return
	}
	b.purge = time.Duration(parts.PurgeDays) * 24 * time.Hour
	folds, why := fold.Blocked(b.rows(), b.Folds.Count, b.purge, 0)
	if why != fold.AllParts {
		b.Folds.Reason = string(why)
		return
	}
	b.Folds.By, b.Folds.Count = "time", len(folds)
}

// recut makes folds by time, that were cut of other rows, dealt ones where these
// rows cannot be cut into as many blocks.
func (b *Bench) recut() {
	if b.Folds.By != "time" {
		return
	}
	blocks, why := fold.Blocked(b.rows(), b.Folds.Count, b.purge, 0)
	if len(blocks) != b.Folds.Count {
		b.Folds.By, b.Folds.Reason = dealt(b.File), cmp.Or(string(why), string(fold.NoTimes))
	}
}

// dealt is what folds that are not by time are by.
func dealt(file *rowfile.File) string {
	if file.Groups != nil {
		return "group"
	}
	return "stratified"
}

// divide is the folds of a repeat, as Folds says. By time, the cuts of a
// repeat lie elsewhere in their blocks; where those do not fit they stay.
func (b *Bench) divide(repeat int) ([]fold.Fold, error) {
	rows := b.rows()
	if b.Folds.By == "time" {
		for _, s := range []float64{shift(repeat), 0} {
			if folds, _ := fold.Blocked(rows, b.Folds.Count, b.purge, s); len(folds) == b.Folds.Count {
				return folds, nil
			}
		}
		return nil, fmt.Errorf("cut %d rows into %d blocks of time: they do not fit", len(rows.Target), b.Folds.Count)
	}
	return fold.KFold(rows, b.Folds.Count, b.Folds.Seed+uint64(repeat)*7919)
}

// Newest is what decides how much each of several out-of-fold predictions of all
// rows counts: by time, the rows of the newest two fifths of the blocks, which
// are predicted from the past for the most part, as rows to come will be; else
// all rows.
func (b *Bench) Newest(all metric.Sample, predictions [][]float64) (metric.Sample, [][]float64, error) {
	if b.Folds.By != "time" {
		return all, predictions, nil
	}
	folds, err := b.divide(0)
	if err != nil {
		return all, nil, err
	}
	rows := []int32{}
	for _, f := range folds[len(folds)-(2*len(folds)+2)/5:] {
		rows = append(rows, f.Valid...)
	}
	slices.Sort(rows)
	out := make([][]float64, len(predictions))
	newest := metric.Sample{Classes: all.Classes}
	for _, r := range rows {
		newest.Target = append(newest.Target, all.Target[r])
		if all.Group != nil {
			newest.Group = append(newest.Group, all.Group[r])
		}
		for i, p := range predictions {
			width := len(p) / len(all.Target)
			out[i] = append(out[i], p[int(r)*width:(int(r)+1)*width]...)
		}
	}
	return newest, out, nil
}

// rows is what a division looks at.
func (b *Bench) rows() fold.Data {
	return fold.Data{Classes: b.File.Classes, Target: b.File.Target, Group: b.File.Groups, Time: b.File.Times}
}

// shift is how far a repeat moves the cuts between blocks, inside -0.5..0.5: 0
// for the first, and each as far from those before as can be (multiples of the
// golden ratio).
func shift(repeat int) float64 {
	x := float64(float64(repeat) * 0.6180339887498949)
	return x - math.Round(x)
}
