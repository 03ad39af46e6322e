package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/terminal"
)

// look is how often a page that watches a run looks into the ledger.
const look = 400 * time.Millisecond

// pulse is what a watching page is told: how far the run is.
type pulse struct {
	Status ledger.Status `json:"status"`
	Agents []pulseAgent  `json:"agents"`
	Stage  int           `json:"stage"` // raised whenever the page has something new to show
}

type pulseAgent struct {
	Status  string  `json:"status"`
	Said    string  `json:"said"`
	Seconds float64 `json:"seconds"`
}

// events sends the state of a run whenever it changes (server-sent events),
// the whole of it first, so that a page that comes late or comes back is right
// at once. It ends with the run.
func (s *Site) events(w http.ResponseWriter, r *http.Request) {
	run, err := s.find(r.Context(), r.PathValue("run"))
	if err != nil {
		s.failed(w, r, err)
		return
	}
	out := http.NewResponseController(w)
	_ = out.SetWriteDeadline(time.Time{}) // a run may take hours
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	ticks := time.NewTicker(look)
	defer ticks.Stop()
	last, board, offset := "", terminal.NewBoard(), int64(0)
	for {
		events, next, err := durable.ReadEvents(s.workspace, run.ID, offset)
		if err != nil {
			s.log.Error("read a run's events", "run", run.ID, "error", err)
		}
		offset = next
		for _, e := range events {
			board.Apply(e)
		}
		text, err := json.Marshal(pulseOf(run, board))
		if err != nil {
			return
		}
		if string(text) != last {
			last = string(text)
			if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil || out.Flush() != nil {
				return
			}
		}
		if run.Status != ledger.Running {
			return
		}
		select {
		case <-ticks.C:
		case <-r.Context().Done():
			return
		}
		if run, err = s.find(r.Context(), run.ID); err != nil {
			return // its row was there a moment ago; the page asks again
		}
	}
}

func pulseOf(run ledger.Run, board *terminal.Board) pulse {
	p := pulse{Status: run.Status, Stage: run.Count}
	for i, a := range run.Agents {
		said := a.Headline
		if a.Status == "running" {
			said = board.Rows[i].Says(time.Now())
		}
		p.Agents = append(p.Agents, pulseAgent{a.Status, said, a.Seconds})
	}
	return p
}
