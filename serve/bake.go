package serve

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// tryOut lets the candidate answer, or shadow, and watches it as the strategy
// says. At its good end the candidate answers everything and has answered a
// request that came through the listener.
func (s *Server) tryOut(ctx context.Context, e *endpoint, sl *slot, o Order, d *Deployment) error {
	t := newTrial(e, sl)
	e.trial.Store(t)
	started := time.Now()
	err := s.steps(ctx, t, o)
	if err == nil {
		d.Evidence.Probe, err = s.probe(ctx, t)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = rolledBack("deploy.interrupted", "the roll-out was interrupted", ctx.Err())
		}
		t.trip(asProblem(err))
		err = asError(t.why())
	}
	t.measured(d.Evidence, time.Since(started))
	return err
}

// measured writes down what was seen of the candidate while it was watched.
func (t *trial) measured(e *handoff.Evidence, took time.Duration) {
	e.Requests, e.Errors = int(t.requests.Load()), int(t.failures.Load())
	e.Synthetic = t.synthetic.Load()
	e.BakeSeconds = took.Seconds()
	if t.times.count.Load() > 0 {
		e.P50MS, e.P99MS = t.times.quantile(0.5), t.times.quantile(0.99)
	}
}

// steps gives the candidate its share of the requests, step by step.
func (s *Server) steps(ctx context.Context, t *trial, o Order) error {
	switch {
	case o.Strategy == Direct:
		return s.watch(ctx, t, o, 1, 0)
	case o.Strategy == Canary && t.live() != nil:
		for _, share := range []float64{0.05, 0.25, 0.50} {
			if err := s.watch(ctx, t, o, share, o.Bake/4); err != nil {
				return err
			}
		}
		return s.watch(ctx, t, o, 1, o.Bake/4)
	case o.Strategy == ShadowOf && t.live() != nil:
		if err := s.registry.SetStage(ctx, t.slot.ref.Name, t.slot.ref.Version, ledger.Shadow); err != nil {
			return err
		}
		if err := s.watch(ctx, t, o, 0, o.Bake); err != nil {
			return err
		}
		return s.watch(ctx, t, o, 1, 0)
	}
	return s.watch(ctx, t, o, 1, o.Bake)
}

// watch gives the candidate a share of the requests, 0 for copies only, and
// looks at it for d. Where few callers come, the golden rows are replayed
// through the listener.
func (s *Server) watch(ctx context.Context, t *trial, o Order, share float64, d time.Duration) error {
	if !t.shift(share, share == 0) {
		return asError(t.why())
	}
	if d <= 0 {
		return nil
	}
	watched, stop := context.WithTimeout(ctx, d)
	var aside sync.WaitGroup
	defer aside.Wait()
	defer stop()
	aside.Go(func() { s.replay(watched, t, share, d) })
	if share == 0 {
		aside.Go(func() { s.shadow(watched, t) })
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-t.done:
			return asError(t.why())
		case <-tick.C:
			if why := t.verdict(o.LatencyMS); why != nil {
				return why
			}
		case <-watched.Done():
			return ctx.Err()
		}
	}
}

// verdict gives why the trial must end, judged by all that was seen so far.
func (t *trial) verdict(limit float64) *problem.Problem {
	if n := t.times.count.Load(); n >= 20 {
		p50 := t.times.quantile(0.5)
		if live := t.live(); live != nil && live.times.count.Load() >= 20 {
			if usual := live.times.quantile(0.5); tooSlow(p50, usual) {
				return refusedBy("deploy.latency", "the candidate answers more than ten times as slowly as the model before it",
					fmt.Sprintf("p50 %.3g ms against %.3g ms", p50, usual))
			}
		}
		if p90 := t.times.quantile(0.9); limit > 0 && n >= 100 && p90 > limit {
			return refusedBy("deploy.latency", "the candidate answers more slowly than allowed",
				fmt.Sprintf("p90 %.3g ms over %d requests, limit %.3g ms", p90, n, limit))
		}
	}
	if tau, yes := t.pairs.contradict(); yes {
		return contradiction(tau)
	}
	return nil
}
