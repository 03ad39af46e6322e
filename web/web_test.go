package web_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/web"
)

const token = "a-token-for-this-test"

// site is the dashboard of a new workspace with the given runs.
func site(t *testing.T, runs ...ledger.Run) http.Handler {
	t.Helper()
	dir := t.TempDir()
	l, err := sqlite.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for _, r := range runs {
		if err := l.BeginRun(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	s, err := web.New(web.Options{Workspace: dir, Ledger: l, Token: token, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func get(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:7310"+path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// failedRun is one whose data could not be read.
func failedRun() ledger.Run {
	r := ledger.Run{
		ID: "r-1", Brief: handoff.Brief{Request: `predict <b>churn</b>`}, Status: ledger.Blocked, Exit: 3,
		Started: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Problem: &problem.Problem{Code: "data.unreadable", What: "the file is binary", Fix: "give CSV"},
	}
	for _, a := range handoff.Agents() {
		r.Agents = append(r.Agents, ledger.AgentState{Agent: a, Status: "pending"})
	}
	r.Agents[0].Status, r.Agents[0].Headline = "blocked", "read 0 tables"
	return r
}

func TestNothingIsShownWithoutTheToken(t *testing.T) {
	h := site(t, failedRun())
	for _, path := range []string{"/", "/runs/r-1", "/runs/r-1.json", "/runs/r-1/events", "/models", "/runs.json", "/?token=wrong"} {
		w := get(t, h, path)
		if w.Code != http.StatusUnauthorized || strings.Contains(w.Body.String(), "churn") {
			t.Errorf("%s: %d\n%s", path, w.Code, w.Body)
		}
	}
}

func TestLinkSetsACookieAndLeavesTheAddress(t *testing.T) {
	h := site(t, failedRun())
	w := get(t, h, "/runs/r-1?token="+token)
	if got, want := w.Header().Get("Location"), "/runs/r-1"; w.Code != http.StatusSeeOther || got != want {
		t.Fatalf("status %d to %q, want 303 to %q", w.Code, got, want)
	}
	cookies := w.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteStrictMode {
		t.Fatalf("cookies %v", cookies)
	}
	w = get(t, h, "/runs/r-1", "Cookie", cookies[0].Name+"="+cookies[0].Value)
	if w.Code != http.StatusOK {
		t.Errorf("with the cookie: status %d", w.Code)
	}
}

func TestPages(t *testing.T) {
	h := site(t, failedRun())
	tests := []struct {
		path string
		code int
		want []string
	}{
		{"/", 200, []string{"r-1", "blocked", "predict &lt;b&gt;churn&lt;/b&gt;"}},
		{"/runs/r-1", 200, []string{"the file is binary", "data.unreadable", "read 0 tables", "What to do"}},
		{"/models", 200, []string{"No model yet"}},
		{"/codes", 200, []string{"data.unreadable"}},
		{"/runs/r-2", 404, []string{"no such run"}},
		{"/nowhere", 404, []string{"nothing at this address"}},
	}
	for _, test := range tests {
		w := get(t, h, test.path, "Authorization", "Bearer "+token)
		if w.Code != test.code {
			t.Errorf("%s: status %d, want %d", test.path, w.Code, test.code)
		}
		for _, want := range test.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s: %q is not on the page", test.path, want)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %q", test.path, policy)
		}
		for _, no := range []string{"style=", "<script>", "http://", "https://", "onclick"} {
			if strings.Contains(strings.ReplaceAll(w.Body.String(), "http://www.w3.org/2000/svg", ""), no) {
				t.Errorf("%s: the page has %q", test.path, no)
			}
		}
	}
}

func TestEmptyWorkspaceHelps(t *testing.T) {
	w := get(t, site(t), "/", "Authorization", "Bearer "+token)
	if !strings.Contains(w.Body.String(), "septet run") {
		t.Error("the empty list does not say how to begin")
	}
}

func TestTwins(t *testing.T) {
	h := site(t, failedRun())
	for _, path := range []string{"/runs.json", "/models.json", "/codes.json", "/runs/r-1.json"} {
		w := get(t, h, path, "Authorization", "Bearer "+token)
		var object map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &object); err != nil || object["format"] == nil {
			t.Errorf("%s: %v\n%s", path, err, w.Body)
		}
	}
}

// TestEventsEndWithTheRun also reads that a run whose process is gone is shown
// as interrupted.
func TestEventsEndWithTheRun(t *testing.T) {
	r := failedRun()
	r.Status, r.Problem = ledger.Running, nil
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/runs/r-1/events", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	site(t, r).ServeHTTP(w, request)
	if got := w.Body.String(); !strings.HasPrefix(got, `data: {"status":"interrupted"`) || ctx.Err() != nil {
		t.Errorf("got %q, %v", got, ctx.Err())
	}
}

// A link of this server leads to no other one.
func TestLinkStaysHere(t *testing.T) {
	h := site(t, failedRun())
	for _, path := range []string{"//evil.example/", "///evil.example/runs"} {
		w := get(t, h, path+"?token="+token)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || strings.HasPrefix(to, "//") {
			t.Errorf("%s: %d, leads to %q", path, w.Code, to)
		}
	}
}

func TestTokenIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := web.Token(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := web.Token(dir)
	if err != nil || first != second || len(first) < 20 {
		t.Errorf("tokens %q and %q, %v", first, second, err)
	}
	info, err := os.Stat(filepath.Join(dir, "web.token"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}
