package handoff

import (
	"encoding/json"
	"fmt"
)

// migration makes a payload of version to from one of version from. It is a
// pure function of the document, and is never changed once released.
type migration struct {
	schema, from, to string
	apply            func(doc map[string]any) error
}

// migrations are all there are, in any order. Version 1.0.0 is the first of
// every payload.
func migrations() []migration {
	return []migration{
		{"features", "1.0.0", "1.1.0", featureCurves},
		{"choice", "1.0.0", "1.1.0", func(doc map[string]any) error { return inside(doc, featureCurves, "features") }},
		{"model", "1.0.0", "1.1.0", modelDetail},
		{"deployment", "1.0.0", "1.1.0", func(doc map[string]any) error { return inside(doc, modelDetail, "model") }},
		{"watch", "1.0.0", "1.1.0", func(doc map[string]any) error { return inside(doc, modelDetail, "deployment", "model") }},
		{"choice", "1.1.0", "1.2.0", choiceWarm},
		{"model", "1.1.0", "1.2.0", func(doc map[string]any) error { return inside(doc, choiceWarm, "choice") }},
		{"deployment", "1.1.0", "1.2.0", func(doc map[string]any) error { return inside(doc, choiceWarm, "model", "choice") }},
		{"watch", "1.1.0", "1.2.0", func(doc map[string]any) error { return inside(doc, choiceWarm, "deployment", "model", "choice") }},
		{"choice", "1.2.0", "1.3.0", choiceFolds},
		{"model", "1.2.0", "1.3.0", func(doc map[string]any) error { return inside(doc, choiceFolds, "choice") }},
		{"deployment", "1.2.0", "1.3.0", func(doc map[string]any) error { return inside(doc, choiceFolds, "model", "choice") }},
		{"watch", "1.2.0", "1.3.0", func(doc map[string]any) error { return inside(doc, choiceFolds, "deployment", "model", "choice") }},
	}
}

// featureCurves says of the kept features that their curves were not measured.
func featureCurves(doc map[string]any) error {
	kept, ok := doc["kept"].([]any)
	if !ok {
		return fmt.Errorf("no list %q", "kept")
	}
	for _, k := range kept {
		feature, ok := k.(map[string]any)
		if !ok {
			return fmt.Errorf("a kept feature is no object")
		}
		feature["shap"], feature["curve"], feature["class"] = nil, []any{}, nil
	}
	return nil
}

// modelDetail says of a model's details, and of its features' curves, that
// they were not measured.
func modelDetail(doc map[string]any) error {
	for _, name := range []string{"sets", "decision", "learning"} {
		doc[name] = nil
	}
	doc["groups"], doc["segments"] = []any{}, []any{}
	doc["curves"] = map[string]any{"roc": []any{}, "precision_recall": []any{}, "gain": []any{}, "reliability": []any{}, "confusion": nil}
	return inside(doc, featureCurves, "choice", "features")
}

// choiceWarm says of a choice that no earlier run was looked at, and of its
// candidates that the time of a row was not counted.
func choiceWarm(doc map[string]any) error {
	doc["warm"] = nil
	board, ok := doc["leaderboard"].([]any)
	if !ok {
		return fmt.Errorf("no list %q", "leaderboard")
	}
	for _, k := range board {
		candidate, ok := k.(map[string]any)
		if !ok {
			return fmt.Errorf("a candidate is no object")
		}
		candidate["row_ms"] = 0.0
	}
	return nil
}

// choiceFolds says of folds that nothing hindered them from being by time: they
// never were.
func choiceFolds(doc map[string]any) error {
	folds, ok := doc["folds"].(map[string]any)
	if !ok {
		return fmt.Errorf("no object %q", "folds")
	}
	folds["reason"] = ""
	return nil
}

// inside applies a migration to the payload inside doc, under the names of a
// path.
func inside(doc map[string]any, apply func(map[string]any) error, path ...string) error {
	for _, name := range path {
		inner, ok := doc[name].(map[string]any)
		if !ok {
			return fmt.Errorf("no object %q", name)
		}
		doc = inner
	}
	return apply(doc)
}

// Upgrade is the envelope with its output in the version that zero has, for
// reading: its id is another one. An envelope of that version is given back as
// it is; one that no migration leads from is an error.
func Upgrade(e Envelope, zero Payload) (Envelope, error) { return upgrade(e, zero, migrations()) }

func upgrade(e Envelope, zero Payload, steps []migration) (Envelope, error) {
	name, version := zero.Schema()
	if e.SchemaVersion == version || isNull(e.Output) || e.Metadata.Schema != name {
		return e, nil
	}
	var doc map[string]any
	if err := json.Unmarshal(e.Output, &doc); err != nil {
		return e, fmt.Errorf("upgrade %s: %w", name, err)
	}
	at := e.SchemaVersion
	for range len(steps) + 1 {
		if at == version {
			break
		}
		step, found := next(steps, name, at)
		if !found {
			return e, fmt.Errorf("upgrade %s: nothing leads from version %s to %s", name, at, version)
		}
		if err := step.apply(doc); err != nil {
			return e, fmt.Errorf("upgrade %s from %s to %s: %w", name, step.from, step.to, err)
		}
		at = step.to
	}
	data, err := Canonical(doc)
	if err != nil {
		return e, fmt.Errorf("upgrade %s: %w", name, err)
	}
	e.Output, e.SchemaVersion, e.Metadata.OutputDigest = data, at, DigestBytes(data)
	return e, nil
}

func next(steps []migration, name, from string) (migration, bool) {
	for _, s := range steps {
		if s.schema == name && s.from == from {
			return s, true
		}
	}
	return migration{}, false
}
