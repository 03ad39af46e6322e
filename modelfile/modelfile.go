// Package modelfile is the .septet file: everything that is needed to score a
// raw row, and nothing that could run.
//
// It is a ZIP archive, whose texts any program unpacks and whose numbers are
// packed to be read fast (Zstandard), in this order:
//
//	manifest.json   what the model predicts, from which columns, and how to read it
//	transform.json  the fitted transformation from raw columns to features
//	ensemble.bin    the fitted learners and their weights
//	golden.json     made-up rows with the scores that the file must give, bit for bit
//	card.md         the model card
//	points.json     only of a model of event features: how they are made of tables
//	seen.bin        only where identical training rows say more: their hashes and predictions
//
// Its bytes are a pure function of the model: no times, names of runs, paths
// or signatures. A decoder trusts nothing: sizes are bounded before memory is
// taken, and every part is checked before it is used.
package modelfile

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"time"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/learn/wire"
	"github.com/septet-ml/septet/problem"
)

// MaxBytes bounds a file and each of its parts.
const MaxBytes = 1 << 30

// ErrFormat is the error of bytes that are no model file.
var ErrFormat = errors.New("not a septet model file")

// Manifest is what a reader must know beside the parts.
type Manifest struct {
	Format      string        `json:"format"`
	Title       string        `json:"title"`
	Task        learn.Task    `json:"task"`
	Classes     []string      `json:"classes"` // by class index; empty for regression
	Target      string        `json:"target"`  // name of the answer's column, which scoring ignores
	Entity      []string      `json:"entity"`  // columns that name the unit; may be empty
	Metric      string        `json:"metric"`
	Threshold   *float64      `json:"threshold"` // binary: called positive from this probability on
	Calibration calibrate.Map `json:"calibration"`
	LatencyMS   float64       `json:"latency_ms"` // asked limit of one row's p99; 0 is none
	Points      *Points       `json:"points,omitempty"`

	// Conformal makes intervals or sets of classes that go with the scores;
	// nil in a file that has none.
	Conformal *calibrate.Conformal `json:"conformal,omitempty"`
}

// Points is what is known of a model whose raw columns are features of
// events: how its units are named, and where those of the training's date are.
type Points struct {
	Entity   []feature.Input `json:"entity"`   // the columns that name a unit
	Snapshot string          `json:"snapshot"` // YYYY-MM-DD: the date of Latest
	Latest   handoff.Ref     `json:"latest"`   // Parquet: the entity columns and the raw columns of every unit as of Snapshot
}

// Model is a model file in memory. It is never changed, and safe for
// concurrent use.
type Model struct {
	Manifest
	Transform *feature.Transform
	Ensemble  *ensemble.Model
	Seen      *seen.Table // nil where identical training rows say no more than Ensemble
	Golden    Golden
	Card      string
	Recipe    []byte // JSON of package points; nil unless Manifest.Points is set
	digest    string
	bytes     int64
}

// Digest is "sha256:" and the hex digest of the file's bytes; "" for a model
// that was not read from a file.
func (m *Model) Digest() string { return m.digest }

// Bytes is the size of the file; 0 for a model that was not read from one.
func (m *Model) Bytes() int64 { return m.bytes }

// Write writes the file.
func (m *Model) Write(w io.Writer) error {
	manifest := m.Manifest
	manifest.Format = Format
	content := make(map[string][]byte)
	var err error
	for name, v := range map[string]any{"manifest.json": manifest, "transform.json": m.Transform, "golden.json": m.Golden} {
		if content[name], err = json.Marshal(v); err != nil {
			return fmt.Errorf("write model file: %s: %w", name, err)
		}
	}
	if content["ensemble.bin"], err = m.Ensemble.MarshalBinary(); err != nil {
		return fmt.Errorf("write model file: %w", err)
	}
	content["card.md"] = []byte(m.Card)
	if m.Recipe != nil {
		content["points.json"] = m.Recipe
	}
	if m.Seen != nil {
		if content["seen.bin"], err = m.Seen.MarshalBinary(); err != nil {
			return fmt.Errorf("write model file: %w", err)
		}
	}
	archive := zip.NewWriter(w)
	for _, name := range parts {
		if content[name] == nil && slices.Contains(parts[always:], name) {
			continue
		}
		if err := writePart(archive, name, content[name]); err != nil {
			return fmt.Errorf("write model file: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write model file: %w", err)
	}
	return nil
}

// Open reads a file.
func Open(path string) (*Model, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open model file: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("open model file: %w", err)
	}
	data, err := readAll(file, info.Size(), MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("open model file: %w", err)
	}
	m, err := Decode(data)
	if p := problem.As(err); p != nil {
		p.Where = path
	}
	return m, err
}

// Decode reads a file's bytes. Damaged or hostile bytes give an error that
// wraps ErrFormat; a file of a newer program gives a problem, model.newer.
func Decode(data []byte) (*Model, error) {
	m, err := decode(data)
	if errors.Is(err, learn.ErrUnknown) {
		return nil, Newer(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read model file: %w: %w", ErrFormat, err)
	}
	sum := sha256.Sum256(data)
	m.digest = "sha256:" + hex.EncodeToString(sum[:])
	m.bytes = int64(len(data))
	return m, nil
}

func decode(data []byte) (*Model, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("more than %d bytes", MaxBytes)
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	content, err := readParts(archive, data)
	if err != nil {
		return nil, err
	}
	m := &Model{Transform: &feature.Transform{}, Card: string(content["card.md"]), Recipe: content["points.json"]}
	for i, v := range []any{&m.Manifest, m.Transform, nil, &m.Golden} {
		if v == nil {
			continue
		}
		if err := wire.ReadJSON(content[parts[i]], v); err != nil {
			return nil, fmt.Errorf("%s: %w", parts[i], err)
		}
	}
	if m.Ensemble, err = readEnsemble(content["ensemble.bin"]); err != nil {
		return nil, err
	}
	if data, given := content["seen.bin"]; given {
		if m.Seen, err = seen.Decode(data); err != nil {
			return nil, err
		}
	}
	return m, m.check()
}

// check gives an error for parts that do not fit together.
func (m *Model) check() error {
	if err := m.Transform.Check(); err != nil {
		return err
	}
	width := 1
	switch m.Task {
	case learn.Binary:
		if len(m.Classes) != 2 {
			return fmt.Errorf("%d classes for a binary model", len(m.Classes))
		}
		if m.Threshold == nil || !(*m.Threshold >= 0 && *m.Threshold <= 1) {
			return errors.New("a binary model needs a threshold from 0 to 1")
		}
	case learn.Multiclass:
		if len(m.Classes) < 3 {
			return fmt.Errorf("%d classes for a multiclass model", len(m.Classes))
		}
		width = len(m.Classes)
	case learn.Regression:
	default:
		return fmt.Errorf("no task %q", m.Task)
	}
	if err := m.Calibration.Check(); err != nil {
		return err
	}
	if m.Calibration.Width != 0 && m.Calibration.Width != width {
		return fmt.Errorf("calibration of %d scores a row instead of %d", m.Calibration.Width, width)
	}
	if m.Ensemble.Width() != width {
		return fmt.Errorf("%d scores a row instead of %d", m.Ensemble.Width(), width)
	}
	if m.Task == learn.Regression && m.Ensemble.Pool != ensemble.Linear {
		return errors.New("a pool of probabilities in a model of values")
	}
	if err := checkColumns(m.Ensemble, len(m.Transform.Features)); err != nil {
		return err
	}
	if s := m.Seen; s != nil && (s.Task() != m.Task || s.Width() != width || s.Columns() != len(m.Transform.Features)) {
		return fmt.Errorf("seen rows of %d columns with %d scores do not suit the model", s.Columns(), s.Width())
	}
	if err := m.checkPoints(); err != nil {
		return err
	}
	if err := m.checkConformal(); err != nil {
		return err
	}
	return m.Golden.check(m)
}

func (m *Model) checkConformal() error {
	c := m.Conformal
	if c == nil {
		return nil
	}
	if err := c.Check(); err != nil {
		return err
	}
	if intervals := c.Kind == calibrate.Absolute || c.Kind == calibrate.Scaled; intervals != (m.Task == learn.Regression) || c.Width != m.Width() {
		return fmt.Errorf("conformal sets %s of width %d do not suit the task", c.Kind, c.Width)
	}
	return nil
}

func (m *Model) checkPoints() error {
	if (m.Points == nil) != (m.Recipe == nil) {
		return errors.New("points.json and the manifest's points do not come together")
	}
	if m.Points == nil {
		return nil
	}
	if len(m.Points.Entity) == 0 || !json.Valid(m.Recipe) {
		return errors.New("points that name no unit or have no recipe")
	}
	if _, err := time.Parse(time.DateOnly, m.Points.Snapshot); err != nil {
		return errors.New("points without the date of their snapshot")
	}
	return nil
}

// finite tells whether every score can be given to a caller.
func finite(out []float64) bool {
	for _, v := range out {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}
