package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/terminal"
)

// difference is the answer of septet runs diff.
type difference struct {
	Format  string   `json:"format"` // septet.diff/1
	A       string   `json:"a"`
	B       string   `json:"b"`
	Changes []change `json:"changes"`
}

// change is one thing that is not the same in both runs.
type change struct {
	Part string  `json:"part"` // request, settings, data, scope, features, splits, metrics, model
	What string  `json:"what"` // dotted path in the part
	A    *string `json:"a"`    // null where the run has none
	B    *string `json:"b"`
}

func (d difference) Text(w io.Writer, s terminal.Style) {
	if len(d.Changes) == 0 {
		fmt.Fprintln(w, "  nothing differs")
	}
	text := func(p *string) string {
		if p == nil {
			return "–"
		}
		return *p
	}
	part := ""
	for _, c := range d.Changes {
		if c.Part != part {
			part = c.Part
			fmt.Fprintf(w, "  %s\n", part)
		}
		fmt.Fprintf(w, "    %-36s %s → %s\n", c.What, text(c.A), text(c.B))
	}
}

func (a *app) diffCommand() *cobra.Command {
	c := a.command(&cobra.Command{
		Use: "diff A B", Short: "What differs between two runs: settings, data, scope, features, scores", Args: exactly("A", "B"),
	}, func(ctx context.Context, args []string) (answer, error) {
		w, err := a.openExisting(ctx)
		if err != nil {
			return nil, err
		}
		defer w.Close()
		var ids [2]string
		var facts [2][]part
		for i, text := range args {
			if ids[i], err = pipeline.Find(ctx, w.ledger, text); err != nil {
				return nil, err
			}
			if facts[i], err = w.facts(ctx, ids[i]); err != nil {
				return nil, err
			}
		}
		d := difference{Format: "septet.diff/1", A: ids[0], B: ids[1], Changes: []change{}}
		for i := range facts[0] {
			d.Changes = append(d.Changes, compare(facts[0][i], facts[1][i])...)
		}
		return d, nil
	})
	c.ValidArgsFunction = a.completeRuns
	return c
}

// part is one side of what a run was, flat.
type part struct {
	name  string
	facts map[string]string
}

// facts are all parts of a run, always the same ones in the same order.
func (w *workspace) facts(ctx context.Context, id string) ([]part, error) {
	run, err := w.ledger.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	o, err := pipeline.Report(ctx, w.ledger, w.dir, id)
	if err != nil {
		return nil, err
	}
	data := map[string]string{}
	for _, f := range run.Files {
		data[filepath.Base(f.Path)] = "sha256:" + f.SHA256[:12] + "…"
	}
	features := map[string]bool{}
	if o.Features != nil {
		for _, k := range o.Features.Kept {
			features[k.Name] = true
		}
	}
	var parts []part
	for _, p := range []struct {
		name string
		v    any
	}{
		{"request", map[string]any{"request": o.Request, "program": o.Program}},
		{"settings", run.Brief.Settings},
		{"data", data},
		{"scope", o.Scope},
		{"splits", o.Splits},
		{"features", features},
		{"metrics", map[string]any{"scores": o.Metrics, "baselines": o.Baselines}},
		{"model", map[string]any{"model": o.Model, "effort": o.Effort, "status": o.Status}},
	} {
		facts, err := flatten(p.v)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{p.name, facts})
	}
	return parts, nil
}

// flatten gives every value of v's JSON form by its dotted path. Lists are one
// value; null is none.
func flatten(v any) (map[string]string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return nil, err
	}
	flat := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case nil:
		case map[string]any:
			for name, inner := range v {
				walk(strings.TrimPrefix(path+"."+name, "."), inner)
			}
		case string:
			flat[path] = v
		default:
			text, _ := json.Marshal(v) // it came from JSON
			flat[path] = string(text)
		}
	}
	walk("", tree)
	return flat, nil
}

func compare(a, b part) []change {
	var changes []change
	names := slices.AppendSeq(slices.Collect(maps.Keys(a.facts)), maps.Keys(b.facts))
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		before, inA := a.facts[name]
		after, inB := b.facts[name]
		if inA == inB && before == after {
			continue
		}
		c := change{Part: a.name, What: name}
		if inA {
			c.A = &before
		}
		if inB {
			c.B = &after
		}
		changes = append(changes, c)
	}
	return changes
}
