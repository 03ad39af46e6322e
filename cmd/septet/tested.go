package main

import (
	"strings"

	"github.com/septet-ml/septet/modelcard"
	"github.com/septet-ml/septet/pipeline"
)

// markdownTested is what the sealed test says beside the scores.
func markdownTested(b *strings.Builder, o pipeline.RunObject) {
	if t := o.Tested; t != nil && o.Scope != nil {
		modelcard.Tested{
			Task: o.Scope.ProblemType, Sets: t.Sets, Decision: t.Decision, Groups: t.Groups, Segments: t.Segments, Learning: t.Learning,
		}.Write(b, "##")
	}
}
