package points_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// A case is a small practice of its own, with a snapshot of its own. Very many
// of them lie side by side in the same tables, every key and group of a case
// beginning with its number, so that one load and one build look at all.
var timeCases = flag.Int("cases", 250, "cases of the property of time")

// line is a row of a table and when it became known; zero is a row without a
// time, which is known always (attributes) or never (events).
type line struct {
	text  string
	known time.Time
}

type practice struct {
	*rand.Rand
	name string // what its keys begin with
	at   time.Time
	rows map[string][]line
}

var headers = [...]struct{ name, header string }{
	{"visits", "who,brand,day,reported,amount,payer"},
	{"calls", "who,at,minutes"},
	{"people", "who,region,size,joined,updated"},
	{"regions", "region,climate,area"},
	{"groups", "who,kind"},
	{"payers", "payer,sector"},
}

var origin = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// newPractice makes rows from half a year before the snapshot to half a year
// after it.
func newPractice(r *rand.Rand, name string, at time.Time, people, visits int) *practice {
	p := &practice{Rand: r, name: name, at: at, rows: map[string][]line{}}
	for range visits {
		p.add("visits", p.visit(people, p.around()))
	}
	for range visits / 3 {
		p.add("calls", p.call(people, p.around()))
	}
	for i := range people {
		p.add("people", p.person(i, p.around()))
		if p.IntN(20) == 0 {
			p.add("people", p.person(i, p.around()))
		}
		p.add("groups", line{text: fmt.Sprintf("%sP%d,%s", name, i, pick(r, "x", "x", "y"))})
	}
	if name == "" || name == "w0" { // what the events lead to is the same for all
		for _, text := range []string{"own,private", "plan,public", "other,public"} {
			p.add("payers", line{text: text})
		}
	}
	for _, region := range []string{"north", "south"} {
		p.add("regions", line{text: fmt.Sprintf("%s%s,%s%s,%d", name, region, name, pick(r, "cold", "warm"), p.IntN(9))})
	}
	return p
}

func (p *practice) add(table string, l line) { p.rows[table] = append(p.rows[table], l) }

// around is an instant within half a year of the snapshot: now and then right
// on it.
func (p *practice) around() time.Time {
	if p.IntN(25) == 0 {
		return p.at
	}
	return p.at.Add(time.Duration(p.IntN(365*24)-182*24) * time.Hour)
}

// later is an instant that is not before the snapshot, now and then far away.
func (p *practice) later() time.Time {
	switch p.IntN(12) {
	case 0:
		return p.at
	case 1:
		return p.at.AddDate(60, 0, 0)
	}
	return p.at.Add(time.Duration(p.IntN(200*24)) * time.Hour)
}

func (p *practice) who(people int) string {
	if p.IntN(40) == 0 {
		return ""
	}
	return fmt.Sprintf("%sP%d", p.name, p.IntN(people))
}

func (p *practice) visit(people int, at time.Time) line {
	day := at.Truncate(24 * time.Hour)
	l := line{known: day}
	reported := ""
	if p.IntN(10) > 0 {
		l.known = day.AddDate(0, 0, p.IntN(12))
		reported = l.known.Format(time.DateOnly)
	}
	written := day.Format(time.DateOnly)
	if p.IntN(60) == 0 {
		written, l.known = "", time.Time{}
	}
	l.text = fmt.Sprintf("%s,%s%s,%s,%s,%s,%s", p.who(people), p.name, pick(p.Rand, "a", "b"), written, reported,
		pick(p.Rand, "", "10", "2.5", "0.1", "-3", "1000000"), pick(p.Rand, "own", "plan", ""))
	return l
}

func (p *practice) call(people int, at time.Time) line {
	return line{fmt.Sprintf("%s,%s,%d", p.who(people), at.Format(time.DateTime), p.IntN(60)), at}
}

func (p *practice) person(i int, updated time.Time) line {
	l := line{known: updated}
	written := updated.Format(time.DateTime)
	if p.IntN(5) == 0 {
		written, l.known = "", time.Time{}
	}
	joined := origin.AddDate(0, 0, p.IntN(500)-300).Format(time.DateOnly)
	l.text = fmt.Sprintf("%sP%d,%s%s,%d,%s,%s", p.name, i, p.name, pick(p.Rand, "north", "south"), p.IntN(5), joined, written)
	return l
}

// otherwise is the practice with another future: rows that became known at the
// snapshot or later are taken away, replaced, written twice, and joined by new
// ones, of which some say that they happened before.
func (p *practice) otherwise(people int) *practice {
	q := &practice{Rand: p.Rand, name: p.name, at: p.at, rows: map[string][]line{}}
	for _, of := range headers {
		name := of.name
		for _, l := range p.rows[name] {
			if l.known.IsZero() || l.known.Before(p.at) {
				q.add(name, l)
				continue
			}
			for range q.IntN(3) {
				q.add(name, q.future(name, people, l))
			}
		}
		for range q.IntN(8) {
			q.add(name, q.future(name, people, line{}))
		}
	}
	return q
}

// future is a row that became known at the snapshot or later: old, or a new
// one. Tables without a time have no such row: they give the empty line.
func (p *practice) future(name string, people int, old line) line {
	if old.text != "" && p.IntN(3) == 0 {
		return old
	}
	for {
		var l line
		switch name {
		case "visits":
			l = p.visit(people, pickTime(p.Rand, p.later(), p.at.AddDate(0, 0, -1-p.IntN(5))))
		case "calls":
			l = p.call(people, p.later())
		case "people":
			l = p.person(p.IntN(people), p.later())
		default:
			return line{}
		}
		if !l.known.Before(p.at) && !l.known.IsZero() {
			return l
		}
	}
}

func pickTime(r *rand.Rand, from ...time.Time) time.Time { return from[r.IntN(len(from))] }

// write puts practices side by side into the files of a folder, their rows in
// a random order.
func write(t *testing.T, dir string, r *rand.Rand, all []*practice) {
	t.Helper()
	for _, of := range headers {
		var rows []string
		for _, p := range all {
			for _, l := range p.rows[of.name] {
				if l.text != "" {
					rows = append(rows, l.text)
				}
			}
		}
		if of.name == "visits" { // the end of the data is the same whatever comes after the snapshots
			rows = append(rows, fmt.Sprintf("anchor,anchor,%s,,,", origin.AddDate(90, 0, 0).Format(time.DateOnly)))
		}
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		if err := os.WriteFile(filepath.Join(dir, of.name+".csv"), []byte(of.header+"\n"+strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// practiceRecipe is a recipe of every measure, from a practice that is large
// enough for the proposals of the program itself, and by hand what these lack.
func practiceRecipe(t *testing.T) *points.Recipe {
	t.Helper()
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	write(t, dir, r, []*practice{newPractice(r, "", origin.AddDate(0, 0, 200), 80, 1500)})
	catalog, err := source.Describe(t.Context(), []string{dir}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := bare(catalog.Tables)
	out.Schema.Events[0].Lookups = []event.Lookup{{Table: "payers", Column: "payer", Key: "payer"}}
	who := []event.Key{{Column: "who", Other: "who"}}
	out.Schema.Static = []event.Static{
		{Table: "people", Keys: who, Updated: "updated"},
		{Table: "groups", Keys: who},
		{Table: "regions", Keys: []event.Key{{Column: "region", Table: "people", Other: "region"}}},
	}
	out.Features = event.Propose(&out.Schema, catalog.Tables, event.Options{
		Windows: []int{30, 60, 120},
		Exclude: []handoff.Exclusion{{Table: "groups", Column: "kind"}}, // it is the same for all practices: no peers by it
	})
	proposed := len(out.Features)
	out.Features = append(out.Features, everyMeasure()...)
	t.Logf("%d features proposed, %d by hand", proposed, len(out.Features)-proposed)
	return out
}

func everyMeasure() []event.Feature {
	var out []event.Feature
	add := func(f event.Feature) {
		f.Name = fmt.Sprintf("by hand %d", len(out))
		out = append(out, f)
	}
	for _, by := range [][]string{{"brand", "who"}, {"who"}, {"brand"}} {
		of := func(m event.Measure, column string, days int) event.Feature {
			return event.Feature{Table: "visits", By: by, Measure: m, Column: column, Days: days}
		}
		for _, days := range []int{0, 45} {
			for _, m := range []event.Measure{event.Count, event.Recency, event.Tenure, event.GapMean, event.GapSD} {
				add(of(m, "", days))
			}
			for _, m := range []event.Measure{event.Sum, event.Mean, event.Min, event.Max, event.Distinct} {
				add(of(m, "amount", days))
			}
			own := of(event.Count, "", days)
			own.Where = &event.Where{Column: "payer", Value: "own"}
			add(own)
			if by[len(by)-1] == "who" {
				add(event.Feature{Measure: event.PeerMean, Table: "people", Column: "region", Of: []event.Feature{of(event.Count, "", days)}})
				add(event.Feature{Measure: event.PeerMean, Table: "regions", Column: "climate", Of: []event.Feature{of(event.Sum, "amount", days)}})
			}
		}
		for _, m := range []event.Measure{event.Distinct, event.Last} {
			sector := of(m, "sector", 0)
			sector.Lookup = "payers"
			add(sector)
		}
		public := of(event.Recency, "", 0)
		public.Where = &event.Where{Column: "sector", Lookup: "payers", Value: "public"}
		add(public)
		add(of(event.Trend, "", 60))
		add(of(event.Last, "payer", 0))
		add(of(event.Last, "amount", 0))
	}
	for _, a := range []string{"people.region", "people.size", "regions.climate", "groups.kind"} {
		name, column, _ := strings.Cut(a, ".")
		add(event.Feature{Measure: event.Attribute, Table: name, Column: column})
	}
	add(event.Feature{Measure: event.Age, Table: "people", Column: "joined"})
	add(event.Feature{Measure: event.Age, Table: "people", Column: "updated"})
	return out
}

// rules are whom is asked about, in ways that look at other tables and other
// windows.
func rules() []points.Recipe {
	filter := func(table, column, op, value string) handoff.Filter {
		return handoff.Filter{Table: table, Column: column, Op: op, Value: value}
	}
	amount := "amount"
	rule := func(l handoff.Label, filters ...handoff.Filter) points.Recipe {
		l.EventTable, l.EventTime, l.LabelDays = "visits", "day", 30
		return points.Recipe{Label: l, Unit: points.Unit{Filters: filters}}
	}
	return []points.Recipe{
		rule(handoff.Label{Rule: label.NoneInWindow, MinimumBefore: 1, ObservationDays: 90}),
		rule(handoff.Label{Rule: label.NoneInWindow, MinimumBefore: 1, ObservationDays: 150}, filter("calls", "minutes", ">=", "30")),
		rule(handoff.Label{Rule: label.CountAtLeast, Threshold: 2, ObservationDays: 60}, filter("visits", "payer", "!=", "plan")),
		rule(handoff.Label{Rule: label.CountAtLeast, Threshold: 2, Value: &amount, MinimumBefore: 3, ObservationDays: 120}, filter("groups", "kind", "=", "x")),
		rule(handoff.Label{Rule: label.NoneInWindow, MinimumBefore: 2, ObservationDays: 90}, filter("calls", "minutes", "<", "45"), filter("visits", "brand", "!=", "")),
	}
}

// seen is what training and prediction see of all practices: a text of every
// bit for each unit of a practice, at the practice's own snapshot.
func seen(t *testing.T, r *points.Recipe, dir string, all []*practice, threads int) map[string]string {
	t.Helper()
	ctx := t.Context()
	db, err := r.Load(ctx, func(name string) (string, error) { return filepath.Join(dir, name+".csv"), nil }, nil, points.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	own := map[string]time.Time{}
	var snapshots []time.Time
	for _, p := range all {
		own[p.name] = p.at
		snapshots = append(snapshots, p.at)
	}
	mine := func(spine *table.Table) *table.Table {
		var rows []int32
		who, at := spine.Column("who"), spine.Column(label.Snapshot)
		for i := range spine.Rows {
			name, _, _ := strings.Cut(who.Levels[who.Code[i]], "P")
			if own[name].UnixMicro() == at.Time[i] {
				rows = append(rows, int32(i))
			}
		}
		return spine.Take(rows)
	}
	training := mine(trainingSpine(t, r, db, snapshots))
	values, err := r.Build(ctx, db, training)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	keys, cells := texts(training), texts(values)
	for i := range training.Rows {
		var text strings.Builder
		for _, column := range cells {
			text.WriteString(column[i+1] + "|")
		}
		out[keys[0][i+1]+" "+keys[1][i+1]] = text.String()
	}
	asked := 0
	for _, at := range distinct(snapshots) {
		spine, err := r.Population(ctx, db, at)
		if err != nil {
			t.Fatal(err)
		}
		keys := texts(mine(spine))
		for i := 1; i < len(keys[0]); i++ {
			asked++
			if _, ok := out[keys[0][i]+" "+keys[1][i]]; !ok {
				t.Errorf("%s %s is asked about in a prediction, and not in training", keys[0][i], keys[1][i])
			}
		}
	}
	if asked != len(out) {
		t.Errorf("a prediction asks about %d units, training about %d", asked, len(out))
	}
	return out
}

func distinct(times []time.Time) []time.Time {
	var out []time.Time
	found := map[time.Time]bool{}
	for _, at := range times {
		if !found[at] {
			found[at] = true
			out = append(out, at)
		}
	}
	return out
}

func trainingSpine(t *testing.T, r *points.Recipe, db *duck.DB, snapshots []time.Time) *table.Table {
	t.Helper()
	l := r.Label
	l.Snapshots = label.Dates(distinct(snapshots))
	s, err := label.Build(t.Context(), db, l, label.Unit{Entity: r.Unit.Entity, Filters: r.Unit.Filters, Reported: r.Unit.Reported, Links: r.Schema.Links()})
	if err != nil {
		t.Fatal(err)
	}
	s.Rows.Columns = s.Rows.Columns[:len(s.Rows.Columns)-1] // without the answers, which the future makes
	return s.Rows
}

// Whatever becomes known at the snapshot or later: who is asked about, in
// training and in a prediction, and every bit of every feature stay. So every
// score stays, which is a function of these bits.
func TestNothingAfterTheSnapshotCounts(t *testing.T) {
	recipe := practiceRecipe(t)
	dir := t.TempDir()
	all := rules()
	const people = 6
	sideBySide := max(50, *timeCases/50)
	units, different, cases := 0, 0, 0
	wrong := map[string]int{} // by what differs first
	for batch := 0; cases < *timeCases; batch++ {
		r := rand.New(rand.NewPCG(uint64(batch), 77))
		one := *recipe
		one.Label, one.Unit.Filters = all[batch%len(all)].Label, all[batch%len(all)].Unit.Filters
		var snapshots []time.Time
		for i := range 8 {
			snapshots = append(snapshots, origin.AddDate(0, 0, 150+r.IntN(200)).Add(time.Duration(i%3*7)*time.Hour))
		}
		var before, after []*practice
		for i := range min(sideBySide, *timeCases-cases) {
			p := newPractice(r, fmt.Sprintf("w%d", i), snapshots[i%len(snapshots)], people, 20+r.IntN(60))
			before, after = append(before, p), append(after, p.otherwise(people))
		}
		write(t, dir, r, before)
		want := seen(t, &one, dir, before, 1+batch%2)
		write(t, dir, r, after)
		got := seen(t, &one, dir, after, 2-batch%2)
		bad := map[string]bool{}
		for unit, text := range want {
			if name, _, _ := strings.Cut(unit, "P"); got[unit] != text {
				bad[name] = true
				wrong[firstDifference(recipe, text, got[unit])]++
			}
		}
		for unit := range got {
			if name, _, _ := strings.Cut(unit, "P"); want[unit] == "" {
				bad[name] = true
			}
		}
		units, different, cases = units+len(want), different+len(bad), cases+len(before)
	}
	t.Logf("%d cases, %d units of %d features, %d differences", cases, units, len(recipe.Features), different)
	for what, n := range wrong {
		t.Errorf("the future changed %s in %d units", what, n)
	}
	if different > 0 {
		t.Errorf("the future changed %d of %d cases", different, cases)
	}
	if units < 2*cases {
		t.Errorf("%d cases with %d units: too few to mean anything", cases, units)
	}
}

// firstDifference names the first feature in which two texts differ.
func firstDifference(r *points.Recipe, want, got string) string {
	if got == "" {
		return "who is asked about"
	}
	have := strings.Split(got, "|")
	for i, text := range strings.Split(want, "|") {
		if text != have[i] {
			return r.Features[i].Name
		}
	}
	return "nothing"
}
