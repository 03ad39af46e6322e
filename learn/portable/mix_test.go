package portable_test

import (
	"testing"

	"github.com/septet-ml/septet/learn/portable"
)

// Reference numbers: Java's java.util.SplittableRandom(0).nextLong(), which
// is SplitMix64.
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
