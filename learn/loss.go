package learn

import "github.com/septet-ml/septet/learn/portable"

// Loss is what a row with target y costs that was predicted as p: the squared
// error, or the log loss, finite because a probability counts as 1e-15 at least.
// p is the value, the probability of class 1 of two, or that of class y of more.
func Loss(task Task, p, y float64) float64 {
	switch {
	case task == Regression:
		return float64((y - p) * (y - p))
	case task == Binary && y == 0:
		p = 1 - p
	}
	return -portable.Log(min(max(p, 1e-15), 1))
}
