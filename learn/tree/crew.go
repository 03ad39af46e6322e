package tree

import (
	"sync"
	"sync/atomic"
)

// crew is a fixed number of goroutines that run one function together; the
// caller's goroutine is worker 0. Between two runs they first spin for some
// microseconds, because the next run mostly follows at once, and then sleep.
type crew struct {
	size  int
	job   func(worker int) // nil ends the workers
	round atomic.Uint32    // counts runs
	busy  atomic.Int32     // workers that have not finished this run
	sleep []bed            // one per worker; 0 is the caller's
	group sync.WaitGroup
}

// bed is where a worker sleeps.
type bed struct {
	asleep atomic.Bool
	wake   chan struct{}
}

// spins is how often a worker looks for work before it sleeps.
const spins = 3000

func newCrew(size int) *crew {
	c := &crew{size: max(size, 1), sleep: make([]bed, max(size, 1))}
	for i := range c.sleep {
		c.sleep[i].wake = make(chan struct{}, 1)
	}
	for i := 1; i < c.size; i++ {
		c.group.Go(func() { c.work(i) })
	}
	return c
}

// close ends the workers and waits for them.
func (c *crew) close() {
	c.start(nil)
	c.group.Wait()
}

// run calls job once in every worker and returns when all have.
func (c *crew) run(job func(worker int)) {
	if c.size == 1 {
		job(0)
		return
	}
	c.start(job)
	job(0)
	c.await(0, func() bool { return c.busy.Load() == 0 })
}

// blocks calls work for consecutive blocks of 0..n of the given size, each
// block once, in any order and by any worker.
func (c *crew) blocks(n, size int, work func(worker, lo, hi int)) {
	if c.size == 1 || n <= size {
		for lo := 0; lo < n; lo += size {
			work(0, lo, min(lo+size, n))
		}
		return
	}
	var next atomic.Int64
	c.run(func(worker int) {
		for {
			lo := int(next.Add(int64(size))) - size
			if lo >= n {
				return
			}
			work(worker, lo, min(lo+size, n))
		}
	})
}

func (c *crew) start(job func(worker int)) {
	c.job = job
	c.busy.Store(int32(c.size - 1))
	c.round.Add(1)
	for i := 1; i < c.size; i++ {
		c.rouse(i)
	}
}

func (c *crew) work(worker int) {
	for round := uint32(1); ; round++ {
		c.await(worker, func() bool { return c.round.Load() >= round })
		if c.job == nil {
			return
		}
		c.job(worker)
		if c.busy.Add(-1) == 0 {
			c.rouse(0)
		}
	}
}

// await returns when ready does so: whoever makes it ready calls rouse after.
func (c *crew) await(worker int, ready func() bool) {
	for range spins {
		if ready() {
			return
		}
	}
	b := &c.sleep[worker]
	for {
		b.asleep.Store(true)
		if ready() {
			if !b.asleep.CompareAndSwap(true, false) {
				<-b.wake // a token is on its way: take it, so that none is left over
			}
			return
		}
		<-b.wake
		if ready() {
			return
		}
	}
}

func (c *crew) rouse(worker int) {
	if b := &c.sleep[worker]; b.asleep.CompareAndSwap(true, false) {
		b.wake <- struct{}{}
	}
}
