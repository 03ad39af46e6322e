package durable_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// words and counted are the payloads of a small real pipeline: split a file
// into words, count them, report.
type words struct {
	List []string `json:"list"`
}

func (words) Schema() (string, string) { return "words", "1.0.0" }

func (w words) Check() []handoff.Fault {
	if len(w.List) == 0 {
		return []handoff.Fault{{Pointer: "/list", Reason: "is empty", Fix: "read a file with words"}}
	}
	return nil
}

type counted struct {
	Words  words          `json:"words"`
	Counts map[string]int `json:"counts"`
	Table  handoff.Ref    `json:"table"`
}

func (counted) Schema() (string, string) { return "counted", "1.0.0" }
func (counted) Check() []handoff.Fault   { return nil }

type report struct {
	Text string `json:"text"`
}

func (report) Schema() (string, string) { return "report", "1.0.0" }
func (report) Check() []handoff.Fault   { return nil }

// split, count and tell are its steps. worked gets the agents that worked.
type mill struct{ worked []handoff.Agent }

func (m *mill) split() durable.Step[handoff.Brief, words] {
	return durable.Step[handoff.Brief, words]{
		Agent: handoff.ScopeDefiner, Version: 1,
		Work: func(_ context.Context, d *durable.Desk, in handoff.Brief) (words, error) {
			m.worked = append(m.worked, d.Agent)
			var out words
			for _, source := range in.Sources {
				data, err := os.ReadFile(source.Path)
				if err != nil {
					return out, err
				}
				out.List = append(out.List, strings.Fields(string(data))...)
			}
			d.Say(fmt.Sprintf("%d words", len(out.List)))
			return out, nil
		},
	}
}

func (m *mill) count() durable.Step[words, counted] {
	return durable.Step[words, counted]{
		Agent: handoff.DataPreparer, Version: 1,
		Reads: func(s handoff.Settings) any { return s.Exclude },
		Work: func(ctx context.Context, d *durable.Desk, in words) (counted, error) {
			m.worked = append(m.worked, d.Agent)
			out := counted{Words: in, Counts: map[string]int{}}
			for _, w := range in.List {
				out.Counts[w]++
			}
			for _, w := range d.Settings.Exclude {
				delete(out.Counts, w)
			}
			if out.Counts["secret"] > 0 {
				column := "secret"
				d.Find(handoff.Finding{
					Code: "word.forbidden", Severity: handoff.Blocking, Column: &column, Action: handoff.Stopped,
					Evidence: "1 forbidden word", Fix: "take it out",
				})
			}
			var err error
			out.Table, err = d.Artifacts.Put(ctx, "table", "text/plain", func(w io.Writer) error {
				for word := range out.Counts {
					if len(out.Counts) == 1 {
						fmt.Fprintln(w, word)
					}
				}
				return nil
			})
			return out, err
		},
	}
}

func (m *mill) tell() durable.Step[counted, report] {
	return durable.Step[counted, report]{
		Agent: handoff.FeatureAnalyzer, Version: 1, Effect: true,
		Work: func(_ context.Context, d *durable.Desk, in counted) (report, error) {
			m.worked = append(m.worked, d.Agent)
			return report{Text: fmt.Sprintf("%d different words", len(in.Counts))}, nil
		},
	}
}

// run does the three steps.
func (m *mill) run(ctx context.Context, r *durable.Run, brief handoff.Brief) report {
	list := durable.Do(ctx, r, m.split(), brief)
	counts := durable.Do(ctx, r, m.count(), list)
	return durable.Do(ctx, r, m.tell(), counts)
}

func source(t *testing.T, text string) handoff.Brief {
	t.Helper()
	path := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return handoff.Brief{Request: "count the words", Sources: []handoff.Source{{Path: path}}}
}

// whole begins a run, does the three steps and ends it.
func whole(t *testing.T, o durable.Options) (report, ledger.Run, []handoff.Agent, error) {
	t.Helper()
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	m := &mill{}
	out := m.run(ctx, r, r.Brief())
	runErr := r.Err()
	record, err := r.End(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return out, record, m.worked, runErr
}

func statuses(r ledger.Run) string {
	var list []string
	for _, a := range r.Agents[:3] {
		word := a.Status
		if a.Reused {
			word += "*"
		}
		list = append(list, word)
	}
	return strings.Join(list, " ")
}

func TestEqualWorkIsDoneOnce(t *testing.T) {
	brief := source(t, "a b a")
	workspace := t.TempDir()
	out, first, worked, err := whole(t, durabletest.In(t, workspace, brief))
	if err != nil || out.Text != "2 different words" || len(worked) != 3 {
		t.Fatalf("first run: %+v, worked %v, error %v", out, worked, err)
	}
	if first.Status != ledger.Completed || statuses(first) != "success success success" {
		t.Errorf("first run is %s: %s", first.Status, statuses(first))
	}

	tests := []struct {
		name   string
		change func(*durable.Options)
		want   string
	}{
		{"nothing changed: only the effect is done again", func(*durable.Options) {}, "success* success* success"},
		{"a setting that count reads", func(o *durable.Options) { o.Brief.Settings.Exclude = []string{"b"} }, "success* success success"},
		{"a setting that nobody reads", func(o *durable.Options) { o.Brief.Settings.Threads = 7 }, "success* success* success"},
		{"another request", func(o *durable.Options) { o.Brief.Request = "count them" }, "success success* success"},
		{"another program", func(o *durable.Options) { o.Program = "newer" }, "success success success"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := durabletest.In(t, workspace, brief)
			test.change(&o)
			_, record, _, err := whole(t, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := statuses(record); got != test.want {
				t.Errorf("agents are %q, want %q", got, test.want)
			}
		})
	}

	t.Run("other data", func(t *testing.T) {
		if err := os.WriteFile(brief.Sources[0].Path, []byte("a b c"), 0o600); err != nil {
			t.Fatal(err)
		}
		out, record, _, err := whole(t, durabletest.In(t, workspace, brief))
		if err != nil || out.Text != "3 different words" || statuses(record) != "success success success" {
			t.Errorf("got %q, %s, %v", out.Text, statuses(record), err)
		}
	})
}

// Who watches a run that re-uses work hears what was found then.
func TestReusedWorkTellsItsFindings(t *testing.T) {
	brief := source(t, "secret a")
	brief.Settings.Waivers = []handoff.Waiver{{Code: "word.forbidden", Reason: "a test"}}
	workspace := t.TempDir()
	var heard [2][]string
	for i := range heard {
		o := durabletest.In(t, workspace, brief)
		o.Events = func(e durable.Event) {
			if e.Finding != nil {
				heard[i] = append(heard[i], string(e.Agent)+" "+e.Finding.Code+" "+string(e.Finding.Action))
			}
		}
		if _, record, _, err := whole(t, o); err != nil || i == 1 && statuses(record) != "success* success* success" {
			t.Fatalf("run %d: %s, %v", i, statuses(record), err)
		}
	}
	want := []string{"data_preparer word.forbidden blocked", "data_preparer word.forbidden waived"}
	for i := range heard {
		if diff := cmp.Diff(want, heard[i]); diff != "" {
			t.Errorf("run %d:\n%s", i, diff)
		}
	}
}

func TestReusedHandoffNamesItsOrigin(t *testing.T) {
	brief := source(t, "a b")
	workspace := t.TempDir()
	o := durabletest.In(t, workspace, brief)
	_, first, _, _ := whole(t, o)
	_, second, _, _ := whole(t, o)
	ctx := context.Background()
	a, err := o.Ledger.Handoffs(ctx, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	b, err := o.Ledger.Handoffs(ctx, second.ID)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 {
		id, _ := a[i].ID()
		if b[i].Metadata.ReusedFrom == nil || *b[i].Metadata.ReusedFrom != id {
			t.Errorf("envelope %d: reused_from is %v, want %s", i+1, b[i].Metadata.ReusedFrom, id)
		}
		if diff := cmp.Diff(string(a[i].Output), string(b[i].Output)); diff != "" {
			t.Errorf("envelope %d has another output:\n%s", i+1, diff)
		}
	}
	if b[2].Metadata.ReusedFrom != nil {
		t.Error("an effect was re-used in another run")
	}
	for i := range b {
		if want := i + 1; b[i].Metadata.Sequence != want {
			t.Errorf("sequence %d, want %d", b[i].Metadata.Sequence, want)
		}
		if i > 0 {
			if id, _ := b[i-1].ID(); *b[i].Metadata.Previous != id {
				t.Errorf("envelope %d does not name the one before", i+1)
			}
		}
	}
}

func TestGateBlocksUnlessWaived(t *testing.T) {
	brief := source(t, "a secret word")
	workspace := t.TempDir()
	_, record, _, err := whole(t, durabletest.In(t, workspace, brief))
	if record.Status != ledger.Blocked || record.Exit != 3 || statuses(record) != "success blocked skipped" {
		t.Fatalf("run is %s (%d): %s", record.Status, record.Exit, statuses(record))
	}
	if p := problem.As(err); p == nil || p.Code != "word.forbidden" || p.Fix != "take it out" {
		t.Errorf("the problem is %+v", p)
	}

	for _, test := range []struct {
		name   string
		waiver handoff.Waiver
		want   ledger.Status
	}{
		{"another code", handoff.Waiver{Code: "word.long", Reason: "fine", By: "a"}, ledger.Blocked},
		{"another column", handoff.Waiver{Code: "word.forbidden", Column: "word", Reason: "fine", By: "a"}, ledger.Blocked},
		{"the column", handoff.Waiver{Code: "word.forbidden", Column: "secret", Reason: "fine", By: "a"}, ledger.Completed},
		{"the code", handoff.Waiver{Code: "word.forbidden", Reason: "fine", By: "a"}, ledger.Completed},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := durabletest.In(t, workspace, brief)
			o.Brief.Settings.Waivers = []handoff.Waiver{test.waiver}
			_, record, worked, _ := whole(t, o)
			if record.Status != test.want {
				t.Fatalf("run is %s, want %s", record.Status, test.want)
			}
			for _, a := range worked {
				if a != handoff.FeatureAnalyzer {
					t.Errorf("%s worked again; a waiver changes no work", a)
				}
			}
			all, err := o.Ledger.Handoffs(context.Background(), record.ID)
			if err != nil {
				t.Fatal(err)
			}
			last := all[len(all)-1].Metadata.Findings
			if len(last) != 1 || last[0].ID != "data_preparer-1" {
				t.Fatalf("the last envelope has findings %+v", last)
			}
			if waived := last[0].Action == handoff.Waived; waived != (test.want == ledger.Completed) {
				t.Errorf("action is %s", last[0].Action)
			}
		})
	}
}

// failing is the first step with another Work.
func failing(work func(context.Context, *durable.Desk) (words, error), p durable.Policy) durable.Step[handoff.Brief, words] {
	return durable.Step[handoff.Brief, words]{
		Agent: handoff.ScopeDefiner, Version: 1, Policy: p,
		Work: func(ctx context.Context, d *durable.Desk, _ handoff.Brief) (words, error) { return work(ctx, d) },
	}
}

func TestHowAnAgentEnds(t *testing.T) {
	deflt := "b"
	ask := &durable.NeedsInput{Questions: []handoff.Question{{ID: "brand", Text: "which?", Type: "choice", Options: []string{"a", "b"}, Default: &deflt}}}
	tests := []struct {
		name   string
		err    error
		status ledger.Status
		exit   int
		agent  string
		code   string
	}{
		{"questions", ask, ledger.NeedsInput, 4, "needs_input", "scope.needs_input"},
		{"a blocking problem", &problem.Problem{Kind: problem.Blocked, Code: "data.too_few", What: "3 positives"}, ledger.Blocked, 3, "blocked", "data.too_few"},
		{"a usage problem", &problem.Problem{Kind: problem.Usage, Code: "data.no_target", What: "no such column"}, ledger.Failed, 2, "failed", "data.no_target"},
		{"another error", errors.New("disk on fire"), ledger.Failed, 1, "failed", "run.failed"},
		{"not deployed", &durable.NotDeployed{Problem: &problem.Problem{Code: "deploy.latency", What: "too slow"}}, ledger.NotDeployed, 5, "failed", "deploy.latency"},
		{"a wrapped one", fmt.Errorf("prepare: %w", &problem.Problem{Kind: problem.Blocked, Code: "data.quality", What: "0.5"}), ledger.Blocked, 3, "blocked", "data.quality"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := durabletest.Options(t, source(t, "a"))
			ctx := context.Background()
			r, err := durable.Begin(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			m := &mill{}
			list := durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) { return words{}, test.err }, durable.Policy{}), r.Brief())
			durable.Do(ctx, r, m.count(), list)
			record, err := r.End(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if record.Status != test.status || record.Exit != test.exit || record.Agents[0].Status != test.agent || record.Agents[1].Status != "skipped" {
				t.Errorf("run %s (%d), agent %s, then %s", record.Status, record.Exit, record.Agents[0].Status, record.Agents[1].Status)
			}
			if record.Problem == nil || record.Problem.Code != test.code {
				t.Errorf("problem %+v, want code %s", record.Problem, test.code)
			}
			if len(m.worked) > 0 {
				t.Error("a step worked after the error")
			}
			all, _ := o.Ledger.Handoffs(ctx, record.ID)
			if len(all) != 1 || all[0].Status != handoff.Failed || all[0].OutputValidated || all[0].Metadata.Error.Code != test.code {
				t.Errorf("envelopes: %+v", all)
			}
			blocked := test.status == ledger.Blocked
			if got := len(all[0].Metadata.Findings) == 1 && all[0].Metadata.Findings[0].Code == test.code; got != blocked {
				t.Errorf("blocking finding: %v, want %v", got, blocked)
			}
		})
	}
}

func TestPanicEndsInAProblem(t *testing.T) {
	o := durabletest.Options(t, source(t, "a"))
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) {
		var list []string
		return words{List: list[:3]}, nil
	}, durable.Policy{}), r.Brief())
	record, err := r.End(ctx)
	if err != nil || record.Status != ledger.Failed || record.Problem.Code != "program.bug" {
		t.Fatalf("%v: %s %+v", err, record.Status, record.Problem)
	}
	log, _ := os.ReadFile(filepath.Join(durable.RunDir(o.Workspace, record.ID), "log.ndjson"))
	if !strings.Contains(string(log), "durable_test.go") {
		t.Error("the log does not say where")
	}
}

func TestNobodySaysHowManyThreads(t *testing.T) {
	ctx := context.Background()
	r, err := durable.Begin(ctx, durabletest.Options(t, source(t, "a")))
	if err != nil {
		t.Fatal(err)
	}
	threads := 0
	durable.Do(ctx, r, failing(func(_ context.Context, d *durable.Desk) (words, error) {
		threads = d.Settings.Threads
		return words{List: []string{"a"}}, nil
	}, durable.Policy{}), r.Brief())
	if _, err := r.End(ctx); err != nil {
		t.Fatal(err)
	}
	if want := runtime.GOMAXPROCS(0); threads != want {
		t.Errorf("an agent may use %d threads, want one for each of %d processors", threads, want)
	}
}

func TestInvalidOutputIsQuarantined(t *testing.T) {
	o := durabletest.Options(t, source(t, "a"))
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) { return words{}, nil }, durable.Policy{}), r.Brief())
	record, _ := r.End(ctx)
	if record.Status != ledger.Failed || record.Problem.Code != "handoff.invalid" {
		t.Fatalf("%s %+v", record.Status, record.Problem)
	}
	refused, err := o.Ledger.Quarantined(ctx, record.ID)
	want := []handoff.Fault{{Pointer: "/output/list", Reason: "is empty", Fix: "read a file with words"}}
	if err != nil || len(refused) != 1 || cmp.Diff(refused[0].Faults, want) != "" || refused[0].Seam != "output" {
		t.Errorf("%v %+v", err, refused)
	}
	if all, _ := o.Ledger.Handoffs(ctx, record.ID); len(all) != 1 || all[0].OutputValidated {
		t.Errorf("envelopes: %+v", all)
	}
}

func TestPlaceOfTheDataNeverTravels(t *testing.T) {
	brief := source(t, "a")
	o := durabletest.Options(t, brief)
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(_ context.Context, d *durable.Desk) (words, error) {
		return words{List: []string{"read from " + brief.Sources[0].Path}}, nil
	}, durable.Policy{}), r.Brief())
	record, _ := r.End(ctx)
	if record.Problem == nil || record.Problem.Code != "handoff.invalid" || !strings.Contains(record.Problem.Where, "/output/list/0") {
		t.Fatalf("%+v", record.Problem)
	}
}

func TestSkippedGateBlocks(t *testing.T) {
	run := func(check bool, waivers ...handoff.Waiver) ledger.Run {
		brief := source(t, "a")
		brief.Settings.Waivers = waivers
		o := durabletest.Options(t, brief)
		ctx := context.Background()
		r, _ := durable.Begin(ctx, o)
		step := failing(func(_ context.Context, d *durable.Desk) (words, error) {
			if check {
				d.Checked("leaks")
			}
			return words{List: []string{"a"}}, nil
		}, durable.Policy{})
		step.Gates = []string{"leaks"}
		durable.Do(ctx, r, step, r.Brief())
		record, _ := r.End(ctx)
		return record
	}
	if got := run(true).Status; got != ledger.Completed {
		t.Errorf("made: %s", got)
	}
	if got := run(false); got.Status != ledger.Blocked || got.Problem.Code != "gate.skipped" {
		t.Errorf("not made: %s %+v", got.Status, got.Problem)
	}
	if got := run(false, handoff.Waiver{Code: "gate.skipped", Column: "leaks", Reason: "known", By: "a"}).Status; got != ledger.Completed {
		t.Errorf("not made, waived: %s", got)
	}
}

func TestUntilEndsEarly(t *testing.T) {
	o := durabletest.Options(t, source(t, "a"))
	o.Brief.Settings.Until = handoff.DataPreparer
	_, record, worked, err := whole(t, o)
	if err != nil || record.Status != ledger.Partial || record.Exit != 0 || statuses(record) != "success success skipped" || len(worked) != 2 {
		t.Errorf("%v: %s (%d), %s", err, record.Status, record.Exit, statuses(record))
	}
	o.Brief.Settings = handoff.Settings{Plan: true}
	if _, record, _, _ := whole(t, o); record.Status != ledger.Planned || statuses(record) != "success* skipped skipped" {
		t.Errorf("%s, %s", record.Status, statuses(record))
	}
}

func TestFromTakesTheHandoffsOfAnotherRun(t *testing.T) {
	brief := source(t, "a b")
	workspace := t.TempDir()
	o := durabletest.In(t, workspace, brief)
	_, first, _, _ := whole(t, o)
	// The program is another one and the data is gone: what was handed over is
	// taken as it is.
	os.Remove(brief.Sources[0].Path)
	o.Brief.Sources = nil
	o.Program, o.From, o.FromRun = "newer", handoff.FeatureAnalyzer, first.ID
	out, record, worked, err := whole(t, o)
	if err != nil || out.Text != "2 different words" || statuses(record) != "success* success* success" || len(worked) != 1 {
		t.Errorf("%v: %q, %s, worked %v", err, out.Text, statuses(record), worked)
	}
	o.From = handoff.ModelTrainer
	if _, err := durable.Begin(context.Background(), o); problem.As(err) == nil || problem.As(err).Code != "run.no_handoff" {
		t.Errorf("begin after what the run never reached: %v", err)
	}
}

func TestDamagedFileIsMadeAgain(t *testing.T) {
	brief := source(t, "a a")
	workspace := t.TempDir()
	o := durabletest.In(t, workspace, brief)
	_, first, _, _ := whole(t, o)
	all, _ := o.Ledger.Handoffs(context.Background(), first.ID)
	out, err := handoff.Decode[counted](all[1].Output)
	if err != nil {
		t.Fatal(err)
	}
	path := o.Artifacts.Path(out.Table)
	os.Chmod(path, 0o600)
	os.WriteFile(path, []byte("b\n"), 0o600)
	_, record, _, err := whole(t, o)
	if err != nil || statuses(record) != "success* success success" {
		t.Errorf("%v: %s", err, statuses(record))
	}
	if data, err := o.Artifacts.Read(out.Table); err != nil || string(data) != "a\n" {
		t.Errorf("the file is %q: %v", data, err)
	}
}

func TestChangedSourceIsRefused(t *testing.T) {
	brief := source(t, "a")
	o := durabletest.Options(t, brief)
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	digest := handoff.DigestBytes([]byte("a"))
	durable.Do(ctx, r, failing(func(_ context.Context, d *durable.Desk) (words, error) {
		path, err := d.Source(digest)
		if err != nil || path != brief.Sources[0].Path {
			t.Errorf("before the change: %q, %v", path, err)
		}
		os.Chtimes(path, time.Time{}, time.Unix(1, 0)) // touched, not changed
		if _, err := d.Source(digest); err != nil {
			t.Errorf("touched: %v", err)
		}
		os.WriteFile(path, []byte("b"), 0o600)
		_, err = d.Source(digest)
		return words{}, err
	}, durable.Policy{}), r.Brief())
	if record, _ := r.End(ctx); record.Status != ledger.Blocked || record.Problem.Code != "data.changed" {
		t.Errorf("%s %+v", record.Status, record.Problem)
	}
}

func TestWhatCannotBegin(t *testing.T) {
	o := durabletest.Options(t, source(t, "a"))
	tests := []struct {
		code   string
		change func(*durable.Options)
	}{
		{"data.missing", func(o *durable.Options) { o.Brief.Sources = []handoff.Source{{Path: "/nowhere/at/all.csv"}} }},
		{"settings.seed", func(o *durable.Options) { o.Brief.Settings.Seed = 1 << 60 }},
		{"settings.name", func(o *durable.Options) { o.Brief.Settings.Name = "a/../b" }},
		{"settings.agent", func(o *durable.Options) { o.Brief.Settings.Until = "cook" }},
		{"settings.from", func(o *durable.Options) { o.From = handoff.ModelTrainer }},
		{"settings.waive", func(o *durable.Options) { o.Brief.Settings.Waivers = []handoff.Waiver{{Code: "a.b"}} }},
	}
	for _, test := range tests {
		t.Run(test.code, func(t *testing.T) {
			bad := o
			test.change(&bad)
			_, err := durable.Begin(context.Background(), bad)
			if p := problem.As(err); p == nil || p.Code != test.code || p.Kind != problem.Usage {
				t.Errorf("got %v", err)
			}
		})
	}
	if runs, err := o.Ledger.ListRuns(context.Background(), 0); err != nil || len(runs) != 0 {
		t.Errorf("%d runs were recorded: %v", len(runs), err)
	}
}
