package durable

import (
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// What names the kind of an Event.
type What string

const (
	RunStarted    What = "run_started"
	AgentStarted  What = "agent_started"
	Progressed    What = "progress" // Done, Total, Text
	Headlined     What = "headline" // Text
	Warned        What = "warning"  // Text
	Found         What = "finding"  // Finding; comes again, waived, when the gate has seen it
	Retrying      What = "retry"    // Text says why, Seconds how long it waits
	AgentFinished What = "agent_finished"
	RunFinished   What = "run_finished"
)

// Event is something that a person who watches a run would want to see. One
// stream of them feeds the terminal, the NDJSON printer and the web page. The
// engine calls its receiver from one goroutine at a time.
type Event struct {
	Time  time.Time     `json:"time"`
	RunID string        `json:"run_id"`
	What  What          `json:"event"`
	Agent handoff.Agent `json:"agent,omitempty"`

	Text    string           `json:"text,omitempty"`
	Done    int              `json:"done,omitempty"`
	Total   int              `json:"total,omitempty"`
	Seconds float64          `json:"seconds,omitempty"`
	Finding *handoff.Finding `json:"finding,omitempty"`

	// AgentFinished: success, partial, blocked, needs_input, failed, skipped.
	Status string `json:"status,omitempty"`
	Reused bool   `json:"reused,omitempty"`

	// RunFinished.
	Run       ledger.Status      `json:"run,omitempty"`
	Problem   *problem.Problem   `json:"problem,omitempty"`
	Questions []handoff.Question `json:"questions,omitempty"`
}
