package event

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// late notes the time of each row's last update in the schema of a static
// table, and finds its dates that lie after the middle snapshot too often to
// have been known by then: of updates they take the whole table out.
func (d *discoverer) late(ctx context.Context, t *table.TableInfo) error {
	static := &d.out.Schema.Static[d.out.Schema.static(t.Name)]
	all := times(t)
	for _, c := range t.Columns {
		if static.Updated == "" && c.Kind == table.Time && c.Missing < t.Rows && isUpdate(c.Name) {
			static.Updated = c.Name
			all = append(slices.DeleteFunc(all, func(name string) bool { return name == c.Name }), c.Name)
		}
	}
	if len(d.Snapshots) == 0 {
		return nil
	}
	middle := d.Snapshots[len(d.Snapshots)/2]
	for _, name := range all {
		got, err := d.db.Query(ctx, fmt.Sprintf("SELECT count(*) FILTER (%[1]s >= $1) / count(%[1]s) FROM %[2]s", duck.Quote(name), duck.Quote(t.Name)), middle)
		if err != nil {
			return err
		}
		share := got.Columns[0].Number[0]
		switch {
		case share <= lateShare:
		case name == static.Updated:
			d.updatedLater(t, name, share, middle)
		default:
			d.find(t.Name, name, "leak.after_outcome", handoff.Warning, handoff.Removed,
				fmt.Sprintf("%.1f %% of its dates are after the snapshot of %s", 100*share, middle.Format(time.DateOnly)),
				"give a table with one dated row for each change if the date is to be used")
		}
	}
	return nil
}

// updatedLater takes out a static table whose rows were written anew after
// snapshots: their earlier values are gone, and which rows were written anew
// may tell the answer.
func (d *discoverer) updatedLater(t *table.TableInfo, updated string, share float64, middle time.Time) {
	evidence := fmt.Sprintf("%.1f %% of its times are after the snapshot of %s: what the rows said before is not known, so no feature is made of the table", 100*share, middle.Format(time.DateOnly))
	d.find(t.Name, updated, "leak.after_outcome", handoff.Warning, handoff.Removed, evidence,
		fmt.Sprintf("give a table with one dated row for each change; to take the table as it stands: --waive %q", "leak.after_outcome:"+updated+"=REASON"))
	for _, c := range t.Columns {
		if c.Name != updated {
			d.out.Exclude = append(d.out.Exclude, handoff.Exclusion{Table: t.Name, Column: c.Name, Reason: evidence})
		}
	}
}

// isUpdate tells by its name that a time is when a row got its values:
// "last_updated", "row_modified_at", "geaendert_am". With a word of what was
// changed, as in "plan_change_date", it is an attribute.
func isUpdate(name string) bool {
	found := false
	for _, w := range words(name) {
		update := slices.ContainsFunc([]string{"updat", "modif", "refresh", "aktualis", "actualiz", "geänder", "geaender"}, func(part string) bool { return strings.Contains(w, part) }) ||
			strings.HasPrefix(w, "chang")
		if !update && !slices.Contains(updateWords, w) {
			return false
		}
		found = found || update
	}
	return found
}

// updateWords may stand beside the word that says that a row was written anew.
var updateWords = []string{"last", "latest", "row", "record", "rec", "data", "system", "sys", "date", "time", "datetime", "timestamp", "ts", "dt", "at", "on", "utc", "zuletzt", "am", "fecha", "ultima", "de"}

// ahead finds the columns of events that tell when the next event of the same
// entity comes. Entities are all keys of the table together, and each alone.
func (d *discoverer) ahead(ctx context.Context, t *table.TableInfo, e *Events) error {
	sets := [][]Key{e.Keys}
	if len(e.Keys) > 1 {
		for _, k := range e.Keys {
			sets = append(sets, []Key{k})
		}
	}
	var names, columns []string
	for _, c := range t.Columns {
		value := duck.Quote(c.Name)
		switch {
		case e.hasKey(c.Name) || c.Name == e.Time || c.Name == e.Reported || c.Distinct < 3 || c.Kind == table.Text:
			continue
		case c.Kind == table.Time:
			value = fmt.Sprintf("(epoch_us(%s) - epoch_us(%s))::DOUBLE / %d", value, duck.Quote(e.Time), int64(dayMicros))
		}
		names = append(names, c.Name)
		columns = append(columns, value)
	}
	found := make(map[string]bool)
	for _, keys := range sets {
		if len(names) == 0 {
			break
		}
		got, err := d.db.Query(ctx, aheadQuery(t, e.Time, keys, columns))
		if err != nil {
			return err
		}
		for i, name := range names {
			n, hits, corr := got.Columns[3*i].Number[0], got.Columns[3*i+1].Number[0], got.Columns[3*i+2].Number[0]
			if n < aheadValues || found[name] || !(hits >= aheadShare*n && corr > 0.3 || corr >= aheadCorr) {
				continue
			}
			found[name] = true
			d.find(t.Name, name, "leak.after_outcome", handoff.Warning, handoff.Removed,
				fmt.Sprintf("in %.1f %% of %d rows it is the number of days to the next event of the same entity (correlation %.2f)", 100*hits/n, int(n), corr),
				"leave it out: it is known only when the next event has come")
		}
	}
	return nil
}

// aheadQuery compares columns, in days, with the days to the next event: for
// each column the rows with both, those that are equal to within a day, and
// the correlation. Large tables are looked at in part, by a hash of the key.
func aheadQuery(t *table.TableInfo, at string, keys []Key, columns []string) string {
	var key, values, facts []string
	ordered := []string{duck.Quote(at)} // and by the columns, so that rows of one time have one order
	for _, k := range keys {
		key = append(key, duck.Quote(k.Column))
	}
	for i, c := range columns {
		values = append(values, fmt.Sprintf("%s AS c%d", c, i))
		ordered = append(ordered, c)
		facts = append(facts, fmt.Sprintf("count(*) FILTER (abs(c%[1]d - next) IS NOT NULL), count(*) FILTER (abs(c%[1]d - next) < 1), coalesce(CASE WHEN stddev_pop(c%[1]d) > 0 AND stddev_pop(next) > 0 THEN corr(c%[1]d, next) END, 0)", i))
	}
	list := strings.Join(key, ", ")
	return fmt.Sprintf(`SELECT %s FROM (SELECT %s, (lead(epoch_us(%[3]s)) OVER (PARTITION BY %[4]s ORDER BY %[8]s) - epoch_us(%[3]s))::DOUBLE / %[6]d AS next
FROM %[5]s WHERE %[3]s IS NOT NULL AND hash(%[4]s) %% %[7]d = 0)`,
		strings.Join(facts, ", "), strings.Join(values, ", "), duck.Quote(at), list, duck.Quote(t.Name), int64(dayMicros), 1+t.Rows/aheadRows, strings.Join(ordered, ", "))
}
