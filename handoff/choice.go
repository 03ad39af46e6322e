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
}

// Folds are the cross-validation that every candidate is measured by.
type Folds struct {
	By    string `json:"by"` // stratified, group, time
	Count int    `json:"count"`
	Seed  uint64 `json:"seed"`
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
	Excluded string         `json:"excluded"` // why a constraint leaves it out; "" if it stays
}

// Schema is the payload's schema.
func (Choice) Schema() (string, string) { return "choice", "1.1.0" }
