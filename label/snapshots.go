package label

import (
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

const day = 24 * time.Hour

// most is how many snapshots the default takes, the newest ones.
const most = 24

// end is the first instant of which nothing is known: the midnight after the
// newest event or, where it is said, the as-of instant's day; less the lag.
func (u Unit) end(newest time.Time) time.Time {
	if !u.AsOf.IsZero() && u.AsOf.Before(newest) {
		newest = u.AsOf
	}
	return newest.UTC().Truncate(day).AddDate(0, 0, 1-u.LagDays)
}

// Snapshots are the default snapshots, ascending: the newest is the last one
// whose label window is over, each earlier one gap + label days before the
// next, so that label windows neither overlap nor reach over a later
// snapshot; the oldest still has a whole observation window after the oldest
// event. oldest and newest are the first and the last time in the event
// table, all rows of it.
func Snapshots(l handoff.Label, u Unit, oldest, newest time.Time) []time.Time {
	step := l.GapDays + l.LabelDays
	if step <= 0 {
		return nil
	}
	var out []time.Time
	start := oldest.UTC().Truncate(day).AddDate(0, 0, max(l.ObservationDays, 1))
	for at := u.end(newest).AddDate(0, 0, -step); !at.Before(start) && len(out) < most; at = at.AddDate(0, 0, -step) {
		out = append(out, at)
	}
	slices.Reverse(out)
	return out
}

// Dates writes snapshots as a rule holds them.
func Dates(snapshots []time.Time) []string {
	out := make([]string, len(snapshots))
	for i, at := range snapshots {
		out[i] = at.UTC().Format(time.DateOnly)
		if !at.UTC().Truncate(day).Equal(at) {
			out[i] = at.UTC().Format(time.RFC3339)
		}
	}
	return out
}

// parse reads an instant: a date or RFC 3339.
func parse(text string) (time.Time, error) {
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return at, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	return at.UTC(), err
}

// choose gives the snapshots to use and those whose label window is not over.
func choose(l handoff.Label, u Unit, oldest, newest time.Time) (use, incomplete []time.Time, err error) {
	if len(l.Snapshots) == 0 {
		use = Snapshots(l, u, oldest, newest)
	}
	end := u.end(newest)
	for _, text := range l.Snapshots {
		at, err := parse(text)
		if err != nil {
			return nil, nil, &problem.Problem{
				Kind: problem.Usage, Code: "label.snapshot", Where: "label.snapshots",
				What: fmt.Sprintf("%q is no date", text), Fix: "write dates as 2024-12-31",
			}
		}
		if at.AddDate(0, 0, l.GapDays+l.LabelDays).After(end) {
			incomplete = append(incomplete, at)
			continue
		}
		use = append(use, at)
	}
	if len(use) == 0 {
		return nil, nil, &problem.Problem{
			Kind: problem.Blocked, Code: "label.no_snapshot", Where: l.EventTable + "." + l.EventTime,
			What: "no snapshot has both a whole observation window and a whole label window",
			Why: fmt.Sprintf("the events go from %s to %s; a snapshot needs %d days before it and %d days after it", oldest.Format(time.DateOnly),
				newest.Format(time.DateOnly), l.ObservationDays, l.GapDays+l.LabelDays+u.LagDays),
			Fix: "use shorter windows: --set label_days=N, --set gap_days=N, --set observation_days=N",
		}
	}
	slices.SortFunc(use, time.Time.Compare)
	return slices.CompactFunc(use, time.Time.Equal), incomplete, nil
}
