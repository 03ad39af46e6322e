package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// maxSocketPath is what every system takes as the path of a socket, in bytes.
const maxSocketPath = 100

// listenAdmin makes admin.sock, for this account only. The socket is made in
// a folder that nobody else can enter, and then moved to its place, so that
// it is never open to others and a left-over one is replaced. Where the
// workspace's path is too long for a socket, it stays in that folder and its
// place has a link to it.
func listenAdmin(workspace string) (net.Listener, func(), error) {
	place := filepath.Join(workspace, socketFile)
	parent := workspace
	if len(place)+20 > maxSocketPath {
		parent = ""
	}
	folder, err := os.MkdirTemp(parent, ".admin-")
	if err != nil {
		return nil, nil, fmt.Errorf("open admin socket: %w", err)
	}
	path := filepath.Join(folder, "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open admin socket: %w", err), os.RemoveAll(folder))
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	if parent == "" {
		err = errors.Join(err, removeIfThere(place), os.Symlink(path, place))
	} else {
		err = errors.Join(err, os.Rename(path, place))
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open admin socket: %w", err), l.Close(), os.RemoveAll(folder))
	}
	if parent != "" {
		err = os.Remove(folder)
	}
	return l, func() {
		l.Close()
		os.Remove(place)
		os.RemoveAll(folder)
	}, err
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return nil
}

// promotion is the body of POST /promote.
type promotion struct {
	Order Order        `json:"order"`
	To    ledger.Stage `json:"to"`
}

// naming is the body of POST /rollback.
type naming struct {
	Name string `json:"name"`
}

// pass lets the workspace's own requests through the listener: they need no
// token and are logged as synthetic.
type pass struct {
	Replay string `json:"replay"`
}

// outcome is the answer to a change: a deployment, or the problem that kept it
// from being begun.
type outcome struct {
	Deployment *Deployment      `json:"deployment"`
	Kind       problem.Kind     `json:"kind"`
	Problem    *problem.Problem `json:"problem"`
}

// adminHandler answers on admin.sock. Who can open the socket may do all.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /deploy", func(w http.ResponseWriter, r *http.Request) {
		var o Order
		s.change(w, r, &o, func() (Deployment, error) { return s.Deploy(r.Context(), o) })
	})
	mux.HandleFunc("POST /rollback", func(w http.ResponseWriter, r *http.Request) {
		var n naming
		s.change(w, r, &n, func() (Deployment, error) { return s.Rollback(r.Context(), n.Name) })
	})
	mux.HandleFunc("POST /promote", func(w http.ResponseWriter, r *http.Request) {
		var p promotion
		s.change(w, r, &p, func() (Deployment, error) { return s.Promote(r.Context(), p.Order, p.To) })
	})
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, http.StatusOK, s.status()) })
	mux.HandleFunc("GET /pass", func(w http.ResponseWriter, r *http.Request) { writeJSON(w, http.StatusOK, pass{s.replayID}) })
	mux.HandleFunc("POST /flush", func(w http.ResponseWriter, r *http.Request) {
		if err := s.history.Flush(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(w, http.StatusOK, struct{}{})
	})
	var once sync.Once
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, struct{}{})
		once.Do(func() { close(s.stop) })
	})
	return mux
}

// change reads the order and answers with what came of it.
func (s *Server) change(w http.ResponseWriter, r *http.Request, order any, do func() (Deployment, error)) {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(order); err != nil {
		http.Error(w, "order: "+err.Error(), http.StatusBadRequest)
		return
	}
	d, err := do()
	out := outcome{Deployment: &d}
	if err != nil {
		out.Problem = asProblem(err)
		out.Kind = out.Problem.Kind
	}
	writeJSON(w, http.StatusOK, out)
}

// Status is what a server says of itself.
type Status struct {
	Ready  bool          `json:"ready"`
	Models []ModelStatus `json:"models"`
}

// ModelStatus is what answers under a name.
type ModelStatus struct {
	Name     string  `json:"name"`
	Version  int     `json:"version"` // 0 where nothing answers
	Digest   string  `json:"digest"`
	Slot     string  `json:"slot"`
	URL      string  `json:"url"`
	Previous *string `json:"previous"` // digest of what is kept warm
	Trial    *string `json:"trial"`    // digest of what is being rolled out
	Broken   *string `json:"broken"`   // why nothing answers after a restart
	Requests int64   `json:"requests"` // of callers, since the model was loaded
	P50MS    float64 `json:"p50_ms"`
	P99MS    float64 `json:"p99_ms"`
}

func (s *Server) status() Status {
	out := Status{Ready: s.ready.Load(), Models: []ModelStatus{}}
	for _, name := range s.names() {
		e := s.endpoint(name)
		m := ModelStatus{Name: name, URL: s.modelURL(name)}
		if live := e.live(); live != nil {
			m.Version, m.Digest, m.Slot = live.ref.Version, live.ref.Digest, live.color
			m.Requests, m.P50MS, m.P99MS = live.times.count.Load(), live.times.quantile(0.5), live.times.quantile(0.99)
		}
		if t := e.trial.Load(); t != nil {
			m.Trial = &t.slot.ref.Digest
		}
		if e.change.TryLock() {
			if e.previous != nil {
				m.Previous = &e.previous.ref.Digest
			}
			e.change.Unlock()
		}
		if why, broken := s.broken.Load(name); broken {
			text := why.(*problem.Problem).Error()
			m.Broken = &text
		}
		out.Models = append(out.Models, m)
	}
	return out
}
