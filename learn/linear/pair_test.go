package linear_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/table"
)

// crossed is rows whose target is the product of two numbers, plus 1 where two
// categories are the same: no column says anything by itself.
func crossed(n int) learn.Data {
	r := rand.New(rand.NewPCG(4, 4))
	t := &table.Table{Rows: n, Columns: []table.Column{{Name: "a"}, {Name: "b"}, {Name: "c", Kind: table.Text, Levels: []string{"x", "y"}}, {Name: "d", Kind: table.Text, Levels: []string{"x", "y"}}}}
	d := learn.Data{Task: learn.Regression, Table: t}
	for range n {
		a, b, c, e := 2*r.Float64()-1, 2*r.Float64()-1, r.IntN(2), r.IntN(2)
		t.Columns[0].Number, t.Columns[1].Number = append(t.Columns[0].Number, a), append(t.Columns[1].Number, b)
		t.Columns[2].Code, t.Columns[3].Code = append(t.Columns[2].Code, int32(c)), append(t.Columns[3].Code, int32(e))
		y := 3 * a * b
		if c == e {
			y++
		}
		d.Target = append(d.Target, y)
	}
	return d
}

func rmse(t *testing.T, l linear.Learner, d learn.Data) (float64, *linear.Model) {
	t.Helper()
	m, err := l.Fit(t.Context(), d, nil, learn.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	p, err := learn.PredictTable(t.Context(), m, d.Table, nil, 1)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, y := range d.Target {
		sum += (y - p[i]) * (y - p[i]) / float64(len(p))
	}
	return math.Sqrt(sum), m.(*linear.Model)
}

func TestPairsFindWhatNoColumnSays(t *testing.T) {
	d := crossed(2000)
	alone, _ := rmse(t, linear.Learner{L2: 0.1}, d)
	pairs, m := rmse(t, linear.Learner{L2: 0.1, Pairs: 50}, d)
	if alone < 0.9 || pairs > 0.01 {
		t.Errorf("error %.3f without pairs and %.3f with them, want about 1.1 and 0", alone, pairs)
	}
	if got := len(m.Products); got != 3 {
		t.Errorf("%d products of two columns of numbers, want 3 with the squares", got)
	}
}

// No more features than were asked for are made of pairs.
func TestPairsAreBounded(t *testing.T) {
	d := crossed(500)
	_, none := rmse(t, linear.Learner{L2: 1}, d)
	for _, most := range []int{1, 3, 5, 100} {
		_, m := rmse(t, linear.Learner{L2: 1, Pairs: most}, d)
		if got := m.Features - none.Features; got > most {
			t.Errorf("%d features of pairs, asked for at most %d", got, most)
		}
	}
}

// What each column contributes to a row adds up to its score.
func TestContributionsOfPairsAddUp(t *testing.T) {
	d := crossed(500)
	_, m := rmse(t, linear.Learner{L2: 1, Knots: 2, Pairs: 50}, d)
	x, y, parts := make([]float64, 4), make([]float64, 1), make([]float64, 4)
	for r := range int32(50) {
		d.Table.Gather(x, []int32{r})
		m.Predict(x, y)
		m.Contributions(x, parts)
		sum := m.Base()[0]
		for _, v := range parts {
			sum += v
		}
		if got, want := m.Offset+m.Scale*sum, y[0]; math.Abs(got-want) > 1e-9 {
			t.Fatalf("row %d: contributions add up to %v, the prediction is %v", r, got, want)
		}
	}
}
