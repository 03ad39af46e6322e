package serve

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/ledger"
)

// restore serves again what served when the last server of the workspace
// ended: for each name the newest deployment that is still serving. A model
// that cannot be restored leaves its name broken, and the others serve. Where
// the last server was killed between two entries of the ledger, they are made
// to agree.
func (s *Server) restore(ctx context.Context) error {
	history, err := s.registry.Deployments(ctx, "")
	if err != nil {
		return fmt.Errorf("restore deployments: %w", err)
	}
	done := make(map[string]bool)
	for _, d := range history {
		switch {
		case d.Status != "serving":
		case done[d.Name]:
			d.Status = "replaced"
			if err := s.registry.Deploy(ctx, d); err != nil {
				return fmt.Errorf("restore deployments: %w", err)
			}
		default:
			done[d.Name] = true
			s.restoreOne(ctx, d)
		}
	}
	return ctx.Err()
}

func (s *Server) restoreOne(ctx context.Context, d ledger.Deployment) {
	e := s.ensureEndpoint(d.Name)
	e.change.Lock()
	defer e.change.Unlock()
	sl, err := s.reload(ctx, d, d.Slot)
	if err != nil {
		p := asProblem(err)
		s.broken.Store(d.Name, p)
		s.log.Error("a model could not be restored", "model", d.Name, "version", d.Version, "problem", p)
		return
	}
	sl.metrics.Live(sl.color, true)
	e.route.Store(&route{live: sl})
	if err := s.restage(ctx, d, sl.stage()); err != nil {
		s.log.Warn("the stage of a model that serves could not be recorded", "model", d.Name, "version", d.Version, "error", err)
	}
}

// reload loads and checks the model of an earlier deployment.
func (s *Server) reload(ctx context.Context, d ledger.Deployment, color string) (*slot, error) {
	m, err := s.registry.Model(ctx, d.Name, d.Version)
	if err != nil {
		return nil, fmt.Errorf("reload %s version %d: %w", d.Name, d.Version, err)
	}
	sl, err := s.load(ctx, m, color)
	if err != nil {
		return nil, err
	}
	if _, err := sl.replayGolden(ctx); err != nil {
		return nil, err
	}
	sl.deployment = d
	return sl, nil
}
