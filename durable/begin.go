package durable

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Begin records a new run, before any work. The caller ends it with End.
func Begin(ctx context.Context, o Options) (*Run, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := newRun(o)
	if err := r.adopt(ctx, o.From, o.FromRun); err != nil {
		return nil, err
	}
	for {
		r.record = ledger.Run{
			ID: newID(r.now()), Brief: o.Brief, Program: o.Program, From: o.From, FromRun: o.FromRun,
			Status: ledger.Running, Started: r.now().UTC(), Agents: pending(),
		}
		err := r.open(ctx, func() error { return r.ledger.BeginRun(ctx, r.record) })
		if !errors.Is(err, ledger.ErrExists) {
			return r, err
		}
	}
}

// Resume takes a run up again that did not end well: interrupted, failed,
// blocked, or not deployed. It passes every gate again and does only
// unfinished work. The brief is that of the run, whatever o says.
func Resume(ctx context.Context, o Options, id string) (*Run, error) {
	record, err := o.Ledger.Run(ctx, id)
	if err != nil {
		return nil, unknownRun(id, err)
	}
	o.Brief, o.From, o.FromRun = record.Brief, record.From, record.FromRun
	r := newRun(o)
	r.record = record
	if err := r.adopt(ctx, o.From, o.FromRun); err != nil {
		return nil, err
	}
	err = r.open(ctx, func() error {
		if err := r.update(ctx, func(record *ledger.Run) {
			record.Status, record.Exit, record.Problem, record.Ask = ledger.Running, 0, nil, nil
			record.Ended, record.Program = time.Time{}, o.Program
			for i := range record.Agents { // every gate is passed again
				s := &record.Agents[i]
				*s = ledger.AgentState{Agent: s.Agent, Status: "pending", Attempts: s.Attempts}
			}
		}); err != nil {
			return err
		}
		return r.recall(ctx)
	})
	return r, err
}

func unknownRun(id string, err error) error {
	if !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	return &problem.Problem{
		Kind: problem.Usage, Code: "run.unknown", Where: id, What: "no run of that id is in the workspace",
		Fix: "septet runs list",
	}
}

func newRun(o Options) *Run {
	r := &Run{
		workspace: o.Workspace, program: o.Program, ledger: o.Ledger, artifacts: o.Artifacts,
		settings: o.Brief.Settings, checker: handoff.NewChecker(), now: o.Now, events: o.Events, locate: o.Locate,
		own: map[handoff.Agent]handoff.Envelope{}, given: map[handoff.Agent]handoff.Envelope{},
	}
	if r.now == nil {
		r.now = time.Now
	}
	r.began = r.now()
	if r.settings.Plan {
		r.settings.Until = handoff.ScopeDefiner
	}
	if r.settings.NoDeploy && r.settings.Until.After(handoff.ModelTrainer) {
		r.settings.Until = handoff.ModelTrainer
	}
	return r
}

func pending() []ledger.AgentState {
	states := make([]ledger.AgentState, 0, len(handoff.Agents()))
	for _, a := range handoff.Agents() {
		states = append(states, ledger.AgentState{Agent: a, Status: "pending"})
	}
	return states
}

// open takes the run's lock, lets write write its record, and opens its log
// and its trace. What was opened is closed again if one of them is refused.
func (r *Run) open(ctx context.Context, write func() error) error {
	lock, err := lockRun(r.workspace, r.record.ID)
	if err != nil {
		return err
	}
	r.closers = []func() error{lock.Close}
	if err := write(); err != nil {
		return errors.Join(err, r.closeAll())
	}
	if err := errors.Join(r.openLog(), r.openTrace(ctx)); err != nil {
		return errors.Join(err, r.closeAll())
	}
	r.log.Info("run started", "program", r.program)
	r.emit(Event{What: RunStarted, Text: r.record.Brief.Request})
	return nil
}

// closeAll closes what was opened, the last one first.
func (r *Run) closeAll() error {
	var errs []error
	for _, c := range slices.Backward(r.closers) {
		errs = append(errs, c())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// recall reads what earlier processes of this run did.
func (r *Run) recall(ctx context.Context) error {
	envelopes, err := r.ledger.Handoffs(ctx, r.record.ID)
	if err != nil {
		return err
	}
	for _, e := range envelopes {
		r.own[e.FromAgent] = e
		r.before += time.Duration(e.Metadata.Duration * float64(time.Second))
	}
	return nil
}

// adopt reads the handoffs of another run for the agents before from.
func (r *Run) adopt(ctx context.Context, from handoff.Agent, fromRun string) error {
	if from == "" {
		return nil
	}
	envelopes, err := r.ledger.Handoffs(ctx, fromRun)
	if err != nil {
		return err
	}
	for _, e := range envelopes {
		if from.After(e.FromAgent) && e.OutputValidated {
			r.given[e.FromAgent] = e
		}
	}
	for _, a := range handoff.Agents() {
		if _, there := r.given[a]; from.After(a) && !there {
			return &problem.Problem{
				Kind: problem.Usage, Code: "run.no_handoff", Where: fromRun,
				What: fmt.Sprintf("the run has no finished handoff of %s to begin %s from", a, from),
				Fix:  "begin from an earlier agent, or name another run with --run",
			}
		}
	}
	return nil
}

// check refuses what cannot be run, before anything is recorded.
func (o Options) check() error {
	usage := func(code, where, what, fix string) error {
		return &problem.Problem{Kind: problem.Usage, Code: code, Where: where, What: what, Fix: fix}
	}
	if !filepath.IsAbs(o.Workspace) {
		return fmt.Errorf("begin run: workspace %q is not absolute", o.Workspace)
	}
	s := o.Brief.Settings
	if s.Seed > handoff.MaxSeed {
		return usage("settings.seed", "--seed", fmt.Sprintf("the seed is above %d", uint64(handoff.MaxSeed)), "use a smaller seed")
	}
	if s.Name != "" && !handoff.IsModelName(s.Name) {
		return usage("settings.name", "--name", fmt.Sprintf("%q cannot be the name of a model", s.Name), "use "+handoff.NameRule)
	}
	if s.Until != "" && !slices.Contains(handoff.Agents(), s.Until) {
		return usage("settings.agent", "--until", "there is no such agent", "use one of "+agentNames())
	}
	if o.From != "" && !slices.Contains(handoff.Agents(), o.From) {
		return usage("settings.agent", "--from", "there is no such agent", "use one of "+agentNames())
	}
	if (o.From == "") != (o.FromRun == "") {
		return usage("settings.from", "--from", "--from and --run belong together", "give both")
	}
	for _, w := range s.Waivers {
		if w.Code == "" || strings.TrimSpace(w.Reason) == "" {
			return usage("settings.waive", "--waive", "a waiver needs a code and a reason", "--waive CODE[:COLUMN]=REASON")
		}
	}
	for _, source := range o.Brief.Sources {
		if !filepath.IsAbs(source.Path) {
			return fmt.Errorf("begin run: source %q is not absolute", source.Path)
		}
		if _, err := os.Stat(source.Path); err != nil {
			return missing(source.Path, err)
		}
	}
	return nil
}

func agentNames() string {
	names := make([]string, 0, len(handoff.Agents()))
	for _, a := range handoff.Agents() {
		names = append(names, string(a))
	}
	return strings.Join(names, ", ")
}

// newID is a run id: "r-", seven digits for the second and five drawn ones, in
// Crockford's base 32, so that ids sort by time.
func newID(now time.Time) string {
	const digits = "0123456789abcdefghjkmnpqrstvwxyz"
	id := make([]byte, 12)
	seconds := uint64(now.Unix())
	for i := 6; i >= 0; i-- {
		id[i] = digits[seconds&31]
		seconds >>= 5
	}
	rand.Read(id[7:]) // never fails
	for i := 7; i < len(id); i++ {
		id[i] = digits[id[i]&31]
	}
	return "r-" + string(id)
}
