package web

import (
	"context"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/septet-ml/septet/docs"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/modelcard"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/terminal"
)

// shownRuns bounds the list: a page stays small however many runs there are.
const shownRuns = 100

// runsPage is the list of runs, newest first.
type runsPage struct {
	Format string   `json:"format"` // septet.runs/1
	Runs   []runRow `json:"runs"`
	Total  int      `json:"total"`
}

// runRow is one run in the list.
type runRow struct {
	ID      string              `json:"run_id"`
	Status  ledger.Status       `json:"status"`
	Request string              `json:"request"`
	Started time.Time           `json:"started"`
	Seconds float64             `json:"seconds"`
	Agents  []ledger.AgentState `json:"-"`
}

func (s *Site) runs(r *http.Request) (page, error) {
	all, err := s.ledger.ListRuns(r.Context(), 0)
	if err != nil {
		return page{}, err
	}
	p := runsPage{Format: "septet.runs/1", Runs: []runRow{}, Total: len(all)}
	for _, run := range all[:min(len(all), shownRuns)] {
		p.Runs = append(p.Runs, runRow{run.ID, s.status(run), run.Brief.Request, run.Started, duration(run), run.Agents})
	}
	return page{"runs", "Runs", p}, nil
}

// status is the run's now: interrupted where its process is gone.
func (s *Site) status(run ledger.Run) ledger.Status { return pipeline.StatusOf(s.workspace, run) }

// duration is how long the run's agents worked, in seconds.
func duration(run ledger.Run) float64 {
	var sum float64
	for _, a := range run.Agents {
		sum += a.Seconds
	}
	return sum
}

// modelsPage is the registry and what serves.
type modelsPage struct {
	Format      string              `json:"format"` // septet.models/1
	Models      []ledger.Model      `json:"models"`
	Deployments []ledger.Deployment `json:"deployments"`
}

func (s *Site) models(r *http.Request) (page, error) {
	models, err := s.ledger.Models(r.Context(), "")
	if err != nil {
		return page{}, err
	}
	deployments, err := s.ledger.Deployments(r.Context(), "")
	if err != nil {
		return page{}, err
	}
	return page{"models", "Models", modelsPage{"septet.models/1", append([]ledger.Model{}, models...), append([]ledger.Deployment{}, deployments...)}}, nil
}

// codesPage is the catalogue of findings and errors.
type codesPage struct {
	Format string         `json:"format"` // septet.findings/1
	Codes  []docs.Finding `json:"codes"`
}

func (s *Site) codes(*http.Request) (page, error) {
	return page{"codes", "Findings and errors", codesPage{"septet.findings/1", docs.Findings()}}, nil
}

// functions are what the templates can call.
var functions = template.FuncMap{
	"number": number, "count": count, "seconds": seconds, "size": size, "percent": percent, "figure": terminal.Figure, "interval": modelcard.Share, "lines": lines,
	"tone": tone, "mark": mark, "words": words, "short": short,
	"join":  func(list []string) string { return strings.Join(list, ", ") },
	"stamp": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
	"day":   func(at string) string { return strings.TrimSuffix(at, "T00:00:00Z") },
	"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"paragraphs": func(text string) []string {
		return strings.Split(text, "\n\n")
	},
	"score": func(p *float64) string {
		if p == nil {
			return "–"
		}
		return terminal.Figure(*p)
	},
	"text": func(p *string) string {
		if p == nil {
			return ""
		}
		return *p
	},
}

// tone is the colour class of a status of a run, agent, deployment or finding.
func tone(status any) string {
	switch words(status) {
	case "completed", "success", "serving", "met", "production":
		return "good"
	case "interrupted", "needs input", "warning", "not deployed", "shadow", "staging":
		return "warning"
	case "failed", "blocked", "blocking", "rolled back", "refused", "unmet":
		return "bad"
	case "running", "info", "planned", "partial":
		return ""
	}
	return "idle"
}

// mark is the sign beside a colour.
func mark(status any) string {
	switch tone(status) {
	case "good":
		return "✓"
	case "warning":
		return "!"
	case "bad":
		return "✕"
	}
	return "·"
}

// words is a status as people write it.
func words(status any) string {
	var text string
	switch v := status.(type) {
	case string:
		text = v
	case ledger.Status:
		text = string(v)
	case ledger.Stage:
		text = string(v)
	case handoff.Status:
		text = string(v)
	case handoff.Severity:
		text = string(v)
	case handoff.Action:
		text = string(v)
	case handoff.Agent:
		text = string(v)
	}
	return strings.ReplaceAll(text, "_", " ")
}

// short is the beginning of a digest.
func short(digest string) string {
	digest = strings.TrimPrefix(digest, "sha256:")
	return digest[:min(10, len(digest))]
}

// find reads one run.
func (s *Site) find(ctx context.Context, id string) (ledger.Run, error) {
	run, err := s.ledger.Run(ctx, id)
	if err == nil {
		run.Status = s.status(run)
	}
	return run, err
}
