package durable

import (
	"errors"
	"fmt"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// NeedsInput ends a run with questions: what was asked for is ambiguous.
type NeedsInput struct{ Questions []handoff.Question }

func (n *NeedsInput) Error() string {
	ids := make([]string, len(n.Questions))
	for i, q := range n.Questions {
		ids[i] = q.ID
	}
	return "the request needs an answer to: " + strings.Join(ids, ", ")
}

// NotDeployed ends a run whose model was made but does not serve: the
// deployment was refused or rolled back, and what served before still does.
type NotDeployed struct{ Problem *problem.Problem }

func (n *NotDeployed) Error() string { return n.Problem.Error() }
func (n *NotDeployed) Unwrap() error { return n.Problem }

// Retry marks an error that may pass the second time.
func Retry(err error) error {
	if err == nil {
		return nil
	}
	return &retry{err}
}

type retry struct{ error }

func (r *retry) Unwrap() error { return r.error }

func canRetry(err error) bool {
	var r *retry
	return errors.As(err, &r)
}

// gateError is a blocking finding that nobody waived.
type gateError struct{ finding handoff.Finding }

func (g *gateError) Error() string {
	return fmt.Sprintf("%s: %s", g.finding.Code, g.finding.Evidence)
}

func (g *gateError) Unwrap() error {
	where := ""
	if g.finding.Table != nil {
		where = *g.finding.Table
	}
	if g.finding.Column != nil {
		where = strings.TrimPrefix(where+"."+*g.finding.Column, ".")
	}
	return &problem.Problem{
		Kind: problem.Blocked, Code: g.finding.Code, Where: where,
		What: g.finding.Evidence, Fix: g.finding.Fix,
	}
}
