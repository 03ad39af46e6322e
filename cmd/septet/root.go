package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/terminal"
)

// welcome is what septet says alone: what it is, how to begin, where help is.
type welcome struct{}

const welcomeText = `
  Septet: one sentence and a folder of tables → a prediction endpoint that is watched.
  Seven agents do it in order: scope, data, features, selection, training, deploy, observe.

    septet demo                                        from nothing to a live endpoint, about a minute
    septet run "predict churn" --data ./tables --plan  what it would do; trains nothing
    septet run "predict churn" --data ./tables         do it

  Every success that it reports was observed. What blocks a run is named, with what to do.
  Where things are kept: .septet in this folder. Nothing leaves this machine.

  septet help · septet help run · septet doctor · septet explain CODE
`

func (welcome) Text(w io.Writer, _ terminal.Style) { fmt.Fprint(w, welcomeText) }

// MarshalJSON lets the welcome be one JSON object as every answer.
func (welcome) MarshalJSON() ([]byte, error) {
	return []byte(`{"format":"septet.welcome/1","help":"septet help"}`), nil
}

// root is the command line: every command there is.
func (a *app) root() *cobra.Command {
	root := a.command(&cobra.Command{
		Use:           "septet",
		Short:         "One sentence and a folder of tables to a prediction endpoint that is watched",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          a.subcommandOnly,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.checkOutput()
		},
	}, func(context.Context, []string) (answer, error) { return welcome{}, nil })
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetFlagErrorFunc(flagProblem)
	root.SetHelpFunc(a.help(root.HelpFunc()))
	root.CompletionOptions.HiddenDefaultCmd = true
	flags := root.PersistentFlags()
	flags.StringVar(&a.workspace, "workspace", ".septet", "`folder` that runs, models and the ledger are kept in")
	flags.StringVar(&a.output, "output", "text", "`form` of the answer: text, json or ndjson")
	_ = root.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"text", "json", "ndjson"}, cobra.ShellCompDirectiveNoFileComp))

	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Make a model:"},
		&cobra.Group{ID: "serve", Title: "Use it:"},
		&cobra.Group{ID: "know", Title: "Know more:"},
	)
	root.SetHelpCommandGroupID("know")
	root.AddCommand(
		a.demoCommand(), a.sampleCommand(), a.runCommand(), a.resumeCommand(), a.predictCommand(), a.serveCommand(), a.stopCommand(), a.deployCommand(), a.promoteCommand(), a.rollbackCommand(), a.deploymentsCommand(), a.monitorCommand(), a.runsCommand(), a.doctorCommand(), a.explainCommand(), a.sampleCommand(), a.verifyCommand(), a.versionCommand(),
	)
	root.AddCommand(topics()...)
	return root
}

// help is text's help, or one JSON object that holds it.
func (a *app) help(text func(*cobra.Command, []string)) func(*cobra.Command, []string) {
	return func(c *cobra.Command, args []string) {
		if a.output != "json" && a.output != "ndjson" {
			text(c, args)
			return
		}
		var b strings.Builder
		c.SetOut(&b)
		text(c, args)
		_ = a.encode(a.stdout, map[string]string{"format": "septet.help/1", "command": c.CommandPath(), "text": b.String()})
	}
}

func (a *app) checkOutput() error {
	if slices.Contains([]string{"text", "json", "ndjson"}, a.output) {
		return nil
	}
	wrong := a.output
	a.output = "text"
	return &problem.Problem{
		Kind: problem.Usage, Code: "usage.value", Where: "--output",
		What: fmt.Sprintf("--output cannot be %q", wrong), Nearest: []string{"text", "json", "ndjson"},
		Fix: "give text, json or ndjson",
	}
}

// subcommandOnly refuses words that are no command.
func (a *app) subcommandOnly(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() {
			names = append(names, sub.Name())
		}
	}
	return &problem.Problem{
		Kind: problem.Usage, Code: "usage.command", Where: c.CommandPath() + " " + args[0],
		What: fmt.Sprintf("%q is no command of %s", args[0], c.CommandPath()), Nearest: nearest(args[0], names),
		Fix: c.CommandPath() + " --help lists them",
	}
}

// flagProblem turns a fault of the flags into a problem that names the
// nearest right one.
func flagProblem(c *cobra.Command, err error) error {
	p := &problem.Problem{Kind: problem.Usage, Code: "usage.flag", Where: c.CommandPath(), What: err.Error(), Fix: c.CommandPath() + " --help lists the flags"}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		p.What = fmt.Sprintf("%s has no flag --%s", c.CommandPath(), unknown.GetSpecifiedName())
		p.Nearest = nearest("--"+unknown.GetSpecifiedName(), names)
	}
	return p
}

// exactly wants n arguments, which it calls names.
func exactly(names ...string) cobra.PositionalArgs {
	return between(len(names), names...)
}

// between wants at least that many of the named arguments and no more than all.
func between(least int, names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		p := &problem.Problem{Kind: problem.Usage, Code: "usage.arguments", Where: c.CommandPath(), Fix: "septet " + strings.TrimPrefix(c.UseLine(), "septet ")}
		switch {
		case len(args) < least:
			p.What = fmt.Sprintf("%s needs %s", c.CommandPath(), strings.Join(names[len(args):least], " and "))
		case len(args) > len(names):
			p.What = fmt.Sprintf("%s has no use for %q", c.CommandPath(), args[len(names)])
			p.Why = "an argument with blanks needs quotes"
		default:
			return nil
		}
		return p
	}
}

// nearest is the at most three names that are most like got, best first.
func nearest(got string, names []string) []string {
	type near struct {
		name     string
		distance int
	}
	var nears []near
	for _, name := range names {
		d := levenshtein.ComputeDistance(strings.ToLower(got), strings.ToLower(name))
		if d <= 1+len(got)/3 || len(got) > 2 && strings.Contains(strings.ToLower(name), strings.ToLower(got)) {
			nears = append(nears, near{name, d})
		}
	}
	slices.SortStableFunc(nears, func(a, b near) int { return a.distance - b.distance })
	var best []string
	for _, n := range nears[:min(3, len(nears))] {
		best = append(best, n.name)
	}
	return best
}
