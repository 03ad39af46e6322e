package web

import (
	"context"
	"fmt"
	"html/template"
	"io"

	"github.com/septet-ml/septet/ledger"
)

// Report writes the page of a run as one HTML file that needs nothing else:
// the style is in it, there are no scripts and no links to the dashboard.
func Report(ctx context.Context, w io.Writer, l ledger.Ledger, workspace, runID string) error {
	s := &Site{workspace: workspace, ledger: l}
	p, err := s.runPage(ctx, runID)
	if err != nil {
		return err
	}
	style, err := assets.ReadFile("assets/app.css")
	if err != nil {
		return err
	}
	page, err := template.New("report.html").Funcs(functions).ParseFS(templates, "templates/report.html", "templates/parts.html", "templates/run.html")
	if err != nil {
		return err
	}
	p.Live, p.Alone = false, true
	if err := page.Execute(w, map[string]any{"Style": template.CSS(style), "Page": p}); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}
