package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/drift"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/telemetry"
	"github.com/septet-ml/septet/terminal"
)

// monitored is the answer of septet monitor: what callers asked of the model
// that serves, beside the rows that it was trained on.
type monitored struct {
	Format   string          `json:"format"` // septet.monitor/1
	Name     string          `json:"name"`
	Version  int             `json:"version"`
	Digest   string          `json:"digest"`
	URL      string          `json:"url"`
	Requests int             `json:"requests"` // of callers, in the time that is looked at
	Rows     int             `json:"rows"`     // that these had
	Replayed int             `json:"replayed"` // rows of the server's own requests, which count for nothing else
	From     *time.Time      `json:"from"`     // first and last of the callers' requests; null where there is none
	To       *time.Time      `json:"to"`       //
	Drift    []drift.Reading `json:"drift"`    // most telling first; null where it cannot be read
	Why      *string         `json:"why"`      // it cannot be read; null where it can
}

func (m monitored) Text(w io.Writer, s terminal.Style) {
	fmt.Fprintf(w, "  %s version %d  %s\n", m.Name, m.Version, m.URL)
	fmt.Fprintf(w, "    %d rows of callers in %d requests", m.Rows, m.Requests)
	if m.From != nil {
		fmt.Fprintf(w, ", %s to %s", m.From.Local().Format("2006-01-02 15:04"), m.To.Local().Format("2006-01-02 15:04"))
	}
	fmt.Fprintln(w)
	if m.Why != nil {
		fmt.Fprintf(w, "  %s no drift is read: %s\n", s.Check("warning"), *m.Why)
		return
	}
	drifted := 0
	for _, r := range m.Drift {
		if r.Drifted {
			drifted++
			fmt.Fprintf(w, "  %s %-28s differs in %s by %+.3f (p = %.2g)\n", s.Check("failed"), r.Feature, r.Statistic, r.Effect, r.P)
		}
	}
	if drifted == 0 {
		fmt.Fprintf(w, "  %s none of %d distributions differs from training by more than chance would, about once in three months of hourly looks\n", s.Check("ok"), len(m.Drift))
	}
}

func (a *app) monitorCommand() *cobra.Command {
	var last time.Duration
	c := a.command(&cobra.Command{
		Use: "monitor NAME", Short: "What callers asked of a model, beside what it was trained on", GroupID: "serve", Args: exactly("NAME"),
		Long: `Reads the prediction log for the version that serves under NAME, and compares
what callers sent, and what they got, with the rows that the model was trained
on. The bar is set so that quiet traffic raises a false alarm about once in three
months of hourly looks, over all features together.`,
	}, func(ctx context.Context, args []string) (answer, error) {
		if last < 0 {
			return nil, usage("usage.value", "--last", "--last cannot be negative", "leave it away for all there is")
		}
		w, err := a.openExisting(ctx)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		return w.monitor(ctx, args[0], last)
	})
	c.Flags().DurationVar(&last, "last", 0, "only requests of the last `time`, such as 24h; default: all that is kept")
	return c
}

func (w *workspace) monitor(ctx context.Context, name string, last time.Duration) (monitored, error) {
	m := monitored{Format: "septet.monitor/1", Name: name}
	d, err := w.serving(ctx, name)
	if err != nil {
		return m, err
	}
	m.Version, m.Digest, m.URL = d.Version, d.Digest, d.URL
	base, err := w.baseline(ctx, d)
	if err != nil {
		return m, err
	}
	var window *drift.Window
	if base != nil {
		window = base.Window()
	}
	since := time.UnixMicro(0)
	if last > 0 {
		since = time.Now().Add(-last)
	}
	_, err = telemetry.ReadLog(ctx, serve.PredictionLog(w.dir), func(p *telemetry.Scored) error {
		if p.Model == name && p.Digest == d.Digest && !p.Shadow && p.Rows > 0 && time.UnixMicro(p.Micros).After(since) {
			m.count(p, window)
		}
		return nil
	})
	if err != nil {
		return m, fmt.Errorf("read the prediction log: %w", err)
	}
	m.read(base, window)
	return m, nil
}

// count takes in one request.
func (m *monitored) count(p *telemetry.Scored, window *drift.Window) {
	if p.Synthetic {
		m.Replayed += p.Rows
		return
	}
	m.Requests++
	m.Rows += p.Rows
	at := time.UnixMicro(p.Micros).UTC()
	if m.From == nil || at.Before(*m.From) {
		m.From = &at
	}
	if m.To == nil || at.After(*m.To) {
		m.To = &at
	}
	if window == nil {
		return
	}
	features, scores := len(p.Features)/p.Rows, len(p.Scores)/p.Rows
	for i := range p.Rows {
		window.Add(p.Features[i*features:(i+1)*features], p.Scores[i*scores:(i+1)*scores])
	}
}

// read tests the window, or says why it cannot.
func (m *monitored) read(base *drift.Baseline, window *drift.Window) {
	why := ""
	switch {
	case base == nil:
		why = "the version was not deployed by a run, so there is no baseline of its training rows"
	case window.Rows < drift.MinRows:
		why = fmt.Sprintf("it takes %d rows of callers, there are %d", drift.MinRows, window.Rows)
	}
	if why != "" {
		m.Why = &why
		return
	}
	m.Drift = window.Test(drift.Monthly())
	slices.SortStableFunc(m.Drift, func(a, b drift.Reading) int { return int(math.Copysign(1, a.P-b.P)) })
}

// serving is the deployment that answers under name.
func (w *workspace) serving(ctx context.Context, name string) (ledger.Deployment, error) {
	all, err := w.ledger.Deployments(ctx, "")
	if err != nil {
		return ledger.Deployment{}, err
	}
	var names []string
	for _, d := range all {
		if d.Name == name && d.Status == "serving" {
			return d, nil
		}
		names = append(names, d.Name)
	}
	return ledger.Deployment{}, &problem.Problem{
		Kind: problem.Usage, Code: "model.not_serving", Where: name, What: fmt.Sprintf("no model serves under the name %q", name),
		Nearest: unique(nearest(name, names)), Fix: "septet deployments lists what served; septet deploy MODEL deploys one",
	}
}

// baseline is what the run that made the deployed file kept of its training
// rows; nil where no run has observed it.
func (w *workspace) baseline(ctx context.Context, d ledger.Deployment) (*drift.Baseline, error) {
	runs := []string{d.RunID}
	models, err := w.ledger.Models(ctx, d.Name)
	if err != nil {
		return nil, err
	}
	for _, m := range models {
		if m.Digest == d.Digest {
			runs = append(runs, m.RunID)
		}
	}
	for _, run := range runs {
		if run == "" {
			continue
		}
		outputs, err := pipeline.OutputsOf(ctx, w.ledger, run)
		if err != nil {
			return nil, err
		}
		if outputs.Watch == nil {
			continue
		}
		text, err := w.artifacts.Read(outputs.Watch.Baseline)
		if err != nil {
			return nil, err
		}
		var b drift.Baseline
		if err := json.Unmarshal(text, &b); err != nil {
			return nil, fmt.Errorf("read the baseline of run %s: %w", run, err)
		}
		if b.Model == d.Digest {
			return &b, b.Check()
		}
	}
	return nil, nil
}
