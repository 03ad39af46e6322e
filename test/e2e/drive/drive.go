// Package drive runs the program as a person does: the real binary, in a
// workspace of its own, with its server on the loopback. Tests that look at the
// whole of it and programs that measure it share it.
package drive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/serve"
)

// Build compiles the program of this module into dir, and gives the path of the
// binary.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "septet")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", "duckdb_arrow", "-o", path, "github.com/septet-ml/septet/cmd/septet").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return path, nil
}

// Workspace is a folder to work in: the program's workspace is Dir/.septet, and
// every command runs with Dir as its current folder.
type Workspace struct {
	Program string // path of the binary
	Dir     string // absolute
}

// Run is how a command ended that answers with a run object.
type Run struct {
	pipeline.RunObject
	Exit     int           // exit status of the process; -1 if a signal ended it
	Progress string        // what it wrote to stderr
	Wall     time.Duration // of the whole process
}

// Stage is the outcome of one agent of the run.
func (r Run) Stage(agent string) pipeline.Stage {
	for _, s := range r.Stages {
		if string(s.Agent) == agent {
			return s
		}
	}
	return pipeline.Stage{}
}

// Command is septet with args, not started.
func (w Workspace) Command(ctx context.Context, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, w.Program, args...)
	c.Dir = w.Dir
	c.Env = append(os.Environ(), "HOME="+w.Dir)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return c
}

// Exec runs septet with args. An exit status is no error.
func (w Workspace) Exec(ctx context.Context, args ...string) (stdout, stderr []byte, exit int, err error) {
	var out, progress bytes.Buffer
	c := w.Command(ctx, args...)
	c.Stdout, c.Stderr = &out, &progress
	err = c.Run()
	var status *exec.ExitError
	if errors.As(err, &status) {
		err = nil
	}
	if c.ProcessState == nil {
		return nil, nil, -1, err
	}
	return out.Bytes(), progress.Bytes(), c.ProcessState.ExitCode(), err
}

// Run runs septet with args and --output json, and reads the run object. It is
// an error if there is none on stdout.
func (w Workspace) Run(ctx context.Context, args ...string) (Run, error) {
	start := time.Now()
	out, progress, exit, err := w.Exec(ctx, append(args, "--output", "json")...)
	r := Run{Exit: exit, Progress: string(progress), Wall: time.Since(start)}
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(out, &r.RunObject); err != nil {
		return r, fmt.Errorf("septet %q: exit status %d, no run object: %w\n%s%s", args, exit, err, out, progress)
	}
	return r, nil
}

// Answer is what the endpoint answers, in part.
type Answer struct {
	Predictions []struct {
		Prediction    any
		Probability   json.Number
		Probabilities map[string]json.Number
	}
	Model struct {
		Name    string
		Version int
		Digest  string
	}
	Slot string
}

// Ask posts rows to the endpoint at url (without ":predict"). Anything but an
// answer to every row is an error.
func Ask(ctx context.Context, url string, rows []map[string]any) (Answer, error) {
	body, err := json.Marshal(map[string]any{"rows": rows})
	if err != nil {
		return Answer{}, err
	}
	return post(ctx, url, body, len(rows))
}

// AskExample posts the example row that the run has left for its reader to the
// run's own endpoint.
func (w Workspace) AskExample(ctx context.Context, r Run) (Answer, error) {
	if r.Deployment == nil || r.Deployment.URL == nil {
		return Answer{}, errors.New("the run has no endpoint")
	}
	body, err := os.ReadFile(filepath.Join(w.Septet(), "runs", r.RunID, "example.json"))
	if err != nil {
		return Answer{}, err
	}
	return post(ctx, *r.Deployment.URL, body, 1)
}

func post(ctx context.Context, url string, body []byte, rows int) (Answer, error) {
	var a Answer
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+":predict", bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return a, err
	}
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("%s: %s", response.Status, text)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		return a, err
	}
	if len(a.Predictions) != rows {
		return a, fmt.Errorf("%d answers to %d rows", len(a.Predictions), rows)
	}
	return a, nil
}

// Septet is the program's workspace.
func (w Workspace) Septet() string { return filepath.Join(w.Dir, ".septet") }

// Stop ends the workspace's server, if one runs; one that does not end by
// itself is killed.
func (w Workspace) Stop() error {
	c, err := serve.Dial(w.Septet())
	if err != nil {
		return nil // none runs
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := c.Stop(ctx, w.Septet()); err != nil {
		return errors.Join(err, syscall.Kill(c.Info.PID, syscall.SIGKILL))
	}
	return nil
}
