package serve

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/telemetry"
)

const (
	smallBody = 64 << 10 // bytes that are read before a request counts as work

	extraHeader     = "Septet-Ignored-Columns"
	syntheticHeader = "Septet-Replay"
)

// predict answers POST /v1/models/{name}:predict.
func (s *Server) predict(w http.ResponseWriter, r *http.Request, name string) {
	id := newRequestID()
	e := s.endpoint(name)
	if e == nil {
		s.noSuchModel(name).write(w, id)
		return
	}
	k := s.works.Get().(*work)
	defer s.recycle(k)
	leave, refused := s.receive(w, r, k)
	if refused != nil {
		refused.write(w, id)
		return
	}
	defer leave()
	c := call{server: s, id: id, started: time.Now(), synthetic: s.isReplay(r)}
	slot, refused := c.score(r.Context(), e, k)
	if refused != nil {
		refused.write(w, id)
		return
	}
	why, refused := c.explain(r.Context(), slot, k)
	if refused != nil {
		refused.write(w, id)
		return
	}
	c.record(slot, k)
	h := w.Header()
	if k.batch.extra > 0 {
		h[extraHeader] = []string{strconv.Itoa(k.batch.extra)}
	}
	answer := *slot.answer
	if k.batch.looked > 0 {
		answer = *slot.dated
	}
	if k.batch.sets {
		answer.conformal = slot.about.Conformal
	}
	answer.why = why
	k.reply = answer.append(k.reply[:0], slot.model, k.out, slot.about.Width, id)
	h["Content-Type"] = jsonContent
	h["Content-Length"] = []string{strconv.Itoa(len(k.reply))}
	if _, err := w.Write(k.reply); err != nil {
		s.log.Debug("caller left before the answer", "request_id", id, "error", err)
	}
}

// jsonContent is shared by all answers: it is never changed.
var jsonContent = []string{"application/json"}

// receive reads the body into k and takes a place among the requests at work.
// A small body is read first, so that a slow caller holds no place.
func (s *Server) receive(w http.ResponseWriter, r *http.Request, k *work) (leave func(), refused *refusal) {
	large := r.ContentLength < 0 || r.ContentLength > smallBody
	if r.ContentLength > s.limits.BodyBytes {
		return nil, s.bodyTooLarge()
	}
	if !large {
		if refused := s.readBody(w, r, k); refused != nil {
			return nil, refused
		}
	}
	if !s.enter() {
		s.metrics.Overload.Inc()
		w.Header()["Retry-After"] = []string{"1"}
		return nil, &refusal{status: http.StatusTooManyRequests, Problem: problem.Problem{
			Code: "request.overload", What: "the server has more requests than it can answer",
			Fix: "send the request again after a moment",
		}}
	}
	if large {
		if refused := s.readBody(w, r, k); refused != nil {
			s.leave()
			return nil, refused
		}
	}
	return s.leave, nil
}

func (s *Server) readBody(w http.ResponseWriter, r *http.Request, k *work) *refusal {
	k.body = k.body[:0]
	if n := r.ContentLength; n >= 0 {
		k.body = slices.Grow(k.body, int(n))[:n]
		if _, err := io.ReadFull(r.Body, k.body); err != nil {
			return unreadable(err)
		}
		return nil
	}
	body := http.MaxBytesReader(w, r.Body, s.limits.BodyBytes)
	for {
		k.body = slices.Grow(k.body, 4096)
		n, err := body.Read(k.body[len(k.body):cap(k.body)])
		k.body = k.body[:len(k.body)+n]
		if errors.Is(err, io.EOF) {
			return nil
		}
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			return s.bodyTooLarge()
		}
		if err != nil {
			return unreadable(err)
		}
	}
}

func unreadable(err error) *refusal {
	return &refusal{status: http.StatusBadRequest, Problem: problem.Problem{
		Code: "request.unreadable", What: "the request's body did not arrive whole", Cause: err,
	}}
}

func (s *Server) bodyTooLarge() *refusal {
	return &refusal{status: http.StatusRequestEntityTooLarge, Problem: problem.Problem{
		Code: "request.too_large", What: "the request has more than " + strconv.FormatInt(s.limits.BodyBytes, 10) + " bytes",
		Fix: "send the rows in several requests",
	}}
}

// call is one predict request.
type call struct {
	server    *Server
	id        string
	started   time.Time // when its body had arrived
	synthetic bool
}

// score lets the endpoint's slot, or the one on trial, score the request in k.
// A fault of a slot on trial ends the trial and the slot before it answers.
func (c *call) score(ctx context.Context, e *endpoint, k *work) (*slot, *refusal) {
	for {
		r := e.route.Load()
		if r == nil {
			return nil, c.server.noSuchModel(e.name)
		}
		slot, trial := r.pick()
		if r.trial != nil && !c.synthetic {
			r.trial.callers.Add(1)
		}
		slot.read(k, c.server.limits.Rows)
		var err error
		if len(k.batch.faults) == 0 {
			err = slot.score(ctx, k)
		}
		if ctx.Err() != nil {
			return nil, timedOut(ctx)
		}
		if err != nil {
			c.failed(slot, err)
		}
		switch {
		case trial != nil:
			if why := c.judge(trial, k, err); why != nil {
				trial.requests.Add(1)
				trial.failures.Add(1)
				trial.trip(why)
				if trial.before != nil {
					continue
				}
			} else if err == nil && len(k.batch.faults) == 0 {
				trial.answered(time.Since(c.started))
			}
		case r.mirror && err == nil && len(k.batch.faults) == 0:
			c.mirror(r.trial, slot, k)
		}
		return slot, c.refuse(slot, k, err)
	}
}

// explain gives the reasons that the request in k asks for; nil where it asks
// for none.
func (c *call) explain(ctx context.Context, s *slot, k *work) (*reasons, *refusal) {
	why, err := s.explain(ctx, k)
	var refused *refusal
	switch {
	case err == nil:
		return why, nil
	case ctx.Err() != nil:
		return nil, timedOut(ctx)
	case errors.As(err, &refused):
		s.metrics.Refused()
		return nil, refused
	}
	c.failed(s, err)
	return nil, modelFailed("the model failed to explain the rows")
}

func (c *call) failed(s *slot, err error) {
	s.metrics.Failed()
	args := []any{"model", s.ref.Name, "version", s.ref.Version, "request_id", c.id, "error", err}
	if p := (*panicked)(nil); errors.As(err, &p) {
		args = append(args, "stack", string(p.stack))
	}
	c.server.log.Error("a request could not be scored", args...)
}

// judge gives why the trial's slot must not go on: it failed, or it refuses
// what the slot before it would answer.
func (c *call) judge(t *trial, k *work, err error) *problem.Problem {
	if err != nil {
		return rolledBack("deploy.errors", "the candidate failed to score a request", err)
	}
	live := t.live()
	if len(k.batch.faults) == 0 || live == nil || k.batch.onlyUnknown() {
		return nil
	}
	other := c.server.works.Get().(*work)
	defer c.server.recycle(other)
	other.body = append(other.body[:0], k.body...)
	live.read(other, c.server.limits.Rows)
	if len(other.batch.faults) == 0 {
		return rolledBack("deploy.inputs", "the candidate refuses a request that the model before it answers", nil)
	}
	return nil
}

func (t *trial) answered(d time.Duration) {
	t.requests.Add(1)
	t.times.add(d)
}

// refuse is the answer to a request that could not be scored; nil if it was.
func (c *call) refuse(s *slot, k *work, err error) *refusal {
	if err != nil {
		return modelFailed("the model failed to score the rows")
	}
	if len(k.batch.faults) == 0 {
		return nil
	}
	s.metrics.Refused()
	status := http.StatusUnprocessableEntity
	if k.scan.fault != "" {
		status = http.StatusBadRequest
	}
	return &refusal{status: status, faults: slices.Clone(k.batch.faults), more: k.batch.more, Problem: problem.Problem{
		Code: "request.rows", What: "the request cannot be scored as it is",
		Fix: "mend what the faults point at; GET /v1/models/" + s.ref.Name + " lists the columns",
	}}
}

func timedOut(ctx context.Context) *refusal {
	return &refusal{status: http.StatusServiceUnavailable, Problem: problem.Problem{
		Code: "request.timeout", What: "the request took too long", Cause: ctx.Err(),
	}}
}

func modelFailed(what string) *refusal {
	return &refusal{status: http.StatusInternalServerError, Problem: problem.Problem{
		Code: "model.failed", What: what, Fix: "tell who runs the server; the log has the request id",
	}}
}

// record counts and logs an answered request.
func (c *call) record(s *slot, k *work) {
	if c.synthetic {
		s.metrics.Replayed()
	} else {
		took := time.Since(c.started)
		s.times.add(took)
		s.metrics.Answered(k.batch.rows, took)
	}
	s.log.Add(&telemetry.Scored{
		RequestID: c.id, Micros: c.started.UnixMicro(), Synthetic: c.synthetic,
		Rows: k.batch.rows, Features: k.x, Scores: k.out,
	})
}

// newRequestID is 16 random bytes in hex.
func newRequestID() string {
	const digits = "0123456789abcdef"
	var b [32]byte
	for half := range 2 {
		v := rand.Uint64()
		for i := range 16 {
			b[half*16+i] = digits[v>>(60-4*i)&15]
		}
	}
	return string(b[:])
}
