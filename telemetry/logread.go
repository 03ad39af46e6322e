package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const segmentSuffix = ".predictions"

type segmentFile struct {
	path     string
	sequence int
	bytes    int64
	modified time.Time
}

// segmentFiles are the segments of dir, oldest first; none if there is no dir.
func segmentFiles(dir string) ([]segmentFile, error) {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list prediction log: %w", err)
	}
	var out []segmentFile
	for _, entry := range list {
		stem, is := strings.CutSuffix(entry.Name(), segmentSuffix)
		n, err := strconv.Atoi(stem)
		if !is || err != nil {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list prediction log: %w", err)
		}
		out = append(out, segmentFile{filepath.Join(dir, entry.Name()), n, info.Size(), info.ModTime()})
	}
	slices.SortFunc(out, func(a, b segmentFile) int { return a.sequence - b.sequence })
	return out, nil
}

// LogReport is what ReadLog came by.
type LogReport struct {
	Segments int
	Requests int
	Rows     int
	Torn     int // segments that end inside a frame: written by a server that was killed, or is writing
}

// ReadLog gives every request in dir to visit, oldest first; a visit that
// gives an error ends it with that error. A segment that is damaged in the
// middle is an error that wraps ErrDamaged. It may run while a server writes.
func ReadLog(ctx context.Context, dir string, visit func(*Scored) error) (LogReport, error) {
	var report LogReport
	segments, err := segmentFiles(dir)
	if err != nil {
		return report, err
	}
	for _, s := range segments {
		err := readSegmentFile(s.path, func(r *Scored) error {
			report.Requests++
			report.Rows += r.Rows
			if err := ctx.Err(); err != nil {
				return err
			}
			return visit(r)
		})
		if errors.Is(err, fs.ErrNotExist) {
			continue // dropped by the writer meanwhile
		}
		report.Segments++
		if errors.Is(err, errTorn) {
			report.Torn++
			continue
		}
		if err != nil {
			return report, fmt.Errorf("segment %s: %w", filepath.Base(s.path), err)
		}
	}
	return report, nil
}

func readSegmentFile(path string, visit func(*Scored) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return readSegment(f, visit)
}
