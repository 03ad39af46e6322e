// Command pipeline measures whole runs of the real program:
//
//	completion   shared sets × mutations of their files: how many end as asked,
//	             with exact bounds; every tenth is deployed and asked
//	latency      seconds from the request to a healthy endpoint, agent by agent
//	hcp          test AUC on the sample of prescribers against the best possible
//	             on the same rows, over seeds
//
// It builds the program, works in -work, and writes every case to
// cases.ndjson there as soon as it has ended; begun again, it goes on with the
// cases that are missing. The table is printed at the end, and appended to a
// page with -append.
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
	data        string // folder with datasets.json
	work        string
	program     trial.Program
	rows        int           // of a set at most
	without     []string      // sets that completion leaves out
	time        time.Duration // after which completion begins no further case; 0: none
	deployEvery int
	limit       time.Duration // of one run
	hcps        int
	seeds       int
	repeats     int
}

func main() {
	p := plan{}
	only := flag.String("only", "completion,latency,hcp", "what to measure")
	flag.StringVar(&p.data, "data", "../shared/data", "folder with the shared sets and their datasets.json")
	flag.StringVar(&p.work, "work", filepath.Join(os.TempDir(), "septet-pipeline"), "folder to work in; what is there is not done again")
	binary := flag.String("septet", "", "binary to measure; empty: build it")
	flag.IntVar(&p.rows, "rows", 2000, "rows of a set at most, drawn by chance; for 10 k levels six times as many")
	without := flag.String("without", "", "names of sets that completion leaves out, separated by commas; the table says so")
	flag.DurationVar(&p.time, "time", 0, "completion begins no further case after this time, and sums up those that have ended; 0: all cases")
	flag.IntVar(&p.deployEvery, "deploy-every", 10, "of so many cases one is deployed, with a bake of one second")
	flag.DurationVar(&p.limit, "limit", 5*time.Minute, "longest time of one run")
	flag.IntVar(&p.hcps, "hcps", 4000, "prescribers of a sample for hcp")
	flag.IntVar(&p.seeds, "seeds", 5, "samples for hcp")
	flag.IntVar(&p.repeats, "repeats", 5, "repetitions for latency")
	page := flag.String("append", "", "page that the table is appended to")
	flag.Parse()
	if *without != "" {
		p.without = strings.Split(*without, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, *binary, *only, *page); err != nil {
		fmt.Fprintln(os.Stderr, "pipeline:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan, binary, only, page string) error {
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
	t := table{title: p.program.Title("Whole runs")}
	for _, what := range strings.Split(only, ",") {
		switch what {
		case "completion":
			err = completion(ctx, p, &t)
		case "latency":
			err = latency(ctx, p, &t)
		case "hcp":
			err = ceiling(ctx, p, &t)
		default:
			err = fmt.Errorf("nothing is called %q", what)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return trial.Publish(t.markdown(), page)
}

// table is the lines that are printed.
type table struct {
	title string
	lines [][3]string
	notes []string
}

func (t *table) add(what, measured, how string) {
	t.lines = append(t.lines, [3]string{what, measured, how})
}

func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n| what | measured | how |\n|---|---|---|\n", t.title)
	for _, l := range t.lines {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l[0], l[1], l[2])
	}
	for i, n := range t.notes {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}
