package metric

import (
	"math"
	"slices"
)

// view is a sample that was found valid, with what several scores share.
type view struct {
	Sample
	total   float64   // sum of the weights
	sorted  []int32   // rows of a one-column sample by rising prediction; made by order
	columns [][]int32 // the same for each class of a multiclass sample; made by column
	draw    []int32   // for each row the number of its group, from 0; made by perDraw
}

// valid checks lengths and values, once, so that no score has to.
func (v *view) valid() bool {
	n, width := len(v.Target), v.width()
	if n == 0 || v.Classes < 0 || v.Classes == 1 || len(v.Prediction) != n*width {
		return false
	}
	if v.Weight != nil && len(v.Weight) != n || v.Group != nil && len(v.Group) != n {
		return false
	}
	for _, p := range v.Prediction {
		if math.IsNaN(p) || math.IsInf(p, 0) {
			return false
		}
	}
	for i, y := range v.Target {
		if v.Classes > 0 && !(y >= 0 && y < float64(v.Classes) && y == math.Trunc(y)) || math.IsNaN(y) || math.IsInf(y, 0) {
			return false
		}
		w := v.weight(i)
		if !(w >= 0 && w <= math.MaxFloat64) {
			return false
		}
		v.total += w
	}
	return v.total > 0
}

func (v *view) width() int {
	if v.Classes > 2 {
		return v.Classes
	}
	return 1
}

func (v *view) weight(i int) float64 {
	if v.Weight == nil {
		return 1
	}
	return v.Weight[i]
}

// class is the row's true class.
func (v *view) class(i int) int { return int(v.Target[i]) }

// order is the rows by rising prediction, for samples of one column.
func (v *view) order() []int32 {
	if v.sorted == nil {
		v.sorted = orderBy(v.Prediction)
	}
	return v.sorted
}

// orderBy is the indexes of x by rising value; the order among equal values
// is that of the indexes.
func orderBy(x []float64) []int32 {
	type item struct {
		x float64
		i int32
	}
	items := make([]item, len(x))
	for i, p := range x {
		items[i] = item{p, int32(i)}
	}
	slices.SortFunc(items, func(a, b item) int {
		switch {
		case a.x < b.x:
			return -1
		case a.x > b.x:
			return 1
		}
		return int(a.i - b.i)
	})
	out := make([]int32, len(x))
	for i, it := range items {
		out[i] = it.i
	}
	return out
}

// ties calls f for each maximal run of equal values of x, rising; rows is x's
// order.
func ties(x []float64, rows []int32, f func(run []int32)) {
	for lo := 0; lo < len(rows); {
		hi := lo + 1
		for hi < len(rows) && x[rows[hi]] == x[rows[lo]] {
			hi++
		}
		f(rows[lo:hi])
		lo = hi
	}
}

func (v *view) score(name Name) float64 {
	switch name {
	case RMSE, MAE, R2, MAPE:
		if v.Classes != 0 {
			return math.NaN()
		}
		return v.regression(name)
	}
	if v.Classes == 0 {
		return math.NaN()
	}
	switch name {
	case AUC:
		if v.Classes == 2 {
			return v.auc()
		}
		return v.handTill()
	case LogLoss:
		return v.logLoss()
	case Brier:
		return v.brier()
	case ECE:
		return v.ece()
	case Accuracy, BalancedAccuracy, Precision, Recall, F1:
		return v.decide().score(name)
	}
	if v.Classes != 2 {
		return math.NaN()
	}
	switch name {
	case AveragePrecision:
		return v.averagePrecision()
	case LiftAt10Pct:
		return v.lift()
	}
	return math.NaN()
}
