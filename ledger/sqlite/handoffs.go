package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// Record appends an envelope to its run, and notes its work.
func (l *Ledger) Record(ctx context.Context, e handoff.Envelope, done *ledger.Done, also func(*ledger.Run)) (string, error) {
	body, err := handoff.Canonical(e)
	if err != nil {
		return "", fmt.Errorf("record handoff of %s: %w", e.FromAgent, err)
	}
	id := handoff.DigestBytes(body)
	m := e.Metadata
	err = l.change(ctx, "record handoff of "+string(e.FromAgent), func(tx *change) error {
		err := tx.updateRun(m.RunID, func(r *ledger.Run) error {
			previous := ""
			if m.Previous != nil {
				previous = *m.Previous
			}
			if m.Sequence != r.Count+1 || previous != r.Head {
				return fmt.Errorf("envelope %d of run %s does not go on from its envelope %d", m.Sequence, r.ID, r.Count)
			}
			r.Head, r.Count = id, m.Sequence
			if also != nil {
				also(r)
			}
			return nil
		})
		if err != nil {
			return err
		}
		note := map[string]any{"from": e.FromAgent, "status": e.Status, "sequence": m.Sequence}
		if err := tx.putBody("handoffs", id, m.RunID, body, note); err != nil || done == nil {
			return err
		}
		return tx.noteWork(m.RunID, id, *done)
	})
	return id, err
}

// noteWork notes finished work unless it is noted already.
func (c *change) noteWork(runID, handoffID string, done ledger.Done) error {
	var there ledger.Done
	if err := c.get("work", done.Key, &there); !errors.Is(err, ledger.ErrNotFound) {
		return err
	}
	done.Handoff = handoffID
	return c.put("work", done.Key, runID, done, nil)
}

// Handoff reads one envelope.
func (l *Ledger) Handoff(ctx context.Context, id string) (handoff.Envelope, error) {
	list, err := l.envelopes(ctx, `SELECT id, body FROM handoffs WHERE id = ?`, id)
	if err == nil && len(list) == 0 {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return handoff.Envelope{}, ledgerError(l.dir, "read handoff "+id, err)
	}
	return list[0], nil
}

// Handoffs reads a run's envelopes.
func (l *Ledger) Handoffs(ctx context.Context, runID string) ([]handoff.Envelope, error) {
	list, err := l.envelopes(ctx, `SELECT id, body FROM handoffs WHERE run_id = ? ORDER BY sequence`, runID)
	return list, ledgerError(l.dir, "read handoffs of "+runID, err)
}

// envelopes reads rows of id and body, and holds each body against its id.
func (l *Ledger) envelopes(ctx context.Context, query, arg string) ([]handoff.Envelope, error) {
	rows, err := l.db.QueryContext(ctx, query, arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []handoff.Envelope{}
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, err
		}
		if handoff.DigestBytes([]byte(body)) != id {
			return nil, &problem.Problem{
				Code: "workspace.damaged", Where: l.dir, What: "a handoff in the ledger is not what its id says",
				Fix: "septet verify says what else is damaged; put ledger.db back from a copy",
			}
		}
		var e handoff.Envelope
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// Quarantine keeps a refused document.
func (l *Ledger) Quarantine(ctx context.Context, r ledger.Refused) error {
	return l.change(ctx, "quarantine", func(tx *change) error {
		id := fmt.Sprintf("%s/%d", r.RunID, tx.seq+1)
		return tx.put("refused", id, r.RunID, r, map[string]any{"agent": r.Agent, "seam": r.Seam, "faults": r.Faults})
	})
}

// Quarantined reads a run's refused documents.
func (l *Ledger) Quarantined(ctx context.Context, runID string) ([]ledger.Refused, error) {
	return all[ledger.Refused](ctx, l, "read quarantine of "+runID,
		`SELECT body FROM refused WHERE run_id = ? ORDER BY first`, runID)
}

// Done reads the work under a key.
func (l *Ledger) Done(ctx context.Context, key string) (ledger.Done, error) {
	return one[ledger.Done](ctx, l, "look up work", `SELECT body FROM work WHERE id = ?`, key)
}

// DoneBy reads the work that an envelope noted.
func (l *Ledger) DoneBy(ctx context.Context, handoffID string) (ledger.Done, error) {
	return one[ledger.Done](ctx, l, "look up work", `SELECT body FROM work WHERE handoff = ? ORDER BY first LIMIT 1`, handoffID)
}

// Memo reads a unit's result.
func (l *Ledger) Memo(ctx context.Context, key string) (handoff.Ref, error) {
	return one[handoff.Ref](ctx, l, "look up unit", `SELECT body FROM memos WHERE id = ?`, key)
}

// Remember notes a unit's result; the first one stands. It does not wait for
// the disk: a unit that is lost with the machine is done again.
func (l *Ledger) Remember(ctx context.Context, key string, ref handoff.Ref) (handoff.Ref, error) {
	stands := ref
	err := l.changeBy(ctx, l.loose, "note unit", func(tx *change) error {
		err := tx.get("memos", key, &stands)
		if errors.Is(err, ledger.ErrNotFound) {
			stands = ref
			return tx.put("memos", key, "", ref, nil)
		}
		return err
	})
	return stands, err
}

// Forget takes a memo out.
func (l *Ledger) Forget(ctx context.Context, key string) error {
	return l.change(ctx, "forget unit", func(tx *change) error {
		var ref handoff.Ref
		if err := tx.get("memos", key, &ref); err != nil {
			if errors.Is(err, ledger.ErrNotFound) {
				return nil
			}
			return err
		}
		return tx.take("memos", key)
	})
}
