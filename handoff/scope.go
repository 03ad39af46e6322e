package handoff

import "github.com/septet-ml/septet/table"

// Scope is what is to be predicted, for whom, from what, and when it is good
// enough: the scope definer's output.
type Scope struct {
	Request        string            `json:"request"`
	Title          string            `json:"title"` // "churn of HCP × Kisqali, 90 days ahead"
	Slug           string            `json:"slug"`  // the model's name unless --name: "churn-kisqali-hcp"
	ProblemType    string            `json:"problem_type"`
	Target         *Target           `json:"target"`  // null where label is set
	Label          *Label            `json:"label"`   // null where target is set
	Classes        []string          `json:"classes"` // original strings in the order of class indexes; binary: negative, positive; empty for regression
	Entity         []string          `json:"entity"`  // key columns of the unit of analysis; may be empty
	Time           *string           `json:"time"`    // the column that orders the rows of the main table; null if none
	AsOf           *string           `json:"as_of"`   // YYYY-MM-DD; null where there is no time
	HorizonDays    *int              `json:"horizon_days"`
	Filters        []Filter          `json:"filters"`
	Exclude        []Exclusion       `json:"exclude"` // columns that are no features
	Metric         string            `json:"metric"`  // primary
	Criteria       []Criterion       `json:"criteria"`
	Constraints    Constraints       `json:"constraints"`
	MinimumSamples int               `json:"minimum_samples"`
	SplitBy        string            `json:"split_by"` // "stratified", "time", "entity": the policy that fits the scope
	Unit           string            `json:"unit"`     // "known_entities" (entities may recur over time) or "new_entities"
	Assumptions    []Assumption      `json:"assumptions"`
	Clauses        []Clause          `json:"clauses"`
	Main           string            `json:"main"`   // the table whose rows are scored, or the event table of the label
	Tables         []table.TableInfo `json:"tables"` // the catalog

	// TimeParts are the columns that order the rows of the main table together
	// where no one column does: year, month and, where there is one, day.
	TimeParts []string `json:"time_parts,omitempty"`
}

// Target is a column that holds the answer.
type Target struct {
	Table    string  `json:"table"`
	Column   string  `json:"column"`
	Positive *string `json:"positive"` // the class of interest; null unless binary
}

// Label is a rule that builds the answer from events.
type Label struct {
	Rule            string   `json:"rule"` // "falls_below", "none_in_window", "count_at_least", ...
	EventTable      string   `json:"event_table"`
	EventTime       string   `json:"event_time"`
	Condition       string   `json:"condition"`      // in words
	Value           *string  `json:"value"`          // column that is summed; null counts events
	Threshold       float64  `json:"threshold"`      // share or count, as the rule says
	MinimumBefore   float64  `json:"minimum_before"` // fewer in the observation window is indeterminate
	ObservationDays int      `json:"observation_days"`
	GapDays         int      `json:"gap_days"`
	LabelDays       int      `json:"label_days"`
	Snapshots       []string `json:"snapshots"` // YYYY-MM-DD, ascending
}

// Filter keeps rows of a table.
type Filter struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Op     string `json:"op"` // "=", "!=", "in", "<", "<=", ">", ">="
	Value  string `json:"value"`
}

// Exclusion is a column that no feature is made of.
type Exclusion struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Reason string `json:"reason"`
}

// Criterion is one bar for the sealed test. Baseline criteria compare with
// the best simple baseline on the same rows.
type Criterion struct {
	Metric string   `json:"metric"`
	Op     string   `json:"op"`    // ">=", "<=", "better_than_chance", "not_worse_than_baseline"
	Value  *float64 `json:"value"` // null for the last two
}

// Constraints filter models. Zero means none.
type Constraints struct {
	LatencyMS      float64  `json:"latency_ms"` // p99 of one row
	ModelBytes     int64    `json:"model_bytes"`
	Interpretable  bool     `json:"interpretable"`
	FairnessGroups []string `json:"fairness_groups"`
}

// Assumption is something that was taken for granted.
type Assumption struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // 0 to 1
	Because    string  `json:"because"`
}

// Clause links a part of the scope to what caused it.
type Clause struct {
	Field string `json:"field"` // JSON Pointer into the scope
	Words string `json:"words"` // of the request, or a flag
	From  string `json:"from"`  // "request", "flag", "data", "default"
}

// Schema is the payload's schema.
func (Scope) Schema() (string, string) { return "scope", "1.0.0" }
