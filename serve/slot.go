package serve

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/telemetry"
)

// slot holds one loaded model version, ready to answer.
type slot struct {
	ref    modelRef
	color  string // "blue" or "green"
	path   string
	bytes  int64 // of the file
	memory int64 // bytes that loading added to the heap
	model  Model
	about  *About
	form   *form
	answer *answer
	dated  *answer // to requests with rows that were looked up; nil where none can be

	reasoner func() (*reasoner, error) // the same one at every call

	times   tally // of answers to callers
	metrics *telemetry.ModelMetrics
	log     *telemetry.LogModel

	deployment ledger.Deployment // that put it here
}

// work is the memory of one request, used again by later ones.
type work struct {
	body  []byte
	scan  scanner
	batch batch
	x     []float64
	out   []float64
	reply []byte
}

// blockRows is how many rows are scored before others get the processor.
const blockRows = 64

// read reads the request in w.body by the slot's form.
func (s *slot) read(w *work, maxRows int) {
	w.scan = scanner{data: w.body, arena: w.scan.arena[:0]}
	s.form.read(&w.scan, &w.batch, maxRows)
}

// score scores the rows that read has read into w.out. Whatever goes wrong,
// a panic included, is the model's fault and comes back as an error.
func (s *slot) score(ctx context.Context, w *work) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	features, inputs, width := len(s.about.Features), len(s.about.Inputs), s.about.Width
	w.x = grow(w.x, w.batch.rows*features)
	w.out = grow(w.out, w.batch.rows*width)
	for lo := 0; lo < w.batch.rows; lo += blockRows {
		if lo > 0 {
			runtime.Gosched()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		hi := min(lo+blockRows, w.batch.rows)
		for i := lo; i < hi; i++ {
			s.model.Features(w.batch.cells[i*inputs:(i+1)*inputs], w.x[i*features:(i+1)*features])
		}
		s.model.Score(w.x[lo*features:hi*features], w.out[lo*width:hi*width])
	}
	return s.checkScores(w.out)
}

// panicked is a panic of a model's code.
type panicked struct {
	value any
	stack []byte // for the log
}

func (p *panicked) Error() string { return fmt.Sprintf("the model panicked: %v", p.value) }

// checkScores refuses what no caller may get: a number that is not finite, or
// a probability outside 0 to 1.
func (s *slot) checkScores(out []float64) error {
	probability := s.about.Task != learn.Regression
	for _, v := range out {
		if math.IsNaN(v) || math.IsInf(v, 0) || probability && !(v >= 0 && v <= 1) {
			return fmt.Errorf("score with %s: %w", s.ref.Digest, errScore)
		}
	}
	return nil
}

// grow gives n values, in x's memory where there is room.
func grow(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}
