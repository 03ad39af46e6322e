package serve

import (
	"log/slog"
	"testing"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/serve/servetest"
)

// BenchmarkOneRow is a one-row request without the network: read, scored,
// written, counted and logged.
func BenchmarkOneRow(b *testing.B) {
	dir := b.TempDir()
	path, m, err := servetest.Recipe{Numbers: 16, Trees: 500, Rows: 3000}.Write(b.Context(), dir, "m.septet")
	if err != nil {
		b.Fatal(err)
	}
	s, err := newServer(Config{Workspace: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer s.history.Close()
	sl, err := s.load(b.Context(), ledger.Model{Name: "m", Version: 1, Digest: m.Digest(), Path: path}, "blue")
	if err != nil {
		b.Fatal(err)
	}
	w := &work{}
	g := sl.about.Golden[0]
	step := func(name string, run func()) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
		})
	}
	w.body = exampleBody(w.body, g)
	step("read", func() { sl.read(w, 1) })
	sl.read(w, 1)
	step("score", func() {
		if err := sl.score(b.Context(), w); err != nil {
			b.Fatal(err)
		}
	})
	step("answer", func() {
		w.reply = sl.answer.append(w.reply[:0], sl.model, w.out, sl.about.Width, "0123456789abcdef0123456789abcdef")
	})
	c := call{server: s, id: newRequestID()}
	step("record", func() { c.record(sl, w) })
}
