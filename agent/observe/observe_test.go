package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/septet-ml/septet/agent/deploy"
	"github.com/septet-ml/septet/agent/observe"
	"github.com/septet-ml/septet/drift"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/serve/servetest"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// rig is a run with a trained model behind it and a server beside it.
type rig struct {
	*testing.T
	options durable.Options
	in      handoff.Model
	file    *modelfile.Model
}

func newRig(t *testing.T) *rig {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data.csv")
	if err := os.WriteFile(data, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := handoff.Settings{Set: map[string]string{"bake": "0s"}, Threads: 1}
	r := &rig{T: t, options: durabletest.In(t, t.TempDir(), handoff.Brief{Request: "predict", Sources: []handoff.Source{{Path: data}}, Settings: settings})}
	r.train(servetest.Recipe{Rows: 1000})
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- serve.Run(ctx, serve.Config{
			Workspace: r.options.Workspace, Addr: "127.0.0.1:0", Registry: r.options.Ledger,
			Listening: func(serve.Info) { close(listening) },
		})
	}()
	select {
	case <-listening:
	case err := <-ended:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return r
}

// train writes row files and a model fitted on them, and the handoff that
// names both.
func (r *rig) train(recipe servetest.Recipe) {
	r.Helper()
	var err error
	if r.file, err = recipe.Make(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.in = drawn()
	r.in.Name, r.in.Blessed = "churn", true
	r.in.File = r.put("model", r.file.Write)
	dataset := &r.in.Choice.Features.Dataset
	dataset.Scope.Constraints = handoff.Constraints{FairnessGroups: []string{}}
	raw, _, target := recipe.Raw()
	dataset.Columns = nil
	for _, c := range raw.Columns {
		dataset.Columns = append(dataset.Columns, handoff.PreparedColumn{Name: c.Name, Table: "t", Kind: c.Kind.String(), Role: "feature"})
	}
	dataset.Target = "answer"
	number := func(name string, value func(i int) float64) table.Column {
		c := table.Column{Name: name, Kind: table.Number}
		for i := range raw.Rows {
			c.Number = append(c.Number, value(i))
		}
		return c
	}
	rows := &table.Table{Rows: raw.Rows, Columns: append(raw.Columns,
		number("answer", func(i int) float64 { return target[i] }), number(rowfile.Row, func(i int) float64 { return float64(i + 1) }))}
	holdout := r.put("holdout_rows", func(w io.Writer) error { return parquet.Write(w, rows) })
	rows.Columns = append(rows.Columns, number(rowfile.Part, func(i int) float64 { return float64(i % 2) }))
	fit := r.put("fit_rows", func(w io.Writer) error { return parquet.Write(w, rows) })
	fit.Rows = dataset.Rows.Fit.Rows
	dataset.Rows.Fit = fit
	holdout.Rows = dataset.Rows.Holdout.Rows
	dataset.Rows.Holdout = &holdout
	r.in.Choice.Features.Kept = nil
	for i := range r.file.Transform.Features {
		f := &r.file.Transform.Features[i]
		kind := map[table.Kind]string{table.Number: "number", table.Text: "category"}[f.Kind()]
		r.in.Choice.Features.Kept = append(r.in.Choice.Features.Kept, handoff.Feature{
			Name: f.Name, Kind: kind, Formula: f.Formula, SourceColumns: r.file.Transform.Sources(f), Rank: i + 1, Curve: []handoff.Step{},
		})
	}
	r.in.Choice.Features.Interactions = []handoff.Interaction{}
	_, err = r.options.Ledger.Register(r.Context(), ledger.Model{
		Name: r.in.Name, Digest: "sha256:" + r.in.File.SHA256, Bytes: r.in.File.Bytes, Stage: ledger.Development, Blessed: true,
	}, func(int) (string, error) {
		return filepath.Rel(r.options.Workspace, r.options.Artifacts.Path(r.in.File))
	})
	if err != nil {
		r.Fatal(err)
	}
}

// drawn is a valid handoff of a binary model whose split has a holdout.
func drawn() handoff.Model {
	for seed := uint64(0); ; seed++ {
		m := handofftest.New(seed).Payload(handoff.ModelTrainer).(handoff.Model)
		if dataset := m.Choice.Features.Dataset; dataset.Scope.ProblemType == "binary" && dataset.Rows.Holdout != nil {
			return m
		}
	}
}

func (r *rig) put(kind string, write func(io.Writer) error) handoff.Ref {
	r.Helper()
	ref, err := r.options.Artifacts.Put(r.Context(), kind, "application/octet-stream", write)
	if err != nil {
		r.Fatal(err)
	}
	return ref
}

// watch deploys, lets callers ask, and observes.
func (r *rig) watch(callers func(url string)) (handoff.Watch, []handoff.Envelope) {
	r.Helper()
	run, err := durable.Begin(r.Context(), r.options)
	if err != nil {
		r.Fatal(err)
	}
	dial := func(_ context.Context, workspace string) (*serve.Client, error) { return serve.Dial(workspace) }
	deployment := durable.Do(r.Context(), run, deploy.Step(dial), r.in)
	if run.Err() == nil {
		callers(deployment.URL)
	}
	out := durable.Do(r.Context(), run, observe.Step(), deployment)
	if err := run.Err(); err != nil {
		r.Fatal(err)
	}
	record, err := run.End(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	envelopes, err := r.options.Ledger.Handoffs(r.Context(), record.ID)
	if err != nil {
		r.Fatal(err)
	}
	return out, envelopes
}

func TestObservationIsReadBack(t *testing.T) {
	r := newRig(t)
	out, _ := r.watch(func(string) {})
	if !out.Connected || out.Spans == 0 || out.Metrics < 5 || out.Predictions < 1 {
		t.Errorf("watch %+v", out)
	}
	if len(out.Drift) != 0 {
		t.Errorf("a drift reading without callers: %v", out.Drift)
	}
	text, err := r.options.Artifacts.Read(out.Baseline)
	if err != nil {
		t.Fatal(err)
	}
	var b drift.Baseline
	if err := json.Unmarshal(text, &b); err != nil || b.Check() != nil {
		t.Fatal(err, b.Check())
	}
	if b.Rows != 500 || len(b.Features) != len(r.in.Choice.Features.Kept) || b.Model != out.Deployment.Digest {
		t.Errorf("baseline of %d rows, %d features", b.Rows, len(b.Features))
	}
	openings, err := r.options.Ledger.Openings(t.Context(), r.in.Choice.Features.Dataset.Rows.Holdout.SHA256)
	if err != nil || len(openings) != 1 || b.ScoresFrom != "holdout" || b.ScoresRows != 1000 {
		t.Errorf("scores of %d rows from %q, %d openings, %v", b.ScoresRows, b.ScoresFrom, len(openings), err)
	}
}

func TestTheFirstReadingIsOfCallersRows(t *testing.T) {
	for _, test := range []struct {
		name  string
		shift bool
	}{{"quiet", false}, {"shifted", true}} {
		t.Run(test.name, func(t *testing.T) {
			r := newRig(t)
			raw, _, _ := servetest.Recipe{Seed: 5, Rows: 200}.Raw()
			out, envelopes := r.watch(func(url string) {
				body := requestOf(t, raw, test.shift)
				if _, err := serve.Predict(t.Context(), http.DefaultClient, url+":predict", nil, body); err != nil {
					t.Fatal(err)
				}
			})
			if len(out.Drift) != len(r.in.Choice.Features.Kept) || out.Drift[0].Rows != 200 {
				t.Fatalf("drift %+v", out.Drift)
			}
			if got := out.Drift[0].Value < 1e-6; got != test.shift {
				t.Errorf("%+v", out.Drift[0])
			}
			if warned := len(envelopes[len(envelopes)-1].Warnings) > 0; warned != test.shift {
				t.Errorf("warnings %v", envelopes[len(envelopes)-1].Warnings)
			}
		})
	}
}

// requestOf asks for every row of raw; shift moves the first column.
func requestOf(t *testing.T, raw *table.Table, shift bool) []byte {
	var body bytes.Buffer
	body.WriteString(`{"rows":[`)
	for i := range raw.Rows {
		row := map[string]any{}
		for j := range raw.Columns {
			c := &raw.Columns[j]
			switch {
			case c.IsMissing(i):
				row[c.Name] = nil
			case c.Kind == table.Time:
				row[c.Name] = time.UnixMicro(c.Time[i]).UTC().Format(time.DateOnly)
			case c.Kind == table.Text:
				row[c.Name] = c.Levels[c.Code[i]]
			case shift && j == 0:
				row[c.Name] = c.Number[i] + 1
			default:
				row[c.Name] = c.Number[i]
			}
		}
		text, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(text)
	}
	body.WriteString(`]}`)
	return body.Bytes()
}
