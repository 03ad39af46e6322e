package portfolio_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/table"
)

var shapes = []portfolio.Shape{
	{Task: learn.Binary, Classes: 2, Rows: 700, Columns: 20},
	{Task: learn.Multiclass, Classes: 4, Rows: 1_500, Columns: 6},
	{Task: learn.Multiclass, Classes: 26, Rows: 18_000, Columns: 16},
	{Task: learn.Regression, Rows: 40_000, Columns: 9},
	{Task: learn.Binary, Classes: 2, Rows: 1_000_000, Columns: 28},
}

// name is what a job is fitted by.
func name(t *testing.T, j crossfit.Job) string {
	t.Helper()
	settings, err := json.Marshal(j.Candidate.Learner)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(j.Candidate.ID, " ", j.Repeat, " ", j.Candidate.Learner.Name(), string(settings))
}

// A larger effort begins with all that a smaller one does, and no job is done
// twice.
func TestEffortsAreNested(t *testing.T) {
	for _, shape := range shapes {
		plan := portfolio.New(shape, false)
		var last []crossfit.Job
		for _, effort := range []string{"quick", "standard", "best", "100000"} {
			jobs, err := plan.Jobs(effort, 5)
			if err != nil {
				t.Fatal(err)
			}
			if len(jobs) <= len(last) && effort != "100000" {
				t.Errorf("%+v: %s has %d jobs, the effort below it %d", shape, effort, len(jobs), len(last))
			}
			seen := map[string]bool{}
			for i, j := range jobs {
				n := name(t, j)
				if i < len(last) && n != name(t, last[i]) {
					t.Errorf("%+v: job %d of %s is %s, of the effort below it %s", shape, i, effort, n, name(t, last[i]))
				}
				if seen[n] {
					t.Errorf("%+v: %s does %s twice", shape, effort, n)
				}
				seen[n] = true
			}
			last = jobs
		}
	}
}

// Another order of the work is the same work at every effort by name, and its
// bags come back in the usual order.
func TestOrderedIsTheSameWork(t *testing.T) {
	for _, shape := range shapes {
		plan := portfolio.New(shape, false)
		ids := plan.Later()
		if len(ids) < 2 {
			t.Fatalf("%+v: %d candidates after the first look", shape, len(ids))
		}
		slices.Reverse(ids)
		ordered := plan.Ordered(append([]string{"no longer there"}, ids[:len(ids)-1]...))
		for _, effort := range []string{"quick", "standard", "best"} {
			jobs, err := plan.Jobs(effort, 5)
			if err != nil {
				t.Fatal(err)
			}
			others, err := ordered.Jobs(effort, 5)
			if err != nil {
				t.Fatal(err)
			}
			var bags []*crossfit.Bag
			for _, j := range others {
				bags = append(bags, &crossfit.Bag{Job: j})
			}
			moved := effort != "quick" && name(t, others[len(plan.FirstLook("standard", 5))]) == name(t, jobs[len(plan.FirstLook("standard", 5))])
			if moved {
				t.Errorf("%+v, %s: what was last does not come first", shape, effort)
			}
			ordered.Sort(bags)
			for i, j := range jobs {
				if len(bags) != len(jobs) || name(t, bags[i].Job) != name(t, j) {
					t.Fatalf("%+v, %s: other work than without an order", shape, effort)
				}
			}
		}
		if units := plan.StandardUnits(5); units != 5*(len(plan.FirstLook("standard", 5))+len(ids)) {
			t.Errorf("%+v: a standard effort has %d units", shape, units)
		}
	}
}

func TestEffortThatIsNone(t *testing.T) {
	for _, effort := range []string{"fast", "0", "-1", "1.5"} {
		if _, err := portfolio.New(shapes[0], false).Jobs(effort, 5); err == nil {
			t.Errorf("effort %q is accepted", effort)
		}
	}
}

func TestInterpretableIsBaselinesOnly(t *testing.T) {
	plan := portfolio.New(shapes[0], true)
	jobs, err := plan.Jobs("best", 8)
	if err != nil {
		t.Fatal(err)
	}
	if len(jobs) != len(plan.Baselines()) {
		t.Errorf("%d jobs, want the %d baselines", len(jobs), len(plan.Baselines()))
	}
}

// Whatever the portfolio fits, Decode reads back to the same predictions.
func TestDecodeReadsEveryCandidate(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: 120}}
	a, b := table.Column{Name: "a"}, table.Column{Name: "b", Kind: table.Text, Levels: []string{"x", "y", "z"}}
	for range 120 {
		v, c := random.NormFloat64(), random.IntN(3)
		a.Number, b.Code = append(a.Number, v), append(b.Code, int32(c))
		y := 0.0
		if v+float64(c)+random.NormFloat64() > 1 {
			y = 1
		}
		d.Target = append(d.Target, y)
	}
	d.Table.Columns = []table.Column{a, b}
	jobs, err := portfolio.New(portfolio.Shape{Task: d.Task, Classes: 2, Rows: 120, Columns: 2}, false).Jobs("standard", 5)
	if err != nil {
		t.Fatal(err)
	}
	seen, prices := map[string]bool{}, map[string]time.Duration{}
	for _, j := range jobs {
		if seen[j.Candidate.ID] {
			continue
		}
		seen[j.Candidate.ID] = true
		m, err := j.Candidate.Learner.Fit(t.Context(), d, nil, learn.Options{Seed: 1, Threads: 1})
		if err != nil {
			t.Fatalf("%s: %v", j.Candidate.ID, err)
		}
		if prices[j.Candidate.ID] = portfolio.Price([]learn.Model{m}); j.Candidate.ID != "rule" && prices[j.Candidate.ID] <= prices["dummy"] && len(prices) > 1 {
			t.Errorf("%s counts as %v a row, as little as a constant", j.Candidate.ID, prices[j.Candidate.ID])
		}
		data, err := m.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		read, err := portfolio.Decode(m.Name(), data)
		if err != nil {
			t.Fatalf("%s: %v", j.Candidate.ID, err)
		}
		for x := range 3 {
			row := []float64{0.3, float64(x)}
			var got, want [1]float64
			read.Predict(row, got[:])
			m.Predict(row, want[:])
			if got != want {
				t.Errorf("%s: %v read back, %v before", j.Candidate.ID, got, want)
			}
		}
	}
	if _, err := portfolio.Decode("oracle", nil); err == nil {
		t.Error("a model of no learner is read")
	}
}
