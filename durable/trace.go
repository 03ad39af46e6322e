package durable

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Span is one step of a run as the run's own file has it: one JSON object a
// line in runs/ID/spans.ndjson, written when the step ended.
type Span struct {
	TraceID string         `json:"trace_id"`
	SpanID  string         `json:"span_id"`
	Parent  string         `json:"parent_span_id,omitempty"`
	Name    string         `json:"name"`
	Start   time.Time      `json:"start"`
	End     time.Time      `json:"end"`
	Status  string         `json:"status"` // Unset, Ok, Error
	Attrs   map[string]any `json:"attributes,omitempty"`
}

// Spans reads the spans that a run has written, in the order of their ends. A
// last line that a kill cut off is left out.
func Spans(workspace, runID string) ([]Span, error) {
	data, err := os.ReadFile(spanFile(workspace, runID))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read spans: %w", err)
	}
	var spans []Span
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var s Span
		if json.Unmarshal(lines.Bytes(), &s) == nil && s.SpanID != "" {
			spans = append(spans, s)
		}
	}
	return spans, nil
}

func spanFile(workspace, runID string) string {
	return filepath.Join(RunDir(workspace, runID), "spans.ndjson")
}

// openTrace begins the run's trace. Spans go to the run's file and, where the
// environment names a collector (OTEL_EXPORTER_OTLP_ENDPOINT), to that too.
func (r *Run) openTrace(ctx context.Context) error {
	file, err := os.OpenFile(spanFile(r.workspace, r.record.ID), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open trace: %w", err)
	}
	options := []sdk.TracerProviderOption{
		sdk.WithSyncer(&spanWriter{file}),
		sdk.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "septet"), attribute.String("service.version", r.program))),
	}
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" {
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return errors.Join(fmt.Errorf("open trace: %w", err), file.Close())
		}
		options = append(options, sdk.WithBatcher(&collector{exporter, r.log}))
	}
	provider := sdk.NewTracerProvider(options...)
	r.tracer = provider.Tracer("github.com/septet-ml/septet/durable")
	_, r.trunk = r.tracer.Start(context.WithoutCancel(ctx), "run", trace.WithTimestamp(r.began),
		trace.WithAttributes(attribute.String("septet.run", r.record.ID)))
	r.closers = append(r.closers, file.Close, func() error {
		r.trunk.End(trace.WithTimestamp(r.now()))
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			r.log.Warn("trace not exported", "error", err.Error())
		}
		return nil
	})
	return nil
}

// collector exports to one elsewhere. One that is not there is no fault of the
// run: the log has it.
type collector struct {
	sdk.SpanExporter
	log *slog.Logger
}

// ExportSpans implements the SDK's exporter.
func (c *collector) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := c.SpanExporter.ExportSpans(ctx, spans); err != nil {
		c.log.Warn("trace not exported", "spans", len(spans), "error", err.Error())
	}
	return nil
}

// spanWriter writes each span that ended as one line.
type spanWriter struct{ file *os.File }

// ExportSpans implements the SDK's exporter.
func (w *spanWriter) ExportSpans(_ context.Context, spans []sdk.ReadOnlySpan) error {
	var lines bytes.Buffer
	for _, s := range spans {
		out := Span{
			TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(),
			Name: s.Name(), Start: s.StartTime().UTC(), End: s.EndTime().UTC(), Status: s.Status().Code.String(),
		}
		if s.Parent().HasSpanID() {
			out.Parent = s.Parent().SpanID().String()
		}
		for _, kv := range s.Attributes() {
			if out.Attrs == nil {
				out.Attrs = map[string]any{}
			}
			out.Attrs[string(kv.Key)] = kv.Value.AsInterface()
		}
		line, err := json.Marshal(out)
		if err != nil {
			return fmt.Errorf("write span: %w", err)
		}
		lines.Write(append(line, '\n'))
	}
	_, err := w.file.Write(lines.Bytes())
	return err
}

// Shutdown implements the SDK's exporter; the run closes the file.
func (w *spanWriter) Shutdown(context.Context) error { return nil }
