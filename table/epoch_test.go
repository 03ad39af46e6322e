package table

import (
	"testing"
	"time"
)

// What FormatTime writes ParseTime reads, and nothing else.
func TestTimesAsNumbers(t *testing.T) {
	at := time.Date(2022, 1, 21, 10, 17, 52, 345_000_000, time.UTC)
	for layout, want := range map[string]struct {
		text string
		at   time.Time
	}{
		UnixSeconds:   {"1642760272", at.Truncate(time.Second)},
		UnixMillis:    {"1642760272345", at},
		time.DateOnly: {"2022-01-21", at.Truncate(24 * time.Hour)},
	} {
		if got := FormatTime(layout, at); got != want.text {
			t.Errorf("%s writes %q, want %q", layout, got, want.text)
		}
		if got, err := ParseTime(layout, want.text); err != nil || !got.Equal(want.at) {
			t.Errorf("%s reads %v, %v; want %v", layout, got, err, want.at)
		}
	}
	rule := CellRule{Kind: Time, Layouts: []string{UnixSeconds}}
	for _, bad := range []string{"1642760272.5", "2022-01-21", "1e9", "9999999999999999", "-9999999999999999999"} {
		if v, state := rule.Read(bad); state != Invalid || v.Time != NoTime {
			t.Errorf("%q gave %v", bad, v.Time)
		}
	}
	if v, state := rule.ReadLiteral("1642760272"); state != Present || v.Time != at.Truncate(time.Second).UnixMicro() {
		t.Errorf("a JSON number gave %v", v)
	}
}
