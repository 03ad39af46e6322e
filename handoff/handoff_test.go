package handoff_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestOrderOfTheRun(t *testing.T) {
	var got []string
	for _, a := range handoff.Agents() {
		got = append(got, fmt.Sprintf("%s > %s", a, a.Next()))
	}
	want := []string{
		"scope_definer > data_preparer", "data_preparer > feature_analyzer", "feature_analyzer > model_selector", "model_selector > model_trainer",
		"model_trainer > model_deployer", "model_deployer > observability_connector", "observability_connector > caller",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !handoff.ModelTrainer.After(handoff.DataPreparer) || handoff.DataPreparer.After(handoff.DataPreparer) || !handoff.Agent("").After(handoff.ObservabilityConnector) {
		t.Error("the order does not hold")
	}
}

// TestCanonical holds the form against RFC 8785, sections 3.2.2 and 3.2.3.
func TestCanonical(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{
			"numbers", `[333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001, -0, 1e21, 123456789012345680000]`,
			`[333333333.3333333,1e+30,4.5,0.002,1e-27,0,1e+21,123456789012345680000]`,
		},
		{"strings", `["\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/"]`, `["€$\u000f\nA'B\"\\\\\"/"]`},
		{
			"members by UTF-16", `{"\u20ac":"Euro Sign","\r":"Carriage Return","1":"One","\u0080":"Control","\ud83d\ude02":"Smiley","\u00f6":"o","\ufb33":"Dalet"}`,
			"{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"o\",\"€\":\"Euro Sign\",\"😂\":\"Smiley\",\"\ufb33\":\"Dalet\"}",
		},
	}
	for _, test := range tests {
		got, err := handoff.Canonical(json.RawMessage(test.in))
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %s, %v; want %s", test.name, got, err, test.want)
		}
	}
	for _, bad := range []any{math.NaN(), math.Inf(1), json.RawMessage(`{"a":1,"a":2}`), json.RawMessage(`{"a"`), map[string]any{"x": func() {}}} {
		if got, err := handoff.Canonical(bad); err == nil {
			t.Errorf("%v has the canonical form %s", bad, got)
		}
	}
}

// TestEncodeIsStable encodes what it decoded: the same bytes, and no nil lists.
func TestEncodeIsStable(t *testing.T) {
	seen, data, err := handoff.Encode(handoff.Features{Kept: []handoff.Feature{{Name: "f"}}})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte(`"kept":null`)) || seen.Dropped == nil || seen.Kept[0].SourceColumns == nil || seen.Dataset.Splits == nil {
		t.Errorf("a list is null: %s", data)
	}
	for seed := range uint64(20) {
		in := handofftest.New(seed).Payload(handoff.ObservabilityConnector).(handoff.Watch)
		seen, data, err := handoff.Encode(in)
		if err != nil {
			t.Fatal(err)
		}
		read, err := handoff.Decode[handoff.Watch](data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(seen, read); diff != "" {
			t.Fatalf("seed %d: what was encoded and what is read differ:\n%s", seed, diff)
		}
		_, again, err := handoff.Encode(read)
		if err != nil || !bytes.Equal(data, again) {
			t.Fatalf("seed %d: other bytes: %v", seed, err)
		}
	}
	if _, _, err := handoff.Encode(handoff.Quality{Score: math.NaN()}); err == nil {
		t.Error("NaN was encoded")
	}
}

func TestRefs(t *testing.T) {
	d := handofftest.New(1)
	w := d.Watch(d.Deployment(d.Model(d.Choice(d.Features(d.Dataset(d.Scope()))))))
	var kinds []string
	for _, r := range handoff.Refs(w) {
		kinds = append(kinds, r.Kind)
	}
	slices.Sort(kinds)
	want := []string{"baseline", "card", "fit_rows", "keys", "model", "profile", "test_rows", "transform"}
	if w.Deployment.Model.Choice.Features.Dataset.Rows.Holdout != nil {
		want = append(want, "holdout_rows")
	}
	if w.Deployment.Model.Choice.Features.Points != nil {
		want = append(want, "recipe", "spine", "recipe", "points", "latest")
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestWaive(t *testing.T) {
	column, table := "c", "t"
	finding := func(code string, table, column *string) handoff.Finding {
		return handoff.Finding{Code: code, Severity: handoff.Blocking, Action: handoff.Stopped, Table: table, Column: column, Evidence: "e"}
	}
	tests := []struct {
		name    string
		finding handoff.Finding
		waiver  handoff.Waiver
		waived  bool
	}{
		{"code", finding("a.b", &table, &column), handoff.Waiver{Code: "a.b"}, true},
		{"column", finding("a.b", &table, &column), handoff.Waiver{Code: "a.b", Column: "c"}, true},
		{"table and column", finding("a.b", &table, &column), handoff.Waiver{Code: "a.b", Column: "t.c"}, true},
		{"another column", finding("a.b", &table, &column), handoff.Waiver{Code: "a.b", Column: "d"}, false},
		{"a column of a finding about rows", finding("a.b", &table, nil), handoff.Waiver{Code: "a.b", Column: "c"}, false},
		{"another code", finding("a.b", &table, &column), handoff.Waiver{Code: "a.c"}, false},
	}
	for _, test := range tests {
		list := []handoff.Finding{test.finding}
		blocked := handoff.Waive(list, []handoff.Waiver{test.waiver})
		if blocked == test.waived || (list[0].Action == handoff.Waived) != test.waived || list[0].Severity != handoff.Blocking {
			t.Errorf("%s: blocked %v, %+v", test.name, blocked, list[0])
		}
	}
}

// TestPrivateTextIsRefused looks for secrets and places in the parts that the
// program writes, and leaves what comes from the data alone.
func TestPrivateTextIsRefused(t *testing.T) {
	checker := handoff.NewChecker()
	refused := []string{
		"/home/ann/x", "read from /tmp/tables/x.csv today", `C:\Users\ann\x.csv`, "path=/var/lib/x", "postgres://ann:pw@db/x",
		"password=hunter2", "API_KEY = abc", "AKIAABCDEFGHIJKLMNOP", "-----BEGIN RSA PRIVATE KEY-----", "/srv/tables/rx.csv", "see /secret/place/",
	}
	fine := []string{
		"loss and/or gain", "HCP/brand", "100 mg/day", "http://127.0.0.1:7310/v1/models/x", "/target", "the password column was left out", "km/h, /h", "/secret/places",
	}
	e := handofftest.New(1).Envelope(handoff.ScopeDefiner)
	check := func(text string) bool {
		e.Metadata.Headline = text
		faults, err := checker.Envelope(e, handoff.Scope{}, "/secret/place")
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(faults, func(f handoff.Fault) bool { return f.Pointer == "/metadata/headline" })
	}
	for _, text := range refused {
		if !check(text) {
			t.Errorf("%q passed", text)
		}
	}
	for _, text := range fine {
		if check(text) {
			t.Errorf("%q was refused", text)
		}
	}
}

// TestGoldenEnvelopesAreStillRead reads one envelope of each agent in the form
// of every released version, and finds its id again.
func TestGoldenEnvelopesAreStillRead(t *testing.T) {
	checker := handoff.NewChecker()
	for _, a := range handoff.Agents() {
		_, version := handoff.PayloadOf(a).Schema()
		path := filepath.Join("testdata", fmt.Sprintf("%s-%s.json", a, version))
		if *update {
			data, err := handoff.Canonical(handofftest.New(11).Envelope(a))
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var e handoff.Envelope
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatal(err)
		}
		if id, err := e.ID(); err != nil || id != handoff.DigestBytes(data) {
			t.Errorf("%s: its id is not that of its bytes: %v", path, err)
		}
		zero := handoff.PayloadOf(e.FromAgent)
		e, err = handoff.Upgrade(e, zero)
		if err != nil {
			t.Fatal(err)
		}
		if faults, err := checker.Envelope(e, zero); err != nil || len(faults) > 0 {
			t.Errorf("%s: %v %v", path, err, faults)
		}
	}
}

// FuzzEnvelope reads arbitrary bytes as an envelope of the agent that a byte
// picks: what passes is the same when written again.
func FuzzEnvelope(f *testing.F) {
	for i, a := range handoff.Agents() {
		data, err := json.Marshal(handofftest.New(3).Envelope(a))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), data)
		f.Add(byte(i), data[:len(data)/2])
	}
	f.Add(byte(0), []byte(`null`))
	f.Add(byte(0), []byte(`{"output":{"a":1e999}}`))
	f.Add(byte(0), []byte(`{"from_agent":"scope_definer","output":{"tables":[[]]}}`))
	checker := handoff.NewChecker()
	f.Fuzz(func(t *testing.T, which byte, data []byte) {
		zero := handoff.Payloads()[which%7]
		faults, err := checker.EnvelopeJSON(data, zero, "/secret/place")
		if err != nil || len(faults) > 0 {
			return
		}
		var e handoff.Envelope
		if err := json.Unmarshal(data, &e); err != nil {
			t.Fatalf("passed, but does not decode: %v", err)
		}
		again, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if faults, err := checker.EnvelopeJSON(again, zero); err != nil || len(faults) > 0 {
			t.Fatalf("passed, but not when written again: %v %v", err, faults)
		}
	})
}
