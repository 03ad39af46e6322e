package prepare_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/table/parquet"
)

func goal(task string) handoff.Settings {
	return handoff.Settings{Target: "goal", Set: map[string]string{"problem_type": task}}
}

// Nothing is removed from tables where nothing was planted.
func TestCleanTablesStayWhole(t *testing.T) {
	for seed := range uint64(3) {
		for _, task := range []string{"binary", "multiclass", "regression"} {
			m := world(task, 1000+seed)
			r := run(t, m.put(t), goal(task))
			if r.err != nil {
				t.Fatal(r.err)
			}
			for _, f := range r.findings {
				if f.Action == handoff.Removed {
					t.Errorf("%s, seed %d: %s removed: %s", task, seed, *f.Column, f.Evidence)
				}
			}
			if r.out.Quality.Score < 0.95 {
				t.Errorf("%s, seed %d: quality %.3f", task, seed, r.out.Quality.Score)
			}
		}
	}
}

func TestCopiesStayInOnePart(t *testing.T) {
	m := world("binary", 3)
	for j, column := range m.cells {
		m.cells[j] = append(column, column[:300]...)
	}
	m.rows += 300
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	if !slices.Contains(r.actions(""), "leak.duplicates repaired") {
		t.Errorf("findings %v", r.actions(""))
	}
	part := partOf(t, r)
	for i := range 300 {
		if part[i+1] != part[1500+i+1] {
			t.Fatalf("row %d is in %s, its copy in %s", i+1, part[i+1], part[1500+i+1])
		}
	}
	for _, pair := range r.out.Policy.Audit {
		if pair.SharedRows != 0 {
			t.Errorf("%s and %s share %d rows", pair.A, pair.B, pair.SharedRows)
		}
	}
}

// partOf is the part of each row of the file, by its number.
func partOf(t *testing.T, r result) map[int]string {
	t.Helper()
	keys, err := parquet.Read(r.options.Artifacts.Path(r.out.Keys), nil)
	if err != nil {
		t.Fatal(err)
	}
	part := map[int]string{}
	row, name := keys.Column("row"), keys.Column("part")
	for i := range keys.Rows {
		part[int(row.Number[i])] = name.Levels[name.Code[i]]
	}
	return part
}

// Rows of one customer that share the answer stay together, whether the scope
// knows the customer as the entity or the key was left out.
func TestEntitiesStayInOnePart(t *testing.T) {
	m := world("binary", 4)
	m.add("customer_id", func(i int) string { return fmt.Sprintf("c%05d", i%500) })
	for i := range m.rows {
		m.cells[slices.Index(m.names, "goal")][i] = m.label(i % 500)
	}
	i := slices.Index(m.names, "opened_on")
	m.names, m.cells = slices.Delete(m.names, i, i+1), slices.Delete(m.cells, i, i+1)
	for name, s := range map[string]handoff.Settings{
		"entity":   {Target: "goal", Entity: []string{"customer_id"}},
		"excluded": {Target: "goal", Exclude: []string{"customer_id"}, Set: map[string]string{"split.by": "stratified"}},
	} {
		r := run(t, m.put(t), s)
		if r.err != nil {
			t.Fatal(name, r.err)
		}
		if !slices.Contains(r.actions(""), "leak.entity_overlap repaired") {
			t.Errorf("%s: findings %v", name, r.actions(""))
		}
		part := partOf(t, r)
		for i := 500; i < m.rows; i++ {
			if part[i+1] != part[i%500+1] {
				t.Fatalf("%s: row %d is in %s, another row of the customer in %s", name, i+1, part[i+1], part[i%500+1])
			}
		}
	}
}

func TestTimeDividesAndNothingIsLost(t *testing.T) {
	m := world("binary", 5)
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil || r.out.Policy.By != "time" {
		t.Fatal(r.err, r.out.Policy.By)
	}
	order := []string{"train", "validation", "test", "holdout"}
	total := 0
	for i, name := range order {
		s := r.out.Splits[name]
		total += s.Rows
		if i > 0 && *r.out.Splits[order[i-1]].To >= *s.From {
			t.Errorf("%s begins at %s, %s ends at %s", name, *s.From, order[i-1], *r.out.Splits[order[i-1]].To)
		}
	}
	if total != m.rows {
		t.Errorf("%d of %d rows are in a part", total, m.rows)
	}
	fit, err := rowfile.Read(r.options.Artifacts, r.out, r.out.Rows.Fit, nil)
	if err != nil {
		t.Fatal(err)
	}
	test, err := rowfile.Read(r.options.Artifacts, r.out, r.out.Rows.Test, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(fit.Part(rowfile.Train)) != r.out.Splits["train"].Rows || len(test.Target) != r.out.Splits["test"].Rows {
		t.Error("the files do not hold the parts")
	}
	visits := slices.Index(m.names, "visits")
	for i, row := range test.Rows {
		at := int(row) - 1
		want, _ := strconv.ParseFloat(m.cells[visits][at], 64)
		if got := test.Inputs.Column("visits").Number[i]; got != want || test.Target[i] != m.answer[at] {
			t.Fatalf("row %d of the test part is not row %d of the table", i, at+1)
		}
	}
}

func TestThreadsAndRepetitionGiveTheSameBytes(t *testing.T) {
	path := world("regression", 6).put(t)
	var refs []handoff.RowFiles
	for _, threads := range []int{1, 3} {
		s := goal("regression")
		s.Threads = threads
		r := run(t, path, s)
		if r.err != nil {
			t.Fatal(r.err)
		}
		refs = append(refs, r.out.Rows)
	}
	if diff := cmp.Diff(refs[0], refs[1]); diff != "" {
		t.Error(diff)
	}
}

func TestPersonalDataIsKeptOut(t *testing.T) {
	m := world("binary", 7)
	m.add("contact", func(i int) string { return fmt.Sprintf("user%d@example.org", i%700) })
	m.add("phone", func(i int) string { return fmt.Sprintf("555-01%02d-%04d", i%100, i) })
	m.add("last_name", func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 3+i%7) })
	m.add("notes", func(i int) string { return fmt.Sprintf("please write to user%d@example.org soon", i%300) })
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	for column, want := range map[string]string{
		"contact": "personal.email removed", "phone": "personal.phone removed",
		"last_name": "personal.name removed", "notes": "personal.email removed",
	} {
		if r.keeps(column) || !slices.Contains(r.actions(column), want) {
			t.Errorf("%s: kept %v, findings %v", column, r.keeps(column), r.actions(column))
		}
	}
	for _, f := range r.findings {
		if strings.Contains(f.Evidence+f.Fix, "@") {
			t.Errorf("a value is told: %s", f.Code)
		}
	}
}

func TestWaiversKeepColumns(t *testing.T) {
	m := world("binary", 8)
	m.add("flag", func(i int) string { return number(m.answer[i]) })
	s := goal("binary")
	s.Waivers = []handoff.Waiver{{Code: "leak.target_copy", Column: "flag", Reason: "a test", By: "me", At: "2025-01-01T00:00:00Z"}}
	r := run(t, m.put(t), s)
	if r.err != nil || !r.keeps("flag") {
		t.Errorf("the waived column is kept: %v, %v", r.keeps("flag"), r.err)
	}
}

func TestStrongColumnsAreToldAndKept(t *testing.T) {
	m := world("binary", 9)
	m.add("smell", func(i int) string { // decides but for one value, as some real columns do
		if m.random.IntN(5) == 0 {
			return "none"
		}
		return words[4*int(m.answer[i])+m.random.IntN(4)]
	})
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil || !r.keeps("smell") || !slices.Contains(r.actions("smell"), "leak.too_predictive warned") {
		t.Errorf("kept %v, findings %v, %v", r.keeps("smell"), r.actions("smell"), r.err)
	}
}

func TestLateByMeaning(t *testing.T) {
	m := world("binary", 10)
	late := func(strength float64) func(int) string {
		return func(i int) string { return number(100 + 40*(m.answer[i]*strength+m.random.NormFloat64())) }
	}
	m.add("call_duration", late(1.6))
	m.add("survey_result", late(0.8))
	m.add("goal_score", late(1.6))
	m.add("previous_result", late(1.6))
	m.add("depth", late(1.6))
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	for column, want := range map[string]string{
		"call_duration": "leak.late_meaning removed", "survey_result": "leak.late_meaning warned",
		"goal_score": "leak.late_meaning removed", "previous_result": "", "depth": "",
	} {
		got := strings.Join(r.actions(column), ", ")
		if got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
}

// Some twenty values in rows of one class are too few to tell a leak by
// themselves; with a name that says so they are enough, in rows of both classes
// they are not.
func TestFewValuesOfALateColumn(t *testing.T) {
	m := world("binary", 14)
	few := func(ofAll bool) func(int) string {
		left := 25
		return func(i int) string {
			if left == 0 || m.answer[i] == 0 && !ofAll {
				return ""
			}
			left--
			return words[i%6]
		}
	}
	m.add("cancellation_code", few(false))
	m.add("voucher_code", few(false))
	m.add("resolution_code", few(true))
	r := run(t, m.put(t), handoff.Settings{Target: "goal", Set: map[string]string{"time": "none", "problem_type": "binary"}})
	if r.err != nil {
		t.Fatal(r.err)
	}
	for column, want := range map[string]string{"cancellation_code": "leak.after_outcome removed", "voucher_code": "", "resolution_code": ""} {
		if got := strings.Join(r.actions(column), ", "); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
}

func TestOneClassAgainstTheRest(t *testing.T) {
	m := world("multiclass", 11)
	r := run(t, m.put(t), handoff.Settings{Target: "goal", Positive: "maybe"})
	if r.err != nil {
		t.Fatal(r.err)
	}
	want, got := 0, 0
	for _, y := range m.answer {
		if y == 2 {
			want++
		}
	}
	for _, s := range r.out.Splits {
		if s.Positives != nil {
			got += *s.Positives
		}
	}
	if r.out.Scope.ProblemType != "binary" || got != want {
		t.Errorf("%s with %d positives, want %d", r.out.Scope.ProblemType, got, want)
	}
}

func TestGates(t *testing.T) {
	few := world("binary", 12)
	few.rows = 420
	for j := range few.cells {
		few.cells[j] = few.cells[j][:420]
	}
	onlyLeaks := world("binary", 13)
	keep := slices.Index(onlyLeaks.names, "goal")
	onlyLeaks.names, onlyLeaks.cells = []string{"goal"}, [][]string{onlyLeaks.cells[keep]}
	onlyLeaks.add("copy", func(i int) string { return number(onlyLeaks.answer[i]) })
	for name, test := range map[string]struct {
		m    *made
		code string
	}{"too few rows": {few, "data.too_few"}, "nothing but a leak": {onlyLeaks, "data.no_features"}} {
		r := run(t, test.m.put(t), goal("binary"))
		p := problem.As(r.err)
		told := slices.ContainsFunc(r.findings, func(f handoff.Finding) bool { return f.Code == test.code && f.Severity == handoff.Blocking })
		if r.err == nil || !told && (p == nil || p.Code != test.code) {
			t.Errorf("%s: %v; findings %v", name, r.err, r.findings)
		}
	}
}

// A series that goes on is not one row many times: its later rows test.
func TestSeriesGoOn(t *testing.T) {
	const series, months = 30, 60
	m := &made{rows: series * months, random: rand.New(rand.NewPCG(5, 7)), answer: make([]float64, series*months)}
	for i := range m.rows {
		m.answer[i] = float64(10*(i%series)) + float64(i/series) + m.random.NormFloat64()
	}
	start := time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	m.add("region", func(i int) string { return words[i%series%6] })
	m.add("article", func(i int) string { return words[6+i%series/6] })
	m.add("month", func(i int) string { return start.AddDate(0, i/series, 0).Format(time.DateOnly) })
	m.add("goal", m.label)
	r := run(t, m.put(t), goal("regression"))
	if r.err != nil {
		t.Fatal(r.err)
	}
	if r.out.Policy.By != "time" || r.out.Splits["test"].Rows < m.rows/10 || r.out.Splits["purged"].Rows > 0 {
		t.Errorf("by %s: %+v", r.out.Policy.By, r.out.Splits)
	}
}

// A word that most names have says nothing of what one of them is about.
func TestWordOfTheWholeTable(t *testing.T) {
	m := world("binary", 12)
	for i, name := range m.names {
		m.names[i] = name + "_gauge"
	}
	s := goal("binary")
	s.Target = "goal_gauge"
	r := run(t, m.put(t), s)
	if r.err != nil {
		t.Fatal(r.err)
	}
	for _, name := range m.names {
		if got := r.actions(name); slices.ContainsFunc(got, func(a string) bool { return strings.HasPrefix(a, "leak.late_meaning") }) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
