package schemas_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
)

var write = flag.Bool("write", false, "write the schemas instead of comparing them")

func TestSchemasAreCurrent(t *testing.T) {
	current := map[string][]byte{}
	make := func(v any, name, version string) {
		data, err := handoff.Schema(v, name, version)
		if err != nil {
			t.Fatal(err)
		}
		current[name+"-"+version+".json"] = data
	}
	name, version := handoff.EnvelopeSchema()
	make(handoff.Envelope{}, name, version)
	for _, p := range handoff.Payloads() {
		name, version := p.Schema()
		make(p, name, version)
	}
	for file, want := range current {
		if *write {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Errorf("%s: %v (make schemas writes it)", file, err)
			continue
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what the Go type says (make schemas writes it):\n%s", file, cmp.Diff(string(got), string(want)))
		}
	}
}
