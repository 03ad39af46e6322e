package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// found is what was measured.
type found struct {
	agents  []*agent
	largest int64 // resident set of the whole run, bytes: getrusage(2)
	wall    time.Duration
	exit    int
	run     pipeline.RunObject
	load    string // of the machine when the run ended
}

// agent is one agent's share.
type agent struct {
	name    string
	began   time.Time
	seconds float64
	largest atomic.Int64 // resident set in bytes, of samples
}

// needs is the figure in the refusal of a run that may use next to nothing.
var needs = regexp.MustCompile(`need about (\d+)(MB|GB) of memory`)

// estimate asks the program how many bytes it thinks that the run needs.
func estimate(ctx context.Context, w drive.Workspace, p plan) (string, error) {
	p.memory = "64MB"
	r, err := w.Run(ctx, p.args()...)
	if err != nil {
		return "", err
	}
	if r.Error != nil {
		if found := needs.FindStringSubmatch(r.Error.What); found != nil {
			return found[1] + " " + found[2], nil
		}
	}
	return "", fmt.Errorf("a run with 64 MB was not refused for it: %s%s", r.Status, r.Progress)
}

// args are those of the program, but for the form of its answer.
func (p plan) args() []string {
	args := []string{"run", "predict " + p.target, "--data", p.data, "--target", p.target, "--effort", p.effort, "--no-deploy", "--yes", "--threads", strconv.Itoa(p.threads)}
	if p.request != "" {
		args = []string{"run", p.request, "--data", p.data, "--effort", p.effort, "--no-deploy", "--yes", "--threads", strconv.Itoa(p.threads)}
	}
	if p.memory != "" {
		args = append(args, "--memory", p.memory)
	}
	if p.until != "" {
		args = append(args, "--until", p.until)
	}
	return args
}

// measure runs the program and looks at its resident set until it ends.
func measure(ctx context.Context, w drive.Workspace, p plan) (*found, error) {
	c := w.Command(ctx, append(p.args(), "--output", "ndjson")...)
	var progress bytes.Buffer
	c.Stderr = &progress
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := c.Start(); err != nil {
		return nil, err
	}
	f := &found{}
	var now atomic.Pointer[agent]
	ended := make(chan struct{})
	go look(c.Process.Pid, p.sample, &now, ended)
	err = f.follow(out, &now)
	waited := c.Wait()
	close(ended)
	f.wall, f.exit = time.Since(begin), c.ProcessState.ExitCode()
	f.largest = c.ProcessState.SysUsage().(*syscall.Rusage).Maxrss << 10
	f.load = load()
	var status *exec.ExitError
	if waited != nil && !errors.As(waited, &status) {
		return nil, waited
	}
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, progress.Bytes())
	}
	return f, nil
}

// follow reads the events of the run, and the run object at their end.
func (f *found) follow(out io.Reader, now *atomic.Pointer[agent]) error {
	for lines := json.NewDecoder(out); ; {
		var line struct {
			durable.Event
			Format string `json:"format"`
		}
		var text json.RawMessage
		if err := lines.Decode(&text); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if err := json.Unmarshal(text, &line); err != nil {
			return err
		}
		switch {
		case line.Format != "":
			if err := json.Unmarshal(text, &f.run); err != nil {
				return err
			}
		case line.What == durable.AgentStarted:
			f.agents = append(f.agents, &agent{name: string(line.Agent), began: time.Now()})
			now.Store(f.agents[len(f.agents)-1])
		case line.What == durable.AgentFinished && len(f.agents) > 0:
			a := f.agents[len(f.agents)-1]
			a.seconds = time.Since(a.began).Seconds()
		}
	}
}

// look notes the resident set of a process for the agent that works, until
// ended is closed.
func look(pid int, every time.Duration, now *atomic.Pointer[agent], ended <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
		}
		if a := now.Load(); a != nil {
			a.largest.Store(max(a.largest.Load(), resident(pid)))
		}
	}
}

// resident is the resident set of a process in bytes, 0 where it cannot be
// read. Source: proc_pid_statm(5).
func resident(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// load is the first three figures of proc_loadavg(5).
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func (f *found) print(w io.Writer) {
	fmt.Fprintln(w, "agent                 MB   seconds")
	for _, a := range f.agents {
		fmt.Fprintf(w, "%-16s %7.0f %9.1f\n", a.name, float64(a.largest.Load())/1e6, a.seconds)
	}
	fmt.Fprintf(w, "%-16s %7.0f %9.1f\n", "the process", float64(f.largest)/1e6, f.wall.Seconds())
	fmt.Fprintf(w, "status %s, exit %d, load %s", f.run.Status, f.exit, f.load)
	for name, v := range f.run.Metrics["test"] {
		if v.Value != nil && (name == "auc" || name == "rmse" || name == "log_loss") {
			fmt.Fprintf(w, ", test %s %.4f", name, *v.Value)
		}
	}
	if f.run.Model != nil {
		fmt.Fprintf(w, ", model %.19s", f.run.Model.Digest)
	}
	fmt.Fprintln(w)
	if f.run.Error != nil {
		fmt.Fprintf(w, "%s: %s\n", f.run.Error.Code, f.run.Error.What)
	}
}
