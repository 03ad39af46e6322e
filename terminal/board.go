package terminal

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
)

// Board is a run as its events tell it: one row for each of the seven agents.
type Board struct {
	RunID string
	Rows  []Row
}

// Row is how far one agent is.
type Row struct {
	Agent    handoff.Agent
	Status   string // pending, running, success, partial, blocked, needs_input, failed, skipped
	Headline string
	Step     string // what it is at, while it runs
	Done     int
	Total    int // 0 where it has not said
	Started  time.Time
	Seconds  float64
	Reused   bool
	Warnings int // warnings and findings that are not waived

	found map[string]bool // ids of the findings among Warnings
	began time.Time       // when the step was first heard of
	from  int             // what was done of it by then
}

// NewBoard is the board of a run of which nothing is known yet.
func NewBoard() *Board {
	b := &Board{}
	for _, a := range handoff.Agents() {
		b.Rows = append(b.Rows, Row{Agent: a, Status: "pending"})
	}
	return b
}

// Name is the agent's short name.
func Name(a handoff.Agent) string {
	switch a {
	case handoff.ScopeDefiner:
		return "scope"
	case handoff.DataPreparer:
		return "data"
	case handoff.FeatureAnalyzer:
		return "features"
	case handoff.ModelSelector:
		return "selection"
	case handoff.ModelTrainer:
		return "training"
	case handoff.ModelDeployer:
		return "deploy"
	case handoff.ObservabilityConnector:
		return "observe"
	}
	return string(a)
}

func (b *Board) row(a handoff.Agent) *Row {
	for i := range b.Rows {
		if b.Rows[i].Agent == a {
			return &b.Rows[i]
		}
	}
	return nil
}

// Apply takes in the next event.
func (b *Board) Apply(e durable.Event) {
	b.RunID = e.RunID
	r := b.row(e.Agent)
	if r == nil {
		return
	}
	switch e.What {
	case durable.AgentStarted:
		*r = Row{Agent: r.Agent, Status: "running", Started: e.Time}
	case durable.Progressed:
		if e.Total != r.Total || e.Text != r.Step || e.Done < r.from {
			r.began, r.from = e.Time, e.Done
		}
		r.Done, r.Total, r.Step = e.Done, e.Total, e.Text
	case durable.Headlined:
		r.Headline = e.Text
	case durable.Retrying:
		r.Step = fmt.Sprintf("again in %.0f s: %s", e.Seconds, e.Text)
	case durable.Warned:
		r.Warnings++
	case durable.Found:
		r.find(e.Finding)
	case durable.AgentFinished:
		r.Status, r.Seconds, r.Reused = e.Status, e.Seconds, e.Reused
		if e.Text != "" {
			r.Headline = e.Text
		}
	}
}

// find counts a finding once, and takes it back when it comes again waived.
func (r *Row) find(f *handoff.Finding) {
	counts := f.Severity != handoff.Info && f.Action != handoff.Waived
	if counts == r.found[f.ID] {
		return
	}
	if r.found == nil {
		r.found = map[string]bool{}
	}
	r.found[f.ID] = counts
	if counts {
		r.Warnings++
	} else {
		r.Warnings--
	}
}

// Says is what there is to say of the row: what it found, and what it is at
// while it runs.
func (r Row) Says(now time.Time) string {
	if r.Status != "running" {
		return r.Headline
	}
	return strings.Join(nonEmpty(r.Headline, r.progress(now)), " · ")
}

func nonEmpty(texts ...string) []string {
	return slices.DeleteFunc(texts, func(t string) bool { return t == "" })
}

// progress is what a running row says: "fit 23 of 52 · about 14 s left".
func (r Row) progress(now time.Time) string {
	if r.Total <= 0 {
		return r.Step
	}
	text := fmt.Sprintf("%s %d of %d", r.Step, r.Done, r.Total)
	if r.Step == "" {
		text = text[1:]
	}
	elapsed := now.Sub(r.began)
	if r.Done > r.from && r.Done < r.Total && elapsed > 2*time.Second {
		left := time.Duration(float64(elapsed) * float64(r.Total-r.Done) / float64(r.Done-r.from))
		text += " · about " + spoken(left) + " left"
	}
	return text
}

// spoken is a duration as a person says it: "14 s", "3 min", "2.1 h".
func spoken(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 90*time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.1f h", d.Hours())
}
