package label

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// The columns of a spine beside the entity's.
const (
	Snapshot = "snapshot"
	Label    = "label"
)

// Spine is the answers of all snapshots.
type Spine struct {
	// Rows has the entity columns, Snapshot (time) and Label (number), in the
	// order of the snapshots and then of the entities.
	Rows *table.Table

	// Before and After are the measures, one entry per row. They are evidence;
	// After must never become a feature.
	Before, After []float64

	Snapshots  []Count
	Incomplete []time.Time // asked for, but the label window is not over: left out
	Unkeyed    int         // events without a value in an entity column
	Undated    int         // events without a time
}

// Count is one snapshot in figures.
type Count struct {
	At            time.Time
	Rows          int
	Positives     int // rows whose label is not zero
	Indeterminate int // entities with an earlier event, but too little in the observation window
}

// Build applies the rule to the tables in db. Mistakes in the rule and data
// that give no row are *problem.Problem.
func Build(ctx context.Context, db *duck.DB, l handoff.Label, u Unit) (*Spine, error) {
	q, err := prepare(ctx, db, l, u)
	if err != nil {
		return nil, fmt.Errorf("build labels from %s: %w", l.EventTable, err)
	}
	use, incomplete, err := choose(l, u, q.oldest, q.newest)
	if err != nil {
		return nil, fmt.Errorf("build labels from %s: %w", l.EventTable, err)
	}
	end := u.end(q.newest)
	all, err := db.Query(ctx, q.measures(use, end))
	if err != nil {
		return nil, fmt.Errorf("build labels from %s: %w", l.EventTable, err)
	}
	s := &Spine{Incomplete: incomplete, Unkeyed: q.unkeyed, Undated: q.undated}
	s.fill(l, all, use)
	if s.Rows.Rows == 0 {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "label.no_rows", Where: l.EventTable,
			What: "no entity has enough events before any snapshot", Why: "the rule and the filters leave no row",
			Fix: "check the filters, or lower the minimum or lengthen the window: --set observation_days=N",
		}
	}
	return s, nil
}

// fill keeps the rows with an answer and counts the others.
func (s *Spine) fill(l handoff.Label, all *table.Table, use []time.Time) {
	width := len(all.Columns)
	at, seen := all.Columns[width-4].Time, all.Columns[width-3].Number
	before, after := all.Columns[width-2].Number, all.Columns[width-1].Number
	for _, t := range use {
		s.Snapshots = append(s.Snapshots, Count{At: t})
	}
	var rows []int32
	var labels []float64
	k := 0
	for i := range all.Rows {
		for s.Snapshots[k].At.UnixMicro() != at[i] {
			k++
		}
		count := &s.Snapshots[k]
		y, known := answer(l, before[i], after[i])
		if !known || !asked(l, seen[i]) {
			count.Indeterminate++
			continue
		}
		count.Rows++
		if y != 0 {
			count.Positives++
		}
		rows, labels = append(rows, int32(i)), append(labels, y)
		s.Before, s.After = append(s.Before, before[i]), append(s.After, after[i])
	}
	s.Rows = all.Take(rows)
	s.Rows.Columns = append(s.Rows.Columns[:width-3], table.Column{Name: Label, Kind: table.Number, Number: labels})
}

// Population is the entities that the rule can be asked about at an instant,
// from what was known before it: the spine of a prediction, without labels.
// Its columns are the entity's and Snapshot.
func Population(ctx context.Context, db *duck.DB, l handoff.Label, u Unit, at time.Time) (*table.Table, error) {
	q, err := prepare(ctx, db, l, u)
	if err != nil {
		return nil, fmt.Errorf("entities of %s: %w", l.EventTable, err)
	}
	all, err := db.Query(ctx, q.measures([]time.Time{at}, at))
	if err != nil {
		return nil, fmt.Errorf("entities of %s: %w", l.EventTable, err)
	}
	var rows []int32
	for i, seen := range all.Columns[len(all.Columns)-3].Number {
		if asked(l, seen) {
			rows = append(rows, int32(i))
		}
	}
	if len(rows) == 0 {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "label.no_rows", Where: l.EventTable,
			What: "no entity has enough events before " + at.Format(time.DateOnly), Fix: "give a date within the data",
		}
	}
	out := all.Take(rows)
	out.Columns = out.Columns[:len(out.Columns)-3]
	return out, nil
}

// query is a rule that was held against the tables.
type query struct {
	label            handoff.Label
	entity           []string // quoted
	reported         string   // quoted; "" where rows are known at their own time
	kept             kept
	oldest, newest   time.Time
	unkeyed, undated int
}

func prepare(ctx context.Context, db *duck.DB, l handoff.Label, u Unit) (*query, error) {
	info, err := columns(ctx, db, l.EventTable)
	if err != nil {
		return nil, err
	}
	if err := check(l, u, info); err != nil {
		return nil, err
	}
	q := &query{label: l}
	if q.kept, err = filters(ctx, db, l, u, info); err != nil {
		return nil, err
	}
	if u.Reported != "" {
		q.reported = duck.Quote(u.Reported)
	}
	missing := make([]string, len(u.Entity))
	for i, name := range u.Entity {
		q.entity = append(q.entity, duck.Quote(name))
		missing[i] = q.entity[i] + " IS NULL"
	}
	facts, err := db.Query(ctx, fmt.Sprintf(
		"SELECT min(%[1]s) AS oldest, max(%[1]s) AS newest, count(*) FILTER (%[1]s IS NULL) AS undated, count(*) FILTER (%[2]s) AS unkeyed FROM %[3]s",
		duck.Quote(l.EventTime), strings.Join(missing, " OR "), duck.Quote(l.EventTable)))
	if err != nil {
		return nil, err
	}
	if facts.Columns[0].IsMissing(0) {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "label.no_rows", Where: l.EventTable + "." + l.EventTime,
			What: "the table has no dated event", Fix: "name another table or time column",
		}
	}
	q.oldest, q.newest = time.UnixMicro(facts.Columns[0].Time[0]).UTC(), time.UnixMicro(facts.Columns[1].Time[0]).UTC()
	q.undated, q.unkeyed = int(facts.Columns[2].Number[0]), int(facts.Columns[3].Number[0])
	return q, nil
}

// measures is one row for each snapshot and entity that had an event before
// it, known by then: the entity columns, Snapshot, and three measures: of the
// observation window as far as it was known, of all of it, and of the label
// window. Events at end or later do not count.
func (q *query) measures(snapshots []time.Time, end time.Time) string {
	instants := make([]string, len(snapshots))
	for i, at := range snapshots {
		instants[i] = "(" + timestamp(at) + ")"
	}
	measure := "count(*) FILTER (%s)::DOUBLE"
	value := "1"
	if q.label.Value != nil {
		value = "e." + duck.Quote(*q.label.Value)
		measure = "coalesce(" + duck.Sum("__v", "FILTER (%s)") + ", 0)"
	}
	l := q.label
	observed := fmt.Sprintf("__t < __at AND __t >= __at - INTERVAL %d DAY", l.ObservationDays)
	seen := fmt.Sprintf(measure, "__known < __at AND "+observed)
	before := fmt.Sprintf(measure, observed)
	after := fmt.Sprintf(measure, fmt.Sprintf("__t >= __at + INTERVAL %d DAY AND __t < __at + INTERVAL %d DAY", l.GapDays, l.GapDays+l.LabelDays))
	at := "e." + duck.Quote(l.EventTime)
	known := at
	if q.reported != "" {
		known = fmt.Sprintf("greatest(%[1]s, coalesce(e.%[2]s, %[1]s))", at, q.reported)
	}
	present := strings.Join(q.entity, " IS NOT NULL AND ") + " IS NOT NULL"
	joins, first := "", ""
	for i, far := range q.kept.far {
		var on []string
		for k, entity := range far.entity {
			on = append(on, fmt.Sprintf("used.%s = f%d.__k%d", duck.Quote(entity), i, k))
		}
		joins += fmt.Sprintf("\n\tJOIN (%s) f%d ON %s", far.query, i, strings.Join(on, " AND "))
		if far.dated {
			first += fmt.Sprintf(" AND f%d.__first < __at", i)
		}
	}
	return fmt.Sprintf(`WITH used AS (SELECT %[1]s, %[2]s AS __t, %[3]s AS __known, %[4]s AS __v FROM %[5]s e
	WHERE %[6]s AND %[2]s < %[7]s AND %[8]s)
SELECT %[1]s, __at AS %[9]s, %[10]s AS __seen, %[11]s AS __before, %[12]s AS __after
FROM used%[13]s, (VALUES %[14]s) s(__at)
WHERE __t < __at + INTERVAL %[15]d DAY%[16]s
GROUP BY %[1]s, __at HAVING min(__known) < __at
ORDER BY __at, %[1]s`, strings.Join(q.entity, ", "), at, known, value, duck.Quote(l.EventTable), q.kept.where, timestamp(end), present,
		duck.Quote(Snapshot), seen, before, after, joins, strings.Join(instants, ", "), l.GapDays+l.LabelDays, first)
}

// timestamp is an instant as SQL writes it.
func timestamp(at time.Time) string {
	return "TIMESTAMP '" + at.UTC().Format("2006-01-02 15:04:05.999999") + "'"
}
