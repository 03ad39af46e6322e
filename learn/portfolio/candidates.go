package portfolio

import (
	"fmt"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/tree"
)

// Decode reads a model back by the name of its learner.
func Decode(name string, data []byte) (learn.Model, error) {
	switch name {
	case "dummy", "rule":
		return baseline.Decode(data)
	case "linear":
		return linear.Decode(data)
	case tree.Name:
		return tree.Decode(data)
	case ensemble.Name:
		return nil, fmt.Errorf("read model: an ensemble inside an ensemble")
	}
	return nil, fmt.Errorf("read model: no learner %q", name)
}

// baselines are what every other candidate must beat.
func baselines() []crossfit.Candidate {
	return []crossfit.Candidate{
		{ID: "dummy", Learner: baseline.Dummy{}},
		{ID: "rule", Learner: baseline.Rule{}},
		{ID: "linear", Learner: linear.Learner{}},
	}
}

// candidates are one setting of each family, and the rest in the order in
// which they are tried.
func candidates(s Shape) (families, rest []crossfit.Candidate) {
	rate, leaves := 0.05, 8
	if s.Rows > 20_000 {
		rate, leaves = 0.1, 24
	}
	families = []crossfit.Candidate{{ID: "boosted_trees", Learner: boost(s, func(b *tree.Boost) {
		b.LearningRate, b.Leaves, b.RowFraction, b.ColumnFraction, b.L2 = rate, leaves, 0.8, 0.6, 3
	})}}
	rest = []crossfit.Candidate{
		{ID: "linear_curved", Learner: linear.Learner{Knots: 5}},
		{ID: "boosted_trees_random", Learner: boost(s, func(b *tree.Boost) {
			b.LearningRate, b.Leaves, b.RowFraction, b.NodeColumnFraction, b.L2 = rate, 24, 0.6, 0.3, 10
		})},
		{ID: "boosted_trees_large", Learner: boost(s, func(b *tree.Boost) {
			b.LearningRate, b.Leaves, b.RowFraction, b.NodeColumnFraction = rate, 48, 0.9, 0.5
		})},
		{ID: "boosted_trees_small", Learner: boost(s, func(b *tree.Boost) {
			b.LearningRate, b.Leaves, b.RowFraction, b.ColumnFraction, b.L2 = 0.05, 4, 0.7, 0.5, 5
		})},
	}
	return families, rest
}

// boost is a setting of boosted trees that suits the table's size.
func boost(s Shape, change func(*tree.Boost)) tree.Boost {
	b := tree.Defaults()
	b.MinRows = 20
	if s.Rows < 5_000 {
		b.MinRows = 10
	}
	if s.Rows > 100_000 {
		b.Rounds, b.Patience = 400, 20
	}
	change(&b)
	return b
}
