package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/septet-ml/septet/ledger"
)

// Register gives a model its version.
func (l *Ledger) Register(ctx context.Context, m ledger.Model, place func(version int) (string, error)) (ledger.Model, error) {
	err := l.change(ctx, "register model "+m.Name, func(tx *change) error {
		var there ledger.Model
		err := scanRow(tx.QueryRowContext(ctx,
			`SELECT body FROM models WHERE name = ? AND digest = ?`, m.Name, m.Digest), &there)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		known := err == nil
		if known {
			blessed := m.Blessed && !there.Blessed
			there.Blessed = there.Blessed || m.Blessed
			if m = there; !blessed {
				_, err := place(m.Version)
				return err
			}
		} else if m.Version, err = tx.nextVersion(m.Name); err != nil {
			return err
		}
		if m.Path, err = place(m.Version); err != nil {
			return err
		}
		if m.Created.IsZero() {
			m.Created = tx.at
		}
		return tx.put("models", modelID(m), m.RunID, m, m)
	})
	return m, err
}

func (c *change) nextVersion(name string) (int, error) {
	var last int
	err := c.QueryRowContext(c.ctx, `SELECT coalesce(max(version), 0) FROM models WHERE name = ?`, name).Scan(&last)
	return last + 1, err
}

func modelID(m ledger.Model) string { return fmt.Sprintf("%s@%d", m.Name, m.Version) }

// Model reads one version; 0 is the newest.
func (l *Ledger) Model(ctx context.Context, name string, version int) (ledger.Model, error) {
	return one[ledger.Model](ctx, l, "read model "+name,
		`SELECT body FROM models WHERE name = ?1 AND (version = ?2 OR ?2 = 0) ORDER BY version DESC LIMIT 1`, name, version)
}

// Models reads all versions of a name, or of all names.
func (l *Ledger) Models(ctx context.Context, name string) ([]ledger.Model, error) {
	return all[ledger.Model](ctx, l, "list models",
		`SELECT body FROM models WHERE name = ?1 OR ?1 = '' ORDER BY name, version`, name)
}

// SetStage moves a version to a stage.
func (l *Ledger) SetStage(ctx context.Context, name string, version int, stage ledger.Stage) error {
	return l.change(ctx, "set stage of "+name, func(tx *change) error {
		id := modelID(ledger.Model{Name: name, Version: version})
		var m ledger.Model
		if err := tx.get("models", id, &m); err != nil {
			return fmt.Errorf("model %s: %w", id, err)
		}
		m.Stage = stage
		return tx.put("models", id, "", m, m)
	})
}

// Deploy appends to the history.
func (l *Ledger) Deploy(ctx context.Context, d ledger.Deployment) error {
	return l.change(ctx, "record deployment "+d.ID, func(tx *change) error {
		return tx.put("deployments", d.ID, d.RunID, d, d)
	})
}

// Deployments reads the history of a name, or of all.
func (l *Ledger) Deployments(ctx context.Context, name string) ([]ledger.Deployment, error) {
	return all[ledger.Deployment](ctx, l, "list deployments",
		`SELECT body FROM deployments WHERE name = ?1 OR ?1 = '' ORDER BY first DESC`, name)
}
