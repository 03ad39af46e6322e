package train_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/agent/analyze"
	"github.com/septet-ml/septet/agent/choose"
	"github.com/septet-ml/septet/agent/prepare"
	"github.com/septet-ml/septet/agent/scope"
	"github.com/septet-ml/septet/agent/train"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/modelfile"
)

// The members of a model keep to a limit together, not only one by one; what
// was left out for it is said.
func TestLimitsHoldForAllMembersTogether(t *testing.T) {
	path := visits(t)
	s := handoff.Settings{Effort: "36", Waivers: []handoff.Waiver{{Code: "criteria.unmet", Reason: "a test of limits", By: "a test"}}}
	free, o := trainedOn(t, path, "predict buys", s)
	row := counted(t, free, o)
	if len(free.Members) < 2 || strings.Contains(strings.Join(free.Notes, " "), "limit") {
		t.Fatalf("without a limit there are the members %v and the notes %q", free.Members, free.Notes)
	}
	for _, request := range []string{
		fmt.Sprintf("predict buys with a latency under %.3f ms", 0.9*row.Seconds()*1000),
		fmt.Sprintf("predict buys with a model under %d kb", free.File.Bytes*97/100_000),
	} {
		t.Run(request, func(t *testing.T) {
			m, o := trainedOn(t, path, request, s)
			limits := m.Choice.Features.Dataset.Scope.Constraints
			if limits.LatencyMS == 0 && limits.ModelBytes == 0 {
				t.Fatal("the limit is not understood")
			}
			if got := counted(t, m, o); limits.LatencyMS > 0 && got.Seconds()*1000 > limits.LatencyMS {
				t.Errorf("a row counts as %v", got)
			}
			if limits.ModelBytes > 0 && m.File.Bytes > limits.ModelBytes {
				t.Errorf("the file has %d bytes", m.File.Bytes)
			}
			notes := strings.Join(m.Notes, "\n")
			if cmp.Equal(m.Members, free.Members) || !strings.Contains(notes, "left out to keep to it") {
				t.Errorf("there are the members %v and the notes %q", m.Members, notes)
			}
		})
	}
}

// counted is the counted time of a row of a model's file.
func counted(t *testing.T, m handoff.Model, o durable.Options) time.Duration {
	t.Helper()
	file, err := modelfile.Open(o.Artifacts.Path(m.File))
	if err != nil {
		t.Fatal(err)
	}
	total := portfolio.Handling(len(file.Transform.Inputs))
	for _, k := range file.Ensemble.Members {
		total += portfolio.Price(k.Models)
	}
	return total
}

// An earlier run on like data changes the order of the work, says so, and
// leaves what a standard effort makes as it is, to the bit.
func TestWarmStart(t *testing.T) {
	cold, o := trainedOn(t, visits(t), "predict buys", handoff.Settings{Effort: "standard"})
	runs, err := o.Ledger.ListRuns(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var id string
	for _, a := range runs[0].Agents {
		if a.Agent == handoff.ModelTrainer {
			id = a.Handoff
		}
	}
	after := func(effort string, ids []string) handoff.Model {
		t.Helper()
		o := o
		o.Brief.Settings.Effort, o.Brief.Settings.WarmStart = effort, ids
		return trainedAgain(t, o)
	}
	warm := after("standard", []string{id})
	w := warm.Choice.Warm
	if w == nil || w.RunID != runs[0].ID || w.Handoff != id || w.Shared != 1 {
		t.Fatalf("the earlier run is not used: %+v", w)
	}
	if !strings.Contains(warm.Choice.Rationale, runs[0].ID) {
		t.Errorf("the rationale does not name the run: %s", warm.Choice.Rationale)
	}
	weight := map[string]float64{}
	for _, k := range cold.Members {
		weight[k.ID] = k.Weight
	}
	for i, id := range w.Order[1:] {
		if weight[id] > weight[w.Order[i]] {
			t.Errorf("%s, of weight %.3f, is tried after %s, of weight %.3f", id, weight[id], w.Order[i], weight[w.Order[i]])
		}
	}
	for name, parts := range map[string][2]any{
		"members": {cold.Members, warm.Members}, "metrics": {cold.Metrics, warm.Metrics}, "threshold": {cold.Threshold, warm.Threshold},
	} {
		if d := cmp.Diff(parts[0], parts[1]); d != "" {
			t.Errorf("%s of a whole standard effort depend on the order:\n%s", name, d)
		}
	}
	least := cold.Choice.Folds.Count * (cold.Effort.Units/cold.Choice.Folds.Count - len(w.Order) + 1)
	if first := after(strconv.Itoa(least), []string{id}); first.Effort.Units != least || !has(first.Members, w.Order[0]) && weight[w.Order[0]] > 0.2 {
		t.Errorf("with %d units there are %v, but not %s", least, first.Members, w.Order[0])
	}
	if lost := after("standard", []string{}); lost.Choice.Warm != nil || !strings.Contains(lost.Choice.Rationale, "No earlier run") {
		t.Errorf("without an earlier run: %+v, %s", lost.Choice.Warm, lost.Choice.Rationale)
	}
}

func has(members []handoff.Member, id string) bool {
	for _, k := range members {
		if k.ID == id {
			return true
		}
	}
	return false
}

// trainedAgain is one run more in the workspace of o.
func trainedAgain(t *testing.T, o durable.Options) handoff.Model {
	t.Helper()
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	a := durable.Do(ctx, r, scope.Step(), r.Brief())
	b := durable.Do(ctx, r, prepare.Step(), a)
	c := durable.Do(ctx, r, analyze.Step(tree.Boost{Rounds: 20, LearningRate: 0.1, Leaves: 8, MinRows: 20, Patience: 5}), b)
	m := durable.Do(ctx, r, train.Step(), durable.Do(ctx, r, choose.Step(), c))
	if record, err := r.End(ctx); err != nil || record.Status != ledger.Partial {
		t.Fatalf("%v: %s, %v", err, record.Status, record.Problem)
	}
	return m
}
