package scope

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// A label over events: no column holds the answer, so it is made from what
// happens after a day (a snapshot). An event table has a time for each row and
// a key that comes again.

// Words of a request that ask for events.
var (
	stopWords  = words("stop stops stopped stopping cease ceases ceasing discontinue discontinues discontinuing pause pauses inactive dormant silent")
	startWords = words("buy buys purchase purchases order orders convert converts redeem redeems visit visits return returns respond responds prescribe prescribes book books receive receives click clicks shop shops come comes use uses start starts begin begins pay paid open opens attend attends")

	// What is done for its own sake, and what is done to people.
	dealings = []string{"prescription", "rx", "script", "transaction", "order", "purchase", "sale", "invoice", "payment", "visit", "claim", "booking", "event", "activity", "dispense", "session"}
	contacts = []string{"call", "email", "mail", "promotion", "campaign", "contact", "sample", "message", "plan"}
)

// rule is the label rule that the words of the object ask for; "" if they do
// not ask for events.
func (d *draft) rule() string {
	about := d.r.with(object)
	for _, w := range about {
		if d.leave[w.stem] && w.stem != stem("exit") {
			return label.FallsBelow
		}
	}
	switch {
	case len(about) > 0 && (hasAny(d.r.words, stopWords) || d.r.denies(startWords)):
		return label.NoneInWindow
	case d.r.quantity && d.r.said.horizonDays > 0:
		return label.Total
	case d.r.said.horizonDays > 0 && slices.ContainsFunc(about, func(w word) bool { return startWords[w.lower] }):
		return label.CountAtLeast
	}
	return ""
}

// denies tells whether a word that says no stands right before one of the
// words: "will not order", "no longer prescribe".
func (r *reading) denies(verbs map[string]bool) bool {
	for i, w := range r.words {
		for j := max(0, i-2); j < i && verbs[w.lower] && !w.taken; j++ {
			switch r.words[j].lower {
			case "not", "won't", "don't", "doesn't", "never", "no":
				return true
			}
		}
	}
	return false
}

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

// chooseEventTable finds the table whose events make the label.
func (d *draft) chooseEventTable() error {
	spec := ""
	if d.spec.Label != nil {
		spec = d.spec.Label.EventTable
	}
	tables := d.eventTables()
	if name, where, ok := d.given("/label/event_table", "", "", "events", spec); ok {
		for i := range d.tables {
			if d.tables[i].Name == name {
				d.main = &d.tables[i]
				return nil
			}
		}
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_table", Where: where, What: fmt.Sprintf("there is no table %q", name), Why: d.holds(),
			Nearest: names(tables), Fix: "name one of the tables",
		}
	}
	score := d.eventScore
	slices.SortStableFunc(tables, func(a, b *table.TableInfo) int { return score(b) - score(a) })
	if len(tables) == 0 {
		return &problem.Problem{Kind: problem.Blocked, Code: "scope.no_table", Where: "/label/event_table", What: "no table holds events", Why: d.holds(), Fix: "give a table with a date and a key in each row"}
	}
	if len(tables) > 1 && score(tables[0]) == score(tables[1]) {
		options := names(tables)
		answer, ok := d.ask(handoff.Question{ID: "events", Type: "choice", Options: options, Default: &options[0], Text: "The events of which table make the answer?"}, "several tables hold events")
		if !ok {
			return d.waiting()
		}
		tables = tables[slices.Index(options, answer):]
	}
	d.main = tables[0]
	d.clause("/label/event_table", "table "+d.main.Name, fromData)
	if len(d.eventTables()) > 1 {
		d.assume(0.8, "of the tables with events it fits the request best; --set events=TABLE says otherwise", "the events of table %s make the answer", d.main.Name)
	}
	return nil
}

// eventScore is how well a table of events fits: words of the request in its
// name, values of it in the request, dealings before contacts.
func (d *draft) eventScore(t *table.TableInfo) int {
	score := 0
	for _, w := range d.r.words {
		if w.sign || stops[w.lower] || w.role == nothing {
			continue
		}
		if d.isCalled(t, w) {
			score += 8
		}
		if slices.ContainsFunc(d.recurring(t), func(c *column) bool { return d.keyOf(c, w) }) {
			score += 4
		}
		for i := range t.Columns {
			if len(w.lower) > 2 && slices.ContainsFunc(t.Columns[i].Levels, func(l table.Level) bool { return strings.EqualFold(l.Value, w.text) }) {
				score += 2
				break
			}
		}
	}
	for _, p := range d.nameOf(t) {
		if slices.ContainsFunc(dealings, func(x string) bool { return stem(x) == p.stem }) {
			score += 3
		}
		if slices.ContainsFunc(contacts, func(x string) bool { return stem(x) == p.stem }) {
			score--
		}
	}
	return score
}

// nameOf is the words of a table's name.
func (d *draft) nameOf(t *table.TableInfo) []word {
	for i := range d.tables {
		if &d.tables[i] == t {
			return d.catalog.names[i]
		}
	}
	return nil
}

// isCalled tells whether a table's name has a word of the request.
func (d *draft) isCalled(t *table.TableInfo, w word) bool {
	return slices.ContainsFunc(d.nameOf(t), func(p word) bool { return d.alike(w, p) >= 0.75 })
}

func names(tables []*table.TableInfo) []string {
	out := make([]string, len(tables))
	for i, t := range tables {
		out[i] = t.Name
	}
	return out
}

// chooseUnit finds the columns of the event table that name the unit: one for
// each noun of the request that a key fits, and the column of a value that the
// request names, such as a brand.
func (d *draft) chooseUnit() error {
	if len(d.settings.Entity) > 0 || d.settings.Set["entity"] != "" || len(d.spec.Entity) > 0 {
		_, err := d.chooseEntity()
		d.nameUnits()
		return err
	}
	d.Entity = []string{}
	add := func(c *column, because string) {
		d.clause(fmt.Sprintf("/entity/%d", len(d.Entity)), because, fromRequest)
		d.Entity = append(d.Entity, c.Name)
	}
	for _, w := range d.r.with(subject, object, tail) {
		if !d.nouns[w.stem] || w.role == object && len(d.Entity) > 0 && d.isCalled(d.main, w) {
			continue // "patients who will have a visit": the visit is the event
		}
		if c := d.keyFor(w); c != nil && !slices.Contains(d.Entity, c.Name) {
			add(c, w.text)
		}
	}
	if len(d.Entity) == 0 {
		c, err := d.mainKey()
		if err != nil {
			return err
		}
		d.Entity = append(d.Entity, c.Name)
		d.clause("/entity/0", "column "+c.String(), fromData)
		d.assume(0.7, "it is the key that comes again in "+d.main.Name, "column %s tells the entities apart", c.Name)
	}
	if c := d.brand(); c != nil && !slices.Contains(d.Entity, c.Name) {
		add(c, "a value of column "+c.Name)
	}
	d.nameUnits()
	return nil
}

// nameUnits takes the nouns of the request for the entity's columns.
func (d *draft) nameUnits() {
	named := map[string]bool{}
	for _, w := range d.r.with(subject, object, tail) {
		if !d.nouns[w.stem] {
			continue
		}
		if c := d.keyFor(w); c != nil && slices.Contains(d.Entity, c.Name) && !named[c.Name] {
			named[c.Name] = true
			d.units = append(d.units, singular(w.text))
		}
	}
}

// keyFor is the column of the event table that tells apart what a noun names:
// a key first, then a name.
func (d *draft) keyFor(w word) *column {
	for _, c := range d.recurring(d.main) {
		if d.keyOf(c, w) {
			return c
		}
	}
	for i := range d.columns {
		c := &d.columns[i]
		if c.table == d.main && c.Kind == table.Text && c.repeats() && proper[stemless(c)] && slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(w, p) >= 0.8 }) {
			return c
		}
	}
	return nil
}

// stemless is the last word of a column's name.
func stemless(c *column) string { return c.parts[len(c.parts)-1].lower }

// mainKey is the key of the event table that tells entities apart where the
// request has no noun for it: one that is unique in another table.
func (d *draft) mainKey() (*column, error) {
	keys := d.recurring(d.main)
	var known []*column
	for _, k := range keys {
		for i := range d.columns {
			if c := &d.columns[i]; c.table != d.main && c.squashed == k.squashed && c.unique() {
				known = append(known, k)
				break
			}
		}
	}
	if len(known) > 0 {
		keys = known
	}
	if len(keys) == 1 {
		return keys[0], nil
	}
	options := make([]string, len(keys))
	for i, k := range keys {
		options[i] = k.Name
	}
	answer, ok := d.ask(handoff.Question{ID: "entity", Type: "choice", Options: options, Default: &options[0], Text: "For whom is predicted? Which column tells them apart?"}, "several keys come again")
	if !ok {
		return nil, d.waiting()
	}
	return keys[slices.Index(options, answer)], nil
}

// brand is a column of the event table, named as brands are, of which the
// request names a value; nil if there is none.
func (d *draft) brand() *column {
	for i := range d.r.words {
		f, end, ok := d.valueAt(i)
		if !ok || f.Table != d.main.Name || d.r.words[i].taken || !d.meant(i, end, f) {
			continue
		}
		if c := d.inTable(d.main, f.Column); d.isBrand(c) {
			return c
		}
	}
	return nil
}

// isBrand tells whether a column is named as columns of brands are.
func (d *draft) isBrand(c *column) bool {
	brand := word{lower: "brand", stem: stem("brand")}
	return slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(p, brand) >= 0.8 })
}

// chooseRule sets the label: the rule, its windows and its snapshots.
func (d *draft) chooseRule(at *column) error {
	rule := d.rule()
	l := label.Churn(d.main.Name, at.Name)
	said := d.r.said
	if d.spec.Label != nil {
		l = *d.spec.Label
		l.EventTable, l.EventTime = d.main.Name, at.Name
		rule = l.Rule
		if !slices.Contains(label.Rules(), rule) {
			return &problem.Problem{
				Kind: problem.Usage, Code: "label.rule", Where: "/label/rule", What: fmt.Sprintf("there is no rule %q", rule),
				Nearest: label.Rules(), Fix: "use one of " + strings.Join(label.Rules(), ", "),
			}
		}
		d.clause("/label/rule", l.Rule, fromSpec)
	}
	if rule == "" {
		rule = label.FallsBelow
	}
	d.ProblemType = "binary"
	if d.spec.Label == nil {
		d.clause("/label/rule", strings.Trim(quote(d.r.with(object)), "“”"), fromRequest)
		d.fill(&l, rule)
	}
	if rule == label.Total {
		d.ProblemType = "regression"
		if err := d.chooseValue(&l); err != nil {
			return err
		}
	}
	horizon := said.horizonDays
	for _, x := range []struct {
		key   string
		value *int
		said  int
	}{{"horizon_days", &l.LabelDays, horizon}, {"label_days", &l.LabelDays, 0}, {"gap_days", &l.GapDays, said.gapDays}, {"observation_days", &l.ObservationDays, said.observationDays}} {
		if n, ok := d.days(x.key); ok {
			*x.value = n
		} else if x.said > 0 && d.spec.Label == nil {
			*x.value = x.said
		}
		if x.key == "label_days" && d.spec.Label == nil {
			l.ObservationDays = max(l.ObservationDays, l.LabelDays)
			if rule == label.FallsBelow || rule == label.NoneInWindow {
				l.ObservationDays = l.LabelDays // equal windows compare
			}
		}
	}
	d.HorizonDays = &l.LabelDays
	l.Condition = label.Describe(l)
	d.Label = &l
	if d.ProblemType == "binary" {
		d.Classes = []string{"0", "1"}
	}
	return d.chooseSnapshots(at)
}

// days is a number of days that is set.
func (d *draft) days(key string) (n int, given bool) {
	text, ok := d.settings.Set[key]
	if !ok {
		return 0, false
	}
	d.clause("/label/"+strings.Replace(key, "horizon", "label", 1), "--set "+key+"="+text, fromFlag)
	_, err := fmt.Sscan(text, &n)
	return n, err == nil
}

// fill sets what the rule takes for granted.
func (d *draft) fill(l *handoff.Label, rule string) {
	l.Rule = rule
	if rule != label.FallsBelow {
		l.Threshold, l.MinimumBefore, l.GapDays = 0, 0, 0
	}
	switch rule {
	case label.FallsBelow:
		d.assume(0.8, "the usual rule for churn on events", "positive is a fall to zero or below 30 %% of the earlier count; fewer than 3 before are left out")
	case label.NoneInWindow:
		l.MinimumBefore = 1
		d.assume(0.85, "“stop” means none at all, and only who had one can stop", "positive is no event in the label window, for those with one before")
	case label.CountAtLeast:
		l.Threshold = 1
		d.assume(0.85, "the request asks whether it happens", "positive is one event or more in the label window")
	}
	if rule != label.FallsBelow && d.reportsLater() {
		l.GapDays = 14
	}
	if l.GapDays > 0 && d.settings.Set["gap_days"] == "" && d.r.said.gapDays == 0 {
		d.assume(0.6, "events are often known days after they happened; --set gap_days=N says otherwise", "the %d days after a snapshot are not known yet", l.GapDays)
	}
	if d.r.said.horizonDays == 0 && d.settings.Set["label_days"] == "" && d.settings.Set["horizon_days"] == "" {
		d.assume(0.6, "no horizon is said; --set label_days=N says otherwise", "the label looks at %d days", l.LabelDays)
	}
}

// reportsLater tells whether the event table says that its rows become known
// later than they happen, or holds prescriptions, of which that is known.
func (d *draft) reportsLater() bool {
	for i := range d.columns {
		c := &d.columns[i]
		if c.table != d.main {
			continue
		}
		for _, p := range c.parts {
			if p.lower == "rx" || p.stem == stem("prescription") || c.Kind == table.Time && (p.lower == "reported" || p.lower == "loaded" || p.lower == "processed" || p.lower == "received") {
				return true
			}
		}
	}
	return false
}

// chooseValue finds the column that is summed; the events are counted where
// the request asks how many there are.
func (d *draft) chooseValue(l *handoff.Label) error {
	if name, where, ok := d.given("/label/value", "", "", "value", ""); ok {
		if name == "none" {
			return nil
		}
		c, err := d.inMain(where, name)
		if err != nil {
			return err
		}
		l.Value = &c.Name
		return nil
	}
	if l.Value != nil {
		return nil
	}
	var fits []candidate
	for _, c := range d.candidates(d.r) {
		if c.table == d.main && c.Kind == table.Number && c.name > 0 {
			fits = append(fits, c)
		}
	}
	many := slices.ContainsFunc(d.r.words, func(w word) bool { return w.lower == "many" })
	switch {
	case len(fits) > 0 && standsOut(fits):
		l.Value = &fits[0].Name
		d.clause("/label/value", strings.Trim(quote(fits[0].words), "“”"), fromRequest)
		return nil
	case many:
		return nil
	}
	options := []string{}
	for i := range d.columns {
		if c := &d.columns[i]; c.table == d.main && c.Kind == table.Number && !isKey(c) && !namedKey(c.parts) {
			options = append(options, c.Name)
		}
	}
	if len(options) == 0 {
		return nil
	}
	for _, f := range fits {
		if i := slices.Index(options, f.Name); i > 0 && f.Name == fits[0].Name {
			options[0], options[i] = options[i], options[0]
		}
	}
	options = append(options, "none")
	answer, ok := d.ask(handoff.Question{ID: "value", Type: "choice", Options: options, Default: &options[0], Text: "Which column is added up? None counts the events."}, "no column is clearly the amount")
	if !ok {
		return d.waiting()
	}
	if answer != "none" {
		l.Value = &answer
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
