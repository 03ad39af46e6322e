package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/agent/scope/spec"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/memory"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/terminal"
)

// ran is the answer of septet run and resume: the run object.
type ran struct {
	pipeline.RunObject
	page string // link of the run's page; "" where no server runs
	spec string // spec.yaml that --plan wrote; ""
	try  string // a command that asks the endpoint; ""
}

func (r ran) ExitCode() int {
	if r.RunObject.ExitCode == nil {
		return 1
	}
	return *r.RunObject.ExitCode
}

func (r ran) Text(w io.Writer, s terminal.Style) {
	terminal.Verdict(w, s, r.RunObject)
	if r.spec != "" {
		fmt.Fprintf(w, "  %-12s septet run %s --data …\n", "edit, run", r.spec)
	}
	if r.try != "" {
		fmt.Fprintf(w, "  %-12s %s\n", "try", r.try)
	}
	if r.page != "" {
		fmt.Fprintf(w, "  %-12s %s\n", "page", r.page)
	}
}

func (a *app) runCommand() *cobra.Command {
	var f briefFlags
	var plan bool
	var from, of, warm string
	c := &cobra.Command{
		Use: "run REQUEST --data PATH", Short: "Make a model from one sentence and a folder of tables, and serve it", GroupID: "run",
		Args: between(0, "REQUEST"), Annotations: map[string]string{answers: answersRun},
		Long: `Seven agents work in a fixed order: scope, data, features, selection, training,
deploy, observe. What each hands on is checked and recorded; finished work is
re-used by whoever asks for the same again.

REQUEST is a sentence, or a spec.yaml as --plan writes it.`,
		Example: `  septet run "predict which customers churn" --data ./tables
  septet run "predict price" --data diamonds.csv --effort quick --no-deploy
  septet run "predict churn" --data ./tables --plan
  septet run spec.yaml --data ./tables --set horizon_days=60
  septet run "predict churn" --data ./tables --from model_trainer --run r-7f3a`,
	}
	a.command(c, func(ctx context.Context, args []string) (answer, error) {
		request := ""
		if len(args) > 0 {
			request = args[0]
		}
		brief, err := f.brief(request, time.Now())
		if err != nil {
			return nil, err
		}
		brief.Settings.Plan = plan
		o := durable.Options{Brief: brief}
		if o.From, err = agent("--from", from); err != nil {
			return nil, err
		}
		if (from == "") != (of == "") {
			return nil, usage("usage.arguments", "septet run", "--from and --run belong together", "--from AGENT --run ID")
		}
		return a.work(ctx, o, request, "", func(w *workspace, p pipeline.Pipeline, o durable.Options) (ledger.Run, error) {
			if of != "" {
				if o.FromRun, err = pipeline.Find(ctx, w.ledger, of); err != nil {
					return ledger.Run{}, err
				}
			}
			if o.Brief.Settings.WarmStart, err = warmStart(ctx, w.ledger, warm); err != nil {
				return ledger.Run{}, err
			}
			return p.Start(ctx, o)
		})
	})
	f.register(c)
	c.Flags().StringVar(&warm, "warm-start", "", "try first what helped an earlier `run` on data like these; alone: the one of the workspace that is most like this")
	c.Flags().Lookup("warm-start").NoOptDefVal = anyRun
	c.Flags().BoolVar(&plan, "plan", false, "only say what was understood and what would be done; trains nothing")
	c.Flags().StringVar(&from, "from", "", "begin with this `agent`, after the handoffs of another run")
	c.Flags().StringVar(&of, "run", "", "`run` whose handoffs --from takes")
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "resume RUN", Short: "Go on with a run that was interrupted, failed or was blocked", GroupID: "run",
		Args: exactly("RUN"), Annotations: map[string]string{answers: answersRun}, ValidArgsFunction: a.completeRuns,
		Long: `Goes on with a run. What was finished is not done again, every gate is passed
again, and the result has the same bits as that of an undisturbed run. RUN is an
id, the beginning of one, or last.`,
	}, func(ctx context.Context, args []string) (answer, error) {
		return a.work(ctx, durable.Options{}, "", "", func(w *workspace, p pipeline.Pipeline, o durable.Options) (ledger.Run, error) {
			id, err := pipeline.Find(ctx, w.ledger, args[0])
			if err != nil {
				return ledger.Run{}, err
			}
			record, err := w.ledger.Run(ctx, id)
			if err != nil {
				return ledger.Run{}, err
			}
			tune(record.Brief.Settings)
			return p.Resume(ctx, o, id)
		})
	})
}

// work does a run with begin, and shows how it goes. request is what the
// person gave: a sentence, or the name of a spec; notice is shown behind the
// run's id.
func (a *app) work(ctx context.Context, o durable.Options, request, notice string, begin func(*workspace, pipeline.Pipeline, durable.Options) (ledger.Run, error)) (answer, error) {
	w, err := a.open(ctx)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if o.Program, err = program(); err != nil {
		return nil, err
	}
	tune(o.Brief.Settings)
	watch := &watcher{app: a, notice: notice}
	o.Workspace, o.Ledger, o.Artifacts, o.Events, o.Locate = w.dir, w.ledger, w.artifacts, watch.event, source.Paths
	run, err := begin(w, agents(), o)
	watch.close()
	if err != nil {
		return nil, err
	}
	object, err := pipeline.Report(context.WithoutCancel(ctx), w.ledger, w.dir, run.ID)
	if err != nil {
		return nil, err
	}
	place(object.Error, request)
	if a.output == "text" {
		terminal.Ended(a.stderr, terminal.StyleFor(a.stderr), object)
	}
	return a.finished(ctx, w, object)
}

// place points an error that is about a part of a spec at its line in the file.
func place(e *pipeline.RunError, request string) {
	if e == nil || e.Where == nil || !spec.IsSpec(request) {
		return
	}
	data, err := os.ReadFile(request)
	if err != nil {
		return
	}
	p := problem.Problem{Where: *e.Where}
	spec.Place(&p, request, data)
	e.Where = &p.Where
}

// tune sets what the whole process may use.
func tune(s handoff.Settings) {
	if s.Threads > 0 {
		runtime.GOMAXPROCS(s.Threads)
	}
	if limit := memory.Limit(s.Memory); limit > 0 {
		debug.SetMemoryLimit(memory.Heap(limit))
	}
}

// finished adds to a run object what only this workspace knows.
func (a *app) finished(ctx context.Context, w *workspace, object pipeline.RunObject) (answer, error) {
	r := ran{RunObject: object}
	if object.Status == ledger.Planned {
		return r, r.writeSpec(ctx, w)
	}
	d := object.Deployment
	if d == nil || d.URL == nil || object.Status != ledger.Completed {
		return r, nil
	}
	var err error
	if r.page, err = pageLink(w.dir, "/runs/"+object.RunID); err != nil {
		return nil, err
	}
	r.try, err = r.writeExample(w)
	return r, err
}

// writeExample keeps a row that nobody is, as the endpoint takes it, and gives
// the command that asks with it.
func (r *ran) writeExample(w *workspace) (string, error) {
	m, err := openModel(r.Model.Path, r.Model.Digest)
	if err != nil {
		return "", err
	}
	path := filepath.Join(durable.RunDir(w.dir, r.RunID), "example.json")
	body := map[string]any{"rows": m.Golden.Rows[:min(1, len(m.Golden.Rows))]}
	err = replace(path, func(to io.Writer) error { return json.NewEncoder(to).Encode(body) })
	if here, relErr := os.Getwd(); relErr == nil {
		if rel, relErr := filepath.Rel(here, path); relErr == nil && len(rel) < len(path) {
			path = rel
		}
	}
	return fmt.Sprintf("curl -s %s:predict -d @%s", *r.Deployment.URL, path), err
}

// watcher shows a run's events: the id first, then what the printer makes of
// them.
type watcher struct {
	app     *app
	notice  string // shown behind the id
	printer terminal.Printer
}

func (w *watcher) event(e durable.Event) {
	if w.printer == nil {
		fmt.Fprintln(w.app.stderr, e.RunID+w.notice)
		w.printer = w.app.printer()
	}
	w.printer.Event(e)
}

func (w *watcher) close() {
	if w.printer != nil {
		w.printer.Close()
	}
}

// printer is the one that fits the output.
func (a *app) printer() terminal.Printer {
	switch {
	case a.output == "ndjson":
		return terminal.NewNDJSON(a.stdout)
	case terminal.IsTerminal(a.stderr):
		return terminal.NewLive(a.stderr)
	}
	return terminal.NewPlain(a.stderr)
}

// refused is the run object of a command that was refused before there was a
// run: what there is not is null.
type refused struct {
	pipeline.RunObject
	RunID    *string            `json:"run_id"`
	Status   *string            `json:"status"`
	Started  *time.Time         `json:"started"`
	Seconds  *float64           `json:"seconds"`
	Program  *string            `json:"program"`
	Seed     *uint64            `json:"seed"`
	Effort   *string            `json:"effort"`
	Stages   []string           `json:"stages"`
	Findings []string           `json:"findings"`
	Warnings []string           `json:"warnings"`
	Asked    []string           `json:"questions"`
	Verdicts []string           `json:"verdicts"`
	ExitCode int                `json:"exit_code"`
	Error    *pipeline.RunError `json:"error"`
	Request  *string            `json:"request"`
}

func refusedRun(code int, f *pipeline.RunError) refused {
	none := []string{}
	return refused{
		RunObject: pipeline.RunObject{Format: "septet.run/1"},
		Stages:    none, Findings: none, Warnings: none, Asked: none, Verdicts: none,
		ExitCode: code, Error: f,
	}
}

// writeSpec keeps what was understood in the run's folder, to be edited and
// run.
func (r *ran) writeSpec(ctx context.Context, w *workspace) error {
	outputs, err := pipeline.OutputsOf(ctx, w.ledger, r.RunID)
	if err != nil {
		return err
	}
	text, err := spec.Write(*outputs.Scope)
	if err != nil {
		return err
	}
	r.spec = filepath.Join(durable.RunDir(w.dir, r.RunID), "spec.yaml")
	return replace(r.spec, func(to io.Writer) error {
		_, err := to.Write(text)
		return err
	})
}
