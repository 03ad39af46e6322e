package serve

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"runtime"
	"runtime/debug"
	"strconv"

	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
)

const (
	maxReasons = 100 // a row; a model that has fewer features gives all

	// explainSteps bounds the work of a request's reasons, in steps of a few
	// nanoseconds: some seconds of one processor.
	explainSteps = 500_000_000
)

// readExplain reads how many reasons a row a request asks for.
func (f *form) readExplain(s *scanner, b *batch) {
	if c := s.next(); c < '0' || c > '9' {
		b.fault("/explain", "is no number of reasons", f.reasonsFix())
		s.skip(1)
		return
	}
	n, err := strconv.Atoi(s.number())
	if s.fault == "" && (err != nil || n < 1 || n > maxReasons) {
		b.fault("/explain", "is no number of reasons", f.reasonsFix())
		return
	}
	b.reasons = n
}

func (f *form) reasonsFix() string {
	return fmt.Sprintf("give 1 to %d, or leave it out", maxReasons)
}

// reasoner gives the reasons of a slot's predictions. It is made when the first
// request asks for some.
type reasoner struct {
	*modelfile.Explainer
	before, after [][]byte // by feature: JSON around the effect
	rows          int      // that one request may ask for
}

func newReasoner(m Model) (*reasoner, error) {
	e, err := m.Explainer()
	if err != nil {
		return nil, err
	}
	r := &reasoner{Explainer: e, rows: max(1, explainSteps/max(1, e.Cost()))}
	for i, name := range e.Names() {
		feature, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		words, err := json.Marshal(e.Words(i))
		if err != nil {
			return nil, err
		}
		r.before = append(r.before, append(append([]byte(`{"feature":`), feature...), `,"effect":`...))
		r.after = append(r.after, append(append([]byte(`,"words":`), words...), '}'))
	}
	return r, nil
}

// reasons is why the rows of a request got their scores.
type reasons struct {
	*reasoner
	rows []modelfile.Explanation
}

// explain gives the reasons that the scored request in w asks for; nil for one
// that asks for none.
func (s *slot) explain(ctx context.Context, w *work) (why *reasons, err error) {
	if w.batch.reasons == 0 {
		return nil, nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = &panicked{r, debug.Stack()}
		}
	}()
	r, err := s.reasoner()
	if err != nil {
		return nil, err
	}
	if w.batch.rows > r.rows {
		return nil, s.tooManyReasons(r.rows)
	}
	why = &reasons{reasoner: r, rows: make([]modelfile.Explanation, w.batch.rows)}
	features, width := len(s.about.Features), s.about.Width
	for i := range why.rows {
		if i > 0 {
			runtime.Gosched()
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		if why.rows[i], err = r.Explain(w.x[i*features:(i+1)*features], w.out[i*width:(i+1)*width], w.batch.reasons); err != nil {
			return nil, err
		}
	}
	return why, nil
}

func (s *slot) tooManyReasons(rows int) *refusal {
	return &refusal{status: http.StatusUnprocessableEntity, Problem: problem.Problem{
		Code: "request.explain", Where: "/rows", What: "the request asks for the reasons of too many rows",
		Why: fmt.Sprintf("%s version %d gives those of %d rows a request", s.ref.Name, s.ref.Version, rows),
		Fix: fmt.Sprintf("send at most %d rows with explain, or use septet predict --explain", rows),
	}}
}

// append writes a row's reasons behind its prediction; nil writes nothing.
func (r *reasons) append(b []byte, row int) []byte {
	if r == nil {
		return b
	}
	e := &r.rows[row]
	b = appendFloat(append(b, `,"base":`...), e.Base)
	b = append(b, `,"reasons":[`...)
	for i, reason := range e.Reasons {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r.before[reason.Feature]...)
		b = appendFloat(b, reason.Effect)
		b = append(b, r.after[reason.Feature]...)
	}
	return appendFloat(append(b, `],"rest":`...), e.Rest)
}
