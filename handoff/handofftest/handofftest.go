// Package handofftest draws valid handoffs, for tests that need many of them.
//
// Everything is drawn from the source of chance that the caller gives: names,
// sizes, which optional parts are there. What comes out passes every check.
package handofftest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// Draw makes valid handoffs.
type Draw struct {
	*rand.Rand

	// Store gives the reference of real content; nil draws references to
	// content that is nowhere.
	Store func(kind string) handoff.Ref
}

// New is a drawer with its own source of chance.
func New(seed uint64) *Draw { return &Draw{Rand: rand.New(rand.NewPCG(seed, 0x5e47e7))} }

// Envelope draws a valid envelope of an agent, with the payload in it.
func (d *Draw) Envelope(a handoff.Agent) handoff.Envelope {
	payload := d.Payload(a)
	data := canonical(payload)
	name, version := payload.Schema()
	e := handoff.Envelope{
		FromAgent: a, ToAgent: a.Next(), Status: handoff.Success, Output: data, Warnings: d.words(3),
		Timestamp: time.Unix(1.7e9+d.Int64N(1e8), d.Int64N(1e9)).UTC(), OutputValidated: true, SchemaVersion: version,
		Metadata: handoff.Metadata{
			RunID: "r-" + d.Name(12), Sequence: 1 + slices.Index(handoff.Agents(), a), Attempt: 1 + d.IntN(2),
			Duration: 10 * d.Float64(), Seed: d.Uint64N(handoff.MaxSeed), ProgramVersion: "1.2.3", StepVersion: 1 + d.IntN(9),
			Schema: name, Key: d.Digest(), SettingsDigest: d.Digest(), OutputDigest: handoff.DigestBytes(data),
			Inputs: []handoff.Input{{Name: "brief", SHA256: d.Digest()}}, Headline: "all is well", Missing: []string{},
			Findings: d.findings(a), Measurements: map[string]float64{"seconds.read": d.Float64()},
		},
	}
	m := &e.Metadata
	if m.Sequence > 1 {
		m.Previous = ptr(d.Digest())
	}
	if d.maybe() {
		m.ReusedFrom = ptr(d.Digest())
	}
	if d.maybe() {
		e.Status, m.Missing = handoff.Partial, []string{"interactions"}
	}
	return e
}

// Payload draws the payload of an agent, with all before it inside.
func (d *Draw) Payload(a handoff.Agent) handoff.Payload {
	scope := d.Scope()
	if a == handoff.ScopeDefiner {
		return scope
	}
	dataset := d.Dataset(scope)
	if a == handoff.DataPreparer {
		return dataset
	}
	features := d.Features(dataset)
	if a == handoff.FeatureAnalyzer {
		return features
	}
	choice := d.Choice(features)
	if a == handoff.ModelSelector {
		return choice
	}
	model := d.Model(choice)
	if a == handoff.ModelTrainer {
		return model
	}
	deployment := d.Deployment(model)
	if a == handoff.ModelDeployer {
		return deployment
	}
	return d.Watch(deployment)
}

// canonical is the payload as the engine hands it over.
func canonical(p handoff.Payload) []byte {
	var data []byte
	var err error
	switch p := p.(type) {
	case handoff.Scope:
		_, data, err = handoff.Encode(p)
	case handoff.Dataset:
		_, data, err = handoff.Encode(p)
	case handoff.Features:
		_, data, err = handoff.Encode(p)
	case handoff.Choice:
		_, data, err = handoff.Encode(p)
	case handoff.Model:
		_, data, err = handoff.Encode(p)
	case handoff.Deployment:
		_, data, err = handoff.Encode(p)
	case handoff.Watch:
		_, data, err = handoff.Encode(p)
	}
	if err != nil {
		panic(err) // what is drawn here encodes
	}
	return data
}

func (d *Draw) findings(a handoff.Agent) []handoff.Finding {
	list := []handoff.Finding{}
	for i := range d.IntN(4) {
		f := handoff.Finding{
			ID: fmt.Sprintf("%s-%d", a, i+1), Code: "leak.near_copy", Severity: handoff.Warning, Action: handoff.Warned,
			Evidence: "alone it reaches 0.99", Fix: "look at it",
		}
		if d.maybe() {
			f.Severity, f.Action = handoff.Blocking, handoff.Waived
		}
		if d.maybe() {
			f.Table, f.Column = ptr("t1"), ptr("c1")
		}
		list = append(list, f)
	}
	return list
}

// Ref draws a reference.
func (d *Draw) Ref(kind string, rows int) handoff.Ref {
	if d.Store != nil {
		ref := d.Store(kind)
		ref.Rows = int64(rows)
		return ref
	}
	return handoff.Ref{Kind: kind, SHA256: d.Digest(), Bytes: 1 + d.Int64N(1e9), Rows: int64(rows), MediaType: "application/octet-stream"}
}

// Digest draws 64 hex digits.
func (d *Draw) Digest() string { return d.from("0123456789abcdef", 64) }

// Name draws n letters and digits.
func (d *Draw) Name(n int) string { return d.from("abcdefghijklmnopqrstuvwxyz0123456789", n) }

func (d *Draw) from(letters string, n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = letters[d.IntN(len(letters))]
	}
	return string(text)
}

func (d *Draw) words(most int) []string {
	list := []string{}
	for range d.IntN(most + 1) {
		list = append(list, "word "+d.Name(5))
	}
	return list
}

func (d *Draw) maybe() bool { return d.IntN(2) == 0 }

func ptr[T any](v T) *T { return &v }

// Document is an envelope as JSON that a test may change.
func Document(e handoff.Envelope) map[string]any {
	data, err := json.Marshal(e)
	if err != nil {
		panic(err) // what is drawn here encodes
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		panic(err)
	}
	return doc
}
