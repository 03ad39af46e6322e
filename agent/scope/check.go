package scope

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/settings"
)

// chooseMinimum sets how many rows the main table must have.
func (d *draft) chooseMinimum() {
	d.MinimumSamples = 500
	if d.ProblemType == "regression" {
		d.MinimumSamples = 300
	}
	if n, given := settings.Int(d.settings.Set, "minimum_samples"); given {
		d.MinimumSamples = n
		d.clause("/minimum_samples", "--set minimum_samples="+d.settings.Set["minimum_samples"], fromFlag)
	} else if n := d.r.said.minimumSamples; n > 0 {
		d.MinimumSamples = n
	} else if d.spec.MinimumSamples > 0 {
		d.MinimumSamples = d.spec.MinimumSamples
		d.clause("/minimum_samples", strconv.Itoa(d.MinimumSamples), fromSpec)
	} else {
		d.clause("/minimum_samples", "usual for "+d.ProblemType, fromDefault)
	}
}

// fewest is how many rows each of two classes needs: so many that the sealed
// test has some of them.
func (d *draft) fewest() int { return min(20, max(8, d.MinimumSamples/25)) }

// checkRows holds the scope against the rows that the catalog counted. With
// filters the counts are upper bounds; the data preparer counts exactly.
func (d *draft) checkRows() error {
	t := d.target
	rows := t.present()
	bound := d.kept()
	refuse := func(what, why, fix string) error {
		return &problem.Problem{Kind: problem.Blocked, Code: "data.too_few", Where: t.String(), What: what, Why: why, Fix: fix}
	}
	if min(rows, bound) < d.MinimumSamples {
		what := fmt.Sprintf("%s with an answer, %s are needed", plural(min(rows, bound), "row"), thousands(d.MinimumSamples))
		why := fmt.Sprintf("table %s has %s", d.main.Name, plural(t.table.Rows, "row"))
		if t.Missing > 0 {
			why += fmt.Sprintf(", %s of them without %s", thousands(t.Missing), t.Name)
		}
		if bound < rows {
			why += fmt.Sprintf("; the filter keeps %s", thousands(bound))
		}
		return refuse(what, why, fmt.Sprintf("give more rows, or take it on with --set minimum_samples=%d", min(rows, bound)))
	}
	if t.Missing > 0 {
		d.finding(handoff.Finding{
			Code: "scope.missing_target", Severity: handoff.Info, Table: &t.table.Name, Column: &t.Name, Action: handoff.NoAction,
			Evidence: fmt.Sprintf("%s of %s have no answer and are left out", thousands(t.Missing), plural(t.table.Rows, "row")), Fix: "nothing to do if they are not known yet",
		})
	}
	switch d.ProblemType {
	case "binary":
		positives := t.count(*d.Target.Positive)
		if rare := min(positives, rows-positives); rare < d.fewest() {
			which := "positive"
			if positives > rows-positives {
				which = "negative"
			}
			return refuse(fmt.Sprintf("%s, at least %d are needed", plural(rare, which), d.fewest()),
				fmt.Sprintf("of %s with an answer %s have class %s", plural(rows, "row"), thousands(positives), *d.Target.Positive), "give more rows of the rarer class")
		}
	case "multiclass":
		enough := 0
		for _, l := range t.Levels {
			if l.Count >= d.fewest() {
				enough++
			}
		}
		if enough < 2 {
			return refuse(fmt.Sprintf("%d of %d classes have at least %d rows, two are needed", enough, len(d.Classes), d.fewest()),
				plural(rows, "row")+" have an answer", "give more rows, or group the classes")
		}
	}
	return nil
}

// kept is an upper bound of the rows that the filters keep.
func (d *draft) kept() int {
	bound := d.main.Rows
	for _, f := range d.Filters {
		c := d.inTable(d.main, f.Column)
		if f.Table != d.main.Name || c == nil || !c.few() {
			continue
		}
		switch f.Op {
		case "=":
			bound = min(bound, c.count(f.Value))
		case "!=":
			bound = min(bound, d.main.Rows-c.count(f.Value))
		}
	}
	return bound
}

func (d *draft) finding(f handoff.Finding) { d.findings = append(d.findings, f) }

// name sets title and slug, and gives the headline.
func (d *draft) name() (headline string) {
	what := d.what()
	whose := d.whose()
	var about []string
	for _, f := range d.Filters {
		if f.Op == "=" || f.Op == "in" {
			about = append(about, f.Value)
		}
	}
	d.Title = what
	if whose != "" {
		d.Title += " of " + whose
	}
	if len(about) > 0 {
		d.Title += " × " + strings.Join(about, " × ")
	}
	if d.HorizonDays != nil {
		d.Title += fmt.Sprintf(", %s ahead", plural(*d.HorizonDays, "day"))
	}
	d.Slug = slug(append(append([]string{what}, about...), whose)...)
	if d.Label != nil {
		if d.Label.GapDays > 0 {
			headline = fmt.Sprintf(", %s gap", plural(d.Label.GapDays, "day"))
		}
		return fmt.Sprintf("%s%s · %s · %s on %s", d.Title, headline, d.ProblemType, plural(len(d.Label.Snapshots), "snapshot"), d.Label.EventTable)
	}
	answer := d.ProblemType
	switch d.ProblemType {
	case "binary":
		share := float64(d.target.count(*d.Target.Positive)) / float64(d.target.present())
		answer += fmt.Sprintf(", positive %s (%s %%)", *d.Target.Positive, strconv.FormatFloat(math.Round(1000*share)/10, 'f', 1, 64))
	case "multiclass":
		answer += fmt.Sprintf(", %s", plural(len(d.Classes), "class"))
	default:
		answer += fmt.Sprintf(", %g to %g", *d.target.Min, *d.target.Max)
	}
	return fmt.Sprintf("%s · %s · %s", d.Title, answer, plural(d.main.Rows, "row"))
}

// what names the answer in a word or two.
func (d *draft) what() string {
	if d.target == nil {
		return d.outcome()
	}
	if generic, _ := d.generic(d.target); generic || len(d.target.squashed) < 3 {
		var words []string
		for _, w := range d.r.with(object) {
			if len(words) < 3 && !w.isNumber {
				words = append(words, w.lower)
			}
		}
		if len(words) > 0 {
			return strings.Join(words, " ")
		}
	}
	var words []string
	for i, p := range d.target.parts {
		if len(d.target.parts) == 1 || d.target.weights[i] > 0 {
			words = append(words, p.lower)
		}
	}
	if len(words) == 0 {
		return "target"
	}
	return strings.Join(words, " ")
}

// whose names the entity: the noun of the request, else the entity's key, else
// the table.
func (d *draft) whose() string {
	if len(d.units) > 0 {
		return strings.Join(d.units, " × ")
	}
	for _, roles := range [][]role{{subject}, {tail}, {object}} {
		for _, w := range d.r.with(roles...) {
			if d.nouns[w.stem] {
				return w.text
			}
		}
	}
	for _, name := range d.Entity {
		for _, w := range nameWords(name) {
			if d.nouns[w.stem] {
				return w.lower
			}
		}
	}
	if d.main == nil {
		return ""
	}
	return strings.Join(texts(nameWords(d.main.Name)), " ")
}

func texts(list []word) []string {
	out := make([]string, len(list))
	for i, w := range list {
		out[i] = w.lower
	}
	return out
}

// singular takes the plural off a noun.
func singular(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ies") && len(noun) > 4:
		return noun[:len(noun)-3] + "y"
	case strings.HasSuffix(noun, "s") && !strings.HasSuffix(noun, "ss") && !strings.HasSuffix(noun, "is") && !strings.HasSuffix(noun, "us"):
		return noun[:len(noun)-1]
	}
	return noun
}

// slug is words as a name: small letters, digits and hyphens, at most 60,
// each word once; "model" where nothing is left.
func slug(parts ...string) string {
	var out []string
	length := 0
	seen := map[string]bool{}
	for _, p := range parts {
		for _, w := range nameWords(p) {
			text := strings.Map(func(r rune) rune {
				if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
					return r
				}
				return -1
			}, w.lower)
			if nounStems[w.stem] {
				text = singular(text)
			}
			if text == "" || seen[text] || length+len(text) > 59 {
				continue
			}
			seen[text] = true
			length += len(text) + 1
			out = append(out, text)
		}
	}
	if len(out) == 0 {
		return "model"
	}
	return strings.Join(out, "-")
}
