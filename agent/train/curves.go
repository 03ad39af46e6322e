package train

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
)

const (
	curvePoints = 60 // of a curve, beside its beginning
	mostBins    = 15 // of the reliability curve, and
	binRows     = 30 // their least rows
	mostClasses = 20 // of a confusion matrix, the others being one
)

// curves are figures for drawing.
func (s *sealed) curves(classes []string) handoff.Curves {
	out := handoff.Curves{Reliability: s.reliability()}
	if len(classes) > 0 {
		out.Confusion = s.confusion(classes)
	}
	if s.sample.Classes == 2 {
		s.ranked(&out)
	}
	return out
}

// cutAt is a place between two predictions: so many of the rows with the largest
// ones are called.
type cutAt struct{ called, positive int }

// ranked makes the curves over all thresholds.
func (s *sealed) ranked(out *handoff.Curves) {
	order := make([]int32, len(s.claim))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(s.claim[b], s.claim[a]) })
	var cuts []cutAt
	positive := 0
	for k, i := range order {
		positive += int(s.came[i])
		if k+1 == len(order) || s.claim[order[k+1]] != s.claim[i] {
			cuts = append(cuts, cutAt{k + 1, positive})
		}
	}
	n, pos := float64(len(order)), float64(positive)
	if pos == 0 || pos == n {
		return
	}
	wrong := func(c cutAt) float64 { return float64(c.called-c.positive) / (n - pos) }
	right := func(c cutAt) float64 { return float64(c.positive) / pos }
	share := func(c cutAt) float64 { return float64(c.called) / n }
	positives := slices.DeleteFunc(slices.Clone(order), func(i int32) bool { return s.came[i] == 0 })
	groups := s.groups(positives)
	found := func(c cutAt) metric.Proportion { // of the positives those that are called
		called := make([]float64, len(positives))
		for k := range c.positive {
			called[k] = 1
		}
		return metric.ProportionOf(called, groups)
	}
	begin := handoff.Point{}
	out.ROC, out.Gain = append(out.ROC, begin), append(out.Gain, begin)
	for _, c := range spaced(cuts, func(c cutAt) float64 { return (wrong(c) + right(c)) / 2 }) {
		out.ROC = append(out.ROC, point(wrong(c), found(c), positive))
	}
	for _, c := range spaced(cuts, func(c cutAt) float64 { return (share(c) + right(c)) / 2 }) {
		out.Gain = append(out.Gain, point(share(c), found(c), positive))
	}
	for _, c := range spaced(cuts, right) {
		out.PrecisionRecall = append(out.PrecisionRecall, point(right(c), s.shareOf(s.came, order[:c.called]), c.called))
	}
}

// spaced is at most curvePoints of the cuts, the last among them, about as far
// from each other by at, which rises from 0 to 1.
func spaced(cuts []cutAt, at func(cutAt) float64) []cutAt {
	var out []cutAt
	next := 1
	for k, c := range cuts {
		if last := k+1 == len(cuts); !last && (at(c) < float64(next)/curvePoints || len(out) == curvePoints-1) {
			continue
		}
		out = append(out, c)
		next = int(at(c)*curvePoints) + 1
	}
	return out
}

func point(x float64, y metric.Proportion, rows int) handoff.Point {
	low, high := short(y.Low), short(y.High)
	return handoff.Point{X: short(x), Y: short(y.Value), Low: &low, High: &high, Rows: rows}
}

// short is x with six figures, which is more than anybody sees.
func short(x float64) float64 {
	v, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64) // it is a number
	return v
}

// reliability holds what is claimed against what comes true, in bins of as
// many rows of rising claims; equal claims stay together.
func (s *sealed) reliability() []handoff.Point {
	n := len(s.claim)
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortStableFunc(order, func(a, b int32) int { return cmp.Compare(s.claim[a], s.claim[b]) })
	bins := max(1, min(n/binRows, mostBins))
	var out []handoff.Point
	for lo := 0; lo < n; {
		hi := lo + 1
		for hi < n && (hi < (len(out)+1)*n/bins || s.claim[order[hi]] == s.claim[order[hi-1]]) {
			hi++
		}
		out = append(out, s.bin(order[lo:hi]))
		lo = hi
	}
	return out
}

// bin is one of the reliability curve.
func (s *sealed) bin(rows []int32) handoff.Point {
	claim := metric.MeanOf(take(s.claim, rows), nil).Value
	if s.sample.Classes > 0 {
		return point(claim, s.shareOf(s.came, rows), len(rows))
	}
	p := handoff.Point{X: short(claim), Rows: len(rows)}
	e := s.meanOf(s.off, rows)
	i := e.Interval()
	p.Y = short(claim + e.Value)
	if low, high := known(i.Low), known(i.High); low != nil && high != nil {
		*low, *high = short(claim+*low), short(claim+*high)
		p.Low, p.High = low, high
	}
	return p
}

// confusion counts the rows by what they are and what they are called.
func (s *sealed) confusion(classes []string) *handoff.Confusion {
	size := make([]int, len(classes))
	for _, y := range s.sample.Target {
		size[int(y)]++
	}
	place := make([]int, len(classes)) // in the matrix
	out := &handoff.Confusion{}
	if len(classes) <= mostClasses {
		out.Classes = slices.Clone(classes)
		for k := range place {
			place[k] = k
		}
	} else {
		bySize := make([]int, len(classes))
		for k := range bySize {
			bySize[k] = k
		}
		slices.SortStableFunc(bySize, func(a, b int) int { return cmp.Compare(size[b], size[a]) })
		kept := bySize[:mostClasses-1]
		slices.Sort(kept)
		for k := range place {
			place[k] = mostClasses - 1
		}
		for at, k := range kept {
			place[k] = at
			out.Classes = append(out.Classes, classes[k])
		}
		out.Classes = append(out.Classes, otherGroup)
	}
	for range out.Classes {
		out.Counts = append(out.Counts, make([]int, len(out.Classes)))
	}
	width := len(s.sample.Prediction) / len(s.sample.Target)
	for i, y := range s.sample.Target {
		called := 0
		if s.called != nil {
			called = int(s.called[i])
		} else {
			called = top(s.sample.Prediction[i*width : (i+1)*width])
		}
		out.Counts[place[int(y)]][place[called]]++
	}
	return out
}
