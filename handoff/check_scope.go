package handoff

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/table"
)

// Words that a scope may hold. The same ones are in the schemas' prose.
var (
	problemTypes  = []string{"binary", "multiclass", "regression"}
	criterionOps  = []string{">=", "<=", "better_than_chance", "not_worse_than_baseline"}
	filterOps     = []string{"=", "!=", "in", "<", "<=", ">", ">="}
	splitPolicies = []string{"stratified", "time", "entity"}
	unitsOf       = []string{"known_entities", "new_entities"}
	clauseOrigins = []string{"request", "flag", "data", "default"}

	slugForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	nameForm = regexp.MustCompile(`^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$`)
	ruleForm = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// Check holds the scope against itself and its catalog.
func (s Scope) Check() []Fault {
	l := &faultList{}
	cat := catalog(s.Tables)
	l.must(s.Title != "", "/title", "is empty", "say what is predicted")
	l.must(slugForm.MatchString(s.Slug), "/slug", "is not a slug", "lower-case letters, digits and single hyphens")
	l.must(oneOf(s.ProblemType, problemTypes...), "/problem_type", "is not a problem type", listed(problemTypes...))
	l.must(oneOf(s.SplitBy, splitPolicies...), "/split_by", "is not a policy", listed(splitPolicies...))
	l.must(oneOf(s.Unit, unitsOf...), "/unit", "is not a unit", listed(unitsOf...))
	l.must(s.MinimumSamples >= 1, "/minimum_samples", "is below 1", "ask for at least one row")
	l.must(s.HorizonDays == nil || *s.HorizonDays >= 1, "/horizon_days", "is below 1", "use null where there is none")
	l.must(s.AsOf == nil || isDate(*s.AsOf), "/as_of", "is not a date", "write YYYY-MM-DD")
	l.must(s.SplitBy != "entity" || len(s.Entity) > 0, "/entity", "is empty, but the split is by entity", "name the entity's columns")
	l.must(s.SplitBy != "time" || s.Time != nil || s.Label != nil || len(s.TimeParts) > 0, "/time", "is null, but the split is by time", "name the time column")
	s.checkTables(l)
	s.checkAnswer(l, cat)
	s.checkColumns(l, cat)
	s.checkBars(l, cat)
	s.checkReasons(l)
	return l.faults
}

// catalog finds columns by table.
type catalog []table.TableInfo

func (c catalog) table(name string) *table.TableInfo {
	for i := range c {
		if c[i].Name == name {
			return &c[i]
		}
	}
	return nil
}

// has tells whether the table has the column; table "" is any.
func (c catalog) has(name, column string) bool {
	for i := range c {
		if name != "" && c[i].Name != name {
			continue
		}
		if c[i].Column(column) != nil || slices.Contains(c[i].Ignored, column) {
			return true
		}
	}
	return false
}

// knows tells whether text is a column, or a table and a column of it.
func (c catalog) knows(text string) bool {
	if c.has("", text) {
		return true
	}
	for i := range c {
		if column, ok := strings.CutPrefix(text, c[i].Name+"."); ok && c.has(c[i].Name, column) {
			return true
		}
	}
	return false
}

// checkAnswer is the target or the label, and the classes.
func (s Scope) checkAnswer(l *faultList, cat catalog) {
	l.must((s.Target == nil) != (s.Label == nil), "/target", "and label are not one of both", "give a target or a label, the other is null")
	want := map[string]bool{
		"binary": len(s.Classes) == 2, "multiclass": len(s.Classes) > 2, "regression": len(s.Classes) == 0,
	}
	if ok, known := want[s.ProblemType]; known {
		l.must(ok, "/classes", "are not as many as "+s.ProblemType+" has", "2 for binary, more for multiclass, none for regression")
	}
	for i, c := range s.Classes {
		l.must(!slices.Contains(s.Classes[:i], c), under("/classes", i), "was there before", "list each class once")
	}
	if t := s.Target; t != nil {
		l.must(cat.table(t.Table) != nil, "/target/table", "is not in the catalog", "name a table")
		l.must(cat.table(t.Table) == nil || cat.has(t.Table, t.Column), "/target/column", "is not in its table", "name a column of it")
		l.must((t.Positive != nil) == (s.ProblemType == "binary"), "/target/positive", "does not go with the problem type", "binary has a positive class, no other has")
		if t.Positive != nil && len(s.Classes) == 2 {
			l.must(s.Classes[1] == *t.Positive, "/target/positive", "is not the second class", "classes are negative, positive")
		}
	}
	if s.Label != nil {
		s.Label.check(l, cat)
	}
}

func (b *Label) check(l *faultList, cat catalog) {
	l.must(ruleForm.MatchString(b.Rule), "/label/rule", "is not the name of a rule", "lower-case words")
	l.must(cat.table(b.EventTable) != nil, "/label/event_table", "is not in the catalog", "name a table")
	if cat.table(b.EventTable) != nil {
		l.must(cat.has(b.EventTable, b.EventTime), "/label/event_time", "is not in the event table", "name a column of it")
		l.must(b.Value == nil || cat.has(b.EventTable, *b.Value), "/label/value", "is not in the event table", "name a column of it, or null")
	}
	l.must(b.Condition != "", "/label/condition", "is empty", "say in words when the label is positive")
	l.must(b.Threshold >= 0, "/label/threshold", "is negative", "give a share or a count")
	l.must(b.MinimumBefore >= 0, "/label/minimum_before", "is negative", "give a count")
	l.must(b.ObservationDays >= 0, "/label/observation_days", "is negative", "give days")
	l.must(b.GapDays >= 0, "/label/gap_days", "is negative", "give days")
	l.must(b.LabelDays >= 1, "/label/label_days", "is below 1", "give days")
	l.must(len(b.Snapshots) > 0, "/label/snapshots", "is empty", "give at least one date")
	for i, d := range b.Snapshots {
		if !l.must(isDate(d), under("/label/snapshots", i), "is not a date", "write YYYY-MM-DD") {
			continue
		}
		l.must(i == 0 || b.Snapshots[i-1] < d, under("/label/snapshots", i), "is not after the one before", "list dates in rising order")
	}
}

// checkColumns is everything that names a column.
func (s Scope) checkColumns(l *faultList, cat catalog) {
	l.must(cat.table(s.Main) != nil, "/main", "is not in the catalog", "name a table")
	for i, c := range s.Entity {
		l.must(cat.knows(c), under("/entity", i), "is not in the catalog", "name a column")
		l.must(!slices.Contains(s.Entity[:i], c), under("/entity", i), "was there before", "list each column once")
	}
	if s.Time != nil && cat.table(s.Main) != nil {
		l.must(cat.has(s.Main, *s.Time), "/time", "is not in the main table", "name a column of it, or null")
	}
	l.must(len(s.TimeParts) == 0 || s.Time == nil && s.Label == nil && len(s.TimeParts) > 1 && len(s.TimeParts) < 4, "/time_parts", "are not the time of the rows", "name two or three columns where there is no time and no label")
	for i, c := range s.TimeParts {
		l.must(cat.table(s.Main) == nil || cat.has(s.Main, c), under("/time_parts", i), "is not in the main table", "name a column of it")
	}
	for i, f := range s.Filters {
		l.must(cat.table(f.Table) != nil, under("/filters", i, "table"), "is not in the catalog", "name a table")
		l.must(cat.table(f.Table) == nil || cat.has(f.Table, f.Column), under("/filters", i, "column"), "is not in its table", "name a column of it")
		l.must(oneOf(f.Op, filterOps...), under("/filters", i, "op"), "is not a comparison", listed(filterOps...))
	}
	for i, x := range s.Exclude {
		l.must(cat.table(x.Table) != nil, under("/exclude", i, "table"), "is not in the catalog", "name a table")
		l.must(cat.table(x.Table) == nil || cat.has(x.Table, x.Column), under("/exclude", i, "column"), "is not in its table", "name a column of it")
		l.must(x.Reason != "", under("/exclude", i, "reason"), "is empty", "say why")
	}
}

// checkBars is the metric, the criteria and the constraints.
func (s Scope) checkBars(l *faultList, cat catalog) {
	checkMetric(l, "/metric", s.Metric, s.ProblemType)
	l.must(len(s.Criteria) > 0, "/criteria", "is empty", "without a criterion nothing is good enough")
	for i, c := range s.Criteria {
		checkMetric(l, under("/criteria", i, "metric"), c.Metric, s.ProblemType)
		if !l.must(oneOf(c.Op, criterionOps...), under("/criteria", i, "op"), "is not a comparison", listed(criterionOps...)) {
			continue
		}
		bar := c.Op == ">=" || c.Op == "<="
		l.must(bar == (c.Value != nil), under("/criteria", i, "value"), "does not go with "+c.Op, "a number for >= and <=, null for the others")
	}
	k := s.Constraints
	l.must(k.LatencyMS >= 0, "/constraints/latency_ms", "is negative", "0 is no limit")
	l.must(k.ModelBytes >= 0, "/constraints/model_bytes", "is negative", "0 is no limit")
	for i, g := range k.FairnessGroups {
		l.must(cat.knows(g), under("/constraints/fairness_groups", i), "is not in the catalog", "name a column")
	}
}

// checkReasons is what links the scope to its causes.
func (s Scope) checkReasons(l *faultList) {
	for i, a := range s.Assumptions {
		l.must(a.Text != "", under("/assumptions", i, "text"), "is empty", "say what is assumed")
		l.must(a.Confidence >= 0 && a.Confidence <= 1, under("/assumptions", i, "confidence"), "is not between 0 and 1", "give a share")
	}
	for i, c := range s.Clauses {
		l.must(strings.HasPrefix(c.Field, "/"), under("/clauses", i, "field"), "is not a JSON Pointer", "begin with /")
		l.must(oneOf(c.From, clauseOrigins...), under("/clauses", i, "from"), "is not an origin", listed(clauseOrigins...))
	}
}

func (s Scope) checkTables(l *faultList) {
	l.must(len(s.Tables) > 0, "/tables", "is empty", "list the tables")
	names := map[string]bool{}
	for i := range s.Tables {
		t, at := &s.Tables[i], under("/tables", i)
		l.must(t.Name != "" && !names[t.Name], at+"/name", "is empty or was given before", "give each table its own name")
		names[t.Name] = true
		l.must(t.File != "" && !strings.ContainsAny(t.File, `/\`), at+"/file", "is not a file name without its folder", "leave the folder out")
		l.digest(at+"/sha256", t.SHA256)
		l.must(t.Bytes >= 0, at+"/bytes", "is negative", "give a size")
		l.must(t.Rows >= 0, at+"/rows", "is negative", "give a number")
		l.must(t.RejectedRows >= len(t.Rejected), at+"/rejected_rows", "is less than the rejected rows that are named", "count them all")
		columns := map[string]bool{}
		for j := range t.Columns {
			c := &t.Columns[j]
			where := under(at+"/columns", j)
			l.must(c.Name != "" && !columns[c.Name], where+"/name", "is empty or was given before", "give each column its own name")
			columns[c.Name] = true
			checkColumn(l, where, c, t.Rows)
		}
	}
}

func checkColumn(l *faultList, at string, c *table.ColumnInfo, rows int) {
	l.must(c.Missing >= 0 && c.Missing <= rows, at+"/missing", "is not between 0 and the rows", "count the cells")
	l.must(c.Infinite >= 0 && c.Infinite <= c.Missing, at+"/infinite", "is not between 0 and the missing ones", "count the cells")
	l.must(c.Numbers >= 0 && c.Numbers <= rows, at+"/numbers", "is not between 0 and the rows", "count the cells")
	l.must(c.Distinct >= 0 && c.Distinct <= rows, at+"/distinct", "is not between 0 and the rows", "count the values")
	l.must(c.Min == nil || c.Max == nil || *c.Min <= *c.Max, at+"/max", "is less than min", "swap them")
	l.must(c.Earliest.IsZero() || c.Latest.IsZero() || !c.Latest.Before(c.Earliest), at+"/latest", "is before earliest", "swap them")
	l.must(oneOf(c.Order, "", "ascending", "descending"), at+"/order", "is not an order", "ascending, descending or left out")
	sum := 0
	for k, level := range c.Levels {
		l.must(level.Count >= 1, under(at+"/levels", k, "count"), "is below 1", "list values that are there")
		sum += max(level.Count, 0)
	}
	l.must(sum <= rows, at+"/levels", "are more than the rows", "count the cells")
}

// checkMetric wants one name of the vocabulary that has a meaning here.
func checkMetric(l *faultList, at, name, problemType string) {
	if !l.must(slices.Contains(metric.Names(), metric.Name(name)), at, "is not a metric", "see the vocabulary of metrics") {
		return
	}
	l.must(!oneOf(problemType, problemTypes...) || metric.Applies(metric.Name(name), problemType), at, "has no meaning for "+problemType, "use another metric")
}

func isDate(text string) bool {
	_, err := time.Parse(time.DateOnly, text)
	return err == nil
}

// isTime takes RFC 3339: a date, or a date with a time.
func isTime(text string) bool {
	_, err := time.Parse(time.RFC3339Nano, text)
	return err == nil || isDate(text)
}

// near tells whether two sums that should be equal are, but for rounding.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Max(1, math.Abs(b)) }
