package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Start does a new run. How it went stands in the record that it gives; an
// error means that there was no run (a *problem.Problem of kind Usage), or
// that its end could not be recorded.
func (p Pipeline) Start(ctx context.Context, o durable.Options) (ledger.Run, error) {
	r, err := durable.Begin(ctx, o)
	if err != nil {
		return ledger.Run{}, err
	}
	return p.finish(ctx, r)
}

// Resume takes up a run that did not end well.
func (p Pipeline) Resume(ctx context.Context, o durable.Options, id string) (ledger.Run, error) {
	r, err := durable.Resume(ctx, o, id)
	if err != nil {
		return ledger.Run{}, err
	}
	return p.finish(ctx, r)
}

func (p Pipeline) finish(ctx context.Context, r *durable.Run) (ledger.Run, error) {
	p.Train.Keep = keepModel(p.Train.Keep)
	watch, err := p.Run(ctx, r, r.Brief())
	if err == nil && r.Whole() {
		r.Fail(observed(watch))
	}
	return r.End(ctx)
}

// observed is the error of a run whose agents all ended well but whose effect
// was not seen: completed means that the deployed file answered and is
// watched.
func observed(w handoff.Watch) error {
	switch {
	case w.Deployment.Status != "serving":
		return &durable.NotDeployed{Problem: &problem.Problem{
			Code: "deploy." + w.Deployment.Status, Where: w.Deployment.Name,
			What: "the model does not serve: its deployment was " + w.Deployment.Status,
			Fix:  "septet deployments " + w.Deployment.Name,
		}}
	case !w.Connected:
		return &problem.Problem{
			Code: "observe.not_connected", Where: w.Deployment.Name,
			What: "the model serves, but observation is not connected",
			Why:  fmt.Sprintf("read back: %d spans, %d predictions, %d metrics", w.Spans, w.Predictions, w.Metrics),
			Fix:  "septet doctor, then septet resume",
		}
	}
	return nil
}

// keepModel gives a trained model, blessed or not, its version in the registry
// and its file models/NAME-vN.septet. It does what the trainer wants kept, too.
func keepModel(also func(context.Context, *durable.Desk, handoff.Model) error) func(context.Context, *durable.Desk, handoff.Model) error {
	return func(ctx context.Context, d *durable.Desk, m handoff.Model) error {
		data, err := d.Artifacts.Read(m.File)
		if err != nil {
			return fmt.Errorf("keep model file: %w", err)
		}
		place := func(version int) (string, error) {
			path := ModelPath(m.Name, version)
			return path, writeFile(filepath.Join(d.Workspace, path), data)
		}
		_, err = d.Ledger.Register(ctx, ledger.Model{
			Name: m.Name, Digest: "sha256:" + m.File.SHA256, Bytes: m.File.Bytes,
			Stage: ledger.Development, RunID: d.RunID, Blessed: !d.Blocked,
		}, place)
		if err != nil || also == nil {
			return err
		}
		return also(ctx, d, m)
	}
}

// ModelPath is where a version's file lies in the workspace.
func ModelPath(name string, version int) string {
	return filepath.Join("models", fmt.Sprintf("%s-v%d.septet", name, version))
}

// writeFile makes the file hold data, whole or not at all. One that holds it
// already stays as it is.
func writeFile(path string, data []byte) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("keep model file: %w", err)
		}
	}()
	if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, data) {
		return nil
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	if _, err := out.Write(data); err != nil {
		return err
	}
	if err := errors.Join(out.Chmod(0o400), out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}
