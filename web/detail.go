package web

import (
	"fmt"

	"github.com/septet-ml/septet/handoff"
)

// Numbers tells whether a number is predicted, not a class.
func (p *runPage) Numbers() bool { return p.Scope != nil && p.Scope.ProblemType == "regression" }

// held writes a share with its interval: "91.2 % (88.0 to 93.9 %)".
func held(m handoff.Measure) string {
	switch {
	case m.Value == nil:
		return "–"
	case m.Low == nil || m.High == nil:
		return percent(*m.Value)
	}
	return fmt.Sprintf("%s (%.1f to %s)", percent(*m.Value), 100**m.Low, percent(*m.High))
}
