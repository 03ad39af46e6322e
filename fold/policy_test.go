package fold_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/problem"
)

func TestSplitKeepsItsPolicy(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for trial := range 150 {
		d := table(r, 40+r.IntN(400), r.IntN(2)*(2+r.IntN(3)))
		if trial%3 == 0 {
			d.Rows = someRows(r, len(d.Target))
		}
		p := fold.Policy{By: []fold.By{fold.ByClass, fold.ByGroup, fold.ByTime}[trial%3], Seed: uint64(trial)}
		if p.By == fold.ByTime {
			p.Purge = time.Duration(r.IntN(40)) * 24 * time.Hour
			p.Isolate = r.IntN(2) == 0
		}
		s, err := p.Split(d)
		if err != nil {
			t.Fatal(err)
		}
		if broken := s.Audit.Broken(p); len(broken) > 0 {
			t.Fatalf("trial %d by %s: %v", trial, p.By, broken)
		}
		in := make(map[int32]bool)
		for _, row := range used(d) {
			in[row] = true
		}
		for row, part := range s.Of {
			if in[int32(row)] == (part == fold.Unused) {
				t.Fatalf("row %d, in use %v, is %s", row, in[int32(row)], part)
			}
			if part == fold.Purged && p.By != fold.ByTime {
				t.Fatalf("a row is purged by %s", p.By)
			}
		}
		for i, x := range s.Parts {
			for _, y := range s.Parts[i+1:] {
				together(t, "duplicate", d.Duplicate, s.Rows(x), s.Rows(y))
				if p.By == fold.ByGroup || p.Isolate {
					together(t, "group", d.Group, s.Rows(x), s.Rows(y))
				}
				if p.By != fold.ByTime {
					continue
				}
				for _, a := range s.Rows(x) {
					for _, b := range s.Rows(y) {
						if d.Time[b]-d.Time[a] < p.Purge.Microseconds() || d.Time[b] <= d.Time[a] {
							t.Fatalf("%s and %s are %d days apart", x, y, (d.Time[b]-d.Time[a])/day)
						}
					}
				}
			}
		}
		again, _ := p.Split(d)
		if !cmp.Equal(s, again) {
			t.Fatal("a second call divides otherwise")
		}
	}
}

func sizes(s fold.Split) map[string]int {
	out := make(map[string]int)
	for _, p := range s.Of {
		out[p.String()]++
	}
	return out
}

func TestSplitSizes(t *testing.T) {
	rows := func(n int, y func(i int) float64) fold.Data {
		d := fold.Data{Classes: 2, Target: make([]float64, n), Time: make([]int64, n)}
		for i := range n {
			d.Target[i] = y(i)
			d.Time[i] = int64(i) * day
		}
		return d
	}
	every := func(k int) func(int) float64 {
		return func(i int) float64 {
			if i%k == 0 {
				return 1
			}
			return 0
		}
	}
	grouped := func(d fold.Data, of func(i int) int32) fold.Data {
		for i := range d.Target {
			d.Group = append(d.Group, of(i))
		}
		return d
	}
	days := 24 * time.Hour
	tests := []struct {
		name   string
		policy fold.Policy
		data   fold.Data
		want   map[string]int
		reason fold.Reason
	}{
		{
			"by class",
			fold.Policy{By: fold.ByClass},
			rows(1000, every(4)),
			map[string]int{"train": 600, "validation": 200, "test": 150, "holdout": 50},
			"",
		},
		{
			"other shares",
			fold.Policy{By: fold.ByClass, Shares: fold.Shares{Train: 7, Test: 3}},
			rows(1000, every(4)),
			map[string]int{"train": 700, "test": 300},
			"",
		},
		{
			"by time",
			fold.Policy{By: fold.ByTime},
			rows(1000, every(4)),
			map[string]int{"train": 600, "validation": 200, "test": 150, "holdout": 50},
			"",
		},
		{
			"by time with a purge",
			fold.Policy{By: fold.ByTime, Purge: 100 * days},
			rows(1000, every(4)),
			map[string]int{"train": 422, "validation": 141, "test": 105, "holdout": 35, "purged": 297},
			"",
		},
		{
			"by time, groups of ten days isolated",
			fold.Policy{By: fold.ByTime, Isolate: true},
			grouped(rows(1000, every(4)), func(i int) int32 { return int32(i / 10) }),
			map[string]int{"train": 600, "validation": 200, "test": 150, "holdout": 50},
			"",
		},
		{
			"by time, groups isolated, half of which are new at each cut",
			fold.Policy{By: fold.ByTime, Isolate: true},
			grouped(rows(1000, every(4)), func(i int) int32 { return int32(i%10/5*(1000+i/50*5) + i%5) }),
			map[string]int{"train": 600, "validation": 100, "test": 75, "holdout": 25, "purged": 200},
			"",
		},
		{
			"by time, groups isolated, few of which are new",
			fold.Policy{By: fold.ByTime, Isolate: true},
			grouped(rows(1000, every(4)), func(i int) int32 {
				if i%20 == 0 {
					return int32(i)
				}
				return int32(i % 7)
			}),
			map[string]int{"purged": 1000},
			fold.Recurs,
		},
		{
			"by time, the same groups at all times",
			fold.Policy{By: fold.ByTime},
			grouped(rows(1000, every(4)), func(i int) int32 { return int32(i % 7) }),
			map[string]int{"train": 600, "validation": 200, "test": 150, "holdout": 50},
			"",
		},
		{
			"the purge leaves room for three parts",
			fold.Policy{By: fold.ByTime, Purge: 200 * days},
			rows(1000, every(4)),
			map[string]int{"train": 381, "validation": 127, "test": 94, "purged": 398},
			fold.TooShort,
		},
		{
			"the purge leaves room for two parts",
			fold.Policy{By: fold.ByTime, Purge: 400 * days},
			rows(1000, every(4)),
			map[string]int{"train": 480, "test": 121, "purged": 399},
			fold.TooShort,
		},
		{
			"the purge leaves room for none",
			fold.Policy{By: fold.ByTime, Purge: 600 * days},
			rows(1000, every(4)),
			map[string]int{"purged": 1000},
			fold.TooShort,
		},
		{
			"three rows",
			fold.Policy{By: fold.ByClass},
			rows(3, every(2)),
			map[string]int{"train": 2, "test": 1},
			fold.TooSmall,
		},
		{"one row", fold.Policy{By: fold.ByClass}, rows(1, every(2)), map[string]int{"purged": 1}, fold.TooSmall},
	}
	for _, test := range tests {
		s, err := test.policy.Split(test.data)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if diff := cmp.Diff(test.want, sizes(s)); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if s.Reason != test.reason {
			t.Errorf("%s: reason %q, want %q", test.name, s.Reason, test.reason)
		}
	}
}

func TestMonthlySnapshots(t *testing.T) {
	d := fold.Data{Classes: 2}
	for month := range 24 {
		for i := range 50 {
			d.Time = append(d.Time, int64(month)*30*day)
			d.Target = append(d.Target, float64(i%2))
		}
	}
	s, err := fold.Policy{By: fold.ByTime, Purge: 60 * 24 * time.Hour}.Split(d)
	if err != nil {
		t.Fatal(err)
	}
	// 24 snapshots, 3 × 1 lost between (the next but one is 60 days away).
	want := map[string]int{"train": 650, "validation": 200, "test": 150, "holdout": 50, "purged": 150}
	if diff := cmp.Diff(want, sizes(s)); diff != "" {
		t.Error(diff)
	}
}

func TestRarePositivesReachEveryPart(t *testing.T) {
	for positives := range 9 {
		d := fold.Data{Classes: 2, Target: make([]float64, 500)}
		for i := range positives {
			d.Target[i*50] = 1
		}
		s, err := fold.Policy{By: fold.ByClass, Seed: 3}.Split(d)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(s.Audit.Without(1)), max(4-positives, 0); got != want {
			t.Errorf("%d positives: %d parts without one, want %d", positives, got, want)
		}
	}
}

func TestAuditSeesWhatIsShared(t *testing.T) {
	d := fold.Data{Classes: 2, Target: []float64{0, 1, 1, 0}, Group: []int32{1, 2, 1, 1}, Duplicate: []int32{-1, 5, 5, -1}, Time: []int64{1, 9, 4, math.MinInt64}}
	of := []fold.Part{fold.Train, fold.Train, fold.Test, fold.Purged}
	want := fold.Audit{
		Parts: []fold.Count{
			{Part: fold.Train, Rows: 2, Classes: []int{1, 1}, First: 1, Last: 9},
			{Part: fold.Test, Rows: 1, Classes: []int{0, 1}, First: 4, Last: 4},
		},
		Pairs:  []fold.Pair{{Earlier: fold.Train, Later: fold.Test, Groups: 1, Duplicates: 1, Gap: -5 * time.Microsecond}},
		Purged: 1, Untimed: 1,
	}
	got := fold.Check(d, of)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := len(got.Broken(fold.Policy{By: fold.ByTime, Isolate: true})); got != 3 {
		t.Errorf("%d faults, want 3", got)
	}
}

func TestPolicyIsChecked(t *testing.T) {
	d := fold.Data{Classes: 2, Target: []float64{0, 1}}
	for name, p := range map[string]fold.Policy{
		"unknown way":     {By: "luck"},
		"no train":        {By: fold.ByClass, Shares: fold.Shares{Test: 1}},
		"not a number":    {By: fold.ByClass, Shares: fold.Shares{Train: math.NaN(), Test: 1}},
		"negative purge":  {By: fold.ByClass, Purge: -1},
		"time without it": {By: fold.ByTime},
		"group without":   {By: fold.ByGroup},
	} {
		if _, err := p.Split(d); problem.As(err) == nil || problem.As(err).Kind != problem.Usage {
			t.Errorf("%s: %v, want a usage problem", name, err)
		}
	}
}
