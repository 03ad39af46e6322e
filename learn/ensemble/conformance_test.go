package ensemble_test

import (
	"context"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/learntest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/portfolio"
)

// mix is the learner whose model is a pool of three families, one of
// them a bag of two.
type mix struct{}

func (mix) Name() string { return ensemble.Name }

func (mix) Fit(ctx context.Context, train learn.Data, valid *learn.Data, opt learn.Options) (learn.Model, error) {
	out := &ensemble.Model{Pool: ensemble.PoolOf(train.Task)}
	for i, l := range []learn.Learner{linear.Learner{L2: 1}, baseline.Rule{}, forest.Learner{Trees: 3, Leaves: 5}} {
		member := ensemble.Member{Weight: 1 / float64(i+1)}
		for k := range 1 + i/2 {
			m, err := l.Fit(ctx, train, valid, learn.Options{Seed: opt.Seed + uint64(k), Threads: opt.Threads})
			if err != nil {
				return nil, err
			}
			member.Models = append(member.Models, m)
		}
		out.Members = append(out.Members, member)
	}
	return out, nil
}

var subject = learntest.Subject{
	Learner: mix{},
	Decode:  func(data []byte) (learn.Model, error) { return ensemble.Decode(data, portfolio.Decode) },
	Tasks:   []learn.Task{learn.Binary, learn.Multiclass, learn.Regression},
}

// What a learner's model promises, a pool of models does.
func TestConformance(t *testing.T) { learntest.Run(t, subject) }
