package scope

import (
	"fmt"
	"math"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// The grammar: what a request says that no table is needed for. Patterns are
// tried in their order at every word, from left to right.

var (
	horizonPatterns = []string{
		"in|within|over|during|for the? next|coming|following|upcoming|subsequent <number>? <unit>",
		"the? next|coming|following|upcoming <number>? <unit>",
		"<number> - <unit> horizon|ahead|window|forecast",
		"<number> <unit> ahead|out|later|forward|horizon|from",
		"horizon of|: <number> <unit>",
		"in|within|after <number> -? <unit> time?",
		"<number> - <unit>",
	}
	observationPatterns = []string{
		"in|within|over|during|from|on|using the? last|past|previous|prior|preceding <number>? <unit> of? history|data|activity?",
		"the? last|past|previous|prior|preceding <number> <unit>",
		"<number> <unit> of history|lookback",
	}
	gapPatterns = []string{
		"with? a? gap|lag|delay|latency|blackout of <number> <unit>",
		"with? a? <number> -? <unit> gap|lag|blackout",
		"with? a? <number> <unit> data|reporting? gap|lag",
	}
	asOfPatterns = []string{
		"as of|at <date>", "as - of <date>", "as at <date>", "on|using data until|till|to|before|through <date>", "until|till <date>", "up to <date>",
		"snapshot|today is|: <date>",
	}
	beforePatterns = []string{"before <date>", "prior to <date>", "earlier than <date>"}
	insidePatterns = []string{"in|during|of <date>"}
	sincePatterns  = []string{"since|after|from <date>", "starting|beginning|from in|from|on? <date>"}

	criterionPatterns = []string{
		"<metric> of? <bar> <number>", "<metric> <bar> of? <number>", "<metric> of|= <number> or? better|more|higher|lower|less?",
		"<bar> <number> <metric>", "minimum|maximum <metric> of? <number>", "<number> <metric> or better|more|higher", "<metric> is|should|must be? <bar> <number>",
		"reach|reaches|reaching|achieve|achieves|achieving|get an|a? <metric> of? <number>", "<metric> <number>", "an|a <number> <metric>",
	}
	metricPatterns = []string{
		"optimise|optimize|optimising|optimizing|maximise|maximize|maximising|maximizing|minimise|minimize|minimising|minimizing|improve the|for? the? <metric>",
		"optimised|optimized|tuned|ranked|scored|measured|evaluated|judged by|for|on|with the? <metric>",
		"metric|score|objective is|:|= <metric>", "use|using|by <metric> as the? metric|score|objective?", "best|highest|lowest|good|high|low <metric>",
		"<metric>",
	}
	latencyPatterns = []string{
		"under|below|within|in|< less? than? <number> ms|millisecond|milliseconds|msec", "<bar> <number> ms|millisecond|milliseconds|msec",
		"faster|less|quicker than <number> ms|millisecond|milliseconds|msec", "<number> ms|millisecond|milliseconds latency|or?", "<number> - ms|millisecond",
	}
	sizePatterns = []string{
		"under|below|within|< <number> mb|kb|gb|megabytes|kilobytes|gigabytes", "<bar> <number> mb|kb|gb|megabytes|kilobytes|gigabytes",
		"smaller|less than <number> mb|kb|gb|megabytes|kilobytes|gigabytes",
	}
	samplePatterns = []string{
		"at least|minimum|min of? <number> rows|samples|examples|records|observations", "minimum|min samples|rows of|:|=? <number>",
	}
	notPlainPatterns = []string{"not need|needs to? be? interpretable|explainable|transparent", "need not be interpretable|explainable|transparent", "don't|doesn't need to be interpretable|explainable|transparent"}
	plainPatterns    = []string{
		"and|but? must|should|needs|has to? be interpretable|explainable|transparent|intelligible",
		"an|a? interpretable|explainable|transparent|intelligible model?", "a? white -? box model?", "interpretability|explainability",
	}
)

// bars are how a request states a limit; ">=" is at least, "<=" at most.
var bars = map[string]string{
	"at least": ">=", "no less than": ">=", "not less than": ">=", "minimum": ">=", "more than": ">=", "above": ">=", "over": ">=", "greater than": ">=",
	"better than": "", "higher than": ">=", "exceeding": ">=", "exceeds": ">=", "beyond": ">=", ">=": ">=", "=>": ">=", ">": ">=", "≥": ">=",
	"at most": "<=", "no more than": "<=", "not more than": "<=", "maximum": "<=", "less than": "<=", "below": "<=", "under": "<=", "lower than": "<=",
	"up to": "<=", "<=": "<=", "=<": "<=", "<": "<=", "≤": "<=",
}

// metricWords are what people call the scores of package metric.
var metricWords = map[string]string{
	"auc": "auc", "roc auc": "auc", "auc roc": "auc", "auroc": "auc", "roc": "auc", "area under the curve": "auc",
	"average precision": "average_precision", "pr auc": "average_precision", "auc pr": "average_precision", "auprc": "average_precision",
	"log loss": "log_loss", "logloss": "log_loss", "logarithmic loss": "log_loss", "cross entropy": "log_loss", "logistic loss": "log_loss",
	"brier": "brier", "brier score": "brier", "ece": "ece", "calibration error": "ece", "expected calibration error": "ece",
	"accuracy": "accuracy", "balanced accuracy": "balanced_accuracy", "precision": "precision", "recall": "recall", "sensitivity": "recall",
	"f1": "f1", "f1 score": "f1", "f score": "f1", "f measure": "f1",
	"lift": "lift_at_10pct", "lift at 10pct": "lift_at_10pct", "top decile lift": "lift_at_10pct", "decile lift": "lift_at_10pct",
	"rmse": "rmse", "root mean squared error": "rmse", "root mean square error": "rmse", "mae": "mae", "mean absolute error": "mae", "absolute error": "mae",
	"r2": "r2", "r squared": "r2", "r²": "r2", "coefficient of determination": "r2", "mape": "mape", "mean absolute percentage error": "mape",
	"percentage error": "mape",
}

// everyday are scores whose names are also everyday words: one alone is no
// wish.
var everyday = words("accuracy precision recall sensitivity lift roc brier")

// said is what the grammar found in a request.
type said struct {
	horizonDays     int // 0 is not said; so are all below
	observationDays int
	gapDays         int
	asOf            *date
	asOfOther       *date // the other reading of asOf
	since           *date // rows from this day on
	before          *date // rows before this day
	inside          bool  // since and before are one stretch: "in 2023"
	period          string
	metric          string
	criteria        []handoff.Criterion
	constraints     handoff.Constraints
	minimumSamples  int
	clauses         []handoff.Clause
}

// listen finds the clauses of the grammar in the words of a request and marks
// their words as taken. Tables come later.
func listen(request string, words []word) said {
	var s said
	note := func(field string, from, to int) {
		s.clauses = append(s.clauses, handoff.Clause{Field: field, Words: span(request, words, from, to), From: "request"})
	}
	days := func(patterns []string, field string, into *int) {
		if from, to, got, ok := find(patterns, words); ok {
			n := 1.0
			if got.number > 0 {
				n = got.number
			}
			if d := math.Round(n * float64(unitDays[got.unit])); d >= 1 && d <= 36525 {
				*into = int(d)
				note(field, from, to)
			}
		}
	}
	if from, to, got, ok := find(asOfPatterns, words); ok {
		s.asOf, s.asOfOther = &got.date, got.second
		note("/as_of", from, to)
	}
	if from, to, got, ok := find(sincePatterns, words); ok {
		s.since, s.period = &got.date, span(request, words, from, to)
	}
	if from, to, got, ok := find(beforePatterns, words); ok {
		s.before, s.period = &got.date, span(request, words, from, to)
	}
	if s.period == "" {
		if from, to, got, ok := find(insidePatterns, words); ok {
			s.since, s.before = &got.date, &date{first: got.date.last.AddDate(0, 0, 1)}
			s.inside, s.period = true, span(request, words, from, to)
		}
	}
	s.limits(words, note)
	s.scores(words, note)
	days(gapPatterns, "/label/gap_days", &s.gapDays)
	days(observationPatterns, "/label/observation_days", &s.observationDays)
	days(horizonPatterns, "/horizon_days", &s.horizonDays)
	return s
}

// limits finds constraints and the minimum of rows.
func (s *said) limits(words []word, note func(string, int, int)) {
	if from, to, got, ok := find(latencyPatterns, words); ok && got.number > 0 {
		s.constraints.LatencyMS = got.number
		note("/constraints/latency_ms", from, to)
	}
	if from, to, got, ok := find(sizePatterns, words); ok && got.number > 0 {
		factor := 1e6
		switch words[to-1].lower[0] {
		case 'k':
			factor = 1e3
		case 'g':
			factor = 1e9
		}
		if bytes := got.number * factor; bytes >= 1 && bytes <= 1e15 {
			s.constraints.ModelBytes = int64(bytes)
			note("/constraints/model_bytes", from, to)
		}
	}
	if from, to, got, ok := find(samplePatterns, words); ok && got.number >= 1 && got.number <= 1e12 {
		s.minimumSamples = int(got.number)
		note("/minimum_samples", from, to)
	}
	if _, _, _, ok := find(notPlainPatterns, words); ok {
		return
	}
	if from, to, _, ok := find(plainPatterns, words); ok {
		s.constraints.Interpretable = true
		note("/constraints/interpretable", from, to)
	}
}

// scores finds the primary score and the bars. A score that is named with a
// bar and nothing else is the primary one, too.
func (s *said) scores(words []word, note func(string, int, int)) {
	for range 8 {
		from, to, got, ok := findScore(criterionPatterns, words)
		if !ok {
			break
		}
		note(fmt.Sprintf("/criteria/%d", 2+len(s.criteria)), from, to) // behind the two that are always there
		s.criteria = append(s.criteria, criterion(got))
	}
	if from, to, got, ok := findScore(metricPatterns, words); ok {
		s.metric = got.metric
		note("/metric", from, to)
	}
}

// findScore is find for patterns with a score in them. It passes over an
// everyday word that stands alone.
func findScore(patterns []string, words []word) (from, to int, got captured, ok bool) {
	for i := range words {
		for _, p := range patterns {
			end, got, ok := matchAt(p, words, i)
			if !ok || p == "<metric>" && everyday[got.metric] && end == i+1 {
				continue
			}
			take(words, i, end)
			return i, end, got, true
		}
	}
	return 0, 0, captured{}, false
}

// criterion makes a bar of "AUC at least 0.8". Without words for it, or with
// "better than", the bar is a minimum for a score that should be high and a
// maximum for one that should be low.
func criterion(got captured) handoff.Criterion {
	value := got.number
	if !got.percent && value > 1 && value <= 100 && inUnit(got.metric) {
		value /= 100 // "an AUC of 80"
	}
	op := got.bar
	if op == "" {
		op = natural(got.metric)
	}
	return handoff.Criterion{Metric: got.metric, Op: op, Value: &value}
}

// iso is the day as it stands in a scope.
func iso(t time.Time) string { return t.UTC().Format("2006-01-02") }

// hasAny tells whether a word of the request is in set.
func hasAny(words []word, set map[string]bool) bool {
	for _, w := range words {
		if set[w.lower] && !w.taken {
			return true
		}
	}
	return false
}
