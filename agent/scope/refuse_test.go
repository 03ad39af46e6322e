package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// TestRefusals are stories of bad input: each ends with a code, says what is
// there, and what to do.
func TestRefusals(t *testing.T) {
	base := []col{key("customer_id", "C%d"), whole("age", 18, 80), one("plan", "basic", "gold")}
	with := func(rows int, more ...col) facts {
		return madeOf(t, func(folder string) { write(t, folder, "t", rows, append(base, more...)...) })
	}
	good := with(1000, rare("churn", "Yes", "No", 4))
	for _, test := range []struct {
		name     string
		facts    facts
		request  string
		settings handoff.Settings
		want     string // in "code: where: what (why) → fix"
	}{
		{"constant target", with(1000, one("churn", "No")), "predict churn", handoff.Settings{}, "data.constant_target: t.churn: target column churn has one value in all rows (1,000 of 1,000 rows have a value"},
		{"empty target", with(1000, one("churn", "")), "x", handoff.Settings{Target: "churn"}, "data.constant_target: t.churn: target column churn has no value in any row"},
		{"3 positives", with(1000, rare("churn", "Yes", "No", 340)), "predict churn", handoff.Settings{}, "data.too_few: t.churn: 3 positives, at least 20 are needed"},
		{"few negatives", with(1000, rare("churn", "No", "Yes", 340)), "predict churn", handoff.Settings{}, "data.too_few: t.churn: 3 negatives"},
		{"few rows", with(100, rare("churn", "Yes", "No", 4)), "predict churn", handoff.Settings{}, "100 rows with an answer, 500 are needed (table t has 100 rows) → give more rows, or take it on with --set minimum_samples=100"},
		{"few answers", with(1000, one("churn", "Yes", "No", "", "", "", "", "")), "predict churn", handoff.Settings{}, "of them without churn"},
		{"misspelt target", good, "predict churn", handoff.Settings{Target: "chrun"}, "data.no_target: --target: target column \"chrun\" is not in any table (the tables are t (1,000 rows, 4 columns)) nearest churn → septet run … --set target=churn"},
		{"misspelt answer", good, "predict churn", handoff.Settings{Set: map[string]string{"target": "t.chrun"}}, "data.no_target"},
		{"no such class", good, "predict churn", handoff.Settings{Positive: "Maybe"}, "scope.no_class: t.churn: column churn has no class \"Maybe\" (it has 2 different values) nearest"},
		{"class of numbers", good, "predict age", handoff.Settings{Positive: "30"}, "scope.no_class: --positive: column age holds numbers"},
		{"misspelt entity", good, "predict churn", handoff.Settings{Entity: []string{"custmer_id"}}, "scope.no_column: --entity: column \"custmer_id\" is not in any table"},
		{"no time", good, "predict churn", handoff.Settings{Time: "age"}, "scope.no_time: t.age: column age holds number, not dates"},
		{"excluded target", good, "predict churn", handoff.Settings{Exclude: []string{"churn"}}, "scope.exclude_target"},
		{"misspelt exclusion", good, "predict churn", handoff.Settings{Exclude: []string{"agee"}}, "scope.no_column: --exclude: column \"agee\" is not in any table (the tables are t (1,000 rows, 4 columns)) nearest age"},
		{"wrong metric", good, "predict churn", handoff.Settings{Metric: "rmse"}, "scope.metric: /metric: rmse cannot be the primary score of a binary problem"},
		{"unknown metric", good, "predict churn", handoff.Settings{Metric: "auk"}, "metric.unknown"},
		{"wrong bar", good, "predict age", handoff.Settings{Set: map[string]string{"criteria.auc": "0.8"}}, "scope.metric: /metric: auc cannot be a criterion of a regression problem"},
		{"text as amount", good, "predict plan", handoff.Settings{Set: map[string]string{"problem_type": "regression"}}, "scope.target_kind: t.plan: column plan holds text, not numbers"},
		{"many as binary", with(1000, one("x", "a", "b", "c")), "predict x", handoff.Settings{Set: map[string]string{"problem_type": "binary"}}, "scope.target_kind: t.x: column x has 3 different values, not two"},
		{"keys as classes", good, "x", handoff.Settings{Target: "customer_id"}, "scope.target_kind: t.customer_id: column customer_id has 1,000 different values, too many for classes"},
		{"split by time", good, "predict churn", handoff.Settings{Set: map[string]string{"split.by": "time"}}, "scope.no_time: --set split.by"},
		{"no events", good, "x", handoff.Settings{Set: map[string]string{"filter": "nonsense"}, Target: "churn"}, "settings.value: --set filter"},
		{"two values as many", good, "predict plan", handoff.Settings{Set: map[string]string{"problem_type": "multiclass"}}, "scope.target_kind: t.plan: column plan has two different values, which is binary"},
		{"a day too early", with(1000, days("seen_on", "2023-01-01", 300), rare("churn", "1", "0", 4)), "predict churn", handoff.Settings{Set: map[string]string{"as_of": "2020-01-01"}}, "data.too_few: /as_of: no row is from before the as-of date"},
		{"a novel", good, strings.Repeat("predict churn ", 400), handoff.Settings{}, "scope.request: REQUEST: the request is too long"},
		{"nothing like it", good, "predict churn", handoff.Settings{Target: "zzzzzz"}, "nearest churn, plan"},
		{"nothing, with --yes", good, "predict salary", handoff.Settings{Yes: true}, "data.no_target: the request names nothing that the tables hold"},
	} {
		_, err := define(handoff.Brief{Request: test.request, Settings: test.settings}, test.facts)
		p := problem.As(err)
		if p == nil {
			t.Errorf("%s: got %v, want a problem", test.name, err)
			continue
		}
		got := p.Error()
		if len(p.Nearest) > 0 {
			got += " nearest " + strings.Join(p.Nearest, ", ")
		}
		if p.Fix == "" {
			t.Errorf("%s: nothing to do is said", test.name)
		}
		if got += " → " + p.Fix; !strings.Contains(got, test.want) {
			if before, after, ok := strings.Cut(test.want, " nearest "); ok && strings.Contains(got, before) && strings.Contains(got, " nearest "+strings.Split(after, " →")[0]) {
				continue
			}
			t.Errorf("%s:\n\tgot  %s\n\twant %s", test.name, got, test.want)
		}
	}
}

// TestAnswers shows that questions are answered with --set, or by --yes with
// their defaults, and that what was taken is listed.
func TestAnswers(t *testing.T) {
	all := tables(t)
	for _, test := range []struct {
		table, request string
		settings       handoff.Settings
		want           string
	}{
		{"bank", "hello", handoff.Settings{Set: map[string]string{"target": "Exited"}}, "binary Exited=1 for [CustomerId]"},
		{"bank", "hello", handoff.Settings{Yes: true}, "binary Exited=1 for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Target: "bank.exited"}, "binary Exited=1 for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Target: "num_of_products"}, "multiclass NumOfProducts for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Target: "NumOfProducts", Positive: "1"}, "binary NumOfProducts=1 for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Target: "NumOfProducts", Metric: "rmse"}, "regression NumOfProducts for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Positive: "0"}, "binary Exited=0 for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Positive: "0.0"}, "binary Exited=0 for [CustomerId]"},
		{"bank", "churn", handoff.Settings{Entity: []string{"Geography"}}, "binary Exited=1 for [Geography]"},
		{"leads", "conversion of leads in Italy", handoff.Settings{Set: map[string]string{"filter": "none"}}, "binary converted=true for [lead_id]"},
		{"leads", "conversion of leads in Italy, at least 100 rows", handoff.Settings{Set: map[string]string{"filter": "leads.country=Poland"}}, "binary converted=true for [lead_id] if leads.country = Poland"},
		{"leads", "conversion of leads in Germanny, at least 100 rows", handoff.Settings{Yes: true}, "binary converted=true for [lead_id] if leads.country = Germany"},
		{"leads", "conversion of leads in Italy", handoff.Settings{Yes: true}, "scope.no_value: "},
		{"leads", "conversion of leads as of 03/04/2024", handoff.Settings{Set: map[string]string{"as_of": "2024-04-03"}}, "binary converted=true for [lead_id] if leads.created_at < 2024-04-04"},
		{"mail", "likelihood of accepting the first campaign", handoff.Settings{Set: map[string]string{"target": "AcceptedCmp1"}}, "binary AcceptedCmp1=1 for [ID]"},
		{"risk", "churn risk score", handoff.Settings{Set: map[string]string{"problem_type": "regression"}}, "regression churn_risk_score for [customer_id]"},
	} {
		got := outcome(handoff.Brief{Request: test.request, Settings: test.settings}, all[test.table])
		if got != test.want && !(strings.HasSuffix(test.want, ": ") && strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: %s %+v\n\tgot  %s\n\twant %s", test.table, test.request, test.settings, got, test.want)
		}
	}
	r, err := define(handoff.Brief{Request: "hello", Settings: handoff.Settings{Yes: true}}, all["bank"])
	if err != nil {
		t.Fatal(err)
	}
	want := handoff.Assumption{Text: "target: Exited (the default, taken by --yes)", Confidence: 0.5, Because: "no column is clearly what the request asks for"}
	if diff := cmp.Diff(want, r.scope.Assumptions[0]); diff != "" {
		t.Error(diff)
	}
}

// TestOneAgainstRest is --positive on more than two classes.
func TestOneAgainstRest(t *testing.T) {
	r, err := define(handoff.Brief{Request: "predict grade", Settings: handoff.Settings{Positive: "c"}}, tables(t)["loans"])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"not C", "C"}, r.scope.Classes); diff != "" || *r.scope.Target.Positive != "C" || r.scope.ProblemType != "binary" {
		t.Errorf("%s %+v", diff, r.scope.Target)
	}
	if !strings.Contains(r.scope.Assumptions[0].Text, "all others") {
		t.Errorf("the assumption is not listed: %+v", r.scope.Assumptions)
	}
}

// TestOneOfMany is --positive on more classes than can be told apart.
func TestOneOfMany(t *testing.T) {
	f := made(t, "t", many("town", "T%d", 80), amount("x", 0, 1))
	if got := outcome(handoff.Brief{Settings: handoff.Settings{Target: "town"}}, f); !strings.HasPrefix(got, "scope.target_kind: t.town: column town has 80 different values, too many for classes") {
		t.Error(got)
	}
	if got := outcome(handoff.Brief{Settings: handoff.Settings{Target: "town", Positive: "T123"}}, f); !strings.HasPrefix(got, "data.too_few: t.town: 1") { // there are about 12 of 1,000
		t.Error(got)
	}
}

// TestSameColumnTwice asks which table is meant.
func TestSameColumnTwice(t *testing.T) {
	f := madeOf(t, func(folder string) {
		write(t, folder, "a", 600, key("id", "A%d"), rare("churn", "1", "0", 4))
		write(t, folder, "b", 600, key("id", "B%d"), rare("churn", "1", "0", 4))
	})
	for _, test := range []struct{ target, want string }{{"churn", "ask target (a.churn)"}, {"b.churn", "binary churn=1 for [id]"}, {"", "ask target (a.churn)"}} {
		if got := outcome(handoff.Brief{Request: "predict churn", Settings: handoff.Settings{Target: test.target}}, f); got != test.want {
			t.Errorf("%q: got %s, want %s", test.target, got, test.want)
		}
	}
}

// TestExclusions holds which columns are left out, and why, against a table
// that has one of each kind.
func TestExclusions(t *testing.T) {
	f := made(t, "t", count("rownames"), key("customer_id", "C%d"), one("email", "a@example.com", "b@example.org"), one("country", "NL"), one("empty", ""),
		many("agent_id", "A%d", 400), amount("income", 1, 9), one("plan", "a", "b"), days("birth_date", "1960-01-01", 9000), rare("churn", "1", "0", 3))
	r, err := define(handoff.Brief{Request: "predict churn of customers"}, f)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range r.scope.Exclude {
		kind, _, _ := strings.Cut(x.Reason, ":")
		got[x.Column] = kind
	}
	want := map[string]string{"rownames": "key", "customer_id": "key", "email": "personal", "country": "constant", "empty": "constant", "agent_id": "key", "birth_date": "personal"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if r.scope.Time != nil || r.scope.SplitBy != "stratified" {
		t.Errorf("a birth date is no time of the rows: %v, %s", *r.scope.Time, r.scope.SplitBy)
	}
}

// TestSplitPolicy shows which policy fits which table.
func TestSplitPolicy(t *testing.T) {
	all := tables(t)
	for _, test := range []struct{ table, request, time, by, unit string }{
		{"bank", "churn", "", "stratified", "known_entities"},
		{"leads", "conversion", "created_at", "time", "known_entities"},
		{"leads", "conversion for unseen leads", "created_at", "time", "new_entities"},
		{"subs", "churn", "", "stratified", "known_entities"}, // signed up, churned: no event of the row
		{"visits", "churn", "", "entity", "new_entities"},
		{"stays", "readmission of patients", "", "entity", "new_entities"},
	} {
		r, err := define(handoff.Brief{Request: test.request}, all[test.table])
		if err != nil {
			t.Fatalf("%s: %v", test.table, err)
		}
		s := r.scope
		at := ""
		if s.Time != nil {
			at = *s.Time
		}
		if got := []string{at, s.SplitBy, s.Unit}; !cmp.Equal(got, []string{test.time, test.by, test.unit}) {
			t.Errorf("%s: got %v, want %v", test.table, got, []string{test.time, test.by, test.unit})
		}
	}
}
