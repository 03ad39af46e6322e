package learn

import (
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"strings"
)

// Panic is a panic on its way from the goroutine that it began on to the one
// that waits for that, which panics with it in turn.
type Panic struct {
	Value any    // that the panic began with
	Where string // it began: function, file and line
	stack string
}

// Error is the value and the place.
func (p *Panic) Error() string { return fmt.Sprintf("%v, in %s", p.Value, p.Where) }

// Stack is that of the goroutine that the panic began on, for a log.
func (p *Panic) Stack() string { return p.stack }

// Caught is the panic that recover gave, with its place; nil where recover gave
// none. A Panic stays what it is. The deferred function that recovers calls it.
func Caught(recovered any) *Panic {
	switch p := recovered.(type) {
	case nil:
		return nil
	case *Panic:
		return p
	}
	callers := make([]uintptr, 32)
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers)]) // without Callers, this and the deferred function
	for {
		frame, more := frames.Next()
		if !more || !strings.HasPrefix(frame.Function, "runtime.") {
			where := fmt.Sprintf("%s (%s:%d)", path.Base(frame.Function), path.Base(frame.File), frame.Line)
			return &Panic{recovered, where, string(debug.Stack())}
		}
	}
}
