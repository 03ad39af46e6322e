package fitting

import (
	"strings"
	"testing"
	"time"
)

// A limit counts what is there beside the learners; without one nothing breaks.
func TestLimits(t *testing.T) {
	none := Limits{}
	if none.Used(Cost{1 << 40, time.Hour}) != 0 || none.Broken(Cost{1 << 40, time.Hour}) != "" {
		t.Error("no limit is broken")
	}
	l := Limits{bytes: 100_000, overhead: 40_000, row: time.Millisecond, handling: 200 * time.Microsecond}
	for _, c := range []struct {
		cost   Cost
		used   float64
		broken string
	}{
		{Cost{20_000, 100 * time.Microsecond}, 0.6, ""},
		{Cost{60_000, 100 * time.Microsecond}, 1, ""},
		{Cost{60_001, 100 * time.Microsecond}, 1.00001, "100001 bytes, the limit is 100000"},
		{Cost{0, 900 * time.Microsecond}, 1.1, "counts as 1.1 ms, the limit is 1 ms"},
	} {
		if got := l.Used(c.cost); got < c.used-1e-9 || got > c.used+1e-9 {
			t.Errorf("%+v uses %g of the limit, want %g", c.cost, got, c.used)
		}
		if got := l.Broken(c.cost); (got == "") != (c.broken == "") || !strings.Contains(got, c.broken) {
			t.Errorf("%+v: %q, want %q", c.cost, got, c.broken)
		}
	}
}

// A text is smaller where it repeats itself, and the same every time.
func TestDeflated(t *testing.T) {
	data := []byte(strings.Repeat("a tree like the one before ", 1000))
	n, err := deflated(data)
	again, _ := deflated(data)
	if err != nil || n != again || n <= 0 || n >= int64(len(data))/10 {
		t.Errorf("%d bytes of %d, then %d: %v", n, len(data), again, err)
	}
}
