package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/settings"
)

// topics are pages of help that belong to no command.
func topics() []*cobra.Command {
	var keys strings.Builder
	for _, k := range settings.Keys() {
		unit := ""
		if k.Unit != "" {
			unit = " (" + k.Unit + ")"
		}
		if len(k.Choices) > 0 {
			unit = ": " + strings.Join(k.Choices, ", ")
		}
		fmt.Fprintf(&keys, "  %-20s %s%s\n", k.Name, k.Text, unit)
	}
	return []*cobra.Command{
		{Use: "settings", Short: "The keys of run --set", Long: "What run --set KEY=VALUE understands, beside the ids of questions:\n\n" + keys.String()},
		{Use: "exit", Short: "What the exit statuses mean", Long: `How a command ends:

    0  done: the run completed, or ended early as asked (--plan, --until, --no-deploy)
    1  an error
    2  the command line or a configuration file is wrong; nothing ran
    3  blocked: a gate said no, with findings and what to do
    4  the request is ambiguous: questions, each with its default
    5  the model was made, but not deployed; what served before still serves
  130  interrupted; septet resume RUN goes on`},
	}
}
