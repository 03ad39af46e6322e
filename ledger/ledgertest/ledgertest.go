// Package ledgertest is what every ledger must do, as tests.
package ledgertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Conform holds a ledger against the contract. open gives an empty one that
// ends with the test; reopen opens the same one again, as another process
// would.
func Conform(t *testing.T, open func(t *testing.T) (l ledger.Ledger, reopen func(t *testing.T) ledger.Ledger)) {
	tests := []struct {
		name string
		test func(t *testing.T, l ledger.Ledger, reopen func(t *testing.T) ledger.Ledger)
	}{
		{"runs", testRuns},
		{"handoffs", testHandoffs},
		{"quarantine", testQuarantine},
		{"work", testWork},
		{"memos", testMemos},
		{"registry", testRegistry},
		{"deployments", testDeployments},
		{"openings", testOpenings},
		{"audit", testAudit},
		{"several at once", testAtOnce},
		{"what was written is there for others", testReopen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l, reopen := open(t)
			test.test(t, l, reopen)
			sound(t, l)
		})
	}
}

// sound fails the test if the ledger does not verify.
func sound(t *testing.T, l ledger.Ledger) {
	t.Helper()
	faults, err := l.Verify(context.Background())
	if err != nil || len(faults) > 0 {
		t.Errorf("verify: %v %v", err, faults)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Run is a run's record for tests.
func Run(id string) ledger.Run {
	return ledger.Run{
		ID: id, Status: ledger.Running, Program: "test", Started: time.Unix(1.7e9, 5).UTC(), Files: []ledger.File{},
		Brief:  handoff.Brief{Request: "what " + id + " is for", Sources: []handoff.Source{{Path: "/data/tables"}}},
		Agents: []ledger.AgentState{{Agent: handoff.ScopeDefiner, Status: "pending"}},
	}
}

// Envelope is the run's envelope number sequence, which follows previous.
func Envelope(runID string, sequence int, previous string) handoff.Envelope {
	digest := strings.Repeat("ab", 32)
	e := handoff.Envelope{
		FromAgent: handoff.ScopeDefiner, ToAgent: handoff.DataPreparer, Timestamp: time.Unix(1.7e9, 7).UTC(), Status: handoff.Success,
		Output: json.RawMessage(`{"answer":42}`), OutputValidated: true, SchemaVersion: "1.0.0", Warnings: []string{},
		Metadata: handoff.Metadata{
			RunID: runID, Sequence: sequence, Attempt: 1, ProgramVersion: "test", Schema: "scope", Key: digest, SettingsDigest: digest,
			OutputDigest: handoff.DigestBytes([]byte(`{"answer":42}`)), Inputs: []handoff.Input{{Name: "brief", SHA256: digest}},
			Missing: []string{}, Findings: []handoff.Finding{}, Measurements: map[string]float64{},
		},
	}
	if previous != "" {
		e.Metadata.Previous = &previous
	}
	return e
}

func testRuns(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	if _, err := l.Run(ctx, "r-none"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a run that is not there: %v", err)
	}
	first := Run("r-00000001")
	check(t, l.BeginRun(ctx, first))
	if err := l.BeginRun(ctx, first); !errors.Is(err, ledger.ErrExists) {
		t.Errorf("a second run of that id: %v", err)
	}
	check(t, l.BeginRun(ctx, Run("r-00000002")))
	check(t, l.UpdateRun(ctx, first.ID, func(r *ledger.Run) error { r.Status = ledger.Blocked; r.Exit = 3; return nil }))
	refused := errors.New("no")
	if err := l.UpdateRun(ctx, first.ID, func(r *ledger.Run) error { r.Status = ledger.Failed; return refused }); !errors.Is(err, refused) {
		t.Errorf("an update that is refused: %v", err)
	}
	if err := l.UpdateRun(ctx, "r-none", func(*ledger.Run) error { return nil }); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an update of nothing: %v", err)
	}
	got, err := l.Run(ctx, first.ID)
	check(t, err)
	first.Status, first.Exit = ledger.Blocked, 3
	same(t, "run", got, first)
	list, err := l.ListRuns(ctx, 0)
	check(t, err)
	same(t, "newest first", []string{list[0].ID, list[1].ID}, []string{"r-00000002", "r-00000001"})
	list, err = l.ListRuns(ctx, 1)
	check(t, err)
	same(t, "limit", len(list), 1)
}

func testHandoffs(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	check(t, l.BeginRun(ctx, Run("r-00000001")))
	first := Envelope("r-00000001", 1, "")
	id, err := l.Record(ctx, first, nil, nil)
	check(t, err)
	want, err := first.ID()
	check(t, err)
	same(t, "id", id, want)
	for name, wrong := range map[string]handoff.Envelope{
		"the first again": first, "a gap": Envelope("r-00000001", 3, id), "another chain": Envelope("r-00000001", 2, strings.Repeat("0", 64)),
		"a run that is not there": Envelope("r-none", 1, ""),
	} {
		if _, err := l.Record(ctx, wrong, &ledger.Done{Key: "k" + name}, nil); err == nil {
			t.Errorf("recorded: %s", name)
		}
		if _, err := l.Done(ctx, "k"+name); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%s: its work was noted: %v", name, err)
		}
	}
	second := Envelope("r-00000001", 2, id)
	_, err = l.Record(ctx, second, nil, func(r *ledger.Run) { r.Agents[0].Status = fmt.Sprint("success ", r.Count) })
	check(t, err)
	got, err := l.Handoffs(ctx, "r-00000001")
	check(t, err)
	same(t, "chain", got, []handoff.Envelope{first, second})
	one, err := l.Handoff(ctx, id)
	check(t, err)
	same(t, "envelope", one, first)
	run, err := l.Run(ctx, "r-00000001")
	check(t, err)
	head, err := second.ID()
	check(t, err)
	same(t, "head of the run", []any{run.Head, run.Count, run.Agents[0].Status}, []any{head, 2, "success 2"})
	if _, err := l.Handoff(ctx, "nothing"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("an envelope that is not there: %v", err)
	}
}

func testQuarantine(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	want := ledger.Refused{
		RunID: "r-00000001", Agent: handoff.DataPreparer, Seam: "output", Document: json.RawMessage(`{"rows":-1}`),
		Faults: []handoff.Fault{{Pointer: "/rows", Reason: "is negative", Fix: "count"}}, At: time.Unix(1.7e9, 0).UTC(),
	}
	check(t, l.Quarantine(ctx, want))
	check(t, l.Quarantine(ctx, want))
	got, err := l.Quarantined(ctx, "r-00000001")
	check(t, err)
	same(t, "quarantine", got, []ledger.Refused{want, want})
	all, err := l.Handoffs(ctx, "r-00000001")
	check(t, err)
	same(t, "handoffs", len(all), 0)
}

func testWork(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	check(t, l.BeginRun(ctx, Run("r-00000001")))
	done := ledger.Done{
		Key: "key", Findings: []handoff.Finding{{ID: "scope_definer-1", Code: "a.b", Severity: handoff.Info, Action: handoff.NoAction}},
		Ingredients: json.RawMessage(`{"program":"test"}`),
	}
	id, err := l.Record(ctx, Envelope("r-00000001", 1, ""), &done, nil)
	check(t, err)
	done.Handoff = id
	got, err := l.Done(ctx, "key")
	check(t, err)
	same(t, "work", got, done)
	got, err = l.DoneBy(ctx, id)
	check(t, err)
	same(t, "work of the envelope", got, done)
	// The first one stands.
	_, err = l.Record(ctx, Envelope("r-00000001", 2, id), &ledger.Done{Key: "key"}, nil)
	check(t, err)
	got, err = l.Done(ctx, "key")
	check(t, err)
	same(t, "work after a second", got, done)
}

func testMemos(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	a := handoff.Ref{Kind: "fit", SHA256: strings.Repeat("a", 64), Bytes: 1}
	b := handoff.Ref{Kind: "fit", SHA256: strings.Repeat("b", 64), Bytes: 2}
	if _, err := l.Memo(ctx, "key"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a memo that is not there: %v", err)
	}
	for _, ref := range []handoff.Ref{a, b} {
		got, err := l.Remember(ctx, "key", ref)
		check(t, err)
		same(t, "what stands", got, a)
	}
	check(t, l.Forget(ctx, "key"))
	check(t, l.Forget(ctx, "key"))
	got, err := l.Remember(ctx, "key", b)
	check(t, err)
	same(t, "after forgetting", got, b)
}

func testRegistry(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	placed := 0
	place := func(version int) (string, error) { placed++; return fmt.Sprintf("models/m-v%d", version), nil }
	register := func(name, digest string, blessed bool) ledger.Model {
		m, err := l.Register(ctx, ledger.Model{Name: name, Digest: "sha256:" + digest, Stage: ledger.Development, Blessed: blessed}, place)
		check(t, err)
		return m
	}
	a, b := register("churn", "a", false), register("churn", "b", true)
	same(t, "versions count up", []int{a.Version, b.Version}, []int{1, 2})
	same(t, "place", b.Path, "models/m-v2")
	same(t, "another name", register("other", "a", false).Version, 1)
	same(t, "the same digest", register("churn", "a", false), a)
	same(t, "placed", placed, 4)
	blessed := register("churn", "a", true)
	same(t, "blessed later", []any{blessed.Version, blessed.Blessed}, []any{1, true})
	same(t, "once blessed", register("churn", "a", false).Blessed, true)

	refused := errors.New("disk is full")
	_, err := l.Register(ctx, ledger.Model{Name: "churn", Digest: "sha256:c"}, func(int) (string, error) { return "", refused })
	if !errors.Is(err, refused) {
		t.Errorf("a file that cannot be placed: %v", err)
	}
	check(t, l.SetStage(ctx, "churn", 2, ledger.Production))
	newest, err := l.Model(ctx, "churn", 0)
	check(t, err)
	same(t, "newest", []any{newest.Version, newest.Stage}, []any{2, ledger.Production})
	if err := l.SetStage(ctx, "churn", 9, ledger.Staging); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("stage of a version that is not there: %v", err)
	}
	if _, err := l.Model(ctx, "nobody", 0); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a name that is not there: %v", err)
	}
	all, err := l.Models(ctx, "")
	check(t, err)
	same(t, "all", len(all), 3)
}

func testDeployments(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	d := func(id, name, status string) ledger.Deployment {
		return ledger.Deployment{ID: id, Name: name, Status: status, At: time.Unix(1.7e9, 0).UTC()}
	}
	for _, d := range []ledger.Deployment{d("d1", "churn", "serving"), d("d2", "churn", "serving"), d("d3", "other", "serving"), d("d1", "churn", "replaced")} {
		check(t, l.Deploy(ctx, d))
	}
	got, err := l.Deployments(ctx, "churn")
	check(t, err)
	same(t, "last state, newest first", got, []ledger.Deployment{d("d2", "churn", "serving"), d("d1", "churn", "replaced")})
	events, err := l.Events(ctx, 0, 0)
	check(t, err)
	same(t, "the history has each", len(events), 4)
}

func testOpenings(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	open := func(file, work string) int {
		n, err := l.Open(ctx, ledger.Opening{SHA256: file, What: "test", Work: work, Agent: handoff.ModelTrainer, At: time.Unix(1.7e9, 0).UTC()})
		check(t, err)
		return n
	}
	got := []int{open("f", "w1"), open("f", "w2"), open("f", "w1"), open("g", "w1"), open("f", ""), open("f", "")}
	same(t, "numbers", got, []int{1, 2, 1, 1, 3, 4})
	list, err := l.Openings(ctx, "f")
	check(t, err)
	same(t, "openings", []any{len(list), list[3].Number}, []any{4, 4})
}

func testAudit(t *testing.T, l ledger.Ledger, _ func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	check(t, l.BeginRun(ctx, Run("r-00000001")))
	check(t, l.Note(ctx, "r-00000001", "login", map[string]string{"by": "ann"}))
	check(t, l.UpdateRun(ctx, "r-00000001", func(r *ledger.Run) error { r.Status = ledger.Completed; return nil }))
	events, err := l.Events(ctx, 0, 0)
	check(t, err)
	var seen []string
	for i, e := range events {
		seen = append(seen, e.What)
		if e.Seq != int64(i+1) || i > 0 && e.Previous != events[i-1].Digest {
			t.Errorf("event %d does not go on from the one before", e.Seq)
		}
	}
	same(t, "events", seen, []string{"runs", "note.login", "runs"})
	same(t, "body", string(events[1].Body), `{"by":"ann"}`)
	later, err := l.Events(ctx, 1, 1)
	check(t, err)
	same(t, "after 1, one", later, events[1:2])
}

// testAtOnce lets many write at once: nothing is lost, no number twice.
func testAtOnce(t *testing.T, l ledger.Ledger, reopen func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	check(t, l.BeginRun(ctx, Run("r-00000001")))
	ledgers := []ledger.Ledger{l, reopen(t)}
	const writers, each = 8, 10
	var wait sync.WaitGroup
	var mu sync.Mutex
	var versions, openings []int
	for w := range writers {
		wait.Go(func() {
			l := ledgers[w%2]
			for i := range each {
				m, err := l.Register(ctx, ledger.Model{Name: "m", Digest: fmt.Sprintf("%d.%d", w, i)}, func(int) (string, error) { return "p", nil })
				n, err2 := l.Open(ctx, ledger.Opening{SHA256: "f", Work: fmt.Sprintf("%d.%d", w, i)})
				err3 := l.UpdateRun(ctx, "r-00000001", func(r *ledger.Run) error { r.Count++; return nil })
				if err := errors.Join(err, err2, err3); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				versions, openings = append(versions, m.Version), append(openings, n)
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	for _, numbers := range [][]int{versions, openings} {
		slices.Sort(numbers)
		for i, n := range numbers {
			if n != i+1 {
				t.Fatalf("numbers are %v", numbers)
			}
		}
	}
	run, err := l.Run(ctx, "r-00000001")
	check(t, err)
	same(t, "updates", run.Count, writers*each)
}

func testReopen(t *testing.T, l ledger.Ledger, reopen func(*testing.T) ledger.Ledger) {
	ctx := context.Background()
	other := reopen(t)
	check(t, l.BeginRun(ctx, Run("r-00000001")))
	got, err := other.Run(ctx, "r-00000001")
	check(t, err)
	same(t, "run", got, Run("r-00000001"))
	id, err := other.Record(ctx, Envelope("r-00000001", 1, ""), nil, nil)
	check(t, err)
	if _, err := l.Handoff(ctx, id); err != nil {
		t.Error(err)
	}
}
