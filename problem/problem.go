// Package problem holds the one error that is meant for a person.
//
// A Problem says where, what, why and what to do. The terminal, the JSON
// output and the web page render the same value. It never holds a value of a
// row, a secret or a Go type.
package problem

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says how a command that meets the problem ends.
type Kind int

const (
	Failed  Kind = iota // exit 1: an error
	Usage               // exit 2: the command line or a configuration file is wrong; nothing ran
	Blocked             // exit 3: the data or a gate said no
)

// Problem is a person's mistake, or a fault that a person can mend.
type Problem struct {
	Kind    Kind     `json:"-"`
	Code    string   `json:"code"`            // "data.no_target": from the catalogue in docs/findings.md
	Where   string   `json:"where,omitempty"` // file:line, table.column, --flag; "" where there is no place
	What    string   `json:"what"`            // one sentence, survives truncation
	Why     string   `json:"why,omitempty"`
	Nearest []string `json:"nearest,omitempty"` // nearest right values, best first
	Fix     string   `json:"fix,omitempty"`     // what to do, a command if there is one
	Cause   error    `json:"-"`
}

// Error is one line: code, place, what and why.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Code)
	b.WriteString(": ")
	if p.Where != "" {
		b.WriteString(p.Where)
		b.WriteString(": ")
	}
	b.WriteString(p.What)
	if p.Why != "" {
		fmt.Fprintf(&b, " (%s)", p.Why)
	}
	return b.String()
}

// Unwrap gives the cause, nil where there is none.
func (p *Problem) Unwrap() error { return p.Cause }

// ExitCode is the exit status of a command that ends with the problem.
func (p *Problem) ExitCode() int { return int(p.Kind) + 1 }

// As finds the first Problem in err's chain; nil where there is none.
func As(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	return nil
}
