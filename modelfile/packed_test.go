package modelfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/septet-ml/septet/learn/wire"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
)

// The texts of a file are there for any program that reads ZIP.
func TestTextsAreReadByOtherPrograms(t *testing.T) {
	m, _ := build(t)
	data := encode(t, m)
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".bin") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		if _, err := io.ReadAll(r); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
		texts++
	}
	if texts != 4 {
		t.Errorf("%d texts, want 4", texts)
	}
}

// A file of number 1, with every part deflated or stored, is the same model.
func TestPartsMayBeDeflated(t *testing.T) {
	m, _ := build(t)
	parts := unpack(t, encode(t, m))
	parts[0].text = strings.Replace(parts[0].text, modelfile.Format, "septet.model/1", 1)
	read, err := modelfile.Decode(pack(t, parts))
	if err != nil || read.Format != "septet.model/1" {
		t.Fatalf("format %q, error %v", read.Format, err)
	}
	if equal, total, err := read.Replay(); err != nil || equal != total || total == 0 {
		t.Errorf("%d of %d golden rows agree, %v", equal, total, err)
	}
}

// What a part says of itself is held against what it is, and takes no more memory
// than the limit.
func TestPartsThatLie(t *testing.T) {
	m, _ := build(t)
	sound := encode(t, m)
	for name, test := range map[string]struct {
		lie  func(h *zip.FileHeader, packed *[]byte)
		want string // problem; "" is an error that wraps ErrFormat
	}{
		"a byte fewer":          {func(h *zip.FileHeader, _ *[]byte) { h.UncompressedSize64-- }, ""},
		"a byte more":           {func(h *zip.FileHeader, _ *[]byte) { h.UncompressedSize64++ }, ""},
		"far more":              {func(h *zip.FileHeader, _ *[]byte) { h.UncompressedSize64 = modelfile.MaxBytes }, ""},
		"more than there is":    {func(h *zip.FileHeader, _ *[]byte) { h.UncompressedSize64 = math.MaxUint64 }, ""},
		"bytes beyond the file": {func(h *zip.FileHeader, _ *[]byte) { h.CompressedSize64 = 1 << 40 }, ""},
		"another sum":           {func(h *zip.FileHeader, _ *[]byte) { h.CRC32++ }, ""},
		"not packed":            {func(h *zip.FileHeader, _ *[]byte) { h.Method = zip.Deflate }, ""},
		"not packed at all":     {func(h *zip.FileHeader, _ *[]byte) { h.Method = zip.Store }, ""},
		"packed otherwise":      {func(h *zip.FileHeader, _ *[]byte) { h.Method = 98 }, "model.newer"},
		"a bomb": {func(h *zip.FileHeader, packed *[]byte) {
			*packed = wire.Pack(make([]byte, 200<<20))
			h.CompressedSize64, h.UncompressedSize64 = uint64(len(*packed)), 200<<20
		}, ""},
		"a bomb in disguise": {func(h *zip.FileHeader, packed *[]byte) {
			*packed = wire.Pack(make([]byte, 200<<20))
			h.CompressedSize64 = uint64(len(*packed))
		}, ""},
	} {
		_, err := modelfile.Decode(lying(t, sound, test.lie))
		if p := problem.As(err); (p != nil) != (test.want != "") || p != nil && p.Code != test.want || p == nil && !errors.Is(err, modelfile.ErrFormat) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if _, err := modelfile.Decode(lying(t, sound, func(*zip.FileHeader, *[]byte) {})); err != nil {
		t.Errorf("the truth: %v", err)
	}
}

// lying is a model file whose ensemble says of itself what lie makes of it.
func lying(t *testing.T, sound []byte, lie func(h *zip.FileHeader, packed *[]byte)) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, p := range unpack(t, sound) {
		h := &zip.FileHeader{Name: p.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(p.text))}
		content := []byte(p.text)
		if p.name == "ensemble.bin" {
			h.Method, content = wire.Packed, wire.Pack(content)
		}
		h.CompressedSize64, h.UncompressedSize64 = uint64(len(content)), uint64(len(p.text))
		if p.name == "ensemble.bin" {
			lie(h, &content)
		}
		w, err := archive.CreateRaw(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
