// Package sqlite is the ledger in one SQLite file, for one machine.
//
// Each table has the rows' JSON as it was written, and what is looked up by is
// generated from it. A change is one short BEGIN IMMEDIATE transaction that
// writes the row and appends an event with the row's digest to the audit
// chain; it is synced before the call returns. Several processes share the
// file through SQLite's own locks and its write-ahead log, which needs a
// local disk: network folders are refused.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"github.com/septet-ml/septet/ledger"
)

// Ledger is an open ledger. It may be used by several goroutines at once.
type Ledger struct {
	db    *sql.DB
	loose *sql.DB    // the same file, for what may be lost with the machine: see dsn
	dir   string     // for messages
	write sync.Mutex // one writer of this process at a time
	now   func() time.Time
}

var _ ledger.Ledger = (*Ledger)(nil)

// busy is how long a transaction waits for those of other processes.
const busy = 30 * time.Second

// Open opens the file ledger.db in a folder, and makes both if need be. A
// folder that cannot hold a ledger is a *problem.Problem.
func Open(ctx context.Context, dir string) (*Ledger, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, ledgerError(dir, "open ledger", err)
	}
	if err := refuseNetwork(dir); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "ledger.db")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, ledgerError(dir, "open ledger", err)
	}
	if err := file.Close(); err != nil {
		return nil, ledgerError(dir, "open ledger", err)
	}
	db, err := sql.Open("sqlite", dsn(path, "FULL"))
	if err != nil {
		return nil, ledgerError(dir, "open ledger", err)
	}
	loose, err := sql.Open("sqlite", dsn(path, "NORMAL"))
	if err != nil {
		return nil, errors.Join(ledgerError(dir, "open ledger", err), db.Close())
	}
	l := &Ledger{db: db, loose: loose, dir: dir, now: time.Now}
	if err := l.prepare(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// dsn opens the file so that a commit is on the disk when it returns (FULL),
// or at the latest at the next such commit (NORMAL): then it survives a kill of
// the process at once, but not one of the machine.
func dsn(path, synchronous string) string {
	query := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()),
		"journal_mode(WAL)", "synchronous(" + synchronous + ")", "foreign_keys(ON)", "trusted_schema(OFF)",
	}}
	return (&url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}).String()
}

// Close ends the use of the file.
func (l *Ledger) Close() error {
	if err := errors.Join(l.loose.Close(), l.db.Close()); err != nil {
		return fmt.Errorf("close ledger: %w", err)
	}
	return nil
}

// change runs work in one transaction: all of it or nothing.
func (l *Ledger) change(ctx context.Context, what string, work func(tx *change) error) error {
	return l.changeBy(ctx, l.db, what, work)
}

func (l *Ledger) changeBy(ctx context.Context, db *sql.DB, what string, work func(tx *change) error) error {
	l.write.Lock()
	defer l.write.Unlock()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return ledgerError(l.dir, what, err)
	}
	defer tx.Rollback()
	c := &change{Tx: tx, ctx: ctx, at: l.now().UTC()}
	if err := c.readHead(); err != nil {
		return ledgerError(l.dir, what, err)
	}
	if err := work(c); err != nil {
		return ledgerError(l.dir, what, err)
	}
	if err := c.writeHead(); err != nil {
		return ledgerError(l.dir, what, err)
	}
	if err := tx.Commit(); err != nil {
		return ledgerError(l.dir, what, err)
	}
	return nil
}
