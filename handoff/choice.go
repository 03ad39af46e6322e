package handoff

// Choice is the measured leaderboard and the plan for training: the model
// selector's output.
type Choice struct {
	Features    Features    `json:"features"`
	Folds       Folds       `json:"folds"`
	Leaderboard []Candidate `json:"leaderboard"` // best first; baselines always in
	Baselines   []string    `json:"baselines"`   // ids of the simple ones: dummy, rule, linear
	Chosen      []string    `json:"chosen"`      // ids that the trainer goes on with, best first
	Rationale   string      `json:"rationale"`   // in words
	Units       int         `json:"units"`       // fits done here
	Warm        *Warm       `json:"warm"`        // the earlier run whose experience orders the work; null without --warm-start, and where none is like this one
}

// Warm is what an earlier run on data like this one's adds: the order in which
// the trainer tries what comes after the first look. Done to its end, the work
// is the same in any order.
type Warm struct {
	RunID   string   `json:"run_id"`
	Handoff string   `json:"handoff"` // id of the envelope of its model
	Shared  float64  `json:"shared"`  // inputs of both runs as a share of the inputs of either
	Rows    int      `json:"rows"`    // train and validation rows of that run
	Order   []string `json:"order"`   // ids of candidates, those with the most weight there first, those without any last
}

// Folds are the cross-validation that every candidate is measured by.
type Folds struct {
	By     string `json:"by"` // stratified; group; time, in blocks with the purge between them
	Count  int    `json:"count"`
	Seed   uint64 `json:"seed"`
	Reason string `json:"reason"` // why they are not by time although the parts are: too_few_times, purge_does_not_fit, one_class, entities_recur; else ""
}

// Candidate is a learner with settings, measured.
type Candidate struct {
	ID       string         `json:"id"`      // "boosted_trees-1"
	Learner  string         `json:"learner"` // family
	Settings map[string]any `json:"settings"`
	Metric   string         `json:"metric"`
	Scores   []float64      `json:"scores"` // one a fold, natural sign
	Mean     float64        `json:"mean"`
	SE       float64        `json:"se"` // standard error of the mean
	Bytes    int64          `json:"bytes"`
	RowMS    float64        `json:"row_ms"`   // counted time of one row's answer, milliseconds: what a limit of latency is held against; 0 before it was counted
	Excluded string         `json:"excluded"` // why a constraint leaves it out; "" if it stays
}

// Schema is the payload's schema.
func (Choice) Schema() (string, string) { return "choice", "1.3.0" }
