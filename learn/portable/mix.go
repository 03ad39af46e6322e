package portable

// golden is 2^64 over the golden ratio, an odd number: SplitMix64's step.
const golden = 0x9e3779b97f4a7c15

// Mix scrambles the bits of x: the first number of SplitMix64 begun at x.
// Source: Steele, Lea & Flood 2014, Fast splittable pseudorandom number
// generators.
func Mix(x uint64) uint64 {
	x += golden
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Draw is number i, from 0, of SplitMix64 begun at seed.
func Draw(seed, i uint64) uint64 { return Mix(seed + i*golden) }

// Spread is count places among n, at least as many, rising: one by chance, the same
// every time, out of each of count equal stretches. Evenly spaced ones would meet
// only some of what comes in turn.
func Spread(count, n int) []int {
	out := make([]int, count)
	for i := range out {
		from, to := i*n/count, (i+1)*n/count
		out[i] = from + int(Draw(1, uint64(i))%uint64(to-from))
	}
	return out
}
