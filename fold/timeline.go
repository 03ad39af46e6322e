package fold

import (
	"cmp"
	"slices"
)

// timeline is the rows that have a time, by rising time.
type timeline struct {
	rows  []int32 // row numbers of the table, by time, then by number
	times []int64 // distinct times, rising
	first []int   // first[i] is the position in rows of the first row at times[i]; one more entry: len(rows)
}

// span is the distinct times lo..hi-1 of a timeline.
type span struct{ lo, hi int }

func (d Data) timeline(rows []int32) timeline {
	var l timeline
	for _, r := range rows {
		if d.Time[r] != noTime {
			l.rows = append(l.rows, r)
		}
	}
	slices.SortStableFunc(l.rows, func(a, b int32) int { return cmp.Compare(d.Time[a], d.Time[b]) })
	for i, r := range l.rows {
		if i == 0 || d.Time[r] != d.Time[l.rows[i-1]] {
			l.times = append(l.times, d.Time[r])
			l.first = append(l.first, i)
		}
	}
	l.first = append(l.first, len(l.rows))
	return l
}

// count is the number of rows in a span.
func (l timeline) count(s span) int { return l.first[s.hi] - l.first[s.lo] }

// blocks cuts the timeline at distinct times into n spans of about equal size,
// in order; there are n times at least. shift, inside -0.5..0.5, makes the
// first span larger, and the last one smaller, by so much of a span.
func (l timeline) blocks(n int, shift float64) []span {
	out := make([]span, 0, n)
	lo := 0
	for b := range n {
		left := float64(n - b) // spans still to make, this one included
		share := 1 / (left - shift)
		if b == 0 {
			share = (1 + shift) / left
		}
		hi := min(l.take(lo, share*float64(len(l.rows)-l.first[lo])), len(l.times)-(n-b-1))
		if b == n-1 {
			hi = len(l.times)
		}
		out = append(out, span{lo, hi})
		lo = hi
	}
	return out
}

// take is the end of the span from lo that has at least one time and whose
// number of rows is nearest to want.
func (l timeline) take(lo int, want float64) int {
	target := float64(l.first[lo]) + want
	hi, _ := slices.BinarySearchFunc(l.first, target, func(at int, t float64) int { return cmp.Compare(float64(at), t) })
	if hi > lo+1 && hi < len(l.first) && target-float64(l.first[hi-1]) < float64(l.first[hi])-target {
		hi--
	}
	return min(max(hi, lo+1), len(l.times))
}
