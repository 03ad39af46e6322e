package prepare

import (
	"fmt"
	"slices"
	"time"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fold"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/settings"
)

// parts is the division of the examples, and why it is not the one that the
// scope asked for and what to do; fell is "" where it is.
type parts struct {
	fold.Split
	policy fold.Policy
	data   fold.Data
	fell   string
	mend   string
}

// divide cuts the examples into parts by the scope's policy. By time, where
// the parts do not fit between the purges, rows are divided by entity or by
// class instead.
func divide(d *durable.Desk, e *examples) (*parts, error) {
	shares, err := settings.Shares(d.Settings.Set)
	if err != nil {
		return nil, err
	}
	p := &parts{data: fold.Data{Classes: e.classes(), Target: e.target, Group: e.groups, Duplicate: e.ties()}}
	p.policy = fold.Policy{
		By: fold.ByClass, Seed: d.Settings.Seed, Isolate: e.scope.Unit == "new_entities",
		Shares: fold.Shares{Train: shares["train"], Validation: shares["validation"], Test: shares["test"], Holdout: shares["holdout"]},
	}
	if e.groups != nil {
		p.policy.By = fold.ByGroup
	}
	if e.scope.SplitBy == "time" && e.time != nil {
		p.policy.By = fold.ByTime
		p.policy.Purge = e.purge()
		timed := p.data
		timed.Time, timed.Group, timed.Duplicate = e.time, e.entity, e.alike
		if p.Split, err = p.policy.Split(timed); err != nil {
			return nil, err
		}
		if slices.Contains(p.Parts, fold.Validation) && slices.Contains(p.Parts, fold.Test) {
			p.data = timed
			if e.isolates() {
				e.groups, e.by = e.entity, e.scope.Entity
			}
			return p, nil
		}
		p.fell, p.mend = "four parts with a purge between them do not fit into the time that the rows cover", "give a longer period, or shorter windows"
		if p.Reason == fold.Recurs {
			p.fell, p.mend = "too few rows of the later parts are of entities that no earlier part has", "give a longer period; where the entities will be scored again, --set unit=known_entities"
		}
		p.policy.By, p.policy.Purge = fold.ByClass, 0
		if e.entity != nil {
			e.groups, e.by = e.entity, e.scope.Entity
			p.policy.By, p.data.Group, p.data.Duplicate = fold.ByGroup, e.groups, e.ties()
		}
	}
	if p.Split, err = p.policy.Split(p.data); err != nil {
		return nil, err
	}
	if !slices.Contains(p.Parts, fold.Validation) || !slices.Contains(p.Parts, fold.Test) {
		return nil, &problem.Problem{
			Kind: problem.Blocked, Code: "data.too_few", Where: e.info.Name,
			What: fmt.Sprintf("%s with an answer cannot be divided into train, validation and test", plural(e.n(), "row")),
			Fix:  "give more rows",
		}
	}
	return p, nil
}

// purge is how long after a row its answer is known: gap and label window.
func (e *examples) purge() time.Duration {
	days := 0
	if e.scope.Label != nil {
		days = e.scope.Label.GapDays + e.scope.Label.LabelDays
	} else if e.scope.HorizonDays != nil {
		days = *e.scope.HorizonDays
	}
	return time.Duration(days) * 24 * time.Hour
}

// describe fills in the parts in figures and the audit of all pairs.
func (p *parts) describe(e *examples, out *handoff.Dataset) {
	out.Splits = map[string]handoff.Split{}
	for _, c := range p.Audit.Parts {
		s := handoff.Split{Rows: c.Rows}
		if e.scope.ProblemType == "binary" {
			positives := c.Classes[1]
			s.Positives = &positives
		}
		if p.data.Time != nil {
			from, to := instant(c.First), instant(c.Last)
			s.From, s.To = &from, &to
		}
		out.Splits[c.Part.String()] = s
	}
	if p.Audit.Purged > 0 {
		out.Splits["purged"] = handoff.Split{Rows: p.Audit.Purged}
	}
	by := map[fold.By]string{fold.ByClass: "stratified", fold.ByGroup: "entity", fold.ByTime: "time"}
	s := p.policy.Shares
	out.Policy = handoff.SplitPolicy{
		By: by[p.policy.By], PurgeDays: int(p.policy.Purge / (24 * time.Hour)), Group: slices.Clone(e.by), Audit: []handoff.SplitPair{},
		Shares: map[string]float64{"train": s.Train, "validation": s.Validation, "test": s.Test, "holdout": s.Holdout},
	}
	for _, pair := range p.Audit.Pairs {
		q := handoff.SplitPair{A: pair.Earlier.String(), B: pair.Later.String(), SharedGroups: pair.Groups, SharedRows: pair.Duplicates}
		if p.data.Time != nil {
			days := pair.Gap.Hours() / 24
			q.GapDays = &days
		}
		out.Policy.Audit = append(out.Policy.Audit, q)
	}
}

// instant is a time in RFC 3339.
func instant(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }
