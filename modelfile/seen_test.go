package modelfile_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// reminded is the built model with its first rows seen, and their number.
func reminded(t testing.TB) (m *modelfile.Model, raw *table.Table, known int) {
	m, raw = build(t)
	known = 40
	rows, prediction := make([]int32, known), make([]float64, known)
	data := learn.Data{Task: learn.Binary, Classes: 2, Target: make([]float64, known)}
	for i := range rows {
		rows[i], prediction[i], data.Target[i] = int32(i), 0.5, float64(i%2)
	}
	features, err := m.Transform.Apply(raw.Take(rows))
	if err != nil {
		t.Fatal(err)
	}
	data.Table = features
	m.Seen = seen.New(data, prediction, 1)
	if err := m.MakeGolden(raw, rows, 16, 1); err != nil {
		t.Fatal(err)
	}
	return m, raw, known
}

// A row that was seen gets the prediction of its kind, any other one that of
// the ensemble: in a table as alone, and from the file as from the model.
func TestSeenRowsTravel(t *testing.T) {
	m, raw, known := reminded(t)
	forgetful := *m
	forgetful.Seen = nil
	plain, err := forgetful.ScoreTable(t.Context(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	data := encode(t, m)
	read, err := modelfile.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(encode(t, read), data) {
		t.Error("what was read has other bytes when it is written again")
	}
	if equal, total, err := read.Replay(); err != nil || equal != total || total != 16 {
		t.Errorf("%d of %d golden rows agree, %v", equal, total, err)
	}
	got, err := read.ScoreTable(t.Context(), raw, 2)
	if err != nil {
		t.Fatal(err)
	}
	features, err := read.Transform.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	x, out := make([]float64, len(features.Columns)), make([]float64, 1)
	for row := range got {
		want := plain[row]
		if row < known {
			want = (float64(row%2) + 0.5) / 2
		}
		features.Gather(x, []int32{int32(row)})
		m.Score(x, out)
		if got[row] != want || out[0] != want {
			t.Fatalf("row %d: %v from the file, %v alone, want %v", row, got[row], out[0], want)
		}
	}
}

// What was seen is a reason like those of the features, and with it they add
// up to the score; a row that was not seen has no such reason.
func TestSeenRowsAreAReason(t *testing.T) {
	m, raw, known := reminded(t)
	scores, err := m.ScoreTable(t.Context(), raw, 1)
	if err != nil {
		t.Fatal(err)
	}
	e, err := modelfile.NewExplainer(m)
	if err != nil {
		t.Fatal(err)
	}
	features := len(m.Transform.Features)
	if names := e.Names(); len(names) != features+1 || names[features] != modelfile.SeenRows || e.Words(features) == "" {
		t.Errorf("reasons are %q", names)
	}
	for _, most := range []int{1, features + 1} {
		got, err := e.ExplainTable(t.Context(), raw, scores, most, 2)
		if err != nil {
			t.Fatal(err)
		}
		for row, why := range got {
			sum, named := why.Base+why.Rest, false
			for _, r := range why.Reasons {
				sum += r.Effect
				named = named || r.Feature == features
			}
			if want := calibrate.LogOdds(scores[row]); math.Abs(sum-want) > 1e-9 {
				t.Errorf("row %d: base, reasons and rest are %v, the score is %v", row, sum, want)
			}
			if named && row >= known || !named && row < known && most > features {
				t.Errorf("row %d of %d that were seen: that is a reason: %v", row, known, named)
			}
		}
	}
}

// Seen rows of another model are refused.
func TestSeenRowsOfAnotherModel(t *testing.T) {
	column := table.Column{Kind: table.Number, Number: []float64{1, 2}}
	m, _ := build(t)
	features := len(m.Transform.Features)
	for name, test := range map[string]struct {
		columns, width int
		task           learn.Task
	}{
		"fewer columns": {features - 1, 1, learn.Binary},
		"more scores":   {features, 3, learn.Multiclass},
		"values":        {features, 1, learn.Regression},
	} {
		data := learn.Data{Task: test.task, Table: &table.Table{Rows: 2}, Target: []float64{0, 1}}
		for range test.columns {
			data.Table.Columns = append(data.Table.Columns, column)
		}
		m.Seen = seen.New(data, make([]float64, 2*test.width), 1)
		if _, err := modelfile.Decode(encode(t, m)); !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
