package pipeline_test

import (
	"context"
	"testing"

	"github.com/septet-ml/septet/ledger"
)

// BenchmarkRun is a run whose agents take no time: what is left is validation,
// the ledger with all its syncs, the log and the trace. Each run has another
// seed, so that nothing is re-used.
func BenchmarkRun(b *testing.B) {
	bench := newBench(b)
	for b.Loop() {
		bench.o.Brief.Settings.Seed++
		if r, err := bench.p.Start(context.Background(), bench.o); err != nil || r.Status != ledger.Completed {
			b.Fatalf("%v: %s %v", err, r.Status, r.Problem)
		}
	}
}

// BenchmarkReuse is a run that finds all its work done, but for the effects.
func BenchmarkReuse(b *testing.B) {
	bench := newBench(b)
	for b.Loop() {
		if _, err := bench.p.Start(context.Background(), bench.o); err != nil {
			b.Fatal(err)
		}
	}
}
