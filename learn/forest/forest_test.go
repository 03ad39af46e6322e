package forest_test

import (
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/learntest"
)

var all = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

func TestConformance(t *testing.T) {
	for name, l := range map[string]forest.Learner{
		"random": {},
		"extra":  {Extra: true, Trees: 40},
		"small":  {Trees: 5, Leaves: 8, Columns: 1},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Run(t, learntest.Subject{Learner: l, Decode: forest.Decode, Tasks: all})
		})
	}
}

func FuzzDecode(f *testing.F) {
	learntest.Fuzz(f, learntest.Subject{Learner: forest.Learner{Trees: 2, Leaves: 5}, Decode: forest.Decode, Tasks: all})
}
