package scope

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// customers writes a table of n customers, one in four of whom churns.
func customers(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("customer_id,region,plan,age,monthly_charge,churn\n")
	for i := range n {
		fmt.Fprintf(&b, "C%05d,%s,%s,%d,%.2f,%s\n", i, []string{"North", "South", "East"}[i%3], []string{"basic", "gold"}[i%2], 18+i*7%60, 10+float64(i*13%900)/10,
			[]string{"Yes", "No", "No", "No"}[i*5%4])
	}
	path := filepath.Join(t.TempDir(), "customers.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestStep runs the agent as the engine does: its output passes the schema
// and the checks of the handoff, and it is found again.
func TestStep(t *testing.T) {
	path := customers(t, 600)
	brief := handoff.Brief{
		Request: "Which customers in the North will churn in the next 30 days?", Sources: []handoff.Source{{Path: path}},
		Settings: handoff.Settings{Set: map[string]string{"minimum_samples": "150"}},
	}
	workspace := t.TempDir()
	var scopes []handoff.Scope
	var headline string
	for range 2 {
		o := durabletest.In(t, workspace, brief)
		o.Events = func(e durable.Event) {
			if e.What == durable.Headlined {
				headline = e.Text
			}
		}
		run, err := durable.Begin(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		scopes = append(scopes, durable.Do(t.Context(), run, Step(), brief))
		if run.Err() != nil {
			t.Fatal(run.Err())
		}
		if _, err := run.End(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(scopes[0], scopes[1]); diff != "" {
		t.Errorf("the second run differs: %s", diff)
	}
	s := scopes[0]
	if s.Slug != "churn-north-customer" || s.Target.Column != "churn" || *s.Target.Positive != "Yes" || *s.HorizonDays != 30 {
		t.Errorf("got %s, %+v", s.Slug, s.Target)
	}
	if want := "churn of customers × North, 30 days ahead · binary, positive Yes (25.0 %) · 600 rows"; headline != want {
		t.Errorf("headline %q, want %q", headline, want)
	}
}

// TestStepEnds shows how the agent ends where it gives no scope.
func TestStepEnds(t *testing.T) {
	path := customers(t, 600)
	ask := func(request string, s handoff.Settings) error {
		brief := handoff.Brief{Request: request, Sources: []handoff.Source{{Path: path}}, Settings: s}
		run := durabletest.Begin(t, brief)
		durable.Do(t.Context(), run, Step(), brief)
		return run.Err()
	}
	var needs *durable.NeedsInput
	if err := ask("predict happiness", handoff.Settings{}); !errors.As(err, &needs) || needs.Questions[0].ID != "target" {
		t.Errorf("an unknown target: got %v, want a question", err)
	}
	if p := problem.As(ask("predict churn", handoff.Settings{Target: "chrun"})); p == nil || p.ExitCode() != 3 || p.Code != "data.no_target" || p.Nearest[0] != "churn" {
		t.Errorf("a misspelt target: got %v", p)
	}
	if p := problem.As(ask("predict churn", handoff.Settings{Set: map[string]string{"minimum_sample": "3"}})); p == nil || p.ExitCode() != 2 {
		t.Errorf("an unknown key: got %v", p)
	}
}
