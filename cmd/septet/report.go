package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/modelcard"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/terminal"
	"github.com/septet-ml/septet/web"
)

// reported is the answer of septet runs report.
type reported struct {
	Format string  `json:"format"` // septet.report/1
	RunID  string  `json:"run_id"`
	Path   *string `json:"path"`   // file that was written; null where none was asked for
	Report *string `json:"report"` // Markdown; null where it is in a file
}

func (r reported) Text(w io.Writer, s terminal.Style) {
	if r.Report != nil {
		fmt.Fprint(w, *r.Report)
		return
	}
	fmt.Fprintf(w, "  %s %s\n", s.Check("ok"), *r.Path)
}

func (a *app) reportCommand() *cobra.Command {
	var out string
	c := a.aRun(&cobra.Command{
		Use: "report RUN", Short: "A report of a run to hand on: Markdown, or one HTML file with everything in it",
		Example: "  septet runs report last\n  septet runs report last --out churn.html",
	}, func(ctx context.Context, w *workspace, id string) (answer, error) {
		r := reported{Format: "septet.report/1", RunID: id}
		object, err := pipeline.Report(ctx, w.ledger, w.dir, id)
		if err != nil {
			return nil, err
		}
		object.Detail()
		if out == "" {
			text := markdown(object)
			r.Report = &text
			return r, nil
		}
		path := absolute(out)
		r.Path = &path
		return r, replace(out, func(f io.Writer) error {
			if strings.HasSuffix(strings.ToLower(out), ".html") {
				return web.Report(ctx, f, w.ledger, w.dir, id)
			}
			_, err := io.WriteString(f, markdown(object))
			return err
		})
	})
	c.Flags().StringVar(&out, "out", "", "`file` to write: .html or .md; default: Markdown on stdout")
	return c
}

// markdown is a run object as a report.
func markdown(o pipeline.RunObject) string {
	var b strings.Builder
	title := o.Request
	if title == "" && o.Scope != nil {
		title = o.Scope.Title
	}
	fmt.Fprintf(&b, "# %s\n\nRun %s, %s, started %s.\n", title, o.RunID, o.Status, o.Started.UTC().Format("2006-01-02 15:04 UTC"))
	if e := o.Error; e != nil {
		fmt.Fprintf(&b, "\n**%s** (`%s`)\n", e.What, e.Code)
		if e.Fix != nil {
			fmt.Fprintf(&b, "\nWhat to do: %s\n", *e.Fix)
		}
	}
	if o.Scope != nil {
		fmt.Fprintf(&b, "\n## What was understood\n\n%s (%s)\n", o.Scope.Title, o.Scope.ProblemType)
		for _, as := range o.Scope.Assumptions {
			fmt.Fprintf(&b, "- assumed: %s (%.0f %%: %s)\n", as.Text, 100*as.Confidence, as.Because)
		}
	}
	markdownScores(&b, o)
	markdownTested(&b, o)
	if len(o.Splits) > 0 {
		b.WriteString("\n## Splits\n\n| part | rows |\n|---|---:|\n")
		for _, name := range []string{"train", "validation", "test", "holdout", "purged"} {
			if s, there := o.Splits[name]; there {
				fmt.Fprintf(&b, "| %s | %d |\n", name, s.Rows)
			}
		}
	}
	if o.Features != nil {
		fmt.Fprintf(&b, "\n## Features\n\n%d kept, %d left out.\n\n| feature | made of | how |\n|---|---|---|\n", len(o.Features.Kept), len(o.Features.Dropped))
		for _, k := range o.Features.Kept {
			fmt.Fprintf(&b, "| %s | %s | %s |\n", modelcard.Cell(k.Name), modelcard.Cell(strings.Join(k.SourceColumns, ", ")), modelcard.Cell(k.Formula))
		}
	}
	if len(o.Findings) > 0 {
		b.WriteString("\n## Findings\n\n| severity | code | where | done | evidence |\n|---|---|---|---|---|\n")
		for _, f := range o.Findings {
			where := ""
			if f.Column != nil {
				where = *f.Column
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", f.Severity, f.Code, modelcard.Cell(where), f.Action, modelcard.Cell(f.Evidence))
		}
	}
	if o.Model != nil {
		fmt.Fprintf(&b, "\n## Model\n\n%s version %d, `%s`, %d bytes\n", o.Model.Name, o.Model.Version, o.Model.Digest, o.Model.Bytes)
	}
	if d := o.Deployment; d != nil && d.URL != nil {
		fmt.Fprintf(&b, "\n%s at %s (%s)\n", d.Status, *d.URL, d.Strategy)
	}
	return modelcard.Inert(b.String())
}

func markdownScores(b *strings.Builder, o pipeline.RunObject) {
	test := o.Metrics["test"]
	if test == nil || o.Scope == nil {
		return
	}
	b.WriteString("\n## Scores on the sealed test\n\n| metric | value | 95 % interval | best simple model |\n|---|---:|---|---:|\n")
	for _, name := range metricNames() {
		m, there := test[name]
		if !there || m.Value == nil {
			continue
		}
		interval, best := "", ""
		if m.Low != nil && m.High != nil {
			interval = terminal.Figure(*m.Low) + " – " + terminal.Figure(*m.High)
		}
		if who, v := terminal.BestBaseline(o.Baselines, name); who != "" {
			best = terminal.Figure(v) + " (" + strings.ReplaceAll(who, "_", " ") + ")"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", terminal.Label(name), terminal.Figure(*m.Value), interval, best)
	}
	for _, v := range o.Verdicts {
		met := "met"
		if !v.Met {
			met = "**not met**"
		}
		fmt.Fprintf(b, "\n- %s %s: %s, %s", v.Criterion.Metric, v.Criterion.Op, met, v.Evidence)
	}
	b.WriteString("\n")
}
