package serve

import (
	"encoding/json"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// Model is a fitted model as the server uses it. It is never changed, and
// safe for concurrent use.
type Model interface {
	About() *About

	// Features makes the feature vector of one row: cells has one value per
	// About.Inputs, x one entry per About.Features.
	Features(cells []table.Value, x []float64)

	// Score scores len(out) / About.Width feature vectors that lie one after
	// another in x. Each row's bits depend on that row only.
	Score(x, out []float64)

	// Class is the index of the predicted class for one row's scores; 0 for
	// regression.
	Class(scores []float64) int

	// Explainer lays the model out for reasons, which takes time and memory in
	// proportion to it.
	Explainer() (*modelfile.Explainer, error)
}

// About is what is known of a model beside its arithmetic.
type About struct {
	Digest   string // "sha256:" and 64 hex digits: of the file as it lies on disk
	Bytes    int64  // of the file
	Title    string
	Task     learn.Task
	Classes  []string        // by class index; empty for regression
	Inputs   []feature.Input // the columns a row has to give
	Features []string
	Width    int      // scores per row: the number of classes for multiclass, else 1
	Golden   []Golden // made-up rows with the scores that the model must give

	// Conformal makes intervals or sets of classes of the scores; nil where the
	// file has none.
	Conformal *calibrate.Conformal

	// Points names the table in which the values of Inputs can be looked up;
	// nil where a row has to bring them.
	Points *modelfile.Points
}

// Golden is a row and the scores that it must get, bit for bit.
type Golden struct {
	Row    json.RawMessage // {column: value}
	Scores []float64       // About.Width values
}

// Opener reads a model from the file at path.
type Opener func(path string) (Model, error)
