package serve

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/septet-ml/septet/problem"
)

// endpoint is a name under which models are served. Requests read route, and
// nothing else, once each; whoever changes what is served holds change.
type endpoint struct {
	name   string
	route  atomic.Pointer[route]
	change sync.Mutex
	trial  atomic.Pointer[trial] // the roll-out that is on; nil if none

	// previous answered before live and is kept loaded, so that going back to
	// it takes no time; nil if none. Guarded by change.
	previous *slot
}

// route says which slot answers. It is never changed, only replaced.
type route struct {
	live  *slot  // nil where nothing served before the roll-out
	trial *trial // nil where no roll-out is on
	share float64
	// mirror gives the trial's slot a copy of what live answers.
	mirror bool
}

// pick chooses who answers the next request.
func (r *route) pick() (s *slot, t *trial) {
	if r.trial != nil && (r.live == nil || r.share >= 1 || r.share > 0 && rand.Float64() < r.share) {
		return r.trial.slot, r.trial
	}
	return r.live, nil
}

// trial is a candidate that answers, or shadows, while it is watched. The
// first fault ends it: the route that was there before is back at once, in the
// request that saw the fault.
type trial struct {
	endpoint *endpoint
	slot     *slot
	before   *route // nil where nothing served
	done     chan struct{}

	callers   atomic.Int64 // requests to the endpoint that are no replay
	requests  atomic.Int64 // that the slot answered or shadowed
	failures  atomic.Int64
	synthetic atomic.Bool // the server has replayed golden rows
	times     tally
	pairs     pairs       // live's scores beside the slot's
	copies    chan copied // what the slot has to shadow

	mu     sync.Mutex
	ended  bool
	reason *problem.Problem // why it ended badly
}

func newTrial(e *endpoint, sl *slot) *trial {
	return &trial{endpoint: e, slot: sl, before: e.route.Load(), done: make(chan struct{}), copies: make(chan copied, 256)}
}

// shift lets the trial's slot answer the share of requests, or mirror them.
// It does nothing and gives false once the trial has ended.
func (t *trial) shift(share float64, mirror bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.endpoint.route.Store(&route{live: t.live(), trial: t, share: share, mirror: mirror})
	return true
}

func (t *trial) live() *slot {
	if t.before == nil {
		return nil
	}
	return t.before.live
}

// trip ends the trial badly: what served before serves again.
func (t *trial) trip(why *problem.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return
	}
	t.ended, t.reason = true, why
	t.endpoint.route.Store(t.before)
	close(t.done)
}

// settle ends the trial well: its slot alone answers from now on. It gives
// false if the trial has ended badly before.
func (t *trial) settle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ended {
		return false
	}
	t.ended = true
	t.endpoint.route.Store(&route{live: t.slot})
	close(t.done)
	return true
}

// why is the reason of a bad end; nil before it, and after a good one.
func (t *trial) why() *problem.Problem {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reason
}
