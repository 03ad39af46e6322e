package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/pipeline"
)

// demoRequest and demoCustomers are what septet demo does.
const (
	demoRequest   = "predict which customers have churned"
	demoCustomers = 6000
)

func (a *app) demoCommand() *cobra.Command {
	var dir string
	var seed uint64
	c := a.command(&cobra.Command{
		Use: "demo", Short: "From nothing to a live endpoint, on a table that it makes itself", GroupID: "run", Args: exactly(),
		Annotations: map[string]string{answers: answersRun},
		Long: `Writes a table of customers of a made-up telephone company, one column of which
knows the answer, and runs the seven agents over it. The endpoint stays up until
septet stop.`,
	}, func(ctx context.Context, _ []string) (answer, error) {
		path := filepath.Join(dir, "customers.csv")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, unwritable(dir, err)
		}
		if err := replace(path, func(w io.Writer) error { return writeCustomers(w, demoCustomers, seed) }); err != nil {
			return nil, err
		}
		f := briefFlags{data: []string{path}, effort: "quick", seed: seed, strategy: "blue-green"}
		brief, err := f.brief(demoRequest, time.Now())
		if err != nil {
			return nil, err
		}
		notice := fmt.Sprintf("\n  %d customers in %s\n  septet run %q --data %[2]s --effort quick", demoCustomers, path, demoRequest)
		return a.work(ctx, durable.Options{Brief: brief}, demoRequest, notice, func(_ *workspace, p pipeline.Pipeline, o durable.Options) (ledger.Run, error) {
			return p.Start(ctx, o)
		})
	})
	c.Flags().StringVar(&dir, "dir", "septet-demo", "`folder` that the table is written to")
	c.Flags().Uint64Var(&seed, "seed", 1, "`number` that all chance comes from")
	return c
}
