package main

import (
	"strings"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
)

// intervalNames are the columns of --intervals, the last of a row: low and
// high of a number, or set: the classes that it may be, with | between them.
func (r *results) intervalNames() []string {
	switch {
	case !r.intervals:
		return nil
	case r.m.Task == learn.Regression:
		return []string{"low", "high"}
	}
	return []string{"set"}
}

// setText keeps a class that has a | or a \ in its name apart from the others.
var setText = strings.NewReplacer(`\`, `\\`, "|", `\|`)

// interval adds the cells of intervalNames for one row's scores.
func (r *results) interval(cells []string, scores []float64) []string {
	switch {
	case !r.intervals:
		return cells
	case r.m.Task == learn.Regression:
		low, high := r.m.Conformal.Interval(scores[0])
		return append(cells, shortest(low), shortest(high))
	}
	var classes []string
	for _, k := range r.m.Conformal.Set(scores) {
		classes = append(classes, setText.Replace(r.m.Classes[k]))
	}
	return append(cells, strings.Join(classes, "|"))
}

// noIntervals is the problem of a model without them.
func noIntervals(model string) *problem.Problem {
	return &problem.Problem{
		Kind: problem.Blocked, Code: "predict.no_intervals", Where: model, What: "this model has no intervals or sets of classes",
		Why: "it was made by an earlier version, or its rows were too few to promise any", Fix: "train it again, or leave --intervals out",
	}
}
