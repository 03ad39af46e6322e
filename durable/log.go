package durable

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
)

// openLog opens the run's log: one JSON object a line, appended to.
func (r *Run) openLog() error {
	path := filepath.Join(RunDir(r.workspace, r.record.ID), "log.ndjson")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	r.closers = append(r.closers, file.Close)
	r.log = slog.New(slog.NewJSONHandler(file, nil)).With("run", r.record.ID)
	return nil
}
