package event_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/table"
)

const day = 24 * time.Hour

var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// visit is a row of the events that the tests make; a zero time, an empty
// text and a NaN are missing.
type visit struct {
	who, what, kind string
	at, known       time.Time
	amount          float64
}

// person and city are rows of the attributes.
type person struct {
	who, city string
	joined    time.Time
	size      float64
}

type city struct {
	city, region string
	people       float64
}

// point is a row of a spine.
type point struct {
	who, what string
	at        time.Time
}

type world struct {
	visits []visit
	people []person
	cities []city
}

// random makes visits over 500 days by eight people of two kinds, with ties,
// times exactly on the edges of windows, late reports and missing values.
func random(seed uint64, n int) world {
	r := rand.New(rand.NewPCG(seed, 1))
	var w world
	for range n {
		w.visits = append(w.visits, w.visit(r, start.Add(time.Duration(r.Int64N(int64(500*day))))))
	}
	for i := range 8 {
		p := person{who: fmt.Sprint("who", i), city: []string{"north", "south", "east", ""}[r.IntN(4)], joined: start.AddDate(0, 0, -r.IntN(100)), size: float64(r.IntN(9))}
		if r.IntN(3) == 0 {
			p.joined = start.AddDate(0, 0, r.IntN(500))
		}
		w.people = append(w.people, p)
		if i%3 == 0 {
			p.size, p.city = p.size+1, "zzz"
			w.people = append(w.people, p)
		}
	}
	w.cities = []city{{"north", "cold", 10}, {"south", "warm", 20}, {"east", "cold", math.NaN()}}
	return w
}

func (w *world) visit(r *rand.Rand, at time.Time) visit {
	v := visit{
		who: fmt.Sprint("who", r.IntN(8)), what: []string{"red", "blue"}[r.IntN(2)], kind: []string{"a", "b", "it's"}[r.IntN(3)],
		at: at, amount: math.Round(1e4*r.NormFloat64()) / 100,
	}
	if r.IntN(2) == 0 {
		v.at = v.at.Truncate(day)
	}
	v.known = v.at.Add(time.Duration(r.IntN(6)) * day)
	switch r.IntN(25) {
	case 0:
		v.kind = ""
	case 1:
		v.amount = math.NaN()
	case 2:
		v.known = time.Time{}
	case 3:
		v.at = time.Time{}
	case 4:
		v.who = ""
	}
	return v
}

// column builds columns of tables.
type column struct {
	table.Column
	codes map[string]int32
}

func (c *column) add(x any) {
	switch x := x.(type) {
	case float64:
		c.Kind, c.Number = table.Number, append(c.Number, x)
	case time.Time:
		at := int64(table.NoTime)
		if !x.IsZero() {
			at = x.UnixMicro()
		}
		c.Kind, c.Time = table.Time, append(c.Time, at)
	case string:
		code, ok := c.codes[x]
		if !ok {
			code = int32(len(c.Levels))
			c.Levels, c.codes[x] = append(c.Levels, x), code
		}
		c.Kind, c.Code = table.Text, append(c.Code, code)
	}
}

func columns(names string, rows int, cells func(i int) []any) *table.Table {
	var made []*column
	for _, name := range strings.Fields(names) {
		made = append(made, &column{table.Column{Name: name}, map[string]int32{"": table.Missing}})
	}
	for i := range rows {
		for j, x := range cells(i) {
			made[j].add(x)
		}
	}
	out := &table.Table{Rows: rows}
	for _, c := range made {
		out.Columns = append(out.Columns, c.Column)
	}
	return out
}

// open loads the world into an engine.
func (w *world) open(t *testing.T, threads int) *duck.DB {
	t.Helper()
	db, err := duck.Open(duck.Options{Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, in := range map[string]*table.Table{
		"visits": columns("who what kind at known amount", len(w.visits), func(i int) []any {
			v := w.visits[i]
			return []any{v.who, v.what, v.kind, v.at, v.known, v.amount}
		}),
		"people": columns("who city joined size", len(w.people), func(i int) []any {
			p := w.people[i]
			return []any{p.who, p.city, p.joined, p.size}
		}),
		"cities": columns("city region people", len(w.cities), func(i int) []any {
			c := w.cities[i]
			return []any{c.city, c.region, c.people}
		}),
	} {
		if err := db.Load(t.Context(), name, in); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func schema(reported string) *event.Schema {
	return &event.Schema{
		Entity: []string{"who", "what"},
		Events: []event.Events{{Table: "visits", Time: "at", Reported: reported, Keys: []event.Key{{Column: "who", Other: "who"}, {Column: "what", Other: "what"}}}},
		Static: []event.Static{
			{Table: "people", Keys: []event.Key{{Column: "who", Other: "who"}}},
			{Table: "cities", Keys: []event.Key{{Column: "city", Table: "people", Other: "city"}}},
		},
	}
}

func spine(points []point) *table.Table {
	return columns("who what "+label.Snapshot, len(points), func(i int) []any { return []any{points[i].who, points[i].what, points[i].at} })
}

// everyone is a spine of all people and kinds, and of one without a visit.
func everyone(r *rand.Rand, snapshots ...time.Time) []point {
	var out []point
	for _, at := range snapshots {
		for i := range 9 {
			for _, what := range []string{"red", "blue"} {
				out = append(out, point{fmt.Sprint("who", i), what, at})
			}
		}
	}
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// features is every measure in several windows, for the unit and for a part
// of its key.
func features() []event.Feature {
	var out []event.Feature
	add := func(f event.Feature) {
		f.Name = fmt.Sprintf("%d %s %v", len(out), f.Measure, f.By)
		out = append(out, f)
	}
	for _, by := range [][]string{{"what", "who"}, {"who"}, {"what"}} {
		of := event.Feature{Table: "visits", By: by}
		with := func(m event.Measure, column string, days int) event.Feature {
			f := of
			f.Measure, f.Column, f.Days = m, column, days
			return f
		}
		for _, days := range []int{0, 30, 90, 365} {
			for _, m := range []event.Measure{event.Count, event.Recency, event.Tenure, event.GapMean, event.GapSD} {
				add(with(m, "", days))
			}
			for _, m := range []event.Measure{event.Sum, event.Mean, event.Min, event.Max} {
				add(with(m, "amount", days))
			}
			add(with(event.Distinct, "kind", days))
			add(with(event.Distinct, "amount", days))
			for _, m := range []event.Measure{event.Count, event.Recency} {
				f := with(m, "", days)
				f.Where = &event.Where{Column: "kind", Value: "it's"}
				add(f)
			}
		}
		add(with(event.Trend, "", 180))
		add(with(event.Last, "kind", 0))
		add(with(event.Last, "amount", 0))
		add(event.Feature{Measure: event.Ratio, Of: []event.Feature{with(event.Count, "", 30), with(event.Sum, "amount", 90)}})
		if slices.Contains(by, "who") {
			for _, days := range []int{0, 90} {
				for _, m := range []event.Feature{with(event.Count, "", days), with(event.Sum, "amount", days)} {
					add(event.Feature{Measure: event.PeerMean, Table: "people", Column: "city", Of: []event.Feature{m}})
					add(event.Feature{Measure: event.PeerMean, Table: "cities", Column: "region", Of: []event.Feature{m}})
				}
			}
		}
	}
	for _, a := range []string{"people.city", "people.size", "cities.region", "cities.people"} {
		name, column, _ := strings.Cut(a, ".")
		add(event.Feature{Measure: event.Attribute, Table: name, Column: column})
	}
	add(event.Feature{Measure: event.Age, Table: "people", Column: "joined"})
	add(event.Feature{Measure: event.Entity, Column: "what"})
	return out
}

// seen are the visits that a feature may look at, oldest first.
func (w *world) seen(f *event.Feature, p point, reported bool) []visit {
	var out []visit
	for _, v := range w.visits {
		known := v.at
		if reported && v.known.After(v.at) {
			known = v.known
		}
		if v.at.IsZero() || !known.Before(p.at) || f.Days > 0 && v.at.Before(p.at.AddDate(0, 0, -f.Days)) {
			continue
		}
		if slices.Contains(f.By, "who") && v.who != p.who || slices.Contains(f.By, "what") && v.what != p.what || f.Where != nil && v.kind != f.Where.Value {
			continue
		}
		v.known = known
		out = append(out, v)
	}
	slices.SortFunc(out, func(a, b visit) int { return cmp.Or(a.at.Compare(b.at), a.known.Compare(b.known)) })
	return out
}

func days(d time.Duration) float64 { return float64(d) / float64(day) }

// plain is a feature by its definition: a float64, a string, or nil.
func (w *world) plain(f *event.Feature, p point, reported bool) any {
	seen := w.seen(f, p, reported)
	var amounts []float64
	for _, v := range seen {
		if !math.IsNaN(v.amount) {
			amounts = append(amounts, v.amount)
		}
	}
	sum := 0.0
	for _, x := range amounts {
		sum += x
	}
	switch f.Measure {
	case event.Count:
		return float64(len(seen))
	case event.Sum:
		return sum
	case event.Distinct:
		different := map[any]bool{}
		for _, v := range seen {
			if f.Column == "kind" && v.kind != "" {
				different[v.kind] = true
			} else if f.Column == "amount" && !math.IsNaN(v.amount) {
				different[v.amount] = true
			}
		}
		return float64(len(different))
	case event.Mean, event.Min, event.Max:
		if len(amounts) == 0 {
			return nil
		}
		return map[event.Measure]float64{event.Mean: sum / float64(len(amounts)), event.Min: slices.Min(amounts), event.Max: slices.Max(amounts)}[f.Measure]
	case event.Recency, event.Tenure, event.Last:
		return w.edge(f, seen, p)
	case event.GapMean, event.GapSD:
		return w.gap(f, p, reported)
	case event.Trend:
		return trend(f, seen, p)
	case event.Ratio:
		a, b := w.plain(&f.Of[0], p, reported), w.plain(&f.Of[1], p, reported)
		if a == nil || b == nil || b == 0.0 {
			return nil
		}
		return a.(float64) / b.(float64)
	case event.PeerMean:
		return w.peers(f, p, reported)
	case event.Entity:
		return p.what
	}
	return w.attribute(f, p)
}

func (w *world) edge(f *event.Feature, seen []visit, p point) any {
	if len(seen) == 0 {
		return nil
	}
	newest := seen[len(seen)-1]
	switch f.Measure {
	case event.Recency:
		return days(p.at.Sub(newest.at))
	case event.Tenure:
		return days(p.at.Sub(seen[0].at))
	}
	var best any
	for _, v := range seen {
		switch {
		case v.at != newest.at:
		case f.Column == "kind" && v.kind != "" && (best == nil || v.kind > best.(string)):
			best = v.kind
		case f.Column == "amount" && !math.IsNaN(v.amount) && (best == nil || v.amount > best.(float64)):
			best = v.amount
		}
	}
	return best
}

func (w *world) gap(f *event.Feature, p point, reported bool) any {
	all := *f
	all.Days = 0
	seen := w.seen(&all, p, reported)
	slices.SortStableFunc(seen, func(a, b visit) int { return cmp.Or(a.known.Compare(b.known), a.at.Compare(b.at)) })
	var gaps []float64
	for i := 1; i < len(seen); i++ {
		if f.Days == 0 || !seen[i].at.Before(p.at.AddDate(0, 0, -f.Days)) {
			gaps = append(gaps, days(seen[i].known.Sub(seen[i-1].known).Truncate(time.Second)))
		}
	}
	n, mean, squares := float64(len(gaps)), 0.0, 0.0
	for _, g := range gaps {
		mean += g / n
	}
	for _, g := range gaps {
		squares += (g - mean) * (g - mean)
	}
	if f.Measure == event.GapMean && n > 0 {
		return mean
	}
	if f.Measure == event.GapSD && n > 1 {
		return math.Sqrt(squares / (n - 1))
	}
	return nil
}

func trend(f *event.Feature, seen []visit, p point) any {
	if len(seen) == 0 {
		return nil
	}
	var counts [6]float64 // newest first
	for _, v := range seen {
		part := 0
		for v.at.Before(p.at.AddDate(0, 0, -(part+1)*f.Days/6)) {
			part++
		}
		counts[part]++
	}
	slope := 0.0
	for part, y := range counts {
		slope += (float64(-part) + 2.5) * (y - float64(len(seen))/6) / 17.5
	}
	return slope / (float64(len(seen)) / 6)
}

func (w *world) peers(f *event.Feature, p point, reported bool) any {
	own := w.attribute(f, p)
	if own == nil {
		return nil
	}
	sum, n := 0.0, 0.0
	for i := range 8 {
		other := point{fmt.Sprint("who", i), p.what, p.at}
		if w.attribute(f, other) == own && len(w.seen(&f.Of[0], other, reported)) > 0 {
			sum += w.plain(&f.Of[0], other, reported).(float64)
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return sum / n
}

// attribute is the smallest value of the rows with the key.
func (w *world) attribute(f *event.Feature, p point) any {
	var cityOf, sizeOf, joined any
	for _, row := range w.people {
		if row.who != p.who {
			continue
		}
		if row.city != "" && (cityOf == nil || row.city < cityOf.(string)) {
			cityOf = row.city
		}
		if sizeOf == nil || row.size < sizeOf.(float64) {
			sizeOf = row.size
		}
		if row.joined.Before(p.at) {
			joined = days(p.at.Sub(row.joined))
		}
	}
	switch f.Column {
	case "city":
		return cityOf
	case "size":
		return sizeOf
	case "joined":
		return joined
	}
	for _, c := range w.cities {
		if c.city != cityOf {
			continue
		}
		if f.Column == "region" {
			return c.region
		}
		if !math.IsNaN(c.people) {
			return c.people
		}
	}
	return nil
}

func cell(c *table.Column, row int) any {
	if c.IsMissing(row) {
		return nil
	}
	if c.Kind == table.Text {
		return c.Levels[c.Code[row]]
	}
	return c.Number[row]
}

func TestMeasuresEqualTheirDefinition(t *testing.T) {
	w := random(1, 700)
	db := w.open(t, 2)
	points := everyone(rand.New(rand.NewPCG(5, 5)), start.AddDate(0, 0, 100), start.AddDate(0, 0, 365).Add(time.Hour), start.AddDate(2, 0, 0))
	list := features()
	for _, reported := range []string{"", "known"} {
		got, err := event.Build(t.Context(), db, schema(reported), list, spine(points))
		if err != nil {
			t.Fatal(err)
		}
		for j := range list {
			f, wrong, present := &list[j], 0, 0
			for i, p := range points {
				want, have := w.plain(f, p, reported != ""), cell(&got.Columns[j], i)
				if want != nil {
					present++
				}
				a, number := want.(float64)
				b, same := have.(float64)
				if number && same && math.Abs(a-b) <= 1e-9*(1+math.Abs(a)) {
					continue
				}
				if want != have {
					wrong++
					if wrong == 1 {
						t.Errorf("%s %q %d days of %v: %v, by the definition %v", f.Name, f.Column, f.Days, p, have, want)
					}
				}
			}
			if present == 0 {
				t.Errorf("%s: nothing was compared", f.Name)
			}
		}
	}
}

// bits are the values of a table as they can be compared exactly.
func bits(in *table.Table) [][]any {
	out := make([][]any, in.Rows)
	for i := range out {
		for j := range in.Columns {
			x := cell(&in.Columns[j], i)
			if f, ok := x.(float64); ok {
				x = math.Float64bits(f)
			}
			out[i] = append(out[i], x)
		}
	}
	return out
}

// What lies at or after the snapshot changes no bit, nor does the order of
// rows, the number of threads, or who else is in the spine.
func TestNothingButThePastCounts(t *testing.T) {
	at := start.AddDate(0, 0, 250)
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := random(seed, 600)
		points := everyone(r, at)
		list := features()
		want, err := event.Build(t.Context(), w.open(t, 1), schema("known"), list, spine(points))
		if err != nil {
			t.Fatal(err)
		}
		changed := w
		changed.visits = nil
		for _, v := range w.visits {
			known := v.at
			if v.known.After(known) {
				known = v.known
			}
			if known.Before(at) {
				changed.visits = append(changed.visits, v)
				continue
			}
			if r.IntN(3) == 0 {
				continue // taken away
			}
			v.amount, v.kind, v.what = 1e6*r.NormFloat64(), []string{"new", "a", ""}[r.IntN(3)], "blue"
			for range 1 + r.IntN(3) {
				changed.visits = append(changed.visits, v)
			}
			late := v // it happened before, and was reported too late
			late.at, late.known = at.Add(-time.Duration(r.Int64N(int64(100*day)))), at.Add(time.Duration(r.IntN(2))*time.Hour)
			changed.visits = append(changed.visits, late)
		}
		r.Shuffle(len(changed.visits), func(i, j int) {
			changed.visits[i], changed.visits[j] = changed.visits[j], changed.visits[i]
		})
		db := changed.open(t, 2)
		got, err := event.Build(t.Context(), db, schema("known"), list, spine(points))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff.Diff(bits(want), bits(got)); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		one, err := event.Build(t.Context(), db, schema("known"), list, spine(points[3:4]))
		if err != nil {
			t.Fatal(err)
		}
		if d := diff.Diff(bits(want)[3:4], bits(one)); d != "" {
			t.Fatalf("seed %d, alone in the spine: %s", seed, d)
		}
	}
}

// Equal gaps have no spread at all.
func TestRegularEventsHaveNoSpread(t *testing.T) {
	var w world
	for i := range 40 {
		w.visits = append(w.visits, visit{who: "who1", what: "red", at: start.Add(time.Duration(i) * 137 * time.Hour)})
	}
	list := []event.Feature{{Name: "sd", Measure: event.GapSD, Table: "visits", By: []string{"who"}}, {Name: "mean", Measure: event.GapMean, Table: "visits", By: []string{"who"}}}
	got, err := event.Build(t.Context(), w.open(t, 1), schema("known"), list, spine([]point{{"who1", "red", start.AddDate(2, 0, 0)}}))
	if err != nil {
		t.Fatal(err)
	}
	if sd, mean := got.Columns[0].Number[0], got.Columns[1].Number[0]; sd != 0 || mean != 137.0/24 {
		t.Errorf("spread %v, mean %v; want 0 and %v", sd, mean, 137.0/24)
	}
}

func TestBuildOfNothing(t *testing.T) {
	w := random(2, 50)
	db := w.open(t, 1)
	got, err := event.Build(t.Context(), db, schema(""), nil, spine(everyone(rand.New(rand.NewPCG(1, 1)), start)))
	if err != nil || got.Rows != 18 || len(got.Columns) != 0 {
		t.Errorf("no features: %+v, %v", got, err)
	}
	got, err = event.Build(t.Context(), db, schema(""), features(), spine(everyone(rand.New(rand.NewPCG(1, 1)), start)).Take(nil))
	if err != nil || got.Rows != 0 || len(got.Columns) != len(features()) {
		t.Errorf("empty spine: %+v, %v", got, err)
	}
	left, err := db.Query(t.Context(), "SELECT table_name FROM information_schema.tables WHERE starts_with(table_name, '__')")
	if err != nil || left.Rows != 0 {
		t.Errorf("scratch tables are left: %v, %v", left, err)
	}
	if _, err := event.Build(t.Context(), db, schema("nowhere"), features(), spine(nil)); err == nil {
		t.Error("a column that is not there was used")
	}
	if _, err := event.Build(t.Context(), db, schema(""), features(), columns("who what", 0, nil)); err == nil {
		t.Error("a spine without snapshots was used")
	}
}

func TestCheckRefuses(t *testing.T) {
	count := event.Feature{Name: "n", Measure: event.Count, Table: "visits", By: []string{"who"}}
	change := func(f func(*event.Feature)) []event.Feature {
		c := count
		f(&c)
		return []event.Feature{c}
	}
	for name, list := range map[string][]event.Feature{
		"two of a name":      {count, count},
		"no table":           change(func(f *event.Feature) { f.Table = "calls" }),
		"no measure":         change(func(f *event.Feature) { f.Measure = "median" }),
		"no key":             change(func(f *event.Feature) { f.By = nil }),
		"unknown key":        change(func(f *event.Feature) { f.By = []string{"where"} }),
		"unsorted key":       change(func(f *event.Feature) { f.By = []string{"who", "what"} }),
		"endless window":     change(func(f *event.Feature) { f.Days = 1 << 40 }),
		"last in a window":   change(func(f *event.Feature) { f.Measure, f.Column, f.Days = event.Last, "kind", 30 }),
		"negative window":    change(func(f *event.Feature) { f.Days = -1 }),
		"count of a column":  change(func(f *event.Feature) { f.Column = "amount" }),
		"sum of nothing":     change(func(f *event.Feature) { f.Measure = event.Sum }),
		"odd trend":          change(func(f *event.Feature) { f.Measure, f.Days = event.Trend, 100 }),
		"condition on a gap": change(func(f *event.Feature) { f.Measure, f.Where = event.GapMean, &event.Where{Column: "kind", Value: "a"} }),
		"half a ratio":       {{Name: "r", Measure: event.Ratio, Of: []event.Feature{count}}},
		"peers by recency":   {{Name: "p", Measure: event.PeerMean, Table: "people", Column: "city", Of: change(func(f *event.Feature) { f.Measure = event.Recency })}},
		"peers of others":    {{Name: "p", Measure: event.PeerMean, Table: "people", Column: "city", Of: change(func(f *event.Feature) { f.By = []string{"what"} })}},
		"no attribute":       {{Name: "a", Measure: event.Attribute, Table: "visits", Column: "kind"}},
		"no entity":          {{Name: "e", Measure: event.Entity, Column: "kind"}},
	} {
		if err := event.Check(schema(""), list); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	loop := schema("")
	loop.Static[0].Keys[0].Table = "cities"
	if err := event.Check(loop, nil); err == nil {
		t.Error("tables that lead to each other were not refused")
	}
	if err := event.Check(schema(""), features()); err != nil {
		t.Error(err)
	}
}

// A list that went through JSON compiles to the same SQL.
func TestFeaturesAreData(t *testing.T) {
	want, err := event.SQL(schema("known"), features())
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(features())
	if err != nil {
		t.Fatal(err)
	}
	var again []event.Feature
	if err := json.Unmarshal(text, &again); err != nil {
		t.Fatal(err)
	}
	got, err := event.SQL(schema("known"), again)
	if err != nil || got != want {
		t.Errorf("another SQL came out: %v", err)
	}
}

// FuzzSQL holds lists and schemas that come from a file: they are refused or
// compiled, never a panic.
func FuzzSQL(f *testing.F) {
	list, err := json.Marshal(features()[:20])
	if err != nil {
		f.Fatal(err)
	}
	tables, err := json.Marshal(schema("known"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(tables, list)
	f.Add([]byte(`{"entity":["a"],"static":[{"table":"s","keys":[{"column":"x","table":"s","other":"y"}]}]}`), []byte(`[{"measure":"age","table":"s","column":"x"}]`))
	f.Add([]byte(`{}`), []byte(`[{"measure":"ratio","of":[{"measure":"ratio"},{}]}]`))
	f.Fuzz(func(t *testing.T, tables, list []byte) {
		var s event.Schema
		var features []event.Feature
		if json.Unmarshal(tables, &s) != nil || json.Unmarshal(list, &features) != nil {
			return
		}
		sql, err := event.SQL(&s, features)
		if (err == nil) != (sql != "") {
			t.Errorf("SQL %q, error %v", sql, err)
		}
	})
}
