package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/septet-ml/septet/artifact"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
)

// workspace is the folder that runs, models and the ledger are kept in, open.
type workspace struct {
	dir       string // absolute
	ledger    ledger.Ledger
	artifacts *artifact.Folder
}

// open opens the workspace, and makes it where it is not there.
func (a *app) open(ctx context.Context) (*workspace, error) {
	dir, err := a.folder()
	if err != nil {
		return nil, err
	}
	l, err := sqlite.Open(ctx, dir)
	if err != nil && problem.As(err) == nil {
		return nil, &problem.Problem{
			Code: "workspace.unusable", Where: dir, What: "the workspace cannot be opened", Why: fmt.Sprint(cause(err)),
			Fix: "use another --workspace", Cause: err,
		}
	}
	if err != nil {
		return nil, err
	}
	artifacts, err := artifact.Open(filepath.Join(dir, "artifacts"))
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &workspace{dir, l, artifacts}, nil
}

// openExisting opens the workspace, and refuses a folder that is none.
func (a *app) openExisting(ctx context.Context) (*workspace, error) {
	dir, err := a.folder()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, "ledger.db")); errors.Is(err, fs.ErrNotExist) {
		return nil, &problem.Problem{
			Kind: problem.Usage, Code: "workspace.none", Where: dir, What: "there is no workspace here",
			Fix: "go to the folder where you ran septet, or name its workspace with --workspace",
		}
	}
	return a.open(ctx)
}

func (w *workspace) Close() error { return w.ledger.Close() }

// isNoWorkspace tells whether err is that of openExisting where there is none.
func isNoWorkspace(err error) bool {
	p := problem.As(err)
	return p != nil && p.Code == "workspace.none"
}
