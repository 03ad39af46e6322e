package fitting

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portable"
)

// PartUnit is the name of a fit on a part of a fold's training rows, among the
// memos.
const PartUnit = "part fit"

// Part is the fits on a part of the training rows of each fold, halved so many
// times; the rows that are predicted stay the same. Parts are nested: a
// smaller one is inside a larger one. Rows of one group are all in it or none;
// without groups each class keeps its share.
func (b *Bench) Part(d *durable.Desk, halvings int) crossfit.Fits {
	part := b.Fits
	part.Key = map[string]any{"of": b.Fits.Key, "halvings": halvings}
	part.Folds = func(repeat int) ([]fold.Fold, error) {
		folds, err := b.Fits.Folds(repeat)
		if err != nil {
			return nil, err
		}
		for i := range folds {
			folds[i].Train = b.halved(folds[i].Train, halvings)
		}
		return folds, nil
	}
	part.Memo = func(ctx context.Context, key any, work func(context.Context) ([]byte, error)) ([]byte, error) {
		return d.Memo(ctx, PartUnit, version, key, work)
	}
	part.Limit, part.Progress = nil, nil
	return part
}

// manyRows are so many that a part has its share of each class by itself.
const manyRows = 100_000

// halved is the part of rows that comes first in an order of groups, or of the
// rows of each class, that has nothing to do with them. Of many rows it is
// those whose place in that order is in its first part, whatever their class.
func (b *Bench) halved(rows []int32, halvings int) []int32 {
	if len(rows) > manyRows {
		return b.scattered(rows, halvings)
	}
	share := math.Ldexp(1, -halvings)
	unit := func(row int32) int32 { return row }
	class := func(row int32) int { return 0 }
	if b.File.Groups != nil {
		unit = func(row int32) int32 { return b.File.Groups[row] }
	} else if b.Fits.Data.Classes > 0 {
		class = func(row int32) int { return int(b.Fits.Data.Target[row]) }
	}
	units := make([][]int32, max(1, b.Fits.Data.Classes)) // distinct, by class
	seen := make(map[int32]bool, len(rows))
	for _, row := range rows {
		if u := unit(row); !seen[u] {
			seen[u] = true
			units[class(row)] = append(units[class(row)], u)
		}
	}
	kept := make(map[int32]bool, len(rows)>>halvings)
	for _, of := range units {
		slices.SortFunc(of, func(x, y int32) int {
			return cmp.Or(cmp.Compare(scatter(b.Folds.Seed, x), scatter(b.Folds.Seed, y)), cmp.Compare(x, y))
		})
		for _, u := range of[:int(math.Ceil(share*float64(len(of))))] {
			kept[u] = true
		}
	}
	var out []int32
	for _, row := range rows {
		if kept[unit(row)] {
			out = append(out, row)
		}
	}
	return out
}

// scattered is halved for many rows: without a sort, and of about the part's
// size.
func (b *Bench) scattered(rows []int32, halvings int) []int32 {
	var out []int32
	for _, row := range rows {
		unit := row
		if b.File.Groups != nil {
			unit = b.File.Groups[row]
		}
		if scatter(b.Folds.Seed, unit)>>(64-halvings) == 0 {
			out = append(out, row)
		}
	}
	return out
}

// scatter is a number that looks drawn at random for each x.
func scatter(seed uint64, x int32) uint64 { return portable.Draw(seed, uint64(uint32(x))) }
