package serve

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Registry is what a server reads and writes of the ledger.
type Registry interface {
	Model(ctx context.Context, name string, version int) (ledger.Model, error) // version 0 is the newest; ledger.ErrNotFound
	SetStage(ctx context.Context, name string, version int, stage ledger.Stage) error
	Deploy(ctx context.Context, d ledger.Deployment) error
	Deployments(ctx context.Context, name string) ([]ledger.Deployment, error) // last state of each, newest first; "" is all names
}

// Strategies of a roll-out.
const (
	BlueGreen = "blue-green" // the candidate answers all requests, what served before is kept warm
	Canary    = "canary"     // 5, 25, 50, 100 % of the requests
	ShadowOf  = "shadow"     // it gets copies of the requests, then answers
	Direct    = "direct"     // it answers at once, without a bake; never in production
)

// Strategies lists them, the default first.
func Strategies() []string { return []string{BlueGreen, Canary, ShadowOf, Direct} }

// DefaultBake is how long a candidate is watched.
const DefaultBake = 5 * time.Second

// Order asks for a roll-out of a registered version.
type Order struct {
	Name      string        `json:"name"`
	Version   int           `json:"version"`
	Strategy  string        `json:"strategy"`   // "" is blue-green
	Bake      time.Duration `json:"bake"`       // 0 switches without watching
	LatencyMS float64       `json:"latency_ms"` // limit of one row's p99; 0 is none
	RunID     string        `json:"run_id"`
	By        string        `json:"by"` // account that asked
}

const deploymentFormat = "septet.deployment/1"

// Deployment is the outcome of a roll-out.
type Deployment struct {
	Format   string            `json:"format"`
	ID       string            `json:"id"`
	Status   string            `json:"status"` // serving, rolled_back, refused
	Strategy string            `json:"strategy"`
	URL      string            `json:"url"`
	Slot     string            `json:"slot"`
	Model    DeployedModel     `json:"model"`
	Previous *string           `json:"previous"` // digest that served before
	Evidence *handoff.Evidence `json:"evidence"`
	Error    *problem.Problem  `json:"error"` // why it does not serve; null if it does
}

// DeployedModel names the version.
type DeployedModel struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"`
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`
}

// Deploy rolls a version out. The deployment's Error says why it does not
// serve, where it does not; the error is of orders that cannot be begun. When
// it returns a serving deployment, every request that begins from then on is
// answered by that version.
func (s *Server) Deploy(ctx context.Context, o Order) (Deployment, error) {
	m, err := s.ordered(ctx, &o)
	if err != nil {
		return Deployment{}, err
	}
	e := s.ensureEndpoint(o.Name)
	if !e.change.TryLock() {
		return Deployment{}, busy(o.Name)
	}
	defer e.change.Unlock()
	live := e.live()
	if o.Strategy == Direct && live != nil && live.deployment.Strategy != Direct {
		return Deployment{}, &problem.Problem{
			Kind: problem.Usage, Code: "deploy.direct", Where: o.Name,
			What: "direct never replaces what serves in production", Fix: "leave --strategy out, or use canary or shadow",
		}
	}
	d := s.begin(m, o, live)
	slot, err := s.candidate(ctx, m, live, o.LatencyMS, &d)
	if err == nil {
		err = s.tryOut(ctx, e, slot, o, &d)
	}
	return s.conclude(ctx, e, slot, live, o, d, err)
}

func busy(name string) error {
	return &problem.Problem{
		Kind: problem.Failed, Code: "deploy.busy", Where: name,
		What: "a roll-out of this name is on", Fix: "wait for it, or end it: septet rollback " + name,
	}
}

// ordered fills in and checks an order.
func (s *Server) ordered(ctx context.Context, o *Order) (ledger.Model, error) {
	if o.Strategy == "" {
		o.Strategy = BlueGreen
	}
	if !slices.Contains(Strategies(), o.Strategy) {
		return ledger.Model{}, &problem.Problem{
			Kind: problem.Usage, Code: "usage.value", Where: "--strategy",
			What: "there is no such strategy", Why: "it is one of " + strings.Join(Strategies(), ", "),
		}
	}
	if o.Bake < 0 || o.Bake > 24*time.Hour {
		return ledger.Model{}, &problem.Problem{
			Kind: problem.Usage, Code: "usage.value", Where: "--bake",
			What: "a bake lasts from 0 s to 24 h",
		}
	}
	m, err := s.registry.Model(ctx, o.Name, o.Version)
	if errors.Is(err, ledger.ErrNotFound) {
		return m, &problem.Problem{
			Kind: problem.Usage, Code: "deploy.no_model", Where: o.Name,
			What: "there is no such model in this workspace", Fix: "septet runs list shows what was made",
		}
	}
	if err != nil {
		return m, err
	}
	if !m.Blessed {
		return m, &problem.Problem{
			Kind: problem.Blocked, Code: "deploy.not_blessed", Where: fmt.Sprintf("%s version %d", m.Name, m.Version),
			What: "the model does not meet its criteria", Fix: "septet runs show " + m.RunID + " says which; --waive takes one on",
		}
	}
	return m, nil
}

// live is the slot that answers now; nil if none does.
func (e *endpoint) live() *slot {
	if r := e.route.Load(); r != nil {
		return r.live
	}
	return nil
}

// begin is the deployment before anything happened.
func (s *Server) begin(m ledger.Model, o Order, live *slot) Deployment {
	d := Deployment{
		Format: deploymentFormat, ID: newID("d-"), Strategy: o.Strategy, URL: s.modelURL(m.Name), Slot: "blue",
		Model:    DeployedModel{Name: m.Name, Version: m.Version, Digest: m.Digest, Path: s.pathOf(m), Bytes: m.Bytes},
		Evidence: &handoff.Evidence{},
	}
	if live != nil {
		d.Previous = &live.ref.Digest
		d.Slot = otherColor(live.color)
	}
	return d
}

// newID is a prefix and 8 random bytes in hex.
func newID(prefix string) string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}

// candidate loads the version into a slot of its own and looks at it there.
func (s *Server) candidate(ctx context.Context, m ledger.Model, live *slot, limit float64, d *Deployment) (*slot, error) {
	slot, err := s.load(ctx, m, d.Slot)
	if err != nil {
		return nil, err
	}
	in, err := s.inspect(ctx, slot, live, limit)
	d.Evidence.GoldenRows, d.Evidence.GoldenEqual = in.golden, in.equal
	d.Evidence.P50MS, d.Evidence.P99MS = in.p50, in.p99
	d.Evidence.MemoryBytes = slot.memory
	if err != nil {
		return slot, err
	}
	if m.Stage == ledger.Development || m.Stage == ledger.Archived {
		err = s.registry.SetStage(ctx, m.Name, m.Version, ledger.Staging)
	}
	return slot, err
}

// conclude lets the slot answer for good, if it got so far without an error,
// and records how it ended. A deployment that cannot be recorded is taken
// back: after a restart nobody would know of it.
func (s *Server) conclude(ctx context.Context, e *endpoint, sl, live *slot, o Order, d Deployment, err error) (Deployment, error) {
	ctx = context.WithoutCancel(ctx) // what was done is recorded even if who asked has gone
	before := e.route.Load()
	t := e.trial.Swap(nil)
	if t != nil {
		before = t.before
		if err == nil && !t.settle() {
			err = asError(t.why())
		}
	}
	if d.Status = "serving"; err != nil {
		if d.Status = "refused"; t != nil {
			d.Status = "rolled_back"
		}
		d.Error = asProblem(err)
	}
	record := ledger.Deployment{
		ID: d.ID, RunID: o.RunID, Name: o.Name, Version: d.Model.Version, Digest: d.Model.Digest, Status: d.Status,
		Strategy: o.Strategy, URL: d.URL, Slot: d.Slot, Previous: d.Previous, Evidence: d.Evidence, By: o.By, At: time.Now().UTC(),
	}
	recordErr := s.registry.Deploy(ctx, record)
	if err == nil && recordErr != nil {
		e.route.Store(before)
		d.Status, d.Error = "rolled_back", rolledBack("deploy.unrecorded", "the deployment could not be recorded", recordErr)
	}
	s.metrics.Rollout(o.Name, o.Strategy, d.Status)
	if d.Error != nil {
		s.log.Warn("a model does not serve", "model", o.Name, "version", d.Model.Version, "status", d.Status, "problem", d.Error)
		s.discard(e, sl)
		if t != nil && (live == nil || live.ref != sl.ref) {
			recordErr = errors.Join(recordErr, s.restage(ctx, record, ledger.Staging))
		}
		return d, recordErr
	}
	s.log.Info("a model serves", "model", o.Name, "version", d.Model.Version, "digest", d.Model.Digest, "slot", d.Slot)
	sl.deployment = record
	return d, s.succeed(ctx, e, sl, live)
}

// restage moves the version of a deployment to a stage, if it is at another.
func (s *Server) restage(ctx context.Context, d ledger.Deployment, stage ledger.Stage) error {
	m, err := s.registry.Model(ctx, d.Name, d.Version)
	if err != nil || m.Stage == stage {
		return err
	}
	return s.registry.SetStage(ctx, d.Name, d.Version, stage)
}

// succeed makes the slot the live one on the books: the one before it is kept
// warm, the one before that is let go.
func (s *Server) succeed(ctx context.Context, e *endpoint, sl, live *slot) error {
	s.broken.Delete(e.name)
	err := s.restage(ctx, sl.deployment, sl.stage())
	var old *slot
	if live == nil || live.ref.Digest != sl.ref.Digest { // the same file again is no way back
		old, e.previous = e.previous, live
	}
	if live != nil {
		live.metrics.Live(live.color, false)
		live.deployment.Status = "replaced"
		err = errors.Join(err, s.registry.Deploy(ctx, live.deployment))
		if live.ref != sl.ref {
			err = errors.Join(err, s.restage(ctx, live.deployment, ledger.Archived))
		}
	}
	sl.metrics.Live(sl.color, true)
	s.discard(e, old)
	return err
}

// discard drops the series of a slot that nothing can reach any more.
func (s *Server) discard(e *endpoint, sl *slot) {
	if sl == nil {
		return
	}
	for _, kept := range []*slot{e.live(), e.previous} {
		if kept != nil && kept.ref == sl.ref {
			return
		}
	}
	sl.metrics.Forget()
}

// asProblem is the error as a person's problem.
func asProblem(err error) *problem.Problem {
	if p := problem.As(err); p != nil {
		return p
	}
	return &problem.Problem{Kind: problem.Failed, Code: "deploy.failed", What: "the roll-out failed", Why: err.Error(), Cause: err}
}
