package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/terminal"
)

func (a *app) runsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "runs", Short: "List, show and compare runs", GroupID: "know", Args: a.subcommandOnly,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.listCommand(), a.showCommand(), a.handoffsCommand(), a.reportCommand(), a.diffCommand(), a.whyCommand())
	return c
}

// aRun is a command about one run: RUN is an id, the beginning of one, or last.
func (a *app) aRun(c *cobra.Command, w func(ctx context.Context, w *workspace, id string) (answer, error)) *cobra.Command {
	c.Args, c.ValidArgsFunction = exactly("RUN"), a.completeRuns
	return a.command(c, func(ctx context.Context, args []string) (answer, error) {
		ws, err := a.openExisting(ctx)
		if err != nil {
			return nil, err
		}
		defer ws.Close()
		id, err := pipeline.Find(ctx, ws.ledger, args[0])
		if err != nil {
			return nil, err
		}
		return w(ctx, ws, id)
	})
}

// completeRuns gives the shell the ids of the workspace's runs.
func (a *app) completeRuns(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	w, err := a.openExisting(c.Context())
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer w.Close()
	list, err := pipeline.List(c.Context(), w.ledger, w.dir, 50)
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ids := []string{"last"}
	for _, r := range list.Runs {
		ids = append(ids, r.RunID+"\t"+r.Request)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// runList is the answer of septet runs list.
type runList struct{ pipeline.RunList }

func (l runList) Text(w io.Writer, s terminal.Style) {
	if len(l.Runs) == 0 {
		fmt.Fprintln(w, `  No runs here yet: septet run "predict which customers churn" --data ./tables`)
	}
	for _, r := range l.Runs {
		took := time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
		fmt.Fprintf(w, "  %s  %-12s %s  %8s  %s\n", r.RunID, r.Status, r.Started.Local().Format("2006-01-02 15:04:05"), took, r.Request)
	}
}

func (a *app) listCommand() *cobra.Command {
	var limit int
	c := a.command(&cobra.Command{Use: "list", Short: "The runs of the workspace, newest first", Args: exactly()},
		func(ctx context.Context, _ []string) (answer, error) {
			w, err := a.openExisting(ctx)
			if err != nil {
				if isNoWorkspace(err) {
					return runList{pipeline.RunList{Format: "septet.runs/1", Runs: []pipeline.RunLine{}}}, nil
				}
				return nil, err
			}
			defer w.Close()
			list, err := pipeline.List(ctx, w.ledger, w.dir, limit)
			return runList{list}, err
		})
	c.Flags().IntVar(&limit, "limit", 0, "at most this `number`, the newest; default: all")
	return c
}

// shown is the answer of septet runs show. It is no failure that the run was.
type shown struct {
	pipeline.RunObject
	warnings bool   // only these
	log      []byte // only this
	agent    handoff.Agent
	page     string
}

func (r shown) Text(w io.Writer, s terminal.Style) {
	switch {
	case r.log != nil:
		_, _ = w.Write(r.log) // w is a buffer
	case r.warnings:
		for _, line := range terminal.Warnings(r.RunObject) {
			fmt.Fprintf(w, "  %s\n", line)
		}
	case r.agent != "":
		r.stage(w)
	default:
		fmt.Fprintf(w, "  %s  %s  %s\n\n", r.RunID, r.Status, r.Request)
		terminal.Stages(w, s, r.RunObject)
		terminal.Verdict(w, s, r.RunObject)
		if r.page != "" {
			fmt.Fprintf(w, "  %-12s %s\n", "page", r.page)
		}
	}
}

// stage writes what one agent found.
func (r shown) stage(w io.Writer) {
	for _, st := range r.Stages {
		if st.Agent != r.agent {
			continue
		}
		fmt.Fprintf(w, "  %s: %s", st.Agent, st.Status)
		if st.Headline != nil {
			fmt.Fprintf(w, ", %s", *st.Headline)
		}
		fmt.Fprintln(w)
	}
	for _, f := range r.Findings {
		if by, _, _ := strings.Cut(f.ID, "-"); by != string(r.agent) {
			continue
		}
		where := ""
		if f.Column != nil {
			where = " " + *f.Column
		}
		fmt.Fprintf(w, "  %s %s%s (%s): %s\n", f.Severity, f.Code, where, f.Action, f.Evidence)
		if f.Fix != "" {
			fmt.Fprintf(w, "    fix: %s\n", f.Fix)
		}
	}
}

func (a *app) showCommand() *cobra.Command {
	var warnings, log bool
	var of, splits string
	c := a.aRun(&cobra.Command{Use: "show RUN", Short: "One run: its agents, scores, warnings, model and endpoint"},
		func(ctx context.Context, w *workspace, id string) (answer, error) {
			object, err := pipeline.Report(ctx, w.ledger, w.dir, id)
			if err != nil {
				return nil, err
			}
			object.Detail()
			r := shown{RunObject: object, warnings: warnings}
			if r.agent, err = agent("--agent", of); err != nil {
				return nil, err
			}
			if log {
				if r.log, err = os.ReadFile(filepath.Join(durable.RunDir(w.dir, id), "log.ndjson")); err != nil {
					return nil, fmt.Errorf("read the log of run %s: %w", id, err)
				}
			}
			if splits != "" {
				if err := w.writeSplits(ctx, id, splits); err != nil {
					return nil, err
				}
			}
			r.page, err = pageLink(w.dir, "/runs/"+id)
			return r, err
		})
	c.Flags().BoolVar(&warnings, "warnings", false, "only the warnings, all of them")
	c.Flags().BoolVar(&log, "log", false, "only the log, one JSON object a line")
	c.Flags().StringVar(&of, "agent", "", "only this `agent`: what it found")
	c.Flags().StringVar(&splits, "splits", "", "write to this `file` (CSV) which part each row is in")
	return c
}

// passed is the answer of septet runs handoffs.
type passed struct {
	Format   string             `json:"format"` // septet.handoffs/1
	RunID    string             `json:"run_id"`
	Handoffs []handoff.Envelope `json:"handoffs"`
}

func (p passed) Text(w io.Writer, s terminal.Style) {
	for _, e := range p.Handoffs {
		sound := s.Check("failed") + " not validated"
		if e.OutputValidated {
			sound = s.Check("ok") + " validated"
		}
		again := fmt.Sprintf("%.1f s", e.Metadata.Duration)
		if e.Metadata.ReusedFrom != nil {
			again = "reused"
		}
		fmt.Fprintf(w, "  %d  %-22s → %-22s %-8s %s  %s %s  %s\n", e.Metadata.Sequence, e.FromAgent, e.ToAgent, e.Status, sound, e.Metadata.Schema, e.SchemaVersion, again)
	}
}

func (a *app) handoffsCommand() *cobra.Command {
	return a.aRun(&cobra.Command{Use: "handoffs RUN", Short: "What passed between the agents; --output json has all of it"},
		func(ctx context.Context, w *workspace, id string) (answer, error) {
			envelopes, err := w.ledger.Handoffs(ctx, id)
			return passed{"septet.handoffs/1", id, append([]handoff.Envelope{}, envelopes...)}, err
		})
}

// reasons is the answer of septet runs why.
type reasons struct {
	Format string            `json:"format"` // septet.why/1
	RunID  string            `json:"run_id"`
	Agents []pipeline.Reason `json:"agents"`
}

func (r reasons) Text(w io.Writer, s terminal.Style) {
	for _, reason := range r.Agents {
		fmt.Fprintf(w, "  %-10s %s\n", terminal.Name(reason.Agent), because(reason))
	}
}

// because says why an agent worked or did not.
func because(r pipeline.Reason) string {
	text := func(p *string) string {
		if p == nil {
			return "nothing"
		}
		if len(*p) > 24 {
			return (*p)[:20] + "…"
		}
		return *p
	}
	switch {
	case r.Reused:
		return "re-used: the same was done before"
	case r.Earlier == nil:
		return "done: nothing like it was done before"
	case r.Differs == nil:
		return "done again: nothing differs from " + *r.Earlier
	}
	return fmt.Sprintf("done again: %s differs from %s (%s, was %s)", *r.Differs, *r.Earlier, text(r.Now), text(r.Before))
}

func (a *app) whyCommand() *cobra.Command {
	return a.aRun(&cobra.Command{Use: "why RUN", Short: "Why each agent worked again, or did not"},
		func(ctx context.Context, w *workspace, id string) (answer, error) {
			why, err := pipeline.Why(ctx, w.ledger, id)
			return reasons{"septet.why/1", id, why}, err
		})
}
