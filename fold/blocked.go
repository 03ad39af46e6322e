package fold

import (
	"slices"
	"time"
)

// leastBlocks is the fewest blocks of a cross-validation by time. Of two, each
// would be all that the other learns from.
const leastBlocks = 3

// Blocked is a cross-validation by time in which every row is validated once:
// the rows are cut at distinct times into k blocks of about equal size, and
// each fold validates on one of them and learns from all rows that are at
// least purge before its first or after its last time and share no group or
// duplicate with it. So a row is predicted from other periods, never from its
// neighbours in time; a fold may learn from periods that come after.
//
// shift, inside -0.5..0.5, moves the cuts by so much of a block: other folds of
// the same rows.
//
// k is lowered, to 3 at least, until each fold learns from half of the rows or
// more, and validates on two classes or more, each of which it has learnt. Where
// no k fits there are no folds, and why says what hindered three.
func Blocked(d Data, k int, purge time.Duration, shift float64) (folds []Fold, why Reason) {
	if d.Time == nil {
		return nil, NoTimes
	}
	rows := d.rows()
	line := d.timeline(rows)
	if len(line.rows) < len(rows) || len(line.times) < leastBlocks || k < leastBlocks {
		return nil, NoTimes
	}
	for k = min(k, len(line.times)); k >= leastBlocks; k-- {
		folds = folds[:0]
		why = AllParts
		for _, b := range line.blocks(k, shift) {
			f, tied := d.around(line, b, purge)
			why = d.hindered(f, tied, len(rows))
			if why != AllParts {
				break
			}
			folds = append(folds, f)
		}
		if why == AllParts {
			return folds, AllParts
		}
	}
	return nil, why
}

// around is the fold that validates on a block. tied counts the rows that it
// does not learn from because of their group or duplicate alone.
func (d Data) around(line timeline, block span, purge time.Duration) (f Fold, tied int) {
	start, end := line.times[block.lo], line.times[block.hi-1]
	for _, r := range line.rows {
		switch t := d.Time[r]; {
		case t >= start && t <= end:
			f.Valid = append(f.Valid, r)
		case t < start && start-t >= purge.Microseconds(), t > end && t-end >= purge.Microseconds():
			f.Train = append(f.Train, r)
		}
	}
	tied = len(f.Train)
	f.Train = d.apart(f.Train, f.Valid)
	slices.Sort(f.Train)
	slices.Sort(f.Valid)
	return f, tied - len(f.Train)
}

// hindered is why a fold of so many rows, with so many tied to the block, is no
// good; AllParts where it is.
func (d Data) hindered(f Fold, tied, rows int) Reason {
	switch {
	case 2*(len(f.Train)+tied) < rows:
		return TooShort
	case 2*len(f.Train) < rows:
		return Recurs
	}
	if d.Classes > 0 && (oneClass(d.Target, f.Valid) || d.misses(f)) {
		return OneClass
	}
	return AllParts
}

// misses tells whether a fold validates on a class that it has not learnt.
func (d Data) misses(f Fold) bool {
	learnt := make([]bool, d.Classes)
	for _, r := range f.Train {
		learnt[int(d.Target[r])] = true
	}
	return slices.ContainsFunc(f.Valid, func(r int32) bool { return !learnt[int(d.Target[r])] })
}

// apart is rows without those that share a group or a duplicate with others.
func (d Data) apart(rows, others []int32) []int32 {
	for _, id := range [][]int32{d.Group, d.Duplicate} {
		if id == nil {
			continue
		}
		seen := make(map[int32]bool)
		for _, r := range others {
			if id[r] >= 0 {
				seen[id[r]] = true
			}
		}
		rows = slices.DeleteFunc(rows, func(r int32) bool { return seen[id[r]] })
	}
	return rows
}
