package fold

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Audit is what the parts of a table hold and what they share, counted afresh
// from the rows and not from what the division meant to do.
type Audit struct {
	Parts []Count `json:"parts"` // of the parts that have rows, in order
	Pairs []Pair  `json:"pairs"` // of every two of them, earlier first

	Purged  int `json:"purged"`  // rows in no part
	Untimed int `json:"untimed"` // rows without a time, where there is time
}

// Count is what a part holds.
type Count struct {
	Part    Part  `json:"part"`
	Rows    int   `json:"rows"`
	Classes []int `json:"classes,omitempty"` // rows of each class; nil for regression
	First   int64 `json:"first,omitempty"`   // least and greatest time, microseconds since 1970 UTC; 0 without time
	Last    int64 `json:"last,omitempty"`
}

// Pair is what two parts share.
type Pair struct {
	Earlier    Part `json:"earlier"`
	Later      Part `json:"later"`
	Groups     int  `json:"groups"`     // groups with rows in both
	Duplicates int  `json:"duplicates"` // sets of copies with rows in both

	// Gap is the time from the earlier part's last to the later part's first
	// row; below 0 where they overlap. 0 without time.
	Gap time.Duration `json:"gap"`
}

// Check counts what parts hold and share; of has one part per row of the
// table.
func Check(d Data, of []Part) Audit {
	var a Audit
	rows := make(map[Part][]int32)
	for _, r := range d.rows() {
		rows[of[r]] = append(rows[of[r]], r)
		if d.Time != nil && d.Time[r] == noTime {
			a.Untimed++
		}
	}
	a.Purged = len(rows[Purged])
	for _, p := range Parts {
		if len(rows[p]) > 0 {
			a.Parts = append(a.Parts, d.count(p, rows[p]))
		}
	}
	for i, x := range a.Parts {
		for _, y := range a.Parts[i+1:] {
			pair := Pair{Earlier: x.Part, Later: y.Part}
			pair.Groups = shared(d.Group, rows[x.Part], rows[y.Part])
			pair.Duplicates = shared(d.Duplicate, rows[x.Part], rows[y.Part])
			if d.Time != nil {
				pair.Gap = gap(x.Last, y.First)
			}
			a.Pairs = append(a.Pairs, pair)
		}
	}
	return a
}

func (d Data) count(p Part, rows []int32) Count {
	c := Count{Part: p, Rows: len(rows)}
	if d.Classes > 0 && d.Target != nil {
		c.Classes = make([]int, d.Classes)
		for _, r := range rows {
			c.Classes[int(d.Target[r])]++
		}
	}
	timed := false
	for _, r := range rows {
		if d.Time == nil || d.Time[r] == noTime {
			continue
		}
		if !timed {
			c.First, c.Last, timed = d.Time[r], d.Time[r], true
		}
		c.First, c.Last = min(c.First, d.Time[r]), max(c.Last, d.Time[r])
	}
	return c
}

// gap is b - a, both in microseconds, cut to what a Duration can hold (292
// years).
func gap(a, b int64) time.Duration {
	const most = int64(math.MaxInt64 / time.Microsecond)
	return time.Duration(min(max(b-a, -most), most)) * time.Microsecond
}

// shared is how many numbers, 0 or more, occur in both sets of rows.
func shared(id []int32, a, b []int32) int {
	if id == nil {
		return 0
	}
	in := make(map[int32]bool)
	for _, r := range a {
		if id[r] >= 0 {
			in[id[r]] = true
		}
	}
	n := 0
	for _, r := range b {
		if in[id[r]] {
			n++
			in[id[r]] = false
		}
	}
	return n
}

// Broken says in words what the division should not share under the policy:
// duplicates, groups (by group, or isolated), and by time less than the purge
// between parts. Empty is good.
func (a Audit) Broken(p Policy) []string {
	var out []string
	for _, pair := range a.Pairs {
		between := pair.Earlier.String() + " and " + pair.Later.String()
		if pair.Duplicates > 0 {
			out = append(out, fmt.Sprintf("%s share %d exact duplicates", between, pair.Duplicates))
		}
		if pair.Groups > 0 && (p.By == ByGroup || p.By == ByTime && p.Isolate) {
			out = append(out, fmt.Sprintf("%s share %d groups", between, pair.Groups))
		}
		if p.By == ByTime && pair.Gap < max(p.Purge, time.Microsecond) {
			out = append(out, fmt.Sprintf("%s are %v apart, less than the purge of %v", between, pair.Gap, p.Purge))
		}
	}
	return out
}

// Without is the parts that hold no row of the class.
func (a Audit) Without(class int) []Part {
	var out []Part
	for _, c := range a.Parts {
		if class < len(c.Classes) && c.Classes[class] == 0 {
			out = append(out, c.Part)
		}
	}
	return slices.Clip(out)
}
