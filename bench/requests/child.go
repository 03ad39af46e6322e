package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/serve"
	"github.com/septet-ml/septet/serve/servetest"
)

// beServer is the server process.
func beServer(ctx context.Context, workspace, profile string) error {
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	l, err := sqlite.Open(ctx, workspace)
	if err != nil {
		return err
	}
	defer l.Close()
	return serve.Run(ctx, serve.Config{
		Workspace: workspace, Addr: "127.0.0.1:0", Registry: l,
		Listening: func(i serve.Info) { fmt.Println(i.Addr) },
	})
}

// beNothing is the process of a handler that reads a request and answers with
// as many bytes as the server does.
func beNothing(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	reply := make([]byte, 330)
	for i := range reply {
		reply[i] = ' '
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(reply) // a caller that is gone shows in its own count
	})}
	fmt.Println(l.Addr())
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// process is a child that has printed its address.
type process struct {
	addr string
	cmd  *exec.Cmd
}

func start(ctx context.Context, args ...string) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, exe, args...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 15 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("child did not say where it listens: %w", err)
	}
	return &process{line[:len(line)-1], cmd}, nil
}

func (p *process) end() {
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended already
	_ = p.cmd.Wait()
}

// server is the child that serves, its workspace and what is registered there.
type server struct {
	*process
	workspace string
	ledger    *sqlite.Ledger
	client    *serve.Client
}

const name = "bench"

func startServer(ctx context.Context, profile string) (s *server, err error) {
	s = &server{}
	if s.workspace, err = os.MkdirTemp("", "bench-requests"); err != nil {
		return nil, err
	}
	if s.ledger, err = sqlite.Open(ctx, s.workspace); err != nil {
		return nil, err
	}
	if s.process, err = start(ctx, "-child", "serve", "-workspace", s.workspace, "-profile", profile); err != nil {
		return nil, err
	}
	s.client, err = serve.Dial(s.workspace)
	return s, err
}

func (s *server) end() {
	s.process.end()
	_ = s.ledger.Close()
	_ = os.RemoveAll(s.workspace)
}

func (s *server) register(ctx context.Context, r servetest.Recipe) (ledger.Model, error) {
	file := fmt.Sprintf("%d-%d-%d.septet", r.Seed, r.Trees, r.Rows)
	_, m, err := r.Write(ctx, s.workspace, file)
	if err != nil {
		return ledger.Model{}, err
	}
	return s.ledger.Register(ctx, ledger.Model{Name: name, Digest: m.Digest(), Bytes: m.Bytes(), Stage: ledger.Development, Blessed: true},
		func(int) (string, error) { return file, nil })
}

func (s *server) deploy(ctx context.Context, m ledger.Model, bake time.Duration) error {
	d, err := s.client.Deploy(ctx, serve.Order{Name: name, Version: m.Version, Bake: bake})
	if err == nil && d.Error != nil {
		err = d.Error
	}
	return err
}

// request is a one-row request, as it goes over the wire.
func (s *server) request(addr string) ([]byte, error) {
	m, err := s.ledger.Model(context.Background(), name, 1)
	if err != nil {
		return nil, err
	}
	model, err := serve.OpenFile(filepath.Join(s.workspace, m.Path))
	if err != nil {
		return nil, err
	}
	body := fmt.Appendf(nil, `{"rows":[%s]}`, model.About().Golden[0].Row)
	return fmt.Appendf(nil, "POST /v1/models/%s:predict HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", name, addr, len(body), body), nil
}
