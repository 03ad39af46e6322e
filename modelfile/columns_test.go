package modelfile_test

import (
	"errors"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/modelfile"
)

// A file whose learners read longer or shorter rows than its transformation
// makes is refused before anything is scored.
func TestLearnersThatDoNotFitTheTransformation(t *testing.T) {
	m, raw := build(t)
	features, err := m.Transform.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	data := learn.Data{Task: learn.Binary, Classes: 2, Table: features, Target: make([]float64, raw.Rows)}
	for i := range data.Target {
		data.Target[i] = float64(i % 2)
	}
	for _, l := range []learn.Learner{baseline.Rule{}, forest.Learner{Trees: 2}, neighbor.Learner{Rows: 50}, net.Learner{Width: 4, Epochs: 1}} {
		model, err := l.Fit(t.Context(), data, nil, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		m.Ensemble.Members = append(m.Ensemble.Members, ensemble.Member{Weight: 1, Models: []learn.Model{model}})
	}
	whole := *m.Transform
	for i, member := range m.Ensemble.Members {
		hostile := *m
		hostile.Ensemble = &ensemble.Model{Members: []ensemble.Member{member}}
		if _, err := modelfile.Decode(encode(t, &hostile)); err != nil {
			t.Errorf("member %d, whole: %v", i, err)
		}
		fewer, more := whole, whole
		fewer.Features = whole.Features[:1]
		more.Features = append(append(more.Features[:0:0], whole.Features...), whole.Features[0])
		hostile.Transform = &fewer
		if _, err := modelfile.Decode(encode(t, &hostile)); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("member %d, fewer features: %v", i, err)
		}
		hostile.Transform = &more
		if _, err := modelfile.Decode(encode(t, &hostile)); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("member %d, more features: %v", i, err)
		}
	}
}
