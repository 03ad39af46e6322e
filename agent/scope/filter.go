package scope

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// chooseFilters finds which rows the request is about: values of category
// columns ("Kisqali", "in the North"), bounds of number columns ("tenure over
// 12"), a first day.
func (d *draft) chooseFilters() error {
	if d.spec.Filters != nil {
		for i, f := range d.spec.Filters {
			c, err := d.column(fmt.Sprintf("/filters/%d/column", i), strings.TrimPrefix(f.Table+"."+f.Column, "."))
			if err != nil {
				return err
			}
			f.Table, f.Column = c.table.Name, c.Name
			d.clause(fmt.Sprintf("/filters/%d", i), c.String(), fromSpec)
			d.Filters = append(d.Filters, f)
		}
		return nil
	}
	d.bounds()
	for i := 0; i < len(d.r.words); i++ {
		if !d.r.words[i].taken {
			if f, end, ok := d.valueAt(i); ok && d.meant(i, end, f) {
				d.addFilter(f, span(d.r.text, d.r.words, i, end))
				take(d.r.words, i, end)
				i = end - 1
			}
		}
	}
	d.callings()
	d.period()
	d.unheard()
	return d.strangers()
}

// period keeps the rows of the days that the request names.
func (d *draft) period() {
	said := d.r.said
	switch {
	case said.period == "":
		return
	case d.Time == nil || d.target == nil && said.inside:
		// "churn in 2024" may mean when it happens, so no events are left out.
		d.warn("“%s” of the request has no effect: no column tells when a row came to be, or it may be the time of the answer", said.period)
		return
	}
	at := d.inTable(d.main, *d.Time)
	if said.since != nil {
		d.addFilter(handoff.Filter{Table: d.main.Name, Column: at.Name, Op: ">=", Value: d.instant(at, said.since.first)}, said.period)
	}
	if said.before != nil {
		d.addFilter(handoff.Filter{Table: d.main.Name, Column: at.Name, Op: "<", Value: d.instant(at, said.before.first)}, said.period)
	}
}

// unheard warns of numbers, and of words for whom is predicted, that nothing
// was made of: they may have been meant to keep rows.
func (d *draft) unheard() {
	for i, w := range d.r.words {
		if w.taken || !w.isNumber || w.role == object || w.lower == "one" {
			continue
		}
		d.warn("“%s” of the request was not understood and has no effect", span(d.r.text, d.r.words, max(0, i-2), i+1))
	}
	about := []role{subject}
	if d.target == nil {
		about = append(about, object) // "an emergency visit": no column stands for it
	}
	for _, w := range d.r.with(about...) {
		if !w.isNumber && !w.capital() && len(w.lower) > 2 && !stopWords[w.lower] && !startWords[w.lower] && !d.explained(w) {
			d.warn("“%s” of the request is nothing that the tables hold; it was passed over", w.text)
		}
	}
}

// addFilter adds a filter; a second value of one column joins the first.
func (d *draft) addFilter(f handoff.Filter, words string) {
	for i := range d.Filters {
		g := &d.Filters[i]
		if g.Table == f.Table && g.Column == f.Column && f.Op == "=" && (g.Op == "=" || g.Op == "in") && g.Value != f.Value {
			if g.Op == "=" {
				g.Op, g.Value = "in", cell(g.Value)
			}
			g.Value += "," + cell(f.Value)
			d.clause(fmt.Sprintf("/filters/%d", i), words, fromRequest)
			return
		}
	}
	if !slices.Contains(d.Filters, f) {
		d.clause(fmt.Sprintf("/filters/%d", len(d.Filters)), words, fromRequest)
		d.Filters = append(d.Filters, f)
	}
}

// cell is a value as a list of values holds it: in quotes where it has a
// comma or a quote.
func cell(value string) string {
	if strings.ContainsAny(value, ",\"") || strings.TrimSpace(value) != value {
		return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
	}
	return value
}

// valueAt finds the longest value of a category column that the words from i
// on spell. Of several columns that have it, those of the main table come
// first, then those that the words around name, then names of brands, regions
// and the like.
func (d *draft) valueAt(i int) (f handoff.Filter, end int, ok bool) {
	words := d.r.words
	text := ""
	best := -1
	for j := i; j < len(words) && j < i+12; j++ {
		if words[j].taken {
			break
		}
		text += squash(words[j].text)
		short := len(text) < 3 // then as it is written: "US"
		if words[j].sign || j == i && stops[words[j].lower] && !short {
			continue
		}
		for _, p := range d.values[text] {
			if p.column == d.target || !d.reachable(p.column) || short && (p.value != words[j].text || !words[j].capital()) {
				continue
			}
			if rank := d.rank(p.column, i, j); j+1 > end || rank > best {
				f, end, best, ok = handoff.Filter{Table: p.table.Name, Column: p.Name, Op: "=", Value: p.value}, j+1, rank, true
			}
		}
	}
	return f, end, ok
}

// rank is how well a column fits as the place of a value in words i to j.
func (d *draft) rank(c *column, i, j int) int {
	rank := 0
	if c.table == d.main {
		rank += 4
	}
	for k := max(0, i-2); k < min(len(d.r.words), j+3); k++ {
		if slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(d.r.words[k], p) >= 0.8 && !fillers[p.lower] }) {
			rank += 8
			break
		}
	}
	if slices.ContainsFunc(c.parts, func(p word) bool { return proper[p.lower] }) {
		rank++
	}
	return rank
}

// reachable tells whether rows of the main table can be kept by a column: it
// is in the main table or, for a label over events, in a table that leads to
// the entity.
func (d *draft) reachable(c *column) bool {
	if c.table == d.main || d.target != nil {
		return c.table == d.main
	}
	return d.leads(c.table, mostJoins)
}

// mostJoins is how many tables may lie between the table of a filter and the
// entity.
const mostJoins = 2

// leads tells whether the rows of a table belong to entities: it has their
// key, or a table that leads to them has its key, over so many joins at most.
func (d *draft) leads(t *table.TableInfo, joins int) bool {
	if slices.ContainsFunc(d.Entity, func(name string) bool { return t.Column(name) != nil }) {
		return true
	}
	for i := range d.columns {
		key := &d.columns[i]
		if joins == 0 || key.table != t || !key.unique() || len(key.parts) < 2 && idWords[key.squashed] || key.Kind == table.Time {
			continue
		}
		for j := range d.tables {
			if other := &d.tables[j]; other != t && other.Column(key.Name) != nil && d.leads(other, joins-1) {
				return true
			}
		}
	}
	return false
}

// meant tells whether words that spell a value are meant as one: they stand
// behind a preposition or before a noun, or are written as names are. A word
// that the vocabulary knows needs a capital letter or quotation marks.
func (d *draft) meant(i, end int, f handoff.Filter) bool {
	w := d.r.words[i]
	known := d.nouns[w.stem] || len(d.groups[w.stem]) > 0 || quantity[w.lower] || sorting[w.lower] || wrappers[w.lower] || laterWords[w.lower]
	begins := i == 0 || strings.ContainsAny(d.r.words[i-1].text, ".?!") // there every word has a capital
	if w.quoted > 0 || w.capital() && (!begins || !known && strings.HasPrefix(f.Value, w.text)) {
		return true
	}
	if w.role == object || w.role == aside {
		return false
	}
	if end == i+1 && known {
		return false
	}
	if w.role == tail {
		return true
	}
	return end < len(d.r.words) && d.nouns[d.r.words[end].stem] // "female customers"
}

// bounds finds "tenure over 12" and "age is 30" for number columns.
func (d *draft) bounds() {
	words := d.r.words
	for i := range words {
		d.boundBefore(i)
	}
	for i := 0; i < len(words); i++ {
		if words[i].taken || words[i].sign || words[i].role == object {
			continue
		}
		c, next := d.columnAt(i)
		if c != nil && namedKey(c.parts) {
			c = nil
		}
		if age := d.age(); age != nil && c == nil && i > 0 && d.nouns[words[i-1].stem] {
			c, next = age, i // "customers over 40"
		}
		if c == nil || c == d.target || c.table != d.main || c.Kind != table.Number {
			continue
		}
		j := next
		for j < len(words) && (words[j].lower == "is" || words[j].lower == "of" || words[j].lower == "are") {
			j++
		}
		op := ""
		end, ok := longest(bars, words, j, &op)
		switch {
		case ok && op != "":
			op = strict(words[j:end], op)
		case j < len(words) && (words[j].text == "=" || words[j].text == "==" || words[j].lower == "equals"):
			op, end = "=", j+1
		default:
			continue
		}
		if end >= len(words) || !words[end].isNumber || words[end].taken {
			continue
		}
		value := strconv.FormatFloat(words[end].number, 'g', -1, 64)
		d.addFilter(handoff.Filter{Table: c.table.Name, Column: c.Name, Op: op, Value: value}, span(d.r.text, words, i, end+1))
		take(words, i, end+1)
	}
}

// boundBefore finds "at least 2 products": the bar and the number stand before
// the column.
func (d *draft) boundBefore(i int) {
	words := d.r.words
	op := ""
	at, ok := longest(bars, words, i, &op)
	if !ok || op == "" || at+1 >= len(words) || !words[at].isNumber || words[at].taken || words[at+1].taken {
		return
	}
	c, end := d.columnAt(at + 1)
	if c == nil || c == d.target || c.table != d.main || c.Kind != table.Number {
		return
	}
	value := strconv.FormatFloat(words[at].number, 'g', -1, 64)
	d.addFilter(handoff.Filter{Table: c.table.Name, Column: c.Name, Op: strict(words[i:at], op), Value: value}, span(d.r.text, words, i, end))
	take(words, i, end)
}

// age is the column of the main table that holds the age of persons.
func (d *draft) age() *column {
	for i := range d.columns {
		if c := &d.columns[i]; c.table == d.main && c.Kind == table.Number && slices.ContainsFunc(c.parts, func(p word) bool { return p.lower == "age" }) {
			return c
		}
	}
	return nil
}

// strict is the operator of a bar: "over" is more than, "at least" is not.
func strict(bar []word, op string) string {
	for _, w := range bar {
		switch w.lower {
		case "least", "most", "minimum", "maximum", "no", "not", "up", ">=", "<=", "=>", "=<", "≥", "≤":
			return op
		}
	}
	return op[:1]
}

// strangers deals with names in the request that nothing explains: they may
// be a brand or a region that the tables do not have, so they are never passed
// over in silence.
func (d *draft) strangers() error {
	if answer, answered := d.settings.Set["filter"]; answered {
		return d.answerFilter(answer)
	}
	for i, w := range d.r.words {
		if !d.stranger(i) {
			continue
		}
		near, places := d.like(w.lower)
		far := d.values[squash(w.text)]
		switch {
		case len(far) > 0:
			return &problem.Problem{
				Kind: problem.Blocked, Code: "scope.filter_far", Where: far[0].String(),
				What: fmt.Sprintf("rows of table %s cannot be kept by a value of %s", d.main.Name, far[0].String()),
				Why:  d.farAway(far[0].column),
				Fix:  "add the column to a table that has the key, or leave the words out of the request and pass --set filter=none",
			}
		case len(near) > 0:
			answer, ok := d.ask(handoff.Question{
				ID: "filter", Type: "choice", Options: append(near, "none"), Default: &near[0],
				Text: fmt.Sprintf("No column has the value “%s”. Which rows are meant?", w.text),
			}, "“"+w.text+"” is nearly a value of the tables")
			if !ok {
				return d.waiting()
			}
			return d.answerFilter(answer)
		case len(places) > 0:
			options := d.examples(places, i)
			if d.settings.Yes {
				return &problem.Problem{
					Kind: problem.Blocked, Code: "scope.no_value", Where: "request", What: fmt.Sprintf("“%s” is no value of any column", w.text),
					Why: "looked in " + strings.Join(places, ", "), Nearest: options[:min(3, len(options))], Fix: "name a value that the tables have, or pass --set filter=none to go on with all rows",
				}
			}
			d.ask(handoff.Question{
				ID: "filter", Type: "choice", Options: append(options, "none"),
				Text: fmt.Sprintf("No column has the value “%s” (looked in %s). Which rows are meant?", w.text, strings.Join(places, ", ")),
			}, "")
			return d.waiting()
		}
		d.warn("“%s” of the request is nothing that the tables hold; it was passed over", w.text)
	}
	return nil
}

func (d *draft) farAway(c *column) string {
	if d.target != nil {
		return "a table that holds the answer is filtered by its own columns only"
	}
	return fmt.Sprintf("table %s has none of the key columns %s, and no key of its own leads there", c.table.Name, strings.Join(d.Entity, ", "))
}

// stranger tells whether word i is a name that nothing explains.
func (d *draft) stranger(i int) bool {
	w := d.r.words[i]
	if w.taken || w.sign || w.isNumber || w.role == nothing || w.role == aside || !w.capital() && w.quoted == 0 || i == 0 || len(w.lower) < 3 {
		return false
	}
	if strings.ContainsAny(d.r.words[i-1].text, ".?!:") && w.quoted == 0 {
		return false
	}
	return !known[w.lower] && !known[w.stem] && !d.explained(w)
}

// explained tells whether a word is of the vocabulary, or the tables have
// something like it.
func (d *draft) explained(w word) bool {
	if stops[w.lower] || d.nouns[w.stem] || len(d.groups[w.stem]) > 0 || models[w.lower] || predicts[w.lower] || quantity[w.lower] || sorting[w.lower] || wrappers[w.lower] || chances[w.lower] {
		return true
	}
	for n := range d.tables {
		if d.explains(n, w) {
			return true
		}
	}
	for k := range d.columns {
		c := &d.columns[k]
		if slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(w, p) > 0 }) || within(w, c) > 0 || c.squashed == squash(w.text) {
			return true
		}
	}
	return d.target != nil && d.meansLevel(d.target, w)
}

// like gives the values that differ from a word as by a slip of the pen, as
// TABLE.COLUMN=VALUE, and the columns that hold names of brands and the like.
func (d *draft) like(lower string) (near, places []string) {
	for _, value := range slices.Sorted(maps.Keys(d.values)) {
		if !nearly(lower, value) {
			continue
		}
		for _, p := range d.values[value] {
			if answer := p.String() + "=" + p.value; p.table == d.main {
				near = slices.Insert(near, 0, answer)
			} else if d.reachable(p.column) {
				near = append(near, answer)
			}
		}
	}
	near = near[:min(4, len(near))]
	for k := range d.columns {
		c := &d.columns[k]
		if c.Kind == table.Text && d.reachable(c) && len(c.Levels) > 0 && slices.ContainsFunc(c.parts, func(p word) bool { return proper[p.lower] }) {
			places = append(places, c.String())
		}
	}
	return near, places
}

// nearly tells whether a word may be a misspelt value: at most two letters
// differ, and not more than a third of them.
func nearly(word, value string) bool {
	allowed := min(2, min(len(word), len(value))/3)
	return min(len(word), len(value)) >= 4 && max(len(word), len(value))-min(len(word), len(value)) <= allowed && levenshtein.ComputeDistance(word, value) <= allowed
}

// examples are the most frequent values of the columns, as answers, those
// first that the words around word i name, then those of the main table.
func (d *draft) examples(places []string, i int) []string {
	var out []string
	var columns []*column
	for k := range d.columns {
		if c := &d.columns[k]; slices.Contains(places, c.String()) {
			columns = append(columns, c)
		}
	}
	slices.SortStableFunc(columns, func(a, b *column) int { return d.rank(b, i, i) - d.rank(a, i, i) })
	for _, c := range columns {
		for _, l := range c.Levels[:min(4, len(c.Levels))] {
			if len(out) < 7 {
				out = append(out, c.String()+"="+l.Value)
			}
		}
	}
	return out
}

// answerFilter takes TABLE.COLUMN=VALUE or none.
func (d *draft) answerFilter(answer string) error {
	if answer == "none" {
		return nil
	}
	place, value, ok := strings.Cut(answer, "=")
	if !ok {
		return &problem.Problem{Kind: problem.Usage, Code: "settings.value", Where: "--set filter", What: "the answer is no TABLE.COLUMN=VALUE", Fix: "write --set filter=TABLE.COLUMN=VALUE, or none"}
	}
	c, err := d.column("--set filter", place)
	if err != nil {
		return err
	}
	d.Filters = append(d.Filters, handoff.Filter{Table: c.table.Name, Column: c.Name, Op: "=", Value: value})
	d.clause(fmt.Sprintf("/filters/%d", len(d.Filters)-1), "--set filter="+answer, fromFlag)
	if d.Label != nil && c.table == d.main && d.isBrand(c) && !slices.Contains(d.Entity, c.Name) {
		d.Entity = append(d.Entity, c.Name)
	}
	return nil
}
