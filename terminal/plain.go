package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/septet-ml/septet/durable"
)

// Heartbeat is how long the plain printer stays silent at most.
const Heartbeat = 10 * time.Second

// Plain writes at most two lines for each agent, for logs and pipes: that it
// began and how it ended. Between them it says every ten seconds what it is at.
type Plain struct {
	w     io.Writer
	style Style

	mutex sync.Mutex
	board *Board
	last  time.Time // of the last line
	stop  chan struct{}
	done  chan struct{}
}

// NewPlain begins to write on w.
func NewPlain(w io.Writer) *Plain {
	p := &Plain{w: w, style: StyleFor(w), board: NewBoard(), last: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	go p.beat()
	return p
}

// Event shows e.
func (p *Plain) Event(e durable.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.board.Apply(e)
	r := p.board.row(e.Agent)
	switch {
	case r == nil:
	case e.What == durable.AgentStarted:
		p.say("  %s %s", p.style.mark("running", false), Name(r.Agent))
	case e.What == durable.AgentFinished && e.Status != "skipped":
		p.say("%s", p.style.line(*r, e.Time, Width(p.w)))
	}
}

func (p *Plain) say(format string, args ...any) {
	fmt.Fprintf(p.w, format+"\n", args...)
	p.last = time.Now()
}

func (p *Plain) beat() {
	defer close(p.done)
	ticks := time.NewTicker(Heartbeat / 4)
	defer ticks.Stop()
	for {
		select {
		case <-p.stop:
			return
		case now := <-ticks.C:
			p.mutex.Lock()
			if now.Sub(p.last) >= Heartbeat-Heartbeat/8 {
				for _, r := range p.board.Rows {
					if r.Status == "running" {
						p.say("%s", p.style.line(r, now, Width(p.w)))
					}
				}
			}
			p.mutex.Unlock()
		}
	}
}

// Close ends the heartbeat.
func (p *Plain) Close() {
	close(p.stop)
	<-p.done
}

// NDJSON writes every event as one line of JSON.
type NDJSON struct{ encoder *json.Encoder }

// NewNDJSON writes on w.
func NewNDJSON(w io.Writer) *NDJSON { return &NDJSON{json.NewEncoder(w)} }

// Event writes e.
func (n *NDJSON) Event(e durable.Event) { _ = n.encoder.Encode(e) }

// Close does nothing: every line is written when it comes.
func (n *NDJSON) Close() {}
