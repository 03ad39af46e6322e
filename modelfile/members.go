package modelfile

import (
	"context"
	"errors"
	"runtime"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/portfolio"
)

// maxLearners is how many learners a file has at most: ten times as many as the
// longest plan makes.
const maxLearners = 10_000

// readEnsemble reads an ensemble whose learners are read side by side, on half
// of the processors: the others go on with what they do, which may be to serve
// the model before.
func readEnsemble(data []byte) (*ensemble.Model, error) {
	type part struct {
		name  string
		data  []byte
		model learn.Model
		fault error
	}
	var parts []part
	_, err := ensemble.Decode(data, func(name string, data []byte) (learn.Model, error) {
		if len(parts) == maxLearners {
			return nil, errors.New("too many learners")
		}
		parts = append(parts, part{name: name, data: data})
		return unread{}, nil
	})
	if err != nil {
		return nil, err
	}
	err = learn.Blocks(context.Background(), len(parts), 1, runtime.GOMAXPROCS(0)/2, func(i, _ int) {
		p := &parts[i]
		p.model, p.fault = portfolio.Decode(p.name, p.data)
	})
	if err != nil {
		return nil, err
	}
	return ensemble.Decode(data, func(string, []byte) (learn.Model, error) {
		p := parts[0]
		parts = parts[1:]
		return p.model, p.fault
	})
}

// unread stands for a model that is yet to be read.
type unread struct{ learn.Model }

// Width is the same for all.
func (unread) Width() int { return 1 }
