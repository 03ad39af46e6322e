package e2e

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// TestKilledInEachAgent kills the process as soon as an agent has begun, and
// resumes: the run completes, and its model has the bits of an undisturbed one.
func TestKilledInEachAgent(t *testing.T) {
	args := quick(whoLeaves, "--name", "m")
	undisturbed := digest(t, enter(t).run(0, args...))
	for _, agent := range agents {
		t.Run(agent, func(t *testing.T) {
			p := killed(t, agent, args)
			r := p.run(0, "resume", "last")
			status(t, r, ledger.Completed)
			if got := digest(t, r); got != undisturbed {
				t.Errorf("the model is %s, undisturbed %s", got, undisturbed)
			}
			for i, stage := range r.Stages[:slices.Index(agents, agent)] {
				if stage.Attempts > 1 {
					t.Errorf("%s was done again", agents[i])
				}
			}
			p.served(r, undisturbed)
			p.exec(0, "verify")
		})
	}
}

// killed gives a workspace with a run that was killed in the agent. One that
// was too fast to be hit is left behind.
func killed(t *testing.T, agent string, args []string) place {
	t.Helper()
	for range 10 {
		p := enter(t)
		if !p.killIn(agent, args...) {
			continue
		}
		// The kernel frees the lock of a process that is gone when the last
		// child that it was starting has begun.
		for start := time.Now(); time.Since(start) < 10*time.Second; time.Sleep(50 * time.Millisecond) {
			switch out := p.exec(0, "runs", "list"); {
			case strings.Contains(out, "interrupted"):
				return p
			case strings.Contains(out, "completed"):
				start = time.Time{}
			}
		}
	}
	t.Fatalf("no run was interrupted in %s", agent)
	return place{}
}

// TestGateAndWaiver: a gate ends the run with 3, a finding and what to do;
// what is waived is recorded, and the run goes to its end.
func TestGateAndWaiver(t *testing.T) {
	p := enter(t)
	args := quick(whoLeaves, "--set", "minimum_samples=5000")
	r := p.run(3, args...)
	status(t, r, ledger.Blocked)
	if r.Error == nil || r.Error.Code != "data.too_few" || r.Error.Fix == nil || r.Model != nil || r.Deployment != nil {
		t.Fatalf("blocked with error %+v, model %v, deployment %v", r.Error, r.Model, r.Deployment)
	}
	args = quick(whoLeaves, "--set", "criteria.auc=0.9999")
	status(t, p.run(3, args...), ledger.Blocked)
	r = p.run(0, append(args, "--waive", "criteria.unmet:auc=a trial")...)
	status(t, r, ledger.Completed)
	if !slices.ContainsFunc(r.Findings, func(f handoff.Finding) bool { return f.Code == "criteria.unmet" && f.Action == handoff.Waived }) {
		t.Errorf("the waiver is not among the findings: %+v", r.Findings)
	}
	p.served(r, digest(t, r))
}

// TestCriteriaUnmet: a model that is not good enough is made, shown and not
// deployed; what served before serves on.
func TestCriteriaUnmet(t *testing.T) {
	p := enter(t)
	before := p.run(0, quick(whoLeaves, "--name", "m")...)
	r := p.run(3, quick(whoLeaves, "--name", "m", "--seed", "2", "--set", "criteria.auc=0.9999")...)
	status(t, r, ledger.Blocked)
	if digest(t, r) == digest(t, before) || r.Model.Blessed || r.Deployment != nil {
		t.Errorf("model %+v, deployment %+v", r.Model, r.Deployment)
	}
	if r.Stage("model_trainer").Status != "blocked" {
		t.Errorf("the trainer is %s, want blocked", r.Stage("model_trainer").Status)
	}
	p.served(before, digest(t, before))
}

// TestSpoiledCandidate: a model file that is not as it was written is refused,
// and what served before answers as before.
func TestSpoiledCandidate(t *testing.T) {
	p := enter(t)
	before := p.run(0, quick(whoLeaves, "--name", "m")...)
	said := p.served(before, digest(t, before))
	candidate := p.run(0, quick(whoLeaves, "--name", "m", "--seed", "2", "--no-deploy")...)
	data, err := os.ReadFile(candidate.Model.Path)
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Clone(data)
	data[len(data)/2] ^= 0x10
	if err := os.WriteFile(candidate.Model.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p.exec(5, "deploy", fmt.Sprintf("m@%d", candidate.Model.Version), "--bake", "0s")
	if again := p.served(before, digest(t, before)); again.Predictions[0].Probability != said.Predictions[0].Probability {
		t.Errorf("the endpoint says %v, before %v", again.Predictions[0], said.Predictions[0])
	}
	p.exec(1, "verify")
}

// TestTwoAtOnce: two runs that begin together in one workspace, without a
// server, both end with an endpoint of their own.
func TestTwoAtOnce(t *testing.T) {
	p := enter(t)
	var runs [2]drive.Run
	var errs [2]error
	var both sync.WaitGroup
	for i, name := range []string{"left", "right"} {
		both.Go(func() {
			runs[i], errs[i] = p.Run(t.Context(), quick(whoLeaves, "--name", name, "--seed", fmt.Sprint(i+5))...)
		})
	}
	both.Wait()
	for i, r := range runs {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		status(t, r, ledger.Completed)
		p.served(r, digest(t, r))
	}
	p.exec(0, "verify")
}

// TestSameBits: the number of threads is no ingredient of a model, and the
// units that a budget has left time for are all that is.
func TestSameBits(t *testing.T) {
	made := func(more ...string) drive.Run {
		return enter(t).run(0, append([]string{"run", whoLeaves, "--data", "customers.csv", "--no-deploy", "--name", "m"}, more...)...)
	}
	one, two := made("--effort", "quick", "--threads", "1"), made("--effort", "quick", "--threads", "2")
	if digest(t, one) != digest(t, two) {
		t.Errorf("one thread: %s, two: %s", digest(t, one), digest(t, two))
	}
	capped := made("--effort", "best", "--budget", "2s")
	if !capped.Effort.Capped || capped.Effort.Units == nil {
		t.Fatalf("not capped: %+v", capped.Effort)
	}
	again := made("--effort", fmt.Sprint(*capped.Effort.Units))
	if digest(t, capped) != digest(t, again) {
		t.Errorf("capped after %d units: %s; asked for so many: %s", *capped.Effort.Units, digest(t, capped), digest(t, again))
	}
}
