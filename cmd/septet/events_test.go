package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// TestEventTables tells how models of event tables score, through the real
// program.
func TestEventTables(t *testing.T) {
	p := params()
	p.Dir = "testdata/events"
	p.Cmds["materialised"] = materialised
	p.Cmds["endpoint"] = endpoint
	testscript.Run(t, p)
}

// modelOf is the model that a run object names.
func modelOf(ts *testscript.TestScript, run string) (m *modelfile.Model, name string) {
	var object struct {
		Model struct{ Name, Path string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(run)), &object))
	m, err := modelfile.Open(object.Model.Path)
	ts.Check(err)
	return m, object.Model.Name
}

// materialised copies the feature table that a run has made of everybody as of
// its date:
//
//	materialised RUN.json FILE
func materialised(ts *testscript.TestScript, neg bool, args []string) {
	m, _ := modelOf(ts, args[0])
	files, err := artifact.Open(filepath.Join(ts.MkAbs(".septet"), "artifacts"))
	ts.Check(err)
	data, err := files.Read(m.Points.Latest)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}

// endpoint asks the server for everybody of a feature table, once with full
// rows and once by name, and wants the answers of a file that predict wrote,
// digit for digit:
//
//	endpoint RUN.json FEATURES.parquet PREDICTIONS.csv
func endpoint(ts *testscript.TestScript, neg bool, args []string) {
	m, name := modelOf(ts, args[0])
	features, err := parquet.Read(ts.MkAbs(args[1]), nil)
	ts.Check(err)
	want, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[2]))).ReadAll()
	ts.Check(err)
	if len(want) != features.Rows+1 {
		ts.Fatalf("%d predictions for %d rows", len(want)-1, features.Rows)
	}
	var full, named []map[string]any
	for row := range features.Rows {
		all, key := map[string]any{}, map[string]any{}
		for i := range features.Columns {
			c := &features.Columns[i]
			if all[c.Name] = asked(c, row); slices.Contains(m.Entity, c.Name) {
				key[c.Name] = all[c.Name]
			}
		}
		full, named = append(full, all), append(named, key)
	}
	for what, rows := range map[string][]map[string]any{"full rows": full, "names": named} {
		got := everybody(ts, name, rows)
		if what == "names" && got.AsOf != m.Points.Snapshot || what != "names" && got.AsOf != nil {
			ts.Fatalf("%s: as of %v, want %s for names only", what, got.AsOf, m.Points.Snapshot)
		}
		for i, p := range got.Predictions {
			if record := want[i+1]; p.Prediction != record[len(record)-2] || p.Probability.String() != record[len(record)-1] {
				ts.Fatalf("%s, row %d: %s %s, want %v", what, i+1, p.Prediction, p.Probability, record)
			}
		}
	}
}

// asked is a value as a caller of the endpoint gives it.
func asked(c *table.Column, row int) any {
	switch {
	case c.IsMissing(row):
		return nil
	case c.Kind == table.Number:
		return c.Number[row]
	case c.Kind == table.Text:
		return c.Levels[c.Code[row]]
	}
	return time.UnixMicro(c.Time[row]).UTC().Format(time.RFC3339Nano)
}

type endpointAnswer struct {
	AsOf        any `json:"as_of"`
	Predictions []struct {
		Prediction  string
		Probability json.Number
	}
}

func everybody(ts *testscript.TestScript, model string, rows []map[string]any) endpointAnswer {
	info, running, err := serve.Find(ts.MkAbs(".septet"))
	ts.Check(err)
	if !running {
		ts.Fatalf("no server runs")
	}
	body, err := json.Marshal(map[string]any{"rows": rows})
	ts.Check(err)
	answer, err := http.Post(info.URL()+"/v1/models/"+model+":predict", "application/json", bytes.NewReader(body))
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	var out endpointAnswer
	if err := json.Unmarshal(text, &out); err != nil || answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %v: %s", answer.Status, err, text[:min(len(text), 1000)])
	}
	if len(out.Predictions) != len(rows) {
		ts.Fatalf("%d answers to %d rows", len(out.Predictions), len(rows))
	}
	return out
}
