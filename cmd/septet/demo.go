package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/sample"
)

// demoRequest and demoCustomers are what septet demo does.
const (
	demoRequest = "Train churn prediction model for Kisqali HCPs"
	demoHCPs    = 3000
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	var hcp sample.HCP
	c := a.command(&cobra.Command{
		Use: "demo", Short: "From nothing to a live endpoint, on tables that it makes itself", GroupID: "run", Args: exactly(),
		Annotations: map[string]string{answers: answersRun},
		Long: `Writes tables of made-up health-care professionals and their prescriptions, flaws
included, and runs the seven agents over them: who will stop prescribing one of
the brands? The endpoint stays up until septet stop.`,
	}, func(ctx context.Context, _ []string) (answer, error) {
		summary, err := hcp.Write(dir)
		if err != nil {
			return nil, unwritable(dir, err)
		}
		rows := 0
		for _, t := range summary.Files {
			rows += t.Rows
		}
		f := briefFlags{data: []string{dir}, effort: "quick", seed: 1, strategy: "blue-green"}
		brief, err := f.brief(demoRequest, time.Now())
		if err != nil {
			return nil, err
		}
		notice := fmt.Sprintf("\n  %d tables with %d rows in %s\n  septet run %q --data %[3]s --effort quick", len(summary.Files), rows, dir, demoRequest)
		return a.work(ctx, durable.Options{Brief: brief}, demoRequest, notice, func(_ *workspace, p pipeline.Pipeline, o durable.Options) (ledger.Run, error) {
			return p.Start(ctx, o)
		})
	})
	c.Flags().StringVar(&dir, "dir", "septet-demo", "`folder` that the tables are written to")
	c.Flags().IntVar(&hcp.HCPs, "hcps", demoHCPs, "`number` of professionals")
	c.Flags().Uint64Var(&hcp.Seed, "seed", 1, "`number` that all chance of the tables comes from")
	return c
}
