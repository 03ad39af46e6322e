package durable_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// TestPanicAnywhereEndsInAProblem lets every part of a step panic.
func TestPanicAnywhereEndsInAProblem(t *testing.T) {
	for name, breakIt := range map[string]func(*durable.Step[handoff.Brief, words]){
		"reads": func(s *durable.Step[handoff.Brief, words]) { s.Reads = func(handoff.Settings) any { panic("reads") } },
		"keep": func(s *durable.Step[handoff.Brief, words]) {
			s.Keep = func(context.Context, *durable.Desk, words) error { panic("keep") }
		},
		"work": func(s *durable.Step[handoff.Brief, words]) {
			s.Work = func(context.Context, *durable.Desk, handoff.Brief) (words, error) { panic("work") }
		},
	} {
		o := durabletest.Options(t, source(t, "a"))
		ctx := context.Background()
		r, _ := durable.Begin(ctx, o)
		step := (&mill{}).split()
		breakIt(&step)
		durable.Do(ctx, r, step, r.Brief())
		if record, err := r.End(ctx); err != nil || record.Status != ledger.Failed || record.Problem.Code != "program.bug" {
			t.Errorf("%s: %v, %s %+v", name, err, record.Status, record.Problem)
		}
	}
}

// carried is a panic of another goroutine.
type carried struct{}

func (carried) Error() string { return "carried" }
func (carried) Stack() string { return "where it began" }

// The log has the stack of the goroutine that a panic began on, whether it comes as
// a panic or has become the cause of a problem.
func TestLogHasTheStackOfACarriedPanic(t *testing.T) {
	for name, work := range map[string]func() error{
		"a panic":   func() error { panic(carried{}) },
		"a problem": func() error { return &problem.Problem{Kind: problem.Failed, Code: "program.bug", Cause: carried{}} },
	} {
		o := durabletest.Options(t, source(t, "a"))
		ctx := t.Context()
		r, err := durable.Begin(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		step := (&mill{}).split()
		step.Work = func(context.Context, *durable.Desk, handoff.Brief) (words, error) { return words{}, work() }
		durable.Do(ctx, r, step, r.Brief())
		if _, err := r.End(ctx); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(filepath.Join(durable.RunDir(o.Workspace, r.ID()), "log.ndjson"))
		if n := strings.Count(string(log), `"stack":"where it began"`); err != nil || n != 1 {
			t.Errorf("%s: %d such lines in the log, %v", name, n, err)
		}
	}
}
