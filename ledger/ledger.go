// Package ledger is what survives a restart: the runs, what passed between
// the agents, which work is done, the registry of models, the history of
// deployments and the audit chain.
//
// A ledger is written in short transactions by several processes at once. A
// call that returned without error is on the disk. Every change appends an
// event to the audit chain, in which each event holds the digest of the one
// before; Verify replays it against everything that the ledger holds.
package ledger

import (
	"context"
	"errors"
	"io"

	"github.com/septet-ml/septet/handoff"
)

// ErrNotFound is the error of asking for what is not there.
var ErrNotFound = errors.New("not in the ledger")

// ErrExists is the error of beginning a run whose id is taken.
var ErrExists = errors.New("already in the ledger")

// Ledger is all of it. Every implementation passes ledgertest.Conform.
type Ledger interface {
	Runs
	Handoffs
	Work
	Registry
	Deployments
	Audit
	io.Closer
}

// Runs are the commands that were begun.
type Runs interface {
	BeginRun(ctx context.Context, r Run) error // ErrExists

	// UpdateRun reads, changes and writes one run in one transaction. An
	// error of change leaves the run as it was.
	UpdateRun(ctx context.Context, id string, change func(*Run) error) error

	Run(ctx context.Context, id string) (Run, error) // ErrNotFound

	// ListRuns is the newest runs first; limit 0 is all.
	ListRuns(ctx context.Context, limit int) ([]Run, error)
}

// Handoffs are the envelopes, in a hash chain for each run.
type Handoffs interface {
	// Record appends a valid envelope to its run and, where done is not nil,
	// notes its work under done.Key. The envelope's sequence and previous must
	// go on from the run's last one. Work that is noted already stays as it
	// is. also, where not nil, changes the run's record, which has its new
	// head. All of it happens or nothing.
	Record(ctx context.Context, e handoff.Envelope, done *Done, also func(*Run)) (id string, err error)

	// A damaged envelope is an error, never given out.
	Handoff(ctx context.Context, id string) (handoff.Envelope, error)       // ErrNotFound
	Handoffs(ctx context.Context, runID string) ([]handoff.Envelope, error) // in sequence

	// Quarantine keeps what was refused, apart from the handoffs.
	Quarantine(ctx context.Context, r Refused) error
	Quarantined(ctx context.Context, runID string) ([]Refused, error)
}

// Work is what is done already, by key.
type Work interface {
	Done(ctx context.Context, key string) (Done, error)       // ErrNotFound
	DoneBy(ctx context.Context, handoff string) (Done, error) // the work that an envelope noted; ErrNotFound

	Memo(ctx context.Context, key string) (handoff.Ref, error) // ErrNotFound
	// Remember notes a unit's result and gives the one that stands: the first.
	Remember(ctx context.Context, key string, ref handoff.Ref) (handoff.Ref, error)
	// Forget takes out a memo whose content is gone or damaged.
	Forget(ctx context.Context, key string) error
}

// Registry is the models by name and version. Versions count up per name from 1.
type Registry interface {
	// Register gives the model the next version of its name, or the version
	// that the same digest already has under that name. place puts the file
	// where it belongs and gives its Path; it is called inside the
	// transaction, also for a version that is there already, and an error of
	// it leaves the registry as it was. A model stays blessed once it is.
	Register(ctx context.Context, m Model, place func(version int) (path string, err error)) (Model, error)

	Model(ctx context.Context, name string, version int) (Model, error) // version 0 is the newest; ErrNotFound
	Models(ctx context.Context, name string) ([]Model, error)           // by name, then version; name "" is all
	SetStage(ctx context.Context, name string, version int, stage Stage) error
}

// Deployments is the history of what served where.
type Deployments interface {
	// Deploy appends to the history; a deployment whose status changes is
	// appended again with the same id.
	Deploy(ctx context.Context, d Deployment) error
	// Deployments is the last state of each, newest first; name "" is all.
	Deployments(ctx context.Context, name string) ([]Deployment, error)
}

// Audit is the chain of everything that happened.
type Audit interface {
	// Open counts one opening of a sealed file and gives its number, from 1.
	Open(ctx context.Context, o Opening) (int, error)
	Openings(ctx context.Context, sha256 string) ([]Opening, error)

	Note(ctx context.Context, runID, what string, body any) error
	Events(ctx context.Context, after int64, limit int) ([]Event, error) // in order; limit 0 is all

	// Verify gives everything that does not hold: a broken chain, a row that
	// is not what the chain says, an envelope that is not what its id says.
	Verify(ctx context.Context) ([]handoff.Fault, error)
}
