package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

func TestSize(t *testing.T) {
	tests := []struct {
		text string
		want int64 // 0 is refused, but for ""
	}{
		{"", 0},
		{"2GB", 2e9},
		{"2 gb", 2e9},
		{"1.5GiB", 1610612736},
		{"500M", 500e6},
		{"100000000", 100e6},
		{"1MB", 0},
		{"-2GB", 0},
		{"NaN", 0},
		{"2XB", 0},
		{"much", 0},
	}
	for _, test := range tests {
		got, err := size(test.text)
		if got != test.want || (err != nil) != (test.want == 0 && test.text != "") {
			t.Errorf("size(%q) = %d, %v; want %d", test.text, got, err, test.want)
		}
	}
}

func TestWaivers(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	got, err := waivers([]string{"leak.target_copy:customers.refund=known before = yes", "personal.email=ours"}, now)
	if err != nil {
		t.Fatal(err)
	}
	want := []handoff.Waiver{
		{Code: "leak.target_copy", Column: "customers.refund", Reason: "known before = yes", By: account(), At: "2026-01-02T03:04:05Z"},
		{Code: "personal.email", Reason: "ours", By: account(), At: "2026-01-02T03:04:05Z"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range []string{"leak.target_copy", "leak.target_copy=", "leak.target_copy= ", "leak.traget_copy=x", "=x"} {
		if _, err := waivers([]string{wrong}, now); problem.As(err) == nil {
			t.Errorf("%q: error %v, want a problem", wrong, err)
		}
	}
}

func TestPairs(t *testing.T) {
	got, err := pairs([]string{"target=a=b", "gap_days=0", "gap_days=0"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"target": "a=b", "gap_days": "0"}, got); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range [][]string{{"gap_days"}, {"=3"}, {"gap_days=1", "gap_days=2"}} {
		if _, err := pairs(wrong); problem.As(err) == nil {
			t.Errorf("%q: error %v, want a problem", wrong, err)
		}
	}
}
