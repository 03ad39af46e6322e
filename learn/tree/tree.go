// Package tree learns boosted decision trees from histograms.
//
// The files are the steps of the algorithm, in this order:
//
//	cut, category  choose the bins of every column (at most 255 and one for missing)
//	bin            write every row as one short record of bin numbers
//	loss, quantise turn scores into integer gradients and hessians
//	histogram      add them up per bin of every column
//	split          find the best split of a node from its histogram
//	partition      divide a node's rows between its children
//	grow           repeat, best leaf first, until a tree is full
//	symmetric      or level after level, with one split (level) for all its nodes
//	boost          repeat, tree after tree, until the rounds or the patience end
//	predict        walk the trees; codec writes them; shap explains them
//
// Gradients are integers, so that sums do not depend on the order in which
// threads add them: the same data, settings and seed give the same model.
//
// Sources: Friedman 2001, Greedy function approximation; Chen and Guestrin
// 2016, XGBoost; Ke et al. 2017, LightGBM; Shi et al. 2022, Quantized training
// of gradient boosting decision trees; Prokhorenkova et al. 2018, CatBoost.
package tree

import (
	"cmp"
	"fmt"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
)

// Name is the family of the learner and its models.
const Name = "boosted_trees"

// Loss is what the trees reduce.
type Loss string

const (
	Auto     Loss = ""         // log loss for classes, squared error for values
	Squared  Loss = "squared"  // regression to the mean
	Absolute Loss = "absolute" // regression to the median
	Quantile Loss = "quantile" // regression to Boost.Quantile
	logistic Loss = "log_loss" // two classes
	softmax  Loss = "softmax"  // three classes or more
)

// Boost is the learner: settings only. Its zero value learns with plain
// settings and no regularisation; Defaults is the place to start.
type Boost struct {
	Rounds       int     `json:"rounds"`        // boosting rounds at most; one tree each, or one per class. 0: 100
	LearningRate float64 `json:"learning_rate"` // factor on every leaf, above 0 and at most 1. 0: 0.1
	Patience     int     `json:"patience"`      // rounds without a better loss on valid before stopping. 0: never

	Leaves int `json:"leaves"` // leaves of a tree at most, 2 to 32,768. 0: 31
	Depth  int `json:"depth"`  // splits from root to leaf at most. 0, or more than 500: 500

	// Symmetric is how many levels, 1 to 8, a tree has at most whose nodes of
	// one level share one split; Leaves and Depth then do not count. 0: trees
	// grow leaf by leaf. Noise is how far chance decides between the columns of
	// a level while the model is small: 1 is CatBoost's random strength.
	Symmetric int     `json:"symmetric,omitempty"`
	Noise     float64 `json:"noise,omitempty"`

	MinRows    int     `json:"min_rows"`    // rows in a leaf at least; by the hessian's share where the hessian varies
	MinHessian float64 `json:"min_hessian"` // sum of hessians in a leaf at least
	MinGain    float64 `json:"min_gain"`    // fall in twice the loss that a split must bring at least
	L2         float64 `json:"l2"`          // added to a leaf's sum of hessians

	Bins int `json:"bins"` // value bins of a column at most, 2 to 255. 0: 255

	RowFraction        float64 `json:"row_fraction"`         // chance of a row to be in a tree. 0: 1
	ColumnFraction     float64 `json:"column_fraction"`      // part of the columns in a tree. 0: 1
	NodeColumnFraction float64 `json:"node_column_fraction"` // part of those to look at in a node. 0: 1

	Loss     Loss    `json:"loss"`
	Quantile float64 `json:"quantile"` // of the Quantile loss, above 0 and below 1. 0: 0.5

	// Monotone says by a column's name that the prediction may only rise (+1)
	// or only fall (-1) with it. Not for multiclass, and not for categories.
	Monotone map[string]int `json:"monotone,omitempty"`

	Category Category `json:"category"`
}

// Category is how Text columns are split.
//
// A column with at most SetLevels levels in training is split into sets of
// levels. One with more is turned into the mean target of its level (target
// statistics) and then split as a number is; its 254 most frequent levels and
// the rest as one are split into sets as well, unless TargetsOnly.
type Category struct {
	SetLevels   int     `json:"set_levels"`   // 0: 32; negative: none; at most 255
	TargetsOnly bool    `json:"targets_only"` // no sets for columns with more levels
	Prior       float64 `json:"prior"`        // weight of the mean target in a level's target statistics. 0: 10

	SetRows   int     `json:"set_rows"`   // rows that a level needs in a node to be looked at. 0: 10
	SetL2     float64 `json:"set_l2"`     // added to L2 for a split by set
	SetSmooth float64 `json:"set_smooth"` // hessian added to a level when levels are put in order. 0: 10
	SetSize   int     `json:"set_size"`   // levels at most on the side that is counted. 0: 32

	// SetChance is how much of the gain that more than seven levels bring by
	// chance alone is taken off the gain of a split by set. 1: all, which suits
	// classes; 0: nothing, which suits values.
	SetChance float64 `json:"set_chance,omitempty"`
}

// Defaults are settings that do well on business tables of some thousand to
// some million rows, with a valid part to stop on.
func Defaults() Boost {
	return Boost{
		Rounds: 1000, LearningRate: 0.05, Patience: 50,
		Leaves: 31, MinRows: 20, MinHessian: 1e-3, L2: 1,
		Category: Category{SetL2: 2},
	}
}

// Name is "boosted_trees".
func (b Boost) Name() string { return Name }

// filled has every zero that means a default replaced by it.
func (b Boost) filled() Boost {
	b.Rounds = cmp.Or(b.Rounds, 100)
	b.LearningRate = cmp.Or(b.LearningRate, 0.1)
	b.Leaves = cmp.Or(b.Leaves, 31)
	b.Depth = cmp.Or(b.Depth, maxDepth)
	if b.Depth = min(b.Depth, maxDepth); b.Symmetric > 0 {
		b.Depth = maxDepth
	}
	b.Bins = cmp.Or(b.Bins, 255)
	b.RowFraction = cmp.Or(b.RowFraction, 1)
	b.ColumnFraction = cmp.Or(b.ColumnFraction, 1)
	b.NodeColumnFraction = cmp.Or(b.NodeColumnFraction, 1)
	b.Quantile = cmp.Or(b.Quantile, 0.5)
	b.Category.SetLevels = cmp.Or(b.Category.SetLevels, 32)
	b.Category.SetRows = cmp.Or(b.Category.SetRows, 10)
	b.Category.SetSmooth = cmp.Or(b.Category.SetSmooth, 10)
	b.Category.SetSize = cmp.Or(b.Category.SetSize, 32)
	b.Category.Prior = cmp.Or(b.Category.Prior, 10)
	return b
}

// check names the first setting that is out of its range; b is filled.
func (b Boost) check() error {
	rules := []struct {
		ok           bool
		name, allows string
	}{
		{b.Rounds >= 1, "rounds", "1 or more"},
		{b.LearningRate > 0 && b.LearningRate <= 1, "learning_rate", "above 0, at most 1"},
		{b.Patience >= 0, "patience", "0 or more"},
		{b.Leaves >= 2 && b.Leaves <= maxLeaves, "leaves", "2 to 32768"},
		{b.Depth >= 0, "depth", "0 or more"},
		{b.Symmetric >= 0 && b.Symmetric <= maxSymmetric, "symmetric", "0 to 8"},
		{b.Noise >= 0 && !math.IsInf(b.Noise, 0), "noise", "0 or more"},
		{b.Noise == 0 || b.Symmetric > 0, "noise", "only symmetric trees to have it"},
		{b.MinRows >= 0, "min_rows", "0 or more"},
		{b.MinHessian >= 0 && !math.IsInf(b.MinHessian, 0), "min_hessian", "0 or more"},
		{b.MinGain >= 0 && !math.IsInf(b.MinGain, 0), "min_gain", "0 or more"},
		{b.L2 >= 0 && !math.IsInf(b.L2, 0), "l2", "0 or more"},
		{b.Bins >= 2 && b.Bins <= maxBins, "bins", "2 to 255"},
		{b.RowFraction > 0 && b.RowFraction <= 1, "row_fraction", "above 0, at most 1"},
		{b.ColumnFraction > 0 && b.ColumnFraction <= 1, "column_fraction", "above 0, at most 1"},
		{b.NodeColumnFraction > 0 && b.NodeColumnFraction <= 1, "node_column_fraction", "above 0, at most 1"},
		{b.Quantile > 0 && b.Quantile < 1, "quantile", "above 0, below 1"},
		{b.Category.SetLevels <= maxBins, "category.set_levels", "at most 255"},
		{b.Category.SetRows >= 1, "category.set_rows", "1 or more"},
		{b.Category.SetL2 >= 0 && !math.IsInf(b.Category.SetL2, 0), "category.set_l2", "0 or more"},
		{b.Category.SetSmooth >= 0 && !math.IsInf(b.Category.SetSmooth, 0), "category.set_smooth", "0 or more"},
		{b.Category.SetSize >= 1, "category.set_size", "1 or more"},
		{b.Category.SetChance >= 0 && !math.IsInf(b.Category.SetChance, 0), "category.set_chance", "0 or more"},
		{b.Category.Prior > 0 && !math.IsInf(b.Category.Prior, 0), "category.prior", "above 0"},
	}
	for _, r := range rules {
		if !r.ok {
			return setting(r.name, "the setting allows "+r.allows)
		}
	}
	return nil
}

func setting(name, why string) error {
	return &problem.Problem{
		Kind: problem.Usage, Code: "learn.setting", Where: Name + "." + name,
		What: fmt.Sprintf("setting %s is out of its range", name), Why: why,
		Fix: "change " + name,
	}
}

// lossFor is the loss that b means for a task.
func (b Boost) lossFor(task learn.Task) (Loss, error) {
	switch task {
	case learn.Binary, learn.Multiclass:
		if b.Loss != Auto {
			return "", setting("loss", "classes are learned with log loss; leave loss empty")
		}
		if task == learn.Binary {
			return logistic, nil
		}
		return softmax, nil
	case learn.Regression:
		switch b.Loss {
		case Auto:
			return Squared, nil
		case Squared, Absolute, Quantile:
			return b.Loss, nil
		}
		return "", setting("loss", "regression knows squared, absolute and quantile")
	}
	return "", fmt.Errorf("fit %s: unknown task %q", Name, task)
}
