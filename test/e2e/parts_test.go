package e2e

import (
	"testing"

	"github.com/septet-ml/septet/ledger"
)

// TestUntilEachAgent ends a run after each agent in turn. What an earlier run
// has done is not done again; what comes behind the last agent is not touched.
func TestUntilEachAgent(t *testing.T) {
	p := enter(t)
	for last, agent := range agents {
		r := p.run(0, quick(whoLeaves, "--until", agent)...)
		if last < len(agents)-1 {
			status(t, r, ledger.Partial)
		}
		for i, stage := range r.Stages {
			switch {
			case i > last && stage.Status != "skipped":
				t.Errorf("until %s: %s is %s, want skipped", agent, stage.Agent, stage.Status)
			case i <= last && stage.Status != "success":
				t.Errorf("until %s: %s is %s, want success", agent, stage.Agent, stage.Status)
			case i < last && agents[i] != "model_deployer" && !stage.Reused: // what serves is always looked at anew
				t.Errorf("until %s: %s was done again", agent, stage.Agent)
			}
		}
	}
}

// TestFromEachAgent begins with each agent in turn, on the handoffs of a whole
// run: the same model comes of it.
func TestFromEachAgent(t *testing.T) {
	p := enter(t)
	whole := p.run(0, quick(whoLeaves, "--name", "m")...)
	for first, agent := range agents {
		r := p.run(0, quick(whoLeaves, "--name", "m", "--from", agent, "--run", whole.RunID)...)
		status(t, r, ledger.Completed)
		if got, want := digest(t, r), digest(t, whole); got != want {
			t.Errorf("from %s: model %s, want %s", agent, got, want)
		}
		for i, stage := range r.Stages[:first] {
			if !stage.Reused {
				t.Errorf("from %s: %s was done again", agent, agents[i])
			}
		}
	}
	p.served(whole, digest(t, whole))
	p.exec(0, "verify")
}
