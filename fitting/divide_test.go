package fitting

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/rowfile"
)

const day = int64(24 * 3600 * 1e6) // microseconds

// Where time cut the parts, a row is predicted from other periods than its own,
// with the purge between; where it did not, or blocks do not fit, rows are
// dealt as before, and Reason says so.
func TestFoldsAreCutAsThePartsAre(t *testing.T) {
	bench := func(snapshots int) *Bench {
		b := &Bench{File: &rowfile.File{Classes: 2}, Folds: handoff.Folds{By: "stratified", Count: 5, Seed: 1}}
		for i := range 300 {
			b.File.Target = append(b.File.Target, float64(i/40%2))
			b.File.Times = append(b.File.Times, int64(i%snapshots)*10*day)
		}
		return b
	}
	tests := []struct {
		name      string
		snapshots int
		parts     handoff.SplitPolicy
		by        string
		count     int
		reason    string
	}{
		{"parts by class", 30, handoff.SplitPolicy{By: "stratified"}, "stratified", 5, ""},
		{"parts by time", 30, handoff.SplitPolicy{By: "time", PurgeDays: 20}, "time", 5, ""},
		{"three snapshots", 3, handoff.SplitPolicy{By: "time"}, "time", 3, ""},
		{"two snapshots", 2, handoff.SplitPolicy{By: "time"}, "stratified", 5, "too_few_times"},
		{"a purge of half of the time", 30, handoff.SplitPolicy{By: "time", PurgeDays: 150}, "stratified", 5, "purge_does_not_fit"},
	}
	for _, test := range tests {
		b := bench(test.snapshots)
		b.byTime(test.parts)
		if b.Folds.By != test.by || b.Folds.Count != test.count || b.Folds.Reason != test.reason {
			t.Errorf("%s: %+v", test.name, b.Folds)
		}
		for repeat := range 3 {
			folds, err := b.divide(repeat)
			if err != nil || len(folds) != test.count {
				t.Fatalf("%s: %d folds, %v", test.name, len(folds), err)
			}
			rows := 0
			for _, f := range folds {
				rows += len(f.Valid)
				if test.by != "time" {
					continue
				}
				for _, r := range f.Train {
					near := func(v int32) bool {
						gap := b.File.Times[r] - b.File.Times[v]
						return max(gap, -gap) < max(int64(test.parts.PurgeDays), 1)*day
					}
					if slices.ContainsFunc(f.Valid, near) {
						t.Fatalf("%s: a fold learns from a row less than the purge from one that it predicts", test.name)
					}
				}
			}
			if rows != 300 {
				t.Errorf("%s: %d rows are predicted, want each of 300 once", test.name, rows)
			}
		}
	}
}

// Over random tables, however the parts were cut, no fold of any repeat learns
// from a group that it predicts, and every row is predicted once.
func TestNoFoldMeetsAGroupThatItLearntFrom(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 8))
	by := map[string]int{}
	for trial := range 200 {
		n := 60 + random.IntN(400)
		span := random.IntN(300) // days that the rows of a group are spread over
		b := &Bench{File: &rowfile.File{Classes: 2 * random.IntN(2)}, Folds: handoff.Folds{Count: 5 + random.IntN(4), Seed: uint64(trial)}}
		start := make([]int, 2+random.IntN(n))
		for g := range start {
			start[g] = random.IntN(400)
		}
		for range n {
			g := random.IntN(len(start))
			b.File.Groups = append(b.File.Groups, int32(g))
			b.File.Target = append(b.File.Target, float64(random.IntN(2)))
			b.File.Times = append(b.File.Times, int64(start[g]+random.IntN(span+1))*day)
		}
		b.Folds.By = dealt(b.File)
		b.byTime(handoff.SplitPolicy{By: []string{"time", "time", "entity"}[trial%3], PurgeDays: random.IntN(30)})
		by[b.Folds.By+" "+b.Folds.Reason]++
		for repeat := range 3 {
			folds, err := b.divide(repeat)
			if err != nil {
				t.Fatal(err)
			}
			predicted := make([]int, n)
			for _, f := range folds {
				learnt := map[int32]bool{}
				for _, r := range f.Train {
					learnt[b.File.Groups[r]] = true
				}
				for _, r := range f.Valid {
					predicted[r]++
					if learnt[b.File.Groups[r]] {
						t.Fatalf("trial %d, repeat %d, by %s: a group is on both sides", trial, repeat, b.Folds.By)
					}
				}
			}
			if slices.Min(predicted) != 1 || slices.Max(predicted) != 1 {
				t.Fatalf("trial %d: the rows are not predicted once each", trial)
			}
		}
	}
	for _, want := range []string{"time ", "group ", "group entities_recur"} {
		if by[want] < 10 {
			t.Errorf("only %d tables have folds by %s", by[want], want)
		}
	}
}

// Rows of a refit that do not fit into the blocks are dealt, and the folds say so.
func TestRecut(t *testing.T) {
	for _, test := range []struct {
		snapshots int
		by        string
		reason    string
	}{
		{30, "time", ""},
		{2, "stratified", "too_few_times"},
	} {
		b := &Bench{File: &rowfile.File{Classes: 2}, Folds: handoff.Folds{By: "time", Count: 5, Seed: 1}}
		for i := range 300 {
			b.File.Target = append(b.File.Target, float64(i/40%2))
			b.File.Times = append(b.File.Times, int64(i%test.snapshots)*10*day)
		}
		b.recut()
		if b.Folds.By != test.by || b.Folds.Reason != test.reason {
			t.Errorf("%d snapshots: %+v", test.snapshots, b.Folds)
		}
		if folds, err := b.divide(1); err != nil || len(folds) != 5 {
			t.Errorf("%d snapshots: %d folds, %v", test.snapshots, len(folds), err)
		}
	}
}

// Another repeat has other folds, by time too.
func TestRepeatsMoveTheCuts(t *testing.T) {
	b := &Bench{File: &rowfile.File{}, Folds: handoff.Folds{By: "stratified", Count: 5}}
	for i := range 500 {
		b.File.Target = append(b.File.Target, float64(i))
		b.File.Times = append(b.File.Times, int64(i)*day)
	}
	b.byTime(handoff.SplitPolicy{By: "time"})
	var ends []int32
	for repeat := range 10 {
		folds, err := b.divide(repeat)
		if err != nil {
			t.Fatal(err)
		}
		end := folds[0].Valid[len(folds[0].Valid)-1]
		if slices.Contains(ends, end) {
			t.Errorf("repeat %d cuts where another one does", repeat)
		}
		ends = append(ends, end)
		if s := shift(repeat); math.Abs(s) >= 0.5 || repeat == 0 && s != 0 {
			t.Errorf("repeat %d moves the cuts by %v of a block", repeat, s)
		}
	}
}

// Of rows by time, the newest two of five blocks are those that decide.
func TestNewest(t *testing.T) {
	b := &Bench{File: &rowfile.File{}, Folds: handoff.Folds{By: "stratified", Count: 5}}
	all := metric.Sample{}
	var said []float64
	for i := range 50 {
		b.File.Target = append(b.File.Target, float64(i))
		b.File.Times = append(b.File.Times, int64(50-i)*day) // newest first
		said = append(said, float64(i)+0.1, float64(i)+0.2)
	}
	all.Target = b.File.Target
	if got, _, err := b.Newest(all, [][]float64{said}); err != nil || len(got.Target) != 50 {
		t.Errorf("without time %d rows decide, %v; want all 50", len(got.Target), err)
	}
	b.byTime(handoff.SplitPolicy{By: "time"})
	got, predictions, err := b.Newest(all, [][]float64{said, b.File.Target})
	if err != nil || !slices.Equal(got.Target, b.File.Target[:20]) || !slices.Equal(predictions[0], said[:40]) || !slices.Equal(predictions[1], got.Target) {
		t.Errorf("rows %v, predictions %v, %v", got.Target, predictions, err)
	}
}
