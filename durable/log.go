package durable

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// eventFile keeps the run's events for who watches from another process: one
// JSON object a line in runs/ID/events.ndjson.
type eventFile struct{ file *os.File }

// write adds an event. What cannot be written is missing there, no more.
func (f *eventFile) write(e Event) {
	line, err := json.Marshal(e)
	if err == nil {
		_, _ = f.file.Write(append(line, '\n'))
	}
}

// ReadEvents reads the events that a run has kept, from an offset in bytes on,
// and gives the offset to go on from. A line that is not whole yet is left for
// the next time.
func ReadEvents(workspace, runID string, offset int64) (events []Event, next int64, err error) {
	file, err := os.Open(filepath.Join(RunDir(workspace, runID), "events.ndjson"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, offset, nil
	}
	if err != nil {
		return nil, offset, fmt.Errorf("read events: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		return nil, offset, fmt.Errorf("read events: %w", err)
	}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return events, offset, nil
		}
		if err != nil {
			return events, offset, fmt.Errorf("read events: %w", err)
		}
		offset += int64(len(line))
		var e Event
		if json.Unmarshal(line, &e) == nil { // what a kill cut off is no event
			events = append(events, e)
		}
	}
}

// openLog opens the run's log, one JSON object a line, and its events.
func (r *Run) openLog() error {
	path := filepath.Join(RunDir(r.workspace, r.record.ID), "log.ndjson")
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	r.closers = append(r.closers, file.Close)
	events, err := os.OpenFile(filepath.Join(filepath.Dir(path), "events.ndjson"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open log: %w", err)
	}
	r.closers = append(r.closers, events.Close)
	r.eventFile = &eventFile{events}
	r.log = slog.New(slog.NewJSONHandler(file, nil)).With("run", r.record.ID)
	return nil
}
