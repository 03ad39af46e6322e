package handoff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/gowebpki/jcs"
)

// Canonical is v as JSON in the canonical form of RFC 8785: members sorted,
// numbers as IEEE doubles in shortest form, no white space. NaN, infinities
// and whole numbers beyond 2^53 have none; the first two are an error here,
// the last is refused by the checks.
func Canonical(v any) ([]byte, error) {
	data, isJSON := v.(json.RawMessage)
	if !isJSON {
		var err error
		if data, err = json.Marshal(v); err != nil {
			return nil, fmt.Errorf("canonical JSON: %w", err)
		}
	}
	data, err := jcs.Transform(data)
	if err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return data, nil
}

// Digest is the SHA-256 of v's canonical form as 64 lower-case hex digits.
func Digest(v any) (string, error) {
	data, err := Canonical(v)
	if err != nil {
		return "", err
	}
	return DigestBytes(data), nil
}

// DigestBytes is the SHA-256 of data as 64 lower-case hex digits.
func DigestBytes(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ID is the SHA-256 of the envelope's canonical form.
func (e *Envelope) ID() (string, error) { return Digest(e) }
