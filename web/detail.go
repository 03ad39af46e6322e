package web

import (
	"fmt"
	"strings"

	"github.com/septet-ml/septet/modelcard"
)

// Numbers tells whether a number is predicted, not a class.
func (p *runPage) Numbers() bool { return p.Scope != nil && p.Scope.ProblemType == "regression" }

// lines parts "0.98 (0.94 to 0.99)" into the figure and its interval, which is
// shown under it.
func lines(figure string) []string {
	value, interval, found := strings.Cut(figure, " (")
	if !found {
		return []string{figure}
	}
	return []string{value, strings.TrimSuffix(interval, ")")}
}

// grid is a table of texts; the first column names the row.
type grid struct {
	Name   string
	Header []string
	Rows   [][]string
	Note   string
}

// tested is what the tables need to know of the model.
func (p *runPage) tested() modelcard.Tested {
	return modelcard.Tested{Task: p.Scope.ProblemType, Sets: p.Model.Sets}
}

// Calls is what the threshold does, in words; "" without one.
func (p *runPage) Calls() string { return modelcard.Calls(p.Model.Decision) }

// Groups are the tables of the scope's fairness groups.
func (p *runPage) Groups() []grid {
	var all []grid
	for _, b := range p.Model.Groups {
		g := grid{Name: b.Column, Note: modelcard.Differences(b)}
		g.Header, g.Rows = p.tested().Table(b.Groups)
		all = append(all, g)
	}
	return all
}

// worstSegments is how many the page shows.
const worstSegments = 8

// Worst is the segments with the largest loss; nil where there are none.
func (p *runPage) Worst() *grid {
	t := p.tested()
	shown, of := modelcard.Worst(p.Model.Segments, t.Loss(), worstSegments)
	if of == 0 {
		return nil
	}
	g := grid{Note: fmt.Sprintf("the %d of %d segments with the largest %s; the worst of many look worse than they are: * is more than noise, corrected for all of them", len(shown), of, words(t.Loss()))}
	g.Header, g.Rows = t.Table(shown)
	return &g
}
