package choose

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portfolio"
)

// A run is like another if both answer the same kind of question with as many
// classes, neither has more than manyTimes the rows of the other, and of the
// columns that either makes features of at least mostShared are in both.
const (
	manyTimes  = 4
	mostShared = 0.8
)

// warmStart looks through the handoffs that --warm-start named for the run that
// is most like this one and did at least a standard effort: the one with the
// most shared inputs; of these the nearest in rows; of these the first named.
// nil where there is none.
func warmStart(ctx context.Context, d *durable.Desk, in handoff.Features, plan portfolio.Plan) (*handoff.Warm, error) {
	if len(plan.Later()) == 0 {
		return nil, nil
	}
	var best *handoff.Warm
	far := 0.0
	for _, id := range d.Settings.WarmStart {
		e, err := d.Ledger.Handoff(ctx, id)
		if err != nil {
			return nil, fmt.Errorf("warm start: %w", err)
		}
		if e, err = handoff.Upgrade(e, handoff.Model{}); err != nil {
			d.Warn(fmt.Sprintf("warm start: an earlier run is not looked at, this program cannot read its handoff %s: %v", id, err))
			continue
		}
		m, err := handoff.Decode[handoff.Model](e.Output)
		if err != nil {
			return nil, fmt.Errorf("warm start: handoff %s: %w", id, err)
		}
		w, distance := likeness(in, m)
		if w == nil || best != nil && cmp.Or(cmp.Compare(best.Shared, w.Shared), cmp.Compare(distance, far)) >= 0 {
			continue
		}
		w.RunID, w.Handoff, w.Order = e.Metadata.RunID, id, order(plan, m)
		best, far = w, distance
	}
	return best, nil
}

// likeness is how like a model's run is to this one, and how far apart the two
// are in rows (the size of the logarithm of their ratio); nil where it is not
// like it.
func likeness(in handoff.Features, m handoff.Model) (w *handoff.Warm, distance float64) {
	here, there := in.Dataset, m.Choice.Features.Dataset
	if here.Scope.ProblemType != there.Scope.ProblemType || len(here.Scope.Classes) != len(there.Scope.Classes) {
		return nil, 0
	}
	if old := planOf(m); m.Effort.Units < old.StandardUnits(m.Choice.Folds.Count) {
		return nil, 0
	}
	distance = math.Abs(math.Log(float64(here.Rows.Fit.Rows) / float64(there.Rows.Fit.Rows)))
	shared := jaccard(sources(in), sources(m.Choice.Features))
	if !(distance <= math.Log(manyTimes)) || shared < mostShared {
		return nil, 0
	}
	return &handoff.Warm{Shared: shared, Rows: int(there.Rows.Fit.Rows)}, distance
}

// planOf is the plan that a model's run had.
func planOf(m handoff.Model) portfolio.Plan {
	data, scope := m.Choice.Features.Dataset, m.Choice.Features.Dataset.Scope
	return portfolio.New(portfolio.Shape{
		Task: learn.Task(scope.ProblemType), Classes: len(scope.Classes), Rows: int(data.Rows.Fit.Rows), Columns: len(m.Choice.Features.Kept),
	}, scope.Constraints.Interpretable)
}

// order is the plan's later candidates by the weight that a model gives each:
// the most first, then those that its run did not try, then those that it
// tried in vain.
func order(plan portfolio.Plan, m handoff.Model) []string {
	tried := planOf(m).Later()
	weight := func(id string) float64 {
		sum := 0.0
		for _, k := range m.Members {
			if k.ID == id || strings.HasPrefix(k.ID, id+", repeat ") {
				sum += k.Weight
			}
		}
		if sum == 0 && !slices.Contains(tried, id) {
			return math.SmallestNonzeroFloat64
		}
		return sum
	}
	ids := plan.Later()
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(weight(b), weight(a)) })
	return ids
}

// sources are the columns that features are made of.
func sources(f handoff.Features) map[string]bool {
	out := map[string]bool{}
	for _, k := range f.Kept {
		for _, c := range k.SourceColumns {
			out[c] = true
		}
	}
	return out
}

// jaccard is the size of what is in both as a share of what is in either.
func jaccard(a, b map[string]bool) float64 {
	both := 0
	for k := range a {
		if b[k] {
			both++
		}
	}
	return float64(both) / float64(max(1, len(a)+len(b)-both))
}

// warmWords says in the rationale what an earlier run changes.
func warmWords(w *handoff.Warm) string {
	if w == nil {
		return " No earlier run in the workspace is on data like these and did a standard effort: the order of the work is the usual one."
	}
	return fmt.Sprintf(" Warm start from run %s (%d rows, %.0f %% of the inputs shared): after this first look the trainer tries %s, in this order; done to its end a standard effort is the same in any order.",
		w.RunID, w.Rows, 100*w.Shared, words(strings.Join(w.Order, ", ")))
}
