package modelfile_test

import (
	"errors"
	"testing"

	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/modelfile"
)

// A file whose learners read longer or shorter rows than its transformation
// makes is refused before anything is scored.
func TestLearnersThatDoNotFitTheTransformation(t *testing.T) {
	m, _ := build(t)
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
