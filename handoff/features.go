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
	Strength float64 `json:"strength"` // share of the variation of the score, 0 to 1
}

// Schema is the payload's schema.
func (Features) Schema() (string, string) { return "features", "1.0.0" }
