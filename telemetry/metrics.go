// Package telemetry is what a running server tells about itself: metrics for
// Prometheus and a log of every prediction.
//
// Every metric has its name in this file. Series of a model are resolved once,
// when it is loaded, so that a request only adds to them.
package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Names of the metrics.
const (
	RequestsTotal   = "septet_predict_requests_total"       // model, version, digest, outcome
	RowsTotal       = "septet_predict_rows_total"           // model, version, digest
	RequestSeconds  = "septet_predict_request_seconds"      // model, version, digest
	ShadowTotal     = "septet_shadow_requests_total"        // model, version, digest, outcome
	ModelInfo       = "septet_model_info"                   // model, version, digest, slot: 1 while it answers
	InFlight        = "septet_predict_in_flight"            //
	OverloadTotal   = "septet_predict_overload_total"       // refused with 429
	RolloutsTotal   = "septet_rollouts_total"               // model, strategy, status
	LoggedTotal     = "septet_prediction_log_records_total" // requests written
	LogDroppedTotal = "septet_prediction_log_dropped_total" // requests that found the queue full
	LogBytesTotal   = "septet_prediction_log_bytes_total"   //
	LogErrorsTotal  = "septet_prediction_log_errors_total"  // failed writes and syncs
)

var modelLabels = []string{"model", "version", "digest"}

// Metrics is a registry of its own with all metrics of a server.
type Metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	rows     *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	shadow   *prometheus.CounterVec
	info     *prometheus.GaugeVec
	rollouts *prometheus.CounterVec

	InFlight prometheus.Gauge
	Overload prometheus.Counter
	log      logMetrics
}

type logMetrics struct {
	records, dropped, bytes, errors prometheus.Counter
}

// NewMetrics gives metrics at zero.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string) prometheus.Counter {
		c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		m.registry.MustRegister(c)
		return c
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	m.requests = counters(RequestsTotal, "Predict requests by outcome: answered, refused (the caller's fault), failed, or replayed (answered to the server itself).", append(modelLabels, "outcome")...)
	m.rows = counters(RowsTotal, "Rows scored for callers.", modelLabels...)
	m.shadow = counters(ShadowTotal, "Requests mirrored to a shadow by outcome: agreed, differed or failed.", append(modelLabels, "outcome")...)
	m.rollouts = counters(RolloutsTotal, "Roll-outs by how they ended.", "model", "strategy", "status")
	m.Overload = counter(OverloadTotal, "Predict requests refused with 429.")
	m.log = logMetrics{
		records: counter(LoggedTotal, "Requests written to the prediction log."),
		dropped: counter(LogDroppedTotal, "Requests missing from the prediction log because its queue was full."),
		bytes:   counter(LogBytesTotal, "Bytes written to the prediction log."),
		errors:  counter(LogErrorsTotal, "Failed writes and syncs of the prediction log."),
	}
	m.seconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    RequestSeconds,
		Help:    "Seconds from the arrival of a caller's whole predict request to its answer.",
		Buckets: []float64{25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 1, 5},
	}, modelLabels)
	m.info = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: ModelInfo, Help: "1 for the model that answers under its name."}, append(modelLabels, "slot"))
	m.InFlight = prometheus.NewGauge(prometheus.GaugeOpts{Name: InFlight, Help: "Predict requests being answered."})
	m.registry.MustRegister(m.seconds, m.info, m.InFlight, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Handler answers GET /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Registry is for collectors that live elsewhere.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }

// Rollout counts one that ended with the status.
func (m *Metrics) Rollout(model, strategy, status string) {
	m.rollouts.WithLabelValues(model, strategy, status).Inc()
}

// Model gives the series of one model version.
func (m *Metrics) Model(name string, version int, digest string) *ModelMetrics {
	labels := []string{name, strconv.Itoa(version), digest}
	with := func(outcome string) []string { return append(labels[:3:3], outcome) }
	return &ModelMetrics{
		all: m, labels: labels,
		answered: m.requests.WithLabelValues(with("answered")...),
		refused:  m.requests.WithLabelValues(with("refused")...),
		failed:   m.requests.WithLabelValues(with("failed")...),
		replayed: m.requests.WithLabelValues(with("replayed")...),
		rows:     m.rows.WithLabelValues(labels...),
		seconds:  m.seconds.WithLabelValues(labels...),
		agreed:   m.shadow.WithLabelValues(with("agreed")...),
		differed: m.shadow.WithLabelValues(with("differed")...),
		lost:     m.shadow.WithLabelValues(with("failed")...),
	}
}

// ModelMetrics are the series of one model version.
type ModelMetrics struct {
	all    *Metrics
	labels []string

	answered, refused, failed, replayed prometheus.Counter
	rows                                prometheus.Counter
	seconds                             prometheus.Observer
	agreed, differed, lost              prometheus.Counter
}

// Answered counts a caller's request of so many rows that was answered d after it
// had arrived.
func (m *ModelMetrics) Answered(rows int, d time.Duration) {
	m.answered.Inc()
	m.rows.Add(float64(rows))
	m.seconds.Observe(d.Seconds())
}

// Replayed counts an answered request of the server's own.
func (m *ModelMetrics) Replayed() { m.replayed.Inc() }

// Refused counts a request that the caller has to mend.
func (m *ModelMetrics) Refused() { m.refused.Inc() }

// Failed counts a request that the model could not answer.
func (m *ModelMetrics) Failed() { m.failed.Inc() }

// Shadowed counts a mirrored request; equal says whether the answer was the
// live model's.
func (m *ModelMetrics) Shadowed(equal bool) {
	if equal {
		m.agreed.Inc()
	} else {
		m.differed.Inc()
	}
}

// ShadowFailed counts a mirrored request that the shadow could not answer.
func (m *ModelMetrics) ShadowFailed() { m.lost.Inc() }

// Live marks the model as the one that answers, from the given slot, or not.
func (m *ModelMetrics) Live(slot string, live bool) {
	if !live {
		m.all.info.DeleteLabelValues(append(m.labels[:3:3], slot)...)
		return
	}
	m.all.info.WithLabelValues(append(m.labels[:3:3], slot)...).Set(1)
}

// Forget drops the series of a model that is unloaded.
func (m *ModelMetrics) Forget() {
	match := prometheus.Labels{"model": m.labels[0], "version": m.labels[1], "digest": m.labels[2]}
	for _, vec := range []interface{ DeletePartialMatch(prometheus.Labels) int }{m.all.requests, m.all.rows, m.all.seconds, m.all.shadow, m.all.info} {
		vec.DeletePartialMatch(match)
	}
}

// IsOf tells whether a line of /metrics is a series of the model version.
func IsOf(line, name, digest string) bool {
	return strings.Contains(line, `digest="`+digest+`"`) && strings.Contains(line, `model="`+name+`"`)
}
