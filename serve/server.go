// Package serve answers predict requests.
//
// One long-lived process owns the listener. Models live in slots behind atomic
// pointers: a request reads the pointer once and is answered, from beginning
// to end, by what it found there, so that changing models loses no request and
// mixes no versions. A candidate is loaded, checked and warmed off the path of
// the requests, and watched while it begins to answer.
//
//	POST /v1/models/{name}:predict   predict.go  rows.go  scan.go  slot.go  answer.go
//	what answers                     endpoint.go
//	changing it                      rollout.go  inspect.go  bake.go  restore.go
//	the process                      run.go  lock.go  detach.go
//	its administration               admin.go  client.go
package serve

import (
	"log/slog"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/septet-ml/septet/telemetry"
)

// Limits bound what a caller can ask for. Zero values get the defaults.
type Limits struct {
	BodyBytes int64 // of one request; default 8 MiB
	Rows      int   // of one request; default 10,000
	AtWork    int   // requests being scored at once; default 16 for each processor
}

func (l Limits) withDefaults() Limits {
	if l.BodyBytes <= 0 {
		l.BodyBytes = 8 << 20
	}
	if l.Rows <= 0 {
		l.Rows = 10_000
	}
	if l.AtWork <= 0 {
		l.AtWork = 16 * runtime.GOMAXPROCS(0)
	}
	return l
}

// Server is the models of a process and what answers for them.
type Server struct {
	limits   Limits
	log      *slog.Logger
	metrics  *telemetry.Metrics
	history  *telemetry.Log
	registry Registry
	open     Opener
	folder   string // of the workspace
	guard    guard
	replayID string // marks the server's own requests; nobody else knows it

	works  sync.Pool // of *work
	atWork atomic.Int64

	mu        sync.Mutex // of whoever adds an endpoint
	endpoints atomic.Pointer[map[string]*endpoint]
	base      string // "http://host:port" for callers
	selfURL   string // the same for the server itself
	client    *http.Client
	ready     atomic.Bool
	stop      chan struct{}
	broken    sync.Map // name → *problem.Problem: what could not be restored
}

// maxKept bounds the buffers that are kept for later requests.
const maxKept = 1 << 20

// recycle keeps k for a later request unless it grew large.
func (s *Server) recycle(k *work) {
	if cap(k.body)+cap(k.reply)+8*cap(k.x) < maxKept {
		s.works.Put(k)
	}
}

// enter takes a place among the requests at work, if one is free.
func (s *Server) enter() bool {
	if s.atWork.Add(1) > int64(s.limits.AtWork) {
		s.atWork.Add(-1)
		return false
	}
	s.metrics.InFlight.Inc()
	return true
}

func (s *Server) leave() {
	s.metrics.InFlight.Dec()
	s.atWork.Add(-1)
}

// endpoint finds a name; nil if nothing was ever served under it.
func (s *Server) endpoint(name string) *endpoint {
	return (*s.endpoints.Load())[name]
}

// ensureEndpoint finds a name or makes it, with nothing that answers.
func (s *Server) ensureEndpoint(name string) *endpoint {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.endpoint(name); e != nil {
		return e
	}
	e := &endpoint{name: name}
	next := maps.Clone(*s.endpoints.Load())
	next[name] = e
	s.endpoints.Store(&next)
	return e
}

// names are the served names in order.
func (s *Server) names() []string {
	return slices.Sorted(maps.Keys(*s.endpoints.Load()))
}
