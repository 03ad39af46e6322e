package tree_test

import (
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/tree"
)

func TestLearner(t *testing.T) {
	all := []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}
	boost := func(change func(b *tree.Boost)) tree.Boost {
		b := tree.Defaults()
		b.Rounds, b.LearningRate, b.MinRows, b.Leaves = 4, 0.5, 5, 5
		change(&b)
		return b
	}
	for _, c := range []struct {
		name  string
		boost tree.Boost
		tasks []learn.Task
	}{
		{"plain", boost(func(*tree.Boost) {}), all},
		{"sampled", boost(func(b *tree.Boost) { b.RowFraction, b.ColumnFraction, b.NodeColumnFraction = 0.8, 0.8, 0.8 }), all},
		{"targets", boost(func(b *tree.Boost) { b.Category.SetLevels, b.Category.TargetsOnly = -1, true }), all},
		{"symmetric", boost(func(b *tree.Boost) { b.Symmetric, b.Noise, b.RowFraction, b.Category.SetChance = 3, 0.1, 0.9, 1 }), all},
		{"sharp", boost(func(b *tree.Boost) {
			b.MinRows, b.MinHessian, b.L2, b.Category = 1, 1e-6, 0.1, tree.Category{SetRows: 1, SetSmooth: 1}
		}), all},
		{"quantile", boost(func(b *tree.Boost) { b.Loss, b.Quantile = tree.Quantile, 0.5 }), []learn.Task{learn.Regression}},
		{"absolute", boost(func(b *tree.Boost) { b.Loss = tree.Absolute }), []learn.Task{learn.Regression}},
	} {
		t.Run(c.name, func(t *testing.T) {
			learntest.Run(t, learntest.Subject{Learner: c.boost, Decode: tree.Decode, Tasks: c.tasks})
		})
	}
}
