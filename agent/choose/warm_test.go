package choose

import (
	"slices"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/portfolio"
)

// earlier is a model of a run on so many rows of columns named so, that did so
// many units on 5 folds.
func earlier(problem string, classes []string, rows int64, units int, columns ...string) handoff.Model {
	var m handoff.Model
	m.Choice.Folds.Count, m.Effort.Units = 5, units
	f := &m.Choice.Features
	f.Dataset.Scope.ProblemType, f.Dataset.Scope.Classes, f.Dataset.Rows.Fit.Rows = problem, classes, rows
	for _, c := range columns {
		f.Kept = append(f.Kept, handoff.Feature{Name: "f " + c, SourceColumns: []string{c}})
	}
	return m
}

func TestLikeness(t *testing.T) {
	yes := []string{"no", "yes"}
	here := earlier("binary", yes, 4_000, 0, "a", "b", "c", "d", "e").Choice.Features
	all := planOf(earlier("binary", yes, 4_000, 0, "a", "b", "c", "d", "e")).StandardUnits(5)
	for name, c := range map[string]struct {
		m      handoff.Model
		shared float64 // 0: not like it
	}{
		"the same":                  {earlier("binary", yes, 4_000, all, "a", "b", "c", "d", "e"), 1},
		"four of five columns":      {earlier("binary", yes, 4_000, all, "a", "b", "c", "d"), 0.8},
		"three of five columns":     {earlier("binary", yes, 4_000, all, "a", "b", "c"), 0},
		"four of six in either":     {earlier("binary", yes, 4_000, all, "a", "b", "c", "d", "x"), 0},
		"four times as many rows":   {earlier("binary", yes, 16_000, all, "a", "b", "c", "d", "e"), 1},
		"more than that":            {earlier("binary", yes, 16_100, all, "a", "b", "c", "d", "e"), 0},
		"a quarter of the rows":     {earlier("binary", yes, 1_000, all, "a", "b", "c", "d", "e"), 1},
		"another kind of question":  {earlier("regression", nil, 4_000, all, "a", "b", "c", "d", "e"), 0},
		"more classes":              {earlier("binary", []string{"a", "b", "c"}, 4_000, all, "a", "b", "c", "d", "e"), 0},
		"less than standard effort": {earlier("binary", yes, 4_000, all-5, "a", "b", "c", "d", "e"), 0},
	} {
		w, _ := likeness(here, c.m)
		if got := w != nil; got != (c.shared > 0) || got && (w.Shared < c.shared-1e-9 || w.Shared > c.shared+1e-9) {
			t.Errorf("%s: %+v, want %g of the inputs shared", name, w, c.shared)
		}
	}
}

// What had weight comes first, what was tried in vain last, and what the
// earlier run could not try between them.
func TestOrderOfAnEarlierRun(t *testing.T) {
	m := earlier("binary", []string{"no", "yes"}, 4_000, 100, "a", "b", "c")
	m.Members = []handoff.Member{
		{ID: "boosted_trees", Weight: 0.1}, {ID: "neural_net", Weight: 0.2}, {ID: "linear_pairs", Weight: 0.3}, {ID: "neural_net, repeat 2", Weight: 0.4},
	}
	plan := planOf(m)
	got, later := order(plan, m), plan.Later()
	if got[0] != "neural_net" || got[1] != "linear_pairs" {
		t.Errorf("the order is %v", got)
	}
	want := slices.DeleteFunc(later, func(id string) bool { return id == "neural_net" || id == "linear_pairs" })
	if !slices.Equal(got[2:], want) {
		t.Errorf("without weight there is %v, want the usual order %v", got[2:], want)
	}
	huge := portfolio.New(portfolio.Shape{Task: "binary", Classes: 2, Rows: 1_000_000, Columns: 28}, false)
	tried := plan.Later()
	last := false // one that was tried in vain came
	for _, id := range order(huge, earlier("binary", []string{"no", "yes"}, 4_000, 100, "a", "b", "c")) {
		if slices.Contains(tried, id) {
			last = true
		} else if last {
			t.Errorf("%s, which was never tried, comes after what was tried in vain", id)
		}
	}
}
