package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
)

// named is a model that a person named, and its file.
type named struct {
	Name    *string `json:"name"`    // null for a file outside the registry
	Version *int    `json:"version"` //
	Digest  string  `json:"digest"`
	Path    string  `json:"path"` // absolute
	Bytes   int64   `json:"bytes"`
}

// findModel reads MODEL: a .septet file, or of the workspace's registry a
// name (its newest version), name@alias (a version number, a stage, latest)
// or a digest.
func (a *app) findModel(ctx context.Context, model string) (*modelfile.Model, named, error) {
	var n named
	if strings.HasSuffix(model, ".septet") {
		path, err := filepath.Abs(model)
		if err != nil {
			return nil, n, fmt.Errorf("find %s: %w", model, err)
		}
		if _, err := os.Stat(path); err != nil {
			return nil, n, missingFile("MODEL", model, err)
		}
		n.Path = path
	} else {
		w, err := a.openExisting(ctx)
		if err != nil {
			return nil, n, err
		}
		defer w.Close()
		entry, err := w.registered(ctx, model)
		if err != nil {
			return nil, n, err
		}
		n = named{&entry.Name, &entry.Version, entry.Digest, filepath.Join(w.dir, entry.Path), entry.Bytes}
	}
	m, err := openModel(n.Path, n.Digest)
	if err != nil {
		return nil, n, err
	}
	n.Digest, n.Bytes = m.Digest(), m.Bytes()
	return m, n, nil
}

// openModel reads a model file, and refuses one that is damaged or is not the
// one that the registry knows; digest "" is any.
func openModel(path, digest string) (*modelfile.Model, error) {
	m, err := modelfile.Open(path)
	if errors.Is(err, modelfile.ErrFormat) {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "model.unreadable", Where: path, What: "this is no sound model file", Why: err.Error(),
			Fix: "copy the file again, or train the model again", Cause: err,
		}
	}
	if err != nil {
		return nil, err
	}
	if digest != "" && m.Digest() != digest {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "model.changed", Where: path, What: "the model file is not the one that was registered",
			Why: "its digest is " + m.Digest() + ", the registry has " + digest, Fix: "put the file back from a copy; septet verify checks the others",
		}
	}
	return m, nil
}

// registered finds a model of the registry.
func (w *workspace) registered(ctx context.Context, model string) (ledger.Model, error) {
	all, err := w.ledger.Models(ctx, "")
	if err != nil {
		return ledger.Model{}, err
	}
	name, alias, _ := strings.Cut(model, "@")
	var found *ledger.Model
	var names []string
	for i, m := range all { // by name, then version: the last that fits is the newest
		byDigest := len(model) >= 8 && strings.HasPrefix(strings.TrimPrefix(m.Digest, "sha256:"), strings.TrimPrefix(model, "sha256:"))
		if byDigest || m.Name == name && fitsAlias(m, alias) {
			found = &all[i]
		}
		names = append(names, m.Name)
	}
	if found != nil {
		return *found, nil
	}
	p := &problem.Problem{
		Kind: problem.Usage, Code: "model.unknown", Where: model, What: fmt.Sprintf("the registry has no model %q", model),
		Nearest: unique(nearest(name, names)), Fix: "name a model of the registry, a digest or a .septet file; the page /models of septet serve lists them",
	}
	return ledger.Model{}, p
}

func fitsAlias(m ledger.Model, alias string) bool {
	if n, err := strconv.Atoi(strings.TrimPrefix(alias, "v")); err == nil {
		return m.Version == n
	}
	return alias == "" || alias == "latest" || alias == string(m.Stage)
}

func unique(names []string) []string {
	var once []string
	seen := map[string]bool{}
	for _, n := range names {
		if !seen[n] {
			once = append(once, n)
		}
		seen[n] = true
	}
	return once
}
