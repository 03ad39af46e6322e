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
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/septet-ml/septet/test/e2e/drive"
)

// plan is what is measured and how much of it.
type plan struct {
	data    string // folder with datasets.json
	work    string
	program string
	only    []string // names of sets; nil is all
	rows    int      // of a set at most
	limit   time.Duration
}

func main() {
	p := plan{}
	flag.StringVar(&p.data, "data", "../shared/data", "folder with the shared sets and their datasets.json")
	flag.StringVar(&p.work, "work", filepath.Join(os.TempDir(), "septet-leaks"), "folder to work in; what is there is not done again")
	flag.StringVar(&p.program, "septet", "", "binary to measure; empty: build it")
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
	if err := run(ctx, p, *page); err != nil {
		fmt.Fprintln(os.Stderr, "leaks:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan, page string) error {
	if err := os.MkdirAll(p.work, 0o755); err != nil {
		return err
	}
	var err error
	if p.data, err = filepath.Abs(p.data); err != nil {
		return err
	}
	if p.program == "" {
		if p.program, err = drive.Build(ctx, p.work); err != nil {
			return err
		}
	}
	if p.program, err = filepath.Abs(p.program); err != nil {
		return err
	}
	all, err := p.measure(ctx)
	if err != nil {
		return err
	}
	text := report(title(ctx, p), all)
	fmt.Print(text)
	if page == "" {
		return nil
	}
	f, err := os.OpenFile(page, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + text)
	return errors.Join(err, f.Close())
}

// title says when, of what and on what was measured.
func title(ctx context.Context, p plan) string {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		commit = []byte("no commit")
	}
	return fmt.Sprintf("Planted leaks, %s, %s, %s/%s, %s, at most %d rows a set", time.Now().UTC().Format(time.DateOnly),
		strings.TrimSpace(string(commit)), runtime.GOOS, runtime.GOARCH, runtime.Version(), p.rows)
}
