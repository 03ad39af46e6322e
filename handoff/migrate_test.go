package handoff

import (
	"encoding/json"
	"strings"
	"testing"
)

// soup is a payload in its third version.
type soup struct {
	Spoons int `json:"spoons"`
}

func (soup) Schema() (string, string) { return "soup", "2.0.0" }
func (soup) Check() []Fault           { return nil }

func TestUpgrade(t *testing.T) {
	steps := []migration{
		{"soup", "1.1.0", "2.0.0", func(doc map[string]any) error {
			doc["spoons"] = doc["ladles"].(float64) * 10
			delete(doc, "ladles")
			return nil
		}},
		{"soup", "1.0.0", "1.1.0", func(doc map[string]any) error { doc["ladles"] = 1.0; return nil }},
		{"stew", "1.0.0", "2.0.0", func(map[string]any) error { panic("of another payload") }},
	}
	tests := []struct{ version, output, want string }{
		{"1.0.0", `{}`, `{"spoons":10}`},
		{"1.1.0", `{"ladles":3}`, `{"spoons":30}`},
		{"2.0.0", `{"spoons":7}`, `{"spoons":7}`},
		{"3.0.0", `{"spoons":7}`, "error"},
		{"0.9.0", `{}`, "error"},
	}
	for _, test := range tests {
		e := Envelope{SchemaVersion: test.version, Output: json.RawMessage(test.output), Metadata: Metadata{Schema: "soup"}}
		got, err := upgrade(e, soup{}, steps)
		if test.want == "error" {
			if err == nil || !strings.Contains(err.Error(), "nothing leads from version "+test.version) {
				t.Errorf("%s: %v", test.version, err)
			}
			continue
		}
		if err != nil || string(got.Output) != test.want || got.SchemaVersion != "2.0.0" {
			t.Errorf("%s: %s (%s), %v; want %s", test.version, got.Output, got.SchemaVersion, err, test.want)
		}
		if test.version != "2.0.0" && got.Metadata.OutputDigest != DigestBytes([]byte(test.want)) {
			t.Errorf("%s: the digest is not that of the output", test.version)
		}
		if string(e.Output) != test.output {
			t.Errorf("%s: the envelope itself was changed", test.version)
		}
	}
}
