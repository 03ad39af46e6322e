package spec

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"go.yaml.in/yaml/v4"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

// maxBytes is the largest specification that is read.
const maxBytes = 1 << 20

// Read takes a specification. file is its name, for problems. Parts that it
// leaves out are left to the scope definer: what is stated, null and empty
// lists included, is listed in Clauses. A fault is a *problem.Problem of kind
// Usage at FILE:LINE:COLUMN whose Why tells of the others.
func Read(file string, data []byte) (*handoff.Scope, error) {
	top, err := parse(file, data)
	if err != nil {
		return nil, err
	}
	r := &reader{file: file}
	s := &handoff.Scope{}
	r.mapping(top, "", r.fields(s))
	if s.Target != nil && s.Label != nil {
		r.fault(top, "spec.value", "target and label are both given", "leave one of them out: a column holds the answer, or events make it")
	}
	if len(r.faults) == 0 {
		s.Clauses = r.stated
		return s, nil
	}
	first := r.faults[0]
	for _, other := range r.faults[1:min(6, len(r.faults))] {
		if first.Why != "" {
			first.Why += "; "
		}
		first.Why += other.Where + ": " + other.What
	}
	return nil, first
}

// IsSpec tells whether a request is the name of a specification.
func IsSpec(request string) bool {
	return strings.HasSuffix(request, ".yaml") || strings.HasSuffix(request, ".yml")
}

// Place points a problem whose place is a JSON Pointer into the scope at the
// line of the specification that it comes from. Other problems stay as they
// are.
func Place(p *problem.Problem, file string, data []byte) {
	if !strings.HasPrefix(p.Where, "/") {
		return
	}
	top, err := parse(file, data)
	if err != nil {
		return
	}
	node := top
	pointer := p.Where
	if pointer == "/target/positive" {
		pointer = "/positive"
	}
	for member := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next := child(node, member)
		if next == nil {
			break
		}
		node = next
	}
	if node != top {
		p.Where = at(file, node)
	}
}

func child(node *yaml.Node, member string) *yaml.Node {
	switch node.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == member {
				return node.Content[i+1]
			}
		}
	case yaml.SequenceNode:
		if i, err := strconv.Atoi(member); err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}

func at(file string, node *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", file, node.Line, node.Column)
}

// parse gives the mapping at the top of a document.
func parse(file string, data []byte) (*yaml.Node, error) {
	fault := func(where, what, why, fix string) error {
		return &problem.Problem{Kind: problem.Usage, Code: "spec.syntax", Where: where, What: what, Why: why, Fix: fix}
	}
	if len(data) > maxBytes {
		return nil, fault(file, "the specification is too large", fmt.Sprintf("it has %d bytes, at most %d are read", len(data), maxBytes), "give the file that --plan wrote")
	}
	empty := fault(file, "the specification is empty", "", "write one with septet run REQUEST --data PATH --plan")
	var doc yaml.Node
	if err := yaml.Load(data, &doc, yaml.WithSingleDocument()); err != nil {
		if strings.Contains(err.Error(), "no documents") {
			return nil, empty
		}
		where, why := file, err.Error()
		var load *yaml.LoadError
		if errors.As(err, &load) {
			why = load.Message
			if load.Mark.Line > 0 {
				where = fmt.Sprintf("%s:%d:%d", file, load.Mark.Line, load.Mark.Column)
			}
		}
		return nil, fault(where, "this is not YAML", why, "mend the line, or write the file anew with --plan")
	}
	if len(doc.Content) == 0 {
		return nil, empty
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, fault(at(file, top), "the specification is no list of keys and values", "", "write lines such as target: TABLE.COLUMN")
	}
	return top, nil
}

// reader gathers faults, and the keys that are stated.
type reader struct {
	file   string
	faults []*problem.Problem
	stated []handoff.Clause
}

func (r *reader) fault(node *yaml.Node, code, what, fix string, nearest ...string) {
	r.faults = append(r.faults, &problem.Problem{Kind: problem.Usage, Code: code, Where: at(r.file, node), What: what, Fix: fix, Nearest: nearest})
}

// field is a key and what to do with its value.
type field struct {
	key  string
	take func(*yaml.Node)
}

// fields are the keys of a specification.
func (r *reader) fields(s *handoff.Scope) []field {
	target := func() *handoff.Target {
		if s.Target == nil {
			s.Target = &handoff.Target{}
		}
		return s.Target
	}
	return []field{
		{"request", r.text(&s.Request)},
		{"problem_type", r.choice(&s.ProblemType, "binary", "multiclass", "regression")},
		{"target", func(n *yaml.Node) { r.text(&target().Column)(n) }},
		{"positive", func(n *yaml.Node) { r.optional(&target().Positive)(n) }},
		{"label", func(n *yaml.Node) {
			if !isNull(n) {
				s.Label = &handoff.Label{}
				r.mapping(n, "/label", r.labelFields(s.Label))
				r.wholeLabel(n, s.Label)
			}
		}},
		{"entity", r.texts(&s.Entity)},
		{"time", r.optional(&s.Time)},
		{"as_of", r.date(&s.AsOf)},
		{"horizon_days", func(n *yaml.Node) {
			if !isNull(n) {
				s.HorizonDays = new(int)
				r.whole(s.HorizonDays, 1)(n)
			}
		}},
		{"filters", func(n *yaml.Node) {
			s.Filters = items(r, n, func(n *yaml.Node) (f handoff.Filter) {
				r.mapping(n, "", []field{{"column", r.text(&f.Column)}, {"op", r.choice(&f.Op, "=", "!=", "in", "<", "<=", ">", ">=")}, {"value", r.text(&f.Value)}})
				r.needs(n, "column", "op", "value")
				return f
			})
		}},
		{"exclude", func(n *yaml.Node) {
			s.Exclude = items(r, n, func(n *yaml.Node) (x handoff.Exclusion) {
				x.Reason = "asked for"
				if n.Kind == yaml.ScalarNode {
					r.text(&x.Column)(n)
					return x
				}
				r.mapping(n, "", []field{{"column", r.text(&x.Column)}, {"reason", r.text(&x.Reason)}})
				r.needs(n, "column")
				return x
			})
		}},
		{"metric", r.metric(&s.Metric)},
		{"criteria", func(n *yaml.Node) { s.Criteria = items(r, n, r.criterion) }},
		{"constraints", func(n *yaml.Node) {
			k := &s.Constraints
			r.mapping(n, "", []field{
				{"latency_ms", r.decimal(&k.LatencyMS)},
				{"model_bytes", r.bytes(&k.ModelBytes)},
				{"interpretable", r.truth(&k.Interpretable)},
				{"fairness_groups", r.texts(&k.FairnessGroups)},
			})
		}},
		{"minimum_samples", r.whole(&s.MinimumSamples, 1)},
		{"split_by", r.choice(&s.SplitBy, "stratified", "time", "entity")},
		{"unit", r.choice(&s.Unit, "known_entities", "new_entities")},
	}
}

func (r *reader) labelFields(l *handoff.Label) []field {
	return []field{
		{"rule", r.text(&l.Rule)},
		{"event_table", r.text(&l.EventTable)},
		{"event_time", r.text(&l.EventTime)},
		{"value", r.optional(&l.Value)},
		{"threshold", r.decimal(&l.Threshold)},
		{"minimum_before", r.decimal(&l.MinimumBefore)},
		{"observation_days", r.whole(&l.ObservationDays, 0)},
		{"gap_days", r.whole(&l.GapDays, 0)},
		{"label_days", r.whole(&l.LabelDays, 1)},
		{"snapshots", func(n *yaml.Node) {
			l.Snapshots = items(r, n, func(n *yaml.Node) string {
				var day *string
				r.date(&day)(n)
				if day == nil {
					return ""
				}
				return *day
			})
			if !slices.IsSorted(l.Snapshots) || len(slices.Compact(slices.Clone(l.Snapshots))) != len(l.Snapshots) {
				r.fault(n, "spec.value", "the snapshots are not in rising order", "list each day once, the oldest first")
			}
		}},
	}
}

// wholeLabel wants what a label cannot do without.
func (r *reader) wholeLabel(n *yaml.Node, l *handoff.Label) {
	r.needs(n, "rule", "event_table", "label_days")
	if l.MinimumBefore > 0 && l.ObservationDays == 0 {
		r.fault(n, "spec.value", "the label has a minimum_before, but an observation window of no days", "add observation_days")
	}
}

// needs wants keys of a mapping to be there, with something in them.
func (r *reader) needs(n *yaml.Node, keys ...string) {
	if n.Kind != yaml.MappingNode {
		return // a fault already
	}
	for _, key := range keys {
		if c := child(n, key); c == nil || isNull(c) || c.Kind == yaml.ScalarNode && c.Value == "" {
			r.fault(n, "spec.value", key+" is missing here", "add "+key)
		}
	}
}

func (r *reader) criterion(n *yaml.Node) (c handoff.Criterion) {
	r.mapping(n, "", []field{
		{"metric", r.metric(&c.Metric)},
		{"op", r.choice(&c.Op, ">=", "<=", "better_than_chance", "not_worse_than_baseline")},
		{"value", func(n *yaml.Node) {
			if !isNull(n) {
				c.Value = new(float64)
				r.any(c.Value)(n)
			}
		}},
	})
	if bar := c.Op == ">=" || c.Op == "<="; c.Op != "" && bar != (c.Value != nil) {
		r.fault(n, "spec.value", "the value does not go with "+c.Op, "a number for >= and <=, none for the others")
	}
	r.needs(n, "metric", "op")
	return c
}

// mapping gives each key of a mapping to its field.
func (r *reader) mapping(n *yaml.Node, pointer string, fields []field) {
	if n.Kind != yaml.MappingNode {
		r.fault(n, "spec.value", "this is no list of keys and values", "write {KEY: VALUE, ...} with "+keys(fields))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		j := slices.IndexFunc(fields, func(f field) bool { return f.key == key.Value })
		switch {
		case j < 0:
			near := nearest(key.Value, fields)
			r.fault(key, "spec.unknown_key", fmt.Sprintf("there is no key %q here", short(key.Value)), "the keys are "+keys(fields), near...)
		case seen[key.Value]:
			r.fault(key, "spec.value", "the key "+key.Value+" is given twice", "give it once")
		case holdsAlias(value):
			r.fault(value, "spec.value", "aliases are not read", "write the value out")
		default:
			seen[key.Value] = true
			if pointer == "" || pointer == "/label" {
				r.stated = append(r.stated, handoff.Clause{Field: pointer + "/" + key.Value, Words: key.Value, From: "flag"})
			}
			fields[j].take(value)
		}
	}
}

func keys(fields []field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return strings.Join(names, ", ")
}

func nearest(key string, fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	slices.SortStableFunc(names, func(a, b string) int {
		return levenshtein.ComputeDistance(short(key), a) - levenshtein.ComputeDistance(short(key), b)
	})
	return names[:min(3, len(names))]
}

// short is a key as a message shows it.
func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func holdsAlias(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || slices.ContainsFunc(n.Content, holdsAlias)
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func items[T any](r *reader, n *yaml.Node, item func(*yaml.Node) T) []T {
	out := []T{}
	if isNull(n) {
		return out
	}
	if n.Kind != yaml.SequenceNode {
		r.fault(n, "spec.value", "this is no list", "write [ ... ] or lines that begin with -")
		return out
	}
	for _, c := range n.Content {
		out = append(out, item(c))
	}
	return out
}

func (r *reader) scalar(n *yaml.Node, what string) (string, bool) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.fault(n, "spec.value", "the value is no "+what, "give a "+what)
		return "", false
	}
	return n.Value, true
}

func (r *reader) text(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if v, ok := r.scalar(n, "text"); ok {
			*into = v
		}
	}
}

func (r *reader) optional(into **string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if isNull(n) {
			return
		}
		if v, ok := r.scalar(n, "text"); ok {
			*into = &v
		}
	}
}

func (r *reader) texts(into *[]string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		*into = items(r, n, func(n *yaml.Node) string {
			v, _ := r.scalar(n, "text")
			return v
		})
	}
}

func (r *reader) choice(into *string, options ...string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, "text")
		if ok && !slices.Contains(options, v) {
			r.fault(n, "spec.value", "the value is none of "+strings.Join(options, ", "), "give one of them", options[:min(3, len(options))]...)
			return
		}
		*into = v
	}
}

func (r *reader) metric(into *string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, "score")
		if !ok {
			return
		}
		name, err := metric.Parse(v)
		if p := problem.As(err); p != nil {
			p.Where = at(r.file, n)
			r.faults = append(r.faults, p)
			return
		}
		*into = string(name)
	}
}

func (r *reader) whole(into *int, low int) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, "whole number")
		if !ok {
			return
		}
		x, err := strconv.Atoi(v)
		if err != nil || x < low || x > 1e12 {
			r.fault(n, "spec.value", fmt.Sprintf("the value is no whole number from %d", low), "give a whole number")
			return
		}
		*into = x
	}
}

func (r *reader) any(into *float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, "number")
		if !ok {
			return
		}
		x, err := strconv.ParseFloat(v, 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) {
			r.fault(n, "spec.value", "the value is no number", "give a number")
			return
		}
		*into = x
	}
}

// decimal is a number that is not negative.
func (r *reader) decimal(into *float64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		r.any(into)(n)
		if *into < 0 {
			r.fault(n, "spec.value", "the value is negative", "give 0 or more")
		}
	}
}

func (r *reader) bytes(into *int64) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var x int
		r.whole(&x, 0)(n)
		*into = int64(x)
	}
}

func (r *reader) truth(into *bool) func(*yaml.Node) {
	return func(n *yaml.Node) {
		v, ok := r.scalar(n, "truth value")
		if !ok {
			return
		}
		b, err := strconv.ParseBool(v)
		if err != nil {
			r.fault(n, "spec.value", "the value is neither true nor false", "give true or false")
			return
		}
		*into = b
	}
}

func (r *reader) date(into **string) func(*yaml.Node) {
	return func(n *yaml.Node) {
		if isNull(n) {
			return
		}
		v, ok := r.scalar(n, "date")
		if !ok {
			return
		}
		if _, err := time.Parse(time.DateOnly, v); err != nil {
			r.fault(n, "spec.value", "the value is no date", "write it as 2024-06-30")
			return
		}
		*into = &v
	}
}
