// Package terminal shows a person, or a program that reads lines, what a run
// does and how it ended. One stream of durable.Event feeds all its printers.
//
// Colour is only a second signal: every mark is a character too, and without
// a terminal, or with NO_COLOR set, the words are the same.
package terminal

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Style paints text, or leaves it as it is when Colour is false.
type Style struct{ Colour bool }

// StyleFor is the style that fits w: coloured on a terminal, unless NO_COLOR
// is set or the terminal is dumb.
func StyleFor(w io.Writer) Style {
	return Style{Colour: IsTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

// IsTerminal tells whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Width is w's width in columns; 100 where it has none.
func Width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return 100
}

func (s Style) paint(code, text string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) good(text string) string    { return s.paint("32", text) }
func (s Style) warning(text string) string { return s.paint("33", text) }
func (s Style) bad(text string) string     { return s.paint("1;31", text) }
func (s Style) accent(text string) string  { return s.paint("1;34", text) }
func (s Style) faint(text string) string   { return s.paint("2", text) }
func (s Style) strong(text string) string  { return s.paint("1", text) }

// mark is the sign of an agent's status, one column wide.
func (s Style) mark(status string, warned bool) string {
	switch status {
	case "success":
		if warned {
			return s.warning("!")
		}
		return s.good("✓")
	case "partial":
		return s.warning("!")
	case "running":
		return s.accent("◐")
	case "blocked", "failed":
		return s.bad("✕")
	case "needs_input":
		return s.warning("?")
	case "skipped":
		return s.faint("–")
	}
	return s.faint("·")
}

// Check is the sign of a check that was tried: ok, warning or failed.
func (s Style) Check(status string) string {
	switch status {
	case "ok":
		return s.good("✓")
	case "warning":
		return s.warning("!")
	}
	return s.bad("✕")
}
