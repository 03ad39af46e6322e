package tree

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/septet-ml/septet/learn"
)

// Every part is done once, by crews of any size, run after run.
func TestCrew(t *testing.T) {
	for _, size := range []int{0, 1, 2, 5} {
		c := newCrew(size)
		for n := range 300 {
			done := make([]atomic.Int32, n)
			c.parts(n, func(worker, part int) {
				if worker < 0 || worker >= max(size, 1) {
					t.Errorf("worker %d of %d", worker, size)
				}
				done[part].Add(1)
			})
			covered := 0
			c.blocks(n, 7, func(_, lo, hi int) {
				if lo%7 != 0 || hi-lo > 7 || hi > n {
					t.Errorf("block %d..%d of %d", lo, hi, n)
				}
				for i := lo; i < hi; i++ {
					done[i].Add(1)
				}
			})
			for i := range done {
				if done[i].Load() == 2 {
					covered++
				}
			}
			if covered != n {
				t.Fatalf("%d workers: %d of %d parts were done once", size, covered, n)
			}
		}
		c.close()
	}
}

// A panic of any worker ends the run in the caller, with its value and place,
// when all workers are out; the crew goes on, and ends without one left over.
func TestPanicInACrew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which ends when all goroutines have
		for size := 2; size <= 5; size++ {
			c := newCrew(size)
			for bad := range size {
				for _, mates := range []bool{false, true} { // the others panic, too
					begun := make(chan bool)
					var inside atomic.Int32
					p := caught(func() {
						c.run(func(worker int) {
							inside.Add(1)
							defer inside.Add(-1)
							switch {
							case worker == bad:
								close(begun)
								panic(fmt.Sprintf("worker %d", worker))
							case worker == 0:
								<-begun // so that worker bad is not late
							}
							if mates {
								panic(fmt.Sprintf("worker %d", worker))
							}
						})
					})
					if p == nil || !strings.HasPrefix(p.Error(), "worker ") || !mates && p.Value != fmt.Sprintf("worker %d", bad) || !strings.Contains(p.Where, "TestPanicInACrew") {
						t.Errorf("worker %d of %d: caught %v", bad, size, p)
					}
					if n := inside.Load(); n != 0 {
						t.Fatalf("worker %d of %d: %d workers are still at it", bad, size, n)
					}
					var done atomic.Int32
					c.parts(100, func(int, int) { done.Add(1) })
					if n := done.Load(); n != 100 {
						t.Fatalf("worker %d of %d: %d of 100 parts after the panic", bad, size, n)
					}
				}
			}
			c.close()
		}
	})
}

// caught is what f panics with.
func caught(f func()) (p *learn.Panic) {
	defer func() { p = learn.Caught(recover()) }()
	f()
	return nil
}
