package artifact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/handoff"
)

func open(t *testing.T, dir string) *artifact.Folder {
	t.Helper()
	f, err := artifact.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func put(t *testing.T, f *artifact.Folder, content string) handoff.Ref {
	t.Helper()
	ref, err := f.Put(context.Background(), "text", "text/plain", func(w io.Writer) error {
		_, err := io.WriteString(w, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func TestPutAndRead(t *testing.T) {
	f := open(t, t.TempDir())
	for _, content := range []string{"", "a", string(bytes.Repeat([]byte("long "), 100_000))} {
		ref := put(t, f, content)
		if ref.SHA256 != handoff.DigestBytes([]byte(content)) || ref.Bytes != int64(len(content)) || ref.Kind != "text" || ref.MediaType != "text/plain" {
			t.Errorf("%d bytes have the reference %+v", len(content), ref)
		}
		got, err := f.Read(ref)
		if err != nil || string(got) != content || !f.Has(ref) || f.Verify(ref) != nil {
			t.Errorf("%d bytes come back as %d: %v", len(content), len(got), err)
		}
		if again := put(t, f, content); again != ref {
			t.Errorf("stored twice: %+v, %+v", ref, again)
		}
	}
}

func TestWhatIsNotWholeIsNotThere(t *testing.T) {
	dir := t.TempDir()
	f := open(t, dir)
	broken := errors.New("source ended")
	_, err := f.Put(context.Background(), "text", "text/plain", func(w io.Writer) error {
		io.WriteString(w, "half")
		return broken
	})
	if !errors.Is(err, broken) {
		t.Errorf("put: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Put(ctx, "text", "text/plain", func(io.Writer) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("put after the end: %v", err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDamageIsFound(t *testing.T) {
	f := open(t, t.TempDir())
	tests := map[string]func(path string) error{
		"a flipped bit": func(path string) error { return os.WriteFile(path, []byte("xontent"), 0o600) },
		"cut off":       func(path string) error { return os.Truncate(path, 3) },
		"longer":        func(path string) error { return os.WriteFile(path, []byte("content and more"), 0o600) },
		"gone":          os.Remove,
	}
	for name, damage := range tests {
		ref := put(t, f, "content")
		if err := os.Chmod(f.Path(ref), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := damage(f.Path(ref)); err != nil {
			t.Fatal(err)
		}
		if f.Verify(ref) == nil {
			t.Errorf("%s: verified", name)
		}
		if _, err := f.Read(ref); err == nil {
			t.Errorf("%s: read", name)
		}
		if err := f.Discard(ref); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.Discard(ref); err != nil {
			t.Errorf("%s, twice: %v", name, err)
		}
		if put(t, f, "content"); f.Verify(ref) != nil {
			t.Errorf("%s: cannot be stored again", name)
		}
	}
	ref := put(t, f, "content")
	os.Chmod(f.Path(ref), 0o600)
	os.Truncate(f.Path(ref), 3)
	if put(t, f, "content"); f.Verify(ref) != nil {
		t.Error("content that was cut off stays so when it is stored again")
	}
}

func TestForeignReferences(t *testing.T) {
	f := open(t, t.TempDir())
	for _, digest := range []string{"", "..", "../../../../etc/passwd", "/etc/passwd", string(bytes.Repeat([]byte("../"), 22))[:64]} {
		ref := handoff.Ref{Kind: "text", SHA256: digest}
		if _, err := f.Read(ref); err == nil || f.Has(ref) || f.Verify(ref) == nil {
			t.Errorf("%q was read", digest)
		}
		if err := f.Discard(ref); err != nil {
			t.Errorf("%q: %v", digest, err)
		}
	}
}

func TestManyStoreTheSame(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for i := range 16 {
		wait.Go(func() {
			f, err := artifact.Open(dir)
			if err != nil {
				t.Error(err)
				return
			}
			for j := range 10 {
				content := fmt.Sprint("content ", (i+j)%5)
				ref, err := f.Put(context.Background(), "text", "text/plain", func(w io.Writer) error {
					_, err := io.WriteString(w, content)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := f.Read(ref); err != nil || string(got) != content {
					t.Errorf("%q: %v", got, err)
				}
			}
		})
	}
	wait.Wait()
	if n := len(files(t, dir)); n != 5 {
		t.Errorf("%d files, want 5", n)
	}
}

func TestOldTemporaryFilesGo(t *testing.T) {
	dir := t.TempDir()
	open(t, dir)
	old, young := filepath.Join(dir, "tmp", "put-1"), filepath.Join(dir, "tmp", "put-2")
	for _, path := range []string{old, young} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if left := files(t, dir); len(left) != 1 || left[0] != young {
		t.Errorf("left: %v", left)
	}
}
