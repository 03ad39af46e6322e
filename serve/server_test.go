package serve

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/serve/servetest"
	"github.com/septet-ml/septet/telemetry"
)

func TestADeployedModelAnswersAsItsFileDoes(t *testing.T) {
	for _, task := range []learn.Task{learn.Binary, learn.Multiclass, learn.Regression} {
		t.Run(string(task), func(t *testing.T) {
			r := newRig(t, nil)
			m := r.register("churn", servetest.Recipe{Task: task, Trees: 5})
			d := r.deploy(m, nil)
			if d.Evidence.GoldenRows != 32 || d.Evidence.GoldenEqual != 32 || len(d.Evidence.Probe) != 32 {
				t.Errorf("evidence %+v", d.Evidence)
			}
			model, err := OpenFile(filepath.Join(r.dir, m.Path))
			if err != nil {
				t.Fatal(err)
			}
			for i, g := range model.About().Golden {
				reply, err := r.ask("churn", g.Row)
				if err != nil {
					t.Fatal(err)
				}
				if !model.About().Gives(reply, g.Scores) {
					t.Fatalf("golden row %d: got %+v, want %v", i, reply.Predictions[0], g.Scores)
				}
				if reply.Model.Digest != m.Digest || reply.Slot != d.Slot {
					t.Fatalf("answered by %+v in %s", reply.Model, reply.Slot)
				}
			}
			if got := r.stage(m); got != ledger.Production {
				t.Errorf("stage %s", got)
			}
		})
	}
}

// The answer's exact bytes: other programs depend on them.
func TestAnswer(t *testing.T) {
	tests := []struct {
		task    learn.Task
		classes []string
		scores  []float64
		width   int
		want    string
	}{
		{learn.Binary, []string{"no", `y"es`}, []float64{0.25, 0.75}, 1, `{"predictions":[` +
			`{"prediction":"no","probability":0.25,"probabilities":{"no":0.75,"y\"es":0.25}},` +
			`{"prediction":"y\"es","probability":0.75,"probabilities":{"no":0.25,"y\"es":0.75}}],`},
		{learn.Multiclass, []string{"a", "b", "c"}, []float64{0.5, 1e-7, 0.4999999}, 3, `{"predictions":[` +
			`{"prediction":"a","probability":null,"probabilities":{"a":0.5,"b":1e-07,"c":0.4999999}}],`},
		{learn.Regression, nil, []float64{-1234.5, 1e21}, 1, `{"predictions":[` +
			`{"prediction":-1234.5,"probability":null,"probabilities":null},` +
			`{"prediction":1e+21,"probability":null,"probabilities":null}],`},
	}
	for _, test := range tests {
		about := &About{Task: test.task, Classes: test.classes, Width: test.width}
		a, err := newAnswer(about, modelRef{"m", 3, "sha256:ab"}, "green")
		if err != nil {
			t.Fatal(err)
		}
		got := string(a.append(nil, halves{about: about}, test.scores, test.width, "id"))
		want := test.want + `"model":{"name":"m","version":3,"digest":"sha256:ab"},"slot":"green","request_id":"id"}` + "\n"
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("no JSON: %s", got)
		}
	}
}

// halves calls the first class that has at least one half.
type halves struct {
	Model
	about *About
}

func (h halves) About() *About { return h.about }
func (h halves) Class(scores []float64) int {
	if h.about.Task == learn.Binary && scores[0] >= 0.5 {
		return 1
	}
	return 0
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestWhatACallerCanLookUp(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Site = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "site "+r.URL.Path) })
	})
	base := r.client.Info.URL()
	m := r.register("churn", servetest.Recipe{})
	r.deploy(m, nil)
	status, text := get(t, base+"/v1/models/churn")
	var d description
	if err := json.Unmarshal([]byte(text), &d); err != nil || status != 200 {
		t.Fatalf("%d %s", status, text)
	}
	if d.Digest != m.Digest || d.URL != base+"/v1/models/churn" || len(d.Inputs) != 5 || !strings.HasPrefix(d.Curl, "curl -s '"+base) {
		t.Errorf("description %+v", d)
	}
	body, err := json.Marshal(d.Example)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Predict(t.Context(), http.DefaultClient, d.URL+":predict", nil, body); err != nil {
		t.Errorf("the example does not work: %v", err)
	}
	for _, test := range []struct {
		path   string
		status int
		has    string
	}{
		{"/livez", 200, "live"},
		{"/readyz", 200, m.Digest},
		{"/v1/models", 200, m.Digest},
		{"/", 200, "site /"},
		{"/runs/x", 200, "site /runs/x"},
		{"/v1/models/chur", 404, `"churn"`},
		{"/v1/models/churn:predict", 405, "POST"},
		{"/metrics", 200, telemetry.ModelInfo + `{digest="` + m.Digest + `",model="churn",slot="blue",version="1"} 1`},
	} {
		if status, text := get(t, base+test.path); status != test.status || !strings.Contains(text, test.has) {
			t.Errorf("%s: %d %s; want %d with %s", test.path, status, text, test.status, test.has)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Limits = Limits{BodyBytes: 100_000, Rows: 3} })
	m := r.register("churn", servetest.Recipe{})
	r.deploy(m, nil)
	row := string(r.golden(m, 0).Row)
	tests := []struct {
		name, path, body string
		header           map[string]string
		status           int
		code             string
	}{
		{"another host", "churn", `{"rows":[` + row + `]}`, map[string]string{"Host": "evil.example"}, 421, "request.host"},
		{"another site's page", "churn", `{"rows":[` + row + `]}`, map[string]string{"Origin": "http://evil.example"}, 403, "request.origin"},
		{"another site by fetch metadata", "churn", `{"rows":[` + row + `]}`, map[string]string{"Sec-Fetch-Site": "cross-site"}, 403, "request.origin"},
		{"no such model", "chorn", `{}`, nil, 404, "request.model"},
		{"not JSON", "churn", `rows=1`, nil, 400, "request.rows"},
		{"missing columns", "churn", `{"rows":[{}]}`, nil, 422, "request.rows"},
		{"too many rows", "churn", `{"rows":[` + strings.Repeat(row+",", 3) + row + `]}`, nil, 400, "request.rows"},
		{"too many bytes", "churn", strings.Repeat(" ", 100_001), nil, 413, "request.too_large"},
		{"from the same site", "churn", `{"rows":[` + row + `]}`, map[string]string{"Origin": r.client.Info.URL()}, 200, ""},
		{"localhost", "churn", `{"rows":[` + row + `]}`, map[string]string{"Host": "localhost:1234"}, 200, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			q, err := http.NewRequest("POST", r.client.Info.URL()+"/v1/models/"+test.path+":predict", strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			for k, v := range test.header {
				q.Header.Set(k, v)
			}
			if h := test.header["Host"]; h != "" {
				q.Host = h
			}
			answer, err := http.DefaultClient.Do(q)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			var d document
			if err := json.NewDecoder(answer.Body).Decode(&d); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != test.status || d.Code != test.code {
				t.Errorf("%d %s, want %d %s", answer.StatusCode, d.Code, test.status, test.code)
			}
			if test.code != "" && (answer.Header.Get("Content-Type") != "application/problem+json" || d.Status != test.status || d.Title == "") {
				t.Errorf("no problem document: %v %+v", answer.Header, d)
			}
		})
	}
}

func TestExtraColumnsAreNoticed(t *testing.T) {
	r := newRig(t, nil)
	m := r.register("churn", servetest.Recipe{})
	r.deploy(m, nil)
	row := strings.Replace(string(r.golden(m, 0).Row), "{", `{"answer":"yes","x":[1],`, 1)
	answer, err := http.Post(r.client.Info.URL()+"/v1/models/churn:predict", "application/json", strings.NewReader(`{"rows":[`+row+`]}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get(extraHeader) != "2" {
		t.Errorf("%s, %s: %q", answer.Status, extraHeader, answer.Header.Get(extraHeader))
	}
}

func TestATokenIsNeededWhereOneIsSet(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("0123456789abcdef0123\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(c *Config) { c.TokenFile = file })
	m := r.register("churn", servetest.Recipe{})
	r.deploy(m, nil) // the server's own probe needs no token
	url := r.client.Info.URL()
	if _, err := r.ask("churn", r.golden(m, 0).Row); err == nil {
		t.Error("predicts without a token")
	}
	if status, _ := get(t, url+"/metrics"); status != 401 {
		t.Errorf("/metrics without a token: %d", status)
	}
	if status, _ := get(t, url+"/livez"); status != 200 {
		t.Errorf("/livez without a token: %d", status)
	}
	for token, ok := range map[string]bool{"0123456789abcdef0123": true, "0123456789abcdef0124": false, "": false} {
		_, err := Predict(t.Context(), http.DefaultClient, url+"/v1/models/churn:predict",
			http.Header{"Authorization": {"Bearer " + token}}, exampleBody(nil, r.golden(m, 0)))
		if (err == nil) != ok {
			t.Errorf("token %q: %v", token, err)
		}
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	r := newRig(t, nil)
	open := filepath.Join(t.TempDir(), "open")
	if err := os.WriteFile(open, []byte("0123456789abcdef0123"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, addr, token, code string
	}{
		{"others can reach it", "0.0.0.0:0", "", "serve.needs_token"},
		{"taken", r.client.Info.Addr, "", "serve.address_in_use"},
		{"no address", "nonsense", "", "serve.address"},
		{"not ours", "192.0.2.1:0", "", "serve.needs_token"},
		{"token that others can read", "127.0.0.1:0", open, "serve.token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := Run(t.Context(), Config{Workspace: t.TempDir(), Addr: test.addr, TokenFile: test.token, Registry: r.ledger})
			wantCode(t, err, test.code)
		})
	}
}

func TestOneServerAWorkspace(t *testing.T) {
	r := newRig(t, nil)
	wantCode(t, Run(t.Context(), Config{Workspace: r.dir, Addr: "127.0.0.1:0", Registry: r.ledger}), "serve.running")
	info, running, err := Find(r.dir)
	if err != nil || !running || info != r.client.Info || info.PID != os.Getpid() {
		t.Errorf("found %+v %v %v", info, running, err)
	}
	if err := r.client.Stop(t.Context(), r.dir); err != nil {
		t.Fatal(err)
	}
	if _, running, err := Find(r.dir); err != nil || running {
		t.Errorf("runs after stop: %v %v", running, err)
	}
	_, err = Dial(r.dir)
	wantCode(t, err, "serve.not_running")
}

// What a killed server leaves behind proves nothing and is in nobody's way.
func TestLeftOversOfAKilledServer(t *testing.T) {
	r := newRig(t, nil)
	r.stop()
	for name, text := range map[string]string{lockFile: "", infoFile: `{"pid":1,"addr":"127.0.0.1:1"}`, socketFile: ""} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, running, err := Find(r.dir); err != nil || running {
		t.Fatalf("left-overs count as a server: %v %v", running, err)
	}
	r.start()
	if _, err := r.client.Status(t.Context()); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(r.dir, socketFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket %v %v", info, err)
	}
}

func TestAWorkspaceWithALongPath(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Workspace = filepath.Join(c.Workspace, strings.Repeat("long", 40))
		if err := os.MkdirAll(c.Workspace, 0o700); err != nil {
			t.Fatal(err)
		}
	})
	if status, err := r.client.Status(t.Context()); err != nil || !status.Ready {
		t.Errorf("%+v %v", status, err)
	}
}

// A restarted server serves what served before, and nothing else.
func TestRestart(t *testing.T) {
	r := newRig(t, nil)
	one, two := r.register("a", servetest.Recipe{}), r.register("a", servetest.Recipe{Seed: 1})
	other := r.register("b", servetest.Recipe{Seed: 2})
	r.deploy(one, nil)
	r.deploy(two, nil)
	r.deploy(other, nil)
	r.stop()
	r.start()
	if got := r.predict(two).Model.Digest; got != two.Digest {
		t.Errorf("a is answered by %s", got)
	}
	if got := r.predict(other).Model.Digest; got != other.Digest {
		t.Errorf("b is answered by %s", got)
	}
	r.stop()
	damage(t, filepath.Join(r.dir, two.Path))
	r.start()
	_, err := r.ask("a", r.golden(one, 0).Row)
	wantCode(t, err, "deploy.unreadable")
	if got := r.predict(other).Model.Digest; got != other.Digest {
		t.Errorf("b is answered by %s", got)
	}
	d, err := r.client.Deploy(t.Context(), Order{Name: "a", Version: one.Version})
	if err != nil || d.Status != "serving" || r.predict(one).Model.Digest != one.Digest {
		t.Errorf("a cannot be mended: %+v %v", d, err)
	}
}

func TestPredictionsAreLogged(t *testing.T) {
	r := newRig(t, nil)
	m := r.register("churn", servetest.Recipe{})
	d := r.deploy(m, nil)
	reply := r.predict(m)
	if err := r.client.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	type line struct {
		ID        string
		Digest    string
		Synthetic bool
		Scores    []float64
	}
	var got []line
	_, err := telemetry.ReadLog(t.Context(), PredictionLog(r.dir), func(s *telemetry.Scored) error {
		got = append(got, line{s.RequestID, s.Digest, s.Synthetic, s.Scores})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	scores := r.golden(m, 0).Scores
	want := []line{{d.Evidence.Probe, m.Digest, true, scores}, {reply.RequestID, m.Digest, false, scores}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestOverloadIsRefused(t *testing.T) {
	g := &gate{entered: make(chan struct{}, 10), open: make(chan struct{})}
	r := newRig(t, func(c *Config) {
		c.Limits.AtWork = 2
		c.Open = func(path string) (Model, error) {
			m, err := OpenFile(path)
			return gated{m, g}, err
		}
	})
	m := r.register("churn", servetest.Recipe{})
	r.deploy(m, nil)
	g.closed.Store(true)
	row := r.golden(m, 0).Row
	answers := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := r.ask("churn", row)
			answers <- err
		}()
		<-g.entered
	}
	_, err := r.ask("churn", row)
	wantCode(t, err, "request.overload")
	close(g.open)
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
}

// gate holds up scoring while it is closed.
type gate struct {
	closed        atomic.Bool
	entered, open chan struct{}
}

type gated struct {
	Model
	gate *gate
}

func (g gated) Score(x, out []float64) {
	if g.gate.closed.Load() {
		g.gate.entered <- struct{}{}
		<-g.gate.open
	}
	g.Model.Score(x, out)
}
