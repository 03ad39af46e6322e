// Package trial is what the programs that measure have in common: the program
// that is measured, the lines of cases that have ended, and the page that the
// figures go to.
package trial

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/test/e2e/drive"
)

// Program is a binary of septet that is measured.
type Program struct {
	Path   string // absolute
	Digest string // SHA-256 of the binary, hex
	name   string // the commit that it was built of, or the beginning of the digest
}

// Take is the binary at path, or, where path is "", one that is built of the
// working tree into the folder work.
func Take(ctx context.Context, path, work string) (p Program, err error) {
	if path == "" {
		if path, err = drive.Build(ctx, work); err != nil {
			return p, err
		}
		if commit, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty").Output(); err == nil {
			p.name = strings.TrimSpace(string(commit))
		}
	}
	if p.Path, err = filepath.Abs(path); err != nil {
		return p, err
	}
	f, err := os.Open(p.Path)
	if err != nil {
		return p, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return p, err
	}
	p.Digest = fmt.Sprintf("%x", h.Sum(nil))
	if p.name == "" {
		p.name = "binary " + p.Digest[:12]
	}
	return p, nil
}

// Title says what was measured, when, of which program and on what.
func (p Program) Title(what string) string {
	return fmt.Sprintf("%s, %s, %s, %s/%s, %d processors, %s", what, time.Now().UTC().Format(time.DateOnly),
		p.name, runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
}

// Publish prints text, and appends it to the file page unless that is "".
func Publish(text, page string) error {
	fmt.Print(text)
	if page == "" {
		return nil
	}
	return appendTo(page, "\n"+text)
}

// Cases are the values that Append has written to a file, in their order; none
// if there is no file. A torn last line, as a killed process leaves it, counts
// for nothing.
func Cases[T any](path string) ([]T, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []T
	r := bufio.NewReader(f)
	for {
		line, err := r.ReadBytes('\n')
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var one T
		if err := json.Unmarshal(line, &one); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(all)+1, err)
		}
		all = append(all, one)
	}
}

// Append writes v as one line of JSON at the end of a file, behind a torn line
// that it takes away.
func Append(path string, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := trim(path); err != nil {
		return err
	}
	return appendTo(path, string(line)+"\n")
}

// trim cuts a file behind its last line end.
func trim(path string) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if whole := strings.LastIndexByte(string(data), '\n') + 1; whole < len(data) {
		return os.Truncate(path, int64(whole))
	}
	return nil
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// Rate is k of n in words, with exact 95 % bounds.
func Rate(k, n int) string {
	hit := make([]float64, n)
	for i := range k {
		hit[i] = 1
	}
	p := metric.ProportionOf(hit, nil)
	if n == 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d = %.1f %% (%.1f to %.1f)", k, n, 100*p.Value, 100*p.Low, 100*p.High)
}
