package serve

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// errScore is the error of a score that no caller may get.
var errScore = errors.New("the model gave a score that is not finite or no probability")

// refusal is an answer with a problem document (RFC 9457).
type refusal struct {
	status int
	problem.Problem
	faults []handoff.Fault
	more   int // faults that are not listed
}

// document is the body of a refusal.
type document struct {
	Type      string          `json:"type"`
	Title     string          `json:"title"`
	Status    int             `json:"status"`
	Detail    string          `json:"detail,omitempty"`
	Code      string          `json:"code"`
	Where     string          `json:"where,omitempty"`
	Nearest   []string        `json:"nearest,omitempty"`
	Fix       string          `json:"fix,omitempty"`
	Faults    []handoff.Fault `json:"faults,omitempty"`
	Unlisted  int             `json:"faults_unlisted,omitempty"`
	RequestID string          `json:"request_id,omitempty"`
}

// write answers with the refusal.
func (r *refusal) write(w http.ResponseWriter, requestID string) {
	body, err := json.Marshal(document{
		Type: "urn:septet:problem:" + r.Code, Title: r.What, Status: r.status, Detail: r.Why, Code: r.Code,
		Where: r.Where, Nearest: r.Nearest, Fix: r.Fix, Faults: r.faults, Unlisted: r.more, RequestID: requestID,
	})
	if err != nil {
		http.Error(w, "problem document: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h["Content-Type"] = []string{"application/problem+json"}
	h["Content-Length"] = []string{strconv.Itoa(len(body) + 1)}
	h["X-Content-Type-Options"] = []string{"nosniff"}
	h["Cache-Control"] = []string{"no-store"}
	w.WriteHeader(r.status)
	_, _ = w.Write(append(body, '\n')) // the caller is gone, there is nobody to tell
}
