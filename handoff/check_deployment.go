package handoff

import (
	"net"
	"net/url"
	"regexp"
	"slices"
)

var (
	deploymentStates = []string{"serving", "rolled_back", "refused"}
	strategies       = []string{"blue-green", "canary", "shadow", "direct"}
	slots            = []string{"blue", "green"}
	exports          = []string{"local", "otlp"}

	fileDigestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Check holds the deployment against itself and its model.
func (d Deployment) Check() []Fault {
	l := &faultList{}
	l.within("/model", d.Model.Check())
	l.must(d.ID != "", "/id", "is empty", "give it an id")
	l.must(oneOf(d.Status, deploymentStates...), "/status", "is not a state", listed(deploymentStates...))
	l.must(oneOf(d.Strategy, strategies...), "/strategy", "is not a strategy", listed(strategies...))
	l.must(oneOf(d.Slot, slots...), "/slot", "is not a slot", listed(slots...))
	l.must(IsModelName(d.Name), "/name", "is no name of a model", NameRule)
	l.must(d.Version >= 1, "/version", "is below 1", "versions count from 1")
	l.must(d.Digest == "sha256:"+d.Model.File.SHA256, "/digest", "is not that of the model's file", "deploy the file that was handed over")
	l.must(d.Previous == nil || fileDigestForm.MatchString(*d.Previous), "/previous", "is not a file's digest", "sha256: and 64 hex digits, or null")
	_, port, err := net.SplitHostPort(d.Addr)
	l.must(err == nil && port != "", "/addr", "is not host:port", "give where it listens")
	u, err := url.Parse(d.URL)
	l.must(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil, "/url", "is not an http address", "give the endpoint's address")
	d.Evidence.check(l, d.Status == "serving")
	return l.faults
}

func (e Evidence) check(l *faultList, serving bool) {
	l.must(e.GoldenRows >= 0, "/evidence/golden_rows", "is negative", "count the rows")
	l.must(e.GoldenEqual >= 0 && e.GoldenEqual <= e.GoldenRows, "/evidence/golden_equal", "is not between 0 and golden_rows", "count the equal ones")
	l.must(e.Requests >= 0, "/evidence/requests", "is negative", "count the requests")
	l.must(e.Errors >= 0 && e.Errors <= e.Requests, "/evidence/errors", "is not between 0 and the requests", "count the errors")
	l.must(e.P50MS >= 0, "/evidence/p50_ms", "is negative", "give milliseconds")
	l.must(e.P99MS >= e.P50MS, "/evidence/p99_ms", "is below the median", "measure again")
	l.must(e.BakeSeconds >= 0, "/evidence/bake_seconds", "is negative", "give seconds")
	if !serving {
		return
	}
	l.must(e.GoldenRows > 0 && e.GoldenEqual == e.GoldenRows, "/evidence/golden_equal", "are not all golden rows, but it serves", "serve only what replays bit for bit")
	l.must(e.Probe != "", "/evidence/probe", "is empty, but it serves", "give the request that was answered")
}

// Check holds the observation against itself and its deployment.
func (w Watch) Check() []Fault {
	l := &faultList{}
	l.within("/deployment", w.Deployment.Check())
	l.must(w.Spans >= 0, "/spans", "is negative", "count the spans")
	l.must(w.Metrics >= 0, "/metrics", "is negative", "count the series")
	l.must(w.Predictions >= 0, "/predictions", "is negative", "count the predictions")
	read := w.Spans > 0 && w.Metrics > 0 && w.Predictions > 0
	l.must(!w.Connected || read, "/connected", "is true, but something was not read back", "true needs spans, metrics and predictions")
	kept := map[string]bool{}
	for _, f := range w.Deployment.Model.Choice.Features.Kept {
		kept[f.Name] = true
	}
	for i, d := range w.Drift {
		at := under("/drift", i)
		l.must(kept[d.Feature], at+"/feature", "is not a feature of the model", "name one")
		l.must(d.Statistic != "", at+"/statistic", "is empty", "name it")
		l.must(d.Rows >= 0, at+"/rows", "is negative", "count the rows")
	}
	for i, x := range w.Exports {
		l.must(oneOf(x, exports...) && !slices.Contains(w.Exports[:i], x), under("/exports", i), "is not an export or was there before", listed(exports...))
	}
	return l.faults
}
