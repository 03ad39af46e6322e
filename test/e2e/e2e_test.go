// Package e2e tests the whole of the program: the real binary, real files, a
// real server on the loopback. Every test has a workspace of its own.
package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/test/e2e/drive"
)

var program string // built once by TestMain

func TestMain(m *testing.M) { os.Exit(build(m)) }

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "septet-e2e")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if program, err = drive.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// agents in their order.
var agents = []string{
	"scope_definer", "data_preparer", "feature_analyzer", "model_selector", "model_trainer", "model_deployer", "observability_connector",
}

// place is a workspace that fails its test when something is not as wanted.
type place struct {
	drive.Workspace
	t *testing.T
}

// enter gives a workspace with the table of some customers in it, and stops
// its server at the end.
func enter(t *testing.T) place {
	t.Helper()
	p := place{drive.Workspace{Program: program, Dir: t.TempDir()}, t}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	p.write("customers.csv", customers(900))
	return p
}

func (p place) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.Dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// run wants the command to end with the exit status.
func (p place) run(exit int, args ...string) drive.Run {
	p.t.Helper()
	r, err := p.Run(p.t.Context(), args...)
	if err != nil {
		p.t.Fatal(err)
	}
	if r.Exit != exit || r.ExitCode == nil || *r.ExitCode != exit {
		p.t.Fatalf("septet %q: exit status %d, want %d\n%s", args, r.Exit, exit, r.Progress)
	}
	return r
}

// exec wants the command to end with the exit status, and gives its stdout.
func (p place) exec(exit int, args ...string) string {
	p.t.Helper()
	out, progress, got, err := p.Exec(p.t.Context(), args...)
	if err != nil || got != exit {
		p.t.Fatalf("septet %q: %v, exit status %d, want %d\n%s%s", args, err, got, exit, out, progress)
	}
	return string(out)
}

// csv reads a file of the workspace; its header is left out.
func (p place) csv(name string) [][]string {
	p.t.Helper()
	f, err := os.Open(filepath.Join(p.Dir, name))
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		p.t.Fatal(err)
	}
	return rows[1:]
}

// served wants the endpoint to be that of a model, and gives its answer to the
// example row of the run.
func (p place) served(r drive.Run, digest string) drive.Answer {
	p.t.Helper()
	a, err := p.AskExample(p.t.Context(), r)
	if err != nil {
		p.t.Fatal(err)
	}
	if a.Model.Digest != digest {
		p.t.Fatalf("the endpoint answers with %s, want %s", a.Model.Digest, digest)
	}
	return a
}

// status wants the run to have ended so.
func status(t *testing.T, r drive.Run, want ledger.Status) {
	t.Helper()
	if r.Status != want {
		t.Fatalf("the run is %s, want %s\n%s", r.Status, want, r.Progress)
	}
}

// digest is that of the run's model.
func digest(t *testing.T, r drive.Run) string {
	t.Helper()
	if r.Model == nil || r.Model.Digest == "" {
		t.Fatalf("the run has no model: %s\n%s", r.Status, r.Progress)
	}
	return string(r.Model.Digest)
}

// killIn starts septet, kills it as soon as it says that the agent has begun,
// and tells whether it died of that.
func (p place) killIn(agent string, args ...string) bool {
	p.t.Helper()
	c := p.Command(p.t.Context(), append(args, "--output", "ndjson")...)
	out, err := c.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		p.t.Fatal(err)
	}
	begun := false
	for lines := bufio.NewScanner(out); !begun && lines.Scan(); {
		var e struct{ Event, Agent string }
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			p.t.Fatal(err)
		}
		begun = e.Event == "agent_started" && e.Agent == agent
	}
	_ = c.Process.Kill()
	_ = c.Wait() // it says that it was killed
	return begun && c.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}

// customers is a made-up table with two classes, three plans and an amount. A
// straight line tells little of any of them: what a column means depends on the
// region.
func customers(rows int) string {
	r := rand.New(rand.NewPCG(7, 7))
	var b bytes.Buffer
	b.WriteString("customer_id,region,months,calls,fee,gone,plan,spend\n")
	for i := range rows {
		months, calls, fee := 1+r.IntN(60), r.IntN(9), 10+r.Float64()*40
		far := r.IntN(2) == 1
		region, gone, plan, spend := "near", "no", (calls+1)/4, 5*fee
		if far {
			region, plan, spend = "far", 2-(calls+1)/4, 300-5*fee
		}
		if (months < 30) == far {
			gone = "yes"
		}
		if r.IntN(10) == 0 {
			gone, plan = []string{"no", "yes"}[r.IntN(2)], r.IntN(3)
		}
		fmt.Fprintf(&b, "K%05d,%s,%d,%d,%.2f,%s,%s,%.2f\n", 10_000+i*3+r.IntN(3), region, months, calls, fee, gone,
			[]string{"basic", "plus", "max"}[plan], spend+20*r.NormFloat64())
	}
	return b.String()
}

// quick is the arguments of a run on the customers.
func quick(request string, more ...string) []string {
	return append([]string{"run", request, "--data", "customers.csv", "--effort", "quick", "--set", "bake=1s"}, more...)
}

const whoLeaves = "predict which customers are gone"

// sentences stay under test together with their tables.
var sentences = []struct {
	name, request, target, exclude, task string
}{
	{"binary", whoLeaves, "gone", "plan,spend", "binary"},
	{"multiclass", "predict the plan of each customer", "plan", "gone,spend", "multiclass"},
	{"regression", "predict how much customers spend", "spend", "gone,plan", "regression"},
}

// TestSentenceToEndpoint: whatever kind of answer is predicted, a run ends with
// an endpoint that gives the bits of predict, seven checked handoffs, and a
// ledger that verifies.
func TestSentenceToEndpoint(t *testing.T) {
	for _, s := range sentences {
		t.Run(s.name, func(t *testing.T) {
			p := enter(t)
			r := p.run(0, quick(s.request, "--target", s.target, "--exclude", s.exclude, "--name", "m")...)
			status(t, r, ledger.Completed)
			if r.Scope.ProblemType != s.task {
				t.Errorf("understood as %s, want %s", r.Scope.ProblemType, s.task)
			}
			for _, agent := range agents {
				if got := r.Stage(agent).Status; got != "success" {
					t.Errorf("%s ended with %s", agent, got)
				}
			}
			p.served(r, digest(t, r))
			p.exec(0, "predict", "m", "--in", "customers.csv", "--out", "out.csv")
			sameBits(t, p, r, "customers.csv", "out.csv", 40)
			handoffs(t, p)
			p.exec(0, "verify")
		})
	}
}

// sameBits asks the endpoint for the first rows of a file, and wants what
// predict has written of them, digit for digit.
func sameBits(t *testing.T, p place, r drive.Run, in, out string, n int) {
	t.Helper()
	head := strings.Split(strings.SplitN(customers(1), "\n", 2)[0], ",")
	var rows []map[string]any
	for _, record := range p.csv(in)[:n] {
		row := map[string]any{}
		for i, name := range head {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	a, err := drive.Ask(t.Context(), *r.Deployment.URL, rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range p.csv(out)[:n] {
		got := a.Predictions[i]
		if fmt.Sprint(got.Prediction) != want[1] {
			t.Fatalf("row %d: the endpoint says %v, predict %v", i+1, got.Prediction, want)
		}
		if r.Scope.ProblemType == "binary" && got.Probability.String() != want[2] {
			t.Fatalf("row %d: the endpoint says %v, predict %v", i+1, got.Probability, want)
		}
		for c, class := range r.Scope.Classes {
			if r.Scope.ProblemType == "multiclass" && got.Probabilities[class].String() != want[2+c] {
				t.Fatalf("row %d: the endpoint says %v, predict %v", i+1, got.Probabilities, want)
			}
		}
	}
}

// handoffs wants the seven documents of the last run to be as promised.
func handoffs(t *testing.T, p place) {
	t.Helper()
	var passed struct{ Handoffs []handoff.Envelope }
	if err := json.Unmarshal([]byte(p.exec(0, "runs", "handoffs", "last", "--output", "json")), &passed); err != nil {
		t.Fatal(err)
	}
	if len(passed.Handoffs) != len(agents) {
		t.Fatalf("%d handoffs, want %d", len(passed.Handoffs), len(agents))
	}
	for i, h := range passed.Handoffs {
		to := "caller"
		if i+1 < len(agents) {
			to = agents[i+1]
		}
		if string(h.FromAgent) != agents[i] || string(h.ToAgent) != to || !h.OutputValidated {
			t.Errorf("handoff %d: %s to %s, checked: %v", i+1, h.FromAgent, h.ToAgent, h.OutputValidated)
		}
	}
}

// TestPrescribers: from tables of events to an endpoint that gives the bits of
// predict for everybody by name.
func TestPrescribers(t *testing.T) {
	p := enter(t)
	p.exec(0, "sample", "hcp", "tables", "--hcps", "300")
	r := p.run(0, "run", "Train churn prediction model for Kisqali HCPs", "--data", "tables", "--effort", "quick", "--name", "churn", "--set", "bake=1s")
	status(t, r, ledger.Completed)
	p.served(r, digest(t, r))
	p.exec(0, "predict", "churn", "--in", "tables", "--out", "out.csv")
	var rows []map[string]any
	want := p.csv("out.csv")
	for _, record := range want {
		rows = append(rows, map[string]any{"hcp_id": record[0], "brand": record[1]})
	}
	a, err := drive.Ask(t.Context(), *r.Deployment.URL, rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range want {
		if got := a.Predictions[i]; got.Prediction != record[2] || got.Probability.String() != record[3] {
			t.Fatalf("the endpoint says %v %v, predict %v", got.Prediction, got.Probability, record)
		}
	}
	if len(want) < 50 {
		t.Errorf("only %d are scored", len(want))
	}
	p.exec(0, "verify")
}
