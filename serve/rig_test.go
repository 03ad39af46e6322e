package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/serve/servetest"
)

// rig is a workspace with a real ledger and a running server.
type rig struct {
	*testing.T
	dir    string
	ledger *sqlite.Ledger
	client *Client
	stop   func()
	config Config
}

func newRig(t *testing.T, change func(*Config)) *rig {
	t.Helper()
	t.Parallel()
	r := &rig{T: t, dir: t.TempDir()}
	l, err := sqlite.Open(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r.ledger = l
	r.config = Config{Workspace: r.dir, Addr: "127.0.0.1:0", Registry: l, Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	if change != nil {
		change(&r.config)
	}
	r.dir = r.config.Workspace
	r.start()
	t.Cleanup(func() { r.stop() })
	return r
}

// start runs a server until r.stop, which waits for its end.
func (r *rig) start() {
	r.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan error, 1)
	c := r.config
	c.Listening = func(Info) { close(listening) }
	go func() { ended <- Run(ctx, c) }()
	select {
	case <-listening:
	case err := <-ended:
		cancel()
		r.Fatalf("server ended: %v", err)
	}
	r.stop = func() {
		cancel()
		if err, open := <-ended; open {
			close(ended)
			if err != nil {
				r.Errorf("server ended with %v", err)
			}
		}
	}
	client, err := Dial(r.dir)
	if err != nil {
		r.Fatal(err)
	}
	r.client = client
	r.waitReady()
}

func (r *rig) waitReady() {
	r.Helper()
	for range 500 {
		answer, err := http.Get(r.client.Info.URL() + "/readyz")
		if err != nil {
			r.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.Fatal("the server does not get ready")
}

// register writes a model file and registers it under the name.
func (r *rig) register(name string, recipe servetest.Recipe) ledger.Model {
	r.Helper()
	path, m, err := recipe.Write(r.Context(), r.dir, fmt.Sprintf("%s-%d-%t.septet", name, recipe.Seed, recipe.Flip))
	if err != nil {
		r.Fatal(err)
	}
	out, err := r.ledger.Register(r.Context(), ledger.Model{
		Name: name, Digest: m.Digest(), Bytes: m.Bytes(), Stage: ledger.Development, Blessed: true,
	}, func(int) (string, error) { return filepath.Base(path), nil })
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// deploy rolls out without watching and wants it to serve.
func (r *rig) deploy(m ledger.Model, change func(*Order)) Deployment {
	r.Helper()
	o := Order{Name: m.Name, Version: m.Version}
	if change != nil {
		change(&o)
	}
	d, err := r.client.Deploy(r.Context(), o)
	if err != nil {
		r.Fatal(err)
	}
	if d.Status != "serving" {
		r.Fatalf("deployment is %s: %v", d.Status, d.Error)
	}
	return d
}

// predict asks as a caller and gives the digest that answered.
func (r *rig) predict(m ledger.Model) *Reply {
	r.Helper()
	reply, err := r.ask(m.Name, r.golden(m, 0).Row)
	if err != nil {
		r.Fatal(err)
	}
	return reply
}

func (r *rig) ask(name string, row []byte) (*Reply, error) {
	return Predict(r.Context(), http.DefaultClient, r.client.Info.URL()+"/v1/models/"+name+":predict", nil, fmt.Appendf(nil, `{"rows":[%s]}`, row))
}

func (r *rig) golden(m ledger.Model, i int) Golden {
	r.Helper()
	model, err := OpenFile(filepath.Join(r.dir, m.Path))
	if err != nil {
		r.Fatal(err)
	}
	return model.About().Golden[i]
}

func (r *rig) stage(m ledger.Model) ledger.Stage {
	r.Helper()
	now, err := r.ledger.Model(r.Context(), m.Name, m.Version)
	if err != nil {
		r.Fatal(err)
	}
	return now.Stage
}

func (r *rig) history(name string) []string {
	r.Helper()
	list, err := r.ledger.Deployments(r.Context(), name)
	if err != nil {
		r.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("v%d %s", d.Version, d.Status))
	}
	return out
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	p := problem.As(err)
	if p == nil || p.Code != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}

func damage(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err = errors.Join(err, os.Chmod(path, 0o600)); err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
