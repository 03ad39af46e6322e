package linear_test

import (
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/linear"
)

var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

func TestConformance(t *testing.T) {
	for name, l := range map[string]linear.Learner{
		"ridge":       {L2: 1},
		"path":        {},
		"elastic net": {L2: 0.5, L1: 2},
		"splines":     {L2: 1, Knots: 4},
		"ranks":       {L2: 1, Ranks: true, Knots: 3},
		"pairs":       {L2: 1, Knots: 2, Pairs: 60},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Run(t, learntest.Subject{Learner: l, Decode: linear.Decode, Tasks: tasks, Repeats: true})
		})
	}
}

func FuzzDecode(f *testing.F) {
	learntest.Fuzz(f, learntest.Subject{Learner: linear.Learner{L2: 1, Knots: 2, Pairs: 20}, Decode: linear.Decode, Tasks: tasks})
}
