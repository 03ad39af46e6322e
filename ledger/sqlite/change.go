package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// change is a transaction under way, with the end of the audit chain.
type change struct {
	*sql.Tx
	ctx context.Context
	at  time.Time

	seq    int64 // of the last event
	digest string
	wrote  bool
}

// mark is the body of an event that stands for a row.
type mark struct {
	ID     string `json:"id"`
	SHA256 string `json:"sha256"` // of the row's JSON; "" for a row that was taken out
	Note   any    `json:"note"`
}

func (c *change) readHead() error {
	err := c.QueryRowContext(c.ctx, `SELECT seq, digest FROM head`).Scan(&c.seq, &c.digest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func (c *change) writeHead() error {
	if !c.wrote {
		return nil
	}
	_, err := c.ExecContext(c.ctx,
		`INSERT INTO head (one, seq, digest) VALUES (1, ?, ?)
		 ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, digest = excluded.digest`, c.seq, c.digest)
	return err
}

// put writes a row and its event. note is what a reader of the audit chain
// wants to see of it.
func (c *change) put(table, id, runID string, row, note any) error {
	body, err := json.Marshal(row)
	if err != nil {
		return fmt.Errorf("encode %s %s: %w", table, id, err)
	}
	return c.putBody(table, id, runID, body, note)
}

func (c *change) putBody(table, id, runID string, body []byte, note any) error {
	if err := c.event(table, runID, mark{ID: id, SHA256: handoff.DigestBytes(body), Note: note}); err != nil {
		return err
	}
	_, err := c.ExecContext(c.ctx, `INSERT INTO `+table+` (id, first, body) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET body = excluded.body`, id, c.seq, string(body))
	return err
}

// take takes a row out.
func (c *change) take(table, id string) error {
	if err := c.event(table, "", mark{ID: id}); err != nil {
		return err
	}
	_, err := c.ExecContext(c.ctx, `DELETE FROM `+table+` WHERE id = ?`, id)
	return err
}

// event appends to the audit chain.
func (c *change) event(what, runID string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode event %s: %w", what, err)
	}
	e := ledger.Event{Seq: c.seq + 1, At: c.at, RunID: runID, What: what, Body: data, Previous: c.digest}
	e.Digest, err = eventDigest(e)
	if err != nil {
		return err
	}
	_, err = c.ExecContext(c.ctx,
		`INSERT INTO events (seq, at, run_id, what, body, previous, digest) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Seq, e.At.Format(time.RFC3339Nano), e.RunID, e.What, string(e.Body), e.Previous, e.Digest)
	c.seq, c.digest, c.wrote = e.Seq, e.Digest, true
	return err
}

// eventDigest is the SHA-256 of the event without its digest. The body counts
// as the text that it is.
func eventDigest(e ledger.Event) (string, error) {
	return handoff.Digest([]string{
		fmt.Sprint(e.Seq), e.At.Format(time.RFC3339Nano), e.RunID, e.What, string(e.Body), e.Previous,
	})
}

// get reads one row of a table inside the transaction.
func (c *change) get(table, id string, row any) error {
	return scanRow(c.QueryRowContext(c.ctx, `SELECT body FROM `+table+` WHERE id = ?`, id), row)
}

// scanRow reads a body; ledger.ErrNotFound where there is none.
func scanRow(r *sql.Row, row any) error {
	var body string
	err := r.Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.ErrNotFound
	}
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(body), row)
}

// one reads one row that a query gives.
func one[T any](ctx context.Context, l *Ledger, what, query string, args ...any) (T, error) {
	var row T
	err := scanRow(l.db.QueryRowContext(ctx, query, args...), &row)
	return row, ledgerError(l.dir, what, err)
}

// all reads all rows that a query gives.
func all[T any](ctx context.Context, l *Ledger, what, query string, args ...any) ([]T, error) {
	rows, err := l.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, ledgerError(l.dir, what, err)
	}
	defer rows.Close()
	list := []T{}
	for rows.Next() {
		var body string
		var row T
		if err := errors.Join(rows.Scan(&body), json.Unmarshal([]byte(body), &row)); err != nil {
			return nil, ledgerError(l.dir, what, err)
		}
		list = append(list, row)
	}
	return list, ledgerError(l.dir, what, rows.Err())
}
