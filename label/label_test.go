package label_test

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/sample"
	"github.com/septet-ml/septet/table"
)

func open(t *testing.T) *duck.DB {
	t.Helper()
	db, err := duck.Open(duck.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// event is one row of the tables that the tests make.
type event struct {
	who, what string
	at        time.Time
	amount    float64
	known     time.Time
}

func load(t *testing.T, db *duck.DB, events []event) {
	t.Helper()
	who, what := text("who"), text("what")
	at, known := table.Column{Name: "at", Kind: table.Time}, table.Column{Name: "known", Kind: table.Time}
	amount := table.Column{Name: "amount", Kind: table.Number}
	for _, e := range events {
		who.add(e.who)
		what.add(e.what)
		at.Time = append(at.Time, micros(e.at))
		known.Time = append(known.Time, micros(e.known))
		amount.Number = append(amount.Number, e.amount)
	}
	all := &table.Table{Rows: len(events), Columns: []table.Column{who.Column, what.Column, at, known, amount}}
	if err := db.Load(t.Context(), "events", all); err != nil {
		t.Fatal(err)
	}
}

func micros(at time.Time) int64 {
	if at.IsZero() {
		return table.NoTime
	}
	return at.UnixMicro()
}

// texts builds a Text column.
type texts struct {
	table.Column
	known map[string]int32
}

func text(name string) *texts {
	return &texts{table.Column{Name: name, Kind: table.Text}, map[string]int32{"": table.Missing}}
}

func (c *texts) add(s string) {
	code, ok := c.known[s]
	if !ok {
		code = int32(len(c.Levels))
		c.Levels, c.known[s] = append(c.Levels, s), code
	}
	c.Code = append(c.Code, code)
}

func day(n int) time.Time { return time.Date(2024, 1, 1+n, 0, 0, 0, 0, time.UTC) }

// random is n events of ten entities, some without a key, a time or an amount.
func random(seed uint64, n int) []event {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]event, n)
	for i := range out {
		out[i] = event{
			who: string(rune('a' + r.IntN(10))), what: []string{"red", "blue", "it's"}[r.IntN(3)],
			at: day(0).Add(time.Duration(r.Int64N(int64(400 * 24 * time.Hour)))), amount: math.Round(1000*r.NormFloat64()) / 100,
		}
		if r.IntN(3) == 0 {
			out[i].at = out[i].at.Truncate(24 * time.Hour) // exactly on the edge of windows
		}
		switch r.IntN(40) {
		case 0:
			out[i].who = ""
		case 1:
			out[i].at = time.Time{}
		case 2:
			out[i].amount = math.NaN()
		}
	}
	return out
}

// row is one row of a spine.
type row struct {
	at            string
	who, what     string
	y             float64
	before, after float64
}

// plain is the rule on the events in a slice.
func plain(l handoff.Label, events []event, byWhat bool, snapshots []time.Time, end time.Time) (rows []row, indeterminate int) {
	for _, at := range snapshots {
		found := map[[2]string]*row{}
		for _, e := range events {
			if e.who == "" || e.at.IsZero() || !e.at.Before(end) {
				continue
			}
			key := [2]string{e.who, ""}
			if byWhat {
				key[1] = e.what
			}
			r := found[key]
			if r == nil {
				r = &row{at: at.Format(time.DateOnly), who: key[0], what: key[1], y: -1}
				found[key] = r
			}
			measure := 1.0
			if l.Value != nil {
				if measure = e.amount; math.IsNaN(measure) {
					measure = 0
				}
			}
			from := at.AddDate(0, 0, l.GapDays)
			if e.at.Before(at) {
				r.y = 0 // known
				if !e.at.Before(at.AddDate(0, 0, -l.ObservationDays)) {
					r.before += measure
				}
			} else if !e.at.Before(from) && e.at.Before(from.AddDate(0, 0, l.LabelDays)) {
				r.after += measure
			}
		}
		for _, r := range found {
			r.before, r.after = math.Round(r.before*1e6)/1e6, math.Round(r.after*1e6)/1e6
			switch {
			case r.y < 0:
				continue
			case r.before < l.MinimumBefore, l.Rule == label.FallsBelow && r.before <= 0:
				indeterminate++
				continue
			case l.Rule == label.Total:
				r.y = r.after
			case l.Rule == label.NoneInWindow && r.after == 0,
				l.Rule == label.CountAtLeast && r.after >= l.Threshold,
				l.Rule == label.FallsBelow && (r.after <= 0 || r.after < l.Threshold*r.before-1e-9):
				r.y = 1
			}
			rows = append(rows, *r)
		}
	}
	slices.SortFunc(rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.who, b.who), cmp.Compare(a.what, b.what))
	})
	return rows, indeterminate
}

func rows(s *label.Spine) []row {
	out := make([]row, s.Rows.Rows)
	for i := range out {
		at := time.UnixMicro(s.Rows.Column(label.Snapshot).Time[i]).UTC()
		out[i] = row{
			at: at.Format(time.DateOnly), y: s.Rows.Column(label.Label).Number[i],
			before: math.Round(s.Before[i]*1e6) / 1e6, after: math.Round(s.After[i]*1e6) / 1e6,
		}
		out[i].who = cell(s.Rows.Column("who"), i)
		out[i].what = cell(s.Rows.Column("what"), i)
	}
	return out
}

func cell(c *table.Column, i int) string {
	if c == nil || c.Code[i] < 0 {
		return ""
	}
	return c.Levels[c.Code[i]]
}

func TestRulesEqualTheirDefinition(t *testing.T) {
	amount := "amount"
	rules := map[string]handoff.Label{
		"churn":      {Rule: label.FallsBelow, Threshold: 0.3, MinimumBefore: 3, ObservationDays: 60, GapDays: 7, LabelDays: 30},
		"churn half": {Rule: label.FallsBelow, Threshold: 0.5, MinimumBefore: 1, ObservationDays: 30, LabelDays: 30},
		"amount":     {Rule: label.FallsBelow, Threshold: 0.7, MinimumBefore: 2.5, ObservationDays: 60, GapDays: 1, LabelDays: 40, Value: &amount},
		"none":       {Rule: label.NoneInWindow, MinimumBefore: 1, ObservationDays: 90, GapDays: 0, LabelDays: 20},
		"count":      {Rule: label.CountAtLeast, Threshold: 4, LabelDays: 45},
		"sum":        {Rule: label.CountAtLeast, Threshold: 1.25, LabelDays: 45, Value: &amount, ObservationDays: 10, MinimumBefore: -3},
		"total":      {Rule: label.Total, ObservationDays: 20, MinimumBefore: 1, LabelDays: 25, GapDays: 3},
		"total sum":  {Rule: label.Total, LabelDays: 25, Value: &amount},
	}
	db := open(t)
	events := random(1, 3000)
	load(t, db, events)
	for name, l := range rules {
		for _, byWhat := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", name, byWhat), func(t *testing.T) {
				l.EventTable, l.EventTime = "events", "at"
				snapshots := []time.Time{day(91), day(150), day(151), day(320), day(390)}
				l.Snapshots = label.Dates(snapshots)
				u := label.Unit{Entity: []string{"who"}}
				if byWhat {
					u.Entity = append(u.Entity, "what")
				}
				s, err := label.Build(t.Context(), db, l, u)
				if err != nil {
					t.Fatal(err)
				}
				want, indeterminate := plain(l, events, byWhat, snapshots[:4], day(400))
				if d := diff.Diff(want, rows(s), diff.AllowUnexported(row{})); d != "" {
					t.Error(d)
				}
				if d := diff.Diff([]time.Time{day(390)}, s.Incomplete); d != "" {
					t.Error("censored snapshots:", d)
				}
				gotRows, gotIndeterminate, gotPositive, positive := 0, 0, 0, 0
				for _, c := range s.Snapshots {
					gotRows, gotIndeterminate, gotPositive = gotRows+c.Rows, gotIndeterminate+c.Indeterminate, gotPositive+c.Positives
				}
				for _, r := range want {
					if r.y != 0 {
						positive++
					}
				}
				if got, want := []int{gotRows, gotIndeterminate, gotPositive}, []int{len(want), indeterminate, positive}; !slices.Equal(got, want) {
					t.Errorf("rows, indeterminate, positives: %v, want %v", got, want)
				}
			})
		}
	}
}

func TestFilters(t *testing.T) {
	db := open(t)
	events := random(2, 2000)
	load(t, db, events)
	vip := text("who")
	level := table.Column{Name: "level", Kind: table.Number}
	for i, who := range []string{"a", "b", "c", "d", "a"} {
		vip.add(who)
		level.Number = append(level.Number, float64(i))
	}
	if err := db.Load(t.Context(), "vip", &table.Table{Rows: 5, Columns: []table.Column{vip.Column, level}}); err != nil {
		t.Fatal(err)
	}
	f := func(table, column, op, value string) handoff.Filter {
		return handoff.Filter{Table: table, Column: column, Op: op, Value: value}
	}
	tests := []struct {
		name    string
		filters []handoff.Filter
		keep    func(event) bool
	}{
		{"text", []handoff.Filter{f("events", "what", "=", "it's")}, func(e event) bool { return e.what == "it's" }},
		{"in", []handoff.Filter{f("", "what", "in", `red, "it's"`)}, func(e event) bool { return e.what != "blue" }},
		{"not", []handoff.Filter{f("events", "amount", "!=", "0"), f("events", "what", "!=", "red")}, func(e event) bool { return e.what != "red" && e.amount != 0 }},
		{"number", []handoff.Filter{f("events", "amount", ">=", "1.5")}, func(e event) bool { return e.amount >= 1.5 }},
		{"time", []handoff.Filter{f("events", "at", ">", "2024-03-01")}, func(e event) bool { return e.at.After(day(60)) }},
		{"other table", []handoff.Filter{f("vip", "level", "<", "2.5")}, func(e event) bool { return slices.Contains([]string{"a", "b", "c"}, e.who) }},
	}
	l := handoff.Label{
		Rule: label.NoneInWindow, EventTable: "events", EventTime: "at", ObservationDays: 60, LabelDays: 3, MinimumBefore: 1,
		Snapshots: []string{"2024-06-01", "2024-10-20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := label.Build(t.Context(), db, l, label.Unit{Entity: []string{"who"}, Filters: tt.filters})
			if err != nil {
				t.Fatal(err)
			}
			kept := slices.DeleteFunc(slices.Clone(events), func(e event) bool { return !tt.keep(e) })
			want, _ := plain(l, kept, false, []time.Time{day(152), day(293)}, day(400))
			if d := diff.Diff(want, rows(s), diff.AllowUnexported(row{})); d != "" {
				t.Error(d)
			}
		})
	}
	for name, bad := range map[string]handoff.Filter{
		"no column": f("events", "colour", "=", "red"), "no operator": f("events", "what", "~", "red"), "no order": f("events", "what", "<", "red"),
		"no number": f("events", "amount", "=", "red"), "no date": f("events", "at", "<", "soon"), "bad list": f("events", "what", "in", `a, "b`),
	} {
		_, err := label.Build(t.Context(), db, l, label.Unit{Entity: []string{"who"}, Filters: []handoff.Filter{bad}})
		if p := problem.As(err); p == nil || p.Code != "label.filter" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSnapshots(t *testing.T) {
	l := label.Churn("events", "at")
	tests := []struct {
		name           string
		unit           label.Unit
		oldest, newest time.Time
		want           []string
	}{
		{
			"three years",
			label.Unit{},
			time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 12, 31, 17, 30, 0, 0, time.UTC),
			[]string{"2022-06-10", "2022-09-22", "2023-01-04", "2023-04-18", "2023-07-31", "2023-11-12", "2024-02-24", "2024-06-07", "2024-09-19"},
		},
		{"exactly one", label.Unit{}, day(0), day(193), []string{"2024-03-31"}},
		{"a day short", label.Unit{}, day(0), day(192), []string{}},
		{"as of", label.Unit{AsOf: day(193)}, day(0), day(500), []string{"2024-03-31"}},
		{"lag", label.Unit{LagDays: 10}, day(0), day(203), []string{"2024-03-31"}},
	}
	for _, tt := range tests {
		if d := diff.Diff(tt.want, label.Dates(label.Snapshots(l, tt.unit, tt.oldest, tt.newest))); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
	}
	if got := label.Snapshots(l, label.Unit{}, day(-20_000), day(0)); len(got) != 24 {
		t.Errorf("%d snapshots of a long history, want 24", len(got))
	}
}

func TestPopulationKnowsOnlyThePast(t *testing.T) {
	db := open(t)
	at := day(100)
	events := []event{
		{who: "three", at: day(50), known: day(51)},
		{who: "three", at: day(60)},
		{who: "three", at: day(99), known: day(99)},
		{who: "late", at: day(50), known: day(51)},
		{who: "late", at: day(60), known: day(61)},
		{who: "late", at: day(99), known: day(100)},
		{who: "future", at: day(101)},
		{who: "future", at: day(102)},
		{who: "future", at: day(103)},
		{who: "old", at: day(1)},
		{who: "old", at: day(2)},
		{who: "old", at: day(3)},
	}
	load(t, db, events)
	got, err := label.Population(t.Context(), db, label.Churn("events", "at"), label.Unit{Entity: []string{"who"}, Reported: "known"}, at)
	if err != nil {
		t.Fatal(err)
	}
	if got.Rows != 1 || cell(got.Column("who"), 0) != "three" || got.Column(label.Snapshot).Time[0] != at.UnixMicro() || len(got.Columns) != 2 {
		t.Errorf("population %+v", got)
	}
	_, err = label.Population(t.Context(), db, label.Churn("events", "at"), label.Unit{Entity: []string{"who"}}, day(-5))
	if p := problem.As(err); p == nil || p.Code != "label.no_rows" {
		t.Errorf("before all events: %v", err)
	}
}

// A filter on another table of events keeps who has such an event before the
// snapshot, known by then; one on a table two joins away goes over the table
// between.
func TestFiltersOnOtherTables(t *testing.T) {
	db := open(t)
	var events []event
	for _, who := range []string{"a", "b", "c", "d"} {
		events = append(events, event{who: who, at: day(10), known: day(10)}, event{who: who, at: day(300), known: day(300)})
	}
	load(t, db, events)
	caller, kind, town, name, region := text("caller"), text("kind"), text("town"), text("town"), text("region")
	at, known := table.Column{Name: "when", Kind: table.Time}, table.Column{Name: "known", Kind: table.Time}
	for _, c := range []struct {
		who, kind string
		at, known int
	}{{"a", "long", 20, 20}, {"b", "long", 150, 150}, {"c", "long", 20, 150}, {"d", "short", 20, 20}} {
		caller.add(c.who)
		kind.add(c.kind)
		at.Time, known.Time = append(at.Time, micros(day(c.at))), append(known.Time, micros(day(c.known)))
	}
	calls := &table.Table{Rows: 4, Columns: []table.Column{caller.Column, kind.Column, at, known}}
	who := text("who")
	for _, w := range []string{"a", "b", "c", "d"} {
		who.add(w)
		town.add(map[string]string{"a": "x", "b": "y", "c": "x"}[w])
	}
	people := &table.Table{Rows: 4, Columns: []table.Column{who.Column, town.Column}}
	for _, w := range []string{"x", "y"} {
		name.add(w)
		region.add(map[string]string{"x": "north", "y": "south"}[w])
	}
	towns := &table.Table{Rows: 2, Columns: []table.Column{name.Column, region.Column}}
	for name, in := range map[string]*table.Table{"calls": calls, "people": people, "towns": towns} {
		if err := db.Load(t.Context(), name, in); err != nil {
			t.Fatal(err)
		}
	}
	links := []label.Link{
		{Table: "calls", Time: "when", Reported: "known", Keys: []label.Key{{Column: "caller", Other: "who"}}},
		{Table: "people", Keys: []label.Key{{Column: "who", Other: "who"}}},
		{Table: "towns", Keys: []label.Key{{Column: "town", Table: "people", Other: "town"}}},
	}
	long := handoff.Filter{Table: "calls", Column: "kind", Op: "=", Value: "long"}
	north := handoff.Filter{Table: "towns", Column: "region", Op: "=", Value: "north"}
	tests := []struct {
		name    string
		filters []handoff.Filter
		at      int
		want    string
	}{
		{"events before", []handoff.Filter{long}, 100, "a"},
		{"and later", []handoff.Filter{long}, 200, "abc"},
		{"two joins", []handoff.Filter{north}, 100, "ac"},
		{"both", []handoff.Filter{north, long}, 200, "ac"},
	}
	l := handoff.Label{Rule: label.NoneInWindow, EventTable: "events", EventTime: "at", ObservationDays: 300, LabelDays: 30, MinimumBefore: 1}
	for _, tt := range tests {
		u := label.Unit{Entity: []string{"who"}, Filters: tt.filters, Links: links, Reported: "known"}
		l.Snapshots = label.Dates([]time.Time{day(tt.at)})
		s, err := label.Build(t.Context(), db, l, u)
		if err != nil {
			t.Fatal(err)
		}
		p, err := label.Population(t.Context(), db, l, u, day(tt.at))
		if err != nil {
			t.Fatal(err)
		}
		for from, rows := range map[string]*table.Table{"training": s.Rows, "prediction": p} {
			got := ""
			for i := range rows.Rows {
				got += cell(rows.Column("who"), i)
			}
			if got != tt.want {
				t.Errorf("%s, %s: %q, want %q", tt.name, from, got, tt.want)
			}
		}
	}
	u := label.Unit{Entity: []string{"who"}, Filters: []handoff.Filter{north}}
	if _, err := label.Build(t.Context(), db, l, u); problem.As(err) == nil || problem.As(err).Code != "label.filter" {
		t.Errorf("no way to the entity: %v", err)
	}
}

// A filter on a table that the events lead to keeps events; one on a table that
// other events lead to keeps who had one before the snapshot.
func TestFiltersOnLookups(t *testing.T) {
	db := open(t)
	events := random(6, 2000)
	load(t, db, events)
	what, shade := text("what"), text("shade")
	for _, kind := range []string{"red", "it's", "blue"} {
		what.add(kind)
		shade.add(map[string]string{"red": "warm", "it's": "warm", "blue": "cold"}[kind])
	}
	shades := &table.Table{Rows: 3, Columns: []table.Column{what.Column, shade.Column}}
	who, seen := text("who"), text("seen")
	at := table.Column{Name: "when", Kind: table.Time}
	for i, w := range []string{"a", "b", "c"} {
		who.add(w)
		seen.add([]string{"red", "red", "blue"}[i])
		at.Time = append(at.Time, micros(day([]int{50, 250, 50}[i])))
	}
	views := &table.Table{Rows: 3, Columns: []table.Column{who.Column, seen.Column, at}}
	for name, in := range map[string]*table.Table{"shades": shades, "views": views} {
		if err := db.Load(t.Context(), name, in); err != nil {
			t.Fatal(err)
		}
	}
	l := handoff.Label{Rule: label.NoneInWindow, EventTable: "events", EventTime: "at", ObservationDays: 60, LabelDays: 3, MinimumBefore: 1, Snapshots: label.Dates([]time.Time{day(152)})}
	warm := []handoff.Filter{{Table: "shades", Column: "shade", Op: "=", Value: "warm"}}
	for _, test := range []struct {
		name  string
		links []label.Link
		keep  func(event) bool
	}{
		{"of the events themselves", []label.Link{{Table: "shades", Keys: []label.Key{{Column: "what", Table: "events", Other: "what"}}}}, func(e event) bool { return e.what != "blue" }},
		{"of other events", []label.Link{
			{Table: "shades", Keys: []label.Key{{Column: "what", Table: "views", Other: "seen"}}},
			{Table: "views", Time: "when", Keys: []label.Key{{Column: "who", Other: "who"}}},
		}, func(e event) bool { return e.who == "a" }},
	} {
		s, err := label.Build(t.Context(), db, l, label.Unit{Entity: []string{"who"}, Filters: warm, Links: test.links})
		if err != nil {
			t.Fatal(err)
		}
		kept := slices.DeleteFunc(slices.Clone(events), func(e event) bool { return !test.keep(e) })
		want, _ := plain(l, kept, false, []time.Time{day(152)}, day(400))
		if d := diff.Diff(want, rows(s), diff.AllowUnexported(row{})); d != "" || len(want) == 0 {
			t.Errorf("%s, %d rows: %s", test.name, len(want), d)
		}
	}
}

// Who is asked about is judged by what was known at the snapshot, the answer
// by all that is known today.
func TestLateReportsDoNotAdmit(t *testing.T) {
	db := open(t)
	load(t, db, []event{
		{who: "late", at: day(95), known: day(130)},
		{who: "some", at: day(90), known: day(91)},
		{who: "some", at: day(95), known: day(130)},
		{who: "some", at: day(110), known: day(140)},
		{who: "end", at: day(300), known: day(300)},
	})
	l := handoff.Label{Rule: label.FallsBelow, EventTable: "events", EventTime: "at", Threshold: 0.6, ObservationDays: 60, LabelDays: 30, MinimumBefore: 1, Snapshots: label.Dates([]time.Time{day(100)})}
	s, err := label.Build(t.Context(), db, l, label.Unit{Entity: []string{"who"}, Reported: "known"})
	if err != nil {
		t.Fatal(err)
	}
	if s.Rows.Rows != 1 || cell(s.Rows.Column("who"), 0) != "some" || s.Before[0] != 2 || s.After[0] != 1 || s.Rows.Column(label.Label).Number[0] != 1 {
		t.Errorf("spine %+v, before %v, after %v; want one positive row of “some”: two before, one after", s.Rows, s.Before, s.After)
	}
}

func TestMistakes(t *testing.T) {
	db := open(t)
	load(t, db, random(3, 50))
	who := label.Unit{Entity: []string{"who"}}
	good := label.Churn("events", "at")
	change := func(f func(*handoff.Label)) handoff.Label {
		l := good
		f(&l)
		return l
	}
	what := "what"
	tests := []struct {
		name string
		l    handoff.Label
		u    label.Unit
		code string
	}{
		{"no rule", change(func(l *handoff.Label) { l.Rule = "vanishes" }), who, "label.rule"},
		{"no time", change(func(l *handoff.Label) { l.EventTime = "when" }), who, "label.rule"},
		{"time is text", change(func(l *handoff.Label) { l.EventTime = "what" }), who, "label.rule"},
		{"sum of text", change(func(l *handoff.Label) { l.Value = &what }), who, "label.rule"},
		{"no window", change(func(l *handoff.Label) { l.LabelDays = 0 }), who, "label.rule"},
		{"no observation", change(func(l *handoff.Label) { l.ObservationDays = 0 }), who, "label.rule"},
		{"no entity", good, label.Unit{}, "label.rule"},
		{"unknown entity", good, label.Unit{Entity: []string{"whom"}}, "label.rule"},
		{"too long", change(func(l *handoff.Label) { l.LabelDays = 500 }), who, "label.no_snapshot"},
		{"bad date", change(func(l *handoff.Label) { l.Snapshots = []string{"next week"} }), who, "label.snapshot"},
		{"only late", change(func(l *handoff.Label) { l.Snapshots = []string{"2030-01-01"} }), who, "label.no_snapshot"},
		{"nobody", change(func(l *handoff.Label) { l.MinimumBefore = 1e6 }), who, "label.no_rows"},
	}
	for _, tt := range tests {
		_, err := label.Build(t.Context(), db, tt.l, tt.u)
		if p := problem.As(err); p == nil || p.Code != tt.code {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		}
	}
	_, err := label.Build(t.Context(), db, change(func(l *handoff.Label) { l.EventTime, l.LabelDays = "att", -1 }), label.Unit{})
	var all interface{ Unwrap() []error }
	if !errors.As(err, &all) || len(all.Unwrap()) != 3 {
		t.Errorf("three faults gave %v", err)
	}
	if p := problem.As(err); len(p.Nearest) == 0 || p.Nearest[0] != "at" {
		t.Errorf("nearest of %q: %v", "att", p.Nearest)
	}
}

func TestDescribe(t *testing.T) {
	got := label.Churn("prescriptions", "rx_date").Condition
	want := "events in prescriptions fall to zero or below 30 % of the 90 days before the snapshot, in the 90 days that begin 14 days after the snapshot; less than 3 in the 90 days before it is left out"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// readCSV loads a CSV file: named columns as numbers and times in a layout,
// the rest as text.
func readCSV(t *testing.T, db *duck.DB, path, layout string, kinds map[string]table.Kind) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := csv.NewReader(zip).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := &table.Table{Rows: len(cells) - 1}
	for j, name := range cells[0] {
		c := text(name)
		c.Kind = kinds[name]
		if _, ok := kinds[name]; !ok {
			c.Kind = table.Text
		}
		for _, row := range cells[1:] {
			switch c.Kind {
			case table.Text:
				c.add(row[j])
			case table.Number:
				x, err := strconv.ParseFloat(row[j], 64)
				if err != nil {
					x = math.NaN()
				}
				c.Number = append(c.Number, x)
			case table.Time:
				at, err := time.Parse(layout, row[j])
				if err != nil {
					t.Fatal(err)
				}
				c.Time = append(c.Time, at.UnixMicro())
			}
		}
		out.Columns = append(out.Columns, c.Column)
	}
	if err := db.Load(t.Context(), "events", out); err != nil {
		t.Fatal(err)
	}
}

// The default rule with the default snapshots gives exactly the labels that
// the generator of the sample drew.
func TestChurnOfTheSample(t *testing.T) {
	dir := t.TempDir()
	if _, err := (sample.HCP{HCPs: 200, Seed: 4}).Write(dir); err != nil {
		t.Fatal(err)
	}
	db := open(t)
	kinds := map[string]table.Kind{"rx_date": table.Time, "reported_date": table.Time}
	readCSV(t, db, filepath.Join(dir, "prescriptions.csv.gz"), time.DateOnly, kinds)
	s, err := label.Build(t.Context(), db, label.Churn("events", "rx_date"), label.Unit{Entity: []string{"hcp_id", "brand"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i := range s.Rows.Rows {
		at := time.UnixMicro(s.Rows.Column(label.Snapshot).Time[i]).UTC()
		got = append(got, fmt.Sprint(cell(s.Rows.Column("hcp_id"), i), cell(s.Rows.Column("brand"), i), at.Format(time.DateOnly),
			s.Rows.Column(label.Label).Number[i], s.Before[i], s.After[i]))
	}
	readCSV(t, db, filepath.Join(dir, "truth", "probabilities.csv.gz"), time.DateOnly, map[string]table.Kind{"label": table.Number, "count_before": table.Number, "count_after": table.Number})
	truth, err := db.Query(t.Context(), "SELECT * FROM events ORDER BY snapshot, hcp_id, brand")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range truth.Rows {
		want = append(want, fmt.Sprint(cell(truth.Column("hcp_id"), i), cell(truth.Column("brand"), i), cell(truth.Column("snapshot"), i),
			truth.Column("label").Number[i], truth.Column("count_before").Number[i], truth.Column("count_after").Number[i]))
	}
	if d := diff.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Which makers will stop paying a physician: public data, the same code. The
// figures are pandas':
//
//	key = ['Physician_Profile_ID', 'Applicable_Manufacturer_or_Applicable_GPO_Making_Payment_Name']
//	w = pd.Timedelta(days=182)
//	b = p[(p.t < S) & (p.t >= S - w)].groupby(key).size(); b = b[b >= 3]
//	a = p[(p.t >= S) & (p.t < S + w)].groupby(key).size()
//	len(b), (~b.index.isin(a.index)).sum()
func TestOpenPayments(t *testing.T) {
	path := "../../shared/data/open_payments_iowa/payments.csv.gz"
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data are not here:", err)
	}
	db := open(t)
	readCSV(t, db, path, "01/02/2006", map[string]table.Kind{"Date_of_Payment": table.Time, "Total_Amount_of_Payment_USDollars": table.Number})
	l := handoff.Label{Rule: label.NoneInWindow, EventTable: "events", EventTime: "Date_of_Payment", MinimumBefore: 3, ObservationDays: 182, LabelDays: 182}
	s, err := label.Build(t.Context(), db, l, label.Unit{Entity: []string{"Physician_Profile_ID", "Applicable_Manufacturer_or_Applicable_GPO_Making_Payment_Name"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range s.Snapshots {
		got = append(got, fmt.Sprint(c.At.Format(time.DateOnly), " ", c.Rows, " ", c.Positives))
	}
	want := []string{"2014-07-04 2815 435", "2015-01-02 2602 745", "2015-07-03 2979 519"}
	if d := diff.Diff(want, got); d != "" {
		t.Error(d)
	}
}
