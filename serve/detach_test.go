package serve

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/serve/servetest"
)

// The test binary is also the server that the tests start.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "serve-for-test" {
		os.Exit(serveForTest(os.Args[2]))
	}
	os.Exit(m.Run())
}

func serveForTest(workspace string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	l, err := sqlite.Open(ctx, workspace)
	if err == nil {
		err = Run(ctx, Config{Workspace: workspace, Addr: os.Getenv("SEPTET_TEST_ADDR"), Registry: l})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func ensure(t *testing.T, workspace string) (*Client, bool, error) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, err := Dial(workspace); err == nil {
			_ = c.Stop(context.Background(), workspace)
		}
	})
	return EnsureRunning(t.Context(), workspace, exe, "serve-for-test", workspace)
}

// Several processes want a server at once: one is started, in a session of
// its own, and all get it.
func TestEnsureRunningStartsOneServer(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	var mu sync.Mutex
	pids := map[int]bool{}
	for range 3 {
		wait.Go(func() {
			c, _, err := ensure(t, dir)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			pids[c.Info.PID] = true
		})
	}
	wait.Wait()
	if len(pids) != 1 {
		t.Fatalf("servers %v, want one", pids)
	}
	c, started, err := ensure(t, dir)
	if err != nil || started {
		t.Fatalf("started again: %v %v", started, err)
	}
	if session, _, errno := syscall.Syscall(syscall.SYS_GETSID, uintptr(c.Info.PID), 0, 0); errno != 0 || int(session) != c.Info.PID {
		t.Errorf("session %d, want its own, %d", session, c.Info.PID)
	}
	if err := c.Stop(t.Context(), dir); err != nil {
		t.Error(err)
	}
}

func TestEnsureRunningSaysWhyNot(t *testing.T) {
	t.Setenv("SEPTET_TEST_ADDR", "nonsense")
	_, _, err := ensure(t, t.TempDir())
	wantCode(t, err, "serve.not_started")
	if p := problem.As(err); !strings.Contains(p.Why, "serve.address") {
		t.Errorf("the log's end is not told: %v", p)
	}
}

// kill -9 at any moment, then a new server: what was acknowledged serves.
func TestAKilledServerIsReplacedByOneThatServesTheSame(t *testing.T) {
	r := newRig(t, nil)
	r.stop()
	m := []int{}
	versions := map[int]string{}
	for seed := range 3 {
		model := r.register("m", servetest.Recipe{Seed: uint64(seed)})
		versions[model.Version] = model.Digest
		m = append(m, model.Version)
	}
	acknowledged := 0
	for i := range 4 {
		c, _, err := ensure(t, r.dir)
		if err != nil {
			t.Fatal(err)
		}
		r.client = c
		status, err := c.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if acknowledged != 0 && status.Models[0].Digest != versions[acknowledged] {
			t.Fatalf("after kill %d version %d serves, want %d", i, status.Models[0].Version, acknowledged)
		}
		if _, err := c.Deploy(t.Context(), Order{Name: "m", Version: m[i%3]}); err != nil {
			t.Fatal(err)
		}
		acknowledged = m[i%3]
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(20*i)*time.Millisecond)
		_, _ = c.Deploy(ctx, Order{Name: "m", Version: m[(i+1)%3], Bake: time.Hour}) // never acknowledged
		cancel()
		if err := syscall.Kill(c.Info.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		for {
			if _, running, err := Find(r.dir); err != nil || !running {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}
