// Package seen lets the answers of training rows count where a new row is
// identical to them in every feature.
//
// Such rows are kinds of row. A kind with m training rows whose answers sum up
// to c (classes: one count each) is predicted as
//
//	(c + strength × p) / (m + strength)
//
// where p is the mean out-of-fold prediction of its rows, each of models that did
// not learn from that row, nor from its copies where folds keep them together:
// those that serve have seen all of c, and would count it twice. It is the mean
// of a posterior whose prior says p as surely as strength rows would; a strength
// without end gives p again.
//
// Whether the answers of identical rows say more than p does, and how much, is
// judged by leaving each row out of its kind (Weigh). What is kept of the rows
// (Table) is a hash of each kind and its prediction.
package seen

import (
	"cmp"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

const (
	mostKinds = 200_000  // of a table
	mostBytes = 16 << 20 // of a table
	leastRows = 30       // that have copies, to judge by; and
	leastPart = 0.01     // of all rows, for it to be worth its bytes
	leastGain = 0.01     // of their loss, too
	surely    = 2        // standard errors that the gain must have
)

// Evidence is what identical rows say of one another.
type Evidence struct {
	Strength float64 // rows that the prediction counts as
	Rows     int     // that have copies
	Without  float64 // mean loss of those: log loss, or squared error of the out-of-fold predictions
	With     float64 // the same with the answers of the other copies
}

// Weigh judges by all rows of data, whose out-of-fold predictions are given,
// how much an identical row's answer says about a row. ok is false where that
// is no more than chance would: the answers are not worth keeping then.
//
// The strength is the one of 2⁻⁶, 2⁻⁵, ..., 2¹⁰ with the least loss of rows
// that have copies, or none. For classes one more row is reckoned with, whose
// only copy says otherwise: so no number of equal answers makes anything
// certain.
func Weigh(data learn.Data, prediction []float64) (e Evidence, ok bool) {
	k := kindsOf(data, prediction, [saltBytes]byte{})
	if k == nil {
		return e, false
	}
	var rows, kind []int32
	for i, n := range k.of {
		if k.rows[n] > 1 {
			rows, kind = append(rows, int32(i)), append(kind, n)
		}
	}
	if e.Rows = len(rows); e.Rows < leastRows || float64(e.Rows) < float64(leastPart*float64(data.Table.Rows)) {
		return e, false
	}
	without := k.losses(rows, math.Inf(1))
	gain := make([]float64, len(rows)+1) // the last is that of the one more row, a kind of its own
	kind = append(kind, int32(len(k.hash)))
	for power := 10; power >= -6; power-- {
		strength := math.Ldexp(1, power)
		one := make([]float64, len(gain))
		for i, with := range k.losses(rows, strength) {
			one[i] = without[i] - with
		}
		one[len(rows)] = -k.contradicted(strength)
		if mean(one) > mean(gain) {
			gain, e.Strength = one, strength
		}
	}
	e.Without = mean(without)
	e.With = e.Without - mean(gain[:len(rows)])
	m := metric.MeanOf(gain, kind)
	return e, m.Value > surely*m.SE && m.Value > leastGain*e.Without
}

// kinds are the kinds of row of data.
type kinds struct {
	data       learn.Data
	prediction []float64 // width values per row of data
	width      int
	of         []int32  // by row: the number of its kind
	hash       []uint64 // by kind, in the order of first appearance; the rest, too
	rows       []int
	weight     []float64 // of its rows
	answers    []float64 // width sums: of the answers of its rows by their weights
}

// kindsOf is nil where there are no columns or too many kinds to keep.
func kindsOf(data learn.Data, prediction []float64, salt [saltBytes]byte) *kinds {
	columns := len(data.Table.Columns)
	if columns == 0 || data.Table.Rows == 0 {
		return nil
	}
	k := &kinds{data: data, prediction: prediction, width: len(prediction) / data.Table.Rows, of: make([]int32, data.Table.Rows)}
	most := min(mostKinds, mostBytes/recordBytes(k.width))
	number := make(map[uint64]int32)
	hasher, x := newHasher(salt, columns), make([]float64, columns)
	for row := range k.of {
		data.Table.Gather(x, []int32{int32(row)})
		hash := hasher.sum(x)
		n, known := number[hash]
		if !known {
			if len(number) == most {
				return nil
			}
			n = int32(len(number))
			number[hash] = n
			k.hash, k.rows, k.weight = append(k.hash, hash), append(k.rows, 0), append(k.weight, 0)
			k.answers = append(k.answers, make([]float64, k.width)...)
		}
		k.of[row] = n
		k.rows[n]++
		w := data.WeightOf(row)
		k.weight[n] += w
		for j := range k.width {
			k.answers[int(n)*k.width+j] += float64(w * k.answer(row, j))
		}
	}
	return k
}

// answer is what output j should have been for a row.
func (k *kinds) answer(row, j int) float64 {
	y := k.data.Target[row]
	if k.width == 1 {
		return y
	}
	if int(y) == j {
		return 1
	}
	return 0
}

// losses are those of rows, each predicted by the other rows of its kind.
func (k *kinds) losses(rows []int32, strength float64) []float64 {
	out := make([]float64, len(rows))
	for i, row := range rows {
		n, w := int(k.of[row]), k.data.WeightOf(int(row))
		output, y := 0, k.data.Target[row]
		if k.width > 1 {
			output = int(y)
		}
		p := k.prediction[int(row)*k.width+output]
		others := k.answers[n*k.width+output] - float64(w*k.answer(int(row), output))
		out[i] = float64(w * learn.Loss(k.data.Task, posterior(others, k.weight[n]-w, p, strength), y))
	}
	return out
}

// contradicted is what a row loses whose only copy is of another class.
func (k *kinds) contradicted(strength float64) float64 {
	if k.data.Task == learn.Regression {
		return 0
	}
	return portable.Log((1 + strength) / strength)
}

// posterior is what answers that sum up to sum over rows of that weight make
// of a prediction.
func posterior(sum, weight, prediction, strength float64) float64 {
	if math.IsInf(strength, 1) {
		return prediction
	}
	return (sum + float64(strength*prediction)) / (weight + strength)
}

// New keeps the kinds of row of data with their predictions; nil where they
// are too many. prediction has the out-of-fold predictions of all rows.
func New(data learn.Data, prediction []float64, strength float64) *Table {
	salt := saltOf(data)
	k := kindsOf(data, prediction, salt)
	if k == nil {
		return nil
	}
	prior := make([]float64, len(k.answers))
	for row, n := range k.of {
		for j := range k.width {
			prior[int(n)*k.width+j] += k.prediction[row*k.width+j]
		}
	}
	t := &Table{task: data.Task, columns: len(data.Table.Columns), width: k.width, salt: salt}
	order := make([]int, len(k.hash))
	for n := range order {
		order[n] = n
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(k.hash[a], k.hash[b]) })
	for _, n := range order {
		t.hash = append(t.hash, k.hash[n])
		for j := n * k.width; j < (n+1)*k.width; j++ {
			t.score = append(t.score, t.held(posterior(k.answers[j], k.weight[n], prior[j]/float64(k.rows[n]), strength)))
		}
	}
	return t
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
