// Package durable makes work survive: it checks what goes in, re-uses a
// finished result or works, checks what comes out, and records it.
//
// Work is keyed by content. The key of a step is the SHA-256 of its agent and
// version, the program's version, the digest of its canonical input (which
// names all data by digest) and the settings it reads. Resume, caching and
// partial runs are the same thing: look the key up; if absent, work, validate,
// record.
package durable

import (
	"context"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// Step is an agent as the engine sees it: I is the payload it takes (the
// brief for the first), O the one it gives.
type Step[I, O any] struct {
	Agent   handoff.Agent
	Version int // raised whenever equal input would give another result

	// Reads gives the part of the settings that the step's result depends on.
	// It is marshalled into the key, so it has only what matters. nil reads
	// nothing.
	Reads func(handoff.Settings) any

	// Effect marks a step that changes the world outside the ledger (deploy,
	// observe). Its result is re-used only inside its own run.
	Effect bool

	// Holds, if not nil, tells whether the effect that a result describes still
	// holds. One that does not is not re-used, not even inside its run.
	Holds func(ctx context.Context, d *Desk, out O) bool

	// Gates are the checks that Work must report with Desk.Checked before it
	// returns an output. One that it does not report blocks the run, unless
	// waived (gate.skipped:NAME): a gate fails closed.
	Gates []string

	// Keep, if not nil, is called whenever an output enters a run, worked or
	// re-used, before its envelope is recorded. Calling it again with the same
	// output changes nothing.
	Keep func(ctx context.Context, d *Desk, out O) error

	Policy Policy
	Work   func(ctx context.Context, d *Desk, in I) (O, error)
}

// Policy is how a step's failures are handled. Only errors that can pass the
// second time are retried: those that Retry wraps. A refused input never is.
type Policy struct {
	Attempts int           // 0 is 1
	Backoff  time.Duration // before the second attempt; doubles, at most MaxBackoff
	Timeout  time.Duration // of one attempt; 0 is none
}

// MaxBackoff is the longest wait between two attempts.
const MaxBackoff = time.Minute
