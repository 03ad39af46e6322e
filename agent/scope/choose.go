package scope

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// chooseTarget finds the column that holds the answer. It leaves target nil
// where the events of a table have to make it.
func (d *draft) chooseTarget() error {
	spec := ""
	if t := d.spec.Target; t != nil {
		spec = strings.TrimPrefix(t.Table+"."+t.Column, ".")
	}
	if name, where, ok := d.given("/target", "--target", d.settings.Target, "target", spec); ok {
		return d.givenTarget(where, name)
	}
	if d.spec.Label != nil {
		return nil
	}
	all := d.candidates(d.r)
	if len(all) > 0 && standsOut(all) {
		best := all[0]
		if !d.wantsEvents(best) {
			return d.setTarget(best)
		}
	}
	if d.wantsEvents(candidate{}) {
		return nil
	}
	return d.askTarget(all)
}

// standsOut tells whether the best candidate stands out. One that is named by
// synonyms does not where another column has those words itself.
func standsOut(all []candidate) bool {
	best := all[0]
	for _, other := range all[1:] {
		if !best.literal && len(best.words) > 0 && other.score >= 0.2 && !slices.ContainsFunc(best.words, func(w word) bool { return !slices.Contains(other.spelt, w.start) }) {
			return false
		}
	}
	lead := all[0].score
	if len(all) > 1 {
		lead -= all[1].score
	}
	return all[0].score >= sure && lead >= sureLead || all[0].score >= only && lead >= onlyLead
}

func (d *draft) setTarget(c candidate) error {
	d.target, d.opposite = c.column, c.opposite
	d.main = c.table
	from, words := fromData, "column "+c.String()
	if len(c.words) > 0 {
		from, words = fromRequest, strings.Trim(quote(c.words), "“”")
	}
	d.clause("/target", words, from)
	if confidence := math.Round(100*min(c.score, 0.99)) / 100; confidence < 0.95 || !c.literal {
		d.assume(min(confidence, 0.9), c.because, "column %s holds the answer", d.short(c.column))
	}
	return nil
}

func (d *draft) givenTarget(where, name string) error {
	found := d.resolve(name)
	switch len(found) {
	case 1:
		d.target, d.main = found[0], found[0].table
		return nil
	case 0:
		near := d.nearest(name, 3)
		for _, c := range d.plausible() {
			if len(near) < 3 && !slices.Contains(near, d.short(c)) {
				near = append(near, d.short(c))
			}
		}
		p := &problem.Problem{
			Kind: problem.Blocked, Code: "data.no_target", Where: where,
			What: fmt.Sprintf("target column %q is not in any table", name), Why: d.holds(), Nearest: near, Fix: "name a column of the tables with --target",
		}
		if len(near) > 0 {
			p.Fix = "septet run … --set target=" + near[0]
		}
		return p
	}
	options := make([]string, len(found))
	for i, c := range found {
		options[i] = c.String()
	}
	answer, ok := d.ask(handoff.Question{
		ID: "target", Type: "choice", Options: options, Default: &options[0],
		Text: fmt.Sprintf("%d tables have a column %s. Which one is to be predicted?", len(found), found[0].Name),
	},
		"several tables have a column of this name")
	if ok {
		return d.givenTarget("--set target", answer)
	}
	return d.waiting()
}

// askTarget asks which column holds the answer: first those that the request
// may mean, then those that look like answers.
func (d *draft) askTarget(all []candidate) error {
	var options []string
	var fallback *string
	for _, c := range all {
		if len(options) < 8 && c.score >= 0.3 && c.score >= all[0].score-0.35 {
			options = append(options, d.short(c.column))
		}
	}
	if len(options) > 0 {
		if generic, _ := d.generic(all[0].column); generic || all[0].score >= 0.5 {
			fallback = &options[0]
		}
		// Of two that are as likely, a name such as "class" beside a value
		// that the request names tells more than the name alone.
		for i, c := range all[:min(3, len(options))] {
			if generic, _ := d.generic(c.column); generic && c.level != "" && c.score > all[0].score-sureLead {
				fallback = &options[i]
				break
			}
		}
	}
	for _, c := range d.plausible() {
		name := d.short(c)
		if len(options) >= 8 || slices.Contains(options, name) {
			continue
		}
		options = append(options, name)
		generic, _ := d.generic(c)
		only := c.last() && len(d.tables) == 1 && (yesNo(c) || d.r.quantity && c.Kind == table.Number)
		if fallback == nil && (generic || only) && fit(d.r, c) > -0.2 {
			fallback = &name
		}
	}
	if len(options) == 0 {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.no_target",
			What: "no column of the tables can be predicted", Why: d.holds() + "; all columns are keys, dates, free text or empty",
			Fix: "give a table with the answer in a column, and name it with --target",
		}
	}
	text := "Which column is to be predicted?"
	if words := d.r.with(object); len(words) > 0 {
		text = fmt.Sprintf("No column is clearly %s. Which one is to be predicted?", quote(words))
		if len(all) > 1 && all[0].score >= sure {
			text = fmt.Sprintf("Several columns may be %s. Which one is to be predicted?", quote(words))
		}
	}
	answer, ok := d.ask(handoff.Question{ID: "target", Text: text, Type: "choice", Options: options, Default: fallback}, "no column is clearly what the request asks for")
	if ok {
		return d.givenTarget("--set target", answer)
	}
	if d.settings.Yes {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "data.no_target", What: "the request names nothing that the tables hold",
			Why: d.holds(), Nearest: options[:min(3, len(options))], Fix: "septet run … --target " + options[0],
		}
	}
	return d.waiting()
}

// plausible are the columns that may be answers, whatever is asked: first
// those named as targets are, then the last of each table, then those with two
// values, then the others.
func (d *draft) plausible() []*column {
	var out []*column
	rank := func(c *column) int {
		generic, strong := d.generic(c)
		switch {
		case strong:
			return 0
		case generic:
			return 1
		case c.last():
			return 2
		case c.Distinct == 2:
			return 3
		}
		return 4
	}
	for i := range d.columns {
		if c := &d.columns[i]; answerable(c) && !c.constant() {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *column) int { return rank(a) - rank(b) })
	return out
}

// yesNo tells whether a column has two values, of which one means yes.
func yesNo(c *column) bool {
	return c.few() && c.Distinct == 2 && polarity(c.Levels[0].Value)*polarity(c.Levels[1].Value) < 0
}

// maxClasses is the most classes of a multiclass problem: a column with more
// values has no list of all of them.
const maxClasses = 50

// chooseProblem tells what kind of answer the target holds, and what its
// classes are.
func (d *draft) chooseProblem() error {
	t := d.target
	d.Target = &handoff.Target{Table: t.table.Name, Column: t.Name}
	if t.constant() || t.Distinct < 2 && !t.ManyDistinct {
		return d.constantTarget()
	}
	kind, err := d.kind()
	if err != nil {
		return err
	}
	d.ProblemType = kind
	spec := ""
	if d.spec.Target != nil && d.spec.Target.Positive != nil {
		spec = *d.spec.Target.Positive
	}
	positive, where, given := d.given("/target/positive", "--positive", d.settings.Positive, "positive", spec)
	switch {
	case kind == "regression" && given:
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_class", Where: where,
			What: fmt.Sprintf("column %s holds numbers, it has no class to be positive", t.Name), Fix: "leave --positive out, or predict another column",
		}
	case kind == "regression":
		return nil
	case kind == "binary" && t.Distinct == 2 || given:
		return d.choosePositive(positive)
	}
	if value, ok := d.within(); ok {
		return d.choosePositive(value)
	}
	for _, l := range t.Levels {
		d.Classes = append(d.Classes, l.Value)
	}
	sortClasses(d.Classes, t.Kind)
	return nil
}

func (d *draft) constantTarget() error {
	t := d.target
	what, why := fmt.Sprintf("target column %s has one value in all rows", t.Name), fmt.Sprintf("%s of %s have a value, and it is the same", thousands(t.present()), plural(t.table.Rows, "row"))
	if t.Distinct == 0 {
		what, why = fmt.Sprintf("target column %s has no value in any row", t.Name), plural(t.table.Rows, "row")+" were looked at"
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: "data.constant_target", Where: t.String(), What: what, Why: why,
		Fix: "give rows with both outcomes, or name another column with --target",
	}
}

// kind is binary, multiclass or regression.
func (d *draft) kind() (string, error) {
	t := d.target
	if asked, _, ok := d.given("/problem_type", "", "", "problem_type", d.spec.ProblemType); ok {
		return asked, d.canBe(asked)
	}
	wish := d.wish()
	_, one := d.askedPositive()
	switch {
	case !t.ManyDistinct && t.Distinct == 2:
		d.clause("/problem_type", "column "+d.short(t)+" has two values", fromData)
		return "binary", nil
	case t.Kind == table.Text:
		d.clause("/problem_type", fmt.Sprintf("column %s has %d values", d.short(t), t.Distinct), fromData)
		if one {
			return "multiclass", nil // one value against all others
		}
		return "multiclass", d.canBe("multiclass")
	case !t.Integer || !t.few() || t.Distinct > 20:
		d.clause("/problem_type", "column "+d.short(t)+" holds numbers", fromData)
		return "regression", nil
	case wish != "":
		d.assume(0.85, "the wording of the request", "the %d whole numbers of %s are %s", t.Distinct, d.short(t), wordsOf(wish))
		return wish, nil
	case t.Distinct <= 10:
		d.assume(0.7, fmt.Sprintf("there are only %d of them; --set problem_type=regression says otherwise", t.Distinct), "the whole numbers of %s are classes", d.short(t))
		return "multiclass", nil
	}
	d.assume(0.6, fmt.Sprintf("there are %d of them; --set problem_type=multiclass says otherwise", t.Distinct), "the whole numbers of %s are amounts", d.short(t))
	return "regression", nil
}

func wordsOf(kind string) string {
	if kind == "regression" {
		return "amounts"
	}
	return "classes"
}

// wish is what the wording says of a column of few whole numbers: a score
// that fits one kind only, "how many", "which class".
func (d *draft) wish() string {
	name := d.settings.Metric
	if name == "" {
		name = d.r.said.metric
	}
	switch {
	case slices.Contains([]string{"rmse", "mae", "r2", "mape"}, name):
		return "regression"
	case name != "":
		return "multiclass"
	case d.r.quantity && !d.r.sorting:
		return "regression"
	case d.r.sorting && !d.r.quantity:
		return "multiclass"
	}
	return ""
}

// canBe tells why the target cannot be predicted as the kind that is asked.
func (d *draft) canBe(kind string) error {
	t := d.target
	fault := func(what, fix string) error {
		return &problem.Problem{Kind: problem.Blocked, Code: "scope.target_kind", Where: t.String(), What: what, Fix: fix}
	}
	switch kind {
	case "regression":
		if t.Kind != table.Number {
			return fault(fmt.Sprintf("column %s holds %s, not numbers", t.Name, t.Kind), "name a column of numbers with --target")
		}
	case "binary":
		if _, one := d.askedPositive(); t.Distinct != 2 && !one {
			return fault(fmt.Sprintf("column %s has %s different values, not two", t.Name, distinct(t)), "say which one is the class of interest with --positive")
		}
	}
	if t.Kind == table.Time {
		return fault(fmt.Sprintf("column %s holds dates, which cannot be predicted", t.Name), "name another column with --target")
	}
	if kind == "multiclass" && t.Distinct == 2 {
		return fault(fmt.Sprintf("column %s has two different values, which is binary", t.Name), "leave problem_type out")
	}
	if kind == "multiclass" && (!t.few() || t.Distinct > maxClasses) {
		return fault(fmt.Sprintf("column %s has %s different values, too many for classes", t.Name, distinct(t)),
			fmt.Sprintf("at most %d classes can be told apart: group the values, or say which one is the class of interest with --positive", maxClasses))
	}
	return nil
}

// askedPositive is the class of interest that a person gave; given is false
// where nobody did.
func (d *draft) askedPositive() (value string, given bool) {
	switch {
	case d.settings.Positive != "":
		return d.settings.Positive, true
	case d.settings.Set["positive"] != "":
		return d.settings.Set["positive"], true
	case d.spec.Target != nil && d.spec.Target.Positive != nil:
		return *d.spec.Target.Positive, true
	}
	return "", false
}

// distinct is the number of different values of a column in words.
func distinct(c *column) string {
	if c.values < 0 {
		return "more than " + thousands(c.Distinct)
	}
	return thousands(c.values)
}
