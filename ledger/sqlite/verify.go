package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Verify replays the audit chain against the tables. It reads one consistent
// state, all of it.
func (l *Ledger) Verify(ctx context.Context) ([]handoff.Fault, error) {
	v := &verifier{rows: map[string]seen{}}
	if err := l.snapshot(ctx, v.all); err != nil {
		return nil, ledgerError(l.dir, "verify ledger", err)
	}
	return v.faults, nil
}

// querier is a connection or the whole pool.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// snapshot lets read see one state of the ledger, whatever others write.
func (l *Ledger) snapshot(ctx context.Context, read func(context.Context, querier) error) error {
	conn, err := l.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, `BEGIN DEFERRED`); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
	return read(ctx, conn)
}

func (v *verifier) all(ctx context.Context, q querier) error {
	if err := v.structure(ctx, q); err != nil {
		return err
	}
	events, err := readEvents(ctx, q, 0, -1)
	if err != nil {
		return err
	}
	last := ledger.Event{}
	for _, e := range events {
		v.event(e, last)
		last = e
	}
	if err := v.head(ctx, q, last); err != nil {
		return err
	}
	for _, table := range tables() {
		if err := v.table(ctx, q, table); err != nil {
			return err
		}
	}
	for _, at := range slices.Sorted(maps.Keys(v.rows)) {
		v.add("/"+at, "is in the audit chain but not in its table")
	}
	return nil
}

// structure asks SQLite for what is wrong with its pages and indexes.
func (v *verifier) structure(ctx context.Context, q querier) error {
	rows, err := q.QueryContext(ctx, `PRAGMA integrity_check`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var state string
		if err := rows.Scan(&state); err != nil {
			return err
		}
		if state != "ok" {
			v.add("", "the file's own structure is damaged: "+state)
		}
	}
	return rows.Err()
}

// seen is what the audit chain says of a row.
type seen struct {
	first  int64
	sha256 string
}

type verifier struct {
	rows   map[string]seen // "table/id"; a row that was found is taken out
	faults []handoff.Fault
}

func (v *verifier) add(pointer, reason string) {
	v.faults = append(v.faults, handoff.Fault{Pointer: pointer, Reason: reason, Fix: "put ledger.db back from a copy"})
}

func (v *verifier) event(e, before ledger.Event) {
	at := fmt.Sprintf("/events/%d", e.Seq)
	if e.Seq != before.Seq+1 {
		v.add(at, fmt.Sprintf("follows event %d", before.Seq))
	}
	if e.Previous != before.Digest {
		v.add(at, "does not hold the digest of the event before it")
	}
	if digest, err := eventDigest(e); err != nil || digest != e.Digest {
		v.add(at, "is not what its digest says")
	}
	var m mark
	if json.Unmarshal(e.Body, &m) != nil || !slices.Contains(tables(), e.What) {
		return
	}
	name := e.What + "/" + m.ID
	if m.SHA256 == "" {
		delete(v.rows, name)
		return
	}
	row, there := v.rows[name]
	if !there {
		row.first = e.Seq
	}
	row.sha256 = m.SHA256
	v.rows[name] = row
}

func (v *verifier) head(ctx context.Context, q querier, last ledger.Event) error {
	rows, err := q.QueryContext(ctx, `SELECT seq, digest FROM head`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var seq int64
	var digest string
	for rows.Next() {
		if err := rows.Scan(&seq, &digest); err != nil {
			return err
		}
	}
	if seq != last.Seq || digest != last.Digest {
		v.add("/head", fmt.Sprintf("says that the audit chain ends at event %d; it ends at %d", seq, last.Seq))
	}
	return rows.Err()
}

func (v *verifier) table(ctx context.Context, q querier, table string) error {
	rows, err := q.QueryContext(ctx, `SELECT id, first, body FROM `+table)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, body string
		var first int64
		if err := rows.Scan(&id, &first, &body); err != nil {
			return err
		}
		name := table + "/" + id
		row, there := v.rows[name]
		delete(v.rows, name)
		sum := handoff.DigestBytes([]byte(body))
		switch {
		case !there:
			v.add("/"+name, "is not in the audit chain")
		case sum != row.sha256:
			v.add("/"+name, "is not what the audit chain says")
		case first != row.first:
			v.add("/"+name, "has another place in the order than the audit chain says")
		case table == "handoffs" && sum != id:
			v.add("/"+name, "is not what its id says")
		}
	}
	return rows.Err()
}
