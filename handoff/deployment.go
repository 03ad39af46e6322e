package handoff

// Deployment is what was observed of the model behind its endpoint: the model
// deployer's output. It describes an effect, so it is never re-used in
// another run.
type Deployment struct {
	Model    Model    `json:"model"`
	ID       string   `json:"id"`
	Status   string   `json:"status"` // "serving", "rolled_back", "refused"
	Strategy string   `json:"strategy"`
	Name     string   `json:"name"`
	Version  int      `json:"version"`
	Digest   string   `json:"digest"`   // sha256: of the file that answered
	Addr     string   `json:"addr"`     // host:port
	URL      string   `json:"url"`      // of the predict endpoint's model
	Slot     string   `json:"slot"`     // blue or green
	Previous *string  `json:"previous"` // digest that served before; null if none
	Evidence Evidence `json:"evidence"`
}

// Evidence is measured by the system, never given by a caller.
type Evidence struct {
	GoldenRows  int     `json:"golden_rows"` // replayed from the file, bit for bit
	GoldenEqual int     `json:"golden_equal"`
	Requests    int     `json:"requests"`  // during the bake
	Synthetic   bool    `json:"synthetic"` // the bake's traffic was a replay, not callers
	Errors      int     `json:"errors"`
	P50MS       float64 `json:"p50_ms"`
	P99MS       float64 `json:"p99_ms"`
	MemoryBytes int64   `json:"memory_bytes"` // that the slot added
	BakeSeconds float64 `json:"bake_seconds"`
	Probe       string  `json:"probe"` // request id of the prediction that the deployed digest answered
}

// Schema is the payload's schema.
func (Deployment) Schema() (string, string) { return "deployment", "1.3.0" }

// Watch is what observation is connected to: the last agent's output.
type Watch struct {
	Deployment  Deployment   `json:"deployment"`
	Connected   bool         `json:"connected"`   // spans, predictions and metrics were read back
	Spans       int          `json:"spans"`       // of this run, read back from the store
	Metrics     int          `json:"metrics"`     // series of this model seen on /metrics
	Predictions int          `json:"predictions"` // of this model, read back from the prediction log
	Baseline    Ref          `json:"baseline"`    // statistics that drift is measured against (JSON)
	Drift       []DriftCheck `json:"drift"`       // first reading; empty where no prediction came yet
	Exports     []string     `json:"exports"`     // "local", "otlp"
}

// DriftCheck is one feature held against the baseline.
type DriftCheck struct {
	Feature   string  `json:"feature"`
	Statistic string  `json:"statistic"`
	Value     float64 `json:"value"`
	Rows      int     `json:"rows"`
}

// Schema is the payload's schema.
func (Watch) Schema() (string, string) { return "watch", "1.3.0" }
