package durable

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Options are what a run is made of.
type Options struct {
	Workspace string // absolute folder; the run's own files are in runs/ID/
	Ledger    ledger.Ledger
	Artifacts *artifact.Folder
	Program   string // version; of a development build the binary's digest
	Brief     handoff.Brief

	// Locate lists the files that the paths of the brief's sources name. nil
	// takes every path as a file.
	Locate func(paths []string) ([]string, error)

	// From, where set, takes the handoffs of the agents before it from FromRun
	// as they are.
	From    handoff.Agent
	FromRun string

	Events func(Event)      // nil drops them
	Now    func() time.Time // nil is time.Now
}

// Run is one run under way. The first error sticks: the steps after it do
// nothing.
type Run struct {
	workspace string
	program   string
	ledger    ledger.Ledger
	artifacts *artifact.Folder
	settings  handoff.Settings
	checker   *handoff.Checker
	now       func() time.Time
	locate    func(paths []string) ([]string, error)
	log       *slog.Logger
	tracer    trace.Tracer
	closers   []func() error
	trunk     trace.Span

	record   ledger.Run // as it was last written
	own      map[handoff.Agent]handoff.Envelope
	given    map[handoff.Agent]handoff.Envelope // of FromRun
	findings []handoff.Finding                  // so far, waived where waived

	before time.Duration // spent by earlier processes of this run
	began  time.Time     // of this process
	worked times         // of this process

	err    error
	cut    bool   // err is the end of the context: the run was interrupted
	done   bool   // ended early as asked
	handed string // id of the envelope whose output the next step takes

	events     func(Event)
	eventMutex sync.Mutex
	eventFile  *eventFile
	lastTick   time.Time // of an event of progress
	lastKept   time.Time // the same, in the file
}

// ID is the run's id.
func (r *Run) ID() string { return r.record.ID }

// Brief is what was asked for, as the first agent gets it: where the request
// names a place of this machine in full, only the last part of its name is
// left, since the request travels with the scope.
func (r *Run) Brief() handoff.Brief {
	brief := r.record.Brief
	for _, place := range r.private() {
		brief.Request = strings.ReplaceAll(brief.Request, place, filepath.Base(place))
	}
	return brief
}

// Err is the error that ended the run; nil while there is none.
func (r *Run) Err() error { return r.err }

// spent is how long the run has worked, processes before this one included.
func (r *Run) spent() time.Duration { return r.before + r.now().Sub(r.began) }

// emit tells everybody who watches: the receiver, and the run's own file.
func (r *Run) emit(e Event) {
	r.eventMutex.Lock()
	defer r.eventMutex.Unlock()
	r.tell(e, true)
}

// progress is emit with at least 50 ms between two events, and half a second
// in the file, unless the work is at its end.
func (r *Run) progress(e Event) {
	r.eventMutex.Lock()
	defer r.eventMutex.Unlock()
	now := r.now()
	last := e.Done == e.Total
	if !last && now.Sub(r.lastTick) < 50*time.Millisecond {
		return
	}
	r.lastTick = now
	keep := last || now.Sub(r.lastKept) >= 500*time.Millisecond
	if keep {
		r.lastKept = now
	}
	r.tell(e, keep)
}

func (r *Run) tell(e Event, keep bool) {
	e.Time, e.RunID = r.now().UTC(), r.record.ID
	if keep && r.eventFile != nil {
		r.eventFile.write(e)
	}
	if r.events != nil {
		r.events(e)
	}
}

// update changes the run's record in the ledger.
func (r *Run) update(ctx context.Context, change func(*ledger.Run)) error {
	ctx = context.WithoutCancel(ctx)
	err := r.ledger.UpdateRun(ctx, r.record.ID, func(record *ledger.Run) error {
		change(record)
		r.record = *record
		return nil
	})
	if err != nil {
		return fmt.Errorf("record run %s: %w", r.record.ID, err)
	}
	return nil
}

// Fail makes err the run's error unless it has one. Steps after it do nothing.
func (r *Run) Fail(err error) {
	if r.err == nil && err != nil {
		r.err = err
	}
}

// cancelled tells whether err comes from the end of ctx. After that end any
// error does that is not meant for a person.
func cancelled(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		return false
	}
	var ask *NeedsInput
	return errors.Is(err, ctx.Err()) || errors.Is(err, context.Cause(ctx)) || problem.As(err) == nil && !errors.As(err, &ask)
}

// Whole tells whether the run's last agent had its turn and nothing went
// wrong: the run did not end early.
func (r *Run) Whole() bool { return r.err == nil && !r.done }
