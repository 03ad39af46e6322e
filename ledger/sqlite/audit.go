package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/septet-ml/septet/ledger"
)

// Open counts an opening; the same work has one.
func (l *Ledger) Open(ctx context.Context, o ledger.Opening) (int, error) {
	number := 0
	err := l.change(ctx, "open "+o.What, func(tx *change) error {
		err := tx.QueryRowContext(ctx,
			`SELECT coalesce(max(CASE WHEN body ->> '$.work' = ?2 AND ?2 <> '' THEN body ->> '$.number' END), 0)
			 FROM openings WHERE sha256 = ?1`, o.SHA256, o.Work).Scan(&number)
		if err != nil || number > 0 {
			return err
		}
		err = tx.QueryRowContext(ctx, `SELECT count(*) FROM openings WHERE sha256 = ?`, o.SHA256).Scan(&number)
		if err != nil {
			return err
		}
		number++
		o.Number = number
		return tx.put("openings", fmt.Sprintf("%s/%d", o.SHA256, number), o.RunID, o, o)
	})
	return number, err
}

// Openings reads the openings of a file.
func (l *Ledger) Openings(ctx context.Context, sha256 string) ([]ledger.Opening, error) {
	return all[ledger.Opening](ctx, l, "read openings", `SELECT body FROM openings WHERE sha256 = ? ORDER BY first`, sha256)
}

// Note appends an event of the caller's.
func (l *Ledger) Note(ctx context.Context, runID, what string, body any) error {
	return l.change(ctx, "note "+what, func(tx *change) error { return tx.event("note."+what, runID, body) })
}

// Events reads the audit chain.
func (l *Ledger) Events(ctx context.Context, after int64, limit int) ([]ledger.Event, error) {
	if limit <= 0 {
		limit = -1
	}
	list, err := readEvents(ctx, l.db, after, limit)
	return list, ledgerError(l.dir, "read audit chain", err)
}

func readEvents(ctx context.Context, q querier, after int64, limit int) ([]ledger.Event, error) {
	rows, err := q.QueryContext(ctx,
		`SELECT seq, at, run_id, what, body, previous, digest FROM events WHERE seq > ? ORDER BY seq LIMIT ?`, after, limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []ledger.Event{}
	for rows.Next() {
		var e ledger.Event
		var at, body string
		if err := rows.Scan(&e.Seq, &at, &e.RunID, &e.What, &body, &e.Previous, &e.Digest); err != nil {
			return nil, err
		}
		// A time that does not parse stays zero: Verify then finds another digest.
		e.At, _ = time.Parse(time.RFC3339Nano, at)
		e.Body = []byte(body)
		list = append(list, e)
	}
	return list, rows.Err()
}
