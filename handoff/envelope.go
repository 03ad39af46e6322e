package handoff

import (
	"encoding/json"
	"time"
)

// Status of an envelope.
type Status string

const (
	Success Status = "success"
	Partial Status = "partial" // required parts are there, optional ones are missing and named
	Failed  Status = "failed"  // an error, or a gate that said no
)

// Envelope is what passes between two agents, and nothing else does. Its id
// is the SHA-256 of its canonical form (RFC 8785).
type Envelope struct {
	FromAgent       Agent           `json:"from_agent"`
	ToAgent         Agent           `json:"to_agent"`
	Timestamp       time.Time       `json:"timestamp"` // UTC
	Status          Status          `json:"status"`
	Output          json.RawMessage `json:"output"` // the payload, canonical; null where a failed agent has none
	Metadata        Metadata        `json:"metadata"`
	Warnings        []string        `json:"warnings"`
	OutputValidated bool            `json:"output_validated"` // schema and semantic checks passed
	SchemaVersion   string          `json:"schema_version"`   // of the payload, semantic
}

// Metadata is what is known of the work beside its result.
type Metadata struct {
	RunID          string             `json:"run_id"`
	Sequence       int                `json:"sequence"` // 1 is the run's first envelope
	Attempt        int                `json:"attempt"`  // of this agent in this run, retries counted, 1 is the first
	Duration       float64            `json:"duration"` // seconds
	Seed           uint64             `json:"seed"`     // at most MaxSeed
	ProgramVersion string             `json:"program_version"`
	StepVersion    int                `json:"step_version"`
	Schema         string             `json:"schema"`          // name of the payload's schema
	Key            string             `json:"key"`             // of the work: 64 hex digits
	SettingsDigest string             `json:"settings_digest"` // SHA-256 of the settings that the agent read
	OutputDigest   string             `json:"output_digest"`   // SHA-256 of output; "" where it is null
	Inputs         []Input            `json:"inputs"`
	ReusedFrom     *string            `json:"reused_from"` // id of the envelope that has the same output; null where the work was done here
	Previous       *string            `json:"previous"`    // id of the run's envelope before this one; null for the first
	Headline       string             `json:"headline"`    // one line for people
	Missing        []string           `json:"missing"`     // optional parts that a partial output lacks
	Findings       []Finding          `json:"findings"`    // of the whole run so far, append-only
	Measurements   map[string]float64 `json:"measurements"`
	Error          *Error             `json:"error"` // null unless failed
}

// Error is why an agent has failed.
type Error struct {
	Code string `json:"code"`
	What string `json:"what"`
}

// Input is a document that the work was done from.
type Input struct {
	Name   string `json:"name"`   // the agent whose output it is; "brief"; "table.csv"
	SHA256 string `json:"sha256"` // of its canonical form, of the file as it lies on disk
}

// MaxSeed is the largest seed: canonical JSON holds whole numbers up to 2^53.
const MaxSeed = 1<<53 - 1
