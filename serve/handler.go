package serve

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/problem"
)

const modelsPath = "/v1/models"

// handler routes the requests: predictions first, and the site for all that
// is not the server's own.
func (s *Server) handler(site http.Handler) http.Handler {
	scrape := s.metrics.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		own := path == "/livez" || path == "/readyz" || path == "/metrics" || path == modelsPath || strings.HasPrefix(path, modelsPath+"/")
		if refused := s.guard.check(r, own); refused != nil {
			refused.write(w, "")
			return
		}
		if name, ok := strings.CutPrefix(path, modelsPath+"/"); ok {
			s.model(w, r, name)
			return
		}
		switch {
		case !own && site != nil:
			site.ServeHTTP(w, r)
		case !own:
			(&refusal{status: http.StatusNotFound, Problem: problem.Problem{
				Code: "request.path", What: "there is nothing at this path", Fix: "GET " + modelsPath + " lists the models",
			}}).write(w, "")
		case !isRead(r):
			methodNotAllowed("GET").write(w, "")
		case path == "/livez":
			writeJSON(w, http.StatusOK, map[string]string{"status": "live"})
		case path == "/readyz":
			s.readyz(w)
		case path == "/metrics":
			scrape.ServeHTTP(w, r)
		default:
			s.listModels(w)
		}
	})
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func methodNotAllowed(allow string) *refusal {
	return &refusal{status: http.StatusMethodNotAllowed, Problem: problem.Problem{
		Code: "request.method", What: "this path answers " + allow + " only",
	}}
}

// model answers below /v1/models/: {name}:predict and {name}.
func (s *Server) model(w http.ResponseWriter, r *http.Request, call string) {
	if name, ok := strings.CutSuffix(call, ":predict"); ok {
		if r.Method != http.MethodPost {
			methodNotAllowed("POST").write(w, "")
			return
		}
		s.predict(w, r, name)
		return
	}
	if !isRead(r) {
		methodNotAllowed("GET").write(w, "")
		return
	}
	e := s.endpoint(call)
	if e == nil {
		s.noSuchModel(call).write(w, "")
		return
	}
	route := e.route.Load()
	if route == nil {
		s.noSuchModel(call).write(w, "")
		return
	}
	slot := route.live
	if slot == nil {
		slot = route.trial.slot
	}
	writeJSON(w, http.StatusOK, s.describe(slot))
}

// noSuchModel names the nearest names that are served.
func (s *Server) noSuchModel(name string) *refusal {
	if why, broken := s.broken.Load(name); broken {
		p := why.(*problem.Problem)
		return &refusal{status: http.StatusServiceUnavailable, Problem: *p}
	}
	r := &refusal{status: http.StatusNotFound, Problem: problem.Problem{
		Code: "request.model", What: "no model is served under this name", Fix: "GET " + modelsPath + " lists the models",
	}}
	if len(name) > 100 {
		return r
	}
	for _, known := range s.names() {
		if levenshtein.ComputeDistance(name, known) <= max(2, len(known)/4) {
			r.Nearest = append(r.Nearest, known)
		}
	}
	return r
}

// readyz is 200 once everything that served before a restart serves again.
func (s *Server) readyz(w http.ResponseWriter) {
	type state struct {
		Name   string `json:"name"`
		Digest string `json:"digest,omitempty"`
		Status string `json:"status"`
	}
	models := []state{}
	for _, name := range s.names() {
		if r := s.endpoint(name).route.Load(); r != nil && r.live != nil {
			models = append(models, state{name, r.live.ref.Digest, "serving"})
		} else if _, broken := s.broken.Load(name); broken {
			models = append(models, state{name, "", "broken"})
		}
	}
	status, text := http.StatusOK, "ready"
	if !s.ready.Load() {
		status, text = http.StatusServiceUnavailable, "loading"
	}
	writeJSON(w, status, map[string]any{"status": text, "models": models})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "answer: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // the caller is gone, there is nobody to tell
}
