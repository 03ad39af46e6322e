// Package linear is regularised linear models: logistic, multinomial and
// least squares, with ridge and lasso penalties, on features that the fit
// makes of the raw columns.
//
// encode.go makes features of columns, pair.go of pairs of them, objective.go is
// the loss that is minimised and its gradient, precondition.go and solve.go
// minimise it, model.go predicts, shap.go explains.
//
// The fit minimises
//
//	Σ weight × loss(row) + L2/2 Σ b² + L1 Σ |b|
//
// over the coefficients b of standardised features; intercepts are free. The
// loss is -ln of the probability of what happened, or half the squared error
// of the standardised target. So L2 is 1/C of scikit-learn's
// LogisticRegression and alpha of its Ridge. A row of weight 3 counts as
// three rows.
package linear

import (
	"context"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
)

// Learner is the settings. The zero value is a ridge of strength 1 on
// straight lines.
type Learner struct {
	// L2 is the strength of the ridge, in rows of evidence; 0 means that the
	// fit tries strengths from 1000 down to 0.01 and stops where the loss on
	// the validation rows begins to rise, or takes 1 where there are none.
	L2 float64 `json:"l2"`
	L1 float64 `json:"l1"` // strength of the lasso

	Knots    int  `json:"knots"`     // bends of each number's line, at quantiles; 0 is a straight line
	Ranks    bool `json:"ranks"`     // numbers enter by their quantile, not their value
	Levels   int  `json:"levels"`    // most levels of a text column that get a coefficient; 0 means 100
	MinCount int  `json:"min_count"` // least weight of such a level; the rest share one; 0 means 5

	// Pairs is how many features at most are made of pairs of columns: products
	// of two numbers and squares, pairs of values of two categories. The
	// strongest columns come first.
	Pairs int `json:"pairs,omitempty"`
}

// Name is "linear".
func (Learner) Name() string { return "linear" }

// strengths is what a fit with L2 0 tries, strongest first.
var strengths = []float64{1000, 316.2, 100, 31.62, 10, 3.162, 1, 0.3162, 0.1, 0.03162, 0.01}

// How close to the minimum a fit comes, as a part of the objective: a fixed
// strength to what is seen in no prediction, those of a path, which are only
// compared, to what is seen in no score.
const (
	exact = 1e-10
	rough = 1e-5
)

// patience is how many strengths may bring no gain before the fit stops.
const patience = 2

// Fit learns the encoding and the coefficients from the rows of train.
func (l Learner) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	m, err := l.fit(ctx, train, valid, max(opt.Threads, 1))
	if err != nil {
		return nil, fmt.Errorf("fit linear on %d rows: %w", train.N(), err)
	}
	return m, nil
}

func (l Learner) fit(ctx context.Context, train learn.Data, valid *learn.Data, threads int) (*Model, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	if err := train.Check(); err != nil {
		return nil, err
	}
	m := &Model{Task: train.Task, Classes: train.Classes}
	var strong []int
	if l.Pairs > 0 {
		var err error
		if strong, err = l.strongest(ctx, train, threads); err != nil {
			return nil, err
		}
	}
	if err := l.encoding(ctx, m, strong, &train, threads); err != nil {
		return nil, err
	}
	m.target(&train)
	o, err := newObjective(ctx, m, &train, threads, held())
	if err != nil {
		return nil, err
	}
	m.Shares = o.shares()
	if l.L2 > 0 || valid == nil || valid.N() == 0 {
		m.Coefficients, err = o.minimise(ctx, o.start(), l.strength(), l.L1, exact)
		return m, err
	}
	check, err := newObjective(ctx, m, valid, threads, held())
	if err != nil {
		return nil, err
	}
	m.Coefficients, err = l.path(ctx, o, check)
	return m, err
}

// strength is L2, 1 where it is not given.
func (l Learner) strength() float64 {
	if l.L2 == 0 {
		return 1
	}
	return l.L2
}

// path fits with falling strengths, each from the last one's result, and
// gives the coefficients with the least loss on the validation rows.
func (l Learner) path(ctx context.Context, o, valid *objective) ([]float64, error) {
	var best []float64
	least, worse := math.Inf(1), 0
	theta := o.start()
	for _, l2 := range strengths {
		next, err := o.minimise(ctx, theta, l2, l.L1, rough)
		if err != nil {
			return nil, err
		}
		loss, err := valid.loss(ctx, next)
		if err != nil {
			return nil, err
		}
		if loss < least {
			best, least, worse = next, loss, 0
		} else if worse++; worse > patience {
			break
		}
		theta = next
	}
	if best == nil {
		return theta, nil // no validation row has a weight
	}
	return best, nil
}

func (l Learner) check() error {
	if !(l.L2 >= 0 && l.L2 <= 1e12) || !(l.L1 >= 0 && l.L1 <= 1e12) {
		return fmt.Errorf("l2 %v and l1 %v: a strength is 0 to 1e12", l.L2, l.L1)
	}
	if l.Knots < 0 || l.Knots > 50 || l.Levels < 0 || l.Levels > 100000 || l.MinCount < 0 || l.Pairs < 0 || l.Pairs > 10000 {
		return fmt.Errorf("knots %d, levels %d, min_count %d, pairs %d: out of range", l.Knots, l.Levels, l.MinCount, l.Pairs)
	}
	return nil
}
