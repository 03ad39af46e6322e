// Package web is the dashboard of a workspace: pages that the server makes,
// readable without scripts, with nothing from elsewhere.
//
// Every page has its state in its address and a twin in JSON (the same path
// with .json at its end). The pages only show; nothing is changed through
// them.
package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed assets/*
var assets embed.FS

// Options are what a site is made of.
type Options struct {
	Workspace string // absolute folder
	Ledger    ledger.Ledger
	Token     string // of Token; a request without it sees nothing
	Log       *slog.Logger
}

// Site is the dashboard of one workspace. It is an http.Handler.
type Site struct {
	workspace string
	ledger    ledger.Ledger
	token     string
	log       *slog.Logger
	pages     map[string]*template.Template
	mux       *http.ServeMux
}

// New makes the site.
func New(o Options) (*Site, error) {
	s := &Site{workspace: o.Workspace, ledger: o.Ledger, token: o.Token, log: o.Log, pages: map[string]*template.Template{}}
	for _, name := range []string{"runs", "run", "models", "codes", "problem"} {
		page, err := template.New("frame.html").Funcs(functions).ParseFS(templates, "templates/frame.html", "templates/parts.html", "templates/"+name+".html")
		if err != nil {
			return nil, err
		}
		s.pages[name] = page
	}
	static, err := fs.Sub(assets, "assets")
	if err != nil {
		return nil, err
	}
	s.mux = http.NewServeMux()
	s.mux.Handle("GET /assets/", http.StripPrefix("/assets/", cached(http.FileServerFS(static))))
	for pattern, show := range map[string]func(*http.Request) (page, error){
		"GET /{$}":                     s.runs,
		"GET /runs.json":               s.runs,
		"GET /runs/{run}":              s.run,
		"GET /runs/{run}/handoffs/{n}": s.handoff,
		"GET /models":                  s.models,
		"GET /models.json":             s.models,
		"GET /codes":                   s.codes,
		"GET /codes.json":              s.codes,
	} {
		s.mux.HandleFunc(pattern, s.show(show))
	}
	s.mux.HandleFunc("GET /runs/{run}/events", s.events)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, http.StatusNotFound, &problem.Problem{Code: "request.path", What: "there is nothing at this address", Fix: "the list of runs is at /"})
	})
	return s, nil
}

// page is what a handler has to show: a template and its data, which is the
// JSON twin too.
type page struct {
	name  string // of the template; "" is JSON only
	title string
	data  any
}

// frame is what the templates get.
type frame struct {
	Title string
	Nav   string
	Data  any
}

func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if !strings.HasPrefix(r.URL.Path, "/assets/") && !s.allowed(w, r) {
		return
	}
	s.mux.ServeHTTP(w, r)
}

// show answers with the page of make, or with its twin.
func (s *Site) show(make func(*http.Request) (page, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p, err := make(r)
		switch {
		case err != nil:
			s.failed(w, r, err)
		case p.name == "" || wantsJSON(r):
			writeJSON(w, http.StatusOK, p.data)
		default:
			s.render(w, http.StatusOK, p)
		}
	}
}

func wantsJSON(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, ".json") || strings.HasPrefix(r.Header.Get("Accept"), "application/json")
}

func (s *Site) render(w http.ResponseWriter, status int, p page) {
	var b bytes.Buffer
	if err := s.pages[p.name].Execute(&b, frame{p.title, p.name, p.data}); err != nil {
		s.log.Error("page", "template", p.name, "error", err)
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader is gone, there is nobody to tell
}

// failed shows why a page could not be made.
func (s *Site) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ledger.ErrNotFound) {
		s.fail(w, r, http.StatusNotFound, &problem.Problem{Code: "request.path", What: "there is no such run or handoff in this workspace", Fix: "the list of runs is at /"})
		return
	}
	s.log.Error("page", "path", r.URL.Path, "error", err)
	s.fail(w, r, http.StatusInternalServerError, &problem.Problem{Code: "septet.error", What: "the page could not be made", Why: err.Error(), Fix: "septet verify tells whether the ledger is sound"})
}

// fail shows a problem as the page or as JSON (RFC 9457).
func (s *Site) fail(w http.ResponseWriter, r *http.Request, status int, p *problem.Problem) {
	if wantsJSON(r) {
		w.Header().Set("Content-Type", "application/problem+json")
		writeJSON(w, status, map[string]any{"type": "about:blank", "title": p.What, "status": status, "code": p.Code, "detail": p.Why, "fix": p.Fix})
		return
	}
	s.render(w, status, page{"problem", p.What, p})
}

// refuse answers a request without the token.
func (s *Site) refuse(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, http.StatusUnauthorized, &problem.Problem{
		Code: "request.token", What: "open this page by its link",
		Why: "the dashboard shows data, so it wants the token that only the owner of the workspace can read",
		Fix: "septet serve prints the link when it starts, and septet doctor prints it again",
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		http.Error(w, "answer: "+err.Error(), http.StatusInternalServerError)
		return
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // as above
}

// cached lets the browser keep assets for a while.
func cached(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=300")
		h.ServeHTTP(w, r)
	})
}
