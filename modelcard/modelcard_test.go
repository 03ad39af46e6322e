package modelcard_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/modelcard"
)

func measure(value, low, high float64) handoff.Measure {
	return handoff.Measure{Value: &value, Low: &low, High: &high}
}

// What differs is said with figures, and not at any length.
func TestDifferencesInWords(t *testing.T) {
	b := handoff.Breakdown{Column: "region"}
	for range 6 {
		b.Differences = append(b.Differences, handoff.Difference{Group: "north", What: "loss", Value: 0.51234, Others: 0.2, P: 1e-9})
	}
	want := "More than noise: loss a row 0.512 in north, 0.2 in the others (p below 0.0001); "
	if got := modelcard.Differences(b); len(got) > 400 || !strings.HasPrefix(got, want) || !strings.Contains(got, "and 2 more") {
		t.Errorf("got %q", got)
	}
}

// The worst segments are those with the largest loss; what is more than noise
// is marked, also where the other one of two groups stands for it.
func TestWorst(t *testing.T) {
	group := func(name string, loss float64) handoff.Group {
		return handoff.Group{Group: name, Scores: map[string]handoff.Measure{"log_loss": measure(loss, 0, 1)}}
	}
	all := []handoff.Breakdown{
		{Column: "plan", Groups: []handoff.Group{group("basic", 0.2), group("gold", 0.5)}, Differences: []handoff.Difference{{Group: "basic", What: "loss", Value: 0.2, Others: 0.5}}},
		{Column: "age", Groups: []handoff.Group{group("below 30", 0.4), group("30 to 50", 0.3), group("50 or more", 0.1)}, Differences: []handoff.Difference{{Group: "50 or more", What: "loss", Value: 0.1, Others: 0.35}}},
	}
	shown, of := modelcard.Worst(all, "log_loss", 3)
	var got []string
	for _, g := range shown {
		got = append(got, g.Group)
	}
	if diff := cmp.Diff([]string{"plan: gold *", "age: below 30", "age: 30 to 50"}, got); diff != "" || of != 5 {
		t.Errorf("%d in all; %s", of, diff)
	}
}

func TestCalls(t *testing.T) {
	fp, fn, most, none, all := 1.0, 5.0, 0.2, 1.5, 0.7
	d := &handoff.Decision{Rule: "f1", Called: measure(0.1, 0.08, 0.12)}
	if got, want := modelcard.Calls(d), "The threshold is the one with the best F1 out of fold. On the sealed test it calls 10.0 % (8.0 to 12.0) of the rows positive."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	d = &handoff.Decision{Rule: "cost", CostFP: &fp, CostFN: &fn, Capacity: &most, Called: d.Called, Cost: measure(0.41, 0.38, 0.44), CostNone: &none, CostAll: &all}
	want := "The threshold is chosen by a cost of 1 for a false alarm and 5 for a miss, calling at most 20.0 % of the rows. On the sealed test it calls 10.0 % (8.0 to 12.0) of the rows positive, at a cost of 0.41 (0.38 to 0.44) a row; calling none costs 1.5, calling all 0.7."
	if got := modelcard.Calls(d); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := modelcard.Calls(nil); got != "" {
		t.Errorf("of no threshold it says %q", got)
	}
}

func TestWrite(t *testing.T) {
	predicted := 0.31
	groups := []handoff.Breakdown{{Column: "re|gion", Groups: []handoff.Group{{
		Group: "no|rth", Rows: 30, Scores: map[string]handoff.Measure{"auc": measure(0.8, 0.7, 0.9)}, Predicted: &predicted,
		Observed: measure(0.3, 0.2, 0.4), Called: measure(0.1, 0.05, 0.2), FalsePositives: measure(0.01, 0, 0.05), Held: measure(0.9, 0.85, 0.95),
	}}}}
	tested := modelcard.Tested{
		Task: "binary", Sets: &handoff.Sets{Coverage: 0.9, Held: measure(0.905, 0.88, 0.93), Low: 0.88, High: 0.92, Size: 1.25},
		Groups: groups, Segments: groups,
	}
	var b strings.Builder
	tested.Write(&b, "##")
	for _, want := range []string{
		"promise to hold the truth of 90.0 % of new rows", "90.5 % (88.0 to 93.0) of the rows; a kept promise gives 88.0 % to 92.0 %. A set has 1.25 classes",
		`| no\|rth | 30 | 0.8 (0.7 to 0.9) | 0.31 | 0.3 (0.2 to 0.4) | 10.0 % (5.0 to 20.0) | 1.0 % (0.0 to 5.0) | – | 90.0 % (85.0 to 95.0) |`,
		"## By group", "No difference between the groups is more than noise.", "## Where it is worst", "The 1 of 1 segments",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, &b)
		}
	}
	b.Reset()
	(modelcard.Tested{Task: "binary"}).Write(&b, "##")
	if b.Len() > 0 {
		t.Errorf("of nothing it says %q", &b)
	}
}
