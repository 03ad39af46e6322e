package pipeline

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// RunObject is a run as other programs read it, format septet.run/1. A pointer
// or a map that is nil is null: not there, or not yet.
type RunObject struct {
	Format      string                                `json:"format"`
	RunID       string                                `json:"run_id"`
	Status      ledger.Status                         `json:"status"`
	ExitCode    *int                                  `json:"exit_code"` // null while it runs
	Error       *RunError                             `json:"error"`
	Request     string                                `json:"request"`
	Started     time.Time                             `json:"started"`
	Seconds     float64                               `json:"seconds"`
	Program     string                                `json:"program"`
	Seed        uint64                                `json:"seed"`
	Effort      Effort                                `json:"effort"`
	Scope       *Scope                                `json:"scope"`
	Splits      map[string]handoff.Split              `json:"splits"`
	Stages      []Stage                               `json:"stages"` // always seven
	Features    *Features                             `json:"features"`
	Metrics     map[string]map[string]handoff.Measure `json:"metrics"`   // validation (out of fold), test
	Baselines   map[string]map[string]*float64        `json:"baselines"` // on the same test rows
	Verdicts    []handoff.Verdict                     `json:"verdicts"`
	Tested      *Tested                               `json:"tested"`
	Model       *Model                                `json:"model"`
	Deployment  *Deployment                           `json:"deployment"`
	Observation *Observation                          `json:"observation"`
	Findings    []handoff.Finding                     `json:"findings"`
	Warnings    []string                              `json:"warnings"`
	Questions   []handoff.Question                    `json:"questions"`
}

// RunError is a problem as JSON: why a run did not complete, or a command did
// not answer. What is absent is null.
type RunError struct {
	Code    string   `json:"code"`
	Where   *string  `json:"where"`
	What    string   `json:"what"`
	Why     *string  `json:"why"`
	Nearest []string `json:"nearest"`
	Fix     *string  `json:"fix"`
}

// Effort is the work asked for and done. Units is null before training.
type Effort struct {
	Asked  string `json:"asked"`
	Units  *int   `json:"units"`
	Capped bool   `json:"capped"` // a budget ended it early: --effort UNITS does it again
}

// Scope is what is predicted. Target or Label is null.
type Scope struct {
	Title          string               `json:"title"`
	ProblemType    string               `json:"problem_type"`
	Target         *handoff.Target      `json:"target"`
	Label          *handoff.Label       `json:"label"`
	Classes        []string             `json:"classes"`
	Entity         []string             `json:"entity"`
	Time           *string              `json:"time"`
	AsOf           *string              `json:"as_of"`
	HorizonDays    *int                 `json:"horizon_days"`
	Filters        []handoff.Filter     `json:"filters"`
	Exclude        []handoff.Exclusion  `json:"exclude"`
	Metric         string               `json:"metric"`
	Criteria       []handoff.Criterion  `json:"criteria"`
	Constraints    handoff.Constraints  `json:"constraints"`
	MinimumSamples int                  `json:"minimum_samples"`
	SplitBy        string               `json:"split_by"`
	Unit           string               `json:"unit"`
	Assumptions    []handoff.Assumption `json:"assumptions"`

	// TimeParts are the columns that tell the time together where no one does.
	TimeParts []string `json:"time_parts,omitempty"`
}

// Stage is an agent's part of the run.
type Stage struct {
	Agent    handoff.Agent `json:"agent"`
	Status   string        `json:"status"`  // pending, running, success, partial, blocked, needs_input, failed, skipped
	Seconds  *float64      `json:"seconds"` // null where it did not work
	Reused   bool          `json:"reused"`
	Handoff  *string       `json:"handoff"` // id of its envelope
	Headline *string       `json:"headline"`
	Attempts int           `json:"attempts"`
}

// Features is what the model sees.
type Features struct {
	Kept    []Kept            `json:"kept"`
	Dropped []handoff.Dropped `json:"dropped"`
}

// Kept is one feature: its name, or all of it where Detailed.
type Kept struct {
	Name          string
	Formula       string
	SourceColumns []string
	Detailed      bool
}

// kept is a feature in detail.
type kept struct {
	Name          string   `json:"name"`
	Formula       string   `json:"formula"`
	SourceColumns []string `json:"source_columns"`
}

// MarshalJSON writes a string or an object.
func (k Kept) MarshalJSON() ([]byte, error) {
	if !k.Detailed {
		return json.Marshal(k.Name)
	}
	return json.Marshal(kept{k.Name, k.Formula, k.SourceColumns})
}

// UnmarshalJSON reads either.
func (k *Kept) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &k.Name) == nil {
		return nil
	}
	var all kept
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("feature is neither a name nor an object: %w", err)
	}
	*k = Kept{all.Name, all.Formula, all.SourceColumns, true}
	return nil
}

// Tested is what the sealed test says beside the scores. What was not measured
// is null or empty.
type Tested struct {
	Sets     *handoff.Sets       `json:"sets"`
	Decision *handoff.Decision   `json:"decision"`
	Groups   []handoff.Breakdown `json:"groups"`
	Segments []handoff.Breakdown `json:"segments"`
	Learning *handoff.Learning   `json:"learning"`
}

// Model is the file that the run made.
type Model struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Digest  string `json:"digest"` // "sha256:" of the file as it lies on disk
	Path    string `json:"path"`   // absolute
	Bytes   int64  `json:"bytes"`
	Stage   string `json:"stage"`
	Blessed bool   `json:"blessed"` // every criterion met or waived
}

// Deployment is where the model serves, or why it does not.
type Deployment struct {
	ID       string            `json:"id"`
	Status   string            `json:"status"`
	Strategy string            `json:"strategy"`
	URL      *string           `json:"url"`
	Slot     *string           `json:"slot"`
	Previous *string           `json:"previous"`
	Evidence *handoff.Evidence `json:"evidence"`
}

// Observation is what was read back of the run's telemetry.
type Observation struct {
	Connected   bool `json:"connected"`
	Spans       int  `json:"spans"`
	Metrics     int  `json:"metrics"`
	Predictions int  `json:"predictions"`
}

// Detail shows the kept features with formula and source columns.
func (o *RunObject) Detail() {
	if o.Features == nil {
		return
	}
	for i := range o.Features.Kept {
		o.Features.Kept[i].Detailed = true
	}
}
