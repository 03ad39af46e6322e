// Package spec is a scope as a file that people read and edit: what --plan
// writes and run takes in place of a request.
//
// It is YAML with the names of the scope's JSON, but flatter: target and the
// columns of filters and exclusions are TABLE.COLUMN, and what the tables tell
// anew (catalog, classes, title) is left out. Why each part is as it is, and
// what was assumed, stands in comments.
package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/septet-ml/septet/handoff"
)

// Write gives a scope as a specification. Read takes it back, and the scope
// definer makes the same scope of it over the same tables.
func Write(s handoff.Scope) ([]byte, error) {
	w := &writer{scope: s}
	doc := w.document()
	doc.HeadComment = "A specification: edit it, then\n  septet run FILE --data PATH\n" + w.assumed()
	out, err := yaml.Dump(doc, yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithQuotePreference(yaml.QuoteDouble))
	if err != nil {
		return nil, fmt.Errorf("write specification: %w", err)
	}
	return out, nil
}

type writer struct{ scope handoff.Scope }

func (w *writer) document() *yaml.Node {
	s := w.scope
	top := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	put := func(key string, value *yaml.Node, field string) {
		if c := w.cause(field); c != "" && value.Kind == yaml.ScalarNode {
			value.LineComment = c
		}
		top.Content = append(top.Content, text(key), value)
	}
	put("request", text(s.Request), "")
	put("problem_type", text(s.ProblemType), "/problem_type")
	if t := s.Target; t != nil {
		put("target", text(place(t.Table, t.Column)), "/target")
		if t.Positive != nil {
			put("positive", text(*t.Positive), "/target/positive")
		}
	}
	if s.Label != nil {
		put("label", labelNode(s.Label), "")
	}
	put("entity", list(s.Entity), "/entity")
	put("time", optional(s.Time), "/time")
	put("as_of", optional(s.AsOf), "/as_of")
	put("horizon_days", optionalNumber(s.HorizonDays), "/horizon_days")
	put("filters", each(s.Filters, func(f handoff.Filter) *yaml.Node {
		return flow("column", text(place(f.Table, f.Column)), "op", text(f.Op), "value", text(f.Value))
	}), "")
	put("exclude", each(s.Exclude, func(x handoff.Exclusion) *yaml.Node {
		return flow("column", text(place(x.Table, x.Column)), "reason", text(x.Reason))
	}), "")
	put("metric", text(s.Metric), "/metric")
	put("criteria", each(s.Criteria, func(c handoff.Criterion) *yaml.Node {
		if c.Value == nil {
			return flow("metric", text(c.Metric), "op", text(c.Op))
		}
		return flow("metric", text(c.Metric), "op", text(c.Op), "value", decimal(*c.Value))
	}), "")
	k := s.Constraints
	put("constraints", flow("latency_ms", decimal(k.LatencyMS), "model_bytes", number(k.ModelBytes), "interpretable", truth(k.Interpretable), "fairness_groups", list(k.FairnessGroups)), "")
	put("minimum_samples", number(int64(s.MinimumSamples)), "/minimum_samples")
	put("split_by", text(s.SplitBy), "/split_by")
	put("unit", text(s.Unit), "/unit")
	return &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{top}}
}

// place is a column as a specification names it.
func place(table, column string) string {
	if table == "" {
		return column
	}
	return table + "." + column
}

func labelNode(l *handoff.Label) *yaml.Node {
	m := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for _, kv := range []struct {
		key   string
		value *yaml.Node
	}{
		{"rule", text(l.Rule)},
		{"event_table", text(l.EventTable)},
		{"event_time", text(l.EventTime)},
		{"value", optional(l.Value)},
		{"threshold", decimal(l.Threshold)},
		{"minimum_before", decimal(l.MinimumBefore)},
		{"observation_days", number(int64(l.ObservationDays))},
		{"gap_days", number(int64(l.GapDays))},
		{"label_days", number(int64(l.LabelDays))},
		{"snapshots", list(l.Snapshots)},
	} {
		m.Content = append(m.Content, text(kv.key), kv.value)
	}
	m.HeadComment = clean(l.Condition)
	return m
}

// cause is what caused a part of the scope, for a comment.
func (w *writer) cause(field string) string {
	i := slices.IndexFunc(w.scope.Clauses, func(c handoff.Clause) bool { return c.Field == field })
	if field == "" || i < 0 || w.scope.Clauses[i].Words == "" {
		return ""
	}
	c := w.scope.Clauses[i]
	if c.From == "request" {
		return "request: “" + clean(c.Words) + "”"
	}
	return clean(c.Words)
}

func (w *writer) assumed() string {
	if len(w.scope.Assumptions) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nAssumed, with confidence:\n")
	for _, a := range w.scope.Assumptions {
		fmt.Fprintf(&b, "  %.2f %s (%s)\n", a.Confidence, clean(a.Text), clean(a.Because))
	}
	return strings.TrimRight(b.String(), "\n")
}

// clean is a text as a comment can hold it: one line, no control characters.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == '\ufeff' || r == '\ufffd' {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, " "))
}

// text is a string. Quotes keep it one where it looks like something else.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if looksOtherwise(s) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

// looksOtherwise tells whether a reader of YAML might take a bare string for
// something else: a number, a truth value in any version of YAML, a sign.
func looksOtherwise(s string) bool {
	switch strings.ToLower(s) {
	case "", "yes", "no", "true", "false", "on", "off", "y", "n", "null", "~":
		return true
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || strings.ContainsAny(s, "\n\r\t\"\\#:{}[],&*!|>'%@`") || strings.TrimSpace(s) != s || strings.ContainsAny(s[:1], "-?=<~.")
}

func optional(s *string) *yaml.Node {
	if s == nil {
		return null()
	}
	return text(*s)
}

func optionalNumber(n *int) *yaml.Node {
	if n == nil {
		return null()
	}
	return number(int64(*n))
}

func null() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} }

func number(n int64) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.FormatInt(n, 10)}
}

func decimal(x float64) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: strconv.FormatFloat(x, 'g', -1, 64)}
}

func truth(b bool) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(b)}
}

func list(values []string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
	for _, v := range values {
		n.Content = append(n.Content, text(v))
	}
	return n
}

// flow is a mapping in one line; pairs are keys and nodes by turns.
func flow(pairs ...any) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	for i := 0; i < len(pairs); i += 2 {
		n.Content = append(n.Content, text(pairs[i].(string)), pairs[i+1].(*yaml.Node))
	}
	return n
}

func each[T any](values []T, node func(T) *yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if len(values) == 0 {
		n.Style = yaml.FlowStyle
	}
	for _, v := range values {
		n.Content = append(n.Content, node(v))
	}
	return n
}
