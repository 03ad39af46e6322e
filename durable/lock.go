package durable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/septet-ml/septet/problem"
)

// The process that works on a run holds a lock on the file runs/ID/lock. The
// kernel drops it when the process is gone, however it went.

// RunDir is the folder of a run's own files: lock, log.ndjson, spans.ndjson.
func RunDir(workspace, runID string) string { return filepath.Join(workspace, "runs", runID) }

// Live tells whether a process works on the run.
func Live(workspace, runID string) bool {
	file, err := os.Open(filepath.Join(RunDir(workspace, runID), "lock"))
	if err != nil {
		return false
	}
	defer file.Close()
	// A shared lock does not keep other askers from asking.
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// lockRun takes the run's lock. It tries again for a moment: who asks Live
// holds the lock while it asks.
func lockRun(workspace, runID string) (*os.File, error) {
	dir := RunDir(workspace, runID)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock run: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock run: %w", err)
	}
	for range 50 {
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	file.Close()
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, fmt.Errorf("lock run: %w", err)
	}
	return nil, &problem.Problem{
		Kind: problem.Usage, Code: "run.live", Where: runID,
		What: "another program works on this run",
		Fix:  "wait for it, or end it first",
	}
}
