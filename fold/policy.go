package fold

import (
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/problem"
)

// Part is where a row went.
type Part uint8

const (
	Unused     Part = iota // not among Data.Rows
	Train                  // fitted on
	Validation             // chosen on
	Test                   // sealed until the end of training
	Holdout                // locked until after deployment
	Purged                 // in no part: too close to a cut, without a time, or tied to an earlier part
)

// Parts is the parts that hold rows to use, in the order of time.
var Parts = []Part{Train, Validation, Test, Holdout}

func (p Part) String() string {
	switch p {
	case Unused:
		return "unused"
	case Train:
		return "train"
	case Validation:
		return "validation"
	case Test:
		return "test"
	case Holdout:
		return "holdout"
	case Purged:
		return "purged"
	}
	return fmt.Sprintf("Part(%d)", uint8(p))
}

// By is what rows are divided by.
type By string

const (
	ByClass By = "class" // balanced by class or by quantile of the target; groups may recur
	ByGroup By = "group" // the same, and a group is in one part only
	ByTime  By = "time"  // earlier rows train, later ones test
)

// Shares are the sizes of the parts. They are taken in proportion to their sum.
type Shares struct {
	Train      float64 `json:"train"`
	Validation float64 `json:"validation"`
	Test       float64 `json:"test"`
	Holdout    float64 `json:"holdout"`
}

// DefaultShares is 60 / 20 / 15 / 5.
var DefaultShares = Shares{0.60, 0.20, 0.15, 0.05}

// Policy is how a table is divided into parts. The zero value of Shares means
// DefaultShares.
type Policy struct {
	By     By     `json:"by"`
	Shares Shares `json:"shares"`
	Seed   uint64 `json:"seed"`

	// Purge is the least time between the last row of a part and the first
	// row of the next: label window plus gap. Only by time.
	Purge time.Duration `json:"purge"`

	// Isolate leaves out rows of a group that an earlier part has seen, so
	// that every part meets new groups only. Only by time; where that leaves
	// less than half of the rows, or a part less than a quarter of its share,
	// the parts do not fit.
	Isolate bool `json:"isolate"`
}

// Reason says why there are fewer parts than asked, or no folds by time.
type Reason string

const (
	AllParts Reason = ""                   // there are not fewer
	TooShort Reason = "purge_does_not_fit" // the time that the rows cover does not hold all parts and the purges between them
	NoTimes  Reason = "too_few_times"      // fewer distinct times than it takes
	TooSmall Reason = "too_few_rows"       // too few rows or groups to give every part one
	OneClass Reason = "one_class"          // a block of time has one class only, or all the rows that there are of a class
	Recurs   Reason = "entities_recur"     // too many rows are of groups that come again in another part or block of time
)

// Split is the division of a table.
type Split struct {
	Of     []Part  // one per row of the table
	Parts  []Part  // the parts that were made, in order
	Reason Reason  // why some are missing
	Starts []int64 // by time: the first time of each part, microseconds since 1970 UTC
	Audit  Audit
}

// Rows is the row numbers of a part, ascending.
func (s *Split) Rows(parts ...Part) []int32 {
	var out []int32
	for i, p := range s.Of {
		for _, q := range parts {
			if p == q {
				out = append(out, int32(i))
			}
		}
	}
	return out
}

// Split divides the table. By class and by group, exact duplicates are in one
// part and every part holds one of each class where there are enough. By
// time, parts follow one another with a purge between; rows in a purge, rows
// without a time, and later copies of a row in an earlier part are Purged.
//
// Where four parts do not fit, the holdout is given up first, then the
// validation part (train is then cross-validated), and Reason says why. By
// time, parts fit if each has at least one row (classes: of two classes) and
// the purges cost at most half of the rows (see Isolate for groups). If not
// even train and test fit, Parts is empty, every row in use is Purged, and the
// caller has to choose another policy.
func (p Policy) Split(d Data) (Split, error) {
	if err := p.check(d); err != nil {
		return Split{}, err
	}
	s := Split{Of: make([]Part, d.len())}
	for _, r := range d.rows() {
		s.Of[r] = Purged
	}
	if p.By == ByTime {
		p.byTime(d, &s)
	} else {
		p.byUnits(d, &s)
	}
	s.Audit = Check(d, s.Of)
	return s, nil
}

// byUnits deals rows or groups.
func (p Policy) byUnits(d Data, s *Split) {
	if p.By == ByClass {
		d.Group = nil
	}
	rows := d.rows()
	units := d.units(rows)
	for parts := p.parts(); len(parts) >= 2; parts = fewer(parts) {
		of := d.deal(rows, units, p.shares(parts), p.Seed)
		if !holdsAll(of, len(parts)) {
			s.Reason = TooSmall
			continue
		}
		for i, r := range rows {
			s.Of[r] = parts[of[i]]
		}
		s.Parts = parts
		return
	}
}

// holdsAll tells whether each of the numbers below n is in of.
func holdsAll(of []int32, n int) bool {
	for p := range n {
		if !slices.Contains(of, int32(p)) {
			return false
		}
	}
	return true
}

// parts is the parts that have a share.
func (p Policy) parts() []Part {
	var out []Part
	for _, q := range Parts {
		if p.share(q) > 0 {
			out = append(out, q)
		}
	}
	return out
}

// fewer is parts without the one that can best be missed.
func fewer(parts []Part) []Part {
	for _, drop := range []Part{Holdout, Validation, Test} {
		var out []Part
		for _, p := range parts {
			if p != drop {
				out = append(out, p)
			}
		}
		if len(out) < len(parts) {
			return out
		}
	}
	return nil
}

// shares is the shares of the given parts, sum 1.
func (p Policy) shares(parts []Part) []float64 {
	out, sum := make([]float64, len(parts)), 0.0
	for i, q := range parts {
		out[i] = p.share(q)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

func (p Policy) share(q Part) float64 {
	s := p.Shares
	if s == (Shares{}) {
		s = DefaultShares
	}
	switch q {
	case Train:
		return s.Train
	case Validation:
		return s.Validation
	case Test:
		return s.Test
	case Holdout:
		return s.Holdout
	}
	return 0
}

func (p Policy) check(d Data) error {
	bad := func(where, what, fix string) error {
		return &problem.Problem{Kind: problem.Usage, Code: "split.policy", Where: where, What: what, Fix: fix}
	}
	for _, q := range Parts {
		if share := p.share(q); !(share >= 0 && share <= 1e6) {
			return bad("split."+q.String(), "a share is a number from 0", "give shares such as 0.6, 0.2, 0.15 and 0.05")
		}
	}
	switch {
	case p.share(Train) == 0 || p.share(Test) == 0:
		return bad("split", "train and test need a share", "give split.train and split.test numbers above 0")
	case p.Purge < 0:
		return bad("split", "the purge is shorter than nothing", "give a gap and a label window of 0 days or more")
	case p.By != ByClass && p.By != ByGroup && p.By != ByTime:
		return bad("split.by", "rows can be divided by class, group or time", "use one of the three")
	case p.By == ByTime && d.Time == nil:
		return bad("split.by", "the rows have no time to divide them by", "use split.by=class or split.by=group, or name a time column")
	case p.By == ByGroup && d.Group == nil:
		return bad("split.by", "the rows have no entity to divide them by", "use split.by=class, or name an entity column")
	}
	return nil
}
