package handoff

// Sets are the intervals (regression) or sets of classes that the model can
// give beside a prediction, and how often they held the truth on the sealed
// test.
type Sets struct {
	Kind     string  `json:"kind"`     // absolute, scaled, least, adaptive: package calibrate
	Coverage float64 `json:"coverage"` // share of new rows whose truth they promise to hold
	Held     Measure `json:"held"`     // share of the test rows, with its exact interval (Clopper-Pearson)
	Low      float64 `json:"low"`      // share of so many test rows that a kept promise gives, 95 % (beta-binomial)
	High     float64 `json:"high"`
	Size     float64 `json:"size"` // mean length of an interval, or mean number of classes, on the test rows
}

// Decision is what calling rows positive from the threshold on does on the
// sealed test.
type Decision struct {
	Rule     string   `json:"rule"`      // f1 or cost: what is best at the threshold, out of fold
	CostFP   *float64 `json:"cost_fp"`   // of a negative row called positive; null, like cost_fn, where the rule is f1
	CostFN   *float64 `json:"cost_fn"`   // of a positive row that was missed
	Capacity *float64 `json:"capacity"`  // largest share to be called; null is no limit
	Called   Measure  `json:"called"`    // share called positive
	Cost     Measure  `json:"cost"`      // mean a row; null where the rule is f1
	CostNone *float64 `json:"cost_none"` // of calling no row, on the same rows
	CostAll  *float64 `json:"cost_all"`  // of calling every row
}

// Curves are figures for drawing, of the sealed test rows; a list is empty
// where the problem has none of its kind, and has at most 61 entries.
type Curves struct {
	ROC             []Point    `json:"roc"`              // x: share of the negatives that are called, y: of the positives
	PrecisionRecall []Point    `json:"precision_recall"` // x: share of the positives that are called, y: share of the called that are positive
	Gain            []Point    `json:"gain"`             // x: share of the rows that are called, y: of the positives
	Reliability     []Point    `json:"reliability"`      // x: mean prediction of a bin, y: share that came true, or mean of what came
	Confusion       *Confusion `json:"confusion"`        // null for regression
}

// Point is one of a curve; low and high are the pointwise 95 % interval of y.
type Point struct {
	X    float64  `json:"x"`
	Y    float64  `json:"y"`
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	Rows int      `json:"rows"` // that the point is made of
}

// Confusion counts the test rows by what they are and what they are called.
// Where there are many classes the rarest are one, "(other)".
type Confusion struct {
	Classes []string `json:"classes"`
	Counts  [][]int  `json:"counts"` // [class][called]
}

// Breakdown is the sealed test by the groups of one column: levels of a
// category, bins of a number. Groups of few rows are one.
type Breakdown struct {
	Column      string       `json:"column"`
	Groups      []Group      `json:"groups"`
	Differences []Difference `json:"differences"` // larger than noise
}

// Group is the model on the rows of one group; a figure without a meaning for
// the problem is null.
type Group struct {
	Group          string             `json:"group"`
	Rows           int                `json:"rows"`
	Scores         map[string]Measure `json:"scores"`
	Predicted      *float64           `json:"predicted"`       // mean probability, that of the class it was called for multiclass, or mean value
	Observed       Measure            `json:"observed"`        // what came true of that
	Called         Measure            `json:"called"`          // share called positive
	FalsePositives Measure            `json:"false_positives"` // share of the negatives that are called positive
	FalseNegatives Measure            `json:"false_negatives"` // share of the positives that are not
	Held           Measure            `json:"held"`            // share whose truth is in the model's interval or set
}

// Difference is a figure of a group that differs from that of all other rows
// by more than noise: P is corrected for everything that was looked at (Holm).
type Difference struct {
	Group  string  `json:"group"`
	What   string  `json:"what"` // called, false_positives, false_negatives, calibration, loss
	Value  float64 `json:"value"`
	Others float64 `json:"others"`
	P      float64 `json:"p"`
}

// Learning is how the out-of-fold score of one candidate grew with its
// training rows, and what that says of more rows.
type Learning struct {
	Candidate string       `json:"candidate"`
	Metric    string       `json:"metric"`
	Points    []LearnPoint `json:"points"` // ascending rows; the last is all of them
	Units     int          `json:"units"`  // small fits that it took, beside those of the effort
	Gain      *float64     `json:"gain"`   // of twice the rows, above 0 is better; null where none can be told
	GainSE    *float64     `json:"gain_se"`
	Words     string       `json:"words"`
}

// LearnPoint is the mean score over the folds at a size of the training part.
type LearnPoint struct {
	Rows int     `json:"rows"`
	Mean float64 `json:"mean"`
	SE   float64 `json:"se"`
}
