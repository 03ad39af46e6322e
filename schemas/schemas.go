// Package schemas holds the JSON Schemas (2020-12) of what passes between the
// agents: the envelope and its seven payloads. They are made from the Go types
// of package handoff: make schemas writes them, a test holds them against the
// types.
package schemas

import "embed"

// Files has one file for each, NAME-VERSION.json.
//
//go:embed *.json
var Files embed.FS
