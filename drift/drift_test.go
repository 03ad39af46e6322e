package drift

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/table"
)

// Reference: scipy 1.17.1,
//
//	stats.hypergeom.sf(k-1, n+m, k+b, n), stats.hypergeom.cdf(k, n+m, k+b, n)
func TestTail(t *testing.T) {
	for _, test := range []struct {
		k, n, base, m int
		up, down      float64
	}{
		{3, 50, 10, 1000, 0.02074081697612938, 0.9976286983989876},
		{0, 500, 20, 4000, 1.0, 0.0943301187987313},
		{40, 500, 200, 4000, 0.004908077884663727, 0.9972075995674099},
		{12, 60, 0, 300, 1.7026222303920163e-10, 1.0},
		{499, 500, 3800, 4000, 8.06170849062317e-10, 0.9999999999706285},
	} {
		up, down := tail(test.k, test.n, test.base, test.m, 1), tail(test.k, test.n, test.base, test.m, -1)
		if math.Abs(up/test.up-1) > 1e-9 || math.Abs(down/test.down-1) > 1e-9 {
			t.Errorf("%+v: got %v, %v", test, up, down)
		}
	}
}

// Reference: scipy 1.17.1,
//
//	stats.mannwhitneyu(now, base, use_continuity=False, method="asymptotic")
func TestRankSum(t *testing.T) {
	for _, test := range []struct {
		base, now []int
		effect, p float64
	}{
		{[]int{100, 100, 100, 100}, []int{30, 20, 25, 25}, -0.012500000000000011, 0.6894277517820526},
		{[]int{10, 500, 30}, []int{40, 50, 10}, -0.15833333333333333, 7.611305132213408e-17},
		{[]int{400, 400, 400, 400, 400}, []int{60, 80, 100, 120, 140}, 0.08, 1.5417257900279904e-08},
		{[]int{5, 0, 7}, []int{0, 3, 0}, -0.08333333333333331, 0.6399940105774466},
		{[]int{0, 9}, []int{0, 3}, 0, 1},
	} {
		effect, p := rankSum(test.base, test.now)
		if math.Abs(effect-test.effect) > 1e-12 || math.Abs(p/test.p-1) > 1e-9 {
			t.Errorf("%v %v: got %v, %v, want %v, %v", test.base, test.now, effect, p, test.effect, test.p)
		}
	}
}

func TestSketch(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		name string
		got  Sketch
		want Sketch
	}{
		{"few values", OfNumbers("x", []float64{1, 2, 2, 5, nan}), Sketch{Name: "x", Kind: Number, Missing: 1, Cuts: []float64{1, 2}, Counts: []int{1, 2, 1}}},
		{"one value", OfNumbers("x", []float64{3, 3}), Sketch{Name: "x", Kind: Number, Counts: []int{2}}},
		{"no value", OfNumbers("x", []float64{nan}), Sketch{Name: "x", Kind: Number, Missing: 1, Counts: []int{0}}},
		{"levels", ofCategory("c", []float64{2, 0, 2, nan}), Sketch{Name: "c", Kind: Category, Missing: 1, Codes: []int{0, 2}, Counts: []int{1, 2, 0}}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, test.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if err := test.got.check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	many := make([]float64, 10_000)
	for i := range many {
		many[i] = float64(i * 7919 % 10_000)
	}
	s := OfNumbers("x", many)
	for i, n := range s.Counts {
		if n < 10_000/maxCells-2 || n > 10_000/maxCells+2 {
			t.Errorf("cell %d has %d rows", i, n)
		}
	}
}

// stream draws rows of 8 numbers and 2 categories, some missing.
func stream(random *rand.Rand, rows int, change func(x []float64)) [][]float64 {
	out := make([][]float64, rows)
	for i := range out {
		x := make([]float64, 10)
		for j := range 8 {
			if x[j] = random.NormFloat64(); random.IntN(30) == 0 {
				x[j] = math.NaN()
			}
		}
		x[8], x[9] = float64(random.IntN(3)), float64(random.IntN(2)*random.IntN(40))
		if change != nil {
			change(x)
		}
		out[i] = x
	}
	return out
}

func baselineOf(rows [][]float64) *Baseline {
	t := &table.Table{Rows: len(rows)}
	all := make([]int32, len(rows))
	for i := range all {
		all[i] = int32(i)
	}
	for j := range rows[0] {
		c := table.Column{Name: string(rune('a' + j)), Kind: table.Number}
		if j >= 8 {
			c.Kind = table.Text
		}
		for _, x := range rows {
			c.Number = append(c.Number, x[j])
			c.Code = append(c.Code, int32(x[j]))
		}
		t.Columns = append(t.Columns, c)
	}
	return &Baseline{Format: Format, Rows: len(rows), Features: OfTable(t, all)}
}

func read(b *Baseline, rows [][]float64, budget Budget) []Reading {
	w := b.Window()
	for _, x := range rows {
		w.Add(x, nil)
	}
	return w.Test(budget)
}

// The false pages of quiet streams keep to the budget, even a generous one,
// whose excess would show: 300 windows, each with its own baseline now and
// then, are allowed 30 pages in the mean.
func TestQuietStreams(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	pages := 0
	for range 20 {
		b := baselineOf(stream(random, 1000, nil))
		for range 15 {
			for _, r := range read(b, stream(random, 200, nil), Budget{Pages: 30, Windows: 300}) {
				if r.Drifted {
					pages++
				}
			}
		}
	}
	if pages > 50 { // Poisson of mean 30: less than one in 5,000
		t.Errorf("%d false pages, budget 30", pages)
	}
}

func TestDriftIsFound(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	b := baselineOf(stream(random, 4000, nil))
	for _, test := range []struct {
		name      string
		change    func(x []float64)
		feature   string
		statistic string
	}{
		{"quiet", nil, "", ""},
		{"shifted by 0.4", func(x []float64) { x[2] += 0.4 }, "c", "location"},
		{"other unit", func(x []float64) { x[0] *= 1000 }, "a", "tails"},
		{"wider", func(x []float64) { x[1] *= 1.8 }, "b", "tails"},
		{"missing more often", func(x []float64) {
			if x[3] < -0.9 {
				x[3] = math.NaN()
			}
		}, "d", "missing"},
		{"a level gains", func(x []float64) {
			if x[8] == 1 && x[0] > 0 {
				x[8] = 2
			}
		}, "i", "level"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found := ""
			for _, r := range read(b, stream(random, 500, test.change), Monthly()) {
				if r.Drifted {
					found += r.Feature
					if r.Statistic != test.statistic {
						t.Errorf("by %s, want %s", r.Statistic, test.statistic)
					}
				}
			}
			if found != test.feature {
				t.Errorf("drift in %q, want %q", found, test.feature)
			}
		})
	}
}

func TestTooFewRowsSayNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	b := baselineOf(stream(random, 1000, nil))
	if got := read(b, stream(random, MinRows-1, func(x []float64) { x[0] += 100 }), Monthly()); got != nil {
		t.Errorf("%v", got)
	}
	if b.Window().Add([]float64{1}, nil) {
		t.Error("a row of another width was counted")
	}
}

func TestBaselineGoesThroughJSON(t *testing.T) {
	b := baselineOf(stream(rand.New(rand.NewPCG(7, 8)), 300, nil))
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var again Baseline
	if err := json.Unmarshal(text, &again); err != nil || again.Check() != nil {
		t.Fatal(err, again.Check())
	}
	if diff := cmp.Diff(*b, again); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{
		`{"format":"septet.baseline/2"}`, `{"format":"septet.baseline/1","features":[{"kind":"number","cuts":[2,1],"counts":[0,0,0]}]}`,
		`{"format":"septet.baseline/1","features":[{"kind":"category","codes":[1],"counts":[0]}]}`,
	} {
		var b Baseline
		if err := json.Unmarshal([]byte(bad), &b); err != nil || b.Check() == nil {
			t.Errorf("%s: no error, %v", bad, err)
		}
	}
}

func FuzzBaseline(f *testing.F) {
	text, _ := json.Marshal(baselineOf(stream(rand.New(rand.NewPCG(7, 8)), 50, nil)))
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		var b Baseline
		if json.Unmarshal(data, &b) != nil || b.Check() != nil {
			return
		}
		w := b.Window()
		for range MinRows {
			w.Add(make([]float64, len(b.Features)), make([]float64, len(b.Scores)))
		}
		for _, r := range w.Test(Monthly()) {
			if !(r.P >= 0 && r.P <= 1) {
				t.Fatalf("%s has p %v", r.Feature, r.P)
			}
		}
	})
}
