package pipeline

import (
	"context"
	"strings"
	"time"

	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/problem"
)

// RunList is the runs of a workspace, newest first, format septet.runs/1.
type RunList struct {
	Format string    `json:"format"`
	Runs   []RunLine `json:"runs"`
}

// RunLine is one of them.
type RunLine struct {
	RunID   string        `json:"run_id"`
	Status  ledger.Status `json:"status"`
	Request string        `json:"request"`
	Started time.Time     `json:"started"`
	Seconds float64       `json:"seconds"`
}

// List is the newest runs; limit 0 is all.
func List(ctx context.Context, l Records, workspace string, limit int) (RunList, error) {
	list := RunList{Format: "septet.runs/1", Runs: []RunLine{}}
	runs, err := l.ListRuns(ctx, limit)
	if err != nil {
		return list, err
	}
	for _, r := range runs {
		line := RunLine{RunID: r.ID, Status: StatusOf(workspace, r), Request: r.Brief.Request, Started: r.Started}
		switch {
		case !r.Ended.IsZero():
			line.Seconds = r.Ended.Sub(r.Started).Seconds()
		case line.Status == ledger.Running:
			line.Seconds = time.Since(r.Started).Seconds()
		default:
			for _, a := range r.Agents {
				line.Seconds += a.Seconds
			}
		}
		list.Runs = append(list.Runs, line)
	}
	return list, nil
}

// Find is the id of the run that a person means: the whole id, the beginning
// of just one, or "last" for the newest.
func Find(ctx context.Context, l Records, text string) (string, error) {
	runs, err := l.ListRuns(ctx, 0)
	if err != nil {
		return "", err
	}
	var ids []string
	for _, r := range runs {
		if r.ID == text {
			return r.ID, nil
		}
		if strings.HasPrefix(r.ID, text) && text != "" {
			ids = append(ids, r.ID)
		}
	}
	switch {
	case text == "last" && len(runs) > 0:
		return runs[0].ID, nil
	case len(ids) == 1:
		return ids[0], nil
	case len(ids) > 1:
		return "", &problem.Problem{
			Kind: problem.Usage, Code: "run.ambiguous", Where: text, What: "several runs have an id that begins so",
			Nearest: ids[:min(5, len(ids))], Fix: "give more of the id",
		}
	}
	return "", &problem.Problem{
		Kind: problem.Usage, Code: "run.unknown", Where: text, What: "no run of that id is in the workspace",
		Fix: "septet runs list",
	}
}
