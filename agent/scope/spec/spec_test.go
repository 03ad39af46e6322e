package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/septet-ml/septet/agent/scope/spec"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

func some[T any](x T) *T { return &x }

func flat() handoff.Scope {
	return handoff.Scope{
		Request: "Which customers will churn?", ProblemType: "binary", Target: &handoff.Target{Table: "telco", Column: "Churn", Positive: some("Yes")},
		Entity: []string{"customerID"}, AsOf: some("2024-06-30"), HorizonDays: some(30),
		Filters:     []handoff.Filter{{Table: "telco", Column: "InternetService", Op: "=", Value: "Fiber optic"}},
		Exclude:     []handoff.Exclusion{{Table: "telco", Column: "customerID", Reason: "key: it names the entity"}},
		Metric:      "auc",
		Criteria:    []handoff.Criterion{{Metric: "auc", Op: "better_than_chance"}, {Metric: "auc", Op: ">=", Value: some(0.8)}},
		Constraints: handoff.Constraints{LatencyMS: 20, FairnessGroups: []string{"gender"}}, MinimumSamples: 500, SplitBy: "stratified", Unit: "known_entities",
		Assumptions: []handoff.Assumption{{Text: "Yes is the class of interest", Confidence: 0.95, Because: "it means yes"}},
		Clauses:     []handoff.Clause{{Field: "/target", Words: "churn", From: "request"}, {Field: "/metric", Words: "usual for binary", From: "default"}},
	}
}

func events() handoff.Scope {
	s := flat()
	s.Target, s.Time = nil, some("rx_date")
	s.Label = &handoff.Label{
		Rule: "falls_below", EventTable: "prescriptions", EventTime: "rx_date", Condition: "events fall", Threshold: 0.3, MinimumBefore: 3,
		ObservationDays: 90, GapDays: 14, LabelDays: 90, Snapshots: []string{"2024-01-01", "2024-04-14"},
	}
	return s
}

// same is a scope as a specification keeps it.
func same(s handoff.Scope) handoff.Scope {
	if s.Target != nil {
		s.Target = &handoff.Target{Column: s.Target.Table + "." + s.Target.Column, Positive: s.Target.Positive}
	}
	if s.Label != nil {
		l := *s.Label
		l.Condition = ""
		s.Label = &l
	}
	s.Filters, s.Exclude = append([]handoff.Filter{}, s.Filters...), append([]handoff.Exclusion{}, s.Exclude...)
	for i := range s.Filters {
		s.Filters[i].Column, s.Filters[i].Table = s.Filters[i].Table+"."+s.Filters[i].Column, ""
	}
	for i := range s.Exclude {
		s.Exclude[i].Column, s.Exclude[i].Table = s.Exclude[i].Table+"."+s.Exclude[i].Column, ""
	}
	s.Assumptions, s.Clauses = nil, nil
	return s
}

func TestRoundTrip(t *testing.T) {
	odd := flat()
	odd.Request = "a: b # c \"d\" 'e'\n- f\té\u0000😀"
	odd.Target.Column, odd.Target.Positive = "1.5", some("no")
	odd.Entity = []string{"", "~", "null", "2024-01-01", "a, b", "0x1F", "- x", "<=50K"}
	odd.Exclude = nil
	for _, s := range []handoff.Scope{flat(), events(), odd} {
		data, err := spec.Write(s)
		if err != nil {
			t.Fatal(err)
		}
		got, err := spec.Read("spec.yaml", data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		got.Clauses = nil
		if diff := cmp.Diff(same(s), *got); diff != "" {
			t.Errorf("-want +got\n%s\n%s", diff, data)
		}
	}
}

func ExampleWrite() {
	s := flat()
	s.Exclude, s.Filters = nil, nil
	data, _ := spec.Write(s)
	fmt.Print(string(data))
	// Output:
	// # A specification: edit it, then
	// #   septet run FILE --data PATH
	//
	// # Assumed, with confidence:
	// #   0.95 Yes is the class of interest (it means yes)
	//
	// request: Which customers will churn?
	// problem_type: binary
	// target: telco.Churn # request: “churn”
	// positive: "Yes"
	// entity: [customerID]
	// time: null
	// as_of: "2024-06-30"
	// horizon_days: 30
	// filters: []
	// exclude: []
	// metric: auc # usual for binary
	// criteria:
	// - {metric: auc, op: better_than_chance}
	// - {metric: auc, op: ">=", value: 0.8}
	// constraints: {latency_ms: 20, model_bytes: 0, interpretable: false, fairness_groups: [gender]}
	// minimum_samples: 500
	// split_by: stratified
	// unit: known_entities
}

func TestReadFaults(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", "spec.syntax: s.yaml: the specification is empty"},
		{"just words", "spec.syntax: s.yaml:1:1: the specification is no list"},
		{"target: [", "spec.syntax: s.yaml:"},
		{"target: churn\ntargt: x", `spec.unknown_key: s.yaml:2:1: there is no key "targt" here, nearest target`},
		{"target: churn\n  nested: x", "spec.syntax: s.yaml:2:"},
		{"a: &x 1\ntarget: *x", "spec.unknown_key: s.yaml:1:1"},
		{"request: &x hello\ntarget: *x", "s.yaml:2:9: aliases are not read"},
		{"target: a\ntarget: b", "target"},
		{"problem_type: forecast", "s.yaml:1:15: the value is none of binary, multiclass, regression"},
		{"minimum_samples: many", "s.yaml:1:18: the value is no whole number from 1"},
		{"minimum_samples: 0", "from 1"},
		{"metric: auk", "metric.unknown: s.yaml:1:9"},
		{"criteria:\n  - {metric: auc, op: '>='}", "s.yaml:2:5: the value does not go with >="},
		{"criteria:\n  - {metric: auc}", "op is missing here"},
		{"criteria: auc", "this is no list"},
		{"filters: [{column: a, op: like, value: b}]", "the value is none of =, !="},
		{"as_of: 30/06/2024", "the value is no date"},
		{"constraints: {latency_ms: -1}", "negative"},
		{"constraints: {interpretable: perhaps}", "neither true nor false"},
		{"constraints: {latency_ms: .inf}", "no number"},
		{"target: a\nlabel: {rule: falls_below, event_table: x, label_days: 3, observation_days: 3}", "both given"},
		{"filters: [{column: a, op: '='}]", "value is missing here"},
		{"exclude: [{reason: b}]", "column is missing here"},
		{"label: {rule: total, event_table: x}", "label_days is missing here"},
		{"label: {rule: total, event_table: x, label_days: 3, snapshots: [2024-02-01, 2024-01-01]}", "rising order"},
		{"targt: a\nmetrik: b", "s.yaml:2:1: there is no key"},
		{strings.Repeat("a", 2<<20), "too large"},
	} {
		_, err := spec.Read("s.yaml", []byte(test.text))
		p := problem.As(err)
		if p == nil || p.Kind != problem.Usage {
			t.Errorf("%.60q: got %v, want a usage problem", test.text, err)
			continue
		}
		got := p.Error()
		if len(p.Nearest) > 0 {
			got += ", nearest " + p.Nearest[0]
		}
		if !strings.Contains(got, test.want) {
			t.Errorf("%.60q: got %q, want %q in it", test.text, got, test.want)
		}
	}
}

// TestPlace is the error of UX: a target that no table has, pointed at in the
// file.
func TestPlace(t *testing.T) {
	text := "request: predict churn\nproblem_type: binary\n# the answer\ntarget:   churn_flg\n"
	for _, test := range []struct{ where, want string }{
		{"/target", "spec.yaml:4:11"}, {"/metric", "/metric"}, {"--target", "--target"}, {"/problem_type/x", "spec.yaml:2:15"},
	} {
		p := &problem.Problem{Code: "data.no_target", Where: test.where}
		spec.Place(p, "spec.yaml", []byte(text))
		if p.Where != test.want {
			t.Errorf("%s: got %s, want %s", test.where, p.Where, test.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []handoff.Scope{flat(), events()} {
		data, err := spec.Write(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("target: a\npositive: ~\nfilters: [{column: a, op: in, value: \"b, c\"}]\n"))
	f.Add([]byte("? [a]\n: b\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := spec.Read("f", data)
		if err != nil {
			if problem.As(err) == nil {
				t.Fatalf("no problem: %v", err)
			}
			return
		}
		if s.ProblemType == "" || s.Metric == "" || s.MinimumSamples == 0 || s.SplitBy == "" || s.Unit == "" || s.Target == nil {
			return // not a whole scope, so there is nothing to write
		}
		again, err := spec.Write(*s)
		if err != nil {
			t.Fatal(err)
		}
		back, err := spec.Read("f", again)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, again)
		}
		s.Clauses, back.Clauses = nil, nil
		if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-want +got\n%s\n%s", diff, again)
		}
	})
}
