package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// explanations is why the rows of a file or folder got their scores; nil where
// that was not asked.
type explanations struct {
	*modelfile.Explainer
	most int // reasons a row
	rows []modelfile.Explanation
}

// why explains the scores of raw, where that was asked.
func (j *scoring) why(ctx context.Context, raw *table.Table, scores []float64) (*explanations, error) {
	if j.explain == 0 {
		return nil, nil
	}
	e, err := modelfile.NewExplainer(j.model)
	if err != nil {
		return nil, err
	}
	r := &explanations{Explainer: e, most: min(j.explain, len(e.Names()))}
	r.rows, err = e.ExplainTable(ctx, raw, scores, r.most, j.threads)
	return r, err
}

// names are the columns of --explain: for each reason its feature, what it
// moves the score by and what it is in words, then what the score begins at
// and what all other features move it by.
func (r *explanations) names() []string {
	if r == nil {
		return nil
	}
	var names []string
	for k := range r.most {
		name := fmt.Sprintf("reason_%d", k+1)
		names = append(names, name, name+"_effect", name+"_words")
	}
	return append(names, "reason_base", "reason_rest")
}

// append adds the cells of names for row i.
func (r *explanations) append(cells []string, i int) []string {
	if r == nil {
		return cells
	}
	e := &r.rows[i]
	for _, reason := range e.Reasons {
		cells = append(cells, r.Names()[reason.Feature], shortest(reason.Effect), r.Words(reason.Feature))
	}
	for range r.most - len(e.Reasons) {
		cells = append(cells, "", "", "")
	}
	return append(cells, shortest(e.Base), shortest(e.Rest))
}

// wrongExplain is the problem of a number of reasons below 0.
func wrongExplain(n int) error {
	return usage("usage.value", "--explain", strconv.Itoa(n)+" is no number of reasons", "give 1 or more, or leave it out")
}
