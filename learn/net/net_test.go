package net_test

import (
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/net"
)

var all = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

func TestConformance(t *testing.T) {
	for name, l := range map[string]net.Learner{
		"default": {Width: 16},
		"several": {Nets: 3, Width: 8, Hidden: 1, Bins: -1, Epochs: 20},
		"deep":    {Nets: 1, Width: 8, Hidden: 3, Bins: 3, Epochs: 20, Dropout: 0.2},
	} {
		t.Run(name, func(t *testing.T) {
			learntest.Run(t, learntest.Subject{Learner: l, Decode: net.Decode, Tasks: all})
		})
	}
}

func FuzzDecode(f *testing.F) {
	learntest.Fuzz(f, learntest.Subject{Learner: net.Learner{Width: 4, Bins: 3}, Decode: net.Decode, Tasks: all})
}
