package serve

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// tally counts durations in buckets whose width is at most 1/8 of their
// value. It is safe for concurrent use and costs two additions a request, in
// this order: there are never fewer in the buckets than count says.
type tally struct {
	count   atomic.Int64
	buckets [64 * 8]atomic.Int64
}

func (t *tally) add(d time.Duration) {
	t.buckets[bucketOf(uint64(max(d, 0)))].Add(1)
	t.count.Add(1)
}

// bucketOf is 8 × the power of two below ns, and the next three bits.
func bucketOf(ns uint64) int {
	if ns < 8 {
		return int(ns)
	}
	power := bits.Len64(ns) - 1
	return (power-2)*8 + int(ns>>(power-3)&7)
}

// ceiling is the largest number of nanoseconds in a bucket.
func ceiling(bucket int) float64 {
	if bucket < 8 {
		return float64(bucket)
	}
	power := bucket/8 + 2
	return math.Ldexp(float64(8+bucket%8+1), power-3) - 1
}

// quantile is an upper bound of the q-th quantile (0 < q <= 1) in
// milliseconds; 0 of nothing.
func (t *tally) quantile(q float64) float64 {
	rank := int64(math.Ceil(q * float64(t.count.Load())))
	if rank <= 0 {
		return 0
	}
	last := 0
	for i, sum := 0, int64(0); i < len(t.buckets) && sum < rank; i++ {
		if n := t.buckets[i].Load(); n > 0 {
			sum, last = sum+n, i
		}
	}
	return ceiling(last) / 1e6
}
