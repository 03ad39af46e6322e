package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
)

// Features with curves are drawn in the order of their rank: numbers as a line
// whose ends are named, categories as a row for each level.
func TestEffects(t *testing.T) {
	step := func(mean float64) handoff.Step {
		return handoff.Step{Mean: mean, Low: mean - 0.1, High: mean + 0.1, Rows: 20}
	}
	number := func(value, mean float64) handoff.Step { s := step(mean); s.Value = &value; return s }
	level := func(name string, mean float64) handoff.Step { s := step(mean); s.Level = &name; return s }
	f := &handoff.Features{
		Kept: []handoff.Feature{
			{Name: `<plan>`, Kind: "category", Rank: 2, Class: new("yes"), Curve: []handoff.Step{level("gold & more", 0.6), step(0.3)}},
			{Name: "unknown", Kind: "number", Rank: 3},
			{Name: "months", Kind: "number", Rank: 1, Class: new("yes"), Curve: []handoff.Step{number(0, 0.2), number(10, 0.4), number(40, 0.8), step(0.5)}},
		},
		Interactions: []handoff.Interaction{{A: "months", B: "<plan>", Strength: 0.25}},
	}
	f.Dataset.Scope.Classes = []string{"no", "yes"}
	got := effectsOf(f)
	if got.Scores != "probability of “yes”" || !cmp.Equal(got.Pairs, []string{"months and <plan> (25.0 %)"}) {
		t.Errorf("%+v", got)
	}
	months, plan := got.Of[0], got.Of[1]
	if months.Name != "months" || months.Note != "0.2 to 0.8" || months.From != "0" || months.To != "40" || months.Missing != "0.5" || months.Levels != nil {
		t.Errorf("%+v", months)
	}
	// One scale for all, 0.1 to 0.9 and 0.048 of air on either side; ten is a
	// quarter of the way.
	if !strings.Contains(string(months.Line), `class="mean" points="0.00,33.39 25.00,24.46 100.00,6.61"`) {
		t.Errorf("%s", months.Line)
	}
	if n := strings.Count(string(months.Line), ","); n != 3+6 {
		t.Errorf("%d points: %s", n, months.Line)
	}
	if plan.Name != "<plan>" || plan.Line != "" || len(plan.Levels.Rows) != 2 || plan.Levels.Rows[0].Name != "gold & more" || plan.Levels.Rows[1].Name != "missing" {
		t.Errorf("%+v", plan)
	}
	if months.Line != drawLine("months", f.Kept[2].Curve[:3], plan.Levels.Scale) {
		t.Error("the features have scales of their own")
	}
	if strings.Contains(string(drawLine(`"><b>`, f.Kept[2].Curve[:3], plan.Levels.Scale)), "<b>") {
		t.Error("a name is taken for HTML")
	}
	f.Dataset.Scope.Classes = []string{"no", "yes", "perhaps"}
	if got := effectsOf(f); got.Scores != "probability of the class that is named" || got.Of[0].Note != "yes: 0.2 to 0.8" {
		t.Errorf("of three classes: %+v", got)
	}
	if effectsOf(&handoff.Features{Kept: f.Kept[1:2]}) != nil {
		t.Error("nothing was measured, but something is drawn")
	}
}
