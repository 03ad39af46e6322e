package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/docs"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/terminal"
)

// explained is the answer of septet explain: a page of the catalogue.
type explained struct {
	Format string `json:"format"` // septet.finding/1
	docs.Finding
}

func (e explained) Text(w io.Writer, s terminal.Style) {
	fmt.Fprintf(w, "%s\n\n%s\n", e.Code, e.Finding.Text)
}

// catalogue is the answer of septet explain without a code.
type catalogue struct {
	Format string         `json:"format"` // septet.findings/1
	Codes  []docs.Finding `json:"codes"`
}

func (c catalogue) Text(w io.Writer, _ terminal.Style) {
	for _, f := range c.Codes {
		first, _, _ := strings.Cut(f.Text, "\n")
		fmt.Fprintf(w, "%-24s %s\n", f.Code, first)
	}
}

func (a *app) explainCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "explain [CODE]", Short: "What a finding or an error means, and what to do", GroupID: "know",
		Args: between(0, "CODE"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return codes(), cobra.ShellCompDirectiveNoFileComp
		},
	}, func(_ context.Context, args []string) (answer, error) {
		if len(args) == 0 {
			return catalogue{"septet.findings/1", docs.Findings()}, nil
		}
		if f, there := docs.Find(args[0]); there {
			return explained{"septet.finding/1", f}, nil
		}
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "usage.value", Where: "septet explain " + args[0],
			What: fmt.Sprintf("there is no code %q", args[0]), Nearest: nearest(args[0], codes()),
			Fix: "septet explain lists all codes",
		}
	})
}

func codes() []string {
	var all []string
	for _, f := range docs.Findings() {
		all = append(all, f.Code)
	}
	return all
}
