package source_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
)

// A link inside a folder is followed; one that leads out of it is refused.
func TestLinksStayInTheirFolder(t *testing.T) {
	dir, outside := t.TempDir(), filepath.Join(t.TempDir(), "secret.csv")
	for _, path := range []string{outside, filepath.Join(dir, "a.csv")} {
		if err := os.WriteFile(path, []byte("x,y\n1,2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("a.csv", filepath.Join(dir, "b.csv")); err != nil {
		t.Fatal(err)
	}
	if files, err := source.Locate([]string{dir}); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v; want 2", len(files), err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "c.csv")); err != nil {
		t.Fatal(err)
	}
	if _, err := source.Locate([]string{dir}); problem.As(err) == nil || problem.As(err).Code != "data.link" {
		t.Errorf("error %v, want data.link", err)
	}
	if _, err := source.Locate([]string{filepath.Join(dir, "c.csv")}); err != nil {
		t.Errorf("a link that is named itself: %v", err)
	}
}
