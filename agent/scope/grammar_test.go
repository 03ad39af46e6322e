package scope

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
)

// TestGrammar shows what is understood without a table.
func TestGrammar(t *testing.T) {
	for _, test := range []struct{ request, want string }{
		{"churn in the next 90 days", "horizon 90"},
		{"churn within three months", "horizon 90"},
		{"churn over the next two quarters", "horizon 182"},
		{"churn next month", "horizon 30"},
		{"churn in the coming year", "horizon 365"},
		{"90-day churn", "horizon 90"},
		{"30 days ahead", "horizon 30"},
		{"churn within the next fortnight", "horizon 14"},
		{"churn in the next half year", "horizon 183"},
		{"predict churn based on the last 6 months", "observation 180"},
		{"churn in the next 30 days from the past 12 weeks of history", "horizon 30 observation 84"},
		{"churn in 60 days with a gap of 7 days", "horizon 60 gap 7"},
		{"churn with a 14 day lag", "gap 14"},
		{"churn as of 2024-06-30", "as of 2024-06-30"},
		{"churn as of 30 June 2024", "as of 2024-06-30"},
		{"churn as of June 30th, 2024", "as of 2024-06-30"},
		{"churn as of June 2024", "as of 2024-06-30"},
		{"churn as of Q2 2024", "as of 2024-06-30"},
		{"churn as of 30.06.2024", "as of 2024-06-30"},
		{"churn as of 01/02/2024", "as of 2024-01-02 or 2024-02-01"},
		{"churn as of 13/02/2024", "as of 2024-02-13"},
		{"churn as of 31.02.2024", ""},
		{"on data until 2024-03-01", "as of 2024-03-01"},
		{"loans since March 2023", "since 2023-03-01"},
		{"loans before 2024-06-01", "before 2024-06-01"},
		{"loans in 2023", "since 2023-01-01 before 2024-01-01"},
		{"optimise log loss", "metric log_loss"},
		{"maximize AUC", "metric auc"},
		{"minimising RMSE", "metric rmse"},
		{"with the best recall", "metric recall"},
		{"optimised for F1 score", "metric f1"},
		{"balanced accuracy as the metric, optimise balanced accuracy", "metric balanced_accuracy"},
		{"AUC at least 0.8", "auc >= 0.8"},
		{"an AUC of at least 80%", "auc >= 0.8"},
		{"AUC ≥ 0.8 and log loss <= 0.4", "auc >= 0.8, log_loss <= 0.4"},
		{"log loss below 0.4", "log_loss <= 0.4"},
		{"reach an accuracy of 90 %", "accuracy >= 0.9"},
		{"RMSE under 500", "rmse <= 500"},
		{"at least 0.75 AUC", "auc >= 0.75"},
		{"MAPE of 10% or better", "mape <= 0.1"},
		{"top-decile lift above 3", "lift_at_10pct >= 3"},
		{"under 20 ms", "latency 20"},
		{"answers within 5 milliseconds", "latency 5"},
		{"a model below 10 MB", "bytes 10000000"},
		{"an interpretable model", "interpretable"},
		{"must be explainable", "interpretable"},
		{"it need not be interpretable", ""},
		{"at least 1000 rows", "samples 1000"},
		{"predict the accuracy of the gun", ""},
		{"how precise is the recall", ""},
		{"next to 5 days", ""},
	} {
		if got := heard(listen(test.request, split(test.request))); got != test.want {
			t.Errorf("%s: got %q, want %q", test.request, got, test.want)
		}
	}
}

// TestGrammarPage holds the examples of the page against the grammar.
func TestGrammarPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/scope-grammar.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```\n")
	block, _, _ = strings.Cut(block, "```")
	lines := strings.Split(strings.TrimSpace(block), "\n")
	if len(lines) < 20 {
		t.Fatalf("the page has %d examples", len(lines))
	}
	for _, line := range lines {
		words, want, _ := strings.Cut(line, "|")
		if got := heard(listen(words, split(words))); got != strings.TrimSpace(want) {
			t.Errorf("%s: the page says %q, understood is %q", strings.TrimSpace(words), strings.TrimSpace(want), got)
		}
	}
}

// heard is what the grammar found, in a line.
func heard(s said) string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for _, x := range []struct {
		name string
		n    int
	}{{"horizon", s.horizonDays}, {"observation", s.observationDays}, {"gap", s.gapDays}} {
		if x.n > 0 {
			add("%s %d", x.name, x.n)
		}
	}
	if s.asOf != nil {
		text := "as of " + iso(s.asOf.last)
		if s.asOfOther != nil {
			text += " or " + iso(s.asOfOther.last)
		}
		out = append(out, text)
	}
	if s.since != nil {
		add("since %s", iso(s.since.first))
	}
	if s.before != nil {
		add("before %s", iso(s.before.first))
	}
	if s.metric != "" {
		add("metric %s", s.metric)
	}
	var bars []string
	for _, c := range s.criteria {
		bars = append(bars, fmt.Sprintf("%s %s %g", c.Metric, c.Op, *c.Value))
	}
	if len(bars) > 0 {
		out = append(out, strings.Join(bars, ", "))
	}
	k := s.constraints
	if k.LatencyMS > 0 {
		add("latency %g", k.LatencyMS)
	}
	if k.ModelBytes > 0 {
		add("bytes %d", k.ModelBytes)
	}
	if k.Interpretable {
		out = append(out, "interpretable")
	}
	if s.minimumSamples > 0 {
		add("samples %d", s.minimumSamples)
	}
	return strings.Join(out, " ")
}

// TestClausesPointAtTheirWords holds every clause against the request.
func TestClausesPointAtTheirWords(t *testing.T) {
	f := tables(t)["bank"]
	request := "Churn of customers in France with balance over 50000 in the next 90 days, without Tenure, AUC at least 0.8, fair across gender, under 20 ms, interpretable, at least 100 rows"
	r, err := define(handoff.Brief{Request: request}, f)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"/horizon_days": "in the next 90 days", "/criteria/2": "AUC at least 0.8", "/constraints/latency_ms": "under 20 ms",
		"/constraints/interpretable": "interpretable", "/constraints/fairness_groups": "fair across gender", "/minimum_samples": "at least 100 rows",
		"/target": "Churn", "/exclude/0": "without Tenure", "/filters/0": "balance over 50000", "/filters/1": "France",
	}
	for _, c := range r.scope.Clauses {
		if c.From != fromRequest {
			continue
		}
		if want[c.Field] != c.Words {
			t.Errorf("%s comes from %q, want %q", c.Field, c.Words, want[c.Field])
		}
		if !strings.Contains(request, c.Words) {
			t.Errorf("%s: %q is not in the request", c.Field, c.Words)
		}
		delete(want, c.Field)
	}
	if len(want) > 0 {
		t.Errorf("no clause for %v", want)
	}
	s := r.scope
	if s.Criteria[2].Metric != "auc" || s.Metric != "auc" || s.Constraints.FairnessGroups[0] != "Gender" || s.Exclude[0].Column != "Tenure" {
		t.Errorf("got %+v", s)
	}
}

// FuzzRead: whatever is typed is read to its end, and every word lies in it.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"churn as of 30th of June 2024, AUC ≥ 80 %", "“Fiber optic” 'x y' pm2.5 1,000 01/02/2024 90-day", "how many what which of the \xff ٣", "optimise log loss in the next half year"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, request string) {
		r := read(request)
		end := 0
		for _, w := range r.words {
			if w.start < end || w.end <= w.start || w.end > len(request) {
				t.Fatalf("word %q at %d to %d behind %d", w.text, w.start, w.end, end)
			}
			end = w.end
		}
		for _, c := range r.said.clauses {
			if !strings.Contains(request, c.Words) {
				t.Fatalf("%q is not in the request", c.Words)
			}
		}
	})
}
