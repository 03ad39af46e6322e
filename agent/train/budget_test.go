package train_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/septet-ml/septet/agent/analyze"
	"github.com/septet-ml/septet/agent/choose"
	"github.com/septet-ml/septet/agent/prepare"
	"github.com/septet-ml/septet/agent/scope"
	"github.com/septet-ml/septet/agent/train"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/ledger"
)

// visits is a table whose answer depends on two of its columns.
func visits(t *testing.T) string {
	random := rand.New(rand.NewPCG(8, 4))
	var b strings.Builder
	b.WriteString("minutes,pages,buys\n")
	for range 900 {
		minutes, pages := random.NormFloat64(), random.NormFloat64()
		buys := "no"
		if minutes+pages*pages+random.NormFloat64() > 1 {
			buys = "yes"
		}
		fmt.Fprintf(&b, "%.4f,%.4f,%s\n", minutes, pages, buys)
	}
	path := filepath.Join(t.TempDir(), "visits.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// trained runs the agents up to the trainer by a clock that goes on by a
// second with every look at it, and gives how long that took by this clock.
func trained(t *testing.T, path string, s handoff.Settings) (handoff.Model, time.Duration) {
	t.Helper()
	m, _, took := trainedIn(t, path, s)
	return m, took
}

// trainedOn is trained for a request in other words.
func trainedOn(t *testing.T, path, request string, s handoff.Settings) (handoff.Model, durable.Options) {
	t.Helper()
	m, o, _ := trainedBy(t, path, request, s)
	return m, o
}

// trainedIn is trained, and gives where the run's files are too.
func trainedIn(t *testing.T, path string, s handoff.Settings) (handoff.Model, durable.Options, time.Duration) {
	t.Helper()
	return trainedBy(t, path, "predict buys", s)
}

func trainedBy(t *testing.T, path, request string, s handoff.Settings) (handoff.Model, durable.Options, time.Duration) {
	t.Helper()
	s.Seed, s.Threads, s.NoDeploy = 1, 1, true
	o := durabletest.In(t, t.TempDir(), handoff.Brief{Request: request, Sources: []handoff.Source{{Path: path}}, Settings: s})
	var clock atomic.Int64
	now := func() time.Time { return time.Unix(1.7e9+clock.Load(), 0) }
	o.Now = func() time.Time { clock.Add(1); return now() }
	began := now()
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	a := durable.Do(ctx, r, scope.Step(), r.Brief())
	b := durable.Do(ctx, r, prepare.Step(), a)
	c := durable.Do(ctx, r, analyze.Step(tree.Boost{Rounds: 20, LearningRate: 0.1, Leaves: 8, MinRows: 20, Patience: 5}), b)
	d := durable.Do(ctx, r, choose.Step(), c)
	m := durable.Do(ctx, r, train.Step(), d)
	took := now().Sub(began)
	if record, err := r.End(ctx); err != nil || record.Status != ledger.Partial {
		t.Fatalf("%v: %s, %v", err, record.Status, record.Problem)
	}
	return m, o, took
}

// A budget ends training in time, the refit included; the units that it says
// it did give the same file again.
func TestBudget(t *testing.T) {
	path := visits(t)
	for _, refit := range []bool{false, true} {
		t.Run(fmt.Sprintf("refit %v", refit), func(t *testing.T) {
			_, least := trained(t, path, handoff.Settings{Effort: "40", Refit: refit}) // the first look
			budget := least + 60*time.Second
			capped, took := trained(t, path, handoff.Settings{Effort: "standard", Refit: refit, Budget: budget})
			if took > budget+budget/20 {
				t.Errorf("it took %s, the budget is %s", took, budget)
			}
			if took < budget-30*time.Second {
				t.Errorf("it ended after %s, though the budget is %s", took, budget)
			}
			if !capped.Effort.Capped {
				t.Fatalf("the budget of %s did not end it: %+v", budget, capped.Effort)
			}
			again, _ := trained(t, path, handoff.Settings{Effort: fmt.Sprint(capped.Effort.Units), Refit: refit})
			if again.File.SHA256 != capped.File.SHA256 {
				t.Errorf("--effort %d gives another file", capped.Effort.Units)
			}
		})
	}
}

// The baselines are fitted whatever the budget; what else the selector looks at
// fits into it, and the units that it says it did give the same file again.
func TestSmallBudget(t *testing.T) {
	path := visits(t)
	waived := []handoff.Waiver{{Code: "criteria.unmet", Reason: "too little time for a good model", By: "a test"}}
	least, quickest := trained(t, path, handoff.Settings{Effort: "1", Waivers: waived})
	whole, took := trained(t, path, handoff.Settings{Effort: "40"})
	if least.Effort.Units != 24 || whole.Effort.Units != 40 {
		t.Fatalf("three baselines are %d units, the first look %d", least.Effort.Units, whole.Effort.Units)
	}
	for name, budget := range map[string]time.Duration{"none": time.Second, "some": (quickest + took) / 2} {
		t.Run(name, func(t *testing.T) {
			m, took := trained(t, path, handoff.Settings{Effort: "standard", Budget: budget, Waivers: waived})
			if !m.Effort.Capped || m.Effort.Units < 24 || m.Effort.Units > 40 {
				t.Fatalf("a budget of %s gives %+v", budget, m.Effort)
			}
			if most := max(quickest, budget) * 11 / 10; took > most { // coarse: each look at this clock takes a second
				t.Errorf("it took %s, the budget is %s, and the least takes %s", took, budget, quickest)
			}
			again, _ := trained(t, path, handoff.Settings{Effort: fmt.Sprint(m.Effort.Units), Waivers: waived})
			if again.Effort.Capped || again.File.SHA256 != m.File.SHA256 {
				t.Errorf("--effort %d gives another file", m.Effort.Units)
			}
		})
	}
}
