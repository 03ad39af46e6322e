package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/septet-ml/septet/ledger"
)

// BeginRun writes a new run.
func (l *Ledger) BeginRun(ctx context.Context, r ledger.Run) error {
	return l.change(ctx, "begin run "+r.ID, func(tx *change) error {
		var there ledger.Run
		if err := tx.get("runs", r.ID, &there); !errors.Is(err, ledger.ErrNotFound) {
			return errors.Join(ledger.ErrExists, err)
		}
		return tx.put("runs", r.ID, r.ID, r, runNote(r))
	})
}

// UpdateRun changes one run.
func (l *Ledger) UpdateRun(ctx context.Context, id string, update func(*ledger.Run) error) error {
	return l.change(ctx, "update run "+id, func(tx *change) error { return tx.updateRun(id, update) })
}

func (c *change) updateRun(id string, update func(*ledger.Run) error) error {
	var r ledger.Run
	if err := c.get("runs", id, &r); err != nil {
		return fmt.Errorf("run %s: %w", id, err)
	}
	if err := update(&r); err != nil {
		return err
	}
	return c.put("runs", id, id, r, runNote(r))
}

// runNote is what the audit chain says of a run.
func runNote(r ledger.Run) any {
	agents := map[string]string{}
	for _, a := range r.Agents {
		if a.Status != "pending" {
			agents[string(a.Agent)] = a.Status
		}
	}
	return map[string]any{"status": r.Status, "agents": agents, "waivers": r.Brief.Settings.Waivers}
}

// Run reads one run.
func (l *Ledger) Run(ctx context.Context, id string) (ledger.Run, error) {
	return one[ledger.Run](ctx, l, "read run "+id, `SELECT body FROM runs WHERE id = ?`, id)
}

// ListRuns reads the newest runs.
func (l *Ledger) ListRuns(ctx context.Context, limit int) ([]ledger.Run, error) {
	if limit <= 0 {
		limit = -1
	}
	return all[ledger.Run](ctx, l, "list runs", `SELECT body FROM runs ORDER BY first DESC LIMIT ?`, limit)
}
