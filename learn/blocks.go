package learn

import (
	"context"
	"sync"
	"sync/atomic"
)

// Blocks calls work(lo, hi) for consecutive blocks of 0..n, on up to threads
// goroutines, and returns when all are done. It stops early when ctx ends, or
// when work panics: then it panics, too, with a *Panic where that was on another
// goroutine. work must write only what belongs to its block.
func Blocks(ctx context.Context, n, size, threads int, work func(lo, hi int)) error {
	if threads <= 1 || n <= size {
		for lo := 0; lo < n; lo += size {
			if err := ctx.Err(); err != nil {
				return err
			}
			work(lo, min(lo+size, n))
		}
		return ctx.Err()
	}
	var next atomic.Int64
	var panicked atomic.Pointer[Panic]
	var group sync.WaitGroup
	for range threads {
		group.Go(func() {
			defer func() {
				if p := Caught(recover()); p != nil {
					panicked.CompareAndSwap(nil, p)
				}
			}()
			for ctx.Err() == nil && panicked.Load() == nil {
				lo := int(next.Add(int64(size))) - size
				if lo >= n {
					return
				}
				work(lo, min(lo+size, n))
			}
		})
	}
	group.Wait()
	if p := panicked.Load(); p != nil {
		panic(p)
	}
	return ctx.Err()
}
