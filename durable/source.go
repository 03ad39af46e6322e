package durable

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Source is the place of the source file that has this digest. A file that
// was changed since the run first read it is refused: its rows would not be
// those that the run's other results were made from.
func (d *Desk) Source(sha256 string) (path string, err error) {
	for _, f := range d.run.record.Files {
		if f.SHA256 != sha256 {
			continue
		}
		info, err := os.Stat(f.Path)
		if err == nil && info.Size() == f.Bytes && info.ModTime().Equal(f.Changed) {
			return f.Path, nil
		}
		if now, err := digestFile(context.Background(), f.Path); err == nil && now == sha256 {
			return f.Path, nil
		}
		return "", &problem.Problem{
			Kind: problem.Blocked, Code: "data.changed", Where: filepath.Base(f.Path),
			What: "the file was changed or moved away since the run first read it",
			Why:  "a run's results all come from the same data",
			Fix:  "put the file back as it was, or begin a new run",
		}
	}
	return "", fmt.Errorf("source %s: no file of this run has that digest", sha256)
}

// Sources are the source files of the run with their digests: the sources in
// the order in which they were given, the files of a folder by name.
func (d *Desk) Sources() []ledger.File { return slices.Clone(d.run.record.Files) }

func missing(path string, err error) error {
	what := "cannot be read"
	if os.IsNotExist(err) {
		what = "is not there"
	}
	return &problem.Problem{
		Kind: problem.Usage, Code: "data.missing", Where: path, What: "the file or folder " + what,
		Fix: "name an existing file or folder with --data", Cause: err,
	}
}

// readSources digests the files behind the sources.
func readSources(ctx context.Context, sources []handoff.Source, locate func([]string) ([]string, error)) ([]ledger.File, error) {
	paths := make([]string, len(sources))
	for i, s := range sources {
		paths[i] = s.Path
	}
	if locate != nil {
		var err error
		if paths, err = locate(paths); err != nil {
			return nil, err
		}
	}
	files := make([]ledger.File, len(paths))
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, missing(path, err)
		}
		digest, err := digestFile(ctx, path)
		if err != nil {
			return nil, err
		}
		files[i] = ledger.File{Path: path, SHA256: digest, Bytes: info.Size(), Changed: info.ModTime()}
	}
	return files, nil
}

func digestFile(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		if pathErr, ok := err.(*fs.PathError); ok {
			return "", missing(path, pathErr)
		}
		return "", fmt.Errorf("digest source: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, &reader{ctx, file}); err != nil {
		return "", fmt.Errorf("digest source: %w", err)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r *reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}
