// Package settings is the one table of what --set understands.
//
// A person gives --set key=value; a key is a setting of the run or the id of
// a question. Check looks at the whole map before anything runs, so that who
// reads a value later may take it as sound.
package settings

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

// Type is how a value is written.
type Type string

const (
	Whole    Type = "whole number"
	Decimal  Type = "number"
	Share    Type = "share, such as 0.6 or 60%"
	Date     Type = "date, such as 2024-06-30"
	Duration Type = "duration, such as 30s or 5m"
	Choice   Type = "choice"
	Free     Type = "text"
)

// Key is one key of --set.
type Key struct {
	Name    string // "criteria.METRIC" stands for one key per score
	Type    Type
	Unit    string   // "days", "rows"; "" where there is none
	Low     float64  // smallest value of a number, which is allowed
	High    float64  // largest, allowed; 0 is no limit
	Choices []string // Choice only
	Text    string   // what it sets, in words
	Readers []handoff.Agent
}

// criteria begins the keys that name a score.
const criteria = "criteria."

// maxDays is a century: a longer window is a slip of the pen.
const maxDays = 36525

var keys = []Key{
	{Name: "minimum_samples", Type: Whole, Unit: "rows", Low: 1, Text: "rows that the main table needs", Readers: []handoff.Agent{handoff.ScopeDefiner, handoff.DataPreparer}},
	{Name: "horizon_days", Type: Whole, Unit: "days", Low: 1, High: maxDays, Text: "how far ahead is predicted", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "gap_days", Type: Whole, Unit: "days", Low: 0, High: maxDays, Text: "days after a snapshot that are not known yet (data lag)", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "label_days", Type: Whole, Unit: "days", Low: 1, High: maxDays, Text: "length of the window that the label looks at", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "observation_days", Type: Whole, Unit: "days", Low: 1, High: maxDays, Text: "length of the window before the snapshot", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "as_of", Type: Date, Text: "the day that the data is looked at from; default: the newest event", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "unit", Type: Choice, Choices: []string{"known_entities", "new_entities"}, Text: "whether entities of the test may be in the training rows", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "criteria.METRIC", Type: Decimal, Low: math.Inf(-1), Text: "bar for a score on the sealed test", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "split.by", Type: Choice, Choices: []string{"stratified", "time", "entity"}, Text: "how the parts are cut", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "split.train", Type: Share, High: 1, Text: "share of the rows", Readers: []handoff.Agent{handoff.DataPreparer}},
	{Name: "split.validation", Type: Share, High: 1, Text: "share of the rows", Readers: []handoff.Agent{handoff.DataPreparer}},
	{Name: "split.test", Type: Share, High: 1, Text: "share of the rows", Readers: []handoff.Agent{handoff.DataPreparer}},
	{Name: "split.holdout", Type: Share, High: 1, Text: "share of the rows", Readers: []handoff.Agent{handoff.DataPreparer}},
	{Name: "threshold.cost_fp", Type: Decimal, Text: "cost of calling a negative positive; 1 where only cost_fn is given", Readers: []handoff.Agent{handoff.ModelTrainer}},
	{Name: "threshold.cost_fn", Type: Decimal, Text: "cost of missing a positive; 1 where only cost_fp is given", Readers: []handoff.Agent{handoff.ModelTrainer}},
	{Name: "threshold.capacity", Type: Share, High: 1, Text: "share of the rows that can be acted on", Readers: []handoff.Agent{handoff.ModelTrainer}},
	{Name: "coverage", Type: Share, Low: 0.5, High: 0.99, Text: "share of new rows whose truth the intervals or sets of classes hold; default 0.9", Readers: []handoff.Agent{handoff.ModelTrainer}},
	{Name: "identical_rows", Type: Choice, Choices: []string{"on", "off"}, Text: "whether answers of training rows may count for new rows that are identical to them, which keeps a hash and a prediction of each in the model file; default on", Readers: []handoff.Agent{handoff.ModelTrainer}},
	{Name: "bake", Type: Duration, Text: "how long a new model is watched before it is trusted", Readers: []handoff.Agent{handoff.ModelDeployer}},

	// Answers to the scope definer's questions.
	{Name: "target", Type: Free, Text: "answer: the column to predict, as COLUMN or TABLE.COLUMN", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "positive", Type: Free, Text: "answer: the class of interest", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "problem_type", Type: Choice, Choices: []string{"binary", "multiclass", "regression"}, Text: "answer: what kind of answer is predicted", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "entity", Type: Free, Text: "answer: the key columns of what is predicted for, with commas", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "time", Type: Free, Text: "answer: the column that tells when a row came to be, or none", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "events", Type: Free, Text: "answer: the table whose events make the label", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "value", Type: Free, Text: "answer: the column of the events that is summed, or none to count them", Readers: []handoff.Agent{handoff.ScopeDefiner}},
	{Name: "filter", Type: Free, Text: "answer: TABLE.COLUMN=VALUE that the rows are kept by, or none", Readers: []handoff.Agent{handoff.ScopeDefiner}},
}

// Keys is every key, in the order of the help.
func Keys() []Key { return slices.Clone(keys) }

// find is the key that name means; a criteria key has its score's name.
func find(name string) (Key, error) {
	if score, ok := strings.CutPrefix(name, criteria); ok {
		n, err := metric.Parse(score)
		if err != nil {
			return Key{}, err
		}
		name = criteria + "METRIC"
		if string(n) != score {
			p := problem.Problem{
				Kind: problem.Usage, Code: "settings.unknown_key", What: "there is no such key",
				Nearest: []string{criteria + string(n)}, Fix: "use " + criteria + string(n),
			}
			return Key{}, &p
		}
	}
	if i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name }); i >= 0 {
		return keys[i], nil
	}
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	all := strings.Join(names, ", ")
	distance := func(n string) int { return levenshtein.ComputeDistance(name, n) }
	slices.SortStableFunc(names, func(a, b string) int { return distance(a) - distance(b) })
	return Key{}, &problem.Problem{
		Kind: problem.Usage, Code: "settings.unknown_key",
		What: "there is no such key", Why: "the keys are " + all, Nearest: names[:3], Fix: "use " + names[0],
	}
}

// Check looks at every key and value. The first fault, in the order of the
// keys, is a *problem.Problem of kind Usage whose Why tells of the others.
func Check(set map[string]string) error {
	var faults []*problem.Problem
	for _, name := range slices.Sorted(maps.Keys(set)) {
		key, err := find(name)
		if err == nil {
			err = key.check(set[name])
		}
		if err == nil {
			continue
		}
		p := problem.As(err)
		p.Where = "--set " + name
		faults = append(faults, p)
	}
	if len(faults) == 0 {
		if _, err := Shares(set); err != nil {
			return err
		}
		return nil
	}
	first := faults[0]
	for _, other := range faults[1:] {
		if first.Why != "" {
			first.Why += "; "
		}
		first.Why += other.Where + ": " + other.What
	}
	return first
}

func (k Key) check(value string) error {
	var number float64
	var err error
	switch k.Type {
	case Free:
		if strings.TrimSpace(value) == "" {
			return k.wrong("the value is empty")
		}
		return nil
	case Choice:
		if !slices.Contains(k.Choices, value) {
			return k.wrong("this is none of " + strings.Join(k.Choices, ", "))
		}
		return nil
	case Date:
		_, err = day(value)
		return k.unless(err)
	case Duration:
		var d time.Duration
		if d, err = time.ParseDuration(value); err == nil && d < 0 {
			err = fmt.Errorf("negative")
		}
		return k.unless(err)
	case Whole:
		var n int
		n, err = strconv.Atoi(strings.TrimSpace(value))
		number = float64(n)
	case Decimal:
		number, err = decimal(value)
	case Share:
		number, err = share(value)
	}
	if err != nil {
		return k.unless(err)
	}
	if !(number >= k.Low) || k.High > 0 && number > k.High {
		return k.wrong("the value must be " + k.bounds())
	}
	return nil
}

func (k Key) unless(err error) error {
	if err == nil {
		return nil
	}
	return k.wrong("the value is no " + string(k.Type))
}

func (k Key) wrong(what string) error {
	p := &problem.Problem{Kind: problem.Usage, Code: "settings.value", What: what, Fix: "give a " + string(k.Type)}
	switch {
	case k.Type == Choice:
		p.Nearest, p.Fix = k.Choices, "give one of "+strings.Join(k.Choices, ", ")
	case k.Unit != "":
		p.Fix += " of " + k.Unit
	}
	return p
}

func (k Key) bounds() string {
	low := strconv.FormatFloat(k.Low, 'g', -1, 64)
	if k.High > 0 {
		return "from " + low + " to " + strconv.FormatFloat(k.High, 'g', -1, 64)
	}
	return low + " or more"
}
