package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/pipeline"
)

// Stages writes the seven lines of a run as the live tree leaves them.
func Stages(w io.Writer, s Style, o pipeline.RunObject) {
	warned := map[string]bool{}
	for _, f := range o.Findings {
		if f.Severity != handoff.Info && f.Action != handoff.Waived {
			agent, _, _ := strings.Cut(f.ID, "-")
			warned[agent] = true
		}
	}
	for _, st := range o.Stages {
		r := Row{Agent: st.Agent, Status: st.Status, Reused: st.Reused}
		if warned[string(st.Agent)] {
			r.Warnings = 1
		}
		if st.Headline != nil {
			r.Headline = *st.Headline
		}
		if st.Seconds != nil {
			r.Seconds = *st.Seconds
		}
		fmt.Fprintln(w, s.line(r, time.Time{}, Width(w)))
	}
}
