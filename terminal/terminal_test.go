package terminal_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/terminal"
)

func TestProblem(t *testing.T) {
	spec := filepath.Join(t.TempDir(), "spec.yaml")
	if err := os.WriteFile(spec, []byte("metric: auc\ntarget: churn_flg\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		in   problem.Problem
		want string
	}{
		{
			"everything, with a place in a file",
			problem.Problem{
				Code: "data.no_target", Where: spec + ":2:9", What: `target column "churn_flg" is not in any table`, Why: "it was looked for in 2 tables",
				Nearest: []string{"status.churn_flag", "rx.churn"}, Fix: "septet run … --target status.churn_flag",
			},
			`error[data.no_target]: target column "churn_flg" is not in any table
  → ` + spec + `:2:9
      target: churn_flg
              ^
  it was looked for in 2 tables
  nearest: status.churn_flag, rx.churn
  fix: septet run … --target status.churn_flag
  help: septet explain data.no_target
`,
		},
		{
			"only what is wrong",
			problem.Problem{Code: "septet.error", What: "the disk is full"},
			"error[septet.error]: the disk is full\n  help: septet explain septet.error\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b strings.Builder
			terminal.Problem(&b, terminal.Style{}, &test.in)
			if diff := cmp.Diff(test.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// story is a run of two agents, one of which finds something.
func story(begin time.Time) []durable.Event {
	column := "last_fill"
	finding := handoff.Finding{ID: "data_preparer-1", Code: "leak.after_outcome", Severity: handoff.Warning, Column: &column, Action: handoff.Removed}
	at := func(seconds float64, e durable.Event) durable.Event {
		e.RunID, e.Time = "r-1", begin.Add(time.Duration(seconds*float64(time.Second)))
		return e
	}
	return []durable.Event{
		at(0, durable.Event{What: durable.RunStarted}),
		at(0, durable.Event{What: durable.AgentStarted, Agent: handoff.ScopeDefiner}),
		at(0.3, durable.Event{What: durable.Headlined, Agent: handoff.ScopeDefiner, Text: "churn, 90 days ahead"}),
		at(0.4, durable.Event{What: durable.AgentFinished, Agent: handoff.ScopeDefiner, Status: "success", Seconds: 0.4}),
		at(0.4, durable.Event{What: durable.AgentStarted, Agent: handoff.DataPreparer}),
		at(0.5, durable.Event{What: durable.Progressed, Agent: handoff.DataPreparer, Done: 1, Total: 4, Text: "table"}),
		at(1.0, durable.Event{What: durable.Found, Agent: handoff.DataPreparer, Finding: &finding}),
		at(4.4, durable.Event{What: durable.Progressed, Agent: handoff.DataPreparer, Done: 2, Total: 4, Text: "table"}),
	}
}

func TestPlainSaysTwoLinesAnAgentAndBeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b bytes.Buffer
		p := terminal.NewPlain(&b)
		for _, e := range story(time.Now()) {
			p.Event(e)
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		p.Event(durable.Event{RunID: "r-1", Time: time.Now(), What: durable.AgentFinished, Agent: handoff.DataPreparer, Status: "success", Text: "quality 0.93 · 1 leak removed", Seconds: 11})
		p.Close()
		want := `  ◐ scope
  ✓ scope      churn, 90 days ahead                                                            0.4 s
  ◐ data
  ◐ data       table 2 of 4 · about 19 s left                                                  9.6 s
  ! data       quality 0.93 · 1 leak removed                                                  11.0 s
`
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWaivedFindingIsNoWarning(t *testing.T) {
	b := terminal.NewBoard()
	events := story(time.Now())
	for _, e := range events {
		b.Apply(e)
	}
	if got := b.Rows[1].Warnings; got != 1 {
		t.Errorf("%d warnings, want 1", got)
	}
	waived := *events[6].Finding
	waived.Action = handoff.Waived
	for range 2 {
		b.Apply(durable.Event{What: durable.Found, Agent: handoff.DataPreparer, Finding: &waived})
	}
	if got := b.Rows[1].Warnings; got != 0 {
		t.Errorf("%d warnings after the waiver, want 0", got)
	}
}

func TestNDJSONIsOneObjectALine(t *testing.T) {
	var b bytes.Buffer
	p := terminal.NewNDJSON(&b)
	events := story(time.Now())
	for _, e := range events {
		p.Event(e)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if len(lines) != len(events) {
		t.Fatalf("%d lines, want %d", len(lines), len(events))
	}
	for _, line := range lines {
		var e durable.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}
