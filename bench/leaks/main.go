// Command leaks plants leaks into shared tables and counts which of them the
// real program finds, and which clean columns it takes for leaks:
//
//	septet run --until data_preparer
//
// on every shared set with a target, once as it is and once with each leak of
// plant.go in it. A leak is found if its column is removed or the run is
// blocked for it; copies of rows and rows of one entity are found if the parts
// that the program wrote keep them together. What a set's description calls a
// leak, debatable or an identifier is excluded, so every other column is
// clean.
//
// It builds the program, works in -work, and writes every case to cases.ndjson
// there as soon as it has ended; begun again, it goes on with the cases that
// are missing. The table is printed at the end, and appended to a page with
// -append.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/septet-ml/septet/bench/trial"
)

// plan is what is measured and how much of it.
type plan struct {
	data    string // folder with datasets.json
	work    string
	program trial.Program
	only    []string // names of sets; nil is all
	rows    int      // of a set at most
	limit   time.Duration
}

func main() {
	p := plan{}
	flag.StringVar(&p.data, "data", "../shared/data", "folder with the shared sets and their datasets.json")
	flag.StringVar(&p.work, "work", filepath.Join(os.TempDir(), "septet-leaks"), "folder to work in; what is there is not done again")
	binary := flag.String("septet", "", "binary to measure; empty: build it")
	only := flag.String("sets", "", "names of sets, separated by commas; empty: all with a target")
	flag.IntVar(&p.rows, "rows", 3000, "rows of a set at most, drawn by chance")
	flag.DurationVar(&p.limit, "limit", 2*time.Minute, "longest time of one run")
	page := flag.String("append", "", "page that the table is appended to")
	flag.Parse()
	if *only != "" {
		p.only = strings.Split(*only, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, *binary, *page); err != nil {
		fmt.Fprintln(os.Stderr, "leaks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan, binary, page string) error {
	if err := os.MkdirAll(p.work, 0o755); err != nil {
		return err
	}
	var err error
	if p.data, err = filepath.Abs(p.data); err != nil {
		return err
	}
	if p.program, err = trial.Take(ctx, binary, p.work); err != nil {
		return err
	}
	all, err := p.measure(ctx)
	if err != nil {
		return err
	}
	return trial.Publish(report(p.program.Title(fmt.Sprintf("Planted leaks, at most %d rows a set", p.rows)), all), page)
}
