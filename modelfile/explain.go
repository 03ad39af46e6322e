package modelfile

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/explain"
	"github.com/septet-ml/septet/table"
)

// Explanation says why a row got its score. Base, the effects and Rest add up
// to the score: the value for regression, else the log-odds ln p/(1-p) of the
// served probability of Class.
type Explanation struct {
	Class   int     // what it is about: the positive class of two, the predicted one of more; 0 for regression
	Base    float64 // score of a row of which nothing is known
	Reasons []Reason
	Rest    float64 // what the features that are no reason move the score by
}

// Reason is how much a feature, or what was seen, moves a score.
type Reason struct {
	Feature int // number in Transform.Features; their count is that of SeenRows
	Effect  float64
}

// SeenRows is what stands for a feature in the reason that a row identical to
// training rows has beside those of its features.
const SeenRows = "(identical rows)"

const seenWords = "the answers of training rows that are identical in every feature"

// Explainer says why a model's rows got their scores. It is never changed, and
// safe for concurrent use.
type Explainer struct {
	model  *Model
	scores *explain.Model
	names  []string
	words  []string
}

// NewExplainer lays a model out for explanations. It takes memory in
// proportion to the model.
func NewExplainer(m *Model) (*Explainer, error) {
	features := len(m.Transform.Features)
	background := make([]float64, 0, len(m.Golden.Rows)*features)
	for _, row := range m.Golden.Rows {
		x, err := m.goldenFeatures(row)
		if err != nil {
			return nil, fmt.Errorf("explain: %w", err)
		}
		background = append(background, x...)
	}
	e := &Explainer{model: m, scores: explain.New(m.Task, m.Ensemble, m.Calibration, features, background)}
	formulas, err := m.formulas()
	if err != nil {
		return nil, fmt.Errorf("explain: %w", err)
	}
	for i := range m.Transform.Features {
		e.names = append(e.names, m.Transform.Features[i].Name)
		e.words = append(e.words, m.Transform.InWords(i, formulas))
	}
	if m.Seen != nil {
		e.names, e.words = append(e.names, SeenRows), append(e.words, seenWords)
	}
	return e, nil
}

// formulas are those of the features of events that are raw columns of the
// model, by name.
func (m *Model) formulas() (map[string]string, error) {
	if m.Recipe == nil {
		return nil, nil
	}
	var recipe struct {
		Features []struct {
			Name    string `json:"name"`
			Formula string `json:"formula"`
		} `json:"features"`
	}
	if err := json.Unmarshal(m.Recipe, &recipe); err != nil {
		return nil, fmt.Errorf("points.json: %w", err)
	}
	formulas := make(map[string]string)
	for _, f := range recipe.Features {
		formulas[f.Name] = f.Formula
	}
	return formulas, nil
}

// Names are what can be a reason, by Reason.Feature.
func (e *Explainer) Names() []string { return e.names }

// Words say what a feature is.
func (e *Explainer) Words(feature int) string { return e.words[feature] }

// Exact tells whether every member of the model explains itself exactly; else
// the effects, but not their sum, are in part an estimate.
func (e *Explainer) Exact() bool { return e.scores.Exact() }

// Cost is the work of a row, in steps of a few nanoseconds.
func (e *Explainer) Cost() int { return e.scores.Cost() }

// Explain gives up to n reasons, the strongest first, of a row with the
// feature vector x and the scores that Score gave it. A feature that moves
// nothing is no reason. An effect that is not finite, which no fitted model
// has, is an error.
func (e *Explainer) Explain(x, scores []float64, n int) (Explanation, error) {
	features, width := len(x), len(scores)
	out := make([]float64, width*features)
	e.scores.Row(x, out)
	explained := Explanation{}
	if !finite(out) || !finite(e.scores.Base()) {
		return explained, errEffect
	}
	output := 0
	switch e.model.Task {
	case learn.Binary:
		explained.Class = 1
	case learn.Multiclass:
		output = e.model.Class(scores)
		explained.Class = output
	}
	explained.Base = e.scores.Base()[output]
	for j, v := range out[output*features : (output+1)*features] {
		if v != 0 {
			explained.Reasons = append(explained.Reasons, Reason{j, v})
		}
	}
	if moved := e.seen(x, scores, output); moved != 0 {
		explained.Reasons = append(explained.Reasons, Reason{features, moved})
	}
	slices.SortStableFunc(explained.Reasons, func(a, b Reason) int { return cmp.Compare(math.Abs(b.Effect), math.Abs(a.Effect)) })
	if n < len(explained.Reasons) {
		for _, r := range explained.Reasons[n:] {
			explained.Rest += r.Effect
		}
		explained.Reasons = explained.Reasons[:n]
	}
	return explained, nil
}

// seen is how much identical training rows move an output of a row: from what
// the ensemble says to its score.
func (e *Explainer) seen(x, scores []float64, output int) float64 {
	if e.model.Seen == nil {
		return 0
	}
	unseen := make([]float64, len(scores))
	e.model.unseen(x, unseen)
	from, to := unseen[output], scores[output]
	if e.model.Task == learn.Regression {
		return to - from
	}
	return calibrate.LogOdds(to) - calibrate.LogOdds(from)
}

var errEffect = errors.New("explain: an effect is not a finite number")

// ExplainTable explains every row of raw, whose scores ScoreTable gave.
func (e *Explainer) ExplainTable(ctx context.Context, raw *table.Table, scores []float64, n, threads int) ([]Explanation, error) {
	features, err := e.model.Transform.Apply(raw)
	if err != nil {
		return nil, err
	}
	width := e.model.Width()
	out, faults := make([]Explanation, raw.Rows), make([]error, raw.Rows)
	err = learn.Blocks(ctx, raw.Rows, 16, threads, func(lo, hi int) {
		x := make([]float64, len(features.Columns))
		for i := lo; i < hi; i++ {
			features.Gather(x, []int32{int32(i)})
			out[i], faults[i] = e.Explain(x, scores[i*width:(i+1)*width], n)
		}
	})
	if err = cmp.Or(append(faults, err)...); err != nil {
		return nil, fmt.Errorf("explain %d rows: %w", raw.Rows, err)
	}
	return out, nil
}
