package telemetry

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// LogOptions bound the prediction log. Zero values get the defaults.
type LogOptions struct {
	QueueBytes   int           // of requests that wait to be written; default 16 MiB
	WriteEvery   time.Duration // between two writes; default 10 ms
	SegmentBytes int64         // a new segment from this size on; default 64 MiB
	KeepBytes    int64         // the oldest segments go above this sum; default 1 GiB
	KeepFor      time.Duration // and beyond this age; default 90 days
	SyncEvery    time.Duration // between two fsyncs; default 1 s
}

func (o LogOptions) withDefaults() LogOptions {
	if o.QueueBytes <= 0 {
		o.QueueBytes = 16 << 20
	}
	if o.WriteEvery <= 0 {
		o.WriteEvery = 10 * time.Millisecond
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	if o.KeepBytes <= 0 {
		o.KeepBytes = 1 << 30
	}
	if o.KeepFor <= 0 {
		o.KeepFor = 90 * 24 * time.Hour
	}
	if o.SyncEvery <= 0 {
		o.SyncEvery = time.Second
	}
	return o
}

// Log is the prediction log of one server: the writer of a folder of segments.
//
// Add never waits for the disk: it copies a request into memory, and one that
// finds no room there is counted and left out. One goroutine writes what has
// gathered, WriteEvery after the first of it. What it has written survives the
// end of the process; what Flush or the sync of every SyncEvery has covered
// survives the end of the machine. The log holds the features that the model
// saw, its scores, the request's id, the model and the time, and nothing else.
type Log struct {
	dir     string
	opt     LogOptions
	metrics logMetrics

	mu      sync.Mutex
	models  []*logModel
	waiting *batch // what was added since the writer last looked
	closed  bool

	some  chan struct{} // the first request waits
	flush chan chan error
	stop  chan struct{}
	done  chan struct{} // closed when the writer has ended, with err
	err   error

	// The writer's own.
	spare    *batch
	file     *os.File
	out      *bufio.Writer
	sequence int
	opened   time.Time
	bytes    int64  // in the segment
	named    []bool // models that the segment has named
	unsynced bool
}

// batch is a run of requests on their way to the disk.
type batch struct {
	payloads []byte
	entries  []entry
}

// entry is one request of a batch.
type entry struct {
	model int
	end   int // of its payload, which begins where the one before ends
}

// OpenLog starts a new segment in dir, which is made if need be. The caller
// is the only writer of dir.
func OpenLog(dir string, opt LogOptions, m *Metrics) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open prediction log: %w", err)
	}
	segments, err := segmentFiles(dir)
	if err != nil {
		return nil, err
	}
	l := &Log{
		dir: dir, opt: opt.withDefaults(), metrics: m.log, waiting: &batch{}, spare: &batch{},
		some: make(chan struct{}, 1), flush: make(chan chan error), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if n := len(segments); n > 0 {
		l.sequence = segments[n-1].sequence
	}
	go func() {
		defer close(l.done)
		l.err = l.run()
	}()
	return l, nil
}

// LogModel is a model that requests are logged for.
type LogModel struct {
	log   *Log
	index int
	model *logModel
}

// Model announces a model: its number of features and scores per row.
func (l *Log) Model(name string, version int, digest string, features, scores int) *LogModel {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &logModel{name: name, digest: digest, version: version, features: features, scores: scores}
	for i, known := range l.models {
		if *known == *m {
			return &LogModel{log: l, index: i, model: known}
		}
	}
	l.models = append(l.models, m)
	return &LogModel{log: l, index: len(l.models) - 1, model: m}
}

// Add puts a request into the log; s.Model, Version and Digest are the
// LogModel's whatever they say. It copies what it keeps.
func (m *LogModel) Add(s *Scored) {
	l := m.log
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.waiting
	from := len(w.payloads)
	if l.closed || from >= l.opt.QueueBytes || len(s.Features)+len(s.Scores) > maxFrame/16 {
		l.metrics.dropped.Inc()
		return
	}
	w.payloads = appendRequestFrame(w.payloads, m.index, m.model, s)
	w.entries = append(w.entries, entry{m.index, len(w.payloads)})
	if len(w.entries) == 1 {
		select {
		case l.some <- struct{}{}:
		default: // the writer knows already
		}
	}
}

// Flush waits until everything that was added before it is on the disk.
func (l *Log) Flush(ctx context.Context) error {
	reply := make(chan error, 1)
	select {
	case l.flush <- reply:
	case <-l.done:
		return l.err
	case <-ctx.Done():
		return fmt.Errorf("flush prediction log: %w", ctx.Err())
	}
	return <-reply
}

// Close writes what is queued and ends the segment. What is added afterwards
// is lost.
func (l *Log) Close() error {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.stop)
	}
	l.mu.Unlock()
	<-l.done
	return l.err
}

// run is the writer.
func (l *Log) run() error {
	tick := time.NewTicker(l.opt.SyncEvery)
	defer tick.Stop()
	gather := time.NewTimer(time.Hour)
	defer gather.Stop()
	for {
		select {
		case <-l.some:
			gather.Reset(l.opt.WriteEvery)
		case <-gather.C:
			l.writeWaiting()
			l.count(l.flushBuffer())
		case reply := <-l.flush:
			l.writeWaiting()
			reply <- l.sync()
		case <-tick.C:
			l.count(l.sync())
			if l.file != nil && time.Since(l.opened) > l.opt.KeepFor/16 {
				l.count(l.end())
			}
		case <-l.stop:
			l.writeWaiting()
			return l.end()
		}
	}
}

// writeWaiting takes what has gathered and writes it to the segment's buffer.
func (l *Log) writeWaiting() {
	l.mu.Lock()
	taken := l.waiting
	l.waiting, l.spare = l.spare, nil
	l.mu.Unlock()
	from := 0
	for _, e := range taken.entries {
		l.write(e.model, taken.payloads[from:e.end])
		from = e.end
	}
	if cap(taken.payloads) > 1<<20 {
		taken = &batch{} // a burst's memory is given back
	}
	taken.payloads, taken.entries = taken.payloads[:0], taken.entries[:0]
	l.spare = taken
}

// count makes an error of the writer visible; serving goes on without a log.
func (l *Log) count(err error) {
	if err != nil {
		l.metrics.errors.Inc()
	}
}

// write writes one request to the open segment, which it opens if need be.
func (l *Log) write(model int, payload []byte) {
	err := l.ensureSegment()
	if err == nil && !l.isNamed(model) {
		l.mu.Lock()
		m := l.models[model]
		l.mu.Unlock()
		if err = l.frame(appendModelFrame(nil, model, m)); err == nil {
			l.named[model] = true
		}
	}
	if err == nil {
		err = l.frame(payload)
	}
	if err != nil {
		// A half frame may have reached the file: no more is added to it.
		l.metrics.errors.Inc()
		l.metrics.dropped.Inc()
		l.abandon()
		return
	}
	l.metrics.records.Inc()
	if l.bytes >= l.opt.SegmentBytes {
		l.count(l.end())
	}
}

func (l *Log) isNamed(model int) bool {
	for len(l.named) <= model {
		l.named = append(l.named, false)
	}
	return l.named[model]
}

func (l *Log) frame(payload []byte) error {
	var head [8]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(payload, castagnoli))
	_, err := l.out.Write(head[:])
	if err == nil {
		_, err = l.out.Write(payload)
	}
	n := int64(len(head) + len(payload))
	l.bytes += n
	l.metrics.bytes.Add(float64(n))
	l.unsynced = true
	return err
}

// ensureSegment opens the next segment if none is open, and drops what is too
// old or too much.
func (l *Log) ensureSegment() error {
	if l.file != nil {
		return nil
	}
	l.sequence++
	name := filepath.Join(l.dir, fmt.Sprintf("%08d%s", l.sequence, segmentSuffix))
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	l.file, l.out, l.named = f, bufio.NewWriterSize(f, 1<<16), nil
	if _, err := l.out.WriteString(segmentMagic); err != nil {
		return fmt.Errorf("open segment: %w", err)
	}
	l.opened, l.bytes = time.Now(), int64(len(segmentMagic))
	return errors.Join(syncFolder(l.dir), l.retain())
}

func (l *Log) flushBuffer() error {
	if l.file == nil {
		return nil
	}
	if err := l.out.Flush(); err != nil {
		l.abandon()
		return fmt.Errorf("write prediction log: %w", err)
	}
	return nil
}

func (l *Log) sync() error {
	if l.file == nil || !l.unsynced {
		return nil
	}
	if err := l.flushBuffer(); err != nil {
		return err
	}
	if err := l.file.Sync(); err != nil {
		l.abandon()
		return fmt.Errorf("sync prediction log: %w", err)
	}
	l.unsynced = false
	return nil
}

// end closes the segment, if one is open.
func (l *Log) end() error {
	if l.file == nil {
		return nil
	}
	err := l.sync()
	if l.file != nil {
		err = errors.Join(err, l.file.Close())
		l.file = nil
	}
	return err
}

// abandon leaves a segment that cannot be written to as it is.
func (l *Log) abandon() {
	if l.file != nil {
		l.file.Close()
		l.file, l.unsynced = nil, false
	}
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync prediction log: %w", err)
	}
	return errors.Join(d.Sync(), d.Close())
}

// retain removes the oldest segments beyond the bounds, never the open one.
func (l *Log) retain() error {
	segments, err := segmentFiles(l.dir)
	if err != nil {
		return err
	}
	var sum int64
	oldest := time.Now().Add(-l.opt.KeepFor)
	for i, s := range slices.Backward(segments) {
		sum += s.bytes
		if i < len(segments)-1 && (sum > l.opt.KeepBytes || s.modified.Before(oldest)) {
			if err := os.Remove(s.path); err != nil {
				return fmt.Errorf("drop old segment: %w", err)
			}
		}
	}
	return nil
}
