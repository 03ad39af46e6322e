package terminal

import (
	"fmt"
	"io"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/septet-ml/septet/durable"
)

// Printer shows the events of a run as they come. Events are given to it one
// at a time; Close ends it and leaves what it showed.
type Printer interface {
	Event(durable.Event)
	Close()
}

// Live is the tree of seven lines that a terminal shows while a run works,
// drawn in place ten times a second.
type Live struct {
	program *tea.Program
	done    chan struct{}
}

// NewLive begins to draw on w, which is a terminal. It reads no keys and
// leaves the signals alone.
func NewLive(w io.Writer) *Live {
	l := &Live{done: make(chan struct{})}
	l.program = tea.NewProgram(tree{board: NewBoard(), style: StyleFor(w), width: Width(w)},
		tea.WithOutput(w), tea.WithInput(nil), tea.WithoutSignalHandler(), tea.WithFPS(20))
	go func() {
		defer close(l.done)
		_, _ = l.program.Run() // a broken terminal must not end the run
	}()
	return l
}

// Event shows e.
func (l *Live) Event(e durable.Event) { l.program.Send(e) }

// Close draws the tree a last time and lets go of the terminal.
func (l *Live) Close() {
	l.program.Send(ended{})
	<-l.done
}

type (
	tick  time.Time
	ended struct{}
)

// tree is the model that bubbletea draws.
type tree struct {
	board *Board
	style Style
	width int
	now   time.Time
}

func again() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(t time.Time) tea.Msg { return tick(t) })
}

func (t tree) Init() tea.Cmd { return again() }

func (t tree) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case durable.Event:
		t.board.Apply(m)
		t.now = m.Time
	case tick:
		t.now = time.Time(m)
		return t, again()
	case tea.WindowSizeMsg:
		t.width = m.Width
	case ended:
		return t, tea.Quit
	}
	return t, nil
}

func (t tree) View() tea.View {
	var b strings.Builder
	b.WriteByte('\n')
	for _, r := range t.board.Rows {
		b.WriteString(t.style.line(r, t.now, t.width))
		b.WriteByte('\n')
	}
	return tea.NewView(b.String())
}

// line is a row in at most width columns: mark, name, what there is to say,
// seconds at the right.
func (s Style) line(r Row, now time.Time, width int) string {
	text, seconds := r.Says(now), r.Seconds
	if r.Status == "running" {
		seconds = max(0, now.Sub(r.Started).Seconds())
	}
	clock := ""
	switch {
	case r.Reused:
		clock = "reused"
	case r.Status == "running" || seconds > 0:
		clock = fmt.Sprintf("%.1f s", seconds)
	}
	name := fmt.Sprintf("%-10s", Name(r.Agent))
	if r.Status == "pending" || r.Status == "skipped" {
		name = s.faint(name)
	}
	room := max(10, min(width, 110)-len("  x ")-10-len(" ")-len(" 9999.9 s"))
	text = ansi.Truncate(text, room, "…")
	pad := strings.Repeat(" ", max(0, room-ansi.StringWidth(text)))
	return strings.TrimRight(fmt.Sprintf("  %s %s %s%s%s", s.mark(r.Status, r.Warnings > 0), name, text, pad, s.faint(fmt.Sprintf("%9s", clock))), " ")
}
