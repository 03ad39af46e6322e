package source

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// sampleBytes is how much of a text file is looked at before it is read.
const sampleBytes = 256 << 10

// input is an open file: text without compression, in UTF-8 as far as its
// encoding is known, and the digest of the bytes on disk.
type input struct {
	name   string // without folder, for problems
	file   *os.File
	raw    *hashed
	text   *bufio.Reader // nil for Parquet
	format table.Format
}

// open looks at the first bytes to tell what a file is, whatever its name.
func open(path string) (*input, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, notFound(path, err)
	}
	in := &input{name: filepath.Base(path), file: file}
	if err := in.start(); err != nil {
		file.Close()
		return nil, err
	}
	return in, nil
}

func (in *input) start() error {
	in.raw = &hashed{reader: in.file, hash: sha256.New()}
	raw := bufio.NewReaderSize(in.raw, sampleBytes)
	magic, err := raw.Peek(4)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", in.name, err)
	}
	if bytes.Equal(magic, []byte("PAR1")) {
		in.format = table.Format{Kind: "parquet"}
		return nil
	}
	in.format = table.Format{Kind: "csv", Encoding: "utf-8"}
	var text io.Reader = raw
	if bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) {
		in.format.Compression = "gzip"
		unzipped, err := gzip.NewReader(raw)
		if err != nil {
			return in.damaged(err)
		}
		text = unzipped
	}
	in.text = bufio.NewReaderSize(text, sampleBytes)
	mark, err := in.text.Peek(4)
	if err != nil && err != io.EOF {
		return in.damaged(err)
	}
	switch {
	case bytes.HasPrefix(mark, []byte{0xef, 0xbb, 0xbf}):
		in.text.Discard(3)
	case bytes.HasPrefix(mark, []byte{0xff, 0xfe}), bytes.HasPrefix(mark, []byte{0xfe, 0xff}):
		in.text.Discard(2)
		big := mark[0] == 0xfe
		in.format.Encoding = "utf-16le"
		if big {
			in.format.Encoding = "utf-16be"
		}
		in.text = bufio.NewReaderSize(&utf16Reader{reader: bufio.NewReader(in.text), big: big}, sampleBytes)
	}
	return in.refuse()
}

// sample is what the text begins with.
func (in *input) sample() ([]byte, error) {
	sample, err := in.text.Peek(sampleBytes)
	if err != nil && err != io.EOF {
		return nil, in.damaged(err)
	}
	return sample, nil
}

// refuse tells what is wrong with a file that is no table of text.
func (in *input) refuse() error {
	sample, err := in.sample()
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(sample)) == 0 {
		return in.unreadable("the file is empty", "", "export the table again, or leave the file out")
	}
	for _, known := range []struct{ magic, what, fix string }{
		{"PK\x03\x04", "this is a ZIP archive or an Excel workbook, not a table of text", "unpack it, or save the sheet as CSV"},
		{"\xd0\xcf\x11\xe0", "this is an old Excel or Word file, not a table of text", "save the sheet as CSV"},
		{"SQLite format 3\x00", "this is an SQLite database, not a table of text", "export the tables as CSV or Parquet"},
		{"%PDF", "this is a PDF, not a table of text", "give the tables that it was made from"},
		{"\x28\xb5\x2f\xfd", "this is compressed with zstd, which is not read", "unpack it, or compress it with gzip"},
		{"BZh", "this is compressed with bzip2, which is not read", "unpack it, or compress it with gzip"},
		{"\xfd7zXZ", "this is compressed with xz, which is not read", "unpack it, or compress it with gzip"},
		{"\x1f\x8b", "this is compressed twice with gzip", "unpack it once"},
		{"<!DOCTYPE", "this is a web page, not a table", "download the file itself: the page may be a log-in"},
		{"<html", "this is a web page, not a table", "download the file itself: the page may be a log-in"},
		{"{", "this looks like JSON, not a table of text", "write the rows as CSV or Parquet"},
	} {
		if bytes.HasPrefix(sample, []byte(known.magic)) {
			return in.unreadable(known.what, "", known.fix)
		}
	}
	control := 0
	for _, b := range sample {
		if b == 0 {
			return in.unreadable("the file is binary", "it holds NUL bytes near its beginning",
				"give CSV, TSV or Parquet; UTF-16 needs a byte-order mark")
		}
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' && b != 0x01 && b != 0x0c || b == 0x7f {
			control++
		}
	}
	if control*50 > len(sample) {
		return in.unreadable("the file is binary", fmt.Sprintf("%d of its first %d bytes are control characters", control, len(sample)),
			"give CSV, TSV or Parquet")
	}
	return nil
}

// unreadable is the problem of a file that is not the table it should be.
func (in *input) unreadable(what, why, fix string) error {
	return &problem.Problem{Kind: problem.Blocked, Code: "data.unreadable", Where: in.name, What: what, Why: why, Fix: fix}
}

// damaged is the problem of an error while reading or decoding.
func (in *input) damaged(err error) error {
	p := &problem.Problem{
		Kind: problem.Blocked, Code: "data.unreadable", Where: in.name, Cause: err,
		Fix: "copy or download the file again",
	}
	switch {
	case in.format.Compression == "" && errors.Is(err, io.ErrUnexpectedEOF):
		p.What, p.Why = "the file is cut short", "its last character is incomplete"
	case in.format.Compression == "":
		return fmt.Errorf("read %s: %w", in.name, err)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		p.What, p.Why = "the gzip file is cut short", fmt.Sprintf("it ends inside the data, after %d bytes", in.raw.bytes)
	default:
		p.What, p.Why = "the gzip file is damaged", err.Error()
	}
	return p
}

// finish reads what is left of the file, and gives its digest and size.
func (in *input) finish() (digest string, size int64, err error) {
	_, err = in.file.Seek(in.raw.bytes, io.SeekStart) // a Parquet file is read here and there
	if err == nil {
		_, err = io.Copy(io.Discard, in.raw)
	}
	if err != nil {
		return "", 0, fmt.Errorf("read %s: %w", in.name, err)
	}
	return hex.EncodeToString(in.raw.hash.Sum(nil)), in.raw.bytes, nil
}

// hashed is a reader that digests and counts what passes.
type hashed struct {
	reader io.Reader
	hash   hash.Hash
	bytes  int64
}

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.reader.Read(p)
	h.hash.Write(p[:n])
	h.bytes += int64(n)
	return n, err
}

// utf16Reader reads UTF-16 as UTF-8. What is no character becomes U+FFFD.
type utf16Reader struct {
	reader *bufio.Reader
	big    bool
	left   []byte // decoded, not yet given
	buffer [4 << 10]byte
}

func (r *utf16Reader) Read(p []byte) (int, error) {
	if len(r.left) == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.left)
	r.left = r.left[n:]
	return n, nil
}

func (r *utf16Reader) fill() error {
	out := r.buffer[:0]
	for len(out) <= len(r.buffer)-utf8.UTFMax {
		c, err := r.unit()
		if err != nil {
			if err == io.EOF && len(out) > 0 {
				break
			}
			return err
		}
		char := rune(c)
		if 0xd800 <= c && c < 0xdc00 {
			char = utf8.RuneError
			if pair, _ := r.reader.Peek(2); len(pair) == 2 {
				if low := r.order(pair); 0xdc00 <= low && low < 0xe000 {
					r.reader.Discard(2)
					char = (rune(c)-0xd800)<<10 | (rune(low) - 0xdc00) + 0x10000
				}
			}
		}
		out = utf8.AppendRune(out, char)
	}
	r.left = out
	return nil
}

// unit reads one 16-bit unit; a last odd byte is io.ErrUnexpectedEOF.
func (r *utf16Reader) unit() (uint16, error) {
	var pair [2]byte
	if _, err := io.ReadFull(r.reader, pair[:]); err != nil {
		return 0, err
	}
	return r.order(pair[:]), nil
}

func (r *utf16Reader) order(pair []byte) uint16 {
	if r.big {
		return uint16(pair[0])<<8 | uint16(pair[1])
	}
	return uint16(pair[1])<<8 | uint16(pair[0])
}
