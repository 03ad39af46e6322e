package durable_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
)

// sums is a payload that takes many units of work.
type sums struct {
	Units []string `json:"units"`
	Total int      `json:"total"`
}

func (sums) Schema() (string, string) { return "sums", "1.0.0" }
func (sums) Check() []handoff.Fault   { return nil }

// sumStep does n memoised units, each a small file, and notes in a file how
// often each unit was really done.
func sumStep(n int, journal string) durable.Step[handoff.Brief, sums] {
	return durable.Step[handoff.Brief, sums]{
		Agent: handoff.ScopeDefiner, Version: 1,
		Reads: func(s handoff.Settings) any { return map[string]any{"seed": s.Seed, "effort": s.Effort} },
		Work: func(ctx context.Context, d *durable.Desk, _ handoff.Brief) (sums, error) {
			var out sums
			for i := range n {
				if d.Left() <= 0 {
					d.Capped(i)
					break
				}
				data, err := d.Memo(ctx, "unit", 1, map[string]any{"i": i, "seed": d.Settings.Seed}, func(context.Context) ([]byte, error) {
					note(journal, fmt.Sprint(i))
					r := rand.New(rand.NewPCG(d.Settings.Seed, uint64(i)))
					return json.Marshal(r.IntN(1000))
				})
				if err != nil {
					return out, err
				}
				var v int
				if err := json.Unmarshal(data, &v); err != nil {
					return out, err
				}
				out.Total += v
				out.Units = append(out.Units, handoff.DigestBytes(data))
				d.Progress(i+1, n, "unit")
			}
			d.Say(fmt.Sprintf("total %d", out.Total))
			return out, nil
		},
	}
}

func note(journal, line string) {
	if journal == "" {
		return
	}
	f, err := os.OpenFile(journal, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintln(f, line)
}

// foldStep turns sums into a file.
func foldStep() durable.Step[sums, counted] {
	return durable.Step[sums, counted]{
		Agent: handoff.DataPreparer, Version: 1,
		Work: func(ctx context.Context, d *durable.Desk, in sums) (counted, error) {
			ref, err := d.Artifacts.Put(ctx, "table", "text/plain", func(w io.Writer) error {
				_, err := fmt.Fprintln(w, in.Total, strings.Join(in.Units, " "))
				return err
			})
			d.Find(handoff.Finding{Code: "word.odd", Severity: handoff.Warning, Action: handoff.Warned, Evidence: "odd", Fix: "even"})
			return counted{Counts: map[string]int{"total": in.Total}, Table: ref}, err
		},
	}
}

const units = 30

// TestMain lets the test binary be another process that runs, or resumes.
func TestMain(m *testing.M) {
	if dir := os.Getenv("DURABLE_WORKSPACE"); dir != "" {
		if err := child(dir, os.Getenv("DURABLE_RUN")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child begins a run, or resumes one, and prints the outputs' digests.
func child(dir, id string) error {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, dir)
	if err != nil {
		return err
	}
	defer l.Close()
	files, err := artifact.Open(filepath.Join(dir, "artifacts"))
	if err != nil {
		return err
	}
	o := durable.Options{
		Workspace: dir, Ledger: l, Artifacts: files, Program: "test",
		Brief: handoff.Brief{Request: "sum", Settings: handoff.Settings{Seed: 5}},
	}
	var r *durable.Run
	if id == "" {
		r, err = durable.Begin(ctx, o)
	} else {
		r, err = durable.Resume(ctx, o, id)
	}
	if err != nil {
		return err
	}
	fmt.Println(r.ID())
	total := durable.Do(ctx, r, sumStep(units, filepath.Join(dir, "journal")), r.Brief())
	durable.Do(ctx, r, foldStep(), total)
	if err := r.Err(); err != nil {
		return err
	}
	_, err = r.End(ctx)
	return err
}

// TestKilledRunResumesToTheSameBits kills the process of a run at random
// moments, again and again, and resumes it: the outputs are those of a run that
// nobody disturbed, and no finished unit was done twice.
func TestKilledRunResumesToTheSameBits(t *testing.T) {
	calm := t.TempDir()
	process(t, calm, "", 0)
	want := outputs(t, calm)
	dir := t.TempDir()
	kills := 0
	for id := ""; ; {
		wait := time.Duration(1+rand.IntN(60+5*kills)) * time.Millisecond
		id = process(t, dir, id, wait)
		o := durabletest.In(t, dir, handoff.Brief{})
		runs, err := o.Ledger.ListRuns(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(runs) > 1 {
			t.Fatalf("%d runs", len(runs))
		}
		if len(runs) == 1 {
			id = runs[0].ID
			if runs[0].Status == ledger.Completed {
				break
			}
			if durable.Live(dir, id) {
				t.Fatal("the run of a killed process seems live")
			}
		}
		if kills++; kills > 500 {
			t.Fatal("the run does not come to its end")
		}
	}
	got := outputs(t, dir)
	for i := range want {
		if string(got[i].Output) != string(want[i].Output) {
			t.Errorf("after %d kills, output of %s is\n%s\nwant\n%s", kills, want[i].FromAgent, got[i].Output, want[i].Output)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d envelopes, want %d", len(got), len(want))
	}
	l := durabletest.In(t, dir, handoff.Brief{}).Ledger
	if faults, err := l.Verify(context.Background()); err != nil || len(faults) > 0 {
		t.Errorf("verify: %v %v", err, faults)
	}
	journal, _ := os.ReadFile(filepath.Join(dir, "journal"))
	if done := bytes.Count(journal, []byte("\n")); done > units+kills {
		t.Errorf("%d units were done in %d processes, %d are needed", done, kills+1, units)
	}
	t.Logf("%d kills", kills)
}

// process runs the child and kills it after a while; 0 lets it end.
func process(t *testing.T, dir, id string, after time.Duration) string {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "DURABLE_WORKSPACE="+dir, "DURABLE_RUN="+id)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { c.Process.Kill() })
		defer timer.Stop()
	}
	err := c.Wait()
	if errs.Len() > 0 {
		t.Fatal(errs.String())
	}
	if after == 0 && err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out.String())
}

// outputs are the envelopes of the workspace's only run.
func outputs(t *testing.T, dir string) []handoff.Envelope {
	t.Helper()
	l := durabletest.In(t, dir, handoff.Brief{}).Ledger
	ctx := context.Background()
	runs, err := l.ListRuns(ctx, 0)
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.Handoffs(ctx, runs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestTwoRunsAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for range 3 {
		wait.Go(func() {
			if out, err := command(dir); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wait.Wait()
	l := durabletest.In(t, dir, handoff.Brief{}).Ledger
	ctx := context.Background()
	runs, err := l.ListRuns(ctx, 0)
	if err != nil || len(runs) != 3 {
		t.Fatalf("%d runs: %v", len(runs), err)
	}
	first := map[handoff.Agent]string{}
	for _, r := range runs {
		if r.Status != ledger.Completed {
			t.Errorf("run is %s", r.Status)
		}
		all, _ := l.Handoffs(ctx, r.ID)
		for _, e := range all {
			if want, there := first[e.FromAgent]; there && want != e.Metadata.OutputDigest {
				t.Errorf("%s made different outputs", e.FromAgent)
			}
			first[e.FromAgent] = e.Metadata.OutputDigest
		}
	}
	if faults, err := l.Verify(ctx); err != nil || len(faults) > 0 {
		t.Errorf("verify: %v %v", err, faults)
	}
}

func command(dir string) (string, error) {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "DURABLE_WORKSPACE="+dir, "DURABLE_RUN=")
	out, err := c.CombinedOutput()
	return string(out), err
}

// TestResumeWhereAnotherRunWasFaster lets another run do the same work while
// this one does it. This one is interrupted afterwards and resumed: what it
// recorded itself is enough.
func TestResumeWhereAnotherRunWasFaster(t *testing.T) {
	o := durabletest.Options(t, source(t, "a b"))
	ctx, cancel := context.WithCancel(context.Background())
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	m := &mill{}
	split := m.split()
	work := split.Work
	split.Work = func(ctx context.Context, d *durable.Desk, in handoff.Brief) (words, error) {
		if _, _, _, err := whole(t, o); err != nil {
			t.Error(err)
		}
		return work(ctx, d, in)
	}
	durable.Do(ctx, r, split, r.Brief())
	cancel()
	durable.Do(ctx, r, m.count(), words{})
	record, err := r.End(ctx)
	if err != nil || record.Status != ledger.Interrupted {
		t.Fatalf("%v: %s", err, record.Status)
	}
	r, err = durable.Resume(context.Background(), o, record.ID)
	if err != nil {
		t.Fatal(err)
	}
	m = &mill{}
	m.run(context.Background(), r, r.Brief())
	record, err = r.End(context.Background())
	if err != nil || record.Status != ledger.Completed || statuses(record) != "success* success* success" {
		t.Errorf("%v: %s, %s, %v", err, record.Status, statuses(record), r.Err())
	}
}

// TestInterruptAfterAFailure is a failure all the same.
func TestInterruptAfterAFailure(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	ctx, cancel := context.WithCancel(context.Background())
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) { return words{}, errors.New("disk on fire") }, durable.Policy{}), r.Brief())
	cancel()
	if record, _ := r.End(ctx); record.Status != ledger.Failed || record.Exit != 1 {
		t.Errorf("%s (%d)", record.Status, record.Exit)
	}
}

func TestLiveRunCannotBeResumed(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if !durable.Live(o.Workspace, r.ID()) {
		t.Error("a run under way does not seem live")
	}
	if _, err := durable.Resume(ctx, o, r.ID()); problem.As(err) == nil || problem.As(err).Code != "run.live" {
		t.Errorf("resumed: %v", err)
	}
	r.End(ctx)
	if durable.Live(o.Workspace, r.ID()) {
		t.Error("a run that ended seems live")
	}
	if _, err := durable.Resume(ctx, o, "r-nothing"); problem.As(err) == nil || problem.As(err).Code != "run.unknown" {
		t.Errorf("resumed nothing: %v", err)
	}
}

// TestResumePassesEveryGateAgain resumes a run that a gate stopped: it is
// stopped again, without new work and without another envelope.
func TestResumePassesEveryGateAgain(t *testing.T) {
	brief := source(t, "a secret word")
	o := durabletest.Options(t, brief)
	_, first, _, _ := whole(t, o)
	ctx := context.Background()
	r, err := durable.Resume(ctx, o, first.ID)
	if err != nil {
		t.Fatal(err)
	}
	m := &mill{}
	m.run(ctx, r, r.Brief())
	again, err := r.End(ctx)
	if err != nil || again.Status != ledger.Blocked || statuses(again) != "success* blocked* skipped" || len(m.worked) > 0 {
		t.Errorf("%v: %s, %s, worked %v", err, again.Status, statuses(again), m.worked)
	}
	all, _ := o.Ledger.Handoffs(ctx, first.ID)
	if len(all) != 2 {
		t.Errorf("%d envelopes, want 2", len(all))
	}
}

func TestInterruptedRunGoesOn(t *testing.T) {
	o := durabletest.Options(t, source(t, "a b"))
	ctx, cancel := context.WithCancel(context.Background())
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	m := &mill{}
	list := durable.Do(ctx, r, m.split(), r.Brief())
	slow := m.count()
	slow.Work = func(ctx context.Context, _ *durable.Desk, _ words) (counted, error) {
		cancel()
		<-ctx.Done()
		return counted{}, fmt.Errorf("count: %w", ctx.Err())
	}
	counts := durable.Do(ctx, r, slow, list)
	durable.Do(ctx, r, m.tell(), counts)
	record, err := r.End(ctx)
	if err != nil || record.Status != ledger.Interrupted || record.Exit != 130 || record.Problem != nil || statuses(record) != "success pending pending" {
		t.Fatalf("%v: %s (%d) %+v, %s", err, record.Status, record.Exit, record.Problem, statuses(record))
	}
	r, err = durable.Resume(context.Background(), o, record.ID)
	if err != nil {
		t.Fatal(err)
	}
	m = &mill{}
	m.run(context.Background(), r, r.Brief())
	record, err = r.End(context.Background())
	if err != nil || record.Status != ledger.Completed || statuses(record) != "success* success success" || len(m.worked) != 2 {
		t.Errorf("%v: %s, %s, worked %v", err, record.Status, statuses(record), m.worked)
	}
	if record.Agents[1].Attempts != 2 {
		t.Errorf("%d attempts of the one that was interrupted, want 2", record.Agents[1].Attempts)
	}
}

func TestRetriesWaitLongerEachTime(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	again := durable.Retry(errors.New("connection refused"))
	tests := []struct {
		name   string
		errs   []error
		policy durable.Policy
		waits  []time.Duration
		ok     bool
	}{
		{"passes the third time", []error{again, again, nil}, durable.Policy{Attempts: 4, Backoff: time.Second}, []time.Duration{time.Second, 2 * time.Second}, true},
		{"never passes", []error{again, again, again, again}, durable.Policy{Attempts: 3, Backoff: time.Second}, []time.Duration{time.Second, 2 * time.Second}, false},
		{"cannot pass", []error{errors.New("wrong"), nil}, durable.Policy{Attempts: 9, Backoff: time.Second}, nil, false},
		{"no policy", []error{again, nil}, durable.Policy{}, nil, false},
		{"a limit to the wait", []error{again, again, again, nil}, durable.Policy{Attempts: 4, Backoff: 40 * time.Second}, []time.Duration{40 * time.Second, durable.MaxBackoff, durable.MaxBackoff}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var waits []time.Duration
			var status ledger.Status
			synctest.Test(t, func(t *testing.T) {
				o := o
				o.Events = func(e durable.Event) {
					if e.What == durable.Retrying {
						waits = append(waits, time.Duration(e.Seconds*float64(time.Second)))
					}
				}
				ctx := context.Background()
				o.Brief.Request = test.name
				r, err := durable.Begin(ctx, o)
				if err != nil {
					t.Fatal(err)
				}
				began, try := time.Now(), 0
				durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) {
					try++
					return words{List: []string{"a"}}, test.errs[try-1]
				}, test.policy), r.Brief())
				sum := time.Duration(0)
				for _, w := range test.waits {
					sum += w
				}
				if waited := time.Since(began); waited < sum || waited > sum+time.Second {
					t.Errorf("waited %s, want %s", waited, sum)
				}
				record, err := r.End(ctx)
				if err != nil {
					t.Fatal(err)
				}
				status = record.Status
				if record.Agents[0].Attempts != try {
					t.Errorf("%d attempts recorded, %d made", record.Agents[0].Attempts, try)
				}
			})
			if fmt.Sprint(waits) != fmt.Sprint(test.waits) || (status == ledger.Completed) != test.ok {
				t.Errorf("waits %v, want %v; run is %s", waits, test.waits, status)
			}
		})
	}
}

func TestAttemptHasATimeout(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(ctx context.Context, _ *durable.Desk) (words, error) {
		<-ctx.Done()
		return words{}, ctx.Err()
	}, durable.Policy{Timeout: time.Millisecond}), r.Brief())
	record, err := r.End(ctx)
	if err != nil || record.Status != ledger.Failed || record.Problem.Code != "agent.timeout" {
		t.Errorf("%v: %s %+v", err, record.Status, record.Problem)
	}
}

// TestCappedWorkIsFoundByItsUnits lets a budget end the work after some units:
// who asks for that many finds the result, who asks for what was asked then
// does not.
func TestCappedWorkIsFoundByItsUnits(t *testing.T) {
	workspace := t.TempDir()
	var clock atomic.Int64
	run := func(s handoff.Settings) (sums, ledger.Run) {
		o := durabletest.In(t, workspace, handoff.Brief{Request: "sum", Settings: s})
		o.Now = func() time.Time { return time.Unix(1.7e9, clock.Add(int64(time.Millisecond))) }
		ctx := context.Background()
		r, err := durable.Begin(ctx, o)
		if err != nil {
			t.Fatal(err)
		}
		out := durable.Do(ctx, r, sumStep(units, ""), r.Brief())
		durable.Do(ctx, r, foldStep(), out)
		record, err := r.End(ctx)
		if err != nil || record.Status != ledger.Completed {
			t.Fatalf("%v: %s", err, record.Status)
		}
		return out, record
	}
	capped, _ := run(handoff.Settings{Effort: "standard", Budget: 20 * time.Millisecond})
	n := len(capped.Units)
	if n == 0 || n == units {
		t.Fatalf("%d units were done; the budget should have ended it between", n)
	}
	byUnits, record := run(handoff.Settings{Effort: fmt.Sprint(n)})
	if len(byUnits.Units) != n || statuses(record) != "success* success* pending" {
		t.Errorf("--effort %d: %d units, %s", n, len(byUnits.Units), statuses(record))
	}
	full, record := run(handoff.Settings{Effort: "standard"})
	if len(full.Units) != units || statuses(record) != "success success pending" {
		t.Errorf("--effort standard: %d units, %s", len(full.Units), statuses(record))
	}
}

// TestMemo lets many goroutines do the same units at once.
func TestMemo(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	var worked atomic.Int64
	step := failing(func(ctx context.Context, d *durable.Desk) (words, error) {
		unit := func(i int, version int) ([]byte, error) {
			return d.Memo(ctx, "square", version, i, func(context.Context) ([]byte, error) {
				worked.Add(1)
				return []byte(fmt.Sprint(i * i)), nil
			})
		}
		var wait sync.WaitGroup
		for i := range 40 {
			wait.Go(func() {
				got, err := unit(i%10, 1)
				if err != nil || string(got) != fmt.Sprint(i%10*(i%10)) {
					t.Errorf("unit %d is %q: %v", i%10, got, err)
				}
			})
		}
		wait.Wait()
		before := worked.Load()
		if _, err := unit(3, 1); err != nil || worked.Load() != before {
			t.Errorf("a unit was done again: %v", err)
		}
		if _, err := unit(3, 2); err != nil || worked.Load() != before+1 {
			t.Errorf("a newer version was not done: %v", err)
		}
		// A damaged result is not given out.
		path := o.Artifacts.Path(handoff.Ref{SHA256: handoff.DigestBytes([]byte("25"))})
		os.Chmod(path, 0o600)
		os.WriteFile(path, []byte("26"), 0o600)
		if got, err := unit(5, 1); err != nil || string(got) != "25" {
			t.Errorf("a damaged unit is %q: %v", got, err)
		}
		failed := errors.New("no")
		if _, err := d.Memo(ctx, "bad", 1, 1, func(context.Context) ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
			t.Errorf("a unit that failed: %v", err)
		}
		return words{List: []string{"a"}}, nil
	}, durable.Policy{})
	durable.Do(ctx, r, step, r.Brief())
	if r.Err() != nil {
		t.Error(r.Err())
	}
	r.End(ctx)
}

func TestOpeningIsCountedOncePerWork(t *testing.T) {
	workspace := t.TempDir()
	ref := handoff.Ref{Kind: "test_rows", SHA256: strings.Repeat("7", 64)}
	open := func(seed uint64) (numbers []int) {
		o := durabletest.In(t, workspace, handoff.Brief{Settings: handoff.Settings{Seed: seed}})
		ctx := context.Background()
		r, _ := durable.Begin(ctx, o)
		step := failing(func(ctx context.Context, d *durable.Desk) (words, error) {
			for range 2 {
				n, err := d.Open(ctx, "test", ref)
				if err != nil {
					t.Error(err)
				}
				numbers = append(numbers, n)
			}
			return words{}, errors.New("ends here, so that it works again next time")
		}, durable.Policy{})
		step.Reads = func(s handoff.Settings) any { return s.Seed }
		durable.Do(ctx, r, step, r.Brief())
		r.End(ctx)
		return numbers
	}
	got := fmt.Sprint(open(1), open(2), open(1), open(3))
	if want := "[1 1] [2 2] [1 1] [3 3]"; got != want {
		t.Errorf("openings %s, want %s", got, want)
	}
}

// TestTraceGoesToACollector lets the environment name a collector that speaks
// OTLP over HTTP.
func TestTraceGoesToACollector(t *testing.T) {
	var posts atomic.Int64
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/v1/traces" && len(body) > 0 {
			posts.Add(1)
		}
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	o := durabletest.Options(t, source(t, "a"))
	if _, _, _, err := whole(t, o); err != nil || posts.Load() == 0 {
		t.Errorf("%d posts: %v", posts.Load(), err)
	}
	collector.Close()
	o.Brief.Request = "again"
	if _, record, _, err := whole(t, o); err != nil || record.Status != ledger.Completed {
		t.Errorf("without the collector: %s, %v", record.Status, err)
	}
}

// TestRequestThatNamesThePlace keeps the folder of the data out of handoffs,
// also where the request has it.
func TestRequestThatNamesThePlace(t *testing.T) {
	brief := source(t, "a")
	brief.Request = "count the words of " + brief.Sources[0].Path
	o := durabletest.Options(t, brief)
	ctx := context.Background()
	r, err := durable.Begin(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	step := failing(nil, durable.Policy{})
	step.Work = func(_ context.Context, _ *durable.Desk, in handoff.Brief) (words, error) {
		return words{List: []string{in.Request}}, nil
	}
	out := durable.Do(ctx, r, step, r.Brief())
	if want := "count the words of words.txt"; r.Err() != nil || out.List[0] != want {
		t.Errorf("%v: %v, want %q", r.Err(), out.List, want)
	}
	if record, _ := r.End(ctx); record.Brief.Request != brief.Request {
		t.Errorf("the record has %q", record.Brief.Request)
	}
}

func TestFullDiskIsAProblem(t *testing.T) {
	o := durabletest.Options(t, handoff.Brief{})
	ctx := context.Background()
	r, _ := durable.Begin(ctx, o)
	durable.Do(ctx, r, failing(func(context.Context, *durable.Desk) (words, error) {
		return words{}, fmt.Errorf("store rows: %w", &os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC})
	}, durable.Policy{}), r.Brief())
	if record, _ := r.End(ctx); record.Problem == nil || record.Problem.Code != "workspace.full" {
		t.Errorf("%+v", record.Problem)
	}
}

func TestEventsAndTracesTellTheStory(t *testing.T) {
	o := durabletest.Options(t, source(t, "a secret"))
	var story []string
	o.Events = func(e durable.Event) {
		line := string(e.What)
		if e.Agent != "" {
			line += " " + string(e.Agent)
		}
		if e.Finding != nil {
			line += " " + e.Finding.Code + " " + string(e.Finding.Action)
		}
		story = append(story, strings.TrimSpace(line+" "+e.Status+string(e.Run)))
	}
	_, record, _, _ := whole(t, o)
	want := []string{
		"run_started", "agent_started scope_definer", "headline scope_definer", "agent_finished scope_definer success",
		"agent_started data_preparer", "finding data_preparer word.forbidden blocked", "agent_finished data_preparer blocked",
		"agent_finished feature_analyzer skipped", "run_finished blocked",
	}
	if got := strings.Join(story, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("events are\n%s", got)
	}
	kept, next, err := durable.ReadEvents(o.Workspace, record.ID, 0)
	if err != nil || len(kept) != len(story) || kept[5].Finding.Code != "word.forbidden" {
		t.Errorf("%d events are kept, %d were told: %v", len(kept), len(story), err)
	}
	if more, same, err := durable.ReadEvents(o.Workspace, record.ID, next); err != nil || len(more) != 0 || same != next {
		t.Errorf("after the end: %v, %d, %v", more, same, err)
	}
	spans, err := durable.Spans(o.Workspace, record.ID)
	if err != nil || len(spans) != 3 {
		t.Fatalf("%d spans: %v", len(spans), err)
	}
	root := spans[2]
	for i, name := range []string{"scope_definer", "data_preparer", "run"} {
		s := spans[i]
		if s.Name != name || s.TraceID != root.TraceID || s.End.Before(s.Start) || (s.Name != "run" && s.Parent != root.SpanID) {
			t.Errorf("span %d is %+v", i, s)
		}
	}
	if spans[0].Status != "Ok" || spans[1].Status != "Error" {
		t.Errorf("statuses %s, %s", spans[0].Status, spans[1].Status)
	}
	log, err := os.ReadFile(filepath.Join(durable.RunDir(o.Workspace, record.ID), "log.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range bytes.Split(bytes.TrimSpace(log), []byte("\n")) {
		var entry map[string]any
		if err := json.Unmarshal(line, &entry); err != nil || entry["run"] != record.ID {
			t.Errorf("log line %s: %v", line, err)
		}
	}
}
