package duck

import (
	"context"
	"math"
	"runtime/debug"
)

// share is what an engine takes of the memory that the process was given as the
// limit of Go's heap (debug.SetMemoryLimit), which knows nothing of it. Without
// such a limit it does nothing.
type share struct {
	taken int64 // bytes by which the limit is lower
	fed   bool  // a table was loaded since the last statement
}

// own is about what an engine has beside the memory that it counts, in bytes:
// its code, threads, and pages that the C library keeps.
const own = 75 << 20

// least is the heap's limit below which an engine does not bring it.
const least = 32 << 20

// account lowers the heap's limit by what the engine holds now.
func (d *DB) account(ctx context.Context) error {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		return nil
	}
	t, err := d.Query(ctx, "SELECT sum(memory_usage_bytes)::DOUBLE AS held FROM duckdb_memory()")
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.share.take(own + int64(t.Columns[0].Number[0]))
	d.share.fed = true
	return nil
}

// take makes the heap's limit lower by bytes in all.
func (s *share) take(bytes int64) {
	limit := debug.SetMemoryLimit(-1) + s.taken
	s.taken = max(0, min(bytes, limit-least))
	debug.SetMemoryLimit(limit - s.taken)
}

// yield gives what reading a table has left on the heap back to the machine,
// before the engine needs it.
func (s *share) yield() {
	if s.fed {
		s.fed = false
		debug.FreeOSMemory()
	}
}

// end gives all back.
func (s *share) end() {
	if s.taken > 0 {
		s.take(0)
	}
}
