package serve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/septet-ml/septet/problem"
)

// ServerLog is the file of a workspace that a detached server writes to.
func ServerLog(workspace string) string { return filepath.Join(workspace, "server.log") }

// startFor is how long a server may take until it has restored its models.
const startFor = 30 * time.Second

// EnsureRunning dials the workspace's server; where none runs it starts exe
// with args as one that outlives this process, in a session of its own, and
// waits until it is ready. started tells which it was.
func EnsureRunning(ctx context.Context, workspace, exe string, args ...string) (c *Client, started bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, startFor)
	defer cancel()
	_, running, err := Find(workspace)
	if err != nil {
		return nil, false, err
	}
	child := &detached{}
	if !running {
		if child, err = detach(workspace, exe, args); err != nil {
			return nil, false, err
		}
	}
	for {
		if c, err := ready(ctx, workspace); c != nil || err != nil {
			return c, child.keep(c), err
		}
		select {
		case <-child.exited:
			// Another process may have been faster: then its server is there.
			if _, other, err := Find(workspace); err == nil && other {
				child = &detached{}
				continue
			}
			return nil, false, didNotStart(workspace, child.from, "it ended at once")
		case <-ctx.Done():
			child.keep(nil)
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, false, fmt.Errorf("start server: %w", ctx.Err())
			}
			return nil, false, didNotStart(workspace, child.from, fmt.Sprintf("it was not ready after %v", startFor))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// detached is a server that this process has started; zero for none.
type detached struct {
	process *os.Process
	exited  chan error // gets its end, if that comes while this process lives
	from    int64      // where its part of server.log begins
}

// keep lets the server live if it is the one that c talks to, and ends it if
// another process was faster.
func (d *detached) keep(c *Client) bool {
	if d.process == nil || c != nil && c.Info.PID == d.process.Pid {
		return d.process != nil
	}
	if d.process.Kill() == nil {
		<-d.exited
	}
	return false
}

func detach(workspace, exe string, args []string) (*detached, error) {
	log, err := os.OpenFile(ServerLog(workspace), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Dir = workspace
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	d := &detached{process: cmd.Process, exited: make(chan error, 1), from: info.Size()}
	go func() { d.exited <- cmd.Wait() }() // ends with the server, or with this process
	return d, nil
}

// ready gives a client once the server has said where it listens and answers
// there that it is ready; nil before.
func ready(ctx context.Context, workspace string) (*Client, error) {
	info, running, err := Find(workspace)
	if err != nil || !running || info.Addr == "" {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, info.selfURL()+"/readyz", nil)
	if err != nil {
		return nil, fmt.Errorf("look for a server: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil // not yet, or server.json is a left-over
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, nil
	}
	return Dial(workspace)
}

// didNotStart shows the end of what the server wrote.
func didNotStart(workspace string, from int64, why string) error {
	p := &problem.Problem{
		Kind: problem.Failed, Code: "serve.not_started", Where: ServerLog(workspace),
		What: "the server did not start", Why: why, Fix: "septet serve shows why",
	}
	f, err := os.Open(ServerLog(workspace))
	if err != nil {
		return p
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return p
	}
	text, err := io.ReadAll(io.LimitReader(f, 64<<10))
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err == nil && lines[0] != "" {
		p.Why += ": " + strings.Join(lines[max(0, len(lines)-3):], "; ")
	}
	return p
}
