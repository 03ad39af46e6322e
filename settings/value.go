package settings

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

// Int is a whole number of a map that passed Check; given is false where the
// map has no such key. It panics on a value that Check refuses, as does
// Float.
func Int(set map[string]string, key string) (value int, given bool) {
	text, given := set[key]
	if !given {
		return 0, false
	}
	value, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil {
		panic("settings: " + key + " was not checked")
	}
	return value, true
}

// Float is a number or a share of a map that passed Check.
func Float(set map[string]string, key string) (value float64, given bool) {
	text, given := set[key]
	if !given {
		return 0, false
	}
	value, err := share(text)
	if err != nil {
		panic("settings: " + key + " was not checked")
	}
	return value, true
}

// Bar is a score and the value that it must reach.
type Bar struct {
	Metric metric.Name
	Value  float64
}

// Bars are the criteria of a map that passed Check, in the order of their
// names.
func Bars(set map[string]string) []Bar {
	var bars []Bar
	for key := range set {
		if name, ok := strings.CutPrefix(key, criteria); ok {
			value, _ := Float(set, key)
			bars = append(bars, Bar{metric.Name(name), value})
		}
	}
	slices.SortFunc(bars, func(a, b Bar) int { return strings.Compare(string(a.Metric), string(b.Metric)) })
	return bars
}

// parts are the shares of the rows unless something else is asked.
var parts = []struct {
	name  string
	share float64
}{{"train", 0.60}, {"validation", 0.20}, {"test", 0.15}, {"holdout", 0.05}}

// Shares are the parts of the rows, which add up to 1. What is given stands;
// what is left goes to the others in proportion to 60/20/15/5. Only the
// holdout may be empty. What cannot be met is a Usage problem.
func Shares(set map[string]string) (map[string]float64, error) {
	given, rest := 0.0, 0.0
	out := map[string]float64{}
	for _, p := range parts {
		if value, ok := Float(set, "split."+p.name); ok {
			out[p.name] = value
			given += value
		} else {
			rest += p.share
		}
	}
	left := 1 - given
	if left < 1e-9 && left > -1e-9 {
		left = 0
	}
	for _, p := range parts {
		if _, ok := out[p.name]; !ok {
			out[p.name] = left * p.share / rest
		}
	}
	what := ""
	switch {
	case left < 0:
		what = fmt.Sprintf("the shares add up to %g, more than 1", given)
	case rest == 0 && left > 0:
		what = fmt.Sprintf("the shares add up to %g, not to 1", given)
	case !(out["train"] > 0 && out["validation"] > 0 && out["test"] > 0):
		what = "train, validation and test each need rows"
	default:
		return out, nil
	}
	return nil, &problem.Problem{
		Kind: problem.Usage, Code: "settings.value", Where: "--set split.…", What: what,
		Fix: "give shares that add up to 1, such as split.train=0.6 split.validation=0.2 split.test=0.2 split.holdout=0",
	}
}

func day(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	t, err := time.Parse("2006-01-02", text)
	if err == nil {
		return t, nil
	}
	t, err = time.Parse(time.RFC3339, text)
	return t.UTC().Truncate(24 * time.Hour), err
}

func decimal(text string) (float64, error) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err == nil && (math.IsNaN(x) || math.IsInf(x, 0)) {
		err = strconv.ErrRange
	}
	return x, err
}

// share reads 0.6 and 60%.
func share(text string) (float64, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(text), "%")
	x, err := decimal(number)
	if percent {
		x /= 100
	}
	return x, err
}

// Of are the entries of a map that an agent reads; nil where there are none.
// What an agent does not read is no part of its key.
func Of(set map[string]string, agent handoff.Agent) map[string]string {
	var out map[string]string
	for name, value := range set {
		key, err := find(name)
		if err != nil || !slices.Contains(key.Readers, agent) {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[name] = value
	}
	return out
}
