package fold_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/problem"
)

const day = int64(24 * time.Hour / time.Microsecond)

// table is random rows: classes, entities, copies and times.
func table(r *rand.Rand, n, classes int) fold.Data {
	d := fold.Data{Classes: classes, Target: make([]float64, n), Group: make([]int32, n), Duplicate: make([]int32, n), Time: make([]int64, n)}
	for i := range n {
		if classes > 0 {
			d.Target[i] = float64(min(r.IntN(classes), r.IntN(classes)))
		} else {
			d.Target[i] = r.NormFloat64()
		}
		d.Group[i] = int32(r.IntN(n/3 + 1))
		d.Duplicate[i] = -1
		d.Time[i] = int64(r.IntN(400)) * day
		if i > 0 && r.IntN(10) == 0 { // a copy of another row
			j := r.IntN(i)
			d.Target[i], d.Group[i], d.Time[i] = d.Target[j], d.Group[j], d.Time[j]
			d.Duplicate[j] = int32(j)
			if d.Duplicate[i] < 0 {
				d.Duplicate[i] = int32(j)
			}
		}
	}
	return d
}

// together fails where a and b share a number.
func together(t *testing.T, what string, id, a, b []int32) {
	t.Helper()
	seen := make(map[int32]bool)
	for _, r := range a {
		seen[id[r]] = id[r] >= 0
	}
	for _, r := range b {
		if seen[id[r]] {
			t.Fatalf("%s %d is on both sides", what, id[r])
		}
	}
}

func TestKFoldKeepsTogetherWhatBelongsTogether(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for trial := range 100 {
		d := table(r, 20+r.IntN(200), r.IntN(2)*(2+r.IntN(3)))
		if trial%2 == 0 {
			d.Rows = someRows(r, len(d.Target))
		}
		folds, err := fold.KFold(d, 2+r.IntN(6), uint64(trial))
		if err != nil {
			t.Fatal(err)
		}
		var all []int32
		for _, f := range folds {
			together(t, "group", d.Group, f.Train, f.Valid)
			together(t, "duplicate", d.Duplicate, f.Train, f.Valid)
			if !slices.IsSorted(f.Train) || !slices.IsSorted(f.Valid) {
				t.Fatal("rows are not ascending")
			}
			both := slices.Concat(f.Train, f.Valid)
			slices.Sort(both)
			if want := used(d); !slices.Equal(both, want) {
				t.Fatal("a fold does not hold every row once")
			}
			all = append(all, f.Valid...)
		}
		slices.Sort(all)
		if !slices.Equal(all, used(d)) {
			t.Fatal("the rows are not validated once each")
		}
		again, _ := fold.KFold(d, len(folds), uint64(trial))
		if !cmp.Equal(folds, again) {
			t.Fatal("a second call divides otherwise")
		}
	}
}

func someRows(r *rand.Rand, n int) []int32 {
	var rows []int32
	for i := range n {
		if r.IntN(3) > 0 {
			rows = append(rows, int32(i))
		}
	}
	return rows
}

func used(d fold.Data) []int32 {
	if d.Rows != nil {
		return d.Rows
	}
	out := make([]int32, len(d.Target))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

func TestKFoldBalancesClasses(t *testing.T) {
	d := fold.Data{Classes: 4, Target: make([]float64, 1000)}
	for i := range d.Target {
		switch {
		case i < 2:
			d.Target[i] = 3 // two rows only
		case i < 37:
			d.Target[i] = 2
		case i < 400:
			d.Target[i] = 1
		}
	}
	folds, err := fold.KFold(d, 10, 5)
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range folds {
		if len(f.Valid) != 100 {
			t.Errorf("fold %d has %d rows, want 100", k, len(f.Valid))
		}
		var count [4]int
		for _, r := range f.Valid {
			count[int(d.Target[r])]++
		}
		for c, total := range []int{600, 363, 35, 2} {
			if low, high := total/10-1, (total+9)/10+1; count[c] < low || count[c] > high {
				t.Errorf("fold %d has %d rows of class %d, want %d to %d", k, count[c], c, low, high)
			}
		}
		if count[3] > 1 {
			t.Errorf("fold %d has both rows of the rare class", k)
		}
	}
}

func TestKFoldBalancesQuantilesOfTheTarget(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	d := fold.Data{Target: make([]float64, 500)}
	mean := 0.0
	for i := range d.Target {
		d.Target[i] = math.Exp(2 * r.NormFloat64())
		mean += math.Log(d.Target[i]) / 500
	}
	folds, err := fold.KFold(d, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	for k, f := range folds {
		got := 0.0
		for _, row := range f.Valid {
			got += math.Log(d.Target[row]) / float64(len(f.Valid))
		}
		// Without strata the means have a standard error of 2/sqrt(100) = 0.2.
		if math.Abs(got-mean) > 0.1 {
			t.Errorf("fold %d has a mean of ln target of %.3f, all rows %.3f", k, got, mean)
		}
	}
}

func TestKFoldBalancesGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	d := fold.Data{Classes: 2}
	for g := range 300 {
		rate := r.Float64()
		for range 1 + r.IntN(20) {
			d.Group = append(d.Group, int32(g))
			y := 0.0
			if r.Float64() < rate/3 {
				y = 1
			}
			d.Target = append(d.Target, y)
		}
	}
	folds, err := fold.KFold(d, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	rate := func(rows []int32) float64 {
		sum := 0.0
		for _, r := range rows {
			sum += d.Target[r]
		}
		return sum / float64(len(rows))
	}
	all := rate(used(d))
	for k, f := range folds {
		if share := float64(len(f.Valid)) / float64(len(d.Target)); math.Abs(share-0.2) > 0.01 {
			t.Errorf("fold %d holds %.3f of the rows, want 0.2", k, share)
		}
		if got := rate(f.Valid); math.Abs(got-all) > 0.01 {
			t.Errorf("fold %d has a rate of %.3f, all rows %.3f", k, got, all)
		}
	}
}

func TestTooSmallIsAProblem(t *testing.T) {
	one := fold.Data{Classes: 2, Target: []float64{0, 1}, Group: []int32{7, 7}}
	if _, err := fold.KFold(one, 5, 0); problem.As(err) == nil || problem.As(err).Code != "data.too_few" {
		t.Errorf("one group: %v, want data.too_few", err)
	}
	if folds, err := fold.KFold(fold.Data{Classes: 2, Target: []float64{0, 1, 1}}, 10, 0); err != nil || len(folds) != 3 {
		t.Errorf("three rows give %d folds, %v; want 3", len(folds), err)
	}
}
