package handoff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// Checker holds documents against their schemas and their semantic checks. It
// compiles each schema once; it may be used by several goroutines at once.
type Checker struct {
	mu       sync.Mutex
	compiler *jsonschema.Compiler
	known    map[string]bool // URLs of the schemas that the compiler has
}

// NewChecker is a checker that has compiled nothing yet.
func NewChecker() *Checker {
	c := &Checker{compiler: jsonschema.NewCompiler(), known: map[string]bool{}}
	c.compiler.AssertFormat()
	return c
}

// Output gives every fault of a payload's canonical form: those that its
// schema sees or, where that sees none, those of its semantic checks. Pointers
// are into the payload.
func (c *Checker) Output(data []byte, payload Payload) ([]Fault, error) {
	name, version := payload.Schema()
	faults, _, err := c.document(data, payload, name, version)
	if err != nil || len(faults) > 0 {
		return faults, err
	}
	return payload.Check(), nil
}

// document holds data against the schema of v's type, and gives it decoded.
func (c *Checker) document(data []byte, v any, name, version string) (faults []Fault, doc any, err error) {
	schema, err := c.schema(v, name, version)
	if err != nil {
		return nil, nil, err
	}
	doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		return []Fault{{Pointer: "", Reason: "is not JSON", Fix: "write one JSON document"}}, nil, nil
	}
	err = schema.Validate(doc)
	var invalid *jsonschema.ValidationError
	if err == nil {
		return nil, doc, nil
	}
	if !errors.As(err, &invalid) {
		return nil, nil, fmt.Errorf("validate %s: %w", name, err)
	}
	collect(invalid, &faults)
	slices.SortFunc(faults, func(a, b Fault) int { return strings.Compare(a.Pointer+a.Reason, b.Pointer+b.Reason) })
	return faults, doc, nil
}

// schema is the compiled schema of v's type, and of the payloads that it has
// inside.
func (c *Checker) schema(v any, name, version string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) == 0 {
		for _, p := range Payloads() {
			name, version := p.Schema()
			if err := c.add(p, name, version); err != nil {
				return nil, err
			}
		}
	}
	if err := c.add(v, name, version); err != nil {
		return nil, err
	}
	s, err := c.compiler.Compile(schemaURL(name, version))
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", name, err)
	}
	return s, nil
}

func (c *Checker) add(v any, name, version string) error {
	url := schemaURL(name, version)
	if c.known[url] {
		return nil
	}
	text, err := Schema(v, name, version)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err == nil {
		err = c.compiler.AddResource(url, doc)
	}
	if err != nil {
		return fmt.Errorf("schema of %s: %w", name, err)
	}
	c.known[url] = true
	return nil
}

// collect turns the leaves of a validation error into faults. It never copies
// a value of the document.
func collect(e *jsonschema.ValidationError, faults *[]Fault) {
	for _, cause := range e.Causes {
		collect(cause, faults)
	}
	if len(e.Causes) > 0 {
		return
	}
	at := Pointer("", e.InstanceLocation...)
	add := func(pointer, reason, fix string) {
		*faults = append(*faults, Fault{Pointer: pointer, Reason: reason, Fix: fix})
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			add(Pointer(at, name), "is missing", "add it")
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			add(Pointer(at, name), "is not in the schema", "take it out")
		}
	case *kind.FalseSchema:
		add(at, "is not in the schema", "take it out")
	case *kind.Type:
		add(at, "is "+k.Got, "must be "+strings.Join(k.Want, " or "))
	case *kind.Enum:
		want, _ := json.Marshal(k.Want)
		add(at, "is none of the known values", "use one of "+string(want))
	case *kind.Pattern:
		add(at, "is not of the form "+k.Want, "write it in that form")
	case *kind.Format:
		add(at, "is not a "+k.Want, "write it as a "+k.Want)
	default:
		words := "/" + strings.Join(e.ErrorKind.KeywordPath(), "/")
		add(at, "does not hold against the schema's "+words, "see the schema")
	}
}

// Pointer appends members to a JSON Pointer (RFC 6901).
func Pointer(base string, members ...string) string {
	for _, m := range members {
		if strings.ContainsAny(m, "~/") {
			m = strings.ReplaceAll(strings.ReplaceAll(m, "~", "~0"), "/", "~1")
		}
		base += "/" + m
	}
	return base
}
