package serve

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Rollback goes back to what answered before the model that answers now; while
// a roll-out is on, it takes that back instead. The deployment is the one that
// answers when it returns.
func (s *Server) Rollback(ctx context.Context, name string) (Deployment, error) {
	e := s.endpoint(name)
	if e == nil {
		p := s.noSuchModel(name).Problem
		p.Kind = problem.Usage
		return Deployment{}, &p
	}
	t, err := e.takeBack(ctx)
	if err != nil {
		return Deployment{}, err
	}
	defer e.change.Unlock()
	live := e.live()
	if live == nil {
		return Deployment{}, nothingBefore(name)
	}
	if t != nil && t.why() != nil {
		return s.standing(live, &t.slot.ref.Digest), nil
	}
	target, err := s.before(ctx, e, live)
	if err != nil {
		return Deployment{}, err
	}
	return s.goBack(context.WithoutCancel(ctx), e, live, target)
}

// takeBack takes e.change; a roll-out that is on is ended and given.
func (e *endpoint) takeBack(ctx context.Context) (ended *trial, err error) {
	for !e.change.TryLock() {
		if t := e.trial.Load(); t != nil {
			t.trip(rolledBack("deploy.taken_back", "the roll-out was taken back by hand", nil))
			ended = t
		}
		if !sleep(ctx, time.Millisecond) {
			return nil, fmt.Errorf("roll back %s: %w", e.name, ctx.Err())
		}
	}
	return ended, nil
}

func nothingBefore(name string) error {
	return &problem.Problem{
		Kind: problem.Failed, Code: "deploy.nothing_before", Where: name,
		What: "nothing served before under this name", Fix: "deploy another version: septet deploy MODEL",
	}
}

// before is the slot that answered before live: the one that is kept warm or,
// after a restart, one that is loaded now.
func (s *Server) before(ctx context.Context, e *endpoint, live *slot) (*slot, error) {
	if e.previous != nil {
		return e.previous, nil
	}
	history, err := s.registry.Deployments(ctx, e.name)
	if err != nil {
		return nil, fmt.Errorf("roll back %s: %w", e.name, err)
	}
	at := slices.IndexFunc(history, func(d ledger.Deployment) bool { return d.ID == live.deployment.ID })
	for _, d := range history[at+1:] {
		if (d.Status == "replaced" || d.Status == "serving") && d.Digest != live.ref.Digest {
			return s.reload(ctx, d, otherColor(live.color))
		}
	}
	return nil, nothingBefore(e.name)
}

func otherColor(color string) string {
	if color == "blue" {
		return "green"
	}
	return "blue"
}

// goBack switches from live to target and records both.
func (s *Server) goBack(ctx context.Context, e *endpoint, live, target *slot) (Deployment, error) {
	before := e.route.Load()
	e.route.Store(&route{live: target})
	target.deployment.Status, target.deployment.Slot, target.deployment.At = "serving", target.color, time.Now().UTC()
	if err := s.registry.Deploy(ctx, target.deployment); err != nil {
		e.route.Store(before)
		return Deployment{}, fmt.Errorf("roll back %s: %w", e.name, err)
	}
	e.previous = nil
	live.deployment.Status = "rolled_back"
	live.metrics.Live(live.color, false)
	target.metrics.Live(target.color, true)
	s.metrics.Rollout(e.name, live.deployment.Strategy, "rolled_back")
	s.log.Warn("rolled back", "model", e.name, "from", live.ref.Digest, "to", target.ref.Digest)
	err := errors.Join(s.registry.Deploy(ctx, live.deployment),
		s.restage(ctx, live.deployment, ledger.Staging), s.restage(ctx, target.deployment, target.stage()))
	s.discard(e, live)
	return s.standing(target, &live.ref.Digest), err
}

// stage is where a serving slot's version stands.
func (s *slot) stage() ledger.Stage {
	if s.deployment.Strategy == Direct {
		return ledger.Staging
	}
	return ledger.Production
}

// standing is the deployment of a slot that answers.
func (s *Server) standing(sl *slot, previous *string) Deployment {
	d := sl.deployment
	evidence := d.Evidence
	if evidence == nil {
		evidence = &handoff.Evidence{}
	}
	return Deployment{
		Format: deploymentFormat, ID: d.ID, Status: "serving", Strategy: d.Strategy, URL: s.modelURL(sl.ref.Name), Slot: sl.color,
		Model:    DeployedModel{Name: sl.ref.Name, Version: sl.ref.Version, Digest: sl.ref.Digest, Path: sl.path, Bytes: sl.bytes},
		Previous: previous, Evidence: evidence,
	}
}
