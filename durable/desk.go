package durable

import (
	"context"
	"log/slog"
	"math"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Desk is what an agent works with beside its input. All its methods may be
// called from several goroutines at once.
//
// What an agent finds goes through Find and Warn, what a person sees while it
// works through Say and Progress, what was measured of time and memory
// through Measure: those stand in the envelope's metadata, never in the
// payload.
type Desk struct {
	RunID     string
	Agent     handoff.Agent
	Settings  handoff.Settings // Threads is 1 or more
	Artifacts *artifact.Folder
	Ledger    ledger.Ledger
	Log       *slog.Logger
	Workspace string // absolute folder

	// Blocked tells Step.Keep that a finding of this agent blocks the run and
	// nobody waived it. It means nothing elsewhere.
	Blocked bool

	run   *Run
	key   string // of the work
	state deskState
}

// deskState is what an agent left on its desk in one attempt.
type deskState struct {
	sync.Mutex
	findings []handoff.Finding
	warnings []string
	headline string
	missing  []string
	checked  map[string]bool
	measured map[string]float64
	capped   int
}

// Find adds a finding. The engine gives it its id and holds it against the
// waivers: one that blocks and is not waived ends the run after Work returned.
func (d *Desk) Find(f handoff.Finding) {
	f.Evidence, f.Fix = d.run.scrub(f.Evidence), d.run.scrub(f.Fix)
	d.state.Lock()
	f.ID = string(d.Agent) + "-" + strconv.Itoa(len(d.state.findings)+1)
	d.state.findings = append(d.state.findings, f)
	d.state.Unlock()
	d.Log.Info("finding", "code", f.Code, "severity", f.Severity, "action", f.Action)
	d.run.emit(Event{What: Found, Agent: d.Agent, Finding: &f})
}

// Warn adds a line to the envelope's warnings.
func (d *Desk) Warn(text string) {
	text = d.run.scrub(text)
	d.state.Lock()
	d.state.warnings = append(d.state.warnings, text)
	d.state.Unlock()
	d.run.emit(Event{What: Warned, Agent: d.Agent, Text: text})
}

// Say sets the agent's one line for people, such as "quality 0.93 · 2 leaks
// removed".
func (d *Desk) Say(text string) {
	text = d.run.scrub(text)
	d.state.Lock()
	d.state.headline = text
	d.state.Unlock()
	d.run.emit(Event{What: Headlined, Agent: d.Agent, Text: text})
}

// Progress tells how far the work is. It is cheap: between two lines that are
// shown at least 50 ms pass, except for the last one.
func (d *Desk) Progress(done, total int, what string) {
	d.run.progress(Event{What: Progressed, Agent: d.Agent, Done: done, Total: total, Text: what})
}

// Measure notes a figure of time (seconds) or size (bytes).
func (d *Desk) Measure(name string, value float64) {
	d.state.Lock()
	defer d.state.Unlock()
	if d.state.measured == nil {
		d.state.measured = map[string]float64{}
	}
	d.state.measured[name] = value
}

// Span begins a step inside the agent; call end when it is over.
func (d *Desk) Span(ctx context.Context, name string) (inner context.Context, end func()) {
	inner, span := d.run.tracer.Start(ctx, name, trace.WithTimestamp(d.run.now()))
	return inner, func() { span.End(trace.WithTimestamp(d.run.now())) }
}

// Partial makes the envelope's status partial and names what is missing of
// the optional parts.
func (d *Desk) Partial(missing ...string) {
	d.state.Lock()
	defer d.state.Unlock()
	d.state.missing = append(d.state.missing, missing...)
}

// Checked reports that a gate of Step.Gates was held against the work,
// whatever it said.
func (d *Desk) Checked(gate string) {
	d.state.Lock()
	defer d.state.Unlock()
	if d.state.checked == nil {
		d.state.checked = map[string]bool{}
	}
	d.state.checked[gate] = true
}

// Left is the time that is left of the budget, which counts from the start of
// the run: below 0 once it is over, math.MaxInt64 where there is none. Work
// looks at it only between two units, and only work whose result says what was
// left out (Capped) may look at all.
func (d *Desk) Left() time.Duration {
	if d.Settings.Budget <= 0 {
		return math.MaxInt64
	}
	return d.Settings.Budget - d.run.spent()
}

// Capped says that the budget ended the plan after so many units. The result is
// then found again by who asks for the effort of that many units, not by who
// asks for what was asked here.
func (d *Desk) Capped(units int) {
	d.state.Lock()
	defer d.state.Unlock()
	d.state.capped = units
}

// Open counts one look into a sealed file and gives its number, from 1. It is
// called before the file is read. The same work, done again after a kill, is
// the same look.
func (d *Desk) Open(ctx context.Context, what string, ref handoff.Ref) (opening int, err error) {
	return d.Ledger.Open(ctx, ledger.Opening{
		SHA256: ref.SHA256, What: what, RunID: d.RunID, Agent: d.Agent, Work: d.key, At: d.run.now().UTC(),
	})
}
