package handoff_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
)

// place is one value of a document, with what its schema says of it.
type place struct {
	pointer  string
	parent   any // map or slice that holds it
	key      string
	schema   map[string]any
	required bool
}

// places lists every value below v. known has the schemas that others refer to.
func places(pointer string, v any, schema map[string]any, known map[string]map[string]any, out *[]place) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = known[ref]
	}
	switch v := v.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		rest, _ := schema["additionalProperties"].(map[string]any)
		required, _ := schema["required"].([]any)
		for _, name := range slices.Sorted(maps.Keys(v)) {
			sub, named := properties[name].(map[string]any)
			if !named {
				sub = rest
			}
			if ref, ok := sub["$ref"].(string); ok {
				sub = known[ref]
			}
			p := place{handoff.Pointer(pointer, name), v, name, sub, slices.Contains(required, any(name))}
			*out = append(*out, p)
			places(p.pointer, v[name], sub, known, out)
		}
	case []any:
		items, _ := schema["items"].(map[string]any)
		for i := range v {
			p := place{pointer + "/" + strconv.Itoa(i), v, strconv.Itoa(i), items, false}
			*out = append(*out, p)
			places(p.pointer, v[i], items, known, out)
		}
	}
}

// set changes the value and gives what puts the old one back.
func (p place) set(v any) (undo func()) {
	old := p.get()
	p.put(v)
	return func() { p.put(old) }
}

func (p place) put(v any) {
	switch parent := p.parent.(type) {
	case map[string]any:
		parent[p.key] = v
	case []any:
		i, _ := strconv.Atoi(p.key)
		parent[i] = v
	}
}

func (p place) get() any {
	switch parent := p.parent.(type) {
	case map[string]any:
		return parent[p.key]
	case []any:
		i, _ := strconv.Atoi(p.key)
		return parent[i]
	}
	return nil
}

// types are the JSON types that the place may have; nil is any.
func (p place) types() []string {
	switch t := p.schema["type"].(type) {
	case string:
		return []string{t}
	case []any:
		var list []string
		for _, x := range t {
			list = append(list, x.(string))
		}
		return list
	}
	return nil
}

// seam is a valid envelope as a document, with its schemas.
type seam struct {
	agent handoff.Agent
	zero  handoff.Payload
	doc   map[string]any
	outer []place // of the envelope but its output
	inner []place // of the output
	index map[string]place
}

func schemaOf(t *testing.T, v any, name, version string) map[string]any {
	t.Helper()
	data, err := handoff.Schema(v, name, version)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func draw(a handoff.Agent, seed uint64, schemas map[string]map[string]any) seam {
	s := seam{agent: a, zero: handoff.PayloadOf(a), doc: handofftest.Document(handofftest.New(seed).Envelope(a))}
	var all []place
	places("", s.doc, schemas["envelope"], schemas, &all)
	for _, p := range all {
		if !strings.HasPrefix(p.pointer, "/output/") {
			s.outer = append(s.outer, p)
		}
	}
	places("/output", s.doc["output"], schemas[string(a)], schemas, &s.inner)
	s.index = map[string]place{}
	for _, p := range append(slices.Clone(s.outer), s.inner...) {
		s.index[p.pointer] = p
	}
	return s
}

// at finds a place by its pointer.
func (s seam) at(pointer string) (place, bool) {
	p, there := s.index[pointer]
	return p, there
}

// mutation changes a document; it gives the pointer that must be named and
// what takes the change back, or "" where it does not apply.
type mutation struct {
	name   string
	mutate func(s seam, r *rand.Rand) (want string, undo func())
}

// structural are faults that the schemas see, at any place.
func structural() []mutation {
	pick := func(s seam, r *rand.Rand) place {
		all := s.inner
		if r.IntN(3) == 0 {
			all = s.outer
		}
		return all[r.IntN(len(all))]
	}
	return []mutation{
		{"drop a required member", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			if !p.required {
				return "", nil
			}
			old := p.get()
			delete(p.parent.(map[string]any), p.key)
			return p.pointer, func() { p.put(old) }
		}},
		{"another type", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			types := p.types()
			values := map[string]any{"string": "text", "number": 1.5, "boolean": true, "null": nil, "array": []any{"x"}, "object": map[string]any{"x": 1.0}}
			names := slices.Sorted(maps.Keys(values))
			name := names[r.IntN(len(names))]
			if len(types) == 0 || slices.Contains(types, name) {
				return "", nil
			}
			return p.pointer, p.set(values[name])
		}},
		{"an unknown member", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			object, ok := p.get().(map[string]any)
			if closed := p.schema["additionalProperties"]; !ok || closed == nil || p.schema["properties"] == nil {
				return "", nil
			}
			object["un~known/"] = 1.0
			return handoff.Pointer(p.pointer, "un~known/"), func() { delete(object, "un~known/") }
		}},
		{"an unknown word", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			if p.schema["enum"] == nil {
				return "", nil
			}
			return p.pointer, p.set("nobody_knows")
		}},
		{"a fraction where a whole number belongs", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			if !slices.Contains(p.types(), "integer") {
				return "", nil
			}
			return p.pointer, p.set(1.5)
		}},
		{"a digest that is none", func(s seam, r *rand.Rand) (string, func()) {
			p := pick(s, r)
			text, ok := p.get().(string)
			if !ok || len(text) != 64 || strings.Contains(p.pointer, "/measurements") {
				return "", nil
			}
			return p.pointer, p.set("g" + text[1:])
		}},
	}
}

// change is one semantic fault: at a place (below the payload that has it),
// another value, found at want ("" is the place itself).
type change struct {
	agent handoff.Agent // whose payload it is; "" is the envelope's own
	at    string
	value any
	want  string
}

// prefix is where an agent's payload lies in the output of a later one.
func prefix(of, in handoff.Agent) string {
	names := []string{"scope", "dataset", "features", "choice", "model", "deployment"}
	at := "/output"
	i, j := slices.Index(handoff.Agents(), of), slices.Index(handoff.Agents(), in)
	for k := j - 1; k >= i; k-- {
		at += "/" + names[k]
	}
	return at
}

func semantic() []change {
	const (
		scope, prepare, analyze        = handoff.ScopeDefiner, handoff.DataPreparer, handoff.FeatureAnalyzer
		choose, train, deploy, observe = handoff.ModelSelector, handoff.ModelTrainer, handoff.ModelDeployer, handoff.ObservabilityConnector
	)
	long := strings.Repeat("0", 64)
	return []change{
		{"", "/to_agent", "caller_", "/to_agent"},
		{"", "/from_agent", "caller", ""},
		{"", "/timestamp", "2025-01-01T00:00:00+02:00", ""},
		{"", "/timestamp", "yesterday", ""},
		{"", "/output_validated", false, ""},
		{"", "/schema_version", "9.0.0", ""},
		{"", "/schema_version", "1.0", ""},
		{"", "/metadata/schema", "soup", ""},
		{"", "/metadata/run_id", "R 1", ""},
		{"", "/metadata/sequence", 0.0, ""},
		{"", "/metadata/sequence", -4.0, ""},
		{"", "/metadata/attempt", 0.0, ""},
		{"", "/metadata/duration", -1.0, ""},
		{"", "/metadata/seed", -1.0, ""},
		{"", "/metadata/seed", 1e17, ""},
		{"", "/metadata/key", "abc", ""},
		{"", "/metadata/program_version", "", ""},
		{"", "/metadata/output_digest", long, ""},
		{"", "/metadata/inputs", []any{}, ""},
		{"", "/metadata/inputs/0/name", "", ""},
		{"", "/metadata/inputs/0/sha256", "12", ""},
		{"", "/metadata/reused_from", "somewhere", ""},
		{"", "/metadata/error", map[string]any{"code": "a.b", "what": "c"}, ""},
		{"", "/metadata/missing", []any{""}, "/metadata/missing/0"},
		{"", "/output", nil, ""},
		{"", "/status", "failed", "/metadata/error"},
		{"", "/warnings", []any{"read /home/ann/tables/rx.csv"}, "/warnings/0"},
		{"", "/warnings", []any{"password=hunter2"}, "/warnings/0"},
		{"", "/metadata/headline", "see postgres://ann:hunter2@db/x", ""},
		{"", "/metadata/headline", `at C:\Users\ann`, ""},
		{"", "/metadata/findings/0/id", "", ""},
		{"", "/metadata/findings/0/code", "Leak!", ""},
		{"", "/metadata/findings/0/evidence", "", ""},
		{"", "/metadata/findings/0/column", "", ""},
		{"", "/metadata/findings/1/id", "scope_definer-1", "/metadata/findings/1/id"},

		{scope, "/title", "", ""},
		{scope, "/slug", "Not a slug", ""},
		{scope, "/problem_type", "forecast", ""},
		{scope, "/split_by", "luck", ""},
		{scope, "/unit", "planets", ""},
		{scope, "/minimum_samples", 0.0, ""},
		{scope, "/horizon_days", 0.0, ""},
		{scope, "/as_of", "30.06.2025", ""},
		{scope, "/metric", "roc", ""},
		{scope, "/criteria", []any{}, ""},
		{scope, "/criteria/0/metric", "goodness", ""},
		{scope, "/criteria/0/op", "~", ""},
		{scope, "/criteria/0/value", 0.5, ""},
		{scope, "/criteria/1/value", nil, ""},
		{scope, "/main", "nowhere", ""},
		{scope, "/entity", []any{"c1", "c1"}, "/entity/1"},
		{scope, "/entity", []any{"ghost"}, "/entity/0"},
		{scope, "/time", "ghost", ""},
		{scope, "/filters/0/table", "ghost", ""},
		{scope, "/filters/0/column", "ghost", ""},
		{scope, "/filters/0/op", "like", ""},
		{scope, "/exclude/0/column", "ghost", ""},
		{scope, "/exclude/0/reason", "", ""},
		{scope, "/constraints/latency_ms", -1.0, ""},
		{scope, "/constraints/model_bytes", -1.0, ""},
		{scope, "/constraints/fairness_groups", []any{"ghost"}, "/constraints/fairness_groups/0"},
		{scope, "/assumptions/0/confidence", 1.01, ""},
		{scope, "/assumptions/0/text", "", ""},
		{scope, "/clauses/0/field", "metric", ""},
		{scope, "/clauses/0/from", "moon", ""},
		{scope, "/target/table", "ghost", ""},
		{scope, "/target/column", "ghost", ""},
		{scope, "/target/positive", "other", ""},
		{scope, "/target", nil, ""},
		{scope, "/label/event_table", "ghost", ""},
		{scope, "/label/event_time", "ghost", ""},
		{scope, "/label/value", "ghost", ""},
		{scope, "/label/rule", "A B", ""},
		{scope, "/label/threshold", -0.1, ""},
		{scope, "/label/label_days", 0.0, ""},
		{scope, "/label/gap_days", -1.0, ""},
		{scope, "/label/snapshots", []any{}, ""},
		{scope, "/label/snapshots/0", "2025-13-01", ""},
		{scope, "/label/snapshots/1", "2024-01-01", ""},
		{scope, "/classes", []any{"one"}, ""},
		{scope, "/classes/1", "no", ""},
		{scope, "/tables", []any{}, ""},
		{scope, "/tables/0/name", "", ""},
		{scope, "/tables/0/file", "data/t1.csv", ""},
		{scope, "/tables/0/rows", -1.0, ""},
		{scope, "/tables/0/bytes", -1.0, ""},
		{scope, "/tables/0/columns/1/name", "c1", ""},
		{scope, "/tables/0/columns/0/missing", 1e9, ""},
		{scope, "/tables/0/columns/0/distinct", 1e9, ""},
		{scope, "/tables/0/columns/0/max", -9.0, ""},
		{scope, "/tables/0/columns/0/numbers", -1.0, ""},

		{prepare, "/target", "", ""},
		{prepare, "/columns/0/name", "", ""},
		{prepare, "/columns/1/name", "c1", ""},
		{prepare, "/columns/0/kind", "blob", ""},
		{prepare, "/columns/0/role", "spy", ""},
		{prepare, "/target", "c1", "/columns/0/name"},
		{prepare, "/rows/fit/rows", 1.0, ""},
		{prepare, "/rows/test/rows", 1.0, ""},
		{prepare, "/rows/holdout/rows", 1.0, ""},
		{prepare, "/rows/fit/sha256", "x", ""},
		{prepare, "/splits/train/rows", -1.0, ""},
		{prepare, "/splits/test/rows", 0.0, "/splits/test"},
		{prepare, "/splits/train/positives", 1e9, ""},
		{prepare, "/splits/train/from", "June", ""},
		{prepare, "/splits/train/to", "2023-01-01T00:00:00Z", ""},
		{prepare, "/policy/by", "luck", ""},
		{prepare, "/policy/purge_days", -1.0, ""},
		{prepare, "/policy/shares/train", 0.7, "/policy/shares"},
		{prepare, "/policy/shares/train", 1.7, ""},
		{prepare, "/policy/audit/0/a", "tomorrow", ""},
		{prepare, "/policy/audit/0/b", "train", ""},
		{prepare, "/policy/audit", []any{}, ""},
		{prepare, "/policy/audit/0/shared_rows", -1.0, ""},
		{prepare, "/quality/score", 1.2, ""},
		{prepare, "/quality/score", -0.2, ""},
		{prepare, "/quality/dimensions/0/score", 2.0, ""},
		{prepare, "/quality/dimensions/0/weight", 0.9, "/quality/dimensions"},
		{prepare, "/quality/dimensions/0/name", "beauty", ""},
		{prepare, "/quality/expectations/0/dimension", "beauty", ""},
		{prepare, "/quality/expectations/0/score", 1.5, ""},
		{prepare, "/repairs/0/rows", -1.0, ""},
		{prepare, "/repairs/0/column", "", ""},

		{prepare, "/events", nil, ""},
		{analyze, "/points", nil, ""},
		{analyze, "/kept", []any{}, ""},
		{analyze, "/kept/0/name", "", ""},
		{analyze, "/kept/0/kind", "blob", ""},
		{analyze, "/kept/0/formula", "", ""},
		{analyze, "/kept/0/rank", 99.0, ""},
		{analyze, "/kept/0/rank", 0.0, ""},
		{analyze, "/kept/0/source_columns", []any{}, ""},
		{analyze, "/kept/0/source_columns/0", "ghost", ""},
		{analyze, "/kept/0/shap", -1.0, ""},
		{analyze, "/kept/0/curve", []any{map[string]any{"value": 1.0, "level": nil, "mean": 0.0, "low": 0.0, "high": 0.0, "rows": 1.0}}, ""},
		{analyze, "/kept/0/curve/0/low", 9.0, ""},
		{analyze, "/kept/0/curve/0/rows", -1.0, ""},
		{analyze, "/kept/0/class", "ghost", ""},
		{analyze, "/dropped/0/reason", "", ""},
		{analyze, "/dropped/0/name", "f1", ""},
		{analyze, "/interactions/0/b", "f1", ""},
		{analyze, "/interactions/0/a", "ghost", ""},
		{analyze, "/interactions/0/strength", 1.5, ""},

		{choose, "/folds/by", "luck", ""},
		{choose, "/folds/count", 1.0, ""},
		{choose, "/folds/reason", "luck", ""},
		{choose, "/units", -1.0, ""},
		{choose, "/rationale", "", ""},
		{choose, "/leaderboard", []any{}, ""},
		{choose, "/leaderboard/1/mean", 1e6, ""},
		{choose, "/leaderboard/0/metric", "goodness", ""},
		{choose, "/leaderboard/0/se", -1.0, ""},
		{choose, "/leaderboard/0/scores", []any{}, ""},
		{choose, "/leaderboard/0/bytes", -1.0, ""},
		{choose, "/leaderboard/0/row_ms", -1.0, ""},
		{choose, "/leaderboard/0/id", "", ""},
		{choose, "/baselines", []any{}, ""},
		{choose, "/baselines/0", "ghost", ""},
		{choose, "/chosen", []any{}, ""},
		{choose, "/chosen/0", "ghost", ""},
		{choose, "/leaderboard/0/excluded", "too large", "/chosen/0"},
		{choose, "/folds/seed", 1e17, ""},

		{train, "/name", "No Slug", ""},
		{train, "/file/bytes", 0.0, ""},
		{train, "/file/bytes", -5.0, ""},
		{train, "/members", []any{}, ""},
		{train, "/members/0/weight", 1.5, ""},
		{train, "/members/0/weight", 0.01, "/members"},
		{train, "/members/0/fits", 0.0, ""},
		{train, "/members/1/id", "trees-1", ""},
		{train, "/calibration", "hope", ""},
		{train, "/threshold", 1.5, ""},
		{train, "/openings", 0.0, ""},
		{train, "/effort/asked", "", ""},
		{train, "/effort/units", -1.0, ""},
		{train, "/verdicts", []any{}, ""},
		{train, "/verdicts/0/evidence", "", ""},
		{train, "/verdicts/0/criterion/op", "<=", "/verdicts/0/criterion"},
		{train, "/metrics/test/auc/value", 1.5, ""},
		{train, "/metrics/test/auc/low", nil, ""},
		{train, "/metrics/test/auc/low", 2.0, "/metrics/test/auc/high"},
		{train, "/metrics/test/rmse/value", -1.0, ""},
		{train, "/metrics/test", map[string]any{}, "/metrics/test/ece"},
		{train, "/metrics/test", map[string]any{}, "/metrics/test/r2"},
		{train, "/baselines/dummy/auc", -1.0, ""},
		{train, "/metrics/test/r2/value", 1.5, ""},
		{train, "/sets/kind", "luck", ""},
		{train, "/sets/coverage", 1.0, ""},
		{train, "/sets/held/value", 1.5, ""},
		{train, "/sets/held/high", nil, "/sets/held/low"},
		{train, "/sets/low", 0.99, "/sets/high"},
		{train, "/sets/size", -1.0, ""},
		{train, "/decision/rule", "luck", ""},
		{train, "/decision/cost_fn", nil, ""},
		{train, "/decision/cost_fp", -1.0, ""},
		{train, "/decision/capacity", 0.0, ""},
		{train, "/decision/called/value", -0.5, ""},
		{train, "/curves/roc/1/x", 1.5, ""},
		{train, "/curves/gain/1/y", -0.5, ""},
		{train, "/curves/gain/2/x", 0.1, ""},
		{train, "/curves/reliability/1/low", 0.75, "/curves/reliability/1/high"},
		{train, "/curves/reliability/1/rows", -1.0, ""},
		{train, "/curves/confusion/classes", []any{"a"}, ""},
		{train, "/curves/confusion/counts", []any{}, ""},
		{train, "/curves/confusion/counts/0", []any{1.0}, ""},
		{train, "/curves/confusion/counts/0/1", -1.0, ""},
		{train, "/groups/0/column", "", ""},
		{train, "/groups/0/groups/1/group", "north", ""},
		{train, "/groups/0/groups/0/rows", 0.0, ""},
		{train, "/groups/0/groups/0/false_positives/value", 1.5, ""},
		{train, "/groups/0/differences/0/group", "nowhere", ""},
		{train, "/groups/0/differences/0/what", "luck", ""},
		{train, "/groups/0/differences/0/p", 1.5, ""},
		{train, "/segments/0/groups/0/rows", 0.0, ""},
		{train, "/learning/candidate", "", ""},
		{train, "/learning/metric", "goodness", ""},
		{train, "/learning/points/1/rows", 50.0, ""},
		{train, "/learning/points/0/se", -1.0, ""},
		{train, "/learning/gain", nil, "/learning/gain_se"},
		{train, "/learning/units", -1.0, ""},
		{train, "/learning/words", "", ""},

		{deploy, "/id", "", ""},
		{deploy, "/status", "maybe", ""},
		{deploy, "/strategy", "hope", ""},
		{deploy, "/slot", "red", ""},
		{deploy, "/name", "", ""},
		{deploy, "/version", 0.0, ""},
		{deploy, "/digest", "sha256:" + long, ""},
		{deploy, "/digest", long, ""},
		{deploy, "/previous", "none", ""},
		{deploy, "/addr", "here", ""},
		{deploy, "/url", "ftp://127.0.0.1/x", ""},
		{deploy, "/url", "", ""},
		{deploy, "/evidence/golden_equal", 0.0, ""},
		{deploy, "/evidence/golden_rows", -1.0, ""},
		{deploy, "/evidence/errors", 1e6, ""},
		{deploy, "/evidence/p50_ms", -1.0, ""},
		{deploy, "/evidence/p99_ms", 0.0, ""},
		{deploy, "/evidence/probe", "", ""},
		{deploy, "/evidence/requests", -1.0, ""},
		{deploy, "/evidence/bake_seconds", -1.0, ""},

		{observe, "/spans", -1.0, ""},
		{observe, "/spans", 0.0, "/connected"},
		{observe, "/metrics", -1.0, ""},
		{observe, "/predictions", 0.0, "/connected"},
		{observe, "/drift/0/feature", "ghost", ""},
		{observe, "/drift/0/statistic", "", ""},
		{observe, "/drift/0/rows", -1.0, ""},
		{observe, "/exports/0", "moon", ""},
		{observe, "/baseline/kind", "", ""},
	}
}

var mutations = flag.Int("mutations", 2_000, "how many envelopes TestBrokenEnvelopesAreRefused breaks; 10000 is the bar")

// TestBrokenEnvelopesAreRefused breaks valid envelopes of all seven seams, each
// in one way, and wants the fault to be named by its pointer.
func TestBrokenEnvelopesAreRefused(t *testing.T) {
	const parts = 2
	made := make([]map[string]bool, parts)
	t.Run("parts", func(t *testing.T) {
		for i := range parts {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				made[i] = breakThem(t, uint64(i), *mutations/parts)
			})
		}
	})
	for _, c := range semantic() {
		if !made[0][c.String()] && !made[1][c.String()] && *mutations >= 10_000 {
			t.Errorf("never made: %s", c)
		}
	}
}

// breakThem makes so many changes and gives the names of those it made.
func breakThem(t *testing.T, seed uint64, total int) map[string]bool {
	r := rand.New(rand.NewPCG(7, seed))
	seams := pool(t, 25)
	checker := handoff.NewChecker()
	kinds, changes := structural(), semantic()
	made := map[string]bool{}
	for n := 0; n < total; {
		s := seams[r.IntN(len(seams))]
		var what, want string
		var undo func()
		if r.IntN(2) == 0 {
			m := kinds[r.IntN(len(kinds))]
			what = m.name
			want, undo = m.mutate(s, r)
		} else {
			c := changes[r.IntN(len(changes))]
			what = c.String()
			want, undo = c.apply(s)
		}
		if want == "" {
			continue
		}
		n++
		made[what] = true
		faults := s.check(t, checker, strings.HasPrefix(want, "/output/"))
		undo()
		if !slices.ContainsFunc(faults, func(f handoff.Fault) bool { return f.Pointer == want }) {
			t.Errorf("%s in a handoff of %s: want a fault at %s, got %v", what, s.agent, want, faults)
		}
	}
	for _, s := range seams { // all changes were taken back
		if faults := s.check(t, checker, false); len(faults) > 0 {
			t.Fatalf("a valid handoff of %s is refused: %v", s.agent, faults)
		}
	}
	return made
}

// pool draws so many valid envelopes of each agent.
func pool(t *testing.T, each int) []seam {
	name, version := handoff.EnvelopeSchema()
	schemas := map[string]map[string]any{"envelope": schemaOf(t, handoff.Envelope{}, name, version)}
	for _, a := range handoff.Agents() {
		name, version := handoff.PayloadOf(a).Schema()
		s := schemaOf(t, handoff.PayloadOf(a), name, version)
		schemas[string(a)], schemas[s["$id"].(string)] = s, s
	}
	var seams []seam
	for _, a := range handoff.Agents() {
		for seed := range each {
			seams = append(seams, draw(a, uint64(seed), schemas))
		}
	}
	return seams
}

// check gives the faults of the document. sealed makes its digest that of its
// changed output first, so that it is the change itself that is found.
func (s seam) check(t *testing.T, checker *handoff.Checker, sealed bool) []handoff.Fault {
	t.Helper()
	if meta, ok := s.doc["metadata"].(map[string]any); ok && sealed {
		digest, err := handoff.Digest(s.doc["output"])
		if err != nil {
			t.Fatal(err)
		}
		old := meta["output_digest"]
		meta["output_digest"] = digest
		defer func() { meta["output_digest"] = old }()
	}
	data, err := json.Marshal(s.doc)
	if err != nil {
		t.Fatal(err)
	}
	faults, err := checker.EnvelopeJSON(data, s.zero)
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

func (c change) String() string { return fmt.Sprintf("%s%s = %v", c.agent, c.at, c.value) }

// apply makes the change in a handoff that has its place.
func (c change) apply(s seam) (want string, undo func()) {
	base := ""
	if c.agent != "" {
		if c.agent.After(s.agent) {
			return "", nil
		}
		base = prefix(c.agent, s.agent)
	}
	p, there := s.at(base + c.at)
	if !there || fmt.Sprint(p.get()) == fmt.Sprint(c.value) || !c.counts(s, base, p) {
		return "", nil
	}
	want = base + c.want
	if c.want == "" {
		want = p.pointer
	}
	if c.at == "/classes/1" { // a class that was there before
		first, _ := s.at(base + "/classes/0")
		return want, p.set(first.get())
	}
	return want, p.set(c.value)
}

// counts tells whether the change is a fault in what was drawn.
func (c change) counts(s seam, base string, p place) bool {
	task, _ := s.at(prefix(handoff.ScopeDefiner, s.agent) + "/problem_type")
	switch {
	case c.want == "/metrics/test/ece":
		return task.get() != "regression"
	case c.want == "/metrics/test/r2":
		return task.get() == "regression"
	case c.at == "/metadata/findings/1/id":
		return s.agent == handoff.ScopeDefiner
	case c.at == "/kept/0/source_columns/0":
		points, _ := s.at(base + "/points")
		return points.get() == nil
	case c.at == "/threshold":
		return task.get() == "binary"
	case c.at == "/target" && c.agent == handoff.ScopeDefiner:
		return p.get() != nil
	case c.at == "/evidence/p99_ms":
		return s.number(base+"/evidence/p50_ms") > 0
	}
	return true
}

func (s seam) number(pointer string) float64 {
	p, _ := s.at(pointer)
	f, _ := p.get().(float64)
	return f
}

// TestValidEnvelopesPass draws valid envelopes of all seams; none is refused,
// and what is decoded and encoded again has the same bytes.
func TestValidEnvelopesPass(t *testing.T) {
	checker := handoff.NewChecker()
	for seed := range uint64(100) {
		for _, a := range handoff.Agents() {
			e := handofftest.New(seed).Envelope(a)
			faults, err := checker.Envelope(e, handoff.PayloadOf(a), "/srv/private/tables")
			if err != nil || len(faults) > 0 {
				t.Fatalf("seed %d, %s: %v %v", seed, a, err, faults)
			}
		}
	}
}
