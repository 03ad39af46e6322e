package serve

import (
	"context"
	"slices"
	"time"

	"github.com/septet-ml/septet/telemetry"
)

// copied is a request on its way to a shadow, and what the live model gave.
type copied struct {
	id        string
	synthetic bool
	live      *slot
	work      *work // its body is a copy
	scores    []float64
}

// mirror gives the trial's slot a copy of an answered request. It never
// waits: where the shadow falls behind, copies are left out.
func (c *call) mirror(t *trial, live *slot, k *work) {
	if len(t.copies) == cap(t.copies) {
		return
	}
	other := c.server.works.Get().(*work)
	other.body = append(other.body[:0], k.body...)
	select {
	case t.copies <- copied{c.id, c.synthetic, live, other, slices.Clone(k.out)}:
	default:
		c.server.recycle(other)
	}
}

// shadow lets the trial's slot score copies until ctx or the trial ends.
func (s *Server) shadow(ctx context.Context, t *trial) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.done:
			return
		case c := <-t.copies:
			s.shadowOne(ctx, t, c)
			s.recycle(c.work)
		}
	}
}

func (s *Server) shadowOne(ctx context.Context, t *trial, c copied) {
	sl, k := t.slot, c.work
	started := time.Now()
	sl.read(k, s.limits.Rows)
	if k.batch.onlyUnknown() {
		return
	}
	if len(k.batch.faults) > 0 {
		sl.metrics.ShadowFailed()
		t.requests.Add(1)
		t.failures.Add(1)
		t.trip(rolledBack("deploy.inputs", "the candidate refuses a request that the model before it answers", nil))
		return
	}
	if err := sl.score(ctx, k); ctx.Err() != nil {
		return
	} else if err != nil {
		sl.metrics.ShadowFailed()
		t.requests.Add(1)
		t.failures.Add(1)
		t.trip(rolledBack("deploy.errors", "the candidate failed to score a copied request", err))
		return
	}
	t.answered(time.Since(started))
	sl.metrics.Shadowed(sameBits(k.out, c.scores))
	addPairs(&t.pairs, c.live, sl, c.scores, k.out)
	sl.log.Add(&telemetry.Scored{
		RequestID: c.id, Micros: started.UnixMicro(), Synthetic: c.synthetic, Shadow: true,
		Rows: k.batch.rows, Features: k.x, Scores: k.out,
	})
}
