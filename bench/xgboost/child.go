package main

import (
	"context"
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/table"
)

// learnOnce learns from prefix.train, scores prefix.test and prints a result.
func learnOnce(ctx context.Context, prefix string, trees, leaves, threads int, profile string) error {
	train, err := load(prefix + ".train")
	if err != nil {
		return err
	}
	test, err := load(prefix + ".test")
	if err != nil {
		return err
	}
	debug.FreeOSMemory()
	before := memory("VmRSS")
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil && runtime.GOOS == "linux" {
		return err // resets VmHWM
	}
	if profile != "" {
		f, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
	}
	start := time.Now()
	boost := tree.Boost{Rounds: trees, LearningRate: 0.1, Leaves: leaves, MinHessian: 1, L2: 1}
	model, err := boost.Fit(ctx, train, nil, learn.Options{Seed: 1, Threads: threads})
	if err != nil {
		return err
	}
	r := result{Seconds: time.Since(start).Seconds(), Bytes: memory("VmHWM") - before}
	pprof.StopCPUProfile()
	if r.Scores, err = learn.PredictTable(ctx, model, test.Table, nil, threads); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// load reads a sample as a table.
func load(path string) (learn.Data, error) {
	s, err := read(path)
	if err != nil {
		return learn.Data{}, err
	}
	t := &table.Table{Rows: len(s.label)}
	for j := range s.columns {
		c := table.Column{Name: strconv.Itoa(j), Number: make([]float64, t.Rows)}
		for i := range c.Number {
			c.Number[i] = float64(s.values[i*s.columns+j])
		}
		t.Columns = append(t.Columns, c)
	}
	d := learn.Data{Task: learn.Binary, Classes: 2, Table: t, Target: make([]float64, t.Rows)}
	for i, y := range s.label {
		d.Target[i] = float64(y)
	}
	return d, nil
}

// memory reads a field of /proc/self/status in bytes; 0 where there is none.
func memory(field string) int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, field+":"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
