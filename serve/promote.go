package serve

import (
	"context"
	"slices"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Stages lists the stages of a model's life in their order.
func Stages() []ledger.Stage {
	return []ledger.Stage{ledger.Development, ledger.Staging, ledger.Shadow, ledger.Production, ledger.Archived}
}

// Promote moves a registered version to a stage, with what that takes:
// production is a roll-out; shadow copies requests to it for o.Bake; staging
// loads it into a slot and replays its golden rows. A version that answers
// leaves production only by a roll-out or a rollback.
func (s *Server) Promote(ctx context.Context, o Order, to ledger.Stage) (Deployment, error) {
	if !slices.Contains(Stages(), to) {
		return Deployment{}, &problem.Problem{
			Kind: problem.Usage, Code: "usage.value", Where: "--to",
			What: "there is no such stage", Why: "it is one of development, staging, shadow, production, archived",
		}
	}
	if to == ledger.Production {
		return s.Deploy(ctx, o)
	}
	o.Strategy = ShadowOf
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
	if live != nil && live.ref.Version == m.Version {
		return Deployment{}, &problem.Problem{
			Kind: problem.Usage, Code: "deploy.serving", Where: o.Name,
			What: "this version answers requests now", Fix: "deploy another version, or septet rollback " + o.Name,
		}
	}
	d := s.begin(m, o, live)
	d.Status = string(to)
	if to == ledger.Staging || to == ledger.Shadow {
		if err := s.rehearse(ctx, e, live, m, o, to, &d); err != nil {
			d.Status, d.Error = "refused", asProblem(err)
			return d, nil
		}
	}
	return d, s.registry.SetStage(ctx, m.Name, m.Version, to)
}

// rehearse loads the version and, for shadow, lets it shadow what answers.
func (s *Server) rehearse(ctx context.Context, e *endpoint, live *slot, m ledger.Model, o Order, to ledger.Stage, d *Deployment) error {
	sl, err := s.candidate(ctx, m, live, o.LatencyMS, d)
	defer s.discard(e, sl)
	if err != nil || to == ledger.Staging {
		return err
	}
	if live == nil {
		return &problem.Problem{
			Kind: problem.Usage, Code: "deploy.nothing_to_shadow", Where: o.Name,
			What: "nothing answers under this name that could be shadowed", Fix: "septet deploy " + o.Name,
		}
	}
	t := newTrial(e, sl)
	e.trial.Store(t)
	defer e.trial.Store(nil)
	started := time.Now()
	err = s.watch(ctx, t, o, 0, o.Bake)
	t.trip(nil) // what answered before answers alone again
	t.measured(d.Evidence, time.Since(started))
	if err == nil {
		err = asError(t.why())
	}
	return err
}

func asError(p *problem.Problem) error {
	if p == nil {
		return nil
	}
	return p
}
