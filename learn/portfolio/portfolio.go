// Package portfolio is the fixed, reasoned list of learners and settings that
// are tried on a table, in the order in which they are tried. There is no
// search: a larger effort is a longer part of the same list, so it holds all
// that a smaller one does.
package portfolio

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/problem"
)

// Efforts by name.
const (
	Quick    = "quick"
	Standard = "standard" // what "" means
	Best     = "best"
)

// Shape is what the list depends on.
type Shape struct {
	Task    learn.Task
	Classes int
	Rows    int // train and validation
	Columns int // features
}

// Plan is the list for one table.
type Plan struct {
	shape Shape
	first []crossfit.Job // one per family, baselines before all
	more  []crossfit.Job // the other settings, then other folds
	usual []crossfit.Job // more, before it was Ordered
}

// New is the plan for a table. interpretable leaves only learners whose whole
// model a person can read.
func New(shape Shape, interpretable bool) Plan {
	p := Plan{shape: shape}
	for _, c := range baselines() {
		p.first = append(p.first, crossfit.Job{Candidate: c})
	}
	if interpretable {
		return p
	}
	families, rest, again := candidates(shape)
	for _, c := range families {
		p.first = append(p.first, crossfit.Job{Candidate: c})
	}
	for _, c := range rest {
		p.more = append(p.more, crossfit.Job{Candidate: c})
	}
	for repeat := 1; repeat <= maxRepeats; repeat++ {
		for _, c := range again {
			p.more = append(p.more, crossfit.Job{Candidate: c, Repeat: repeat})
		}
	}
	p.usual = p.more
	return p
}

// maxRepeats bounds how often the folds are drawn anew.
const maxRepeats = 9

// Baselines are the ids of the simple candidates.
func (p Plan) Baselines() []string {
	var ids []string
	for _, c := range baselines() {
		ids = append(ids, c.ID)
	}
	return ids
}

// FirstLook is one setting of each family, the baselines first: what the
// selector measures. quick leaves the slower families to more effort; so does a
// number of units that is too small for them, down to the baselines.
func (p Plan) FirstLook(effort string, folds int) []crossfit.Job {
	n := len(p.first)
	if effort == Quick {
		n = len(baselines()) + 1
	}
	if units, err := strconv.Atoi(effort); err == nil {
		n = max(len(baselines()), (units+folds-1)/folds)
	}
	return p.first[:min(n, len(p.first))]
}

// longestLook is more units than any first look has.
const longestLook = 50

// Look is what the first look depends on of an effort: quick, a number of units
// that is small, or "" for all others.
func Look(effort string) string {
	if units, err := strconv.Atoi(effort); effort == Quick || err == nil && units < longestLook {
		return effort
	}
	return ""
}

// Jobs is the whole work of an effort: quick, standard, best, or a number of
// units, of which a job has as many as there are folds.
func (p Plan) Jobs(effort string, folds int) ([]crossfit.Job, error) {
	all := append(append([]crossfit.Job{}, p.first...), p.more...)
	n := 0
	switch effort {
	case Quick:
		return p.FirstLook(Quick, folds), nil
	case Standard, "":
		n = len(p.first) + p.standard()
	case Best:
		n = len(p.first) + 4*p.standard()
	default:
		units, err := strconv.Atoi(effort)
		if err != nil || units < 1 {
			return nil, &problem.Problem{
				Kind: problem.Usage, Code: "usage.effort", Where: "--effort",
				What: fmt.Sprintf("%q is no effort", effort), Nearest: []string{Quick, Standard, Best},
				Fix: "give quick, standard, best or a number of units of 1 or more",
			}
		}
		n = (units + folds - 1) / folds
	}
	return all[:max(len(p.FirstLook(effort, folds)), min(n, len(all)))], nil
}

// Later are the ids of what a standard effort does after the first look, in
// the order in which it is done.
func (p Plan) Later() []string {
	var ids []string
	for _, j := range p.more[:min(p.standard(), len(p.more))] {
		ids = append(ids, j.Candidate.ID)
	}
	return ids
}

// StandardUnits is the number of units of a standard effort.
func (p Plan) StandardUnits(folds int) int { return folds * (len(p.first) + len(p.Later())) }

// Ordered is the plan with what a standard effort does after the first look in
// the order of ids; what is not among them comes after, as it was. An effort by
// name has the same jobs as before.
func (p Plan) Ordered(ids []string) Plan {
	later := len(p.Later())
	more := slices.Clone(p.more)
	place := func(j crossfit.Job) int {
		if i := slices.Index(ids, j.Candidate.ID); i >= 0 {
			return i
		}
		return len(ids)
	}
	slices.SortStableFunc(more[:later], func(a, b crossfit.Job) int { return cmp.Compare(place(a), place(b)) })
	p.more = more
	return p
}

// Sort puts bags of the plan's jobs in its usual order, so that a blend does
// not depend on the order of the work.
func (p Plan) Sort(bags []*crossfit.Bag) {
	all := slices.Concat(p.first, p.usual)
	place := func(b *crossfit.Bag) int {
		return slices.IndexFunc(all, func(j crossfit.Job) bool { return j.Candidate.ID == b.Candidate.ID && j.Repeat == b.Repeat })
	}
	slices.SortStableFunc(bags, func(a, b *crossfit.Bag) int { return cmp.Compare(place(a), place(b)) })
}

// standard is the number of jobs after the first look: the settings that were
// measured to help within the time that a standard effort may take. Other folds
// of the same settings are for larger efforts.
func (p Plan) standard() int {
	switch {
	case p.shape.isHuge():
		return 2
	case p.shape.isMany():
		return 6
	case p.shape.work() > 250_000:
		return 6 // the last two have no weight on such tables
	}
	return 8
}

// work is the size of a fit: values of the table, times the trees of a round.
func (s Shape) work() int {
	outputs := 1
	if s.Classes > 2 {
		outputs = s.Classes
	}
	return s.Rows * s.Columns * outputs
}
