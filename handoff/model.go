package handoff

// Model is a trained, tested model file: the model trainer's output.
type Model struct {
	Choice      Choice                         `json:"choice"`
	File        Ref                            `json:"file"` // .septet
	Card        Ref                            `json:"card"` // Markdown
	Name        string                         `json:"name"`
	Members     []Member                       `json:"members"`
	Calibration string                         `json:"calibration"` // identity, platt, isotonic, beta, temperature
	Threshold   *float64                       `json:"threshold"`   // binary only; chosen on validation
	Metrics     map[string]map[string]Measure  `json:"metrics"`     // validation (out of fold on train + validation), test
	Baselines   map[string]map[string]*float64 `json:"baselines"`   // name → metric → value on the same test rows
	Verdicts    []Verdict                      `json:"verdicts"`
	Blessed     bool                           `json:"blessed"` // every criterion met or waived
	Effort      Effort                         `json:"effort"`
	Openings    int                            `json:"openings"` // of the sealed test, this one included
	Refit       bool                           `json:"refit"`    // refitted on train + validation + test after the test
	Sets        *Sets                          `json:"sets"`     // intervals or sets of classes; null where the rows are too few to promise any
	Decision    *Decision                      `json:"decision"` // what the threshold does; binary only
	Curves      Curves                         `json:"curves"`
	Groups      []Breakdown                    `json:"groups"`   // by the scope's fairness groups
	Segments    []Breakdown                    `json:"segments"` // by the features that matter most
	Learning    *Learning                      `json:"learning"` // whether more rows would help; null where it was not measured
	Notes       []string                       `json:"notes"`
}

// NameRule says what the name of a model may be.
const NameRule = "letters and digits, with single hyphens or underscores between, at most 100"

// IsModelName tells that a name is one by NameRule: it stands in addresses and
// names of files.
func IsModelName(name string) bool { return len(name) <= 100 && nameForm.MatchString(name) }

// Member is a part of the ensemble.
type Member struct {
	ID     string  `json:"id"`
	Weight float64 `json:"weight"` // above 0; the weights sum to 1
	Fits   int     `json:"fits"`
}

// Measure is a metric with its 95 % interval; null where it has none or is
// undefined.
type Measure struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
}

// Verdict is a criterion held against the sealed test.
type Verdict struct {
	Criterion Criterion `json:"criterion"`
	Met       bool      `json:"met"`
	Evidence  string    `json:"evidence"`
}

// Effort is the work asked for and done.
type Effort struct {
	Asked  string `json:"asked"`
	Units  int    `json:"units"`
	Capped bool   `json:"capped"` // a budget ended it early
}

// Schema is the payload's schema.
func (Model) Schema() (string, string) { return "model", "1.3.0" }
