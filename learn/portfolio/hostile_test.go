package portfolio_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// hostile are columns that are hard on arithmetic, by name: of n rows each.
func hostile(n int, random *rand.Rand) map[string]table.Column {
	number := func(value func(i int) float64) table.Column {
		c := table.Blank("x", table.Number, n)
		for i := range n {
			c.Number[i] = value(i)
		}
		return c
	}
	text := func(levels int, code func(i int) int) table.Column {
		c := table.Blank("t", table.Text, n)
		for l := range levels {
			c.Levels = append(c.Levels, fmt.Sprint("level ", l))
		}
		for i := range n {
			c.Code[i] = int32(code(i))
		}
		return c
	}
	nan := math.NaN()
	return map[string]table.Column{
		"all missing":          number(func(int) float64 { return nan }),
		"missing but for one":  number(func(i int) float64 { return map[bool]float64{true: 1, false: nan}[i == n/2] }),
		"constant":             number(func(int) float64 { return 7 }),
		"huge":                 number(func(int) float64 { return 1e300 * random.NormFloat64() }),
		"greatest":             number(func(i int) float64 { return []float64{math.MaxFloat64, -math.MaxFloat64, 0}[i%3] }),
		"constant and huge":    number(func(int) float64 { return 1e300 }),
		"tiny":                 number(func(int) float64 { return 1e-300 * random.NormFloat64() }),
		"denormal":             number(func(i int) float64 { return float64(i%3) * math.SmallestNonzeroFloat64 }),
		"all magnitudes":       number(func(int) float64 { return math.Pow(10, 600*random.Float64()-300) }),
		"far from zero":        number(func(i int) float64 { return 1e15 + float64(i%5) }),
		"one outlier":          number(func(i int) float64 { return map[bool]float64{true: 1e200, false: float64(i % 4)}[i == n/3] }),
		"zeros of both signs":  number(func(i int) float64 { return math.Copysign(0, float64(i%2)-0.5) }),
		"text all missing":     text(0, func(int) int { return -1 }),
		"text constant":        text(1, func(int) int { return 0 }),
		"a level in each row":  text(n, func(i int) int { return i }),
		"100,000 levels":       text(100_000, func(int) int { return random.IntN(100_000) }),
		"levels that are rare": text(50, func(i int) int { return map[bool]int{true: i % 50, false: -1}[i%7 == 0] }),
	}
}

// everyCandidate lists the candidates of small tables, and those of huge ones
// that are set otherwise.
func everyCandidate(t *testing.T, task learn.Task, classes, columns int, sizes ...int) []crossfit.Candidate {
	var all []crossfit.Candidate
	for _, rows := range sizes {
		plan := portfolio.New(portfolio.Shape{Task: task, Classes: classes, Rows: rows, Columns: columns}, false)
		jobs, err := plan.Jobs(portfolio.Best, 3)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, j := range jobs {
			if id := j.Candidate.ID; !seen[id] && (rows == 300 || j.Candidate.Learner.Name() == "boosted_trees") {
				seen[id] = true
				all = append(all, crossfit.Candidate{ID: fmt.Sprintf("%s of %d rows", id, rows), Learner: j.Candidate.Learner})
			}
		}
	}
	return all
}

// weights are hard weights, by name.
func weights(n int) map[string][]float64 {
	some, none, tiny, large := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		some[i], tiny[i], large[i] = float64(i%4/3), 1e-300, 1e30
	}
	return map[string][]float64{"mostly 0": some, "all 0": none, "tiny": tiny, "large": large}
}

// targets are answers that are hard, by name.
func targets(task learn.Task, n int, random *rand.Rand) (classes int, all map[string][]float64) {
	of := func(value func(i int) float64) []float64 {
		y := make([]float64, n)
		for i := range y {
			y[i] = value(i)
		}
		return y
	}
	switch task {
	case learn.Binary:
		return 2, map[string][]float64{
			"even":      of(func(i int) float64 { return float64(random.IntN(2)) }),
			"two alone": of(func(i int) float64 { return map[bool]float64{true: 1}[i == 0 || i == n-1] }),
			"all one":   of(func(i int) float64 { return 1 }),
		}
	case learn.Multiclass:
		return 30, map[string][]float64{
			"even":          of(func(i int) float64 { return float64(i % 30) }),
			"most lacking":  of(func(i int) float64 { return float64(i % 2 * 29) }),
			"one class":     of(func(i int) float64 { return 3 }),
			"rare and many": of(func(i int) float64 { return map[bool]float64{true: float64(i % 30)}[i%10 == 0] }),
		}
	}
	return 0, map[string][]float64{
		"normal":   of(func(i int) float64 { return random.NormFloat64() }),
		"constant": of(func(i int) float64 { return 5 }),
		"huge":     of(func(i int) float64 { return 1e98 * random.NormFloat64() }),
		"greatest": of(func(i int) float64 { return math.MaxFloat64 * float64(i%3-1) }),
		"tiny":     of(func(i int) float64 { return 1e-300 * random.NormFloat64() }),
		"counts":   of(func(i int) float64 { return float64(i % 3 * (i % 5)) }),
	}
}

// Whatever the table: a fit refuses, or predicts finite values that are
// probabilities where they should be. It never panics.
func TestHostileTables(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		for _, n := range []int{3, 90} {
			random := rand.New(rand.NewPCG(uint64(n), 3))
			columns := hostile(n, random)
			classes, answers := targets(task, n, random)
			sizes := []int{300}
			if n > 3 {
				sizes = append(sizes, 3_000_000)
			}
			candidates := everyCandidate(t, task, classes, 2, sizes...)
			for answer, y := range answers {
				tables := map[string][]table.Column{}
				if n > 3 && (answer == "even" || answer == "normal") {
					for name, c := range columns {
						tables[name] = []table.Column{c, columns["levels that are rare"]}
					}
				}
				var every []table.Column
				for _, name := range []string{"all missing", "huge", "greatest", "all magnitudes", "one outlier", "a level in each row", "text all missing"} {
					every = append(every, columns[name])
				}
				tables["all at once"] = every
				tables["no column"] = nil
				for name, c := range tables {
					for i := range c {
						c[i].Name = fmt.Sprint("c", i)
					}
					d := learn.Data{Task: task, Classes: classes, Table: &table.Table{Rows: n, Columns: c}, Target: y}
					for _, candidate := range candidates {
						where := fmt.Sprintf("%s, %d rows, %s, answer %s, %s", task, n, name, answer, candidate.ID)
						hold(t, where, candidate.Learner, d)
						if name != "all at once" {
							continue
						}
						for weight, w := range weights(n) {
							d.Weight = w
							hold(t, where+", weights "+weight, candidate.Learner, d)
						}
						d.Weight = nil
					}
				}
			}
		}
	}
}

// hold fits on two rows of three, and holds what comes of it against what is
// promised.
func hold(t *testing.T, name string, l learn.Learner, d learn.Data) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("%s: panic: %v", name, p)
		}
	}()
	train, valid := d, d
	for r := range d.Table.Rows {
		if r%3 == 1 {
			valid.Rows = append(valid.Rows, int32(r))
		} else {
			train.Rows = append(train.Rows, int32(r))
		}
	}
	m, err := l.Fit(context.Background(), train, &valid, learn.Options{Seed: 1, Threads: 1})
	if err != nil {
		if p := problem.As(err); p == nil && !errors.Is(err, learn.ErrNoRows) && !errors.Is(err, learn.ErrOneClass) && !errors.Is(err, learn.ErrTarget) {
			t.Errorf("%s: %v", name, err)
		}
		return
	}
	out, err := learn.PredictTable(context.Background(), m, d.Table, nil, 1)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for i := 0; i < len(out); i += m.Width() {
		if why := fault(d.Task, out[i:i+m.Width()]); why != "" {
			t.Errorf("%s: row %d: %s", name, i/m.Width(), why)
			break
		}
	}
	data, err := m.MarshalBinary()
	if err != nil {
		t.Errorf("%s: %v", name, err)
	} else if _, err := portfolio.Decode(l.Name(), data); err != nil {
		t.Errorf("%s: its own file is refused: %v", name, err)
	}
}

// fault is what is wrong with the prediction of a row.
func fault(task learn.Task, p []float64) string {
	sum := 0.0
	for _, v := range p {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint("predicts ", v)
		}
		if task != learn.Regression && !(v >= 0 && v <= 1) {
			return fmt.Sprint("a probability of ", v)
		}
		sum += v
	}
	if task == learn.Multiclass && math.Abs(sum-1) > 1e-9 {
		return fmt.Sprint("probabilities with the sum ", sum)
	}
	return ""
}
