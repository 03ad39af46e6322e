package telemetry

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func open(t *testing.T, dir string, opt LogOptions) (*Log, *Metrics) {
	t.Helper()
	m := NewMetrics()
	l, err := OpenLog(dir, opt, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, m
}

func readAll(t *testing.T, dir string) ([]Scored, LogReport) {
	t.Helper()
	var got []Scored
	report, err := ReadLog(t.Context(), dir, func(s *Scored) error {
		got = append(got, *s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, report
}

func TestLogGivesBackWhatWasAdded(t *testing.T) {
	dir := t.TempDir()
	l, _ := open(t, dir, LogOptions{})
	one := l.Model("churn", 1, "sha256:aa", 2, 1)
	two := l.Model("churn", 2, "sha256:bb", 1, 3)
	want := []Scored{
		{RequestID: "r1", Micros: 10, Model: "churn", Version: 1, Digest: "sha256:aa", Rows: 2, Features: []float64{1, math.NaN(), -0.5, 4}, Scores: []float64{0.25, 1e-300}},
		{RequestID: "r2", Micros: 11, Model: "churn", Version: 2, Digest: "sha256:bb", Rows: 1, Synthetic: true, Features: []float64{7}, Scores: []float64{0.1, 0.2, 0.7}},
		{RequestID: "r3", Micros: 12, Model: "churn", Version: 1, Digest: "sha256:aa", Rows: 1, Shadow: true, Features: []float64{0, 0}, Scores: []float64{1}},
	}
	one.Add(&want[0])
	two.Add(&want[1])
	one.Add(&want[2])
	if err := l.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, report := readAll(t, dir)
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if want := (LogReport{Segments: 1, Requests: 3, Rows: 4}); report != want {
		t.Errorf("report %+v, want %+v", report, want)
	}
}

func TestLogGoesOnInANewSegment(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		l, _ := open(t, dir, LogOptions{})
		l.Model("m", 1, "d", 1, 1).Add(&Scored{RequestID: fmt.Sprint(i), Rows: 1, Features: []float64{1}, Scores: []float64{2}})
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	got, report := readAll(t, dir)
	if len(got) != 3 || got[0].RequestID != "0" || got[2].RequestID != "2" || report.Segments != 3 {
		t.Errorf("got %v in %+v, want requests 0, 1, 2 in 3 segments", got, report)
	}
}

func TestLogKeepsWithinItsBounds(t *testing.T) {
	dir := t.TempDir()
	l, _ := open(t, dir, LogOptions{SegmentBytes: 2000, KeepBytes: 6000})
	m := l.Model("m", 1, "d", 10, 1)
	for i := range 400 {
		m.Add(&Scored{RequestID: fmt.Sprint(i), Rows: 1, Features: make([]float64, 10), Scores: []float64{1}})
		if i%50 == 0 {
			if err := l.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var sum int64
	segments, err := segmentFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range segments {
		sum += s.bytes
	}
	if sum > 6000+2*2000 {
		t.Errorf("log holds %d bytes, want about 6000", sum)
	}
	got, _ := readAll(t, dir)
	if len(got) == 0 || got[len(got)-1].RequestID != "399" {
		t.Errorf("the newest request is gone; %d left", len(got))
	}
}

func TestLogLeavesOutWhatItHasNoRoomFor(t *testing.T) {
	dir := t.TempDir()
	l, metrics := open(t, dir, LogOptions{QueueBytes: 1, WriteEvery: time.Hour})
	m := l.Model("m", 1, "d", 1, 1)
	for range 10 {
		m.Add(&Scored{RequestID: "r", Rows: 1, Features: []float64{1}, Scores: []float64{2}})
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	m.Add(&Scored{RequestID: "late", Rows: 1, Features: []float64{1}, Scores: []float64{2}})
	if got := value(t, metrics, LogDroppedTotal); got != 10 {
		t.Errorf("%s is %v, want 10", LogDroppedTotal, got)
	}
	if got, _ := readAll(t, dir); len(got) != 1 {
		t.Errorf("%d requests in the log, want 1", len(got))
	}
}

// Requests of many callers at once all arrive, whole.
func TestLogOfManyCallers(t *testing.T) {
	dir := t.TempDir()
	l, _ := open(t, dir, LogOptions{SegmentBytes: 5000, WriteEvery: time.Millisecond})
	m := l.Model("m", 1, "d", 3, 1)
	var wait sync.WaitGroup
	for caller := range 8 {
		wait.Go(func() {
			for i := range 200 {
				v := float64(caller*1000 + i)
				m.Add(&Scored{RequestID: "r", Rows: 1, Features: []float64{v, v, v}, Scores: []float64{v}})
			}
		})
	}
	wait.Wait()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	got, _ := readAll(t, dir)
	seen := map[float64]bool{}
	for _, s := range got {
		if s.Features[0] != s.Scores[0] || s.Features[2] != s.Scores[0] {
			t.Fatalf("mixed up: %v", s)
		}
		seen[s.Scores[0]] = true
	}
	if len(seen) != 1600 {
		t.Errorf("%d requests in the log, want 1600", len(seen))
	}
}

func value(t *testing.T, m *Metrics, name string) float64 {
	t.Helper()
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// A server that is killed leaves any prefix of what it wrote: what is whole in
// it is read, nothing else, and it is no error.
func TestLogSurvivesAKilledWriter(t *testing.T) {
	dir := t.TempDir()
	l, _ := open(t, dir, LogOptions{})
	m := l.Model("m", 3, "d", 2, 1)
	for i := range 5 {
		m.Add(&Scored{RequestID: fmt.Sprint(i), Rows: 1, Features: []float64{1, 2}, Scores: []float64{3}})
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	segments, _ := segmentFiles(dir)
	whole, err := os.ReadFile(segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for n := range len(whole) + 1 {
		count := 0
		err := readSegment(bytes.NewReader(whole[:n]), func(*Scored) error { count++; return nil })
		if err != nil && !errors.Is(err, errTorn) {
			t.Fatalf("prefix of %d bytes: %v", n, err)
		}
		if count < last {
			t.Fatalf("prefix of %d bytes has %d requests, a shorter one had %d", n, count, last)
		}
		last = count
	}
	if last != 5 {
		t.Errorf("whole segment has %d requests, want 5", last)
	}
}

func TestLogFindsEveryFlippedBit(t *testing.T) {
	dir := t.TempDir()
	l, _ := open(t, dir, LogOptions{})
	m := l.Model("m", 3, "d", 1, 1)
	m.Add(&Scored{RequestID: "a", Rows: 1, Features: []float64{1}, Scores: []float64{3}})
	m.Add(&Scored{RequestID: "b", Rows: 1, Features: []float64{1}, Scores: []float64{3}})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	segments, _ := segmentFiles(dir)
	whole, err := os.ReadFile(segments[0].path)
	if err != nil {
		t.Fatal(err)
	}
	for bit := range 8 * len(whole) {
		bad := bytes.Clone(whole)
		bad[bit/8] ^= 1 << (bit % 8)
		if err := readSegment(bytes.NewReader(bad), func(*Scored) error { return nil }); err == nil {
			t.Fatalf("bit %d flipped and nothing noticed", bit)
		}
	}
	if err := os.WriteFile(segments[0].path, append(whole[:len(whole)-1], whole[len(whole)-1]^1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadLog(t.Context(), dir, func(*Scored) error { return nil }); !errors.Is(err, ErrDamaged) {
		t.Errorf("error %v, want ErrDamaged", err)
	}
}

func TestReadLogOfNothing(t *testing.T) {
	report, err := ReadLog(t.Context(), filepath.Join(t.TempDir(), "none"), nil)
	if err != nil || report != (LogReport{}) {
		t.Errorf("got %+v, %v", report, err)
	}
}

func FuzzSegment(f *testing.F) {
	dir := f.TempDir()
	l, err := OpenLog(dir, LogOptions{}, NewMetrics())
	if err != nil {
		f.Fatal(err)
	}
	l.Model("m", 1, "d", 2, 1).Add(&Scored{RequestID: "a", Rows: 2, Features: []float64{1, 2, 3, 4}, Scores: []float64{3, 5}})
	l.Close()
	segments, _ := segmentFiles(dir)
	data, _ := os.ReadFile(segments[0].path)
	f.Add(data)
	f.Add([]byte(segmentMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		err := readSegment(bytes.NewReader(data), func(s *Scored) error {
			if s.Rows > 0 && len(s.Scores) < s.Rows {
				t.Fatalf("%d rows with %d scores", s.Rows, len(s.Scores))
			}
			return nil
		})
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, errTorn) {
			t.Fatal(err)
		}
	})
}

// The checksum hides the frames from FuzzSegment; this one goes past it.
func FuzzPayload(f *testing.F) {
	m := &logModel{name: "m", digest: "d", version: 1, features: 2, scores: 1}
	f.Add(appendModelFrame(nil, 0, m))
	f.Add(appendRequestFrame(nil, 0, m, &Scored{RequestID: "a", Rows: 1, Features: []float64{1, 2}, Scores: []float64{3}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		models := map[uint64]*logModel{0: m}
		d := decoder{b: data}
		switch d.byte() {
		case frameModel:
			d.model()
		case frameRequest:
			if s := d.request(models); !d.failed && len(s.Features) != s.Rows*2 {
				t.Fatalf("%d rows with %d features", s.Rows, len(s.Features))
			}
		}
	})
}
