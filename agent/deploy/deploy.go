// Package deploy is the model deployer: it hands the registered model file to
// the workspace's server, which loads it beside what serves, looks at it,
// switches and watches, and it asks for a prediction at the public address
// before it says that the model serves.
package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os/user"
	"path/filepath"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/serve"
)

// Start gives the server of a workspace, started where none runs.
type Start func(ctx context.Context, workspace string) (*serve.Client, error)

// Step is the agent.
func Step(start Start) durable.Step[handoff.Model, handoff.Deployment] {
	return durable.Step[handoff.Model, handoff.Deployment]{
		Agent:   handoff.ModelDeployer,
		Version: 1,
		Effect:  true,
		Reads: func(s handoff.Settings) any {
			return struct{ Strategy, Bake string }{s.Strategy, s.Set["bake"]}
		},
		Holds:  serves,
		Policy: durable.Policy{Attempts: 4, Backoff: 500 * time.Millisecond},
		Work: func(ctx context.Context, d *durable.Desk, in handoff.Model) (handoff.Deployment, error) {
			return deploy(ctx, d, in, start)
		},
	}
}

// serves tells whether the deployed file answers still.
func serves(ctx context.Context, d *durable.Desk, out handoff.Deployment) bool {
	c, err := serve.Dial(d.Workspace)
	if err != nil {
		return false
	}
	live, err := answering(ctx, c, out.Name)
	return err == nil && live == out.Digest
}

func deploy(ctx context.Context, d *durable.Desk, in handoff.Model, start Start) (handoff.Deployment, error) {
	order, path, err := prepare(ctx, d, in)
	if err != nil {
		return handoff.Deployment{}, err
	}
	c, err := start(ctx, d.Workspace)
	if err != nil {
		return handoff.Deployment{}, err
	}
	done, err := standing(ctx, d, c, order)
	if err != nil {
		return handoff.Deployment{}, err
	}
	if done == nil {
		if done, err = rollOut(ctx, d, c, order); err != nil {
			return handoff.Deployment{}, err
		}
	}
	probe, err := ask(ctx, c, done.Name, done.Digest, path)
	if err != nil {
		return handoff.Deployment{}, takeBack(ctx, c, done, err)
	}
	out := handoff.Deployment{
		Model: in, ID: done.ID, Status: "serving", Strategy: done.Strategy, Name: done.Name, Version: done.Version,
		Digest: done.Digest, Addr: c.Info.Addr, URL: done.URL, Slot: done.Slot, Previous: done.Previous, Evidence: *done.Evidence,
	}
	out.Evidence.Probe = probe
	d.Measure("bake_seconds", out.Evidence.BakeSeconds)
	d.Say(headline(out))
	return out, nil
}

// prepare finds the model in the registry and makes the order.
func prepare(ctx context.Context, d *durable.Desk, in handoff.Model) (order serve.Order, path string, err error) {
	limits := in.Choice.Features.Dataset.Scope.Constraints
	if limits.ModelBytes > 0 && in.File.Bytes > limits.ModelBytes {
		return order, "", &durable.NotDeployed{Problem: &problem.Problem{
			Code: "deploy.size", Where: in.Name,
			What: "the model is larger than allowed", Why: fmt.Sprintf("%d bytes, limit %d", in.File.Bytes, limits.ModelBytes),
			Fix: "raise the limit in the request, or ask for a simpler model",
		}}
	}
	versions, err := d.Ledger.Models(ctx, in.Name)
	if err != nil {
		return order, "", fmt.Errorf("deploy %s: %w", in.Name, err)
	}
	var m *ledger.Model
	for i := range versions {
		if versions[i].Digest == "sha256:"+in.File.SHA256 {
			m = &versions[i]
		}
	}
	if m == nil {
		return order, "", fmt.Errorf("deploy %s: the registry has no version with digest %s", in.Name, in.File.SHA256)
	}
	order = serve.Order{
		Name: m.Name, Version: m.Version, Strategy: cmp.Or(d.Settings.Strategy, serve.BlueGreen), Bake: serve.DefaultBake,
		LatencyMS: limits.LatencyMS, RunID: d.RunID, By: account(),
	}
	if text, given := d.Settings.Set["bake"]; given {
		if order.Bake, err = time.ParseDuration(text); err != nil {
			return order, "", fmt.Errorf("deploy %s: bake: %w", in.Name, err)
		}
	}
	return order, filepath.Join(d.Workspace, filepath.FromSlash(m.Path)), nil
}

// account is who deploys.
func account() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// standing is this run's deployment of the version if it answers already: the
// run was killed after it. nil if there is none.
func standing(ctx context.Context, d *durable.Desk, c *serve.Client, o serve.Order) (*ledger.Deployment, error) {
	history, err := d.Ledger.Deployments(ctx, o.Name)
	if err != nil {
		return nil, fmt.Errorf("deploy %s: %w", o.Name, err)
	}
	for i, h := range history {
		if h.RunID == d.RunID && h.Version == o.Version && h.Status == "serving" && h.Evidence != nil {
			if live, err := answering(ctx, c, o.Name); err != nil || live != h.Digest {
				return nil, err
			}
			return &history[i], nil
		}
	}
	return nil, nil
}

// answering is the digest of the model that answers under a name; "" for none.
func answering(ctx context.Context, c *serve.Client, name string) (digest string, err error) {
	status, err := c.Status(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range status.Models {
		if m.Name == name {
			return m.Digest, nil
		}
	}
	return "", nil
}

// rollOut gives the order and waits. A model that was refused or taken back
// ends the run as not deployed.
func rollOut(ctx context.Context, d *durable.Desk, c *serve.Client, o serve.Order) (*ledger.Deployment, error) {
	stop := progress(d, o)
	out, err := c.Deploy(ctx, o)
	stop()
	if out.Error != nil {
		return nil, &durable.NotDeployed{Problem: out.Error}
	}
	if p := problem.As(err); p != nil && p.Code == "deploy.busy" {
		return nil, durable.Retry(&durable.NotDeployed{Problem: p}) // what a killed deployer began is being taken back
	} else if p != nil && p.Kind != problem.Usage {
		return nil, &durable.NotDeployed{Problem: p}
	}
	if err != nil {
		return nil, err
	}
	return &ledger.Deployment{
		ID: out.ID, Name: out.Model.Name, Version: out.Model.Version, Digest: out.Model.Digest, Strategy: out.Strategy,
		URL: out.URL, Slot: out.Slot, Previous: out.Previous, Evidence: out.Evidence,
	}, nil
}

// progress tells that the model is being watched, until stop.
func progress(d *durable.Desk, o serve.Order) (stop func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		total := int(math.Ceil(o.Bake.Seconds()))
		for began := time.Now(); ; {
			select {
			case <-done:
				return
			case <-tick.C:
				d.Progress(min(int(time.Since(began).Seconds()), total), total, o.Strategy+", second")
			}
		}
	}()
	return func() {
		close(done)
		<-gone
	}
}

// ask wants the deployed digest to answer a golden row at the public address
// with the scores that the file promises, and gives the request's id.
func ask(ctx context.Context, c *serve.Client, name, digest, path string) (requestID string, err error) {
	m, err := serve.OpenFile(path)
	if err != nil {
		return "", err
	}
	golden := m.About().Golden[0]
	reply, err := c.Ask(ctx, name, golden.Row)
	if err != nil {
		return "", err
	}
	if reply.Model.Digest != digest {
		return "", errors.New("another model answered")
	}
	if !m.About().Gives(reply, golden.Scores) {
		return "", errors.New("the answer is not what the model file promises")
	}
	return reply.RequestID, nil
}

// takeBack rolls back a model that serves but did not answer the probe.
func takeBack(ctx context.Context, c *serve.Client, done *ledger.Deployment, cause error) error {
	p := &problem.Problem{
		Code: "deploy.probe", Where: done.URL, Cause: cause,
		What: "the deployed model did not answer as it must at its address", Why: cause.Error(), Fix: "septet deployments " + done.Name,
	}
	if live, err := answering(ctx, c, done.Name); err == nil && live == done.Digest && done.Previous != nil {
		if _, err := c.Rollback(ctx, done.Name); err != nil {
			return errors.Join(&durable.NotDeployed{Problem: p}, err)
		}
	}
	return &durable.NotDeployed{Problem: p}
}

func headline(out handoff.Deployment) string {
	traffic := "requests"
	if out.Evidence.Synthetic {
		traffic = "replayed requests"
	}
	return fmt.Sprintf("%s version %d serves in %s · %d of %d golden rows bit for bit · p99 %.2g ms over %d %s",
		out.Name, out.Version, out.Slot, out.Evidence.GoldenEqual, out.Evidence.GoldenRows, out.Evidence.P99MS, out.Evidence.Requests, traffic)
}
