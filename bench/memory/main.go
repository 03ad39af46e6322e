// Command memory measures how much memory whole runs of the real program take,
// agent by agent:
//
//	go run -tags duckdb_arrow ./bench/memory -rows 10000000 -memory 4GB
//
// It makes a table by a seed in a temporary folder (or takes the one that -data
// names), runs the program with --memory, and prints the largest resident set
// that the kernel saw during each agent, the seconds, how the run ended and the
// test score. Before, it asks the program for its own estimate. Nothing is kept.
// The collector takes room that it finds: GOGC=20 in the environment and an
// empty -memory show what is needed. It runs on Linux.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/septet-ml/septet/test/e2e/drive"
)

// plan is what is measured.
type plan struct {
	shape   shape
	data    string // file; "" makes one
	target  string
	program string
	memory  string // "" gives no --memory
	effort  string
	until   string
	request string
	threads int
	sample  time.Duration

	estimate bool
}

func main() {
	p := plan{}
	flag.IntVar(&p.shape.rows, "rows", 1_000_000, "rows of the table that is made")
	flag.IntVar(&p.shape.columns, "columns", 28, "columns beside the answer")
	flag.IntVar(&p.shape.texts, "texts", 0, "so many of the columns are categories of 1,000 levels, the first of them nearly unique texts")
	flag.IntVar(&p.shape.classes, "classes", 2, "classes of the answer; 0: a number")
	flag.Uint64Var(&p.shape.seed, "seed", 1, "seed of the table")
	flag.StringVar(&p.data, "data", "", "file or folder to take in place of a table that is made")
	flag.StringVar(&p.target, "target", "answer", "column to predict")
	flag.StringVar(&p.request, "request", "", "sentence of the run; empty: to predict -target")
	flag.BoolVar(&p.estimate, "estimate", true, "first ask the program what it thinks that it needs")
	flag.StringVar(&p.program, "septet", "", "binary to measure; empty: build it")
	flag.StringVar(&p.memory, "memory", "4GB", "--memory of the run; empty: none")
	flag.StringVar(&p.effort, "effort", "quick", "--effort of the run")
	flag.StringVar(&p.until, "until", "", "--until of the run")
	flag.IntVar(&p.threads, "threads", 0, "--threads of the run")
	flag.DurationVar(&p.sample, "sample", 20*time.Millisecond, "time between two looks at the process")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p); err != nil {
		fmt.Fprintln(os.Stderr, "memory:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan) error {
	work, err := os.MkdirTemp("", "septet-memory-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if p.program == "" {
		if p.program, err = drive.Build(ctx, work); err != nil {
			return err
		}
	}
	if p.program, err = filepath.Abs(p.program); err != nil {
		return err
	}
	if p.data == "" {
		p.data = filepath.Join(work, "table.csv")
		if err := p.shape.write(p.data); err != nil {
			return err
		}
		fmt.Printf("%d rows × %d columns, %d of them texts, %d classes, seed %d\n", p.shape.rows, p.shape.columns, p.shape.texts, p.shape.classes, p.shape.seed)
	}
	if p.data, err = filepath.Abs(p.data); err != nil {
		return err
	}
	w := drive.Workspace{Program: p.program, Dir: work}
	if p.estimate {
		need, err := estimate(ctx, w, p)
		if err != nil {
			return err
		}
		fmt.Println("estimate", need)
	}
	found, err := measure(ctx, w, p)
	if err != nil {
		return err
	}
	found.print(os.Stdout)
	return nil
}
