package handoff

// Features is what the model will see: the feature analyzer's output.
type Features struct {
	Dataset      Dataset       `json:"dataset"`
	Points       *Points       `json:"points"`    // null for a flat table
	Transform    Ref           `json:"transform"` // the fitted transformation (JSON), the same one in training, batch, endpoint and drift
	Kept         []Feature     `json:"kept"`      // in the order of the learner's columns
	Dropped      []Dropped     `json:"dropped"`
	Interactions []Interaction `json:"interactions"`
}

// Points are point-in-time features of events: raw columns, from which the
// transformation makes what a learner sees.
type Points struct {
	Recipe Ref `json:"recipe"` // JSON (package points) with the features that are used
	Rows   Ref `json:"rows"`   // Parquet: "__row" and one column per feature, for every row of the spine
	Latest Ref `json:"latest"` // Parquet: entity columns, "snapshot" and one column per feature, for the population as of the scope's date
}

// Feature is one column that a learner sees.
type Feature struct {
	Name          string   `json:"name"`
	Kind          string   `json:"kind"`    // number or category
	Formula       string   `json:"formula"` // in words
	SourceColumns []string `json:"source_columns"`
	AsOf          string   `json:"as_of"`      // the rule of time; "" for a flat table
	Importance    *float64 `json:"importance"` // loss of the primary metric when permuted on validation rows; null if not measured
	Rank          int      `json:"rank"`       // 1 is the most important; no ties

	// Shap is the mean size of the feature's effect on the score of validation
	// rows, in log-odds or the value's unit; null if not measured.
	Shap *float64 `json:"shap"`

	// Curve is how the mean score of validation rows moves with the feature, all
	// else as it is in each of them (partial dependence): 2 to 21 steps, empty
	// where it was not measured. Of more than two classes it is the probability
	// of Class, the one that the feature moves most.
	Curve []Step  `json:"curve"`
	Class *string `json:"class"` // null where there is no curve, and for regression
}

// Step is a point of a feature's curve: a number, numbers rising; or a level,
// the most frequent first; or, last of all and neither of them, missing.
type Step struct {
	Value *float64 `json:"value"`
	Level *string  `json:"level"`
	Mean  float64  `json:"mean"` // score: a probability, or the value
	Low   float64  `json:"low"`  // tenth percentile of the rows' own curves, each moved to the height of the mean
	High  float64  `json:"high"` // ninetieth; low and high are the mean where the feature does the same to every row
	Rows  int      `json:"rows"` // of those looked at that are nearest to this step
}

// Dropped is a column or candidate that is not used, and why.
type Dropped struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Interaction is a pair that says more together than apart.
type Interaction struct {
	A        string  `json:"a"`
	B        string  `json:"b"`
	Strength float64 `json:"strength"` // share of what they do to the score that is not the sum of what each does, 0 to 1
}

// Schema is the payload's schema.
func (Features) Schema() (string, string) { return "features", "1.1.0" }
