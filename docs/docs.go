// Package docs carries the pages that the program shows itself.
package docs

import (
	_ "embed"
	"strings"
)

//go:embed findings.md
var findings string

// Finding is what the catalogue says of one code.
type Finding struct {
	Code string `json:"code"` // "leak.target_copy"
	Text string `json:"text"` // Markdown: what it means, then what to do
}

// Find gives the page of a code; "personal.*" is that of every code that
// begins so.
func Find(code string) (Finding, bool) {
	for _, f := range Findings() {
		prefix, open := strings.CutSuffix(f.Code, "*")
		if f.Code == code || open && strings.HasPrefix(code, prefix) && code != prefix {
			return f, true
		}
	}
	return Finding{}, false
}

// Findings is the catalogue of docs/findings.md, in its order.
func Findings() []Finding {
	var all []Finding
	for _, section := range strings.Split("\n"+findings, "\n### `")[1:] {
		code, text, ok := strings.Cut(section, "`\n")
		if !ok {
			continue
		}
		text, _, _ = strings.Cut(text, "\n## ")
		all = append(all, Finding{Code: code, Text: strings.TrimSpace(text)})
	}
	return all
}
