package tree

import (
	"sync/atomic"
	"testing"
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
