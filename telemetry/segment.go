package telemetry

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
)

// A segment is a file of the prediction log:
//
//	"septet predictions 1\n"
//	frames: length uint32, CRC-32C uint32 (both little-endian, of the payload), payload
//
// A payload begins with its kind. Numbers are varints, texts are a length and
// bytes, doubles are 8 little-endian bytes:
//
//	1 model:   key, name, version, digest, features per row, scores per row
//	2 request: key of a model frame before it, time (µs since 1970), flags,
//	           request id, rows, then per row the features and the scores
//
// Every segment names the models that it uses, so that it can be read alone.
const segmentMagic = "septet predictions 1\n"

const (
	frameModel   = 1
	frameRequest = 2

	flagSynthetic = 1
	flagShadow    = 2

	maxFrame = 64 << 20 // bytes
	maxWidth = 1 << 20  // features or scores of a row
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrDamaged is the error of a segment whose bytes are not what was written.
var ErrDamaged = errors.New("prediction log is damaged")

// errTorn ends a segment that stops in the middle of a frame: what a killed
// writer leaves.
var errTorn = errors.New("torn frame")

// Scored is one request in the log: a model and the rows that it scored. It
// holds no column of the caller's rows, only the features made of them.
type Scored struct {
	RequestID string
	Micros    int64 // when it was answered, since 1970 UTC
	Model     string
	Version   int
	Digest    string
	Synthetic bool // a replay by the server, not a caller
	Shadow    bool // not the answer that the caller got

	Rows     int
	Features []float64 // Rows × features, one row after another; NaN is missing
	Scores   []float64 // Rows × scores
}

// logModel is what a segment says once of a model.
type logModel struct {
	name, digest     string
	version          int
	features, scores int
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendFloats(b []byte, x []float64) []byte {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func appendModelFrame(b []byte, key int, m *logModel) []byte {
	b = append(b, frameModel)
	b = binary.AppendUvarint(b, uint64(key))
	b = appendText(b, m.name)
	b = binary.AppendUvarint(b, uint64(m.version))
	b = appendText(b, m.digest)
	b = binary.AppendUvarint(b, uint64(m.features))
	return binary.AppendUvarint(b, uint64(m.scores))
}

func appendRequestFrame(b []byte, key int, m *logModel, s *Scored) []byte {
	var flags byte
	if s.Synthetic {
		flags |= flagSynthetic
	}
	if s.Shadow {
		flags |= flagShadow
	}
	b = append(b, frameRequest)
	b = binary.AppendUvarint(b, uint64(key))
	b = binary.AppendVarint(b, s.Micros)
	b = append(b, flags)
	b = appendText(b, s.RequestID)
	b = binary.AppendUvarint(b, uint64(s.Rows))
	for i := range s.Rows {
		b = appendFloats(b, s.Features[i*m.features:(i+1)*m.features])
		b = appendFloats(b, s.Scores[i*m.scores:(i+1)*m.scores])
	}
	return b
}

// readSegment gives every request of a segment to visit, which may keep what
// it gets. The error is visit's, errTorn, ErrDamaged or of reading.
func readSegment(r io.Reader, visit func(*Scored) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	head := make([]byte, len(segmentMagic))
	if _, err := io.ReadFull(in, head); err != nil {
		return tornOr(err)
	}
	if string(head) != segmentMagic {
		return fmt.Errorf("%w: not a segment of version 1", ErrDamaged)
	}
	models := make(map[uint64]*logModel)
	var payload []byte
	for {
		var err error
		if payload, err = readFrame(in, payload); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		d := decoder{b: payload}
		switch d.byte() {
		case frameModel:
			key, m := d.model()
			if d.failed || len(d.b) != 0 {
				return fmt.Errorf("%w: model frame", ErrDamaged)
			}
			models[key] = m
		case frameRequest:
			s := d.request(models)
			if d.failed || len(d.b) != 0 {
				return fmt.Errorf("%w: request frame", ErrDamaged)
			}
			if err := visit(s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%w: unknown frame", ErrDamaged)
		}
	}
}

// readFrame reads the next payload into buf; io.EOF at the end of a frame.
func readFrame(in *bufio.Reader, buf []byte) ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		if errors.Is(err, io.EOF) {
			return buf, io.EOF
		}
		return buf, tornOr(err)
	}
	size := binary.LittleEndian.Uint32(head[:])
	if size == 0 || size > maxFrame {
		return buf, fmt.Errorf("%w: frame of %d bytes", ErrDamaged, size)
	}
	// Grown as the bytes come, so that a wrong length cannot ask for memory
	// that the file does not fill.
	buf = buf[:0]
	for len(buf) < int(size) {
		n := min(int(size)-len(buf), 1<<20)
		buf = slices.Grow(buf, n)[:len(buf)+n]
		if _, err := io.ReadFull(in, buf[len(buf)-n:]); err != nil {
			return buf, tornOr(err)
		}
	}
	if crc32.Checksum(buf, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
		return buf, fmt.Errorf("%w: checksum", ErrDamaged)
	}
	return buf, nil
}

func tornOr(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errTorn
	}
	return fmt.Errorf("read prediction log: %w", err)
}

// decoder takes a payload apart; after the first fault it gives zeros.
type decoder struct {
	b      []byte
	failed bool
}

func (d *decoder) fail() { d.b, d.failed = nil, true }

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	c := d.b[0]
	d.b = d.b[1:]
	return c
}

func (d *decoder) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > limit {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) text() string {
	n := d.uvarint(maxFrame)
	if n > uint64(len(d.b)) {
		d.fail()
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

func (d *decoder) floats(dst []float64) {
	if len(d.b) < 8*len(dst) {
		d.fail()
		return
	}
	for i := range dst {
		dst[i] = math.Float64frombits(binary.LittleEndian.Uint64(d.b[8*i:]))
	}
	d.b = d.b[8*len(dst):]
}

func (d *decoder) model() (key uint64, m *logModel) {
	key = d.uvarint(math.MaxInt32)
	m = &logModel{name: d.text()}
	m.version = int(d.uvarint(math.MaxInt32))
	m.digest = d.text()
	m.features = int(d.uvarint(maxWidth))
	m.scores = int(d.uvarint(maxWidth))
	if m.scores == 0 {
		d.fail()
	}
	return key, m
}

func (d *decoder) request(models map[uint64]*logModel) *Scored {
	m := models[d.uvarint(math.MaxInt32)]
	if m == nil {
		d.fail()
		return nil
	}
	s := &Scored{Model: m.name, Version: m.version, Digest: m.digest, Micros: d.varint()}
	flags := d.byte()
	s.Synthetic = flags&flagSynthetic != 0
	s.Shadow = flags&flagShadow != 0
	s.RequestID = d.text()
	s.Rows = int(d.uvarint(maxFrame))
	if d.failed || s.Rows*(m.features+m.scores)*8 != len(d.b) {
		d.fail()
		return nil
	}
	s.Features = make([]float64, s.Rows*m.features)
	s.Scores = make([]float64, s.Rows*m.scores)
	for i := range s.Rows {
		d.floats(s.Features[i*m.features : (i+1)*m.features])
		d.floats(s.Scores[i*m.scores : (i+1)*m.scores])
	}
	return s
}
