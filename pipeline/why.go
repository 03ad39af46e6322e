package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
)

// Reason says for one agent why its work was done again, or was not.
type Reason struct {
	Agent   handoff.Agent `json:"agent"`
	Reused  bool          `json:"reused"`
	Earlier *string       `json:"earlier"` // the latest run before with the same request in which the agent handed over; null if none
	Differs *string       `json:"differs"` // the first ingredient of the key that differs: "program", "step_version", "settings.seed", "input hcps.csv"; null if none
	Before  *string       `json:"before"`
	Now     *string       `json:"now"`
}

// Keys is what Why reads of a ledger.
type Keys interface {
	ListRuns(ctx context.Context, limit int) ([]ledger.Run, error)
	Handoff(ctx context.Context, id string) (handoff.Envelope, error)
	DoneBy(ctx context.Context, handoff string) (ledger.Done, error)
}

// Why compares the keys of a run's agents with those of earlier runs.
func Why(ctx context.Context, l Keys, runID string) ([]Reason, error) {
	runs, err := l.ListRuns(ctx, 0)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(runs, func(r ledger.Run) bool { return r.ID == runID })
	if at < 0 {
		return nil, fmt.Errorf("why of run %s: %w", runID, ledger.ErrNotFound)
	}
	var reasons []Reason
	for _, a := range runs[at].Agents {
		reason := Reason{Agent: a.Agent, Reused: a.Reused}
		if a.Handoff != "" {
			if err := reason.compare(ctx, l, a, runs[at], runs[at+1:]); err != nil {
				return nil, fmt.Errorf("why of run %s: %w", runID, err)
			}
		}
		reasons = append(reasons, reason)
	}
	return reasons, nil
}

func (r *Reason) compare(ctx context.Context, l Keys, now ledger.AgentState, run ledger.Run, before []ledger.Run) error {
	for _, b := range before {
		if b.Brief.Request != run.Brief.Request {
			continue
		}
		i := slices.IndexFunc(b.Agents, func(a ledger.AgentState) bool { return a.Agent == now.Agent && a.Handoff != "" })
		if i < 0 {
			continue
		}
		new, err := ingredientsOf(ctx, l, now.Handoff)
		if err != nil {
			return err
		}
		old, err := ingredientsOf(ctx, l, b.Agents[i].Handoff)
		if err != nil {
			return err
		}
		id := b.ID
		r.Earlier = &id
		r.differ(old, new)
		return nil
	}
	return nil
}

// differ finds the first ingredient that is not the same.
func (r *Reason) differ(old, new []ingredient) {
	was := map[string]string{}
	for _, i := range old {
		was[i.name] = i.value
	}
	is := map[string]bool{}
	for _, i := range new {
		is[i.name] = true
		if before, there := was[i.name]; !there || before != i.value {
			r.Differs, r.Now = some(i.name), some(i.value)
			if there {
				r.Before = some(before)
			}
			return
		}
	}
	for _, i := range old {
		if !is[i.name] {
			r.Differs, r.Before = some(i.name), some(i.value)
			return
		}
	}
}

// ingredient is one part of a key.
type ingredient struct{ name, value string }

// ingredientsOf are the parts of the key of the work behind an envelope: the
// program first, then the step, what it read of the settings, and the inputs.
func ingredientsOf(ctx context.Context, l Keys, id string) ([]ingredient, error) {
	e, err := l.Handoff(ctx, id)
	if err != nil {
		return nil, err
	}
	m := e.Metadata
	list := []ingredient{{"program", m.ProgramVersion}, {"step_version", fmt.Sprint(m.StepVersion)}}
	origin := id
	if m.ReusedFrom != nil {
		origin = *m.ReusedFrom
	}
	if done, err := l.DoneBy(ctx, origin); err == nil {
		list = append(list, settingsOf(done.Ingredients)...)
	} else {
		list = append(list, ingredient{"settings", m.SettingsDigest}) // a failed agent noted no work
	}
	for _, in := range m.Inputs {
		list = append(list, ingredient{"input " + in.Name, in.SHA256})
	}
	return list, nil
}

// settingsOf are the settings that were read, one ingredient a member.
func settingsOf(made json.RawMessage) []ingredient {
	var doc struct {
		Settings json.RawMessage `json:"settings"`
	}
	if json.Unmarshal(made, &doc) != nil {
		return nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(doc.Settings, &members) != nil {
		return []ingredient{{"settings", string(doc.Settings)}}
	}
	var list []ingredient
	for _, name := range slices.Sorted(maps.Keys(members)) {
		list = append(list, ingredient{"settings." + name, string(members[name])})
	}
	return list
}
