package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/telemetry"
)

// DefaultPort is where a server listens if it is not told, or on the first
// free one of the hundred after it.
const DefaultPort = 7310

// Config is what a server is started with.
type Config struct {
	Workspace string // absolute folder; must exist
	Addr      string // host:port; "" is 127.0.0.1 and the first free port from DefaultPort on

	// TokenFile holds the bearer token that callers need; "" is none. Without
	// it the server listens on loopback addresses only.
	TokenFile string
	Hosts     []string // names, beside loopback ones, that callers may use for this server

	Registry Registry
	Open     Opener             // nil is OpenFile
	Site     http.Handler       // answers what is not the server's own; nil is nothing
	Metrics  *telemetry.Metrics // nil makes its own
	Log      *slog.Logger       // nil is silent
	Limits   Limits
	History  telemetry.LogOptions

	// Listening is called once the server listens, before models are restored.
	Listening func(Info)
}

// drainFor is how long requests that are on may take after a stop.
const drainFor = 10 * time.Second

// Run serves until ctx ends or the server is stopped through its socket, and
// lets the requests that are on then end. It holds server.lock meanwhile: a
// second server of the workspace is a Problem.
func Run(ctx context.Context, c Config) (err error) {
	release, err := acquire(c.Workspace)
	if errors.Is(err, errHeld) {
		return alreadyRuns(c.Workspace)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	s, err := newServer(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.history.Close()) }()
	listener, err := listen(c)
	if err != nil {
		return err
	}
	defer listener.Close()
	info := s.listensOn(listener, c)
	if err := announce(c.Workspace, info); err != nil {
		return err
	}
	defer os.Remove(filepath.Join(c.Workspace, infoFile))
	admin, closeAdmin, err := listenAdmin(c.Workspace)
	if err != nil {
		return err
	}
	defer closeAdmin()
	if c.Listening != nil {
		c.Listening(info)
	}
	return s.serve(ctx, listener, admin, c.Site)
}

func alreadyRuns(workspace string) error {
	p := &problem.Problem{
		Kind: problem.Failed, Code: "serve.running", Where: workspace,
		What: "a server of this workspace runs already", Fix: "septet stop ends it",
	}
	if info, running, err := Find(workspace); err == nil && running && info.Addr != "" {
		p.Why = "process " + strconv.Itoa(info.PID) + " at " + info.URL()
	}
	return p
}

func newServer(c Config) (*Server, error) {
	guard, err := newGuard(c.TokenFile, c.Hosts)
	if err != nil {
		return nil, err
	}
	s := &Server{
		limits: c.Limits.withDefaults(), log: c.Log, metrics: c.Metrics, registry: c.Registry, open: c.Open,
		folder: c.Workspace, guard: guard, replayID: newID(""), stop: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.metrics == nil {
		s.metrics = telemetry.NewMetrics()
	}
	if s.open == nil {
		s.open = OpenFile
	}
	s.guard.replayID = s.replayID
	s.works.New = func() any { return new(work) }
	s.endpoints.Store(&map[string]*endpoint{})
	s.history, err = telemetry.OpenLog(PredictionLog(c.Workspace), c.History, s.metrics)
	return s, err
}

// PredictionLog is the folder of a workspace's prediction log.
func PredictionLog(workspace string) string { return filepath.Join(workspace, "predictions") }

// listen takes the address, or the first free port. An address that others
// can reach needs a token.
func listen(c Config) (net.Listener, error) {
	if c.Addr == "" {
		for port := DefaultPort; ; port++ {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err == nil || !errors.Is(err, syscall.EADDRINUSE) || port == DefaultPort+100 {
				return l, err
			}
		}
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "serve.address", Where: "--addr", Cause: err,
			What: "the address is not HOST:PORT", Fix: "for example --addr 127.0.0.1:7310",
		}
	}
	if c.TokenFile == "" && !isLoopback(host) {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "serve.needs_token", Where: "--addr",
			What: "an address that others can reach needs a token", Why: host + " is not a loopback address",
			Fix: "give --token-file FILE, or listen on 127.0.0.1",
		}
	}
	l, err := net.Listen("tcp", c.Addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, &problem.Problem{
			Kind: problem.Failed, Code: "serve.address_in_use", Where: c.Addr, Cause: err,
			What: "another program listens on this address", Fix: "give another port, or leave --addr out for the next free one",
		}
	}
	if err != nil {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "serve.address", Where: c.Addr, Cause: err,
			What: "the server cannot listen on this address", Why: reason(err), Fix: "for example --addr 127.0.0.1:7310",
		}
	}
	return l, nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// listensOn notes where the server can be reached.
func (s *Server) listensOn(l net.Listener, c Config) Info {
	info := Info{PID: os.Getpid(), Addr: l.Addr().String()}
	s.base, s.selfURL = info.URL(), info.selfURL()
	if host, port, err := net.SplitHostPort(info.Addr); err == nil {
		s.guard.hosts = append(s.guard.hosts, host)
		if len(c.Hosts) > 0 {
			s.base = "http://" + net.JoinHostPort(c.Hosts[0], port)
		}
	}
	s.client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}
	return info
}

// serve answers on both listeners until ctx ends or somebody stops the server.
func (s *Server) serve(ctx context.Context, listener, admin net.Listener, site http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	public := &http.Server{
		Handler: s.handler(site), ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, Protocols: new(http.Protocols),
	}
	public.Protocols.SetHTTP1(true)
	public.Protocols.SetUnencryptedHTTP2(true) // for callers that begin with it
	private := &http.Server{Handler: s.adminHandler(), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	failed := make(chan error, 3)
	var wait sync.WaitGroup
	wait.Go(func() { failed <- public.Serve(listener) })
	wait.Go(func() { failed <- private.Serve(admin) })
	wait.Go(func() {
		if err := s.restore(ctx); err != nil && ctx.Err() == nil {
			failed <- err
		}
		s.ready.Store(true)
	})
	var err error
	select {
	case <-ctx.Done():
	case <-s.stop:
	case err = <-failed:
	}
	drain, end := context.WithTimeout(context.WithoutCancel(ctx), drainFor)
	defer end()
	cancel() // ends roll-outs: what served before is on the books
	err = errors.Join(err, private.Shutdown(drain), public.Shutdown(drain))
	if errors.Is(err, context.DeadlineExceeded) {
		s.log.Warn("requests were cut off", "after", drainFor)
		err = errors.Join(private.Close(), public.Close())
	}
	s.client.CloseIdleConnections()
	wait.Wait()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
