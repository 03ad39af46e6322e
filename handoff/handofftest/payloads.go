package handofftest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/table"
)

// Scope draws a scope over one or two tables.
func (d *Draw) Scope() handoff.Scope {
	s := handoff.Scope{
		Request: "predict " + d.Name(5), Title: "what " + d.Name(4) + " does", Slug: "model-" + d.Name(4),
		ProblemType: []string{"binary", "multiclass", "regression"}[d.IntN(3)], MinimumSamples: 1 + d.IntN(500),
		Unit: "known_entities", Main: "t1", Entity: []string{}, Filters: []handoff.Filter{}, Exclude: []handoff.Exclusion{},
		Assumptions: []handoff.Assumption{{Text: "rows are independent", Confidence: d.Float64(), Because: "nothing says otherwise"}},
		Clauses:     []handoff.Clause{{Field: "/metric", Words: "", From: "default"}},
		SplitBy:     "stratified",
	}
	for i := range 1 + d.IntN(2) {
		s.Tables = append(s.Tables, d.table(fmt.Sprintf("t%d", i+1)))
	}
	s.Metric = string(metric.Primary(s.ProblemType))
	s.Criteria = []handoff.Criterion{{Metric: s.Metric, Op: "better_than_chance"}, {Metric: s.Metric, Op: ">=", Value: ptr(d.Float64())}}
	d.answer(&s)
	if d.maybe() {
		s.Entity = []string{"c1", "t1.c2"}
	}
	if d.maybe() {
		s.Time, s.AsOf, s.SplitBy = ptr("when"), ptr("2025-06-30"), "time"
	}
	if d.maybe() {
		s.Filters = []handoff.Filter{{Table: "t1", Column: "c2", Op: "=", Value: "x"}}
		s.Exclude = []handoff.Exclusion{{Table: "t1", Column: "c3", Reason: "identifier"}}
		s.Constraints = handoff.Constraints{LatencyMS: 5, ModelBytes: 1 << 20, FairnessGroups: []string{"c2"}}
	}
	return s
}

// answer is the target or the label, and its classes.
func (d *Draw) answer(s *handoff.Scope) {
	switch s.ProblemType {
	case "binary":
		s.Classes = []string{"no", "yes"}
	case "multiclass":
		s.Classes = []string{"a", "b", "c"}
	default:
		s.Classes = []string{}
	}
	if s.ProblemType == "binary" && d.maybe() {
		s.Label = &handoff.Label{
			Rule: "falls_below", EventTable: "t1", EventTime: "when", Condition: "fewer than 30 %", Threshold: 0.3,
			MinimumBefore: 3, ObservationDays: 90, GapDays: 14, LabelDays: 90, Snapshots: []string{"2025-01-01", "2025-02-01"},
		}
		s.HorizonDays = ptr(90)
		return
	}
	s.Target = &handoff.Target{Table: "t1", Column: "y"}
	if s.ProblemType == "binary" {
		s.Target.Positive = ptr("yes")
	}
}

func (d *Draw) table(name string) table.TableInfo {
	rows := 100 + d.IntN(1e6)
	t := table.TableInfo{
		Name: name, File: name + ".csv", SHA256: d.Digest(), Bytes: d.Int64N(1e9), Rows: rows,
		Format: table.Format{Kind: "csv", Delimiter: ",", Encoding: "utf-8"},
	}
	for i := range 3 {
		t.Columns = append(t.Columns, table.ColumnInfo{
			Name: fmt.Sprintf("c%d", i+1), Missing: d.IntN(50), Numbers: rows - 50, Distinct: d.IntN(rows), MaxLength: 9,
			Min: ptr(-d.Float64()), Max: ptr(d.Float64()), CellRule: table.CellRule{Kind: table.Number},
		})
	}
	t.Columns = append(t.Columns,
		table.ColumnInfo{
			Name: "when", CellRule: table.CellRule{Kind: table.Time, Layouts: []string{time.DateOnly}}, Distinct: 9,
			Earliest: time.Unix(1.6e9, 0).UTC(), Latest: time.Unix(1.7e9, 0).UTC(), Order: "ascending",
		},
		table.ColumnInfo{
			Name: "y", CellRule: table.CellRule{Kind: table.Text}, Distinct: 2,
			Levels: []table.Level{{Value: "no", Count: 60}, {Value: "/home/of/yes", Count: 30}},
		})
	return t
}

// Dataset draws a dataset of four parts, or of three.
func (d *Draw) Dataset(s handoff.Scope) handoff.Dataset {
	data := handoff.Dataset{
		Scope: s, Target: "y", Splits: map[string]handoff.Split{}, Profile: d.Ref("profile", 0), Keys: d.Ref("keys", 0),
		Repairs: []handoff.Repair{{Column: "c1", What: "sentinel -1 read as missing", Rows: d.IntN(9)}},
		Columns: []handoff.PreparedColumn{
			{Name: "c1", Table: "t1", Kind: "number", Role: "feature"},
			{Name: "c2", Table: "t1", Kind: "text", Role: "entity"},
			{Name: "when", Table: "t1", Kind: "time", Role: "time"},
		},
		Policy: handoff.SplitPolicy{By: s.SplitBy, Shares: map[string]float64{"train": 0.6, "validation": 0.2, "test": 0.15, "holdout": 0.05}, Group: []string{}},
	}
	parts := []string{"train", "validation", "test", "holdout"}[:3+d.IntN(2)]
	for _, part := range parts {
		split := handoff.Split{Rows: 10 + d.IntN(1e5)}
		if s.ProblemType == "binary" {
			split.Positives = ptr(d.IntN(split.Rows))
		}
		if s.Time != nil {
			split.From, split.To = ptr("2024-01-01T00:00:00Z"), ptr("2024-05-01T00:00:00Z")
		}
		data.Splits[part] = split
	}
	for i, a := range parts {
		for _, b := range parts[i+1:] {
			data.Policy.Audit = append(data.Policy.Audit, handoff.SplitPair{A: a, B: b})
		}
	}
	data.Rows.Fit = d.Ref("fit_rows", data.Splits["train"].Rows+data.Splits["validation"].Rows)
	data.Rows.Test = d.Ref("test_rows", data.Splits["test"].Rows)
	if h, there := data.Splits["holdout"]; there {
		data.Rows.Holdout = ptr(d.Ref("holdout_rows", h.Rows))
	}
	if s.Label != nil {
		data.Events = &handoff.Events{Recipe: d.Ref("recipe", 0), Spine: d.Ref("spine", 100)}
	}
	data.Quality = d.quality()
	return data
}

func (d *Draw) quality() handoff.Quality {
	q := handoff.Quality{}
	weights := map[string]float64{"completeness": 0.25, "validity": 0.25, "consistency": 0.20, "uniqueness": 0.15, "timeliness": 0.15}
	for _, name := range []string{"completeness", "validity", "consistency", "uniqueness", "timeliness"} {
		dim := handoff.Dimension{Name: name, Weight: weights[name], Score: d.Float64()}
		q.Dimensions = append(q.Dimensions, dim)
		q.Score += float64(dim.Weight * dim.Score)
	}
	q.Expectations = []handoff.Expectation{{Name: "cells are filled", Dimension: "completeness", Table: "t1", Score: d.Float64(), Evidence: "12 of 5,000 are not"}}
	return q
}

// Features draws one to six kept features.
func (d *Draw) Features(in handoff.Dataset) handoff.Features {
	f := handoff.Features{Dataset: in, Transform: d.Ref("transform", 0), Dropped: []handoff.Dropped{{Name: "c9", Reason: "constant"}}}
	if in.Events != nil {
		f.Points = &handoff.Points{Recipe: d.Ref("recipe", 0), Rows: d.Ref("points", 100), Latest: d.Ref("latest", 10)}
	}
	n := 1 + d.IntN(6)
	for i, rank := range d.Perm(n) {
		f.Kept = append(f.Kept, handoff.Feature{
			Name: fmt.Sprintf("f%d", i+1), Kind: []string{"number", "category"}[d.IntN(2)], Formula: "c1 as it is",
			SourceColumns: []string{"c1", "t1.when"}, Importance: ptr(d.NormFloat64()), Rank: rank + 1, Shap: ptr(d.Float64()),
		})
		if i == 0 || d.maybe() {
			d.curve(&f.Kept[i], in.Scope)
		}
	}
	if n > 1 {
		f.Interactions = []handoff.Interaction{{A: "f1", B: "f2", Strength: d.Float64()}}
	}
	return f
}

// curve draws a kept feature's curve.
func (d *Draw) curve(k *handoff.Feature, s handoff.Scope) {
	if len(s.Classes) > 0 {
		k.Class = ptr(s.Classes[1])
	}
	for i := range 2 + d.IntN(3) {
		step := handoff.Step{Mean: d.Float64(), Low: -d.Float64(), High: 1 + d.Float64(), Rows: d.IntN(100)}
		if k.Kind == "number" {
			step.Value = ptr(float64(i))
		} else {
			step.Level = ptr(fmt.Sprintf("level %d", i))
		}
		k.Curve = append(k.Curve, step)
	}
	if d.maybe() {
		k.Curve = append(k.Curve, handoff.Step{Rows: 3})
	}
}

// Choice draws a leaderboard of a dummy, a linear model and some trees.
func (d *Draw) Choice(in handoff.Features) handoff.Choice {
	c := handoff.Choice{
		Features: in, Folds: handoff.Folds{By: "stratified", Count: 3 + d.IntN(3), Seed: d.Uint64N(handoff.MaxSeed)},
		Baselines: []string{"dummy", "linear"}, Rationale: "trees are ahead by two standard errors", Units: d.IntN(99),
	}
	switch timed := in.Dataset.Policy.By == "time"; {
	case timed && d.maybe():
		c.Folds.By = "time"
	case timed:
		c.Folds.Reason = "too_few_times"
	}
	name := c.Features.Dataset.Scope.Metric
	for _, id := range []string{"trees-1", "trees-2", "linear", "dummy"} {
		k := handoff.Candidate{ID: id, Learner: id, Metric: name, SE: d.Float64(), Bytes: d.Int64N(1e6), RowMS: d.Float64(), Settings: map[string]any{"leaves": 31.0}}
		sum := 0.0
		for range c.Folds.Count {
			k.Scores = append(k.Scores, d.Float64())
			sum += k.Scores[len(k.Scores)-1]
		}
		k.Mean = sum / float64(c.Folds.Count)
		c.Leaderboard = append(c.Leaderboard, k)
	}
	slices.SortFunc(c.Leaderboard, func(a, b handoff.Candidate) int {
		if (a.Mean > b.Mean) == metric.HigherIsBetter(metric.Name(name)) {
			return -1
		}
		return 1
	})
	if d.maybe() {
		c.Leaderboard[2].Excluded = "too large"
	}
	for _, k := range c.Leaderboard {
		if k.Excluded == "" {
			c.Chosen = append(c.Chosen, k.ID)
		}
	}
	if d.maybe() {
		c.Warm = &handoff.Warm{RunID: "r-" + d.Name(12), Handoff: d.Digest(), Shared: 1 - 0.9*d.Float64(), Rows: 1 + d.IntN(1e6), Order: []string{"neural_net", "trees-2"}}
	}
	return c
}

// Model draws an ensemble of two.
func (d *Draw) Model(in handoff.Choice) handoff.Model {
	m := handoff.Model{
		Choice: in, File: d.Ref("model", 0), Card: d.Ref("card", 0), Name: "churn-" + d.Name(3), Calibration: "platt",
		Effort: handoff.Effort{Asked: "standard", Units: 1 + d.IntN(200)}, Openings: 1 + d.IntN(3), Notes: []string{},
		Metrics: map[string]map[string]handoff.Measure{"validation": {}, "test": {}}, Baselines: map[string]map[string]*float64{"dummy": {}},
	}
	w := 0.1 + 0.8*d.Float64()
	m.Members = []handoff.Member{{ID: "trees-1", Weight: w, Fits: 5}, {ID: "linear", Weight: 1 - w, Fits: 5}}
	scope := m.Choice.Features.Dataset.Scope
	for _, name := range metric.For(scope.ProblemType) {
		v := d.Float64()
		for _, part := range []string{"validation", "test"} {
			m.Metrics[part][string(name)] = handoff.Measure{Value: ptr(v), Low: ptr(v - 0.1), High: ptr(v + 0.1)}
		}
		m.Baselines["dummy"][string(name)] = ptr(d.Float64())
	}
	if scope.ProblemType == "binary" {
		m.Threshold = ptr(d.Float64())
	}
	m.Blessed = true
	d.detail(&m, scope.ProblemType)
	for _, c := range scope.Criteria {
		m.Verdicts = append(m.Verdicts, handoff.Verdict{Criterion: c, Met: d.maybe(), Evidence: "0.84, the bar is 0.80"})
	}
	m, _, err := handoff.Encode(m) // as its reader sees it
	if err != nil {
		panic(err)
	}
	return m
}

// detail draws what is known of a model beside its scores.
func (d *Draw) detail(m *handoff.Model, task string) {
	share := func() handoff.Measure {
		v := 0.1 + 0.8*d.Float64()
		return handoff.Measure{Value: ptr(v), Low: ptr(v - 0.05), High: ptr(v + 0.05)}
	}
	points := []handoff.Point{{X: 0, Y: 0, Rows: 0}, {X: 0.4, Y: 0.7, Low: ptr(0.6), High: ptr(0.8), Rows: 40}, {X: 1, Y: 1, Rows: 100}}
	name := string(metric.Primary(task))
	group := handoff.Group{Rows: 20 + d.IntN(50), Scores: map[string]handoff.Measure{name: share()}, Predicted: ptr(d.Float64()), Observed: share(), Held: share()}
	m.Sets = &handoff.Sets{Kind: "least", Coverage: 0.9, Held: share(), Low: 0.87, High: 0.93, Size: 1 + d.Float64()}
	m.Curves.Reliability = points
	switch task {
	case "regression":
		m.Sets.Kind = "absolute"
	case "binary":
		m.Decision = &handoff.Decision{Rule: "cost", CostFP: ptr(1.0), CostFN: ptr(5.0), Capacity: ptr(0.2), Called: share(), Cost: share(), CostNone: ptr(1.0), CostAll: ptr(0.9)}
		m.Curves.ROC, m.Curves.PrecisionRecall, m.Curves.Gain = points, points, points
		group.Called, group.FalsePositives, group.FalseNegatives = share(), share(), share()
	}
	if task != "regression" {
		m.Curves.Confusion = &handoff.Confusion{Classes: []string{"a", "b"}, Counts: [][]int{{d.IntN(90), 3}, {4, d.IntN(90)}}}
	}
	other := group
	group.Group, other.Group = "north", "south"
	m.Groups = []handoff.Breakdown{{
		Column: "region", Groups: []handoff.Group{group, other},
		Differences: []handoff.Difference{{Group: "north", What: "loss", Value: 0.3, Others: 0.2, P: 0.01}},
	}}
	m.Segments = []handoff.Breakdown{{Column: "c1", Groups: []handoff.Group{other}}}
	m.Learning = &handoff.Learning{
		Candidate: "trees-1", Metric: name, Points: []handoff.LearnPoint{{Rows: 100, Mean: 0.7, SE: 0.02}, {Rows: 400, Mean: 0.8, SE: 0.01}},
		Units: 15, Gain: ptr(0.01), GainSE: ptr(0.002), Words: "twice the rows would be worth about 0.01",
	}
}

// Deployment draws a model that serves.
func (d *Draw) Deployment(m handoff.Model) handoff.Deployment {
	rows := 1 + d.IntN(200)
	fast := d.Float64()
	out := handoff.Deployment{
		Model: m, ID: "d-" + d.Name(8), Status: "serving", Strategy: "blue-green", Name: m.Name, Version: 1 + d.IntN(9),
		Digest: "sha256:" + m.File.SHA256, Addr: "127.0.0.1:7310", URL: "http://127.0.0.1:7310/v1/models/" + m.Name, Slot: "green",
		Evidence: handoff.Evidence{
			GoldenRows: rows, GoldenEqual: rows, Requests: 200, Errors: d.IntN(3), P50MS: fast, P99MS: fast + d.Float64(),
			MemoryBytes: 1 << 20, BakeSeconds: 5 * d.Float64(), Probe: "q-" + d.Name(8),
		},
	}
	if d.maybe() {
		out.Previous = ptr("sha256:" + d.Digest())
	}
	return out
}

// Watch draws an observation that is connected.
func (d *Draw) Watch(in handoff.Deployment) handoff.Watch {
	return handoff.Watch{
		Deployment: in, Connected: true, Spans: 1 + d.IntN(99), Metrics: 1 + d.IntN(99), Predictions: 1 + d.IntN(999),
		Baseline: d.Ref("baseline", 0), Exports: []string{"local"},
		Drift: []handoff.DriftCheck{{Feature: "f1", Statistic: "psi", Value: math.Abs(d.NormFloat64()), Rows: d.IntN(500)}},
	}
}
