package pipeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
)

// bench is a workspace and a pipeline whose steps write real files and hand
// over what is drawn; a test changes single steps.
type bench struct {
	dir    string
	o      durable.Options
	p      pipeline.Pipeline
	worked []handoff.Agent
}

func newBench(t testing.TB) *bench {
	dir := t.TempDir()
	source := filepath.Join(dir, "rx.csv")
	if err := os.WriteFile(source, []byte("id,y\n1,no\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	workspace := filepath.Join(dir, "ws")
	b := &bench{dir: workspace, o: durabletest.In(t, workspace, handoff.Brief{
		Request: "predict y", Sources: []handoff.Source{{Path: source}}, Settings: handoff.Settings{Seed: 3},
	})}
	seed := func(s handoff.Settings) any { return map[string]any{"seed": s.Seed} }
	b.p = pipeline.Pipeline{
		Scope:   step(b, handoff.ScopeDefiner, seed, func(d *handofftest.Draw, _ handoff.Brief) handoff.Scope { return binaryScope(d) }),
		Prepare: step(b, handoff.DataPreparer, seed, (*handofftest.Draw).Dataset),
		Analyze: step(b, handoff.FeatureAnalyzer, seed, (*handofftest.Draw).Features),
		Choose:  step(b, handoff.ModelSelector, seed, (*handofftest.Draw).Choice),
		Train: step(b, handoff.ModelTrainer, func(s handoff.Settings) any {
			return map[string]any{"seed": s.Seed, "effort": s.Effort}
		}, (*handofftest.Draw).Model),
		Deploy:  step(b, handoff.ModelDeployer, nil, (*handofftest.Draw).Deployment),
		Observe: step(b, handoff.ObservabilityConnector, nil, (*handofftest.Draw).Watch),
	}
	b.p.Deploy.Effect, b.p.Observe.Effect = true, true
	return b
}

// binaryScope draws until the problem is binary, with a target.
func binaryScope(d *handofftest.Draw) handoff.Scope {
	for {
		if s := d.Scope(); s.ProblemType == "binary" && s.Target != nil {
			return s
		}
	}
}

func step[I, O any](b *bench, a handoff.Agent, reads func(handoff.Settings) any, draw func(*handofftest.Draw, I) O) durable.Step[I, O] {
	return durable.Step[I, O]{
		Agent: a, Version: 1, Reads: reads,
		Work: func(ctx context.Context, desk *durable.Desk, in I) (O, error) {
			b.worked = append(b.worked, a)
			d := handofftest.New(desk.Settings.Seed)
			var err error
			d.Store = func(kind string) handoff.Ref {
				ref, e := desk.Artifacts.Put(ctx, kind, "text/plain", func(w io.Writer) error {
					_, err := fmt.Fprintln(w, kind, desk.Settings.Seed)
					return err
				})
				err = errors.Join(err, e)
				return ref
			}
			desk.Say("did " + string(a))
			desk.Warn("warning of " + string(a))
			return draw(d, in), err
		},
	}
}

// start does a run and gives its object.
func (b *bench) start(t *testing.T) pipeline.RunObject {
	t.Helper()
	b.worked = nil
	record, err := b.p.Start(context.Background(), b.o)
	if err != nil {
		t.Fatal(err)
	}
	return b.report(t, record.ID)
}

func (b *bench) report(t *testing.T, id string) pipeline.RunObject {
	t.Helper()
	object, err := pipeline.Report(context.Background(), b.o.Ledger, b.dir, id)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

func stages(o pipeline.RunObject) string {
	var words []string
	for _, s := range o.Stages {
		word := s.Status
		if s.Reused {
			word += "*"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

const sevenSuccess = "success success success success success success success"

func TestCompletedRun(t *testing.T) {
	b := newBench(t)
	got := b.start(t)
	if got.Status != ledger.Completed || *got.ExitCode != 0 || got.Error != nil || stages(got) != sevenSuccess {
		t.Fatalf("%s (%d) %+v: %s", got.Status, *got.ExitCode, got.Error, stages(got))
	}
	if got.Effort.Asked != "standard" || got.Effort.Units == nil || got.Scope.ProblemType != "binary" || len(got.Splits) < 3 {
		t.Errorf("effort %+v, scope %+v, splits %v", got.Effort, got.Scope, got.Splits)
	}
	if len(got.Metrics["test"]) != 11 || got.Metrics["test"]["auc"].Low == nil || len(got.Baselines["dummy"]) != 11 {
		t.Errorf("metrics %v, baselines %v", got.Metrics, got.Baselines)
	}
	m := got.Model
	if m == nil || m.Version != 1 || m.Path != filepath.Join(b.dir, "models", m.Name+"-v1.septet") || !m.Blessed {
		t.Fatalf("model %+v", m)
	}
	data, err := os.ReadFile(m.Path)
	if err != nil || m.Digest != "sha256:"+handoff.DigestBytes(data) || m.Bytes != int64(len(data)) {
		t.Errorf("model file %q: %v, %+v", data, err, m)
	}
	if got.Deployment == nil || got.Deployment.Status != "serving" || got.Observation == nil || !got.Observation.Connected {
		t.Errorf("deployment %+v, observation %+v", got.Deployment, got.Observation)
	}
	if len(got.Warnings) != 7 || *got.Stages[4].Headline != "did model_trainer" || got.Stages[4].Handoff == nil || *got.Stages[4].Seconds < 0 {
		t.Errorf("warnings %v, stage %+v", got.Warnings, got.Stages[4])
	}
	again := b.start(t)
	if want := "success* success* success* success* success* success success"; stages(again) != want || again.Model.Version != 1 {
		t.Errorf("again: %s, version %d", stages(again), again.Model.Version)
	}
}

func TestRunObjectHasItsNames(t *testing.T) {
	b := newBench(t)
	var doc map[string]any
	members := func(o pipeline.RunObject) {
		t.Helper()
		data, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		doc = nil
		if err := json.Unmarshal(data, &doc); err != nil {
			t.Fatal(err)
		}
	}
	has := func(at string, names ...string) {
		t.Helper()
		var v any = doc
		for _, part := range strings.Split(at, "/")[1:] {
			switch x := v.(type) {
			case map[string]any:
				v = x[part]
			case []any:
				v = x[0]
			}
		}
		object, ok := v.(map[string]any)
		if !ok {
			t.Errorf("%s is %T", at, v)
		}
		for _, n := range names {
			if _, there := object[n]; !there {
				t.Errorf("%s has no %s", at, n)
			}
		}
	}
	object := b.start(t)
	members(object)
	has("", "format", "run_id", "status", "exit_code", "error", "request", "effort", "scope", "splits", "stages", "features", "metrics",
		"baselines", "model", "deployment", "findings", "warnings", "questions")
	has("/effort", "asked", "units", "capped")
	has("/stages/0", "agent", "status", "seconds", "reused", "handoff")
	has("/splits/train", "rows", "positives", "from", "to")
	has("/scope", "problem_type", "target", "label", "entity", "time", "as_of", "horizon_days", "filters", "exclude", "metric", "criteria",
		"constraints", "minimum_samples", "assumptions")
	has("/scope/target", "table", "column", "positive")
	has("/metrics/test/auc", "value", "low", "high")
	has("/model", "name", "version", "digest", "path", "bytes")
	has("/deployment", "id", "status", "strategy", "url", "slot")
	if kept := doc["features"].(map[string]any)["kept"].([]any); kept[0] != object.Features.Kept[0].Name {
		t.Errorf("kept are %v, want names", kept)
	}
	object.Detail()
	members(object)
	has("/features/kept/0", "name", "formula", "source_columns")

	b.o.Brief.Settings.Plan = true
	planned := b.start(t)
	members(planned)
	for _, absent := range []string{"error", "splits", "features", "metrics", "baselines", "model", "deployment"} {
		if v, there := doc[absent]; !there || v != nil {
			t.Errorf("%s of a plan is %v, want null", absent, v)
		}
	}
	if planned.Status != ledger.Planned || len(planned.Stages) != 7 || planned.Findings == nil || planned.Questions == nil {
		t.Errorf("plan is %+v", planned)
	}
}

func TestCriteriaUnmetStillGiveTheModel(t *testing.T) {
	b := newBench(t)
	train := b.p.Train.Work
	b.p.Train.Work = func(ctx context.Context, d *durable.Desk, in handoff.Choice) (handoff.Model, error) {
		m, err := train(ctx, d, in)
		m.Blessed = false
		m.Verdicts[0].Met = false
		metric := "auc"
		d.Find(handoff.Finding{Code: "criteria.unmet", Severity: handoff.Blocking, Column: &metric, Action: handoff.Stopped, Evidence: "0.61, the bar is 0.80", Fix: "more data"})
		return m, err
	}
	got := b.start(t)
	if got.Status != ledger.Blocked || *got.ExitCode != 3 || stages(got) != "success success success success blocked skipped skipped" {
		t.Fatalf("%s (%d): %s", got.Status, *got.ExitCode, stages(got))
	}
	if got.Model == nil || got.Model.Blessed || got.Error.Code != "criteria.unmet" || len(got.Findings) != 1 {
		t.Errorf("model %+v, error %+v, findings %v", got.Model, got.Error, got.Findings)
	}
	if _, err := os.Stat(got.Model.Path); err != nil {
		t.Error(err)
	}
	b.o.Brief.Settings.Waivers = []handoff.Waiver{
		{Code: "criteria.unmet", Column: "auc", Reason: "a pilot", By: "ann", At: "2025-01-01T00:00:00Z"},
		{Code: "leak.id_order", Reason: "fine", By: "ann"},
	}
	waived := b.start(t)
	if waived.Status != ledger.Completed || slices.Contains(b.worked, handoff.ModelTrainer) || waived.Findings[0].Action != handoff.Waived || !waived.Model.Blessed {
		t.Errorf("%s, worked %v, findings %v", waived.Status, b.worked, waived.Findings)
	}
	if last := waived.Warnings[len(waived.Warnings)-1]; last != "the waiver of leak.id_order met no finding" {
		t.Errorf("last warning is %q", last)
	}
}

func TestNoDeployEndsWithAModel(t *testing.T) {
	b := newBench(t)
	b.o.Brief.Settings.NoDeploy = true
	got := b.start(t)
	if got.Status != ledger.Partial || *got.ExitCode != 0 || got.Model == nil || got.Deployment != nil || stages(got) != "success success success success success skipped skipped" {
		t.Errorf("%s, model %+v, deployment %+v, %s", got.Status, got.Model, got.Deployment, stages(got))
	}
}

func TestWhatWasNotSeenIsNotCompleted(t *testing.T) {
	tests := []struct {
		name   string
		change func(*bench)
		status ledger.Status
		exit   int
		code   string
		served string
	}{
		{"rolled back, and the deployer says so", func(b *bench) {
			b.p.Deploy.Work = func(ctx context.Context, d *durable.Desk, in handoff.Model) (handoff.Deployment, error) {
				url := "http://127.0.0.1:7310/v1/models/" + in.Name
				err := d.Ledger.Deploy(ctx, ledger.Deployment{ID: "d-1", RunID: d.RunID, Name: in.Name, Status: "rolled_back", Strategy: "blue-green", URL: url})
				return handoff.Deployment{}, errors.Join(err, &durable.NotDeployed{Problem: &problem.Problem{Code: "deploy.latency", What: "too slow", Fix: "a smaller model"}})
			}
		}, ledger.NotDeployed, 5, "deploy.latency", "rolled_back"},
		{"refused, but handed over", func(b *bench) {
			deploy := b.p.Deploy.Work
			b.p.Deploy.Work = func(ctx context.Context, d *durable.Desk, in handoff.Model) (handoff.Deployment, error) {
				out, err := deploy(ctx, d, in)
				out.Status = "refused"
				return out, err
			}
		}, ledger.NotDeployed, 5, "deploy.refused", "refused"},
		{"not connected", func(b *bench) {
			observe := b.p.Observe.Work
			b.p.Observe.Work = func(ctx context.Context, d *durable.Desk, in handoff.Deployment) (handoff.Watch, error) {
				out, err := observe(ctx, d, in)
				out.Connected, out.Predictions = false, 0
				return out, err
			}
		}, ledger.Failed, 1, "observe.not_connected", "serving"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			test.change(b)
			got := b.start(t)
			if got.Status != test.status || *got.ExitCode != test.exit || got.Error == nil || got.Error.Code != test.code {
				t.Errorf("%s (%d) %+v", got.Status, *got.ExitCode, got.Error)
			}
			if got.Model == nil || got.Deployment == nil || got.Deployment.Status != test.served {
				t.Errorf("model %+v, deployment %+v", got.Model, got.Deployment)
			}
		})
	}
}

func TestQuestionsAreAsked(t *testing.T) {
	b := newBench(t)
	b.p.Scope.Work = func(context.Context, *durable.Desk, handoff.Brief) (handoff.Scope, error) {
		return handoff.Scope{}, &durable.NeedsInput{Questions: []handoff.Question{{ID: "brand", Text: "Which brand?", Type: "text", Options: []string{}}}}
	}
	got := b.start(t)
	if got.Status != ledger.NeedsInput || *got.ExitCode != 4 || len(got.Questions) != 1 || got.Questions[0].ID != "brand" || got.Scope != nil {
		t.Errorf("%s (%d), questions %v", got.Status, *got.ExitCode, got.Questions)
	}
}

func TestGoneProcessShowsAsInterrupted(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	r, err := durable.Begin(ctx, b.o)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.report(t, r.ID()); got.Status != ledger.Running || got.ExitCode != nil {
		t.Errorf("under way: %s %v", got.Status, got.ExitCode)
	}
	r.End(ctx)
	// A record that nobody ended, without a process that holds its lock.
	gone := ledger.Run{ID: "r-gone0000", Status: ledger.Running, Started: time.Now(), Agents: []ledger.AgentState{{Agent: handoff.ScopeDefiner, Status: "running"}}}
	if err := b.o.Ledger.BeginRun(ctx, gone); err != nil {
		t.Fatal(err)
	}
	got := b.report(t, gone.ID)
	if got.Status != ledger.Interrupted || *got.ExitCode != 130 || got.Stages[0].Status != "pending" {
		t.Errorf("gone: %s %v %+v", got.Status, got.ExitCode, got.Stages)
	}
	list, err := pipeline.List(ctx, b.o.Ledger, b.dir, 0)
	if err != nil || len(list.Runs) != 2 || list.Runs[0].RunID != gone.ID || list.Runs[0].Status != ledger.Interrupted || list.Format != "septet.runs/1" {
		t.Errorf("%v: %+v", err, list)
	}
}

func TestResumeGoesOnWhereItStopped(t *testing.T) {
	b := newBench(t)
	whole := b.p
	b.p.Train.Work = func(context.Context, *durable.Desk, handoff.Choice) (handoff.Model, error) {
		return handoff.Model{}, errors.New("power cut")
	}
	failed := b.start(t)
	if failed.Status != ledger.Failed || stages(failed) != "success success success success failed skipped skipped" {
		t.Fatalf("%s: %s", failed.Status, stages(failed))
	}
	b.worked, b.p = nil, whole
	record, err := b.p.Resume(context.Background(), b.o, failed.RunID)
	if err != nil {
		t.Fatal(err)
	}
	got := b.report(t, record.ID)
	if got.Status != ledger.Completed || stages(got) != "success* success* success* success* success success success" || len(b.worked) != 3 {
		t.Errorf("%s: %s, worked %v", got.Status, stages(got), b.worked)
	}
	if diff := cmp.Diff(failed.Stages[0].Handoff, got.Stages[0].Handoff); diff != "" {
		t.Errorf("the scope was handed over again:\n%s", diff)
	}
}

func TestFromBeginsInTheMiddle(t *testing.T) {
	b := newBench(t)
	first := b.start(t)
	b.o.From, b.o.FromRun, b.o.Program = handoff.ModelTrainer, first.RunID, "newer"
	got := b.start(t)
	if got.Status != ledger.Completed || stages(got) != "success* success* success* success* success success success" {
		t.Errorf("%s: %s", got.Status, stages(got))
	}
}

func TestWhy(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	why := func() string {
		t.Helper()
		got := b.start(t)
		reasons, err := pipeline.Why(ctx, b.o.Ledger, got.RunID)
		if err != nil {
			t.Fatal(err)
		}
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		var words []string
		for _, r := range reasons[:5] {
			words = append(words, text(r.Differs))
		}
		return strings.Join(words, " ")
	}
	tests := []struct {
		name   string
		change func()
		want   string
	}{
		{"first", func() {}, "- - - - -"},
		{"the same", func() {}, "- - - - -"},
		{"effort", func() { b.o.Brief.Settings.Effort = "quick" }, "- - - - settings.effort"},
		{"data", func() { os.WriteFile(b.o.Brief.Sources[0].Path, []byte("id,y\n2,yes\n"), 0o600) }, "input rx.csv - - - -"},
		{"seed", func() { b.o.Brief.Settings.Seed = 9 }, "settings.seed settings.seed settings.seed settings.seed settings.seed"},
		{"program", func() { b.o.Program = "newer" }, "program program program program program"},
	}
	for _, test := range tests {
		test.change()
		if got := why(); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFind(t *testing.T) {
	b := newBench(t)
	ctx := context.Background()
	for _, id := range []string{"r-aaaa0001", "r-aaaa0002", "r-bbbb0001"} {
		if err := b.o.Ledger.BeginRun(ctx, ledger.Run{ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	for text, want := range map[string]string{"r-bbbb": "r-bbbb0001", "r-aaaa0002": "r-aaaa0002", "last": "r-bbbb0001"} {
		if got, err := pipeline.Find(ctx, b.o.Ledger, text); err != nil || got != want {
			t.Errorf("%s is %q: %v", text, got, err)
		}
	}
	for text, want := range map[string]string{"r-aaaa": "run.ambiguous", "r-z": "run.unknown", "": "run.unknown"} {
		if _, err := pipeline.Find(ctx, b.o.Ledger, text); problem.As(err) == nil || problem.As(err).Code != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
