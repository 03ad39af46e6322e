package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// draft is a scope in the making.
type draft struct {
	*catalog
	handoff.Scope

	settings handoff.Settings
	spec     handoff.Scope // what a specification gives; the zero Scope is none
	r        *reading
	target   *column // nil for a label over events
	main     *table.TableInfo
	opposite bool     // the request asks for the opposite of what the target says
	units    []string // words for what is predicted for, as in the request

	questions []handoff.Question
	findings  []handoff.Finding
	warnings  []string
}

// asked ends the making of a scope: the request is ambiguous.
type asked struct{ questions []handoff.Question }

func (a *asked) Error() string { return fmt.Sprintf("%d questions", len(a.questions)) }

// The places that a part of a scope may come from.
const (
	fromRequest = "request"
	fromFlag    = "flag"
	fromData    = "data"
	fromDefault = "default"
	fromSpec    = "flag" // a specification is a file of flags
)

// clause links a part of the scope to what caused it.
func (d *draft) clause(field, words, from string) {
	d.Clauses = append(d.Clauses, handoff.Clause{Field: field, Words: words, From: from})
}

// assume lists something that was taken for granted.
func (d *draft) assume(confidence float64, because, text string, args ...any) {
	d.Assumptions = append(d.Assumptions, handoff.Assumption{Text: fmt.Sprintf(text, args...), Confidence: confidence, Because: because})
}

// given is what a person said outright of a part of the scope: by a flag, by
// --set, or in a specification, in this order. where is the place for
// problems: the flag, or the field.
func (d *draft) given(field, flag, value, id, spec string) (text, where string, ok bool) {
	switch {
	case value != "":
		d.clause(field, flag+" "+value, fromFlag)
		return value, flag, true
	case id != "" && d.settings.Set[id] != "":
		d.clause(field, "--set "+id+"="+d.settings.Set[id], fromFlag)
		return d.settings.Set[id], "--set " + id, true
	case spec != "":
		d.clause(field, spec, fromSpec)
		return spec, field, true
	}
	return "", "", false
}

// stated tells whether a specification states a part of the scope, even as
// null or as an empty list.
func (d *draft) stated(field string) bool {
	return slices.ContainsFunc(d.spec.Clauses, func(c handoff.Clause) bool { return c.Field == field })
}

// ask puts a question. With --yes the default answers it, as an assumption;
// ok is false where the run must wait for a person.
func (d *draft) ask(q handoff.Question, because string) (answer string, ok bool) {
	if d.settings.Yes && q.Default != nil {
		d.assume(0.5, because, "%s: %s (the default, taken by --yes)", q.ID, *q.Default)
		return *q.Default, true
	}
	if q.Options == nil {
		q.Options = []string{}
	}
	d.questions = append(d.questions, q)
	return "", false
}

// waiting is the error of the questions that are open; nil where there are
// none.
func (d *draft) waiting() error {
	if len(d.questions) == 0 {
		return nil
	}
	return &asked{d.questions}
}

// column finds the one column that a person names in a flag or a
// specification, in the main table if there is one.
func (d *draft) column(where, name string) (*column, error) {
	found := d.resolve(name)
	if len(found) > 1 && d.main != nil {
		if i := slices.IndexFunc(found, func(c *column) bool { return c.table == d.main }); i >= 0 {
			return found[i], nil
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_column", Where: where,
			What: fmt.Sprintf("column %q is not in any table", name), Why: d.holds(), Nearest: d.nearest(name, 3),
			Fix: "name a column of the tables",
		}
	}
	names := make([]string, len(found))
	for i, c := range found {
		names[i] = c.String()
	}
	return nil, &problem.Problem{
		Kind: problem.Blocked, Code: "scope.two_columns", Where: where,
		What: fmt.Sprintf("%d tables have a column %q", len(found), name), Nearest: names, Fix: "name it as TABLE.COLUMN, such as " + names[0],
	}
}

// holds says what the tables are, in a line.
func (c *catalog) holds() string {
	parts := make([]string, 0, len(c.tables))
	for i := range c.tables {
		t := &c.tables[i]
		parts = append(parts, fmt.Sprintf("%s (%s, %s)", t.Name, plural(t.Rows, "row"), plural(len(t.Columns), "column")))
	}
	return "the tables are " + strings.Join(parts[:min(8, len(parts))], ", ")
}

// plural is a number with thousands marks and a noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		return thousands(n) + " " + noun + "es"
	}
	return thousands(n) + " " + noun + "s"
}

// thousands is a number with commas: 7,043.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
