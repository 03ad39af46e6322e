package modelfile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
)

// part is one file of an archive.
type part struct{ name, text string }

// unpack is the parts of a model file.
func unpack(t testing.TB, data []byte) (parts []part) {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	archive.RegisterDecompressor(zstd.ZipMethodWinZip, zstd.ZipDecompressor())
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part{f.Name, string(text)})
	}
	return parts
}

func pack(t testing.TB, parts []part) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := archive.Create(p.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(p.text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What a later program says in a way that this one may pass over is passed
// over; all else that this one does not know is refused, with what to do.
func TestFilesOfLaterPrograms(t *testing.T) {
	m, _ := build(t)
	sound := encode(t, m)
	change := func(name, from, to string) func([]part) []part {
		return func(parts []part) []part {
			for i, p := range parts {
				if p.name == name {
					if !strings.Contains(p.text, from) {
						t.Fatalf("%s does not hold %q", name, from)
					}
					parts[i].text = strings.Replace(p.text, from, to, 1)
				}
			}
			return parts
		}
	}
	add := func(p part) func([]part) []part { return func(parts []part) []part { return append(parts, p) } }
	const whole, newer, broken = "", "model.newer", "no model file"
	for name, test := range map[string]struct {
		change func([]part) []part
		want   string
		why    string
	}{
		"as it is":                 {func(p []part) []part { return p }, whole, ""},
		"an optional part":         {add(part{"optional/later.json", "{}"}), whole, ""},
		"a part of a later format": {add(part{"later.json", "{}"}), newer, "later.json"},
		"the next format":          {change("manifest.json", `"septet.model/2"`, `"septet.model/3"`), newer, "format 3"},
		"a format far away":        {change("manifest.json", `"septet.model/2"`, `"septet.model/100"`), newer, "format 100"},
		"no format":                {change("manifest.json", `"septet.model/2"`, `"other/1"`), broken, "other/1"},
		"format 0":                 {change("manifest.json", `"septet.model/2"`, `"septet.model/0"`), broken, "septet.model/0"},
		"a field of the manifest":  {change("manifest.json", `{`, `{"later":1,`), newer, `"later"`},
		"a field of a feature":     {change("transform.json", `{"name"`, `{"later":1,"name"`), newer, `"later"`},
		"a kind of calibration":    {change("manifest.json", `"platt"`, `"later"`), newer, `kind "later"`},
		"an operation":             {change("transform.json", `"op":"month"`, `"op":"later"`), newer, `operation "later"`},
		"a family of learners":     {change("ensemble.bin", "boosted_trees", "loosted_trees"), newer, `learner "loosted_trees"`},
		"a field of a learner":     {change("ensemble.bin", `"coefficients"`, `"koefficients"`), newer, `"koefficients"`},
		"an encoding":              {change("ensemble.bin", "SENS\x02", "SENS\x03"), newer, "version 1 to 2"},
		"more behind the manifest": {change("manifest.json", `{"format"`, `{"format":"septet.model/2"} {"format"`), broken, ""},
		"a part twice":             {func(p []part) []part { return append(p, p[4]) }, broken, "points.json"},
		"a part too few":           {func(p []part) []part { return p[:4] }, broken, "card.md"},
		"parts in another order":   {func(p []part) []part { return []part{p[0], p[2], p[1], p[3], p[4]} }, broken, "transform.json"},
		"no manifest at first":     {func(p []part) []part { return append([]part{{"optional/later.json", "{}"}}, p...) }, broken, "manifest.json"},
		"a later format of other parts": {func(p []part) []part {
			return []part{{"manifest.json", `{"format":"septet.model/3","kind":3}`}, {"model.bin", ""}}
		}, newer, "format 3"},
	} {
		_, err := modelfile.Decode(pack(t, test.change(unpack(t, sound))))
		switch p := problem.As(err); {
		case test.want == whole:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case test.want == newer:
			if p == nil || p.Code != newer || p.Fix == "" || !strings.Contains(p.Why, test.why) || errors.Is(err, modelfile.ErrFormat) {
				t.Errorf("%s: %v, want %s about %s", name, err, newer, test.why)
			}
		case !errors.Is(err, modelfile.ErrFormat) || !strings.Contains(err.Error(), test.why):
			t.Errorf("%s: %v, want an error that wraps ErrFormat about %s", name, err, test.why)
		}
	}
}

// The refusal names the file.
func TestOpenNamesTheFile(t *testing.T) {
	m, _ := build(t)
	path := filepath.Join(t.TempDir(), "later.septet")
	if err := os.WriteFile(path, pack(t, append(unpack(t, encode(t, m)), part{"later.json", ""})), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := modelfile.Open(path)
	if p := problem.As(err); p == nil || p.Where != path {
		t.Errorf("error %v, want a problem of %s", err, path)
	}
}
