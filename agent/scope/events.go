package scope

import (
	"fmt"
	"strings"
	"time"

	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// A label over events: no column holds the answer, so it is made from what
// happens after a day (a snapshot). An event table has a time for each row and
// a key that comes again.

// wantsEvents tells whether the answer is to be made from events. best is the
// column that the request names best. It wins, unless it is named in part
// only, or is a number in an event table of which the future is asked.
func (d *draft) wantsEvents(best candidate) bool {
	if d.rule() == "" || len(d.eventTables()) == 0 {
		return false
	}
	switch {
	case best.column == nil:
		return true
	case best.name < 0.75:
		return true // only a part of its name, or only likeness
	case d.r.said.horizonDays == 0 || !d.isEventTable(best.table):
		return false
	}
	return !best.literal || d.r.quantity && best.Kind == table.Number && !best.few()
}

// chooseEvents makes the label rule.
func (d *draft) chooseEvents() error {
	if err := d.chooseEventTable(); err != nil {
		return err
	}
	t := d.main
	at := d.eventTime(t)
	if l := d.spec.Label; l != nil && l.EventTime != "" {
		c, err := d.inMain("/label/event_time", l.EventTime)
		if err != nil {
			return err
		}
		at = c
	}
	if d.settings.Time != "" || d.settings.Set["time"] != "" {
		if err := d.chooseTime(); err != nil {
			return err
		}
		if d.Time == nil {
			at = nil
		} else {
			at = d.inTable(t, *d.Time)
		}
	}
	if at == nil {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_time", Where: t.Name, What: "no column tells when the events happened", Nearest: d.timesOf(t),
			Fix: "name one with --time",
		}
	}
	d.Time = &at.Name
	d.clause("/label/event_time", "column "+at.String(), fromData)
	if err := d.chooseUnit(); err != nil {
		return err
	}
	if err := d.chooseRule(at); err != nil {
		return err
	}
	return nil
}

// chooseSnapshots sets the days from which is predicted.
func (d *draft) chooseSnapshots(at *column) error {
	asOf, err := d.asOf()
	if err != nil {
		return err
	}
	unit := label.Unit{Entity: d.Entity}
	newest := iso(at.Latest)
	if asOf != "" && asOf < newest {
		newest = asOf
		if unit.AsOf, err = time.Parse(time.DateOnly, asOf); err != nil {
			return &problem.Problem{Kind: problem.Usage, Code: "settings.value", Where: "/as_of", What: "the as-of date is no date", Fix: "write it as 2024-06-30"}
		}
	} else {
		d.clause("/as_of", "the newest event", fromData)
	}
	d.AsOf = &newest
	l := d.Label
	if d.spec.Label != nil && len(l.Snapshots) > 0 {
		return nil
	}
	oldest := at.Earliest
	if s := d.r.said.since; s != nil && !d.r.said.inside && s.first.After(oldest) {
		oldest = s.first // events before it are left out
	}
	l.Snapshots = label.Dates(label.Snapshots(*l, unit, oldest, at.Latest))
	d.clause("/label/snapshots", fmt.Sprintf("every %d days back from the newest event", l.GapDays+l.LabelDays), fromDefault)
	if len(l.Snapshots) > 0 {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: "label.no_snapshot", Where: at.String(), What: "no snapshot has both a whole observation window and a whole label window",
		Why: fmt.Sprintf("the events go from %s to %s; a snapshot needs %d days before it and %d days after it", iso(oldest), newest, l.ObservationDays, l.GapDays+l.LabelDays),
		Fix: "use shorter windows: --set label_days=N, --set gap_days=N, --set observation_days=N",
	}
}

// outcome names the label in a word or three.
func (d *draft) outcome() string {
	var out []string
	for _, w := range d.r.with(object) {
		if len(out) < 3 && !d.nouns[w.stem] && !w.isNumber {
			out = append(out, w.lower)
		}
	}
	if len(out) == 0 {
		return strings.ReplaceAll(d.Label.Rule, "_", " ")
	}
	return strings.Join(out, " ")
}

// checkEvents refuses a label that cannot have enough rows: entities times
// snapshots is the most there can be.
func (d *draft) checkEvents() error {
	most := len(d.Label.Snapshots)
	for _, name := range d.Entity {
		c := d.inTable(d.main, name)
		if c == nil || c.ManyDistinct {
			return nil
		}
		most *= c.Distinct
		if most > d.main.Rows*len(d.Label.Snapshots) {
			most = d.main.Rows * len(d.Label.Snapshots)
		}
	}
	if most >= d.MinimumSamples {
		return nil
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: "data.too_few", Where: d.main.Name,
		What: fmt.Sprintf("at most %s with an answer, %s are needed", plural(most, "row"), thousands(d.MinimumSamples)),
		Why:  fmt.Sprintf("%s and %s", plural(len(d.Label.Snapshots), "snapshot"), "entities named by "+strings.Join(d.Entity, ", ")),
		Fix:  fmt.Sprintf("give more events or shorter windows, or take it on with --set minimum_samples=%d", max(1, most)),
	}
}
