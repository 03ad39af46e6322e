// Package artifact keeps files by the SHA-256 of their content.
//
// A file is written to a temporary name, synced, and renamed to its digest,
// so that a name that exists holds what it says: a crash leaves at most an
// unused temporary file.
package artifact

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// ErrDigest is the error of content that is not what its name says.
var ErrDigest = errors.New("content does not match its digest")

// Folder is a store in a directory: objects/ab/abcdef...
type Folder struct{ dir string }

// Open makes the directory if need be, and takes away temporary files that a
// crash left behind a day ago or longer.
func Open(dir string) (*Folder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "objects"), 0o700); err != nil {
		return nil, fmt.Errorf("open artifact folder: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o700); err != nil {
		return nil, fmt.Errorf("open artifact folder: %w", err)
	}
	f := &Folder{dir: dir}
	f.sweep()
	return f, nil
}

// sweep takes old temporary files away. What it cannot take away it leaves.
func (f *Folder) sweep() {
	entries, _ := os.ReadDir(filepath.Join(f.dir, "tmp"))
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.Remove(filepath.Join(f.dir, "tmp", e.Name()))
		}
	}
}

// Put stores what write writes and gives its reference with Rows 0. Content
// that is already there is kept as it is. It is on the disk when Put returns.
func (f *Folder) Put(ctx context.Context, kind, mediaType string, write func(io.Writer) error) (handoff.Ref, error) {
	return f.put(ctx, kind, mediaType, write, true)
}

// Cache is Put for what can be made again: it does not wait for the disk, so
// the content survives a kill of the process but perhaps not of the machine.
// What reads it holds it against its digest, as always.
func (f *Folder) Cache(ctx context.Context, kind, mediaType string, write func(io.Writer) error) (handoff.Ref, error) {
	return f.put(ctx, kind, mediaType, write, false)
}

func (f *Folder) put(ctx context.Context, kind, mediaType string, write func(io.Writer) error, sync bool) (handoff.Ref, error) {
	ref := handoff.Ref{Kind: kind, MediaType: mediaType}
	tmp, err := os.CreateTemp(filepath.Join(f.dir, "tmp"), "put-*")
	if err != nil {
		return ref, fmt.Errorf("store %s: %w", kind, err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	out := &digester{w: bufio.NewWriterSize(tmp, 1<<16), hash: sha256.New()}
	if err := errors.Join(write(out), ctx.Err()); err != nil {
		return ref, fmt.Errorf("store %s: %w", kind, err)
	}
	err = out.w.Flush()
	if sync {
		err = errors.Join(err, tmp.Sync())
	}
	if err := errors.Join(err, tmp.Close()); err != nil {
		return ref, fmt.Errorf("store %s: %w", kind, err)
	}
	ref.SHA256 = hex.EncodeToString(out.hash.Sum(nil))
	ref.Bytes = out.n
	return ref, f.adopt(tmp.Name(), ref.SHA256, ref.Bytes, sync)
}

// adopt gives a finished file its name. Content of that name and size is kept;
// it may have come by Cache, so that it has to be brought to the disk now.
func (f *Folder) adopt(tmp, digest string, bytes int64, sync bool) error {
	path := f.path(digest)
	if info, err := os.Stat(path); err == nil && info.Size() == bytes {
		if sync {
			return errors.Join(syncPath(path), syncPath(filepath.Dir(path)))
		}
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("store %s: %w", digest, err)
	}
	if err := os.Chmod(tmp, 0o400); err != nil {
		return fmt.Errorf("store %s: %w", digest, err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("store %s: %w", digest, err)
	}
	if sync {
		return syncPath(filepath.Dir(path))
	}
	return nil
}

// Has tells whether the content is there with the right size.
func (f *Folder) Has(ref handoff.Ref) bool {
	info, err := os.Stat(f.path(ref.SHA256))
	return err == nil && info.Size() == ref.Bytes
}

// Path is where the content lies. It is the caller's to read, never to change.
func (f *Folder) Path(ref handoff.Ref) string { return f.path(ref.SHA256) }

// Verify reads the content and holds it against its digest.
func (f *Folder) Verify(ref handoff.Ref) error {
	file, err := os.Open(f.path(ref.SHA256))
	if err != nil {
		return fmt.Errorf("verify %s: %w", ref.Kind, err)
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil {
		return fmt.Errorf("verify %s: %w", ref.Kind, err)
	}
	if n != ref.Bytes || hex.EncodeToString(sum.Sum(nil)) != ref.SHA256 {
		return fmt.Errorf("verify %s %s: %w", ref.Kind, ref.SHA256, ErrDigest)
	}
	return nil
}

// Read gives the whole content, checked against its digest.
func (f *Folder) Read(ref handoff.Ref) ([]byte, error) {
	data, err := os.ReadFile(f.path(ref.SHA256))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read %s %s: not in the artifact folder: %w", ref.Kind, ref.SHA256, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ref.Kind, err)
	}
	sum := sha256.Sum256(data)
	if hex.EncodeToString(sum[:]) != ref.SHA256 {
		return nil, fmt.Errorf("read %s %s: %w", ref.Kind, ref.SHA256, ErrDigest)
	}
	return data, nil
}

// Discard takes content that is damaged or no longer wanted out of the store.
func (f *Folder) Discard(ref handoff.Ref) error {
	if err := os.Remove(f.path(ref.SHA256)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("discard %s: %w", ref.Kind, err)
	}
	return nil
}

func (f *Folder) path(digest string) string {
	if len(digest) != 64 || strings.ContainsFunc(digest, notHex) {
		return filepath.Join(f.dir, "objects", "invalid")
	}
	return filepath.Join(f.dir, "objects", digest[:2], digest)
}

func notHex(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f') }

type digester struct {
	w    *bufio.Writer
	hash hash.Hash
	n    int64
}

func (d *digester) Write(p []byte) (int, error) {
	n, err := d.w.Write(p)
	d.hash.Write(p[:n])
	d.n += int64(n)
	return n, err
}

// syncPath brings a file or a folder to the disk.
func syncPath(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	return nil
}
