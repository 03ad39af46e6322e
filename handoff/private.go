package handoff

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// secretForm are texts that open something: keys, tokens, passwords in a URL
// or a connection string.
var secretForm = regexp.MustCompile(`(?i)(-----BEGIN [A-Z ]*PRIVATE KEY-----` +
	`|\b(AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[0-9A-Za-z]{36}|\bxox[abpr]-[0-9A-Za-z-]{10,}` +
	`|[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s:@]+@|\b(password|passwd|pwd|secret|api_?key)\s*=\s*[^\s;&]+)`)

// pathForm are absolute paths where people and programs keep files.
var pathForm = regexp.MustCompile(`(^|[\s"'=(,:\x60])(/(home|root|Users|tmp|var|etc|mnt|srv|opt|usr|private|Volumes)/[^\s"']+|[A-Za-z]:\\[^\s"']+)`)

// private refuses secrets and absolute paths anywhere in the envelope. Where
// the words of a person or of the data stand, only those texts count that the
// caller knows to be private.
func (l *faultList) private(doc any, known []string) {
	eachText("", doc, func(pointer, text string) {
		words := isData(pointer)
		if !words && secretForm.MatchString(text) {
			l.must(false, pointer, "holds what looks like a secret", "leave it out")
		}
		if !words && pathForm.MatchString(text) || holdsAny(text, known) {
			l.must(false, pointer, "holds an absolute path", "name the table or the digest")
		}
	})
}

// isData tells whether the text at a place comes from the data or is a
// person's own: column names, class values, levels, the request.
func isData(pointer string) bool {
	names := strings.Split(pointer, "/")
	for _, name := range names {
		switch name {
		case "columns", "classes", "levels", "filters", "exclude", "entity", "target", "label", "request", "words",
			"source_columns", "layouts", "bool", "group", "kept", "dropped", "interactions", "expectations", "repairs",
			"fairness_groups", "column", "table", "tables", "drift", "assumptions", "title":
			return true
		}
	}
	return false
}

// holdsAny tells whether one of the known texts is in text as a whole path:
// not in the middle of a longer name.
func holdsAny(text string, known []string) bool {
	for _, k := range known {
		if len(k) < 2 {
			continue
		}
		for rest, found := text, true; found; {
			_, rest, found = strings.Cut(rest, k)
			if found && (rest == "" || strings.ContainsRune("/\\ \"':,;)", rune(rest[0]))) {
				return true
			}
		}
	}
	return false
}

// eachText calls f for every string of a JSON document, members in order.
func eachText(at string, v any, f func(pointer, text string)) {
	switch v := v.(type) {
	case string:
		f(at, v)
	case []any:
		for i, item := range v {
			eachText(at+"/"+strconv.Itoa(i), item, f)
		}
	case map[string]any:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			eachText(Pointer(at, name), v[name], f)
		}
	}
}
