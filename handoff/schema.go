package handoff

import (
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/septet-ml/septet/table"
)

//go:generate go test ../schemas -run TestSchemasAreCurrent -args -write

// Schema makes the JSON Schema (2020-12) of a payload's or the envelope's Go
// type, indented. A payload that is part of another is a reference to its own
// schema. Members that the type does not have are refused; nil slices and maps
// are written as empty ones (Encode), so null stands only for pointers.
func Schema(v any, name, version string) ([]byte, error) {
	types := typeSchemas()
	for _, p := range Payloads() {
		if t := reflect.TypeOf(p); t != reflect.TypeOf(v) {
			types[t] = &jsonschema.Schema{Ref: schemaURL(p.Schema())}
		}
	}
	s, err := jsonschema.ForType(reflect.TypeOf(v), &jsonschema.ForOptions{TypeSchemas: types})
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	tighten(s)
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.ID = schemaURL(name, version)
	s.Title = name + " " + version
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	return append(data, '\n'), nil
}

func schemaURL(name, version string) string {
	return "https://septet-ml.github.io/schemas/" + name + "-" + version + ".json"
}

// typeSchemas are the types whose JSON is narrower than Go's type says.
func typeSchemas() map[reflect.Type]*jsonschema.Schema {
	digest := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", Pattern: "^[0-9a-f]{64}$"} }
	count := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "integer", Minimum: jsonschema.Ptr(0.0)} }
	text := func() *jsonschema.Schema { return &jsonschema.Schema{Type: "string", MinLength: jsonschema.Ptr(1)} }
	agents := append(Agents(), Caller)
	return map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[Agent]():           enum(agents...),
		reflect.TypeFor[Status]():          enum(Success, Partial, Failed),
		reflect.TypeFor[Severity]():        enum(Info, Warning, Blocking),
		reflect.TypeFor[Action]():          enum(NoAction, Removed, Stopped, Warned, Waived, Repaired),
		reflect.TypeFor[table.Kind]():      enum(table.Number.String(), table.Text.String(), table.Time.String()),
		reflect.TypeFor[time.Time]():       {Type: "string", Format: "date-time"},
		reflect.TypeFor[json.RawMessage](): {Types: []string{"null", "object"}},
		reflect.TypeFor[Ref](): {
			Type: "object",
			Properties: map[string]*jsonschema.Schema{
				"kind": text(), "sha256": digest(), "bytes": count(), "rows": count(), "media_type": text(),
			},
			Required:             []string{"kind", "sha256", "bytes", "rows", "media_type"},
			AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
			PropertyOrder:        []string{"kind", "sha256", "bytes", "rows", "media_type"},
		},
	}
}

func enum[T ~string](values ...T) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "string"}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// tighten takes null out of what a slice may be.
func tighten(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if len(s.Types) == 2 && s.Types[0] == "null" && s.Types[1] == "array" {
		s.Type, s.Types = "array", nil
	}
	for _, p := range s.Properties {
		tighten(p)
	}
	tighten(s.Items)
	tighten(s.AdditionalProperties)
}

// Payloads is an empty one of each of the seven, in the order of the run.
func Payloads() []Payload {
	return []Payload{Scope{}, Dataset{}, Features{}, Choice{}, Model{}, Deployment{}, Watch{}}
}

// PayloadOf is an empty payload of the kind that an agent hands over; nil for
// an unknown agent.
func PayloadOf(a Agent) Payload {
	for i, agent := range Agents() {
		if a == agent {
			return Payloads()[i]
		}
	}
	return nil
}
