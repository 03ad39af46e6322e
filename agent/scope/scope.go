// Package scope is the first agent: it reads a request in plain English and
// the catalog of the tables, and says what is to be predicted, for whom, from
// what, and when it is good enough.
//
// There is no language model in it. A request goes through a small grammar
// (grammar.go, docs/scope-grammar.md) whose clauses need no table; what is
// left is compared with the names and values of the columns. Every part of the
// scope is linked to the words or columns that caused it. What was taken for
// granted is listed with its confidence; where a wrong guess would answer
// another question than the one asked, there is a typed question instead.
package scope

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/settings"
)

// catalogVersion is raised whenever the same files would give other facts.
const catalogVersion = 3

// Step is the agent for the engine. Its work ends with a scope, with
// *durable.NeedsInput where the request is ambiguous, or with a Blocked
// problem where the tables do not hold what is asked for.
func Step() durable.Step[handoff.Brief, handoff.Scope] {
	return durable.Step[handoff.Brief, handoff.Scope]{
		Agent:   handoff.ScopeDefiner,
		Version: 5,
		Reads:   reads,
		Work:    work,
	}
}

// reads is the part of the settings that a scope depends on.
func reads(s handoff.Settings) any {
	return handoff.Settings{
		Target: s.Target, Positive: s.Positive, Entity: s.Entity, Time: s.Time, Exclude: s.Exclude, Metric: s.Metric,
		Set: settings.Of(s.Set, handoff.ScopeDefiner), Yes: s.Yes,
	}
}

func work(ctx context.Context, d *durable.Desk, brief handoff.Brief) (handoff.Scope, error) {
	if err := settings.Check(d.Settings.Set); err != nil {
		return handoff.Scope{}, err
	}
	f, err := look(ctx, d, brief.Sources)
	if err != nil {
		return handoff.Scope{}, err
	}
	brief.Settings = d.Settings
	r, err := define(brief, *f)
	var open *asked
	if errors.As(err, &open) {
		return handoff.Scope{}, &durable.NeedsInput{Questions: open.questions}
	}
	if err != nil {
		return handoff.Scope{}, err
	}
	for _, finding := range r.findings {
		d.Find(finding)
	}
	for _, warning := range r.warnings {
		d.Warn(warning)
	}
	d.Say(r.headline)
	return r.scope, nil
}

// look gives the facts of the sources. They are made once for files of the
// same names and bytes.
func look(ctx context.Context, d *durable.Desk, sources []handoff.Source) (*facts, error) {
	ctx, end := d.Span(ctx, "catalog")
	defer end()
	type file struct {
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	}
	var key []file
	for _, f := range d.Sources() {
		key = append(key, file{filepath.Base(f.Path), f.SHA256})
	}
	data, err := d.Memo(ctx, "catalog", catalogVersion, key, func(ctx context.Context) ([]byte, error) {
		paths := make([]string, len(sources))
		for i, s := range sources {
			paths[i] = s.Path
		}
		f, err := gather(ctx, paths, d.Settings.Threads)
		if err != nil {
			return nil, err
		}
		return json.Marshal(f)
	})
	if err != nil {
		return nil, err
	}
	f := &facts{}
	if err := json.Unmarshal(data, f); err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	for i := range f.Tables {
		if _, err := d.Source(f.Tables[i].SHA256); err != nil {
			return nil, err
		}
	}
	return f, nil
}
