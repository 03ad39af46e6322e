package train

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/fitting"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/modelcard"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// fairness breaks the test down by the scope's fairness groups. A difference
// that is more than noise is a finding of its column.
func (s *sealed) fairness(ctx context.Context, d *durable.Desk, bench *fitting.Bench, in handoff.Choice) ([]handoff.Breakdown, error) {
	var by []grouping
	for _, name := range in.Features.Dataset.Scope.Constraints.FairnessGroups {
		fit, test, err := s.columnOf(ctx, d, name, bench, in)
		if err != nil {
			return nil, err
		}
		if fit == nil {
			d.Warn(fmt.Sprintf("fairness by %s is not measured: the prepared rows do not have it", name))
			continue
		}
		g, ok := groupBy(name, fit, test)
		if !ok {
			d.Warn(fmt.Sprintf("fairness by %s is not measured: the sealed test has no two groups of %d rows", name, leastRows))
			continue
		}
		by = append(by, g)
	}
	out := s.breakdowns(by, d.Settings.Seed)
	for i := range out {
		if b := &out[i]; len(b.Differences) > 0 {
			d.Find(handoff.Finding{
				Code: "model.group_difference", Severity: handoff.Warning, Action: handoff.Warned, Column: &b.Column,
				Evidence: modelcard.Differences(nameless(*b)),
				Fix:      "look at the table of groups: more rows of the group, another threshold or another target may help; what is fair is for a person to say",
			})
		}
	}
	return out, nil
}

// nameless is the breakdown without the names of groups that look like more
// than a name: a finding has no values of the data in it.
func nameless(b handoff.Breakdown) handoff.Breakdown {
	b.Differences = slices.Clone(b.Differences)
	for i, d := range b.Differences {
		if len(d.Group) > 40 || strings.ContainsAny(d.Group, `/\\=:@`) {
			b.Differences[i].Group = "a group"
		}
	}
	return b
}

// columnOf is a column of the rows before the test, and of the test. One that
// no feature is made of is read from the table again. nil where it is not to
// be had.
func (s *sealed) columnOf(ctx context.Context, d *durable.Desk, name string, bench *fitting.Bench, in handoff.Choice) (fit, test *table.Column, err error) {
	for i := range bench.File.Inputs.Columns {
		known := bench.File.Inputs.Columns[i].Name
		if known == name || in.Features.Points != nil && strings.HasSuffix(known, "."+name) {
			return &bench.File.Inputs.Columns[i], s.file.Inputs.Column(known), nil
		}
	}
	scope := in.Features.Dataset.Scope
	at := slices.IndexFunc(scope.Tables, func(t table.TableInfo) bool { return t.Name == scope.Main })
	if in.Features.Points != nil || at < 0 || scope.Tables[at].Column(name) == nil {
		return nil, nil, nil
	}
	path, err := d.Source(scope.Tables[at].SHA256)
	if err != nil {
		return nil, nil, err
	}
	loaded, err := source.Load(ctx, path, scope.Tables[at], source.LoadOptions{Columns: []string{name}, Threads: d.Settings.Threads})
	if err != nil {
		return nil, nil, err
	}
	row := make(map[float64]int32, loaded.Table.Rows) // by its number in the file
	for i := range loaded.Table.Rows {
		row[float64(loaded.Row(i))] = int32(i)
	}
	take := func(f *rowfile.File) *table.Column {
		rows := make([]int32, len(f.Rows))
		for i, number := range f.Rows {
			rows[i] = row[number]
		}
		c := loaded.Table.Columns[0].Take(rows)
		return &c
	}
	return take(bench.File), take(s.file), nil
}

const (
	segmentCategories = 3
	segmentNumbers    = 2
)

// segments breaks the test down by the features that matter most: some
// categories and some numbers, in quarters.
func (s *sealed) segments(bench *fitting.Bench, in handoff.Choice, seed uint64) []handoff.Breakdown {
	kept := slices.Clone(in.Features.Kept)
	slices.SortStableFunc(kept, func(a, b handoff.Feature) int { return a.Rank - b.Rank })
	var by []grouping
	count := map[table.Kind]int{}
	most := map[table.Kind]int{table.Text: segmentCategories, table.Number: segmentNumbers}
	for _, k := range kept {
		fit, test := bench.Fits.Data.Table.Column(k.Name), s.features.Column(k.Name)
		if fit == nil || test == nil || count[fit.Kind] == most[fit.Kind] || slices.Contains(in.Features.Dataset.Scope.Constraints.FairnessGroups, k.Name) {
			continue
		}
		if g, ok := groupBy(k.Name, fit, test); ok {
			count[fit.Kind]++
			by = append(by, g)
		}
	}
	return s.breakdowns(by, seed)
}
