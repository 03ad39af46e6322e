package handoff

import (
	"fmt"
	"slices"
)

var (
	columnKinds  = []string{"number", "text", "time"}
	columnRoles  = []string{"feature", "entity", "time"}
	partNames    = []string{"train", "validation", "test", "holdout", "purged"}
	qualityNames = []string{"completeness", "validity", "consistency", "uniqueness", "timeliness"}
)

// Check holds the dataset against itself and its scope.
func (d Dataset) Check() []Fault {
	l := &faultList{}
	l.within("/scope", d.Scope.Check())
	d.checkColumns(l)
	d.checkSplits(l)
	d.checkRows(l)
	d.checkPolicy(l)
	d.Quality.check(l)
	l.must((d.Events != nil) == (d.Scope.Label != nil), "/events", "does not go with the scope", "given for a label rule, null for a target")
	for i, r := range d.Repairs {
		l.must(r.Column != "", under("/repairs", i, "column"), "is empty", "name the column")
		l.must(r.What != "", under("/repairs", i, "what"), "is empty", "say what was mended")
		l.must(r.Rows >= 0, under("/repairs", i, "rows"), "is negative", "count the rows")
	}
	return l.faults
}

func (d Dataset) checkColumns(l *faultList) {
	l.must(d.Target != "", "/target", "is empty", "name the column that holds the answer")
	names := map[string]bool{}
	for i, c := range d.Columns {
		l.must(c.Name != "" && !names[c.Name], under("/columns", i, "name"), "is empty or was given before", "give each column its own name")
		l.must(c.Name != d.Target, under("/columns", i, "name"), "is the target", "leave the target out of the columns")
		names[c.Name] = true
		l.must(oneOf(c.Kind, columnKinds...), under("/columns", i, "kind"), "is not a kind", listed(columnKinds...))
		l.must(oneOf(c.Role, columnRoles...), under("/columns", i, "role"), "is not a role", listed(columnRoles...))
	}
}

func (d Dataset) checkSplits(l *faultList) {
	for _, part := range sortedKeys(d.Splits) {
		s, at := d.Splits[part], Pointer("/splits", part)
		l.must(oneOf(part, partNames...), at, "is not a part", listed(partNames...))
		l.must(s.Rows >= 0, at+"/rows", "is negative", "count the rows")
		if d.Scope.ProblemType != "binary" {
			l.must(s.Positives == nil, at+"/positives", "is given, but the problem is not binary", "use null")
		} else if part != "purged" {
			l.must(s.Positives != nil, at+"/positives", "is null, but the problem is binary", "count the positives")
		}
		l.must(s.Positives == nil || *s.Positives >= 0 && *s.Positives <= s.Rows, at+"/positives", "is not between 0 and the rows", "count the positives")
		l.must((s.From == nil) == (s.To == nil), at+"/to", "and from are not both given", "give both or none")
		okFrom := l.must(s.From == nil || isTime(*s.From), at+"/from", "is not a time", "write RFC 3339")
		okTo := l.must(s.To == nil || isTime(*s.To), at+"/to", "is not a time", "write RFC 3339")
		if okFrom && okTo && s.From != nil && s.To != nil && len(*s.From) == len(*s.To) {
			l.must(*s.From <= *s.To, at+"/to", "is before from", "swap them")
		}
	}
	for _, part := range []string{"train", "test"} {
		s, there := d.Splits[part]
		l.must(there && s.Rows > 0, Pointer("/splits", part), "is not there or has no rows", "a model needs it")
	}
}

// checkRows holds the row files against the parts that they hold.
func (d Dataset) checkRows(l *faultList) {
	fit := int64(d.Splits["train"].Rows + d.Splits["validation"].Rows)
	l.must(d.Rows.Fit.Rows == fit, "/rows/fit/rows", "is not the sum of train and validation", fmt.Sprintf("there are %d", fit))
	l.must(d.Rows.Test.Rows == int64(d.Splits["test"].Rows), "/rows/test/rows", "is not as many as the test part has", "count again")
	holdout, there := d.Splits["holdout"]
	l.must((d.Rows.Holdout != nil) == (there && holdout.Rows > 0), "/rows/holdout", "does not go with the splits", "null where there is no holdout")
	if d.Rows.Holdout != nil {
		l.must(d.Rows.Holdout.Rows == int64(holdout.Rows), "/rows/holdout/rows", "is not as many as the holdout part has", "count again")
	}
}

func (d Dataset) checkPolicy(l *faultList) {
	p := d.Policy
	l.must(oneOf(p.By, splitPolicies...), "/policy/by", "is not a policy", listed(splitPolicies...))
	l.must(p.PurgeDays >= 0, "/policy/purge_days", "is negative", "give days")
	sum := 0.0
	for _, part := range sortedKeys(p.Shares) {
		at := Pointer("/policy/shares", part)
		l.must(oneOf(part, partNames[:4]...), at, "is not a part", listed(partNames[:4]...))
		l.must(p.Shares[part] >= 0 && p.Shares[part] <= 1, at, "is not between 0 and 1", "give a share")
		sum += p.Shares[part]
	}
	l.must(near(sum, 1), "/policy/shares", "do not sum to 1", "give shares of the whole")
	l.must(len(p.Group) == len(dedup(p.Group)), "/policy/group", "names a column twice", "list each column once")
	d.checkAudit(l)
}

// checkAudit wants each pair of parts once.
func (d Dataset) checkAudit(l *faultList) {
	var parts []string
	for _, part := range partNames[:4] {
		if s, there := d.Splits[part]; there && s.Rows > 0 {
			parts = append(parts, part)
		}
	}
	seen := map[string]bool{}
	for i, pair := range d.Policy.Audit {
		at := under("/policy/audit", i)
		l.must(oneOf(pair.A, parts...), at+"/a", "is not a part with rows", listed(parts...))
		l.must(oneOf(pair.B, parts...) && pair.A != pair.B, at+"/b", "is not another part with rows", listed(parts...))
		key := min(pair.A, pair.B) + " " + max(pair.A, pair.B)
		l.must(!seen[key], at, "was audited before", "audit each pair once")
		seen[key] = true
		l.must(pair.SharedGroups >= 0, at+"/shared_groups", "is negative", "count the groups")
		l.must(pair.SharedRows >= 0, at+"/shared_rows", "is negative", "count the rows")
	}
	want := len(parts) * (len(parts) - 1) / 2
	l.must(len(seen) >= want, "/policy/audit", fmt.Sprintf("has %d of %d pairs", len(seen), want), "audit all pairs")
}

func (q Quality) check(l *faultList) {
	l.must(q.Score >= 0 && q.Score <= 1, "/quality/score", "is not between 0 and 1", "give a share")
	weights, sum := 0.0, 0.0
	var names []string
	for i, d := range q.Dimensions {
		at := under("/quality/dimensions", i)
		l.must(oneOf(d.Name, qualityNames...) && !slices.Contains(names, d.Name), at+"/name", "is not a dimension or was given before", listed(qualityNames...))
		names = append(names, d.Name)
		l.must(d.Weight >= 0 && d.Weight <= 1, at+"/weight", "is not between 0 and 1", "give a share")
		l.must(d.Score >= 0 && d.Score <= 1, at+"/score", "is not between 0 and 1", "give a share")
		weights += d.Weight
		sum += float64(d.Weight * d.Score)
	}
	if l.must(near(weights, 1), "/quality/dimensions", "have weights that do not sum to 1", "give shares of the whole") {
		l.must(near(q.Score, sum), "/quality/score", "is not the weighted sum of the dimensions", "sum again")
	}
	for i, e := range q.Expectations {
		at := under("/quality/expectations", i)
		l.must(e.Name != "", at+"/name", "is empty", "name the expectation")
		l.must(slices.Contains(names, e.Dimension), at+"/dimension", "is not a dimension of this score", "name one")
		l.must(e.Score >= 0 && e.Score <= 1, at+"/score", "is not between 0 and 1", "give a share")
	}
}
