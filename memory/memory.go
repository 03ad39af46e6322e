// Package memory says how much memory a run may use, how that is shared, and
// how much a run needs.
//
// A limit never changes a result: it decides only how often garbage is
// collected, when the data engine spills to the disk, whether the features of a
// linear fit are held or made again, and whether a run is begun at all.
package memory

import (
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// program is what the process takes beside tables and models: its own code,
// the data engine's, stacks and buffers, in bytes.
const program = 110 << 20

// Limit is how many bytes a run may use: asked, or, where that is 0, nine
// tenths of what the machine and the control group have left. 0 is unknown.
func Limit(asked int64) int64 {
	if asked > 0 {
		return asked
	}
	return available() / 10 * 9
}

// Heap is how much of a limit the garbage collector keeps the heap to. It is
// a goal: what is in use stays, however much it is, which is why Enough asks
// before.
func Heap(limit int64) int64 { return max(limit-program, limit/4) }

// Engine is how much memory the data engine may count before it spills; 0,
// its own choice, where the limit is unknown. asked is --memory, 0 without. It
// counts blocks whole: untouched is about what of them small tables leave empty,
// which is in no memory. The heap has the rest; package duck moves its limit.
func Engine(asked int64) int64 {
	const untouched = 250 << 20
	limit := Limit(asked)
	if limit == 0 {
		return 0
	}
	return untouched + Heap(limit)/20*17
}

// Enough refuses tables that need more memory than a run may use. need is
// what OfScope says; asked is --memory, 0 without.
func Enough(need, asked int64) error {
	limit := Limit(asked)
	if limit == 0 || need <= limit {
		return nil
	}
	why := "the machine, or its control group, has %s left"
	if asked > 0 {
		why = "--memory is %s"
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: "memory.too_little",
		What: fmt.Sprintf("the tables need about %s of memory", size(need)),
		Why:  fmt.Sprintf(why, size(limit)),
		Fix:  fmt.Sprintf("allow %s or more (--memory), or give a table with fewer rows or columns", size(need)),
	}
}

// size is a number of bytes as --memory takes it, rounded up.
func size(bytes int64) string {
	if bytes < 10e9 {
		return fmt.Sprintf("%dMB", (bytes+1e6-1)/1e6)
	}
	return fmt.Sprintf("%dGB", (bytes+1e9-1)/1e9)
}

// Check is Enough for what the scope knows.
func Check(scope handoff.Scope, s handoff.Settings) error {
	return Enough(OfScope(scope, s), s.Memory)
}
