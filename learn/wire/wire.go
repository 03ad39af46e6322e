// Package wire reads the files of models, bytes that nobody vouches for: numbers,
// little-endian, one after another, or JSON, packed or as they are.
package wire

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/septet-ml/septet/learn"
)

// Errors of a file.
var (
	ErrShort = errors.New("too short")
	ErrRange = errors.New("a number is out of range")
)

// tasks by their number in a file.
var tasks = []learn.Task{learn.Binary, learn.Multiclass, learn.Regression}

// AppendTask appends the number of a task, which must be one of learn's.
func AppendTask(out []byte, t learn.Task) []byte { return append(out, byte(slices.Index(tasks, t))) }

// Reader takes numbers off the front of bytes. From the first one on that is not
// there, or is out of its range, it gives zeros, and Err says why.
type Reader struct {
	data []byte
	at   int // of the next one in data: to write a number is cheaper than a slice
	err  error
}

// NewReader reads data, of which it makes no copy.
func NewReader(data []byte) *Reader { return &Reader{data: data} }

// Err is the first error; nil so far.
func (r *Reader) Err() error { return r.err }

// Left is how many bytes have not been taken.
func (r *Reader) Left() int { return len(r.data) - r.at }

// Fail makes err the first error, if there is none yet: from here on the
// reader gives zeros.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Take is the next n bytes, not copied; nil where so many are not there.
func (r *Reader) Take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.data)-r.at) {
		r.Fail(ErrShort)
		return nil
	}
	from := r.at
	r.at += int(n)
	return r.data[from:r.at:r.at]
}

// Byte is one byte.
func (r *Reader) Byte() byte {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// Uint32 is 4 bytes.
func (r *Reader) Uint32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// Uint64 is 8 bytes.
func (r *Reader) Uint64() uint64 {
	if b := r.Take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// Float32 is 4 bytes; any float, infinite or NaN too.
func (r *Reader) Float32() float32 { return math.Float32frombits(r.Uint32()) }

// Float64 is 8 bytes; any float, infinite or NaN too.
func (r *Reader) Float64() float64 { return math.Float64frombits(r.Uint64()) }

// Count is a number, of 4 bytes, of things that take at least size bytes each;
// 0 and ErrShort where so many are not there.
func (r *Reader) Count(size int) int {
	n := int64(r.Uint32())
	if n*int64(size) > int64(r.Left()) {
		r.Fail(ErrShort)
	}
	if r.err != nil {
		return 0
	}
	return int(n)
}

// Uvarint is a number from 0 to most as binary.AppendUvarint writes it; 0 and
// ErrRange where it is more.
func (r *Reader) Uvarint(most uint64) uint64 {
	if r.err != nil {
		return 0
	}
	if r.at < len(r.data) && r.data[r.at] < 0x80 && uint64(r.data[r.at]) <= most { // most numbers, by far
		r.at++
		return uint64(r.data[r.at-1])
	}
	x, n := binary.Uvarint(r.data[r.at:])
	switch {
	case n == 0:
		r.Fail(ErrShort)
	case n < 0 || x > most:
		r.Fail(ErrRange)
	default:
		r.at += n
		return x
	}
	return 0
}

// UvarintCount is a Uvarint of things that take at least size bytes each; 0 and
// ErrShort where so many are not there.
func (r *Reader) UvarintCount(most uint64, size int) int {
	n := r.Uvarint(most)
	if n > uint64(r.Left()/size) {
		r.Fail(ErrShort)
		return 0
	}
	return int(n)
}

// Task is a task as AppendTask writes it; ErrRange where it is none.
func (r *Reader) Task() learn.Task {
	n := int(r.Byte())
	if n >= len(tasks) {
		r.Fail(ErrRange)
		n = 0
	}
	return tasks[n]
}

// ReadJSON reads JSON into v. A field that v has no place for is an error that
// wraps learn.ErrUnknown.
func ReadJSON(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
			return fmt.Errorf("field %s: %w", field, learn.ErrUnknown)
		}
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is more behind its end")
	}
	return nil
}
