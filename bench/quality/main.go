// Command quality measures how well the real program predicts, by one
// protocol: a set is dealt into ten folds (classes stratified, values only
// shuffled; the seed is fixed); on nine of them the program runs as a person
// would run it (run --refit --no-deploy), on the tenth it predicts, and the
// scores are of package metric. Ten folds once, or, of sets under 2,000 rows,
// five times.
//
// Every finished fold is a line of fits.ndjson in -work at once; begun again,
// the program goes on with those that are missing. A line counts for the
// binary that made it only. The table is printed at the end, and appended to a
// page with -append.
//
// Other programs' scores on the same folds are in reference.json; -reference
// PYTHON makes it with reference.py.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/septet-ml/septet/bench/trial"
)

// plan is what is measured and how much of it.
type plan struct {
	data    string // folder with datasets.json
	work    string
	program trial.Program
	effort  string
	seed    uint64
	folds   []int
	repeats int // of sets under smallRows rows
	limit   time.Duration
}

// smallRows is the size under which a set is dealt more than once.
const smallRows = 2_000

func main() {
	p := plan{}
	names := flag.String("sets", "", "sets by name, separated by commas; empty: all")
	folds := flag.String("folds", "0,1,2,3,4,5,6,7,8,9", "folds to measure")
	flag.StringVar(&p.data, "data", "../shared/data", "folder with the shared sets and their datasets.json")
	flag.StringVar(&p.work, "work", filepath.Join(os.TempDir(), "septet-quality"), "folder to work in; what is there is not done again")
	binary := flag.String("septet", "", "binary to measure; empty: build it")
	flag.StringVar(&p.effort, "effort", "standard", "effort of the runs")
	flag.Uint64Var(&p.seed, "seed", 1, "seed of the runs; the folds are the same for all of them")
	flag.IntVar(&p.repeats, "repeats", 5, "times that a set under 2,000 rows is dealt")
	flag.DurationVar(&p.limit, "limit", 10*time.Minute, "longest time of one run")
	python := flag.String("reference", "", "python with scikit-learn, and what else is to be compared: makes the reference of these sets and folds, and nothing else")
	out := flag.String("out", "bench/quality/reference.json", "where -reference writes")
	page := flag.String("append", "", "page that the table is appended to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, p, *binary, *names, *folds, *python, *out, *page); err != nil {
		fmt.Fprintln(os.Stderr, "quality:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, p plan, binary, names, folds, python, out, page string) (err error) {
	if p.data, err = filepath.Abs(p.data); err != nil {
		return err
	}
	if p.work, err = filepath.Abs(p.work); err != nil {
		return err
	}
	if err := os.MkdirAll(p.work, 0o755); err != nil {
		return err
	}
	for text := range strings.SplitSeq(folds, ",") {
		k, err := strconv.Atoi(text)
		if err != nil || k < 0 || k >= foldCount {
			return fmt.Errorf("-folds: %q is not 0 to %d", text, foldCount-1)
		}
		p.folds = append(p.folds, k)
	}
	chosen, err := choose(p.data, names)
	if err != nil {
		return err
	}
	if python != "" {
		return p.reference(ctx, chosen, python, out)
	}
	if p.program, err = trial.Take(ctx, binary, p.work); err != nil {
		return err
	}
	fits, err := p.measure(ctx, chosen)
	if err != nil {
		return err
	}
	text, err := report(p.program.Title(fmt.Sprintf("Predictive quality, effort %s, seed %d", p.effort, p.seed)), chosen, fits)
	if err != nil {
		return err
	}
	honest, err := p.honesty(chosen, fits)
	if err != nil {
		return err
	}
	return trial.Publish(text+honest, page)
}

// choose is the sets of these names, in the order of the table; all for "".
func choose(data, names string) ([]set, error) {
	all, err := load(data)
	if err != nil || names == "" {
		return all, err
	}
	var chosen []set
	for name := range strings.SplitSeq(names, ",") {
		at := slices.IndexFunc(all, func(s set) bool { return s.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("-sets: no set is called %q", name)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}
