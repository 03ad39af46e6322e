package modelfile_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/modelfile"
)

// BenchmarkDecode reads a file of five times 300 small trees and 100 large ones.
func BenchmarkDecode(b *testing.B) {
	m, raw := build(b)
	raw = raw.Take(slices.Repeat([]int32{0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233}, 100))
	for i := range raw.Rows {
		raw.Columns[0].Number[i] += float64(i*7919%1301) / 10
	}
	features, err := m.Transform.Apply(raw)
	if err != nil {
		b.Fatal(err)
	}
	data := learn.Data{Task: learn.Binary, Classes: 2, Table: features, Target: make([]float64, raw.Rows)}
	for i := range data.Target {
		data.Target[i] = float64(i * 31 % 17 % 2)
	}
	m.Ensemble.Members = nil
	for _, l := range []learn.Learner{tree.Boost{Rounds: 300, LearningRate: 0.05, Leaves: 31, MinRows: 1}, forest.Learner{Trees: 100}} {
		model, err := l.Fit(b.Context(), data, nil, learn.Options{Threads: 1})
		if err != nil {
			b.Fatal(err)
		}
		m.Ensemble.Members = append(m.Ensemble.Members, ensemble.Member{Weight: 1, Models: slices.Repeat([]learn.Model{model}, 5)})
	}
	if err := m.MakeGolden(raw, []int32{1, 2, 3}, 3, 1); err != nil {
		b.Fatal(err)
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(file.Len()))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := modelfile.Decode(file.Bytes()); err != nil {
			b.Fatal(err)
		}
	}
}
