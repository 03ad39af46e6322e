package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// chooseExclusions lists the columns that no feature is made of: those that
// are named, keys, personal data, and columns that say nothing. With words
// such as "using only" all others are left out.
func (d *draft) chooseExclusions() error {
	d.Exclude = []handoff.Exclusion{}
	for _, name := range d.settings.Exclude {
		c, err := d.column("--exclude", name)
		if err != nil {
			return err
		}
		if c == d.target {
			return &problem.Problem{
				Kind: problem.Usage, Code: "scope.exclude_target", Where: "--exclude",
				What: fmt.Sprintf("column %s is the target, it is never a feature", c.Name), Fix: "leave it out of --exclude",
			}
		}
		d.exclude(c, "asked for", fromFlag, "--exclude "+name)
	}
	if d.spec.Exclude != nil { // the specification lists all of them
		for i, x := range d.spec.Exclude {
			c, err := d.column(fmt.Sprintf("/exclude/%d", i), strings.TrimPrefix(x.Table+"."+x.Column, "."))
			if err != nil {
				return err
			}
			d.exclude(c, x.Reason, fromSpec, c.String())
		}
		return nil
	}
	if err := d.saidExclusions(); err != nil {
		return err
	}
	for i := range d.columns {
		c := &d.columns[i]
		if c == d.target || c.table == d.main && d.Time != nil && c.Name == *d.Time {
			continue
		}
		if reason := d.unfit(c); reason != "" {
			d.exclude(c, reason, fromData, "column "+c.String())
		}
	}
	return nil
}

// unfit is why no feature is made of a column; "" if it may be one.
func (d *draft) unfit(c *column) string {
	switch {
	case c.table == d.main && slices.Contains(d.Entity, c.Name):
		return "key: it names the entity"
	case c.Personal != "":
		return "personal: it seems to hold " + c.Personal + " of persons"
	case c.constant() && c.Distinct == 0:
		return "constant: it has no value in any row"
	case c.constant():
		return "constant: it has one value in all rows"
	case isKey(c) && (c.unique() || nearlyUnique(c)):
		return "key: it is another one in every row"
	case isKey(c):
		return "key: its name is that of a key, and it has " + distinct(c) + " different values"
	}
	return ""
}

func (d *draft) exclude(c *column, reason, from, words string) {
	x := handoff.Exclusion{Table: c.table.Name, Column: c.Name, Reason: reason}
	if slices.ContainsFunc(d.Exclude, func(y handoff.Exclusion) bool { return y.Table == x.Table && y.Column == x.Column }) {
		return
	}
	if from != fromData {
		d.clause(fmt.Sprintf("/exclude/%d", len(d.Exclude)), words, from)
	}
	d.Exclude = append(d.Exclude, x)
}

// The words before a list of columns.
var (
	withoutPatterns = []string{
		"do not|don't|never use|consider|include|rely?", "not use|using|including", "without|ignore|ignoring|exclude|excluding|omit|omitting|except|disregard|disregarding|drop|dropping",
		"leave|leaving out", "other than", "apart from",
	}
	onlyPatterns     = []string{"only using|use|from|with|based? on?", "using|use|from|with|based on? only|just", "using nothing but"}
	fairnessPatterns = []string{"fair|fairly|fairness|unbiased|equitable|parity|equal|equally across|between|over|for|by|to|among|regarding|on|in", "fair|unbiased with respect|regard to", "not discriminate|discriminating by|against|on", "regardless|irrespective of"}
)

// list reads the columns that are named from word i on, with commas and "and"
// between them, and gives the word behind them.
func (d *draft) list(i int) (found []*column, end int) {
	words := d.r.words
	end = i
	for i < len(words) {
		w := words[i]
		if w.sign && (w.text == "," || w.text == ":") || w.lower == "and" || w.lower == "or" || w.lower == "the" || w.lower == "any" || w.lower == "column" || w.lower == "columns" || w.lower == "field" || w.lower == "feature" || w.lower == "their" {
			i++
			continue
		}
		c, next := d.columnAt(i)
		if c == nil {
			break
		}
		found = append(found, c)
		i, end = next, next
	}
	return found, end
}

// columnAt finds the column that the words from i on name: the longest that
// spells a name, else the one whose name they cover.
func (d *draft) columnAt(i int) (best *column, end int) {
	words := d.r.words
	text := ""
	for j := i; j < len(words) && j < i+14; j++ {
		if words[j].taken || j > i && words[j].sign && words[j].text == "," {
			break
		}
		text += squash(words[j].text)
		if text == "" {
			continue
		}
		for k := range d.columns {
			if c := &d.columns[k]; c.squashed == text && (best == nil || end < j+1 || c.table == d.main) {
				best, end = c, j+1
			}
		}
	}
	if best != nil {
		return best, end
	}
	return d.columnLike(i)
}

// columnLike finds a column by one to three words that mean all of its name:
// "zip code" for Provider_Zip only if nothing else is left of that name.
func (d *draft) columnLike(i int) (best *column, end int) {
	words := d.r.words
	top := 0.0
	for length := 1; length <= 3 && i+length <= len(words); length++ {
		w := words[i+length-1]
		if w.taken || w.sign || stops[w.lower] {
			break
		}
		for k := range d.columns {
			c := &d.columns[k]
			if length == 1 && d.nouns[w.stem] && namedKey(c.parts) {
				continue // "customers" are not their key, "customer id" is
			}
			covered, all, used := 0.0, 0.0, 0
			for j, p := range c.parts {
				s := 0.0
				for _, w := range words[i : i+length] {
					s = max(s, d.alike(w, p))
				}
				covered += s * c.weights[j]
				all += c.weights[j]
			}
			for _, w := range words[i : i+length] {
				if slices.ContainsFunc(c.parts, func(p word) bool { return d.alike(w, p) >= 0.7 }) {
					used++
				}
			}
			score := covered/all + 0.01*float64(length)
			if used == length && covered/all >= 0.5 && score > top+1e-9 {
				best, end, top = c, i+length, score
			}
		}
	}
	return best, end
}

// saidExclusions finds "without duration", "ignore the zip code" and "using
// only age and income" in the request.
func (d *draft) saidExclusions() error {
	for range 8 {
		from, to, _, ok := find(withoutPatterns, d.r.words)
		if !ok {
			break
		}
		if f, next, ok := d.valueBehind(to); ok {
			f.Op = "!="
			d.addFilter(f, span(d.r.text, d.r.words, from, next))
			take(d.r.words, to, next)
			continue
		}
		found, end := d.list(to)
		if len(found) == 0 {
			return d.noSuchColumn(from, to)
		}
		take(d.r.words, to, end)
		for _, c := range found {
			if c != d.target {
				d.exclude(c, "asked for", fromRequest, span(d.r.text, d.r.words, from, end))
			}
		}
	}
	from, to, _, ok := find(onlyPatterns, d.r.words)
	if !ok {
		return nil
	}
	found, end := d.list(to)
	if len(found) == 0 {
		return d.noSuchColumn(from, to)
	}
	take(d.r.words, to, end)
	for i := range d.columns {
		if c := &d.columns[i]; c.table == d.main && c != d.target && !slices.Contains(found, c) {
			d.exclude(c, "only other columns are asked for", fromRequest, span(d.r.text, d.r.words, from, end))
		}
	}
	return nil
}

// valueBehind finds the value in "excluding customers in France": no column
// of that name comes first.
func (d *draft) valueBehind(i int) (f handoff.Filter, end int, ok bool) {
	words := d.r.words
	noun := false
	for i < len(words) && !words[i].taken && (stops[words[i].lower] || d.nouns[words[i].stem]) {
		noun = noun || d.nouns[words[i].stem]
		i++
	}
	if i == len(words) {
		return f, 0, false
	}
	if c, _ := d.columnAt(i); c != nil && !noun {
		return f, 0, false
	}
	return d.valueAt(i)
}

// noSuchColumn is the problem of words behind "without" that name nothing.
func (d *draft) noSuchColumn(from, to int) error {
	end := to
	for end < len(d.r.words) && end < to+3 && !d.r.words[end].sign {
		end++
	}
	words := span(d.r.text, d.r.words, from, end)
	p := &problem.Problem{
		Kind: problem.Blocked, Code: "scope.no_column", Where: "request",
		What: fmt.Sprintf("“%s” names no column", words), Fix: "name the columns with --exclude, or leave the words out",
	}
	if end > to {
		p.Nearest = d.nearest(span(d.r.text, d.r.words, to, end), 3)
	}
	return p
}
