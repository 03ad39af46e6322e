package scope

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// result is a scope and what goes beside it.
type result struct {
	scope    handoff.Scope
	headline string
	findings []handoff.Finding
	warnings []string
}

// maxRequest is the longest request that is read, in bytes.
const maxRequest = 4000

// define makes the scope of a brief over the tables of a catalog. What cannot
// be settled is an *asked; what cannot be at all is a *problem.Problem.
func define(brief handoff.Brief, f facts) (*result, error) {
	request := brief.Request
	d := &draft{catalog: newCatalog(f), settings: brief.Settings}
	if brief.Spec != nil {
		d.spec = *brief.Spec
		if d.spec.Request != "" || request == "" {
			request = d.spec.Request
		}
	}
	if len(request) > maxRequest {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "scope.request", Where: "REQUEST", What: "the request is too long",
			Why: fmt.Sprintf("it has %s bytes, at most %s are read", thousands(len(request)), thousands(maxRequest)), Fix: "say in a sentence or two what is to be predicted",
		}
	}
	request = strings.ToValidUTF8(request, "�")
	d.r = read(request)
	d.Request, d.Tables = request, f.Tables
	d.Clauses = append(d.Clauses, d.r.said.clauses...)
	d.Constraints = d.r.said.constraints
	if d.stated("/constraints") {
		d.Constraints = d.spec.Constraints
	}
	if err := d.run(); err != nil {
		return nil, err
	}
	headline := d.name()
	d.complete()
	d.withhold()
	return &result{d.Scope, headline, d.findings, d.warnings}, nil
}

// run settles the parts of the scope in the order in which they lean on one
// another.
func (d *draft) run() error {
	if err := d.chooseTarget(); err != nil {
		return err
	}
	if d.target == nil {
		return d.inOrder(d.chooseEvents, d.chooseFilters, d.chooseFairness, d.chooseExclusions, d.chooseEventSplit, d.chooseCriteria, d.minimum, d.checkEvents)
	}
	return d.inOrder(d.chooseProblem, d.chooseFlatUnit, d.chooseFairness, d.chooseExclusions, d.chooseFilters, d.chooseDays, d.chooseCriteria, d.minimum, d.checkRows)
}

func (d *draft) inOrder(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return d.waiting()
}

func (d *draft) minimum() error {
	d.chooseMinimum()
	return nil
}

// chooseFlatUnit finds entity, time and split of a table with a target.
func (d *draft) chooseFlatUnit() error {
	recurs, err := d.chooseEntity()
	if err != nil {
		return err
	}
	if err := d.chooseTime(); err != nil {
		return err
	}
	return d.chooseSplit(recurs)
}

// chooseEventSplit sets the split of a label over events: by time, unless
// something else is asked for.
func (d *draft) chooseEventSplit() error {
	return d.chooseSplit(true)
}

// chooseFairness finds the groups between which the model must be fair.
func (d *draft) chooseFairness() error {
	if d.stated("/constraints") {
		for i, name := range d.Constraints.FairnessGroups {
			if _, err := d.column(fmt.Sprintf("/constraints/fairness_groups/%d", i), name); err != nil {
				return err
			}
		}
		return nil
	}
	from, to, _, ok := find(fairnessPatterns, d.r.words)
	if !ok {
		return nil
	}
	found, end := d.list(to)
	if len(found) == 0 {
		return d.noSuchColumn(from, to)
	}
	take(d.r.words, to, end)
	d.clause("/constraints/fairness_groups", span(d.r.text, d.r.words, from, end), fromRequest)
	for _, c := range found {
		d.Constraints.FairnessGroups = append(d.Constraints.FairnessGroups, c.Name)
	}
	return nil
}

// complete replaces what is null by what is empty and drops clauses of parts
// that came to nothing.
func (d *draft) complete() {
	d.Main = d.main.Name
	if d.Classes == nil {
		d.Classes = []string{}
	}
	if d.Filters == nil {
		d.Filters = []handoff.Filter{}
	}
	if d.Constraints.FairnessGroups == nil {
		d.Constraints.FairnessGroups = []string{}
	}
	if d.Assumptions == nil {
		d.Assumptions = []handoff.Assumption{}
	}
	data, err := json.Marshal(d.Scope)
	if err != nil {
		panic("scope: a scope is always JSON: " + err.Error())
	}
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		panic("scope: " + err.Error())
	}
	kept := []handoff.Clause{}
	for _, c := range d.Clauses {
		if exists(doc, c.Field) {
			kept = append(kept, c)
		}
	}
	d.Clauses = kept
}

// exists tells whether a JSON Pointer leads to something that is not null.
func exists(doc any, pointer string) bool {
	for member := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		switch at := doc.(type) {
		case map[string]any:
			doc = at[member]
		case []any:
			i, err := strconv.Atoi(member)
			if err != nil || i < 0 || i >= len(at) {
				return false
			}
			doc = at[i]
		default:
			return false
		}
	}
	return doc != nil
}
