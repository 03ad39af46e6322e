package fold

// leastShare is how much of its share of the rows a part has at least, where
// rows of groups that an earlier part has are left out.
const leastShare = 0.25

// isolation is the groups of a timeline of which only the first part that has
// rows of them keeps any. The zero value isolates nothing.
type isolation struct {
	of     []int32 // by position in the timeline's rows: the group's number from 0, or -1
	groups int
}

func (p Policy) isolated(d Data, line timeline) isolation {
	if !p.Isolate || d.Group == nil {
		return isolation{}
	}
	out := isolation{of: make([]int32, len(line.rows))}
	number := make(map[int32]int32)
	for i, r := range line.rows {
		g := d.Group[r]
		if g < 0 {
			out.of[i] = -1
			continue
		}
		n, known := number[g]
		if !known {
			n = int32(len(number))
			number[g] = n
		}
		out.of[i] = n
	}
	out.groups = len(number)
	return out
}

// fits tells whether, of the rows of the timeline, the spans keep at least half,
// and each of them leastShare of its share of these, when the rows of a group
// that an earlier span has are left out.
func (g isolation) fits(line timeline, spans []span, shares []float64) bool {
	if g.of == nil {
		return true
	}
	kept, left := 0, g.left(line, spans)
	for _, n := range left {
		kept += n
	}
	for i, n := range left {
		if float64(n) < leastShare*shares[i]*float64(kept) {
			return false
		}
	}
	return 2*kept >= len(line.rows)
}

// left counts the rows of each span without those of a group that an earlier
// span has.
func (g isolation) left(line timeline, spans []span) []int {
	first := make([]int32, g.groups) // 1 + the first span with rows of the group; 0 before any
	left := make([]int, len(spans))
	for i, s := range spans {
		for _, n := range g.of[line.first[s.lo]:line.first[s.hi]] {
			if n < 0 {
				left[i]++
				continue
			}
			if first[n] == 0 {
				first[n] = int32(i) + 1
			}
			if first[n] == int32(i)+1 {
				left[i]++
			}
		}
	}
	return left
}
