package scope

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// chooseEntity finds the key columns of what is predicted for, in the main
// table: as given, else the key that a noun of the request names, else the
// only key there is. It tells whether an entity has several rows.
func (d *draft) chooseEntity() (recurs bool, err error) {
	d.Entity = []string{}
	names := d.settings.Entity
	spec := strings.Join(d.spec.Entity, ",")
	if text, where, ok := d.given("/entity", "--entity", strings.Join(names, ","), "entity", spec); ok {
		recurs = true
		for name := range strings.SplitSeq(text, ",") {
			c, err := d.inMain(where, strings.TrimSpace(name))
			if err != nil {
				return false, err
			}
			d.Entity = append(d.Entity, c.Name)
			recurs = recurs && c.repeats()
		}
		return recurs && len(d.Entity) > 0, nil
	}
	if d.stated("/entity") {
		return false, nil
	}
	c, because, confidence := d.entity(d.r.with(subject, tail, object))
	if c == nil {
		return false, nil
	}
	d.Entity = append(d.Entity, c.Name)
	d.clause("/entity", because, fromData)
	if c.repeats() {
		d.assume(confidence, because+fmt.Sprintf("; %s values are in %s rows", thousands(c.values), thousands(c.present())), "column %s tells the entities apart, and one entity has several rows", d.short(c))
		return true, nil
	}
	return false, nil
}

// entity is the key column of the main table whose rows are predicted for;
// nil where there is none or more than one might be meant.
func (d *draft) entity(about []word) (c *column, because string, confidence float64) {
	var keys, recurring []*column
	for i := range d.columns {
		c := &d.columns[i]
		if c.table != d.main || !namedKey(c.parts) || c == d.target || c.constant() || c.Missing*2 > c.table.Rows {
			continue
		}
		if counter(c) {
			continue
		}
		if c.unique() || nearlyUnique(c) {
			keys = append(keys, c)
		} else if entityKey(c) && c.repeats() && c.values >= 50 {
			recurring = append(recurring, c)
		}
	}
	for _, w := range about {
		if !d.nouns[w.stem] && !w.capital() {
			continue
		}
		for _, c := range slices.Concat(keys, recurring) {
			if d.keyOf(c, w) {
				return c, "“" + w.text + "” of the request and column " + d.short(c), 0.85
			}
		}
	}
	switch {
	case len(keys) == 1:
		return keys[0], "column " + d.short(keys[0]) + " is another one in every row", 0.8
	case len(keys) == 0 && len(recurring) == 1 && d.hasNoun(recurring[0]):
		return recurring[0], "column " + d.short(recurring[0]) + " is the only key", 0.7
	}
	return nil, "", 0
}

// keyOf tells whether a column is the key of what a noun names: "customers"
// and customer_id or customerid.
func (d *draft) keyOf(c *column, w word) bool {
	for _, p := range c.parts {
		if !idWords[p.lower] && d.alike(w, p) >= 0.75 {
			return true
		}
	}
	return len(c.parts) == 1 && len(w.stem) >= 3 && strings.HasPrefix(c.squashed, w.stem) && namedKey(c.parts)
}

// hasNoun tells whether the name of a key says whose key it is.
func (d *draft) hasNoun(c *column) bool {
	return slices.ContainsFunc(c.parts, func(p word) bool { return d.nouns[p.stem] }) ||
		len(c.parts) == 1 && namedKey(c.parts) && !idWords[c.parts[0].lower]
}

// counter tells whether a column is named as a number of the row, which is no
// entity: "rownames", "index", "id".
func counter(c *column) bool {
	return !slices.ContainsFunc(c.parts, func(p word) bool {
		return !idWords[p.lower] || p.lower == "npi" || p.lower == "ssn" || p.lower == "uid"
	}) && c.squashed != "id"
}

// inMain finds a column of the main table.
func (d *draft) inMain(where, name string) (*column, error) {
	c, err := d.column(where, name)
	if err == nil && c.table != d.main {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_column", Where: where,
			What: fmt.Sprintf("column %q is not in table %s, whose rows are predicted", name, d.main.Name), Nearest: d.nearest(name, 3),
			Fix: "name a column of table " + d.main.Name,
		}
	}
	return c, err
}

// chooseTime finds the column that tells when a row of the main table came to
// be. It must be said or clear: a date that is no event of the row itself
// (birth, end, update) is none, and of several the one is taken that the rows
// are sorted by.
func (d *draft) chooseTime() error {
	spec := ""
	if d.spec.Time != nil {
		spec = *d.spec.Time
	}
	if name, where, ok := d.given("/time", "--time", d.settings.Time, "time", spec); ok {
		if name == "none" {
			return nil
		}
		if strings.Contains(name, ",") && len(d.resolve(name)) == 0 {
			d.clause("/time_parts", where+" "+name, fromFlag)
			return d.givenParts(where, name)
		}
		c, err := d.inMain(where, name)
		if err != nil {
			return err
		}
		if c.Kind != table.Time {
			return &problem.Problem{
				Kind: problem.Blocked, Code: "scope.no_time", Where: c.String(),
				What: fmt.Sprintf("column %s holds %s, not dates", c.Name, c.Kind), Nearest: d.timesOf(d.main), Fix: "name a column of dates with --time, or none with --set time=none",
			}
		}
		d.Time = &c.Name
		return nil
	}
	if names := strings.Join(d.spec.TimeParts, ","); names != "" {
		d.clause("/time_parts", names, fromSpec)
		return d.givenParts("/time_parts", names)
	}
	best := d.eventTime(d.main)
	if d.stated("/time") {
		return nil
	}
	if best == nil {
		d.chooseParts()
		return nil
	}
	d.Time = &best.Name
	d.clause("/time", "column "+d.short(best), fromData)
	d.assume(0.75, "it is a date in nearly every row and named as one; --set time=none says otherwise", "column %s tells when a row came to be", d.short(best))
	return nil
}

// eventTime is the time column of a table that says when its rows happened;
// nil if there is none.
func (d *draft) eventTime(t *table.TableInfo) *column {
	var best *column
	score := 0
	for i := range d.columns {
		c := &d.columns[i]
		if c.table != t || c.Kind != table.Time || 20*c.Missing > t.Rows || c.constant() {
			continue
		}
		s := timeScore(c, d.isBegin(c))
		if s > score {
			best, score = c, s
		}
	}
	return best
}

// isBegin tells whether a time is the beginning of something of which another
// column of the table has the end: "visit_start_date" and "visit_end_date".
func (d *draft) isBegin(c *column) bool {
	for _, ends := range [][2]string{{"start", "end"}, {"start", "stop"}, {"started", "ended"}, {"begin", "end"}, {"from", "to"}, {"admission", "discharge"}, {"inicio", "fin"}, {"beginn", "ende"}} {
		for i, p := range c.parts {
			if p.lower != ends[0] {
				continue
			}
			end := slices.Clone(c.parts)
			end[i].lower = ends[1]
			if slices.ContainsFunc(d.columns, func(other column) bool { return other.table == c.table && slices.Equal(texts(other.parts), texts(end)) }) {
				return true
			}
		}
	}
	return false
}

// timeScore is 0 for a date that is no event of the row itself. The beginning
// of something is one.
func timeScore(c *column, begins bool) int {
	score := 1
	for _, p := range c.parts {
		if laterWords[p.lower] && !(begins && beginWords[p.lower]) {
			return 0
		}
		if timeWords[p.lower] {
			score = max(score, 2)
		}
	}
	if c.Order != "" {
		score += 4
	}
	if !c.DateOnly {
		score++
	}
	if len(c.parts) == 1 {
		score++
	}
	return score
}

func (d *draft) timesOf(t *table.TableInfo) []string {
	var names []string
	for i := range t.Columns {
		if t.Columns[i].Kind == table.Time {
			names = append(names, t.Columns[i].Name)
		}
	}
	return names
}

// Fewer different times than this are no ground to split by.
const enoughTimes = 20

// chooseSplit tells how the rows are divided and whether entities may recur.
func (d *draft) chooseSplit(recurs bool) error {
	d.Unit = "known_entities"
	if unit, _, ok := d.given("/unit", "", "", "unit", d.spec.Unit); ok {
		d.Unit = unit
	} else if newcomers(d.r) {
		d.Unit = "new_entities"
		d.clause("/unit", "new", fromRequest)
	}
	by, where, given := d.given("/split_by", "", "", "split.by", d.spec.SplitBy)
	switch {
	case given:
	case d.Time != nil && d.enoughTime(), len(d.TimeParts) > 0:
		by = "time"
	case recurs:
		by = "entity"
	default:
		by = "stratified"
		if d.ProblemType == "regression" {
			d.clause("/split_by", "no column tells when a row came to be", fromDefault)
		}
	}
	if by == "time" && d.Time == nil && len(d.TimeParts) == 0 {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_time", Where: where,
			What: "no column tells when a row came to be", Nearest: d.timesOf(d.main), Fix: "name one with --time, or split otherwise",
		}
	}
	if by == "entity" && len(d.Entity) == 0 {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_entity", Where: where,
			What: "no column tells the entities apart", Fix: "name the key columns with --entity",
		}
	}
	d.SplitBy = by
	if by == "entity" && !given {
		d.Unit = "new_entities"
		d.assume(0.8, "an entity has several rows, and no column tells when they came to be", "all rows of an entity stay in one part, so the figures are those for new entities")
	}
	return nil
}

func (d *draft) enoughTime() bool {
	c := d.inTable(d.main, *d.Time)
	return c.ManyDistinct || c.Distinct >= enoughTimes
}

// inTable is a column of a table by its exact name; nil where there is none.
func (d *draft) inTable(t *table.TableInfo, name string) *column {
	for i := range d.columns {
		if c := &d.columns[i]; c.table == t && c.Name == name {
			return c
		}
	}
	return nil
}

// newcomers tells whether the request is about entities that are not known
// yet: "new customers", "unseen physicians".
func newcomers(r *reading) bool {
	for i, w := range r.words {
		if (w.lower == "new" || w.lower == "unseen" || w.lower == "unknown") && i+1 < len(r.words) && nounStems[r.words[i+1].stem] {
			return true
		}
	}
	return false
}

// chooseDays sets the as-of date and the horizon of a flat table.
func (d *draft) chooseDays() error {
	if err := d.chooseHorizon(); err != nil {
		return err
	}
	asOf, err := d.asOf()
	if err != nil || asOf == "" && d.Time == nil {
		return err
	}
	if d.Time == nil {
		d.AsOf = &asOf
		d.warn("the as-of date %s has no effect: no column tells when a row came to be", asOf)
		return nil
	}
	at := d.inTable(d.main, *d.Time)
	newest := at.Latest
	if asOf == "" || asOf >= iso(newest) {
		asOf = iso(newest)
		if d.settings.Set["as_of"] == "" {
			d.clause("/as_of", "the newest row", fromData)
		}
	} else {
		last, err := time.Parse(time.DateOnly, asOf)
		if err != nil {
			return &problem.Problem{Kind: problem.Usage, Code: "settings.value", Where: "/as_of", What: "the as-of date is no date", Fix: "write it as 2024-06-30"}
		}
		if last.Before(at.Earliest.Truncate(24 * time.Hour)) {
			return &problem.Problem{
				Kind: problem.Blocked, Code: "data.too_few", Where: "/as_of", What: "no row is from before the as-of date",
				Why: fmt.Sprintf("the oldest row of %s is from %s", d.main.Name, iso(at.Earliest)), Fix: "give a later date with --set as_of=DATE",
			}
		}
		f := handoff.Filter{Table: d.main.Name, Column: *d.Time, Op: "<", Value: d.instant(at, last.AddDate(0, 0, 1))}
		if !slices.Contains(d.Filters, f) {
			d.Filters = append(d.Filters, f)
		}
	}
	d.AsOf = &asOf
	return nil
}

// instant is a time as a filter on a column of times holds it: as the cells of
// the column are written, for a label over events as RFC 3339.
func (d *draft) instant(c *column, t time.Time) string {
	if d.target == nil || len(c.Layouts) == 0 {
		return iso(t)
	}
	return table.FormatTime(c.Layouts[0], t)
}

// chooseHorizon sets how far ahead is predicted, if that is said.
func (d *draft) chooseHorizon() error {
	spec := ""
	if d.spec.HorizonDays != nil {
		spec = fmt.Sprint(*d.spec.HorizonDays)
	}
	if text, where, ok := d.given("/horizon_days", "", "", "horizon_days", spec); ok {
		n := 0
		if _, err := fmt.Sscan(text, &n); err != nil || n < 1 {
			return &problem.Problem{Kind: problem.Usage, Code: "settings.value", Where: where, What: "the horizon must be a whole number of days, 1 or more", Fix: "give a number of days"}
		}
		d.HorizonDays = &n
	} else if n := d.r.said.horizonDays; n > 0 && !d.stated("/horizon_days") {
		d.HorizonDays = &n
	}
	if d.HorizonDays != nil && d.target != nil {
		d.assume(0.7, "the horizon is in the request, the answer in the column", "column %s says what happens within %s", d.short(d.target), plural(*d.HorizonDays, "day"))
	}
	return nil
}

// asOf is the day that the data is looked at from, as it is said; "" where it
// is not. A date whose day and month could be swapped is asked about.
func (d *draft) asOf() (string, error) {
	spec := ""
	if d.spec.AsOf != nil {
		spec = *d.spec.AsOf
	}
	if text, _, ok := d.given("/as_of", "", "", "as_of", spec); ok {
		if len(text) >= 10 {
			text = text[:10]
		}
		return text, nil
	}
	one := d.r.said.asOf
	if one == nil {
		return "", nil
	}
	if other := d.r.said.asOfOther; other != nil {
		options := []string{iso(one.last), iso(other.last)}
		answer, ok := d.ask(handoff.Question{ID: "as_of", Type: "choice", Options: options, Default: &options[0], Text: "Which day is meant as the as-of date?"},
			"day and month could be swapped")
		if !ok {
			return "", d.waiting()
		}
		return answer, nil
	}
	return iso(one.last), nil
}

func (d *draft) warn(format string, args ...any) {
	d.warnings = append(d.warnings, fmt.Sprintf(format, args...))
}
