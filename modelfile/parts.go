package modelfile

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/wire"
	"github.com/septet-ml/septet/problem"
)

// version is the number in Format. A file of a lower one is read, too; it is
// raised when a part, a field or an encoding in one comes to mean something
// else than in the files that there are.
const version = 2

// Format names this layout. Of number 1 all parts are compressed by DEFLATE.
const Format = family + "2"

const family = "septet.model/"

// parts are the names in the archive, in their order. Those behind the first
// few, which are always there, may be left out.
var parts = []string{"manifest.json", "transform.json", "ensemble.bin", "golden.json", "card.md", "points.json", "seen.bin"}

const always = 5

// optional begins the names of parts that may stand behind these, and that a
// reader leaves alone where it does not know them.
const optional = "optional/"

// maxInflation bounds how much larger than the file its parts may be together,
// a megabyte aside. Fitted trees and their texts inflate to less than a quarter
// of it.
const maxInflation = 20

// zipVersion is the version of ZIP that a packed part needs.
const zipVersion = 63

// writePart adds a part: a text as every program that knows ZIP reads it, what
// is numbers so that it is read fast.
func writePart(archive *zip.Writer, name string, content []byte) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate}
	if !strings.HasSuffix(name, ".bin") {
		part, err := archive.CreateHeader(h)
		if err == nil {
			_, err = part.Write(content)
		}
		return err
	}
	packed := wire.Pack(content)
	h.Method, h.CRC32 = wire.Packed, crc32.ChecksumIEEE(content)
	h.ReaderVersion, h.CreatorVersion = zipVersion, zipVersion
	h.CompressedSize64, h.UncompressedSize64 = uint64(len(packed)), uint64(len(content))
	part, err := archive.CreateRaw(h)
	if err == nil {
		_, err = part.Write(packed)
	}
	return err
}

// readParts inflates the parts of a file, together at most maxInflation times
// its size.
func readParts(archive *zip.Reader, file []byte) (map[string][]byte, error) {
	limit := min(int64(MaxBytes), maxInflation*int64(len(file))+1<<20)
	content := make(map[string][]byte)
	next := 0 // in parts
	for _, f := range archive.File {
		if next > 0 && strings.HasPrefix(f.Name, optional) {
			continue
		}
		i := slices.Index(parts, f.Name)
		switch {
		case i < 0 && next >= always:
			return nil, fmt.Errorf("part %q: %w", f.Name, learn.ErrUnknown)
		case i < next || i > next && next < always:
			return nil, fmt.Errorf("part %d is not %s", next+1, parts[min(next, len(parts)-1)])
		}
		data, err := inflate(f, file, limit)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		limit -= int64(len(data))
		if i == 0 {
			if err := checkFormat(data); err != nil {
				return nil, err
			}
		}
		content[f.Name], next = data, i+1
	}
	if next < always {
		return nil, fmt.Errorf("there is no %s", parts[next])
	}
	return content, nil
}

// inflate is a part of a file, of limit bytes at most.
func inflate(f *zip.File, file []byte, limit int64) ([]byte, error) {
	if f.UncompressedSize64 > uint64(limit) {
		return nil, errors.New("too large when inflated")
	}
	switch f.Method {
	case zip.Store, zip.Deflate:
	case wire.Packed:
		return unpack(f, file)
	default:
		return nil, fmt.Errorf("compression %d: %w", f.Method, learn.ErrUnknown)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	data, err := readAll(r, int64(f.UncompressedSize64), limit)
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errors.New("too large when inflated")
	}
	return data, nil
}

// unpack is a packed part of a file.
func unpack(f *zip.File, file []byte) ([]byte, error) {
	from, err := f.DataOffset()
	if err != nil {
		return nil, err
	}
	if from > int64(len(file)) || f.CompressedSize64 > uint64(int64(len(file))-from) {
		return nil, wire.ErrShort
	}
	data, err := wire.Unpack(file[from:from+int64(f.CompressedSize64)], int(f.UncompressedSize64))
	if err == nil && crc32.ChecksumIEEE(data) != f.CRC32 {
		err = zip.ErrChecksum
	}
	return data, err
}

// readAll is what r gives, but no more than limit + 1 bytes of it. size is how
// many that will be; where it is not so, reading takes longer.
func readAll(r io.Reader, size, limit int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(min(max(size, 0), limit)) + bytes.MinRead)
	_, err := b.ReadFrom(io.LimitReader(r, limit+1))
	return b.Bytes(), err
}

// checkFormat refuses the manifest of a format that this program does not read.
func checkFormat(manifest []byte) error {
	var m struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(manifest, &m); err != nil {
		return fmt.Errorf("manifest.json: %w", err)
	}
	number, ours := strings.CutPrefix(m.Format, family)
	n, err := strconv.Atoi(number)
	if !ours || err != nil || n < 1 {
		return fmt.Errorf("format %q, this program reads %q", m.Format, Format)
	}
	if n > version {
		return fmt.Errorf("format %d, where formats up to %d are read: %w", n, version, learn.ErrUnknown)
	}
	return nil
}

// Newer is the problem of a file that says more than this program understands;
// why wraps learn.ErrUnknown.
func Newer(why error) *problem.Problem {
	return &problem.Problem{
		Kind: problem.Blocked, Code: "model.newer", What: "the model file was made by a newer Septet", Why: why.Error(),
		Fix:   "use the Septet that made it, or a later one; where there is none, copy the file again or train the model again",
		Cause: why,
	}
}
