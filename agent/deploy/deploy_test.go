package deploy_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/agent/deploy"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/serve/servetest"
)

// site is a workspace with a running server.
type site struct {
	*testing.T
	options durable.Options
}

func newSite(t *testing.T, settings handoff.Settings) *site {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(data, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	brief := handoff.Brief{Request: "predict", Sources: []handoff.Source{{Path: data}}, Settings: settings}
	s := &site{T: t, options: durabletest.In(t, t.TempDir(), brief)}
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, serve.Config{
			Workspace: s.options.Workspace, Addr: "127.0.0.1:0", Registry: s.options.Ledger,
			Listening: func(serve.Info) { close(listening) },
		})
	}()
	select {
	case <-listening:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// model makes and registers a model, and gives its handoff.
func (s *site) model(recipe servetest.Recipe) handoff.Model {
	s.Helper()
	m, err := recipe.Make(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		s.Fatal(err)
	}
	out := handofftest.New(3).Payload(handoff.ModelTrainer).(handoff.Model)
	out.Name, out.Blessed = "churn", true
	out.Choice.Features.Dataset.Scope.Constraints = handoff.Constraints{FairnessGroups: []string{}}
	out.File, err = s.options.Artifacts.Put(s.Context(), "model", "application/octet-stream", func(w io.Writer) error {
		_, err := w.Write(file.Bytes())
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	_, err = s.options.Ledger.Register(s.Context(), ledger.Model{
		Name: out.Name, Digest: "sha256:" + out.File.SHA256, Bytes: out.File.Bytes, Stage: ledger.Development, Blessed: true,
	}, func(int) (string, error) {
		return filepath.Rel(s.options.Workspace, s.options.Artifacts.Path(out.File))
	})
	if err != nil {
		s.Fatal(err)
	}
	return out
}

func dial(_ context.Context, workspace string) (*serve.Client, error) { return serve.Dial(workspace) }

// deploy runs the agent in a run of its own.
func (s *site) deploy(in handoff.Model) (handoff.Deployment, ledger.Run, error) {
	s.Helper()
	r, err := durable.Begin(s.Context(), s.options)
	if err != nil {
		s.Fatal(err)
	}
	out := durable.Do(s.Context(), r, deploy.Step(dial), in)
	failed := r.Err()
	record, err := r.End(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	return out, record, failed
}

func (s *site) live() serve.ModelStatus {
	s.Helper()
	c, err := serve.Dial(s.options.Workspace)
	if err != nil {
		s.Fatal(err)
	}
	status, err := c.Status(s.Context())
	if err != nil || len(status.Models) != 1 {
		s.Fatalf("%+v %v", status, err)
	}
	return status.Models[0]
}

func TestTheModelServesAndTheEvidenceWasMeasured(t *testing.T) {
	s := newSite(t, handoff.Settings{Set: map[string]string{"bake": "400ms"}})
	in := s.model(servetest.Recipe{Trees: 5})
	out, _, err := s.deploy(in)
	if err != nil {
		t.Fatal(err)
	}
	e := out.Evidence
	if out.Status != "serving" || out.Version != 1 || out.Previous != nil || !strings.HasPrefix(out.URL, "http://"+out.Addr+"/v1/models/churn") {
		t.Errorf("deployment %+v", out)
	}
	if e.GoldenEqual != 32 || !e.Synthetic || e.Requests < 2 || e.Errors != 0 || e.BakeSeconds < 0.4 || e.Probe == "" || !(e.P99MS > 0) {
		t.Errorf("evidence %+v", e)
	}
	if live := s.live(); live.Digest != out.Digest || live.Digest != "sha256:"+in.File.SHA256 {
		t.Errorf("serves %+v", live)
	}
}

func TestARefusedModelEndsTheRunAsNotDeployed(t *testing.T) {
	s := newSite(t, handoff.Settings{Set: map[string]string{"bake": "0s"}})
	good := s.model(servetest.Recipe{})
	if _, _, err := s.deploy(good); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*handoff.Model)
		recipe servetest.Recipe
		code   string
	}{
		{"turned round", func(*handoff.Model) {}, servetest.Recipe{Seed: 1, Flip: true}, "deploy.contradiction"},
		{"too large", func(m *handoff.Model) { m.Choice.Features.Dataset.Scope.Constraints.ModelBytes = 100 }, servetest.Recipe{Seed: 2}, "deploy.size"},
		{"too slow", func(m *handoff.Model) { m.Choice.Features.Dataset.Scope.Constraints.LatencyMS = 1e-6 }, servetest.Recipe{Seed: 3}, "deploy.latency"},
	} {
		t.Run(test.name, func(t *testing.T) {
			in := s.model(test.recipe)
			test.change(&in)
			_, record, err := s.deploy(in)
			var not *durable.NotDeployed
			if !errors.As(err, &not) || not.Problem.Code != test.code {
				t.Errorf("error %v, want %s", err, test.code)
			}
			if record.Status != ledger.NotDeployed {
				t.Errorf("run is %s", record.Status)
			}
			if live := s.live(); live.Digest != "sha256:"+good.File.SHA256 {
				t.Errorf("version %d serves, want what served before", live.Version)
			}
		})
	}
}

// A run that ends between the deployment and its record does not deploy again
// when it is resumed.
func TestAResumedRunFindsItsDeployment(t *testing.T) {
	s := newSite(t, handoff.Settings{Set: map[string]string{"bake": "0s"}})
	in := s.model(servetest.Recipe{})
	r, err := durable.Begin(t.Context(), s.options)
	if err != nil {
		t.Fatal(err)
	}
	step, id := deploy.Step(dial), ""
	work := step.Work
	step.Work = func(ctx context.Context, d *durable.Desk, in handoff.Model) (handoff.Deployment, error) {
		out, err := work(ctx, d, in)
		id = out.ID
		return out, errors.Join(err, errors.New("killed"))
	}
	durable.Do(t.Context(), r, step, in)
	record, err := r.End(t.Context())
	if err != nil || record.Status != ledger.Failed {
		t.Fatalf("run is %s, %v", record.Status, err)
	}
	if r, err = durable.Resume(t.Context(), s.options, record.ID); err != nil {
		t.Fatal(err)
	}
	out := durable.Do(t.Context(), r, deploy.Step(dial), in)
	if r.Err() != nil || out.ID == "" || out.ID != id {
		t.Errorf("deployments %q and %q, %v", id, out.ID, r.Err())
	}
	if _, err := r.End(t.Context()); err != nil {
		t.Error(err)
	}
	if history, err := s.options.Ledger.Deployments(t.Context(), "churn"); err != nil || len(history) != 1 {
		t.Errorf("history %+v %v", history, err)
	}
}

func TestWithoutAServer(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(data, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, options: durabletest.Options(t, handoff.Brief{Request: "predict", Sources: []handoff.Source{{Path: data}}})}
	_, record, err := s.deploy(s.model(servetest.Recipe{}))
	if p := problem.As(err); p == nil || p.Code != "serve.not_running" || record.Status == ledger.Completed {
		t.Errorf("run is %s: %v", record.Status, err)
	}
}
