package train

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/crossfit"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/metric"
)

// team is the bags that share the weight, what they cost together, and what
// they must keep to.
type team struct {
	bags    []*crossfit.Bag
	weights []float64 // one per bag, above 0, sum 1
	cost    fitting.Cost
	limits  fitting.Limits
	left    []string // ids of those that would have had a weight, but for a limit
}

// weigh gives the bags their weights by their out-of-fold predictions, where
// folds are by time by those of the newest rows. Where those with a weight break
// a limit together, the one with the least weight for what it takes of the limit
// is left out, and the rest is weighed again.
func weigh(bench *fitting.Bench, bags []*crossfit.Bag, target metric.Sample, in handoff.Choice) (*team, error) {
	t := &team{}
	var err error
	if t.limits, err = bench.Limits(in.Features.Dataset.Scope); err != nil {
		return nil, err
	}
	candidates, costs, err := t.eligible(bags, in)
	if err != nil {
		return nil, err
	}
	for {
		if len(candidates) == 0 {
			return nil, errors.New("no candidate is left to train")
		}
		predictions := make([][]float64, len(candidates))
		for i, bag := range candidates {
			predictions[i] = bag.OOF
		}
		deciding, predictions, err := bench.Newest(target, predictions)
		if err != nil {
			return nil, err
		}
		weights := ensemble.Select(deciding, predictions)
		t.bags, t.weights, t.cost = nil, nil, fitting.Cost{}
		poorest := -1
		for i, w := range weights {
			if w == 0 {
				continue
			}
			t.bags, t.weights, t.cost = append(t.bags, candidates[i]), append(t.weights, w), t.cost.Add(costs[i])
			if poorest < 0 || w*t.limits.Used(costs[poorest]) < weights[poorest]*t.limits.Used(costs[i]) {
				poorest = i
			}
		}
		if t.limits.Broken(t.cost) == "" {
			return t, nil
		}
		t.left = append(t.left, memberName(candidates[poorest].Job))
		candidates, costs = slices.Delete(candidates, poorest, poorest+1), slices.Delete(costs, poorest, poorest+1)
	}
}

// eligible are the bags that no constraint leaves out, and what each costs.
// Simple ones are among them: whether they are worth a weight, the out-of-fold
// predictions say.
func (t *team) eligible(bags []*crossfit.Bag, in handoff.Choice) (out []*crossfit.Bag, costs []fitting.Cost, err error) {
	for _, bag := range bags {
		excluded := func(c handoff.Candidate) bool { return c.ID == bag.Candidate.ID && c.Excluded != "" }
		if slices.ContainsFunc(in.Leaderboard, excluded) {
			continue
		}
		cost, err := t.limits.Cost(bag.Models)
		if err != nil {
			return nil, nil, err
		}
		if t.limits.Broken(cost) == "" {
			out, costs = append(out, bag), append(costs, cost)
		}
	}
	return out, costs, nil
}

// memberName is a job's name among the members.
func memberName(j crossfit.Job) string {
	if j.Repeat == 0 {
		return j.Candidate.ID
	}
	return fmt.Sprintf("%s, repeat %d", j.Candidate.ID, j.Repeat+1)
}

// breaks tells whether bags of the same jobs, fitted again, break a limit.
func (t *team) breaks(bags []*crossfit.Bag) (bool, error) {
	total := fitting.Cost{}
	for _, bag := range bags {
		cost, err := t.limits.Cost(bag.Models)
		if err != nil {
			return false, err
		}
		total = total.Add(cost)
	}
	return t.limits.Broken(total) != "", nil
}

// notes are what the limits did; none where the scope has no limit.
func (t *team) notes() []string {
	used := t.limits.Used(t.cost)
	if used == 0 {
		return nil
	}
	note := fmt.Sprintf("a row counts as %.3g ms; %.0f %% of the tighter limit of size and latency is used", t.limits.RowMS(t.cost), 100*used)
	if len(t.left) > 0 {
		note += "; left out to keep to it: " + strings.Join(t.left, "; ")
	}
	return []string{note}
}
