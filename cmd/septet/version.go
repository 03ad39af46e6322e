package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/terminal"
)

// version is set by the build; "dev" where it was not.
var version = "dev"

// versions is the answer of septet version.
type versions struct {
	Format  string `json:"format"` // septet.version/1
	Version string `json:"version"`
	Program string `json:"program"` // what keys of work hold: the version, or of a development build the binary's digest
	Go      string `json:"go"`
	System  string `json:"system"`
}

func (v versions) Text(w io.Writer, _ terminal.Style) {
	fmt.Fprintf(w, "septet %s  %s  %s\nwork is keyed by %s\n", v.Version, v.Go, v.System, v.Program)
}

func (a *app) versionCommand() *cobra.Command {
	return a.command(&cobra.Command{
		Use: "version", Short: "The program's version", GroupID: "know", Args: exactly(),
	}, func(context.Context, []string) (answer, error) {
		p, err := program()
		if err != nil {
			return nil, err
		}
		return versions{"septet.version/1", version, p, runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH}, nil
	})
}

// program is what stands for this program in the keys of work: the version of
// a release, else the digest of the binary, so that code that changed is never
// mistaken for code that did not.
func program() (string, error) {
	if released(version) {
		return version, nil
	}
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("read the program's own file: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the program's own file: %w", err)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil)), nil
}

// released tells whether v names a release: "v1.2.3", no commits after it.
func released(v string) bool {
	return strings.HasPrefix(v, "v") && strings.Count(v, ".") == 2 && !strings.ContainsAny(v, "-+ ")
}
