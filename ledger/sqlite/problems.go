package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/septet-ml/septet/problem"
)

// ledgerError names the operation; what a person can mend becomes a Problem.
func ledgerError(dir, what string, err error) error {
	if err == nil || problem.As(err) != nil {
		return err
	}
	p := &problem.Problem{Where: dir, Cause: err}
	switch {
	case code(err) == lib.SQLITE_FULL || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		p.Code, p.What = "workspace.full", "the disk of the workspace is full"
		p.Fix = "make room and resume the run, or use another --workspace"
	case code(err) == lib.SQLITE_READONLY || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		p.Code, p.What = "workspace.read_only", "the workspace cannot be written"
		p.Fix = "give this account the right to write there, or use another --workspace"
	case code(err) == lib.SQLITE_CANTOPEN || errors.Is(err, syscall.ENOTDIR):
		p.Code, p.What = "workspace.unusable", "the workspace cannot be opened"
		p.Fix = "use another --workspace"
	case code(err) == lib.SQLITE_CORRUPT || code(err) == lib.SQLITE_NOTADB:
		p.Code, p.What = "workspace.damaged", "the ledger of the workspace is damaged"
		p.Fix = "put ledger.db back from a copy, or use another --workspace"
	case isBusy(err):
		p.Code, p.What = "workspace.busy", fmt.Sprintf("other programs kept the ledger locked for %s", busy)
		p.Fix = "end the program that holds it, then resume the run"
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
	return p
}

// code is SQLite's primary result code; 0 for another error.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

func isBusy(err error) bool { return code(err) == lib.SQLITE_BUSY || code(err) == lib.SQLITE_LOCKED }
