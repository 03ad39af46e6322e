// Package label builds answers from events.
//
// A rule (handoff.Label) looks at an entity at a snapshot, which is an instant
// t, usually a midnight. It measures the entity's events (their number, or the
// sum of a column) in two windows:
//
//	observation: t - observation_days <= event < t
//	label:       t + gap_days         <= event < t + gap_days + label_days
//
// and makes of the two measures the answer, or none: an entity with too
// little in the observation window is indeterminate, left out and counted.
// Whether it has enough is judged by what was known at the snapshot, in the
// training as in a prediction; the answer itself by all that is known today. A
// snapshot whose label window is not over at the end of the data is dropped.
// The answers make a spine: one row per entity and snapshot, to which package
// feature/event adds what was known by then.
package label

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// The rules. A measure is a number of events or, where the rule names a
// value, the sum of that column; before is that of the observation window,
// after that of the label window.
const (
	// FallsBelow is 1 if after is zero or less, or after / before is below
	// the threshold.
	FallsBelow = "falls_below"
	// NoneInWindow is 1 if the label window has no event.
	NoneInWindow = "none_in_window"
	// CountAtLeast is 1 if after is the threshold or more.
	CountAtLeast = "count_at_least"
	// Total is after itself: the target of a regression.
	Total = "total"
)

// Rules are all rules.
func Rules() []string { return []string{FallsBelow, NoneInWindow, CountAtLeast, Total} }

// Churn is the default rule for a unit that prescribes, buys or is paid: the
// events of 90 days, after a gap of 14, fall to zero or below 30 % of those in
// the 90 days before; fewer than 3 before is indeterminate. Source: the
// product's definition of HCP churn.
func Churn(eventTable, eventTime string) handoff.Label {
	l := handoff.Label{
		Rule: FallsBelow, EventTable: eventTable, EventTime: eventTime,
		Threshold: 0.3, MinimumBefore: 3, ObservationDays: 90, GapDays: 14, LabelDays: 90,
	}
	l.Condition = Describe(l)
	return l
}

// Describe is the rule in words.
func Describe(l handoff.Label) string {
	what := "events in " + l.EventTable
	if l.Value != nil {
		what = fmt.Sprintf("the sum of %s in %s", *l.Value, l.EventTable)
	}
	window := fmt.Sprintf("in the %d days that begin %d days after the snapshot", l.LabelDays, l.GapDays)
	if l.GapDays == 0 {
		window = fmt.Sprintf("in the %d days from the snapshot", l.LabelDays)
	}
	var s string
	switch l.Rule {
	case FallsBelow:
		s = fmt.Sprintf("%s fall to zero or below %g %% of the %d days before the snapshot, %s", what, math.Round(l.Threshold*1e4)/100, l.ObservationDays, window)
	case NoneInWindow:
		s = fmt.Sprintf("no event in %s %s", l.EventTable, window)
	case CountAtLeast:
		s = fmt.Sprintf("%s reach %g %s", what, l.Threshold, window)
	case Total:
		s = fmt.Sprintf("%s %s", what, window)
	}
	if l.MinimumBefore > 0 {
		s += fmt.Sprintf("; less than %g in the %d days before it is left out", l.MinimumBefore, l.ObservationDays)
	}
	return s
}

// asked tells whether the rule can be asked about an entity whose measure of
// the observation window, as far as it is known at the snapshot, is seen.
func asked(l handoff.Label, seen float64) bool {
	return seen >= l.MinimumBefore && (l.Rule != FallsBelow || seen > 0)
}

// answer makes the label of the two measures; known is false for an
// indeterminate case. The quotient is rounded correctly, so that 3 of 10 is
// not below 0.3.
func answer(l handoff.Label, before, after float64) (label float64, known bool) {
	positive := false
	switch l.Rule {
	case FallsBelow:
		if !(before > 0) {
			return 0, false
		}
		positive = after <= 0 || after/before < l.Threshold
	case NoneInWindow:
		positive = after == 0
	case CountAtLeast:
		positive = after >= l.Threshold
	case Total:
		return after, true
	}
	if positive {
		return 1, true
	}
	return 0, true
}

// Unit is whose answers are built.
type Unit struct {
	// Entity are the columns of the event table that name the unit of
	// analysis, one or more: {"hcp_id", "brand"}.
	Entity []string

	// Filters keep events; those on another table keep entities that have a
	// row there: before the snapshot, if its rows are events.
	Filters []handoff.Filter

	// Links are the ways from other tables to the entity, for filters on
	// them; a table without one is found by the entity columns that it has.
	Links []Link

	// Reported is the column of the event table that tells when a row became
	// known; "" where rows are known at their own time.
	Reported string

	// AsOf ends the data: later events do not count. Zero is the end of the
	// day of the newest event.
	AsOf time.Time

	// LagDays is how many days before that end are not complete yet.
	LagDays int
}

// check finds every fault of the rule and the unit that needs no row; info has the
// columns of the event table, without values.
func check(l handoff.Label, u Unit, info *table.Table) error {
	var faults []error
	add := func(where, what, fix string, nearest ...string) {
		faults = append(faults, &problem.Problem{Kind: problem.Usage, Code: "label.rule", Where: where, What: what, Fix: fix, Nearest: nearest})
	}
	if !slices.Contains(Rules(), l.Rule) {
		add("label.rule", fmt.Sprintf("there is no rule %q", l.Rule), "use one of: "+strings.Join(Rules(), ", "))
	}
	column := func(field, name string, kinds ...table.Kind) {
		c := info.Column(name)
		switch {
		case c == nil:
			add(field, fmt.Sprintf("table %s has no column %q", l.EventTable, name), "name a column of the table", nearest(name, info)...)
		case !slices.Contains(kinds, c.Kind):
			add(field, fmt.Sprintf("column %s.%s is %s and cannot be used here", l.EventTable, name, c.Kind), fmt.Sprintf("name a column of kind %v", kinds[0]))
		}
	}
	column("label.event_time", l.EventTime, table.Time)
	if l.Value != nil {
		column("label.value", *l.Value, table.Number)
	}
	if u.Reported != "" {
		column("label.reported", u.Reported, table.Time)
	}
	if len(u.Entity) == 0 {
		add("entity", "a label over events needs the columns that name an entity", "--entity COLUMN,...")
	}
	for _, name := range u.Entity {
		column("entity", name, table.Text, table.Number)
		if name == Snapshot || name == Label {
			add("entity", fmt.Sprintf("an entity column cannot be called %q", name), "rename the column")
		}
	}
	if !(l.LabelDays > 0) || l.GapDays < 0 || l.ObservationDays < 0 {
		add("label", "the label window needs at least one day, gap and observation window cannot be negative", "--set label_days=N, --set gap_days=N, --set observation_days=N")
	}
	if l.ObservationDays == 0 && (l.MinimumBefore > 0 || l.Rule == FallsBelow) {
		add("label.observation_days", "the rule compares with an observation window of no days", "--set observation_days=N")
	}
	if math.IsNaN(l.Threshold) || math.IsNaN(l.MinimumBefore) {
		add("label.threshold", "the threshold is no number", "give a number")
	}
	return errors.Join(faults...)
}

// nearest are the columns whose names look most like name, at most three.
func nearest(name string, t *table.Table) []string {
	var out []string
	for i := range t.Columns {
		out = append(out, t.Columns[i].Name)
	}
	slices.SortStableFunc(out, func(a, b string) int {
		return levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(a)) - levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(b))
	})
	return out[:min(3, len(out))]
}
