package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/problem"
)

// Reply is the answer to a predict request.
type Reply struct {
	Predictions []Prediction `json:"predictions"`
	Model       modelRef     `json:"model"`
	Slot        string       `json:"slot"`
	RequestID   string       `json:"request_id"`
}

// Prediction is one row's answer.
type Prediction struct {
	Prediction    any                `json:"prediction"` // class name, or number
	Probability   *float64           `json:"probability"`
	Probabilities map[string]float64 `json:"probabilities"`
}

const (
	replayEvery  = 10 * time.Millisecond
	enoughCalled = 10 // requests of callers that make a replay needless
)

// replay sends golden rows through the listener until ctx ends, if callers
// have not sent enough in the first part of d. An answer that is wrong ends
// the trial. Rows that the model before cannot read are left out where it has
// a share of the requests.
func (s *Server) replay(ctx context.Context, t *trial, share float64, d time.Duration) {
	if !sleep(ctx, min(d/4, time.Second)) || t.callers.Load() >= enoughCalled {
		return
	}
	rows := t.slot.about.Golden
	if live := t.live(); live != nil && share < 1 {
		rows = readable(live, rows)
	}
	for i := 0; len(rows) > 0; i++ {
		t.synthetic.Store(true)
		_, err := s.ask(ctx, t, rows[i%len(rows)])
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			t.failures.Add(1)
			t.trip(asProblem(err))
			return
		}
		if !sleep(ctx, replayEvery) {
			return
		}
	}
}

// sleep waits; false if ctx ended meanwhile.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func readable(live *slot, rows []Golden) []Golden {
	var out []Golden
	w := &work{}
	for _, g := range rows {
		w.body = exampleBody(w.body, g)
		if live.read(w, 1); len(w.batch.faults) == 0 {
			out = append(out, g)
		}
	}
	return out
}

// probe asks once through the listener and wants the trial's slot to answer.
func (s *Server) probe(ctx context.Context, t *trial) (requestID string, err error) {
	reply, err := s.ask(ctx, t, t.slot.about.Golden[0])
	if err != nil {
		return "", err
	}
	if reply.Model.Digest != t.slot.ref.Digest {
		return "", rolledBack("deploy.probe", "another model answered at the candidate's address", nil)
	}
	return reply.RequestID, nil
}

// ask sends one golden row through the listener, as a caller would, again
// while the server is overloaded. What the candidate answers must be the row's
// scores, bit for bit.
func (s *Server) ask(ctx context.Context, t *trial, g Golden) (reply *Reply, err error) {
	for {
		reply, err = Predict(ctx, s.client, s.selfURL+modelsPath+"/"+t.slot.ref.Name+":predict",
			http.Header{syntheticHeader: {s.replayID}}, exampleBody(nil, g))
		if p := problem.As(err); p == nil || p.Code != "request.overload" || !sleep(ctx, replayEvery) {
			break
		}
	}
	if err != nil {
		return nil, rolledBack("deploy.probe", "a replayed request was not answered", err)
	}
	if reply.Model.Digest == t.slot.ref.Digest && !t.slot.about.Gives(reply, g.Scores) {
		return nil, rolledBack("deploy.golden", "the candidate's answer through the listener is not what its file promises", nil)
	}
	return reply, nil
}

func exampleBody(b []byte, g Golden) []byte { return fmt.Appendf(b[:0], `{"rows":[%s]}`, g.Row) }

// isReplay tells the server's own requests from those of callers.
func (s *Server) isReplay(r *http.Request) bool {
	h := r.Header[syntheticHeader]
	return len(h) == 1 && h[0] == s.replayID
}

// Gives tells whether a reply to one row holds exactly these scores.
func (a *About) Gives(reply *Reply, scores []float64) bool {
	if len(reply.Predictions) != 1 {
		return false
	}
	p := reply.Predictions[0]
	switch a.Task {
	case learn.Binary:
		return p.Probability != nil && sameBits([]float64{*p.Probability}, scores)
	case learn.Multiclass:
		got := make([]float64, len(a.Classes))
		for i, class := range a.Classes {
			got[i] = p.Probabilities[class]
		}
		return sameBits(got, scores)
	}
	v, ok := p.Prediction.(float64)
	return ok && sameBits([]float64{v}, scores)
}

// Predict posts a predict request to url, a model's URL and ":predict", and
// reads the answer. A refusal is a *problem.Problem.
func Predict(ctx context.Context, client *http.Client, url string, header http.Header, body []byte) (*Reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("predict: %w", err)
	}
	if answer.StatusCode != http.StatusOK {
		var d document
		if json.Unmarshal(text, &d) != nil || d.Code == "" {
			return nil, fmt.Errorf("predict: answer %s", answer.Status)
		}
		return nil, &problem.Problem{Code: d.Code, What: d.Title, Why: d.Detail, Fix: d.Fix}
	}
	reply := &Reply{}
	if err := json.Unmarshal(text, reply); err != nil {
		return nil, fmt.Errorf("predict: answer is not JSON: %w", err)
	}
	return reply, nil
}
