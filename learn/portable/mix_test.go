package portable_test

import (
	"testing"

	"github.com/septet-ml/septet/learn/portable"
)

// Reference numbers: Java's java.util.SplittableRandom(0).nextLong(), which
// is SplitMix64.
// Each of the equal stretches has one place, not always at the same distance.
func TestSpread(t *testing.T) {
	const count, n = 1000, 10_007
	apart := map[int]bool{}
	before := -1
	for i, at := range portable.Spread(count, n) {
		if at < i*n/count || at >= (i+1)*n/count {
			t.Fatalf("place %d is %d", i, at)
		}
		apart[at-before] = true
		before = at
	}
	if len(apart) < 15 {
		t.Errorf("places are %d different distances apart", len(apart))
	}
	for i, at := range portable.Spread(7, 7) {
		if i != at {
			t.Errorf("of 7 places among 7, place %d is %d", i, at)
		}
	}
}

func TestDraw(t *testing.T) {
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		if got := portable.Draw(0, uint64(i)); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
	if got, want := portable.Mix(5), portable.Draw(5, 0); got != want {
		t.Errorf("mix gives %#x, the first number is %#x", got, want)
	}
}
