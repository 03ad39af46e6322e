package main

import (
	"fmt"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/terminal"
)

// markdownTested is what the sealed test says beside the scores.
func markdownTested(b *strings.Builder, o pipeline.RunObject) {
	if o.Tested == nil || o.Scope == nil {
		return
	}
	if s := o.Tested.Sets; s != nil {
		what, size := "Sets of classes", "classes on average"
		if o.Scope.ProblemType == "regression" {
			what, size = "Intervals", "mean length"
		}
		fmt.Fprintf(b, "\n%s promise to hold %s of new truths. On the sealed test they held %s; a kept promise gives %s to %s (%s: %s).\n",
			what, share(&s.Coverage), shareOf(s.Held), share(&s.Low), share(&s.High), size, terminal.Figure(s.Size))
	}
}

func share(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100**v)
}

// shareOf is a share with its interval.
func shareOf(m handoff.Measure) string {
	if m.Low == nil || m.High == nil {
		return share(m.Value)
	}
	return fmt.Sprintf("%s (%s – %s)", share(m.Value), share(m.Low), share(m.High))
}
