package seen

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
	"github.com/septet-ml/septet/table"
)

// Table is the predictions of the kinds of row that were seen. It has no feature
// of any row: a kind is found by 64 bits of a SHA-256 of its features and a
// salt, which is the table's own. That keeps features from being read or
// compared between files, not from being guessed: who has a file and a row can
// look whether it was seen, and what is predicted for it. The less a prediction
// without the answers counts, the nearer to them is what is kept, for all to
// read, though not of which rows. It is never changed, and safe for concurrent
// use; nil has seen nothing.
type Table struct {
	task    learn.Task
	columns int // of a row
	width   int // values of a prediction
	salt    [saltBytes]byte
	hash    []uint64  // rising
	score   []float64 // width per hash
}

// Columns is the number of features of a row.
func (t *Table) Columns() int { return t.columns }

// Width is the number of values of a prediction.
func (t *Table) Width() int { return t.width }

// Task is the kind of prediction.
func (t *Table) Task() learn.Task { return t.task }

// Kinds is the number of different rows that were seen.
func (t *Table) Kinds() int { return len(t.hash) }

// Bytes is the length of the binary form.
func (t *Table) Bytes() int { return headBytes + len(t.hash)*recordBytes(t.width) }

// Apply puts the predictions of those rows of x, one after another, that were
// seen into out, which has Width values a row, and leaves the others. A row's
// bits depend on that row only.
func (t *Table) Apply(x, out []float64) {
	if t == nil {
		return
	}
	hasher := newHasher(t.salt, t.columns)
	for i := range len(out) / t.width {
		if at, found := slices.BinarySearch(t.hash, hasher.sum(x[i*t.columns:(i+1)*t.columns])); found {
			copy(out[i*t.width:(i+1)*t.width], t.score[at*t.width:])
		}
	}
}

// Count is how many rows of features were seen.
func (t *Table) Count(features *table.Table) (n int) {
	if t == nil {
		return 0
	}
	hasher, x := newHasher(t.salt, t.columns), make([]float64, t.columns)
	for row := range features.Rows {
		features.Gather(x, []int32{int32(row)})
		if _, found := slices.BinarySearch(t.hash, hasher.sum(x)); found {
			n++
		}
	}
	return n
}

// held keeps a probability from leaving 0 to 1 by a rounding.
func (t *Table) held(score float64) float64 {
	if t.task == learn.Regression {
		return score
	}
	return min(max(score, 0), 1)
}

const saltBytes = 16

// saltOf is a salt that only the same rows with the same answers have.
func saltOf(data learn.Data) (salt [saltBytes]byte) {
	h := sha256.New()
	x := make([]float64, len(data.Table.Columns)+1)
	var row []byte
	for i := range data.Table.Rows {
		data.Table.Gather(x[1:], []int32{int32(i)})
		x[0] = data.Target[i]
		row = row[:0]
		for _, v := range x {
			row = binary.LittleEndian.AppendUint64(row, bits(v))
		}
		h.Write(row)
	}
	copy(salt[:], h.Sum(nil))
	return salt
}

// hasher hashes rows one after another.
type hasher struct{ row []byte }

func newHasher(salt [saltBytes]byte, columns int) *hasher {
	return &hasher{append(make([]byte, 0, saltBytes+8*columns), salt[:]...)}
}

func (h *hasher) sum(x []float64) uint64 {
	h.row = h.row[:saltBytes]
	for _, v := range x {
		h.row = binary.LittleEndian.AppendUint64(h.row, bits(v))
	}
	sum := sha256.Sum256(h.row)
	return binary.LittleEndian.Uint64(sum[:])
}

// bits are a feature's: -0 is 0, and what is missing is missing.
func bits(v float64) uint64 {
	switch {
	case v == 0:
		return 0
	case v != v:
		return math.MaxUint64
	}
	return math.Float64bits(v)
}

// magic begins the binary form; the last byte is its version.
const magic = "SSEN\x01"

const headBytes = len(magic) + 1 + 4 + 4 + saltBytes + 4

func recordBytes(width int) int { return 8 + 8*width }

// MarshalBinary writes, little-endian: the magic, the task, the number of
// columns, the width, the salt, the number of kinds, and for each its hash and
// its prediction.
func (t *Table) MarshalBinary() ([]byte, error) {
	out := wire.AppendTask([]byte(magic), t.task)
	out = binary.LittleEndian.AppendUint32(out, uint32(t.columns))
	out = binary.LittleEndian.AppendUint32(out, uint32(t.width))
	out = append(out, t.salt[:]...)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(t.hash)))
	for i, hash := range t.hash {
		out = binary.LittleEndian.AppendUint64(out, hash)
		for _, v := range t.score[i*t.width : (i+1)*t.width] {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return out, nil
}

// most bounds the columns and the width that a reader accepts.
const most = 1 << 20

// Decode reads the binary form. Damaged bytes give an error.
func Decode(data []byte) (*Table, error) {
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return nil, fmt.Errorf("read seen rows: not of version 1: %w", learn.ErrUnknown)
	}
	r := wire.NewReader(body)
	t := &Table{task: r.Task(), columns: int(r.Uint32()), width: int(r.Uint32())}
	copy(t.salt[:], r.Take(saltBytes))
	if !(t.columns >= 1 && t.columns <= most && t.width >= 1 && t.width <= most) {
		return nil, errors.Join(errors.New("read seen rows: a size out of range"), r.Err())
	}
	n := r.Count(recordBytes(t.width))
	if n > mostKinds || r.Left() != n*recordBytes(t.width) {
		return nil, errors.Join(fmt.Errorf("read seen rows: wrong length for %d kinds", n), r.Err())
	}
	t.hash, t.score = make([]uint64, n), make([]float64, n*t.width)
	for i := range t.hash {
		t.hash[i] = r.Uint64()
		if i > 0 && t.hash[i] <= t.hash[i-1] {
			return nil, errors.New("read seen rows: hashes that do not rise")
		}
		for j := range t.width {
			v := r.Float64()
			if math.IsInf(v, 0) || v != t.held(v) {
				return nil, errors.New("read seen rows: a prediction out of range")
			}
			t.score[i*t.width+j] = v
		}
	}
	return t, r.Err()
}
