package fold

import (
	"cmp"
	"slices"
	"time"
)

// byTime cuts the timeline, with fewer parts until they fit.
func (p Policy) byTime(d Data, s *Split) {
	line := d.timeline(d.rows())
	if len(line.times) < 2 {
		s.Reason = NoTimes
		return
	}
	for parts := p.parts(); len(parts) >= 2; parts = fewer(parts) {
		spans := p.cut(d, line, p.shares(parts))
		if spans == nil {
			s.Reason = p.hindrance(d, line, parts)
			continue
		}
		s.Parts = parts
		seen := make([]int32, 0, len(line.rows))
		for i, span := range spans {
			s.Starts = append(s.Starts, line.times[span.lo])
			rows := p.kept(d, slices.Clone(line.rows[line.first[span.lo]:line.first[span.hi]]), seen)
			for _, r := range rows {
				s.Of[r] = parts[i]
			}
			seen = append(seen, rows...)
		}
		return
	}
}

// hindrance is why the parts do not fit.
func (p Policy) hindrance(d Data, line timeline, parts []Part) Reason {
	if p.Isolate {
		p.Isolate = false
		if p.cut(d, line, p.shares(parts)) != nil {
			return Recurs
		}
	}
	return TooShort
}

// kept is rows of one part without copies of rows, and with Isolate groups,
// that an earlier part has.
func (p Policy) kept(d Data, rows, earlier []int32) []int32 {
	if !p.Isolate {
		d.Group = nil
	}
	return d.apart(rows, earlier)
}

// tries is how many sizes of the whole cut looks at.
const tries = 400

// cut finds the span of each part so that the shares of the rows kept are as
// near as possible (least squares) to those asked; nil where the parts do not
// fit. It tries sizes of the whole from nothing to all rows: each part but
// the last takes the times nearest to its share of it, then a purge, and the
// last part takes the rest.
func (p Policy) cut(d Data, line timeline, shares []float64) []span {
	type candidate struct {
		spans []span
		off   float64
	}
	var all []candidate
	for k := range tries + 1 {
		spans := line.fill(shares, float64(len(line.rows))*float64(k)/tries, p.Purge)
		if spans == nil || len(all) > 0 && slices.Equal(spans, all[len(all)-1].spans) {
			continue
		}
		all = append(all, candidate{spans, line.off(spans, shares)})
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(a.off, b.off) })
	group := p.isolated(d, line)
	for _, c := range all {
		if group.fits(line, c.spans, shares) && p.fits(d, line, c.spans) {
			return c.spans
		}
	}
	return nil
}

// off is the sum of squared distances of the spans' shares of their rows from
// those asked.
func (l timeline) off(spans []span, shares []float64) float64 {
	kept := 0
	for _, s := range spans {
		kept += l.count(s)
	}
	sum := 0.0
	for i, s := range spans {
		e := float64(l.count(s))/float64(kept) - shares[i]
		sum += float64(e * e)
	}
	return sum
}

// fill is the spans that parts take from a whole of the given number of
// rows; nil where the timeline ends before the last part.
func (l timeline) fill(shares []float64, whole float64, purge time.Duration) []span {
	spans := make([]span, len(shares))
	lo := 0
	for i, share := range shares {
		if lo >= len(l.times) {
			return nil
		}
		hi := len(l.times)
		if i < len(shares)-1 {
			hi = l.take(lo, share*whole)
		}
		spans[i] = span{lo, hi}
		if i < len(shares)-1 {
			lo, _ = slices.BinarySearch(l.times, l.times[hi-1]+max(purge.Microseconds(), 1))
		}
	}
	return spans
}

// fits tells whether the spans keep at least half of the rows and each has
// something to measure: a row that is no copy, of classes two.
func (p Policy) fits(d Data, line timeline, spans []span) bool {
	kept := 0
	for _, s := range spans {
		kept += line.count(s)
	}
	if 2*kept < len(line.rows) {
		return false
	}
	var seen []int32
	for _, s := range spans {
		rows := line.rows[line.first[s.lo]:line.first[s.hi]]
		if d.Duplicate != nil || p.Isolate {
			rows = p.kept(d, slices.Clone(rows), seen)
			seen = append(seen, rows...)
		}
		if len(rows) == 0 || d.Classes > 0 && oneClass(d.Target, rows) {
			return false
		}
	}
	return true
}

func oneClass(target []float64, rows []int32) bool {
	return !slices.ContainsFunc(rows, func(r int32) bool { return target[r] != target[rows[0]] })
}
