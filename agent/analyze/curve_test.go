package analyze

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/table"
)

// probed is a learner fitted on rows in which a number with holes, a category
// and a switch matter, and noise does not. The number does to rows with the
// switch the opposite of what it does to the others.
func probed(t *testing.T, task learn.Task, l learn.Learner) *probeRun {
	t.Helper()
	const n = 1200
	random := rand.New(rand.NewPCG(3, 4))
	columns := []table.Column{
		{Name: "number", Kind: table.Number},
		{Name: "plan", Kind: table.Text, Levels: []string{"basic", "gold", "rare"}},
		{Name: "switch", Kind: table.Number},
		{Name: "noise", Kind: table.Number},
	}
	target := make([]float64, n)
	var sample []int32
	for i := range n {
		number, plan, on := random.NormFloat64(), int32(random.IntN(4)/3), float64(random.IntN(2))
		if i%300 == 0 {
			plan = 2
		}
		score := float64(plan) + number*(1-2*on) + 0.3*random.NormFloat64()
		if i%11 == 0 {
			number = math.NaN()
		}
		columns[0].Number = append(columns[0].Number, number)
		columns[1].Code = append(columns[1].Code, plan)
		columns[2].Number = append(columns[2].Number, on)
		columns[3].Number = append(columns[3].Number, random.NormFloat64())
		switch target[i] = score; task {
		case learn.Binary:
			target[i] = min(max(math.Ceil(score), 0), 1)
		case learn.Multiclass:
			target[i] = min(max(math.Floor(score)+1, 0), 2)
		}
		sample = append(sample, int32(i))
	}
	data := learn.Data{Task: task, Table: &table.Table{Rows: n, Columns: columns}, Target: target}
	data.Classes = map[learn.Task]int{learn.Binary: 2, learn.Multiclass: 3}[task]
	m, err := l.Fit(t.Context(), data, nil, learn.Options{Seed: 1, Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	p := &probeRun{model: m, data: data, sample: sample, x: make([]float64, n*len(columns))}
	data.Table.Gather(p.x, sample)
	return p
}

// A curve is, at each step, the mean prediction of rows that have the step's
// value in place of their own; beside it is how far rows differ in that.
func TestCurve(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		p := probed(t, task, tree.Boost{Rounds: 30, Leaves: 12})
		columns, width := len(p.data.Table.Columns), p.model.Width()
		for j := range columns {
			c := p.curve(j)
			if len(c.steps) < 2 || len(c.steps) > gridSteps+1 {
				t.Fatalf("%s: column %d has %d steps", task, j, len(c.steps))
			}
			grid, _ := p.grid(j)
			rows := 0
			for g, step := range c.steps {
				x := slices.Clone(p.x[:curveRows*columns])
				for i := range curveRows {
					x[i*columns+j] = grid[g]
				}
				out := make([]float64, curveRows*width)
				p.model.Predict(x, out)
				want := 0.0
				for i := range curveRows {
					want += out[i*width+c.class] / curveRows
				}
				if math.Abs(step.Mean-want) > 1e-12 {
					t.Errorf("%s: column %d at step %d is %v, by definition %v", task, j, g, step.Mean, want)
				}
				if step.Low > step.Mean+1e-12 || step.High < step.Mean-1e-12 {
					t.Errorf("%s: column %d at step %d: %v is not within %v and %v", task, j, g, step.Mean, step.Low, step.High)
				}
				rows += step.Rows
			}
			if j != 1 && rows != len(p.sample) {
				t.Errorf("%s: the steps of column %d are nearest to %d of %d rows", task, j, rows, len(p.sample))
			}
		}
		steps := p.curve(0).steps
		if last := steps[len(steps)-1]; last.Value != nil || last.Level != nil || last.Rows < 100 {
			t.Errorf("%s: the last step is not for missing values: %+v", task, last)
		}
		var names []string
		for _, step := range p.curve(1).steps {
			names = append(names, *step.Level)
		}
		if diff := cmp.Diff([]string{"basic", "gold"}, names); diff != "" {
			t.Errorf("%s: levels, the most frequent first, without rare ones:\n%s", task, diff)
		}
	}
}

// Where a feature does the same to every row, there is no band around its
// curve; where it does the opposite to half of them, it is wider than the
// curve is high.
func TestBand(t *testing.T) {
	same := probed(t, learn.Regression, linear.Learner{L2: 1})
	for _, step := range same.curve(0).steps {
		if step.High-step.Low > 1e-9 {
			t.Errorf("the band of a straight line is %v wide", step.High-step.Low)
		}
	}
	steps := probed(t, learn.Regression, tree.Boost{Rounds: 60, Leaves: 12}).curve(0).steps
	if first := steps[0]; first.High-first.Low < 2 {
		t.Errorf("the band of what goes both ways is %v wide", first.High-first.Low)
	}
}

// The number and the switch, whose product is in the target, are found before
// all others; nothing is in a model without products.
func TestPairs(t *testing.T) {
	p := probed(t, learn.Regression, tree.Boost{Rounds: 60, Leaves: 12})
	found := p.pairs(worth{importance: []float64{3, 2, 1, 0.1}, shap: make([]float64, 4)})
	if len(found) == 0 || found[0].A != "number" || found[0].B != "switch" || found[0].Strength < 0.8 || len(found) > 1 && found[1].Strength > 0.3 {
		t.Errorf("%+v", found)
	}
	p = probed(t, learn.Regression, linear.Learner{L2: 1})
	if found := p.pairs(worth{importance: []float64{3, 2, 1, 0.1}, shap: make([]float64, 4)}); len(found) > 0 {
		t.Errorf("a sum has pairs: %+v", found)
	}
}

// Effects are large where a feature matters, and 0 where the model does not
// look.
func TestEffects(t *testing.T) {
	p := probed(t, learn.Multiclass, tree.Boost{Rounds: 30, Leaves: 6, MinGain: 5})
	got := p.effects()
	if !(got[0] > 10*got[3] && got[2] > 10*got[3] && got[1] > got[3] && got[3] >= 0) {
		t.Errorf("effects %v: noise is the last", got)
	}
	w := worth{importance: []float64{0, 2, 0, 2}, shap: []float64{1, 1, 3, 2}}
	if diff := cmp.Diff([]int{4, 2, 3, 1}, w.ranks()); diff != "" {
		t.Error(diff)
	}
}

func TestNumbers(t *testing.T) {
	if diff := cmp.Diff([]float64{-1, 0, 2.5}, numbers([]float64{-1, -1, 0, 2.5, 2.5})); diff != "" {
		t.Error(diff)
	}
	var many []float64
	for i := range 1000 {
		many = append(many, 3+float64(i)/999)
	}
	got := numbers(many)
	if len(got) != gridSteps || !slices.IsSorted(got) || got[0] != 3.025 {
		t.Errorf("%v", got)
	}
	if got := round(123456, -3); got != 123000 {
		t.Errorf("123456 to thousands is %v", got)
	}
	for i, v := range []float64{-9, 0.4, 0.6, 1, 9} {
		if want := []int{0, 0, 1, 1, 1}[i]; nearest([]float64{0, 1}, v) != want {
			t.Errorf("%v is not nearest to step %d", v, want)
		}
	}
}

// What is said of a feature names its class where there is more than a value.
func TestDescribeCurve(t *testing.T) {
	steps := []handoff.Step{{Value: new(1.0), Mean: 1}, {Value: new(2.0), Mean: 2}}
	for _, test := range []struct {
		classes []string
		want    *string
	}{{nil, nil}, {[]string{"no", "yes"}, new("yes")}, {[]string{"a", "b", "c"}, new("a")}} {
		var f handoff.Feature
		curve{steps: steps}.describe(&f, test.classes)
		if diff := cmp.Diff(handoff.Feature{Curve: steps, Class: test.want}, f); diff != "" {
			t.Error(diff)
		}
	}
	var f handoff.Feature
	steps[1].High = math.Inf(1)
	if (curve{steps: steps}).describe(&f, nil); f.Curve != nil {
		t.Error("a curve without an end")
	}
}
