package tree

import (
	"sync"
	"sync/atomic"

	"github.com/septet-ml/septet/learn"
)

// crew is a fixed number of goroutines that share work; the caller's goroutine
// is worker 0. Between two runs the others first spin for some microseconds,
// because the next run mostly follows at once, and then sleep. Whoever comes
// late misses the run: nobody waits for a worker that has not begun. A run that
// a worker panics in ends with that panic in the caller.
type crew struct {
	size     int
	job      func(worker int) // nil ends the workers
	gate     atomic.Uint64    // number of the run << 32, open, workers inside
	sleep    []bed            // one per worker; 0 is the caller's
	panicked atomic.Pointer[learn.Panic]
	group    sync.WaitGroup
}

// bed is where a worker sleeps.
type bed struct {
	asleep atomic.Bool
	wake   chan struct{}
}

const (
	spins    = 20000   // looks for work before a worker sleeps, some 30 µs
	gateOpen = 1 << 31 // in crew.gate: workers may come in
)

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

// close ends the workers and waits for them. It must be the last call.
func (c *crew) close() {
	c.start(nil)
	c.group.Wait()
}

// parts calls work for every part of 0..n once, in any order and by any
// worker.
func (c *crew) parts(n int, work func(worker, part int)) {
	if c.size == 1 || n <= 1 {
		for part := range n {
			work(0, part)
		}
		return
	}
	var next atomic.Int64
	c.run(func(worker int) {
		for {
			part := int(next.Add(1)) - 1
			if part >= n {
				return
			}
			work(worker, part)
		}
	})
}

// blocks calls work for consecutive blocks of 0..n of the given size, each
// block once, in any order and by any worker.
func (c *crew) blocks(n, size int, work func(worker, lo, hi int)) {
	c.parts((n+size-1)/size, func(worker, part int) {
		work(worker, part*size, min((part+1)*size, n))
	})
}

// run calls job in the caller and in those workers that come in before the
// caller is done with it; it returns when all of them are.
func (c *crew) run(job func(worker int)) {
	c.start(job)
	c.do(0)
	c.gate.And(^uint64(gateOpen))
	c.await(0, func() bool { return uint32(c.gate.Load()) == 0 })
	if p := c.panicked.Swap(nil); p != nil {
		panic(p)
	}
}

// do is a worker's part of the job, whose first panic it keeps.
func (c *crew) do(worker int) {
	defer func() {
		if p := learn.Caught(recover()); p != nil {
			c.panicked.CompareAndSwap(nil, p)
		}
	}()
	c.job(worker)
}

// start opens the gate for the next run.
func (c *crew) start(job func(worker int)) {
	c.job = job
	c.gate.Store((c.gate.Load()>>32+1)<<32 | gateOpen)
	for i := 1; i < c.size; i++ {
		c.rouse(i)
	}
}

func (c *crew) work(worker int) {
	for seen := uint64(0); ; {
		c.await(worker, func() bool { return c.gate.Load()>>32 != seen })
		now := c.gate.Load()
		seen = now >> 32
		if now&gateOpen == 0 || !c.gate.CompareAndSwap(now, now+1) {
			if now&gateOpen != 0 {
				seen-- // others came in or the run ended: look again
			}
			continue
		}
		if c.job == nil {
			return
		}
		c.do(worker)
		if uint32(c.gate.Add(^uint64(0))) == 0 {
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
