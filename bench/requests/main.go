// Command requests measures the server through its listener, with clients that
// keep their connections and never retry:
//
//	latency   one-row predictions against a handler that does nothing: p50, p99
//	          of one client, answers a second of eight
//	switches  blue-green switches under load: failed and mis-versioned requests
//	loading   p99 while a big model is loaded and checked, against a quiet one
//	overload  answers a second at three times as many clients as saturate it
//
// Server and handler run in processes of their own, this one has the clients.
// Ratios are of short turns, one after the other; the median is printed, and the
// smallest and largest beside it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"

	"github.com/septet-ml/septet/serve/servetest"
)

// plan is how much is measured.
type plan struct {
	turns    int
	requests int // of one client in a turn
	switches int
}

func main() {
	only := flag.String("only", "latency,switches,loading,overload", "what to measure")
	turns := flag.Int("turns", 5, "repetitions of each comparison")
	requests := flag.Int("requests", 10_000, "requests of one client in a turn")
	switches := flag.Int("switches", 100, "blue-green switches")
	child := flag.String("child", "", "be the server (serve) or the handler that does nothing (nothing)")
	workspace := flag.String("workspace", "", "with -child serve: its folder")
	profile := flag.String("profile", "", "write a CPU profile of the server to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch *child {
	case "serve":
		err = beServer(ctx, *workspace, *profile)
	case "nothing":
		err = beNothing(ctx)
	default:
		err = run(ctx, os.Stdout, *only, plan{*turns, *requests, *switches}, *profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "requests:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, only string, p plan, profile string) error {
	fmt.Fprintf(out, "%s, %d processors\n", runtime.Version(), runtime.NumCPU())
	s, err := startServer(ctx, profile)
	if err != nil {
		return err
	}
	defer s.end()
	small, err := s.register(ctx, servetest.Recipe{Numbers: 16, Trees: 500, Rows: 3000})
	if err != nil {
		return err
	}
	if err := s.deploy(ctx, small, 0); err != nil {
		return err
	}
	for _, what := range strings.Split(only, ",") {
		var err error
		switch what {
		case "latency":
			err = latency(ctx, out, s, p)
		case "switches":
			err = switches(ctx, out, s, p, small)
		case "loading":
			err = loading(ctx, out, s, p)
		case "overload":
			err = overload(ctx, out, s, p)
		default:
			err = fmt.Errorf("nothing is called %q", what)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}
