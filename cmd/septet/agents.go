package main

import (
	"github.com/septet-ml/septet/agent/analyze"
	"github.com/septet-ml/septet/agent/choose"
	"github.com/septet-ml/septet/agent/deploy"
	"github.com/septet-ml/septet/agent/observe"
	"github.com/septet-ml/septet/agent/prepare"
	"github.com/septet-ml/septet/agent/scope"
	"github.com/septet-ml/septet/agent/train"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/pipeline"
)

// agents are the seven, in the order of the run, with what they work with.
func agents() pipeline.Pipeline {
	return pipeline.Pipeline{
		Scope:   scope.Step(),
		Prepare: prepare.Step(),
		Analyze: analyze.Step(tree.Boost{Rounds: 120, LearningRate: 0.1, Leaves: 15, MinRows: 20, L2: 1, Patience: 15}),
		Choose:  choose.Step(),
		Train:   train.Step(),
		Deploy:  deploy.Step(startServer),
		Observe: observe.Step(),
	}
}
