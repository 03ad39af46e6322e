package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// Words of a request that ask for events.
var (
	stopWords  = words("stop stops stopped stopping cease ceases ceasing discontinue discontinues discontinuing pause pauses inactive dormant silent")
	startWords = words("buy buys purchase purchases order orders convert converts redeem redeems visit visits return returns respond responds prescribe prescribes book books receive receives click clicks shop shops come comes use uses start starts begin begins pay paid open opens attend attends")
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
