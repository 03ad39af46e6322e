package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/sample"
	"github.com/septet-ml/septet/terminal"
)

// sampled is the answer of septet sample.
type sampled struct {
	Format string `json:"format"` // septet.sample/1
	Dir    string `json:"dir"`    // absolute
	sample.Summary
}

func (p sampled) Text(w io.Writer, s terminal.Style) {
	fmt.Fprintf(w, "  %s %s\n", s.Check("ok"), p.Dir)
	for _, f := range p.Files {
		fmt.Fprintf(w, "    %-28s %9d rows\n", f.Name, f.Rows)
	}
	for _, b := range p.Brands {
		fmt.Fprintf(w, "    %-28s %9d labels, %.1f %% lapse; the best possible AUC is %.3f\n", b.Brand, b.Rows, 100*b.Positive, b.BestAUC)
	}
}

func (a *app) sampleCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "sample", Short: "Write tables to try things on", GroupID: "run", Args: a.subcommandOnly,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var hcp sample.HCP
	hcps := a.command(&cobra.Command{
		Use: "hcp DIR", Short: "Prescriptions, calls and e-mails of health-care professionals, flaws included", Args: exactly("DIR"),
		Long: `Writes three years of prescriptions, calls and e-mails of made-up health-care
professionals for four brands, as a commercial-analytics team would find them,
flaws included. Which of them lapse, and how well that can be known at best,
stands beside them in truth/, which nothing of Septet reads.`,
	}, func(_ context.Context, args []string) (answer, error) {
		if hcp.HCPs < 1 || hcp.HCPs > 1_000_000 {
			return nil, usage("usage.value", "--hcps", "--hcps cannot be below 1 or above 1,000,000", "give a number in between")
		}
		summary, err := hcp.Write(args[0])
		if err != nil {
			return nil, unwritable(args[0], err)
		}
		return sampled{"septet.sample/1", absolute(args[0]), summary}, nil
	})
	hcps.Flags().IntVar(&hcp.HCPs, "hcps", 20_000, "`number` of professionals; 20,000 give about 3 million rows")
	hcps.Flags().Uint64Var(&hcp.Seed, "seed", 1, "`number` that all chance comes from")

	var customers int
	var seed uint64
	telephone := a.command(&cobra.Command{
		Use: "customers DIR", Short: "One table: customers of a telephone company, one column of which knows the answer", Args: exactly("DIR"),
	}, func(_ context.Context, args []string) (answer, error) {
		if err := os.MkdirAll(args[0], 0o755); err != nil {
			return nil, unwritable(args[0], err)
		}
		err := replace(filepath.Join(args[0], "customers.csv"), func(w io.Writer) error { return writeCustomers(w, customers, seed) })
		return sampled{"septet.sample/1", absolute(args[0]), sample.Summary{
			Files: []sample.File{{Name: "customers.csv", Rows: customers}}, Snapshots: []string{}, Brands: []sample.BrandFact{},
		}}, err
	})
	telephone.Flags().IntVar(&customers, "customers", 6000, "`number` of customers")
	telephone.Flags().Uint64Var(&seed, "seed", 1, "`number` that all chance comes from")
	c.AddCommand(hcps, telephone)
	return c
}
