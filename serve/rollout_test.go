package serve

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/serve/servetest"
)

// load sends requests on keep-alive connections until stop, without a retry,
// every fourth client by HTTP/2.
// Once a version is promised, no request that begins later may be answered by
// another one.
type load struct {
	promised atomic.Pointer[string]
	answered atomic.Int64
	mu       sync.Mutex
	faults   []string
	stop     context.CancelFunc
	wait     sync.WaitGroup
}

func (r *rig) load(clients int, name string, row []byte) *load {
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	url := r.client.Info.URL() + "/v1/models/" + name + ":predict"
	body := fmt.Appendf(nil, `{"rows":[%s]}`, row)
	for i := range clients {
		transport := &http.Transport{Protocols: new(http.Protocols)}
		transport.Protocols.SetHTTP1(i%4 > 0)
		transport.Protocols.SetUnencryptedHTTP2(i%4 == 0)
		client := &http.Client{Transport: transport}
		l.wait.Go(func() {
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				promised := l.promised.Load()
				reply, err := Predict(context.Background(), client, url, nil, body)
				now := l.promised.Load()
				switch {
				case err != nil:
					l.fault(err.Error())
				case promised == now && promised != nil && *promised != "" && reply.Model.Digest != *promised:
					l.fault("answered by " + reply.Model.Digest + " after " + *promised + " was promised")
				default:
					l.answered.Add(1)
				}
			}
		})
	}
	return l
}

func (l *load) fault(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = append(l.faults, text)
}

func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.wait.Wait()
	if len(l.faults) > 0 {
		t.Errorf("%d requests failed, the first: %s", len(l.faults), l.faults[0])
	}
	if l.answered.Load() == 0 {
		t.Error("no request was answered")
	}
}

func TestSwitchesLoseNoRequest(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("m", servetest.Recipe{Trees: 3}), r.register("m", servetest.Recipe{Seed: 1, Trees: 3})
	r.deploy(one, nil)
	l := r.load(8, "m", r.golden(one, 0).Row)
	changing := new("")
	for i := range 10 {
		m := []ledger.Model{two, one}[i%2]
		l.promised.Store(changing)
		if i%5 == 4 {
			if _, err := r.client.Rollback(t.Context(), "m"); err != nil {
				t.Fatal(err)
			}
		} else {
			r.deploy(m, nil)
		}
		status, err := r.client.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.promised.Store(&status.Models[0].Digest)
		time.Sleep(10 * time.Millisecond)
	}
	l.end(t)
}

func TestEveryStrategyEndsWithTheNewVersion(t *testing.T) {
	for _, strategy := range []string{BlueGreen, Canary, ShadowOf} {
		t.Run(strategy, func(t *testing.T) {
			r := newRig(t, nil)
			one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
			first := r.deploy(one, nil)
			if first.Previous != nil || first.Evidence.Synthetic || first.Evidence.Requests != 1 {
				t.Errorf("first deployment %+v", first)
			}
			l := r.load(2, "m", r.golden(one, 1).Row)
			d := r.deploy(two, func(o *Order) { o.Strategy, o.Bake = strategy, time.Second })
			l.end(t)
			e := d.Evidence
			if e.Requests < 5 || e.Synthetic || e.Errors != 0 || e.BakeSeconds < 1 || !(e.P50MS > 0 && e.P50MS <= e.P99MS) {
				t.Errorf("evidence %+v", e)
			}
			if *d.Previous != one.Digest || d.Slot == first.Slot {
				t.Errorf("deployment %+v", d)
			}
			if got := r.predict(two).Model.Digest; got != two.Digest {
				t.Errorf("answered by %s", got)
			}
			if a, b := r.stage(one), r.stage(two); a != ledger.Archived || b != ledger.Production {
				t.Errorf("stages %s, %s", a, b)
			}
			if diff := cmp.Diff([]string{"v2 serving", "v1 replaced"}, r.history("m")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// The first deployment has no callers: its golden rows are replayed through
// the listener, and the evidence says so.
func TestABakeWithoutCallersIsReplayed(t *testing.T) {
	r := newRig(t, nil)
	m := r.register("m", servetest.Recipe{Task: learn.Multiclass})
	d := r.deploy(m, func(o *Order) { o.Bake = 300 * time.Millisecond })
	if e := d.Evidence; !e.Synthetic || e.Requests < 5 || e.Errors != 0 {
		t.Errorf("evidence %+v", e)
	}
}

func TestDirectIsNeverForProduction(t *testing.T) {
	r := newRig(t, nil)
	one, two, three := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1}), r.register("m", servetest.Recipe{Seed: 2})
	direct := func(o *Order) { o.Strategy = Direct }
	r.deploy(one, direct)
	if got := r.stage(one); got != ledger.Staging {
		t.Errorf("stage %s", got)
	}
	r.deploy(two, direct)
	r.deploy(two, nil)
	_, err := r.client.Deploy(t.Context(), Order{Name: "m", Version: three.Version, Strategy: Direct})
	wantCode(t, err, "deploy.direct")
	if got := r.predict(two).Model.Digest; got != two.Digest {
		t.Errorf("answered by %s", got)
	}
}

func TestRollback(t *testing.T) {
	r := newRig(t, nil)
	var m []ledger.Model
	for seed := range 3 {
		m = append(m, r.register("m", servetest.Recipe{Seed: uint64(seed)}))
		r.deploy(m[seed], nil)
	}
	back := func(want ledger.Model) {
		t.Helper()
		d, err := r.client.Rollback(t.Context(), "m")
		if err != nil {
			t.Fatal(err)
		}
		if d.Model.Digest != want.Digest || r.predict(want).Model.Digest != want.Digest {
			t.Errorf("rolled back to %+v, want version %d", d.Model, want.Version)
		}
	}
	r.deploy(m[2], nil) // again: no way back of its own
	back(m[1])          // kept warm
	if diff := cmp.Diff([]string{"v3 rolled_back", "v3 replaced", "v2 serving", "v1 replaced"}, r.history("m")); diff != "" {
		t.Error(diff)
	}
	r.stop()
	r.start()
	back(m[0]) // from its file
	_, err := r.client.Rollback(t.Context(), "m")
	wantCode(t, err, "deploy.nothing_before")
	_, err = r.client.Rollback(t.Context(), "other")
	wantCode(t, err, "request.model")
	r.stop()
	r.start()
	if got := r.predict(m[0]).Model.Digest; got != m[0].Digest {
		t.Errorf("after a restart answered by %s", got)
	}
}

func TestARollbackEndsARollOut(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	r.deploy(one, nil)
	ended := make(chan Deployment, 1)
	go func() {
		d, err := r.client.Deploy(context.Background(), Order{Name: "m", Version: two.Version, Bake: time.Hour})
		if err != nil {
			t.Error(err)
		}
		ended <- d
	}()
	for r.predict(one).Model.Digest != two.Digest {
		time.Sleep(5 * time.Millisecond)
	}
	_, err := r.client.Deploy(t.Context(), Order{Name: "m", Version: one.Version})
	wantCode(t, err, "deploy.busy")
	d, err := r.client.Rollback(t.Context(), "m")
	if err != nil || d.Model.Digest != one.Digest || r.predict(one).Model.Digest != one.Digest {
		t.Errorf("%+v %v", d, err)
	}
	if d := <-ended; d.Status != "rolled_back" || d.Error.Code != "deploy.taken_back" {
		t.Errorf("deployment %+v", d)
	}
}

// A rollback that comes while the candidate is still being loaded ends the
// roll-out as soon as it begins to answer.
func TestARollbackDuringLoading(t *testing.T) {
	loading, slow := make(chan struct{}), new(atomic.Bool)
	r := newRig(t, func(c *Config) {
		c.Open = func(path string) (Model, error) {
			if slow.Load() {
				close(loading)
				time.Sleep(100 * time.Millisecond)
			}
			return OpenFile(path)
		}
	})
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	r.deploy(one, nil)
	slow.Store(true)
	ended := make(chan Deployment, 1)
	go func() {
		d, err := r.client.Deploy(context.Background(), Order{Name: "m", Version: two.Version, Bake: time.Hour})
		if err != nil {
			t.Error(err)
		}
		ended <- d
	}()
	<-loading
	d, err := r.client.Rollback(t.Context(), "m")
	if err != nil || d.Model.Digest != one.Digest {
		t.Errorf("%+v %v", d, err)
	}
	if d := <-ended; d.Status != "rolled_back" {
		t.Errorf("deployment is %s", d.Status)
	}
}

// A server that was killed between two entries of the ledger leaves two
// deployments that serve: the newer one does, and the history is mended.
func TestRestartAfterAHalfRecordedSwitch(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	first := r.deploy(one, nil)
	second := r.deploy(two, nil)
	r.stop()
	err := r.ledger.Deploy(t.Context(), ledger.Deployment{ID: first.ID, Name: "m", Version: one.Version, Digest: one.Digest, Status: "serving", Slot: first.Slot})
	if err = errors.Join(err, r.ledger.SetStage(t.Context(), "m", two.Version, ledger.Staging)); err != nil {
		t.Fatal(err)
	}
	r.start()
	if got := r.predict(two).Model.Digest; got != two.Digest {
		t.Errorf("answered by %s", got)
	}
	if diff := cmp.Diff([]string{"v2 serving", "v1 replaced"}, r.history("m")); diff != "" {
		t.Error(diff)
	}
	if got := r.stage(two); got != ledger.Production {
		t.Errorf("stage %s", got)
	}
	if d, err := r.client.Rollback(t.Context(), "m"); err != nil || d.ID != first.ID || second.ID == first.ID {
		t.Errorf("%+v %v", d, err)
	}
}

func TestAnAbandonedRollOutIsTakenBack(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	r.deploy(one, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := r.client.Deploy(ctx, Order{Name: "m", Version: two.Version, Bake: time.Hour}); err == nil {
		t.Fatal("no error")
	}
	for range 200 {
		if h := r.history("m"); len(h) == 2 && h[0] == "v2 rolled_back" {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if diff := cmp.Diff([]string{"v2 rolled_back", "v1 serving"}, r.history("m")); diff != "" {
		t.Error(diff)
	}
	if got := r.predict(one).Model.Digest; got != one.Digest {
		t.Errorf("answered by %s", got)
	}
}

// faulty is a real model with a fault that is there while bad is true.
type faulty struct {
	Model
	bad   *atomic.Bool
	score func(m Model, x, out []float64)
}

func (f faulty) Score(x, out []float64) {
	if f.bad.Load() {
		f.score(f.Model, x, out)
		return
	}
	f.Model.Score(x, out)
}

// A bad candidate is stopped before it answers or taken back, callers notice
// nothing, and what served before serves.
func TestBadCandidatesDoNotGetThrough(t *testing.T) {
	nan := func(m Model, x, out []float64) { out[0] = math.NaN() }
	outside := func(m Model, x, out []float64) { out[0] = 1.5 }
	panics := func(m Model, x, out []float64) { panic("index out of range") }
	off := func(m Model, x, out []float64) { m.Score(x, out); out[0] = math.Nextafter(out[0], 0.5) }
	slow := func(m Model, x, out []float64) { time.Sleep(20 * time.Millisecond); m.Score(x, out) }
	const late, once = true, false // later: once it answers callers
	tests := []struct {
		name     string
		later    bool
		score    func(m Model, x, out []float64)
		flip     bool
		strategy string
		limit    float64
		code     string
		status   string
	}{
		{"panics at once", once, panics, false, BlueGreen, 0, "deploy.errors", "refused"},
		{"panics later", late, panics, false, BlueGreen, 0, "deploy.errors", "rolled_back"},
		{"panics as a canary", late, panics, false, Canary, 0, "deploy.errors", "rolled_back"},
		{"panics in the shadow", late, panics, false, ShadowOf, 0, "deploy.errors", "rolled_back"},
		{"NaN at once", once, nan, false, BlueGreen, 0, "deploy.errors", "refused"},
		{"NaN later", late, nan, false, BlueGreen, 0, "deploy.errors", "rolled_back"},
		{"no probability", late, outside, false, BlueGreen, 0, "deploy.errors", "rolled_back"},
		{"last bit wrong", once, off, false, BlueGreen, 0, "deploy.golden", "refused"},
		{"slow at once", once, slow, false, BlueGreen, 0, "deploy.latency", "refused"},
		{"slow later", late, slow, false, BlueGreen, 0, "deploy.latency", "rolled_back"},
		{"slow in the shadow", late, slow, false, ShadowOf, 0, "deploy.latency", "rolled_back"},
		{"slower than asked", once, slow, false, BlueGreen, 5, "deploy.latency", "refused"},
		{"labels turned round", once, nil, true, BlueGreen, 0, "deploy.contradiction", "refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var bad ledger.Model
			on := new(atomic.Bool)
			on.Store(!test.later)
			r := newRig(t, func(c *Config) {
				c.Open = func(path string) (Model, error) {
					m, err := OpenFile(path)
					if err == nil && test.score != nil && m.About().Digest == bad.Digest {
						return faulty{m, on, test.score}, nil
					}
					return m, err
				}
			})
			good := r.register("m", servetest.Recipe{})
			bad = r.register("m", servetest.Recipe{Seed: 1, Flip: test.flip})
			r.deploy(good, nil)
			l := r.load(2, "m", r.golden(good, 0).Row)
			go func() {
				for test.later && t.Context().Err() == nil && !on.Load() {
					status, err := r.client.Status(t.Context())
					on.Store(err == nil && status.Models[0].Trial != nil)
				}
			}()
			d, err := r.client.Deploy(t.Context(), Order{Name: "m", Version: bad.Version, Strategy: test.strategy, Bake: 20 * time.Second, LatencyMS: test.limit})
			l.end(t)
			if err != nil {
				t.Fatal(err)
			}
			if d.Status != test.status || d.Error == nil || d.Error.Code != test.code {
				t.Errorf("%s: %v; want %s: %s", d.Status, d.Error, test.status, test.code)
			}
			if d.Evidence.BakeSeconds > 10 {
				t.Errorf("stopped after %.1f s", d.Evidence.BakeSeconds)
			}
			if got := r.predict(good).Model.Digest; got != good.Digest {
				t.Errorf("answered by %s", got)
			}
			if diff := cmp.Diff([]string{"v2 " + test.status, "v1 serving"}, r.history("m")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatCannotBeDeployed(t *testing.T) {
	r := newRig(t, nil)
	m := r.register("m", servetest.Recipe{})
	unblessed, err := r.ledger.Register(t.Context(), ledger.Model{Name: "poor", Digest: m.Digest, Stage: ledger.Development},
		func(int) (string, error) { return m.Path, nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		order Order
		code  string
	}{
		{"no such model", Order{Name: "none"}, "deploy.no_model"},
		{"no such version", Order{Name: "m", Version: 9}, "deploy.no_model"},
		{"no such strategy", Order{Name: "m", Strategy: "big-bang"}, "usage.value"},
		{"a bake below zero", Order{Name: "m", Bake: -1}, "usage.value"},
		{"criteria unmet", Order{Name: "poor", Version: unblessed.Version}, "deploy.not_blessed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := r.client.Deploy(t.Context(), test.order)
			wantCode(t, err, test.code)
		})
	}
	damage(t, filepath.Join(r.dir, m.Path))
	d, err := r.client.Deploy(t.Context(), Order{Name: "m"})
	if err != nil || d.Status != "refused" || d.Error.Code != "deploy.unreadable" {
		t.Errorf("a damaged file: %+v %v", d, err)
	}
}

// A deployment that the ledger does not hold would be forgotten by the next
// server: it is taken back.
func TestADeploymentThatCannotBeRecorded(t *testing.T) {
	broken := &brokenRegistry{}
	r := newRig(t, func(c *Config) { broken.Registry, c.Registry = c.Registry, broken })
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	r.deploy(one, nil)
	broken.now.Store(true)
	d, err := r.client.Deploy(t.Context(), Order{Name: "m", Version: two.Version})
	if err == nil || d.Status != "rolled_back" || d.Error.Code != "deploy.unrecorded" {
		t.Errorf("%+v %v", d, err)
	}
	if got := r.predict(one).Model.Digest; got != one.Digest {
		t.Errorf("answered by %s", got)
	}
}

type brokenRegistry struct {
	Registry
	now atomic.Bool
}

func (b *brokenRegistry) Deploy(ctx context.Context, d ledger.Deployment) error {
	if b.now.Load() {
		return errors.New("disk full")
	}
	return b.Registry.Deploy(ctx, d)
}

func TestPromote(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("m", servetest.Recipe{}), r.register("m", servetest.Recipe{Seed: 1})
	promote := func(m ledger.Model, to ledger.Stage) (Deployment, error) {
		return r.client.Promote(t.Context(), Order{Name: "m", Version: m.Version, Bake: 200 * time.Millisecond}, to)
	}
	_, err := promote(one, "heaven")
	wantCode(t, err, "usage.value")
	d, err := promote(one, ledger.Shadow)
	if err != nil || d.Status != "refused" || d.Error.Code != "deploy.nothing_to_shadow" {
		t.Errorf("%+v %v", d, err)
	}
	if d, err := promote(one, ledger.Production); err != nil || d.Status != "serving" || r.stage(one) != ledger.Production {
		t.Errorf("%+v %v", d, err)
	}
	_, err = promote(one, ledger.Archived)
	wantCode(t, err, "deploy.serving")
	if d, err := promote(two, ledger.Staging); err != nil || d.Status != "staging" || d.Evidence.GoldenEqual != 32 || r.stage(two) != ledger.Staging {
		t.Errorf("%+v %v", d, err)
	}
	d, err = promote(two, ledger.Shadow)
	if err != nil || d.Status != "shadow" || d.Evidence.Requests == 0 || !d.Evidence.Synthetic || r.stage(two) != ledger.Shadow {
		t.Errorf("%+v %v", d, err)
	}
	if got := r.predict(one).Model.Digest; got != one.Digest {
		t.Errorf("answered by %s", got)
	}
	if d, err := promote(two, ledger.Archived); err != nil || d.Status != "archived" || r.stage(two) != ledger.Archived {
		t.Errorf("%+v %v", d, err)
	}
}

func TestContradict(t *testing.T) {
	line := func(slope float64, n int) *pairs {
		p := &pairs{}
		for i := range n {
			p.add(float64(i), slope*float64(i)+math.Sin(float64(7*i)))
		}
		return p
	}
	for _, test := range []struct {
		name string
		p    *pairs
		want bool
	}{
		{"same order", line(1, 50), false},
		{"unrelated", line(0, 50), false},
		{"opposite", line(-1, 50), true},
		{"too few to tell", line(-1, 5), false},
		{"none", &pairs{}, false},
	} {
		if tau, got := test.p.contradict(); got != test.want {
			t.Errorf("%s: tau %v, contradict %v", test.name, tau, got)
		}
	}
}

// The tally's quantiles are upper bounds, at most an eighth above the value.
func TestTally(t *testing.T) {
	for _, ns := range []uint64{0, 1, 7, 8, 9, 15, 16, 100, 12_345, 1e6, 123_456_789, 1 << 40} {
		if c := ceiling(bucketOf(ns)); c < float64(ns) || c > float64(ns)*1.125 {
			t.Errorf("%d ns is in the bucket up to %v", ns, c)
		}
	}
	var tl tally
	for i := range 1000 {
		tl.add(time.Duration(i+1) * time.Microsecond)
	}
	if p := tl.quantile(0.5); p < 0.5 || p > 0.5625 {
		t.Errorf("median %v ms", p)
	}
	if p := tl.quantile(0.99); p < 0.99 || p > 1.12 {
		t.Errorf("p99 %v ms", p)
	}
}
