// Package prepare is the data preparer: from a scope it makes examples, one
// row each, looks for what is wrong with them, divides them into parts that
// share nothing, and writes the parts.
//
// The steps are the files: flat (examples of a table that holds the answer),
// copies (rows that are the same), split, the checks (shape, personal and
// leak...), quality, and write. A check never changes the examples: it gives
// findings, and those that remove name columns. What makes examples is apart
// from what checks and writes them, so that another maker, such as a label
// rule over events, goes the same way.
package prepare

import (
	"context"
	"fmt"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/memory"
	"github.com/septet-ml/septet/settings"
)

// The gates that the step holds every data set against.
const (
	gateSamples  = "samples"
	gateLeaks    = "leaks"
	gatePersonal = "personal"
	gateSplit    = "split"
	gateQuality  = "quality"
)

// Step is the agent.
func Step() durable.Step[handoff.Scope, handoff.Dataset] {
	return durable.Step[handoff.Scope, handoff.Dataset]{
		Agent:   handoff.DataPreparer,
		Version: 13,
		Reads:   reads,
		Gates:   []string{gateSamples, gateLeaks, gatePersonal, gateSplit, gateQuality},
		Work:    work,
	}
}

// reads is what of the settings the result depends on: the seed, the shares
// of the parts and the waivers, which keep columns.
func reads(s handoff.Settings) any {
	shares, _ := settings.Shares(s.Set)
	waived := make([]string, len(s.Waivers))
	for i, w := range s.Waivers {
		waived[i] = w.Code + ":" + w.Column
	}
	slices.Sort(waived)
	return map[string]any{"seed": s.Seed, "shares": shares, "waived": slices.Compact(waived)}
}

func work(ctx context.Context, d *durable.Desk, scope handoff.Scope) (handoff.Dataset, error) {
	if err := memory.Check(scope, d.Settings); err != nil {
		return handoff.Dataset{}, err
	}
	make := flat
	if scope.Label != nil {
		make = eventExamples
	}
	e, err := make(ctx, d, scope)
	if err != nil {
		return handoff.Dataset{}, err
	}
	return prepare(ctx, d, e)
}

// prepare is what is the same for all examples, however they were made.
func prepare(ctx context.Context, d *durable.Desk, e *examples) (handoff.Dataset, error) {
	e.findCopies()
	e.findEntities()
	parts, err := divide(d, e)
	if err != nil {
		return handoff.Dataset{}, err
	}
	out := handoff.Dataset{Scope: e.scope, Target: targetColumn(e), Repairs: e.repairs}
	c := &checks{desk: d, e: e, parts: parts}
	c.shape()
	if e.events != nil {
		c.tables()
	}
	c.samples()
	c.personal()
	c.leaks(ctx)
	c.split()
	if err := ctx.Err(); err != nil {
		return handoff.Dataset{}, err
	}
	out.Quality = c.quality()
	kept := c.kept()
	if err := c.report(kept); err != nil {
		return handoff.Dataset{}, err
	}
	if err := write(ctx, d, e, parts, kept, &out); err != nil {
		return handoff.Dataset{}, err
	}
	d.Say(headline(out, c.findings))
	return out, nil
}

func headline(out handoff.Dataset, findings []handoff.Finding) string {
	removed, warned := 0, 0
	for _, f := range findings {
		switch {
		case f.Action == handoff.Removed:
			removed++
		case f.Severity != handoff.Info:
			warned++
		}
	}
	s := fmt.Sprintf("quality %.2f", out.Quality.Score)
	if removed > 0 {
		s += fmt.Sprintf(" · %s removed", plural(removed, "column"))
	}
	if warned > 0 {
		s += " · " + plural(warned, "warning")
	}
	return s + fmt.Sprintf(" · %s sealed for the test", plural(out.Splits["test"].Rows, "row"))
}

func plural(n int, noun string) string {
	if n == 1 {
		return fmt.Sprintf("%d %s", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
