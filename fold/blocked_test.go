package fold_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/fold"
)

func TestBlocksKeepThePurge(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	purge := 30 * 24 * time.Hour
	for trial := range 50 {
		d := table(r, 200, 2)
		for i := range d.Group { // of one entity only what is near in time
			d.Group[i] = int32(d.Time[i]/day/20)*100 + d.Group[i]%10
			if j := d.Duplicate[i]; j >= 0 {
				d.Group[i] = d.Group[j]
			}
		}
		if trial%2 == 0 {
			d.Rows = someRows(r, len(d.Target))
		}
		shift := r.Float64() - 0.5
		folds, why := fold.Blocked(d, 5, purge, shift)
		if len(folds) < 3 || why != fold.AllParts {
			t.Fatalf("trial %d: %d folds, %q", trial, len(folds), why)
		}
		again, _ := fold.Blocked(d, 5, purge, shift)
		if !cmp.Equal(folds, again) {
			t.Fatal("a second call divides otherwise")
		}
		var all []int32
		for _, f := range folds {
			together(t, "duplicate", d.Duplicate, f.Train, f.Valid)
			together(t, "group", d.Group, f.Train, f.Valid)
			if !slices.IsSorted(f.Train) || !slices.IsSorted(f.Valid) {
				t.Fatal("rows are not ascending")
			}
			first, last := int64(math.MaxInt64), int64(math.MinInt64)
			for _, r := range f.Valid {
				first, last = min(first, d.Time[r]), max(last, d.Time[r])
			}
			for _, r := range f.Train {
				if first-d.Time[r] < purge.Microseconds() && d.Time[r]-last < purge.Microseconds() {
					t.Fatalf("trial %d: a training row of day %d is too near to %d..%d", trial, d.Time[r]/day, first/day, last/day)
				}
			}
			all = append(all, f.Valid...)
		}
		slices.Sort(all)
		if !slices.Equal(all, used(d)) {
			t.Fatal("the rows are not validated once each")
		}
	}
}

// days is n rows, one a day, of two classes in turn.
func days(n int) fold.Data {
	d := fold.Data{Classes: 2, Target: make([]float64, n), Time: make([]int64, n)}
	for i := range n {
		d.Target[i], d.Time[i] = float64(i%2), int64(i)*day
	}
	return d
}

func TestBlocksAreOfEqualSizeUnlessShifted(t *testing.T) {
	tests := []struct {
		name  string
		data  fold.Data
		k     int
		purge time.Duration
		shift float64
		want  [][2]int // training and validation rows
	}{
		{"equal", days(100), 5, 0, 0, [][2]int{{80, 20}, {80, 20}, {80, 20}, {80, 20}, {80, 20}}},
		{"a purge takes rows on both sides", days(100), 5, 5 * 24 * time.Hour, 0, [][2]int{{76, 20}, {72, 20}, {72, 20}, {72, 20}, {76, 20}}},
		{"cuts a quarter of a block later", days(100), 5, 0, 0.25, [][2]int{{75, 25}, {80, 20}, {80, 20}, {80, 20}, {85, 15}}},
		{"cuts earlier", days(100), 5, 0, -0.4, [][2]int{{88, 12}, {80, 20}, {80, 20}, {80, 20}, {72, 28}}},
	}
	for _, test := range tests {
		folds, why := fold.Blocked(test.data, test.k, test.purge, test.shift)
		var sizes [][2]int
		for _, f := range folds {
			sizes = append(sizes, [2]int{len(f.Train), len(f.Valid)})
		}
		if diff := cmp.Diff(test.want, sizes); diff != "" || why != fold.AllParts {
			t.Errorf("%s: %q %s", test.name, why, diff)
		}
	}
}

func TestBlocksThatDoNotFit(t *testing.T) {
	with := func(d fold.Data, change func(d *fold.Data)) fold.Data { change(&d); return d }
	tests := []struct {
		name  string
		data  fold.Data
		purge time.Duration
		want  int
		why   fold.Reason
	}{
		{"no time", with(days(90), func(d *fold.Data) { d.Time = nil }), 0, 0, fold.NoTimes},
		{"a row without time", with(days(90), func(d *fold.Data) { d.Time[4] = math.MinInt64 }), 0, 0, fold.NoTimes},
		{"two snapshots", with(days(90), func(d *fold.Data) {
			for i := range d.Time {
				d.Time[i] = int64(i/45) * 90 * day
			}
		}), 0, 0, fold.NoTimes},
		{"three snapshots", with(days(90), func(d *fold.Data) {
			for i := range d.Time {
				d.Time[i] = int64(i/30) * 90 * day
			}
		}), 60 * 24 * time.Hour, 3, fold.AllParts},
		{"three snapshots, a label window longer than between two", with(days(90), func(d *fold.Data) {
			for i := range d.Time {
				d.Time[i] = int64(i/30) * 90 * day
			}
		}), 120 * 24 * time.Hour, 0, fold.TooShort},
		{"a purge of half of the time", days(90), 45 * 24 * time.Hour, 0, fold.TooShort},
		{"the same entities at all times", with(days(90), func(d *fold.Data) {
			for i := range d.Time {
				d.Group = append(d.Group, int32(i%7))
			}
		}), 0, 0, fold.Recurs},
		{"entities of ten days each", with(days(90), func(d *fold.Data) {
			for i := range d.Time {
				d.Group = append(d.Group, int32(i/10))
			}
		}), 0, 5, fold.AllParts},
		{"one class for most of the time", with(days(90), func(d *fold.Data) {
			for i := range 70 {
				d.Target[i] = 0
			}
		}), 0, 0, fold.OneClass},
		{"a class of the last days only", with(days(90), func(d *fold.Data) {
			d.Classes = 3
			for i := range 5 {
				d.Target[89-i] = 2
			}
		}), 0, 0, fold.OneClass},
		{"one class for a fifth of the time", with(days(90), func(d *fold.Data) {
			for i := range 18 {
				d.Target[i] = 0
			}
		}), 0, 4, fold.AllParts},
	}
	for _, test := range tests {
		folds, why := fold.Blocked(test.data, 5, test.purge, 0)
		if len(folds) != test.want || why != test.why {
			t.Errorf("%s: %d folds, %q; want %d, %q", test.name, len(folds), why, test.want, test.why)
		}
	}
}
