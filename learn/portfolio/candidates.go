package portfolio

import (
	"fmt"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/screen"
	"github.com/septet-ml/septet/learn/tree"
)

// Decode reads a model back by the name of its learner.
func Decode(name string, data []byte) (learn.Model, error) {
	switch name {
	case "dummy", "rule":
		return baseline.Decode(data)
	case linear.Learner{}.Name():
		return linear.Decode(data)
	case tree.Name:
		return tree.Decode(data)
	case forest.Learner{}.Name():
		return forest.Decode(data)
	case neighbor.Learner{}.Name():
		return neighbor.Decode(data)
	case net.Learner{}.Name():
		return net.Decode(data)
	case root.Name:
		return root.Decode(data, Decode)
	case ensemble.Name:
		return nil, fmt.Errorf("read model: an ensemble inside an ensemble")
	}
	return nil, fmt.Errorf("read model: learner %q: %w", name, learn.ErrUnknown)
}

// baselines are what every other candidate must beat.
func baselines() []crossfit.Candidate {
	return []crossfit.Candidate{
		{ID: "dummy", Learner: baseline.Dummy{}},
		{ID: "rule", Learner: baseline.Rule{}},
		{ID: "linear", Learner: linear.Learner{}},
	}
}

// candidates are one setting of each family that is fast, the first being the
// one that a quick effort ends with; the rest, in the order in which they are
// tried; and those of all of them that are worth other folds, too: the unstable
// ones. The families are fitted even where a budget is too short for them.
//
// What each gives is in docs/benchmarks.md. Plain trees do well everywhere.
// Sharp ones learn rules that hold without exception; random ones learn from
// noise, and so do symmetric ones; those that are screened leave out
// columns of noise; curves and pairs learn what is smooth, from few rows; nets both.
func candidates(s Shape) (families, rest, again []crossfit.Candidate) {
	plain := crossfit.Candidate{ID: "boosted_trees", Learner: s.plain()}
	sharp := crossfit.Candidate{ID: "boosted_trees_sharp", Learner: s.sharp()}
	symmetric := crossfit.Candidate{ID: "boosted_trees_symmetric", Learner: s.symmetric()}
	random := crossfit.Candidate{ID: "boosted_trees_random", Learner: s.random()}
	large := crossfit.Candidate{ID: "boosted_trees_large", Learner: s.large()}
	nets := crossfit.Candidate{ID: "neural_net", Learner: net.Learner{}}
	free := crossfit.Candidate{ID: "neural_net_free", Learner: net.Learner{Nets: 1, Dropout: -1, Decay: 0.3}} // learns rules without exception
	families = []crossfit.Candidate{
		plain,
		{ID: "forest", Learner: s.forest()},
	}
	rest = []crossfit.Candidate{
		{ID: "linear_curved", Learner: linear.Learner{Knots: 5}},
		sharp,
		nets,
		{ID: "linear_pairs", Learner: linear.Learner{Pairs: 400}},
		symmetric,
		large,
		random,
		{ID: "boosted_trees_small", Learner: s.small()},
	}
	again = []crossfit.Candidate{nets, symmetric, large, sharp, random, plain}
	if s.isMany() {
		rest = slices.Insert(rest, 3, free)
	}
	if s.canScreen() {
		trees := crossfit.Candidate{ID: "boosted_trees_screened", Learner: s.screened()}
		rest, again = slices.Insert(rest, 4, trees), slices.Insert(again, 2, trees)
		if s.Rows <= screenedNetRows {
			nets := crossfit.Candidate{ID: "neural_net_screened", Learner: screen.Learner{Of: net.Learner{}, Judge: s.judge()}}
			rest, again = slices.Insert(rest, 5, nets), slices.Insert(again, 0, nets)
		}
	}
	if s.Task == learn.Regression && !s.isHuge() {
		rest, again = s.values(plain, sharp, symmetric, large)
	}
	if s.isHuge() {
		return families[:1], []crossfit.Candidate{large, sharp, symmetric, random, families[1], rest[0], nets}, again
	}
	if s.Rows <= nearRows {
		rest = append(rest, crossfit.Candidate{ID: "neighbors", Learner: neighbor.Learner{Ranks: true}})
	}
	return families, rest, again
}

// values are the rest, and what is worth other folds, of regression: much that
// is learned of values is learned better of their roots, and never much worse.
func (s Shape) values(plain, sharp, symmetric, large crossfit.Candidate) (rest, again []crossfit.Candidate) {
	curved := crossfit.Candidate{ID: "linear_curved_roots", Learner: root.Learner{Of: linear.Learner{Knots: 5}}}
	sharpRoots := crossfit.Candidate{ID: "boosted_trees_sharp_roots", Learner: root.Learner{Of: s.sharp()}}
	nets := crossfit.Candidate{ID: "neural_net_roots", Learner: root.Learner{Of: net.Learner{}}}
	random := crossfit.Candidate{ID: "boosted_trees_random_roots", Learner: root.Learner{Of: s.random()}}
	pairs := crossfit.Candidate{ID: "linear_pairs", Learner: linear.Learner{Pairs: 400}}
	if s.isLarge() {
		b := s.symmetric()
		b.RowFraction, b.L2, b.MinRows, b.MinHessian = 0.9, 0.5, 1, 1e-6
		b.Category = tree.Category{SetRows: 1, SetSmooth: 1}
		symmetric = crossfit.Candidate{ID: "boosted_trees_symmetric_roots", Learner: root.Learner{Of: b}}
		return []crossfit.Candidate{curved, sharp, nets, sharpRoots, symmetric, large, random, pairs},
			[]crossfit.Candidate{sharpRoots, symmetric, sharp, nets, large, random, plain}
	}
	return []crossfit.Candidate{curved, sharp, nets, sharpRoots, random, pairs, large, symmetric},
		[]crossfit.Candidate{nets, sharpRoots, random, large, sharp, symmetric, plain}
}

// nearRows bounds the tables whose rows are compared with one another: each
// prediction looks at all of them.
const nearRows = 10_000

// boost is boosted trees as this table wants them, before their setting.
func (s Shape) boost() tree.Boost {
	b := tree.Defaults()
	if s.Rows < 5_000 {
		b.MinRows = 10
	}
	if s.Rows > 100_000 {
		b.LearningRate, b.Rounds, b.Patience = 0.1, 400, 20
	}
	if s.isMany() {
		b.LearningRate, b.Rounds = 0.1, 400
	}
	if s.Classes > 0 {
		b.Category.SetChance = 1
	}
	if s.Classes > 2 && s.Columns >= 100 {
		b.Bins = 64
	}
	return b
}

func (s Shape) isLarge() bool { return s.Rows > 20_000 }

// isMany tells whether there are few rows of many classes: a tree of each is
// grown in every round, for little.
func (s Shape) isMany() bool { return s.Rows < 2_000 && s.Classes > 2 }

// isHuge tells whether one fit takes so long that few are made.
func (s Shape) isHuge() bool { return s.work() > 2_000_000 }

func (s Shape) plain() tree.Boost {
	b := s.boost()
	b.Leaves, b.RowFraction, b.ColumnFraction, b.L2 = 8, 0.8, 0.6, 3
	if s.isLarge() {
		b.LearningRate, b.Leaves = 0.1, 24
	}
	if s.Classes > 2 && s.isHuge() { // a tree of each class in every round
		b.LearningRate, b.Leaves = 0.2, 24
	}
	return b
}

func (s Shape) random() tree.Boost {
	b := s.boost()
	b.Leaves, b.RowFraction, b.NodeColumnFraction, b.L2 = 24, 0.6, 0.3, 10
	return b
}

func (s Shape) large() tree.Boost {
	b := s.boost()
	b.Leaves, b.RowFraction, b.NodeColumnFraction = 48, 0.9, 0.5
	return b
}

func (s Shape) small() tree.Boost {
	b := s.boost()
	b.Leaves, b.RowFraction, b.ColumnFraction, b.L2 = 4, 0.7, 0.5, 5
	return b
}

// canScreen tells whether it is worth the time to look for columns of noise:
// few rows cannot tell them, and the rows are predicted once for each column.
func (s Shape) canScreen() bool {
	return s.Classes > 0 && s.Rows >= 2_000 && s.Columns <= 200 && !s.isHuge()
}

// screenedNetRows bounds the tables of which nets are fitted with all columns and
// with those that help: of more rows a second fit takes too long, and gives little.
const screenedNetRows = 6_000

// screened looks at all columns that help in every node, and at no others.
func (s Shape) screened() screen.Learner {
	b := s.boost()
	b.Leaves = 31
	b.Category.TargetsOnly, b.Category.Prior = true, 50
	return screen.Learner{Of: b, Judge: s.judge()}
}

// judge says which columns help.
func (s Shape) judge() tree.Boost {
	b := s.boost()
	b.LearningRate, b.Patience, b.Leaves, b.RowFraction, b.NodeColumnFraction = 0.1, 20, 16, 0.8, 0.5
	return b
}

// sharp trusts every row: one is enough for a leaf or a side of a set.
func (s Shape) sharp() tree.Boost {
	b := s.boost()
	b.LearningRate, b.Leaves, b.NodeColumnFraction = 0.1, 16, 0.7
	b.L2, b.MinRows, b.MinHessian = 0.1, 1, 1e-6
	b.Category = tree.Category{SetRows: 1, SetSmooth: 1}
	if s.isLarge() && s.Rows <= 100_000 {
		b.LearningRate, b.Leaves, b.RowFraction, b.NodeColumnFraction = 0.05, 32, 0.9, 0.6
	}
	return b
}

func (s Shape) symmetric() tree.Boost {
	b := s.boost()
	b.Symmetric, b.Noise, b.RowFraction, b.L2 = 6, 1, 0.8, 3
	return b
}

// forestBytes is what the forests of all folds take at most, as they lie in
// memory; in a file it is half of that and less.
const forestBytes = 6 << 20

// forest is extremely randomised trees, as deep as their size allows.
func (s Shape) forest() forest.Learner {
	const trees, folds = 40, 5
	leaf := 20 // and the division above it
	if s.Classes > 2 {
		leaf += 4 * s.Classes
	}
	return forest.Learner{Extra: true, Trees: trees, MinRows: 1, Leaves: min(max(forestBytes/(trees*folds*leaf), 50), 2_000)}
}
