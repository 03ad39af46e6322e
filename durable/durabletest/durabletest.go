// Package durabletest lets the test of an agent run it as the engine does:
// with a real ledger, real artifacts and a real run, in the test's own folder.
//
//	run := durabletest.Begin(t, brief)
//	scope := durable.Do(ctx, run, scope.Step(), brief)
//	dataset := durable.Do(ctx, run, prepare.Step(), scope)
//	if err := run.Err(); err != nil { ... }
package durabletest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/source"
)

// Options are those of a run in a workspace of the test's own, which is
// removed when the test ends.
func Options(t testing.TB, brief handoff.Brief) durable.Options {
	t.Helper()
	return In(t, t.TempDir(), brief)
}

// In is Options for a workspace that the test keeps, to begin several runs in.
func In(t testing.TB, workspace string, brief handoff.Brief) durable.Options {
	t.Helper()
	l, err := sqlite.Open(context.Background(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	files, err := artifact.Open(filepath.Join(workspace, "artifacts"))
	if err != nil {
		t.Fatal(err)
	}
	return durable.Options{Workspace: workspace, Ledger: l, Artifacts: files, Program: "test", Brief: brief, Locate: source.Paths}
}

// Begin begins a run in a workspace of the test's own and ends it with the
// test.
func Begin(t testing.TB, brief handoff.Brief) *durable.Run {
	t.Helper()
	r, err := durable.Begin(context.Background(), Options(t, brief))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := r.End(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return r
}
