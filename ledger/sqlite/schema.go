package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/septet-ml/septet/problem"
)

// tables are those that hold rows: id, the sequence of the event that first
// wrote it, and its JSON. The audit chain has a digest of each.
func tables() []string {
	return []string{"runs", "handoffs", "work", "memos", "models", "deployments", "openings", "refused"}
}

// migrations make version n of the file from version n-1. They are never
// changed, only added to.
func migrations() []string {
	return []string{`
CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, digest TEXT NOT NULL);
CREATE TABLE events (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, run_id TEXT NOT NULL, what TEXT NOT NULL,
	body TEXT NOT NULL, previous TEXT NOT NULL, digest TEXT NOT NULL);
CREATE INDEX events_run ON events (run_id);

CREATE TABLE runs (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL);
CREATE INDEX runs_first ON runs (first);

CREATE TABLE handoffs (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	run_id TEXT GENERATED ALWAYS AS (body ->> '$.metadata.run_id') VIRTUAL,
	sequence INTEGER GENERATED ALWAYS AS (body ->> '$.metadata.sequence') VIRTUAL);
CREATE UNIQUE INDEX handoffs_run ON handoffs (run_id, sequence);

CREATE TABLE work (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	handoff TEXT GENERATED ALWAYS AS (body ->> '$.handoff') VIRTUAL);
CREATE INDEX work_handoff ON work (handoff);

CREATE TABLE memos (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL);

CREATE TABLE models (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	name TEXT GENERATED ALWAYS AS (body ->> '$.name') VIRTUAL,
	version INTEGER GENERATED ALWAYS AS (body ->> '$.version') VIRTUAL,
	digest TEXT GENERATED ALWAYS AS (body ->> '$.digest') VIRTUAL);
CREATE UNIQUE INDEX models_name ON models (name, version);
CREATE UNIQUE INDEX models_digest ON models (name, digest);

CREATE TABLE deployments (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	name TEXT GENERATED ALWAYS AS (body ->> '$.name') VIRTUAL);
CREATE INDEX deployments_name ON deployments (name);

CREATE TABLE openings (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	sha256 TEXT GENERATED ALWAYS AS (body ->> '$.sha256') VIRTUAL);
CREATE INDEX openings_sha256 ON openings (sha256);

CREATE TABLE refused (id TEXT PRIMARY KEY, first INTEGER NOT NULL, body TEXT NOT NULL,
	run_id TEXT GENERATED ALWAYS AS (body ->> '$.run_id') VIRTUAL);
CREATE INDEX refused_run ON refused (run_id);
`}
}

// prepare brings the file to this program's version. Several processes may do
// it at once.
func (l *Ledger) prepare(ctx context.Context) error {
	err := l.migrate(ctx)
	// Setting the write-ahead log up is the one step of SQLite that does not
	// wait for others.
	for try := 0; isBusy(err) && try < 100; try++ {
		time.Sleep(20 * time.Millisecond)
		err = l.migrate(ctx)
	}
	return ledgerError(l.dir, "open ledger", err)
}

func (l *Ledger) migrate(ctx context.Context) error {
	var version int
	steps := migrations()
	if err := l.db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version == len(steps) {
		return nil
	}
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	if version > len(steps) {
		return newer(l.dir, version, len(steps))
	}
	for _, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, len(steps))); err != nil {
		return err
	}
	err = tx.Commit()
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

func newer(dir string, version, known int) error {
	return &problem.Problem{
		Code: "workspace.newer", Where: dir,
		What: fmt.Sprintf("the workspace was written by a newer septet (ledger version %d, this one knows %d)", version, known),
		Fix:  "use the newer program, or another --workspace",
	}
}
