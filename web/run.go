package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/terminal"
)

// runPage is one run: what was asked, how far the agents are, what they found
// and made.
type runPage struct {
	Run     ledger.Run
	Live    bool
	Alone   bool // it is a file, with no pages beside it
	Seconds float64
	Agents  []agentView
	Figures []figure
	chain
	Scores      []scoreRow
	Simple      []string // names of the baselines, in the order of the columns
	Leaderboard chart
	Importance  chart
	Effects     *effects // nil where none were measured
	Quality     chart
	Order       []string // of the parts of the split
	Curl        string
}

// agentView is one of the seven in the row at the top.
type agentView struct {
	ledger.AgentState
	Name  string
	Class string // of the style sheet
	Mark  string
}

// figure is a headline number.
type figure struct{ Label, Value, Note, Tone string }

// scoreRow is one metric: on the sealed test, out of fold, and the baselines
// on the test.
type scoreRow struct {
	Name       string
	Test       handoff.Measure
	Validation handoff.Measure
	Baselines  []*float64
}

// chart is rows of tracks on one scale.
type chart struct {
	Scale   scale
	Rows    []chartRow
	Stacked bool // names stand above their tracks, because they are long
}

type chartRow struct {
	Name, Note, Class, Number string
	track
}

func (s *Site) run(r *http.Request) (page, error) {
	id := strings.TrimSuffix(r.PathValue("run"), ".json")
	p, err := s.runPage(r.Context(), id)
	if err != nil {
		return page{}, err
	}
	if wantsJSON(r) {
		return page{"", "", p.twin()}, nil
	}
	return page{"run", p.Run.Brief.Request, p}, nil
}

func (s *Site) runPage(ctx context.Context, id string) (*runPage, error) {
	run, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	c, err := chainOf(ctx, s.ledger, id)
	if err != nil {
		return nil, err
	}
	p := &runPage{Run: run, Live: run.Status == ledger.Running, Seconds: duration(run), chain: c}
	p.Agents = agentViews(run, c)
	p.Order = []string{"train", "validation", "test", "holdout", "purged"}
	if c.Model != nil {
		p.scores(c.Model)
	}
	if c.Choice != nil {
		p.Leaderboard = leaderboard(c.Choice, c.Model)
	}
	if c.Features != nil {
		p.Importance = importance(c.Features)
		p.Effects = effectsOf(c.Features)
	}
	if c.Dataset != nil {
		p.Quality = quality(c.Dataset)
	}
	p.Figures = figures(c)
	if d := c.Deployment; d != nil && d.URL != "" {
		p.Curl = fmt.Sprintf("curl -s %s:predict -d '{\"rows\": [{…}]}'", d.URL)
	}
	return p, nil
}

// twin is the page as JSON.
func (p *runPage) twin() map[string]any {
	return map[string]any{
		"format": "septet.run_page/1", "run": p.Run, "scope": p.Scope, "findings": p.Findings, "warnings": p.Warnings,
		"model": p.Model, "deployment": p.Deployment, "watch": p.Watch,
	}
}

func agentViews(run ledger.Run, c chain) []agentView {
	attention := map[string]bool{}
	for _, f := range c.Findings {
		if f.Severity != handoff.Info && f.Action != handoff.Waived {
			agent, _, _ := strings.Cut(f.ID, "-")
			attention[agent] = true
		}
	}
	views := make([]agentView, 0, len(run.Agents))
	for i, a := range run.Agents {
		v := agentView{AgentState: a, Name: terminal.Name(a.Agent), Class: a.Status, Mark: strconv.Itoa(i + 1)}
		switch {
		case a.Status == "running" && run.Status != ledger.Running:
			v.Class = "pending"
		case a.Status == "success" && attention[string(a.Agent)], a.Status == "partial", a.Status == "needs_input":
			v.Class, v.Mark = a.Status+" attention", "!"
		case a.Status == "success":
			v.Mark = "✓"
		case a.Status == "failed", a.Status == "blocked":
			v.Mark = "✕"
		}
		views = append(views, v)
	}
	return views
}

func (p *runPage) scores(m *handoff.Model) {
	for name := range m.Baselines {
		p.Simple = append(p.Simple, name)
	}
	slices.Sort(p.Simple)
	for _, name := range metric.Names() {
		test, tested := m.Metrics["test"][string(name)]
		validation, validated := m.Metrics["validation"][string(name)]
		if !tested && !validated {
			continue
		}
		row := scoreRow{Name: string(name), Test: test, Validation: validation}
		for _, b := range p.Simple {
			row.Baselines = append(row.Baselines, m.Baselines[b][string(name)])
		}
		p.Scores = append(p.Scores, row)
	}
}

// figures are the four numbers at the top, as far as they are known.
func figures(c chain) []figure {
	var all []figure
	if m := c.Model; m != nil {
		for _, name := range headline(c.Scope) {
			got, there := m.Metrics["test"][name]
			if !there || got.Value == nil {
				continue
			}
			all = append(all, scoreFigure(m, name, got))
		}
	}
	if d := c.Deployment; d != nil {
		all = append(all, figure{"Endpoint, p99 of one row", number(d.Evidence.P99MS) + " ms", fmt.Sprintf("%s requests, %d errors", count(d.Evidence.Requests), d.Evidence.Errors), ""})
	}
	if d := c.Dataset; d != nil && len(all) < 4 {
		all = append(all, figure{"Quality of the data", terminal.Figure(d.Quality.Score), "the gate wants 0.80", ""})
	}
	return all[:min(4, len(all))]
}

// scoreFigure is a score on the sealed test as a headline number.
func scoreFigure(m *handoff.Model, name string, got handoff.Measure) figure {
	if name == "ece" {
		return figure{"Calibration gap", fmt.Sprintf("%.1f points", 100**got.Value), "mean distance of probability and observed share", ""}
	}
	f := figure{Label: label(name) + ", sealed test", Value: terminal.Figure(*got.Value)}
	if got.Low != nil && got.High != nil {
		f.Note = "95 % interval " + terminal.Figure(*got.Low) + " to " + terminal.Figure(*got.High)
	}
	if who, best := terminal.BestBaseline(m.Baselines, name); who != "" {
		f.Note += "; best simple model " + terminal.Figure(best) + " (" + words(who) + ")"
	}
	f.Note = strings.TrimPrefix(f.Note, "; ")
	return f
}

// headline names the metrics that a person looks at first, the primary one
// before the others.
func headline(scope *handoff.Scope) []string {
	var names []string
	switch scope.ProblemType {
	case "binary":
		names = []string{"auc", "lift_at_10pct", "ece"}
	case "multiclass":
		names = []string{"log_loss", "accuracy", "auc"}
	default:
		names = []string{"rmse", "mae", "r2"}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == scope.Metric })
	return append([]string{scope.Metric}, names...)[:3]
}

// label is a metric's name as a heading.
func label(name string) string {
	switch name {
	case "auc", "ece", "rmse", "mae", "mape":
		return strings.ToUpper(name)
	case "r2":
		return "R²"
	case "lift_at_10pct":
		return "Lift of the top 10 %"
	}
	return strings.ToUpper(name[:1]) + words(name)[1:]
}

func (s *Site) handoff(r *http.Request) (page, error) {
	envelopes, err := s.ledger.Handoffs(r.Context(), r.PathValue("run"))
	if err != nil {
		return page{}, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(r.PathValue("n"), ".json"))
	if err != nil || n < 1 || n > len(envelopes) {
		return page{}, ledger.ErrNotFound
	}
	text, err := json.Marshal(envelopes[n-1])
	return page{"", "", json.RawMessage(text)}, err
}
