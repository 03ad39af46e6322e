package ledger

import (
	"encoding/json"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// Status of a run.
type Status string

const (
	Running     Status = "running"
	Completed   Status = "completed"
	Partial     Status = "partial" // ended early, as asked
	Planned     Status = "planned"
	Failed      Status = "failed"
	Blocked     Status = "blocked"
	NeedsInput  Status = "needs_input"
	NotDeployed Status = "not_deployed"
	Interrupted Status = "interrupted"
)

// ExitCode is the exit status of a command whose run ended so.
func (s Status) ExitCode() int {
	switch s {
	case Completed, Partial, Planned:
		return 0
	case Blocked:
		return 3
	case NeedsInput:
		return 4
	case NotDeployed:
		return 5
	case Interrupted:
		return 130
	}
	return 1
}

// Run is one command's record. It holds what an envelope must not: where the
// sources lie.
type Run struct {
	ID      string             `json:"id"`
	Brief   handoff.Brief      `json:"brief"`
	Program string             `json:"program"` // version; of a development build the binary's digest
	Files   []File             `json:"files"`   // of the sources; empty until they were read
	From    handoff.Agent      `json:"from,omitempty"`
	FromRun string             `json:"from_run,omitempty"`
	Status  Status             `json:"status"`
	Exit    int                `json:"exit"`              // the command's exit status
	Problem *problem.Problem   `json:"problem,omitempty"` // why it did not complete
	Ask     []handoff.Question `json:"ask,omitempty"`
	Agents  []AgentState       `json:"agents"` // always all, in their order
	Started time.Time          `json:"started"`
	Ended   time.Time          `json:"ended,omitzero"`
	Head    string             `json:"head,omitempty"`  // id of the last envelope
	Count   int                `json:"count,omitempty"` // of its envelopes
}

// AgentState is how far an agent got in a run.
type AgentState struct {
	Agent    handoff.Agent `json:"agent"`
	Status   string        `json:"status"` // pending, running, success, partial, blocked, needs_input, failed, skipped
	Seconds  float64       `json:"seconds"`
	Reused   bool          `json:"reused"`
	Handoff  string        `json:"handoff,omitempty"` // id of its last envelope
	Headline string        `json:"headline,omitempty"`
	Attempts int           `json:"attempts,omitempty"`
}

// File is one source file as it was when the run first read it.
type File struct {
	Path    string    `json:"path"` // absolute
	SHA256  string    `json:"sha256"`
	Bytes   int64     `json:"bytes"`
	Changed time.Time `json:"changed"` // modification time
}

// Done is finished work.
type Done struct {
	Key         string            `json:"key"`
	Handoff     string            `json:"handoff"`     // id of the envelope that holds the output
	Findings    []handoff.Finding `json:"findings"`    // this agent's own, before waivers
	Ingredients json.RawMessage   `json:"ingredients"` // what the key was made of
}

// Refused is a document that did not pass a check.
type Refused struct {
	RunID    string          `json:"run_id"`
	Agent    handoff.Agent   `json:"agent"`    // that made it
	Seam     string          `json:"seam"`     // "output" or "input"
	Document json.RawMessage `json:"document"` // null where it is no JSON
	Faults   []handoff.Fault `json:"faults"`
	At       time.Time       `json:"at"`
}

// Stage of a model's life.
type Stage string

const (
	Development Stage = "development"
	Staging     Stage = "staging"
	Shadow      Stage = "shadow"
	Production  Stage = "production"
	Archived    Stage = "archived"
)

// Model is a version in the registry.
type Model struct {
	Name    string    `json:"name"`
	Version int       `json:"version"`
	Digest  string    `json:"digest"` // "sha256:..." of the file as it lies on disk
	Bytes   int64     `json:"bytes"`
	Stage   Stage     `json:"stage"`
	Path    string    `json:"path"` // relative to the workspace
	RunID   string    `json:"run_id"`
	Blessed bool      `json:"blessed"` // no gate of its training said no, or a person waived it
	Created time.Time `json:"created"`
}

// Deployment is one line of the history.
type Deployment struct {
	ID       string            `json:"id"`
	RunID    string            `json:"run_id"` // "" by hand
	Name     string            `json:"name"`
	Version  int               `json:"version"`
	Digest   string            `json:"digest"`
	Status   string            `json:"status"` // serving, rolled_back, refused, replaced
	Strategy string            `json:"strategy"`
	URL      string            `json:"url"`
	Slot     string            `json:"slot"`
	Previous *string           `json:"previous"` // digest that served before
	Evidence *handoff.Evidence `json:"evidence"` // null until measured
	By       string            `json:"by"`
	At       time.Time         `json:"at"`
}

// Opening is one look into a sealed file.
type Opening struct {
	SHA256 string        `json:"sha256"`
	What   string        `json:"what"` // "test", "holdout"
	RunID  string        `json:"run_id"`
	Agent  handoff.Agent `json:"agent"`
	Work   string        `json:"work"` // key of the work that looked: done again after a kill, it is the same opening
	Number int           `json:"number"`
	At     time.Time     `json:"at"`
}

// Event is one link of the audit chain.
type Event struct {
	Seq      int64           `json:"seq"` // from 1, without gaps
	At       time.Time       `json:"at"`
	RunID    string          `json:"run_id"`
	What     string          `json:"what"` // "run", "handoff", "work", "memo", "model", "deployment", "opening", "note..."
	Body     json.RawMessage `json:"body"`
	Previous string          `json:"previous"` // digest of the event before; "" for the first
	Digest   string          `json:"digest"`
}
