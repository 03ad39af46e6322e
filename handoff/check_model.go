package handoff

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"

	"github.com/septet-ml/septet/metric"
)

var (
	featureKinds = []string{"number", "category"}
	calibrations = []string{"identity", "platt", "isotonic", "beta", "temperature"}
)

// Check holds the features against themselves and their dataset.
func (f Features) Check() []Fault {
	l := &faultList{}
	l.within("/dataset", f.Dataset.Check())
	l.must((f.Points != nil) == (f.Dataset.Events != nil), "/points", "does not go with the dataset", "given where it comes from events")
	l.must(len(f.Kept) > 0, "/kept", "is empty", "a model needs a feature")
	names, ranks := map[string]bool{}, map[int]bool{}
	cat := catalog(f.Dataset.Scope.Tables)
	made := map[string]bool{}
	for _, c := range f.Dataset.Columns {
		made[c.Name] = true
	}
	for i, k := range f.Kept {
		at := under("/kept", i)
		l.must(k.Name != "" && !names[k.Name], at+"/name", "is empty or was given before", "give each feature its own name")
		names[k.Name] = true
		l.must(oneOf(k.Kind, featureKinds...), at+"/kind", "is not a kind", listed(featureKinds...))
		l.must(k.Formula != "", at+"/formula", "is empty", "say in words what it is")
		l.must(len(k.SourceColumns) > 0, at+"/source_columns", "is empty", "name what it is made of")
		for j, c := range k.SourceColumns {
			l.must(made[c] || cat.knows(c) || f.Points != nil, under(at+"/source_columns", j), "is not in the catalog", "name a column")
		}
		l.must(k.Rank >= 1 && k.Rank <= len(f.Kept) && !ranks[k.Rank], at+"/rank", "is not a rank of its own", "rank from 1 without ties")
		ranks[k.Rank] = true
		l.must(k.Shap == nil || *k.Shap >= 0, at+"/shap", "is below 0", "give the mean size")
		l.curve(at, k, f.Dataset.Scope)
	}
	for i, d := range f.Dropped {
		l.must(d.Name != "" && !names[d.Name], under("/dropped", i, "name"), "is empty or is kept", "name what is left out")
		l.must(d.Reason != "", under("/dropped", i, "reason"), "is empty", "say why")
	}
	for i, x := range f.Interactions {
		l.must(names[x.A], under("/interactions", i, "a"), "is not kept", "name a kept feature")
		l.must(names[x.B] && x.A != x.B, under("/interactions", i, "b"), "is not another kept feature", "name one")
		l.must(x.Strength >= 0 && x.Strength <= 1, under("/interactions", i, "strength"), "is not between 0 and 1", "give a share")
	}
	return l.faults
}

// curve holds a kept feature's curve against the feature.
func (l *faultList) curve(at string, k Feature, s Scope) {
	classes := s.ProblemType != "regression" && len(k.Curve) > 0
	l.must((k.Class != nil) == classes, at+"/class", "does not go with the curve", "name the class whose probability it is; null for regression")
	l.must(k.Class == nil || slices.Contains(s.Classes, *k.Class), at+"/class", "is no class", "name one of the scope's")
	l.must(len(k.Curve) == 0 || len(k.Curve) >= 2 && len(k.Curve) <= 21, at+"/curve", "has not 2 to 21 steps", "give a grid")
	last := math.Inf(-1)
	for i, step := range k.Curve {
		at := under(at+"/curve", i)
		missing := step.Value == nil && step.Level == nil && i == len(k.Curve)-1
		l.must(missing || (step.Value != nil) == (k.Kind == "number") && (step.Level != nil) == (k.Kind == "category"), at, "is not of the feature's kind", "give a value of numbers, a level of categories")
		if step.Value != nil {
			l.must(*step.Value > last, at+"/value", "does not rise", "list numbers rising")
			last = *step.Value
		}
		l.must(step.Low <= step.High, at+"/low", "is above high", "give an interval")
		l.must(step.Rows >= 0, at+"/rows", "is below 0", "count rows")
	}
}

// Check holds the leaderboard against itself.
func (c Choice) Check() []Fault {
	l := &faultList{}
	l.within("/features", c.Features.Check())
	l.must(oneOf(c.Folds.By, foldPolicies...), "/folds/by", "is not a way to cut folds", listed(foldPolicies...))
	l.must(c.Folds.Count >= 2, "/folds/count", "is below 2", "cut at least two")
	timed := c.Features.Dataset.Policy.By == "time"
	l.must(c.Folds.By != "time" || timed, "/folds/by", "is time, but the parts are not by time", "cut folds as the parts are cut")
	l.must(c.Folds.Reason == "" || timed && c.Folds.By != "time", "/folds/reason", "is given for folds that need none", "say nothing of folds that are cut as the parts are")
	l.must(oneOf(c.Folds.Reason, foldReasons...), "/folds/reason", "is no reason", listed(foldReasons...))
	l.must(c.Folds.Seed <= MaxSeed, "/folds/seed", "is above 2^53 - 1", "use a smaller seed")
	l.must(c.Units >= 0, "/units", "is negative", "count the fits")
	l.must(c.Rationale != "", "/rationale", "is empty", "say why")
	l.must(len(c.Leaderboard) > 0, "/leaderboard", "is empty", "measure at least the baselines")
	board := map[string]Candidate{}
	var last *Candidate
	for i, k := range c.Leaderboard {
		at := under("/leaderboard", i)
		_, there := board[k.ID]
		l.must(k.ID != "" && !there, at+"/id", "is empty or was given before", "give each candidate its own id")
		board[k.ID] = k
		k.check(l, at, c)
		if k.Excluded != "" || !slices.Contains(metric.Names(), metric.Name(k.Metric)) {
			continue
		}
		if last != nil && last.Metric == k.Metric {
			better := k.Mean > last.Mean == metric.HigherIsBetter(metric.Name(k.Metric)) && k.Mean != last.Mean
			l.must(!better, at+"/mean", "is better than the one before", "list the best first")
		}
		last = &k
	}
	c.checkChosen(l, board)
	c.checkWarm(l)
	return l.faults
}

var foldReasons = []string{"", "too_few_times", "purge_does_not_fit", "one_class", "entities_recur"}

var foldPolicies = []string{"stratified", "group", "time", "random"}

func (k Candidate) check(l *faultList, at string, c Choice) {
	l.must(k.Learner != "", at+"/learner", "is empty", "name the learner")
	checkMetric(l, at+"/metric", k.Metric, c.Features.Dataset.Scope.ProblemType)
	l.must(k.SE >= 0, at+"/se", "is negative", "give a standard error")
	l.must(k.Bytes >= 0, at+"/bytes", "is negative", "give a size")
	l.must(k.RowMS >= 0, at+"/row_ms", "is negative", "count the time")
	if !l.must(len(k.Scores) > 0, at+"/scores", "is empty", "give one a fold") {
		return
	}
	sum := 0.0
	for _, s := range k.Scores {
		sum += s
	}
	l.must(near(k.Mean, sum/float64(len(k.Scores))), at+"/mean", "is not the mean of the scores", "average again")
}

func (c Choice) checkChosen(l *faultList, board map[string]Candidate) {
	l.must(len(c.Baselines) > 0, "/baselines", "is empty", "always measure the simple ones")
	for i, id := range c.Baselines {
		_, there := board[id]
		l.must(there, under("/baselines", i), "is not on the leaderboard", "name a candidate")
	}
	l.must(len(c.Chosen) > 0, "/chosen", "is empty", "choose at least one")
	for i, id := range c.Chosen {
		k, there := board[id]
		l.must(there, under("/chosen", i), "is not on the leaderboard", "name a candidate")
		l.must(k.Excluded == "", under("/chosen", i), "is excluded", "choose one that stays")
		l.must(!slices.Contains(c.Chosen[:i], id), under("/chosen", i), "was chosen before", "list each once")
	}
}

func (c Choice) checkWarm(l *faultList) {
	if c.Warm == nil {
		return
	}
	l.must(c.Warm.RunID != "", "/warm/run_id", "is empty", "name the run")
	l.must(c.Warm.Handoff != "", "/warm/handoff", "is empty", "name the handoff")
	l.must(c.Warm.Shared > 0 && c.Warm.Shared <= 1, "/warm/shared", "is not above 0 and at most 1", "give a share")
	l.must(c.Warm.Rows > 0, "/warm/rows", "is not above 0", "count the rows")
	l.must(len(c.Warm.Order) > 0, "/warm/order", "is empty", "list candidates")
	for i, id := range c.Warm.Order {
		l.must(id != "" && !slices.Contains(c.Warm.Order[:i], id), under("/warm/order", i), "is empty or was given before", "list each once")
	}
}

// Check holds the model against itself and its scope.
func (m Model) Check() []Fault {
	l := &faultList{}
	l.within("/choice", m.Choice.Check())
	l.must(IsModelName(m.Name), "/name", "is no name of a model", NameRule)
	l.must(m.File.Bytes > 0, "/file/bytes", "is 0", "store the file")
	l.must(oneOf(m.Calibration, calibrations...), "/calibration", "is not a calibration", listed(calibrations...))
	l.must(m.Openings >= 1, "/openings", "is below 1", "count this one")
	l.must(m.Effort.Asked != "", "/effort/asked", "is empty", "say what was asked")
	l.must(m.Effort.Units >= 0, "/effort/units", "is negative", "count the fits")
	binary := m.Choice.Features.Dataset.Scope.ProblemType == "binary"
	l.must(m.Threshold == nil || binary, "/threshold", "is given, but the problem is not binary", "use null")
	l.must(m.Threshold == nil || *m.Threshold >= 0 && *m.Threshold <= 1, "/threshold", "is not between 0 and 1", "give a probability")
	m.checkMembers(l)
	m.checkMetrics(l)
	m.checkVerdicts(l)
	m.checkDetail(l)
	return l.faults
}

func (m Model) checkMembers(l *faultList) {
	l.must(len(m.Members) > 0, "/members", "is empty", "a model has at least one")
	sum := 0.0
	ids := map[string]bool{}
	for i, k := range m.Members {
		at := under("/members", i)
		l.must(k.ID != "" && !ids[k.ID], at+"/id", "is empty or was given before", "give each member its own id")
		ids[k.ID] = true
		l.must(k.Weight > 0 && k.Weight <= 1, at+"/weight", "is not above 0 and at most 1", "give a share")
		l.must(k.Fits >= 1, at+"/fits", "is below 1", "count the fits")
		sum += k.Weight
	}
	l.must(len(m.Members) == 0 || near(sum, 1), "/members", "have weights that do not sum to 1", "give shares of the whole")
}

// checkMetrics wants all scores that are always reported, for the test part.
func (m Model) checkMetrics(l *faultList) {
	task := m.Choice.Features.Dataset.Scope.ProblemType
	for _, part := range sortedKeys(m.Metrics) {
		at := Pointer("/metrics", part)
		l.must(oneOf(part, "validation", "test"), at, "is not a part that is reported", "use validation and test")
		for _, name := range sortedKeys(m.Metrics[part]) {
			v, where := m.Metrics[part][name], Pointer(at, name)
			checkMetric(l, where, name, task)
			l.must((v.Low == nil) == (v.High == nil), where+"/low", "and high are not both given", "give both or none")
			l.must(v.Low == nil || v.High == nil || *v.Low <= *v.High, where+"/high", "is below low", "swap them")
			l.must(v.Value != nil || v.Low == nil, where+"/low", "is given without a value", "use null")
			if v.Value != nil {
				checkScore(l, where+"/value", metric.Name(name), *v.Value)
			}
		}
	}
	for _, name := range metric.For(task) {
		_, there := m.Metrics["test"][string(name)]
		l.must(there, Pointer("/metrics/test", string(name)), "is missing", "it is always reported")
	}
	for _, name := range sortedKeys(m.Baselines) {
		for _, score := range sortedKeys(m.Baselines[name]) {
			where := Pointer("/baselines", name, score)
			checkMetric(l, where, score, task)
			if v := m.Baselines[name][score]; v != nil {
				checkScore(l, where, metric.Name(score), *v)
			}
		}
	}
}

// checkScore holds a score against the values that it can have.
func checkScore(l *faultList, at string, name metric.Name, v float64) {
	switch name {
	case metric.R2:
		l.must(v <= 1, at, "is above 1", "measure again")
	case metric.LogLoss, metric.RMSE, metric.MAE, metric.MAPE, metric.LiftAt10Pct:
		l.must(v >= 0, at, "is negative", "measure again")
	case metric.Brier:
		l.must(v >= 0 && v <= 2, at, "is not between 0 and 2", "measure again")
	default:
		l.must(v >= 0 && v <= 1, at, "is not between 0 and 1", "measure again")
	}
}

// checkVerdicts wants one for each criterion of the scope, in their order.
func (m Model) checkVerdicts(l *faultList) {
	criteria := m.Choice.Features.Dataset.Scope.Criteria
	if !l.must(len(m.Verdicts) == len(criteria), "/verdicts", fmt.Sprintf("are %d for %d criteria", len(m.Verdicts), len(criteria)), "judge each criterion once") {
		return
	}
	met := true
	for i, v := range m.Verdicts {
		at := under("/verdicts", i)
		l.must(reflect.DeepEqual(v.Criterion, criteria[i]), at+"/criterion", "is not the scope's", "judge what was asked")
		l.must(v.Evidence != "", at+"/evidence", "is empty", "say what was measured")
		met = met && v.Met
	}
	l.must(!met || m.Blessed, "/blessed", "is false, but every criterion is met", "bless it")
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func dedup(list []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(list)))
}
