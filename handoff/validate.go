package handoff

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// EnvelopeSchema is the name and version of the envelope's own schema.
func EnvelopeSchema() (name, version string) { return "envelope", "1.0.0" }

// Envelope gives every fault of an envelope that carries a payload of zero's
// type: its own form, then its output's schema, then the semantic checks of
// both. Pointers are into the envelope. private are texts that must not leave
// the machine, such as the folders of the sources.
func (c *Checker) Envelope(e Envelope, zero Payload, private ...string) ([]Fault, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("check envelope: %w", err)
	}
	return c.envelope(data, zero, private)
}

// EnvelopeJSON is Envelope for a document that was written elsewhere.
func (c *Checker) EnvelopeJSON(data []byte, zero Payload, private ...string) ([]Fault, error) {
	if _, err := Canonical(json.RawMessage(data)); err != nil {
		return []Fault{{Reason: "has no canonical form: it is not JSON, or names a member twice", Fix: "write one JSON document"}}, nil
	}
	return c.envelope(data, zero, private)
}

func (c *Checker) envelope(data []byte, zero Payload, private []string) ([]Fault, error) {
	name, version := EnvelopeSchema()
	faults, doc, err := c.document(data, Envelope{}, name, version)
	if err != nil || len(faults) > 0 {
		return faults, err
	}
	var e Envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return []Fault{{Reason: "is not an envelope", Fix: "see the schema"}}, nil
	}
	at := faultList{}
	e.check(&at, zero)
	if len(at.faults) == 0 && !isNull(e.Output) {
		inner, err := c.output(e, zero)
		if err != nil {
			return nil, err
		}
		at.within("/output", inner)
	}
	at.private(doc, private)
	return at.faults, nil
}

// output checks what an envelope carries.
func (c *Checker) output(e Envelope, zero Payload) ([]Fault, error) {
	name, version := zero.Schema()
	faults, _, err := c.document(e.Output, zero, name, version)
	if err != nil || len(faults) > 0 {
		return faults, err
	}
	payload, err := decodeLike(e.Output, zero)
	if err != nil {
		return []Fault{{Reason: "does not decode", Fix: "see the schema"}}, nil
	}
	return payload.Check(), nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// check holds the envelope against itself.
func (e *Envelope) check(at *faultList, zero Payload) {
	m := &e.Metadata
	name, version := zero.Schema()
	at.must(e.ToAgent == e.FromAgent.Next(), "/to_agent", "is not the agent after from_agent", "hand to "+string(e.FromAgent.Next()))
	at.must(e.FromAgent != Caller, "/from_agent", "is the caller, which hands nothing over", "name the agent")
	at.must(!e.Timestamp.IsZero() && e.Timestamp.Location().String() == "UTC", "/timestamp", "is not a time in UTC", "write RFC 3339 with Z")
	at.must(m.Schema == name, "/metadata/schema", "is not the schema of what is read here ("+name+")", "hand over a "+name)
	at.must(e.SchemaVersion == version, "/schema_version", "is not the version that is read here ("+version+")", "migrate the payload")
	at.must(runIDForm.MatchString(m.RunID), "/metadata/run_id", "is not a run id", "r- and letters or digits")
	at.must(m.Sequence >= 1, "/metadata/sequence", "is below 1", "count from 1")
	at.must(m.Attempt >= 1, "/metadata/attempt", "is below 1", "count from 1")
	at.must(m.Duration >= 0, "/metadata/duration", "is negative", "give seconds")
	at.must(m.Seed <= MaxSeed, "/metadata/seed", "is above 2^53 - 1", "use a smaller seed")
	at.must(m.StepVersion >= 0, "/metadata/step_version", "is negative", "count from 0")
	at.must(m.ProgramVersion != "", "/metadata/program_version", "is empty", "name the program's version")
	at.digest("/metadata/key", m.Key)
	at.digest("/metadata/settings_digest", m.SettingsDigest)
	at.must((m.Sequence == 1) == (m.Previous == nil), "/metadata/previous", "does not go with the sequence", "null for the first envelope only")
	if m.Previous != nil {
		at.digest("/metadata/previous", *m.Previous)
	}
	if m.ReusedFrom != nil {
		at.digest("/metadata/reused_from", *m.ReusedFrom)
	}
	for i, in := range m.Inputs {
		where := fmt.Sprintf("/metadata/inputs/%d", i)
		at.must(in.Name != "", where+"/name", "is empty", "name the input")
		at.digest(where+"/sha256", in.SHA256)
	}
	at.must(len(m.Inputs) > 0, "/metadata/inputs", "is empty", "name what the work was done from")
	e.checkOutcome(at)
	checkFindings(at, m.Findings)
}

// checkOutcome holds the status against what the envelope carries.
func (e *Envelope) checkOutcome(at *faultList) {
	m := &e.Metadata
	blocking := blocks(m.Findings)
	none := isNull(e.Output)
	if none {
		at.must(e.Status == Failed, "/output", "is null, but the status is "+string(e.Status), "give the output")
		at.must(!e.OutputValidated, "/output_validated", "is true, but there is no output", "set it to false")
		at.must(m.OutputDigest == "", "/metadata/output_digest", "is given, but there is no output", "leave it empty")
	} else {
		canonical, err := Canonical(e.Output)
		at.must(err == nil && m.OutputDigest == DigestBytes(canonical), "/metadata/output_digest", "is not the digest of the output", "take the SHA-256 of its canonical form")
		at.must(e.OutputValidated, "/output_validated", "is false", "only a valid output is handed over")
	}
	at.must(e.Status == Failed || !blocking, "/status", "is "+string(e.Status)+", but a finding blocks", "a gate that says no makes it failed")
	at.must(e.Status != Failed || blocking || m.Error != nil, "/metadata/error", "is null, but the status is failed and no finding blocks", "say why it failed")
	at.must(e.Status == Failed || m.Error == nil, "/metadata/error", "is given, but the status is "+string(e.Status), "set it to null")
	at.must((e.Status == Partial) == (len(m.Missing) > 0) || e.Status == Failed, "/metadata/missing", "does not go with the status "+string(e.Status), "partial names what is missing")
	for i, name := range m.Missing {
		at.must(name != "", fmt.Sprintf("/metadata/missing/%d", i), "is empty", "name what is missing")
	}
	if m.Error != nil {
		at.must(m.Error.Code != "" && m.Error.What != "", "/metadata/error", "is empty", "say why it failed")
	}
}

func blocks(findings []Finding) bool {
	for _, f := range findings {
		if f.Severity == Blocking && f.Action != Waived {
			return true
		}
	}
	return false
}

var (
	runIDForm  = regexp.MustCompile(`^r-[0-9a-z]{8,}$`)
	codeForm   = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

func checkFindings(at *faultList, findings []Finding) {
	ids := map[string]bool{}
	for i, f := range findings {
		where := fmt.Sprintf("/metadata/findings/%d", i)
		at.must(f.ID != "" && !ids[f.ID], where+"/id", "is empty or was given before", "give each finding its own id")
		ids[f.ID] = true
		at.must(codeForm.MatchString(f.Code), where+"/code", "is not a finding's code", "see docs/findings.md")
		at.must(f.Evidence != "", where+"/evidence", "is empty", "say what was measured")
		at.must(f.Severity != Blocking || f.Action != NoAction, where+"/action", "is none for a finding that blocks", "say what was done")
		at.must(f.Table == nil || *f.Table != "", where+"/table", "is empty", "use null")
		at.must(f.Column == nil || *f.Column != "", where+"/column", "is empty", "use null")
	}
}

// faultList gathers faults.
type faultList struct{ faults []Fault }

func (l *faultList) must(ok bool, pointer, reason, fix string) bool {
	if !ok {
		l.faults = append(l.faults, Fault{Pointer: pointer, Reason: reason, Fix: fix})
	}
	return ok
}

func (l *faultList) digest(pointer, text string) {
	l.must(digestForm.MatchString(text), pointer, "is not a SHA-256 digest", "write 64 lower-case hex digits")
}

// within adds the faults of a part at its place.
func (l *faultList) within(at string, faults []Fault) {
	for _, f := range faults {
		f.Pointer = at + f.Pointer
		l.faults = append(l.faults, f)
	}
}

// under is a place below.
func under(base string, i int, rest ...string) string {
	return Pointer(fmt.Sprintf("%s/%d", base, i), rest...)
}

func oneOf(value string, known ...string) bool {
	for _, k := range known {
		if k == value {
			return true
		}
	}
	return false
}

func listed(known ...string) string { return "use one of " + strings.Join(known, ", ") }
