// Package observe is the observability connector: it reads back what the run
// and the server left behind (spans, metrics, the prediction log), makes the
// baseline that drift is measured against, and takes a first reading. What is
// not there is reported as not there.
package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"time"

	"github.com/septet-ml/septet/drift"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/telemetry"
)

// Step is the agent.
func Step() durable.Step[handoff.Deployment, handoff.Watch] {
	return durable.Step[handoff.Deployment, handoff.Watch]{
		Agent:   handoff.ObservabilityConnector,
		Version: 1,
		Effect:  true,
		Work:    observe,
	}
}

func observe(ctx context.Context, d *durable.Desk, in handoff.Deployment) (handoff.Watch, error) {
	out := handoff.Watch{Deployment: in, Drift: []handoff.DriftCheck{}, Exports: exports(d)}
	baseline, err := makeBaseline(ctx, d, in)
	if err != nil {
		return out, err
	}
	out.Baseline, err = d.Artifacts.Put(ctx, "baseline", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(baseline)
	})
	if err != nil {
		return out, err
	}
	var unspanned []string
	if out.Spans, unspanned, err = spans(ctx, d); err != nil {
		return out, err
	}
	if out.Metrics, err = metrics(ctx, d, in); err != nil {
		return out, err
	}
	seen, err := predictions(ctx, d, in, baseline)
	if err != nil {
		return out, err
	}
	out.Predictions = seen.rows
	readings := seen.window.Test(drift.Monthly())
	for _, r := range readings[:min(len(readings), len(baseline.Features))] {
		out.Drift = append(out.Drift, handoff.DriftCheck{Feature: r.Feature, Statistic: r.Statistic + "_p", Value: r.P, Rows: r.Rows})
	}
	out.Connected = out.Spans > 0 && len(unspanned) == 0 && out.Metrics > 0 && seen.probe
	if len(unspanned) > 0 {
		d.Warn(fmt.Sprintf("no span was kept of %v", unspanned))
	}
	if out.Metrics == 0 {
		d.Warn("/metrics has no series of the deployed model")
	}
	if !seen.probe {
		d.Warn("the deployment's own prediction is not in the prediction log")
	}
	d.Say(fmt.Sprintf("%d spans, %d metrics, %d predictions read back · %s",
		out.Spans, out.Metrics, out.Predictions, drifted(d, readings, seen.window.Rows)))
	return out, nil
}

// drifted says in words what the readings of so many rows tell, and warns of
// each that is beyond the budget.
func drifted(d *durable.Desk, readings []drift.Reading, rows int) string {
	if len(readings) == 0 {
		return fmt.Sprintf("drift is read from %d rows of callers on, %d so far", drift.MinRows, rows)
	}
	count := 0
	for _, r := range readings {
		if r.Drifted {
			count++
			d.Warn(fmt.Sprintf("%s differs from training in %s (p = %.2g over %d rows)", r.Feature, r.Statistic, r.P, r.Rows))
		}
	}
	return fmt.Sprintf("%d of %d distributions drifted over %d rows", count, len(readings), rows)
}

// spans counts the spans of this run in its own file, and names the agents
// that worked in it without leaving one.
func spans(ctx context.Context, d *durable.Desk) (count int, without []string, err error) {
	list, err := durable.Spans(d.Workspace, d.RunID)
	if err != nil {
		return 0, nil, err
	}
	run, err := d.Ledger.Run(ctx, d.RunID)
	if err != nil {
		return 0, nil, fmt.Errorf("read run %s: %w", d.RunID, err)
	}
	for _, a := range run.Agents {
		worked := a.Status == "success" && !a.Reused
		if worked && !slices.ContainsFunc(list, func(s durable.Span) bool { return s.Name == string(a.Agent) }) {
			without = append(without, string(a.Agent))
		}
	}
	return len(list), without, nil
}

// metrics counts the deployed version's series on the server's /metrics.
func metrics(ctx context.Context, d *durable.Desk, in handoff.Deployment) (int, error) {
	c, err := serve.Dial(d.Workspace)
	if err != nil {
		return 0, err
	}
	lines, err := c.Metrics(ctx, "septet_")
	if err != nil {
		return 0, err
	}
	series := 0
	for _, line := range lines {
		if telemetry.IsOf(line, in.Name, in.Digest) {
			series++
		}
	}
	return series, c.Flush(ctx) // for who reads the prediction log next
}

// seen is what the prediction log has of the deployed version.
type seen struct {
	rows   int  // scored, the server's own requests counted
	probe  bool // the deployment's probe is among the requests
	window *drift.Window
}

// predictions reads the log. The window has what the model answered callers.
func predictions(ctx context.Context, d *durable.Desk, in handoff.Deployment, b *drift.Baseline) (seen, error) {
	s := seen{window: b.Window()}
	misfits := 0
	_, err := telemetry.ReadLog(ctx, serve.PredictionLog(d.Workspace), func(p *telemetry.Scored) error {
		if p.Digest != in.Digest || p.Model != in.Name {
			return nil
		}
		s.rows += p.Rows
		s.probe = s.probe || p.RequestID == in.Evidence.Probe
		if p.Synthetic || p.Shadow || p.Rows == 0 {
			return nil
		}
		features, scores := len(p.Features)/p.Rows, len(p.Scores)/p.Rows
		for i := range p.Rows {
			if !s.window.Add(p.Features[i*features:(i+1)*features], p.Scores[i*scores:(i+1)*scores]) {
				misfits++
			}
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read prediction log: %w", err)
	}
	if misfits > 0 {
		d.Warn(fmt.Sprintf("%d predicted rows do not have the features of the baseline and were left out", misfits))
	}
	return s, nil
}

// exports are where telemetry goes: always the workspace, and a collector if
// one is named and its address takes connections.
func exports(d *durable.Desk) []string {
	out := []string{"local"}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		u, err := url.Parse(os.Getenv(name))
		if err != nil || u.Host == "" {
			continue
		}
		host := u.Host
		if u.Port() == "" {
			host = net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[u.Scheme == "https"])
		}
		conn, err := net.DialTimeout("tcp", host, time.Second)
		if err != nil {
			d.Warn("the collector that " + name + " names takes no connections: spans are kept in the workspace only")
			return out
		}
		conn.Close()
		return append(out, "otlp")
	}
	return out
}
