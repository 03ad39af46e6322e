package points_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

var asOf = time.Date(2024, 9, 1, 0, 0, 0, 0, time.UTC)

// world is the files of a small practice: visits that are reported late, calls
// at an hour, and people. A line is a row; the first of each is the header.
type world map[string][]string

func newWorld(random *rand.Rand) world {
	w := world{
		"visits": {"who,brand,day,reported,amount,payer"},
		"calls":  {"who,at,minutes"},
		"people": {"who,region"},
		"notes":  {"who,text", "P00,none"}, // that no feature is made of
	}
	for range 250 {
		w["visits"] = append(w["visits"], visit(random, random.IntN(366)))
	}
	for range 120 {
		w["calls"] = append(w["calls"], call(random, random.IntN(366*24)))
	}
	for i := range 12 {
		w["people"] = append(w["people"], fmt.Sprintf("P%02d,%s", i, pick(random, "north", "south")))
	}
	return w
}

func pick(random *rand.Rand, from ...string) string { return from[random.IntN(len(from))] }

func visit(random *rand.Rand, day int) string {
	at := time.Date(2024, 1, 1+day, 0, 0, 0, 0, time.UTC)
	return fmt.Sprintf("P%02d,%s,%s,%s,%s,%s", random.IntN(12), pick(random, "a", "b"), at.Format(time.DateOnly),
		at.AddDate(0, 0, random.IntN(20)).Format(time.DateOnly), pick(random, "", "10", "2.5", "0.1"), pick(random, "own", "plan", ""))
}

func call(random *rand.Rand, hour int) string {
	at := time.Date(2024, 1, 1, hour, 0, 0, 0, time.UTC)
	return fmt.Sprintf("P%02d,%s,%d", random.IntN(12), at.Format(time.DateTime), random.IntN(60))
}

// isFuture tells whether a line became known at the as-of instant or later.
func isFuture(table, line string) bool {
	cells := strings.Split(line, ",")
	switch table {
	case "visits":
		return cells[2] >= asOf.Format(time.DateOnly) || cells[3] >= asOf.Format(time.DateOnly)
	case "calls":
		return cells[1] >= asOf.Format(time.DateTime)
	}
	return false
}

func (w world) write(t *testing.T, dir string) {
	t.Helper()
	for name, lines := range w {
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// bare is a recipe of visits and calls by person, visits by brand, too: without
// attributes, rule and features.
func bare(tables []table.TableInfo) *points.Recipe {
	who := event.Key{Column: "who", Other: "who"}
	r := &points.Recipe{
		Schema: event.Schema{
			Entity: []string{"who", "brand"},
			Events: []event.Events{
				{Table: "visits", Time: "day", Reported: "reported", Keys: []event.Key{who, {Column: "brand", Other: "brand"}}},
				{Table: "calls", Time: "at", Keys: []event.Key{who}},
			},
		},
		Unit: points.Unit{Entity: []string{"who", "brand"}, Reported: "reported"},
	}
	for _, info := range tables {
		of := points.Table{Name: info.Name}
		for _, c := range info.Columns {
			of.Columns = append(of.Columns, points.Column{Name: c.Name, CellRule: c.CellRule})
		}
		r.Tables = append(r.Tables, of)
	}
	return r
}

// recipeOf makes a recipe of all features that the files give.
func recipeOf(t *testing.T, dir string) *points.Recipe {
	t.Helper()
	catalog, err := source.Describe(t.Context(), []string{dir}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := bare(catalog.Tables)
	r.Schema.Static = []event.Static{{Table: "people", Keys: []event.Key{{Column: "who", Other: "who"}}}}
	r.Label = handoff.Label{Rule: label.NoneInWindow, EventTable: "visits", EventTime: "day", MinimumBefore: 1, ObservationDays: 90, LabelDays: 60}
	r.Features = event.Propose(&r.Schema, catalog.Tables, event.Options{Windows: []int{30, 60, 90}})
	if len(r.Features) < 20 {
		t.Fatalf("only %d features to look at", len(r.Features))
	}
	if err := r.Check(); err != nil {
		t.Fatal(err)
	}
	return r
}

// score gives the units of the as-of date and their features, from files.
func score(ctx context.Context, r *points.Recipe, dir string, o points.Options) (spine, values *table.Table, err error) {
	db, err := r.Load(ctx, func(name string) (string, error) { return filepath.Join(dir, name+".csv"), nil }, nil, o)
	if err != nil {
		return nil, nil, err
	}
	defer db.Close()
	if spine, err = r.Population(ctx, db, asOf); err != nil {
		return nil, nil, err
	}
	values, err = r.Build(ctx, db, spine)
	return spine, values, err
}

// texts takes the codes of a text column apart: files in another order number
// the same texts in another way.
func texts(t *table.Table) [][]string {
	var out [][]string
	for i := range t.Columns {
		c := &t.Columns[i]
		column := make([]string, t.Rows)
		for row := range column {
			switch {
			case c.IsMissing(row):
			case c.Kind == table.Text:
				column[row] = c.Levels[c.Code[row]]
			case c.Kind == table.Time:
				column[row] = fmt.Sprint(c.Time[row])
			default:
				column[row] = fmt.Sprintf("%x", c.Number[row]) // every bit
			}
		}
		out = append(out, append([]string{c.Name}, column...))
	}
	return out
}

// Rows that became known on the day or later may be changed, left out or
// added, and all rows may stand in another order: who is scored and every bit
// of their features stay. Each case looks at some of the features.
func TestTheFutureChangesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	w := newWorld(random)
	dir := t.TempDir()
	w.write(t, dir)
	r := recipeOf(t, dir)
	spine, values, err := score(t.Context(), r, dir, points.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	wantSpine, want := texts(spine), texts(values)
	for i := range 20 { // TestNothingAfterTheSnapshotCounts has very many more
		other := world{}
		for name, lines := range w {
			kept := []string{}
			for _, line := range lines[1:] {
				if !isFuture(name, line) || random.IntN(3) == 0 {
					kept = append(kept, line)
				}
			}
			for range random.IntN(40) {
				if name == "visits" {
					kept = append(kept, visit(random, 244+random.IntN(120))) // 2024-09-01 is day 244
				} else if name == "calls" {
					kept = append(kept, call(random, 24*244+random.IntN(2000)))
				}
			}
			random.Shuffle(len(kept), func(a, b int) { kept[a], kept[b] = kept[b], kept[a] })
			other[name] = append([]string{lines[0]}, kept...)
		}
		other.write(t, dir)
		var names []string
		var some [][]string
		for k, f := range r.Features {
			if random.IntN(len(r.Features)) < 12 {
				names, some = append(names, f.Name), append(some, want[k])
			}
		}
		spine, values, err := score(t.Context(), r.Only(names), dir, points.Options{Threads: 1 + i%2})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(wantSpine, texts(spine)); diff != "" {
			t.Fatalf("case %d: who is scored (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(some, texts(values)); diff != "" {
			t.Fatalf("case %d: features (-want +got):\n%s", i, diff)
		}
	}
}

// A recipe of fewer features needs fewer tables and gives the same bits.
func TestOnlyWhatIsNeeded(t *testing.T) {
	dir := t.TempDir()
	newWorld(rand.New(rand.NewPCG(7, 8))).write(t, dir)
	r := recipeOf(t, dir)
	spine, values, err := score(t.Context(), r, dir, points.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	var columns []table.Column
	for i, f := range r.Features {
		if f.Table == "visits" && i%2 == 0 {
			names, columns = append(names, f.Name), append(columns, values.Columns[i])
		}
	}
	only := r.Only(names)
	if err := only.Check(); err != nil {
		t.Fatal(err)
	}
	if len(only.Tables) != 1 || only.Tables[0].Name != "visits" {
		t.Errorf("tables %v, want visits alone", only.Tables)
	}
	again, got, err := score(t.Context(), only, dir, points.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(texts(spine), texts(again)); diff != "" {
		t.Errorf("who is scored (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(texts(&table.Table{Rows: values.Rows, Columns: columns}), texts(got)); diff != "" {
		t.Errorf("features (-want +got):\n%s", diff)
	}
}

// Columns that nothing looks at are not asked for, unless they tell rows apart
// that are the same otherwise; the bits stay.
func TestSlim(t *testing.T) {
	for _, twins := range []bool{false, true} {
		dir := t.TempDir()
		w := newWorld(rand.New(rand.NewPCG(3, 8)))
		w["visits"][0] += ",remark,visit_id"
		for i := range w["visits"][1:] {
			w["visits"][1+i] += fmt.Sprintf(",remark %d,V%04d", i%7, i)
		}
		if twins { // two visits that differ in their numbers only
			last := w["visits"][len(w["visits"])-1]
			w["visits"] = append(w["visits"], last[:len(last)-5]+"V9999")
		}
		w["people"][0] += ",phone"
		for i := range w["people"][1:] {
			w["people"][1+i] += fmt.Sprintf(",%d", 100+i)
		}
		w.write(t, dir)
		r := recipeOf(t, dir)
		spine, values, err := score(t.Context(), r, dir, points.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		var columns []table.Column
		for i, f := range r.Features {
			if strings.HasPrefix(f.Name, "visits.count") || f.Name == "people.region" || strings.HasPrefix(f.Name, "visits.amount") {
				names, columns = append(names, f.Name), append(columns, values.Columns[i])
			}
		}
		slim := r.Only(names)
		db, err := slim.Load(t.Context(), func(name string) (string, error) { return filepath.Join(dir, name+".csv"), nil }, nil, points.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(slim.Slim(t.Context(), db), db.Close()); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, of := range slim.Tables {
			for _, c := range of.Columns {
				got[of.Name] += c.Name + " "
			}
		}
		want := map[string]string{"visits": "who brand day reported amount ", "people": "who region "}
		if twins {
			want["visits"] += "visit_id "
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("columns, twins %v (-want +got):\n%s", twins, diff)
		}
		again, some, err := score(t.Context(), slim, dir, points.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(texts(spine), texts(again)); diff != "" {
			t.Errorf("who is scored (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(texts(&table.Table{Rows: values.Rows, Columns: columns}), texts(some)); diff != "" {
			t.Errorf("features (-want +got):\n%s", diff)
		}
	}
}

func TestMissingColumn(t *testing.T) {
	dir := t.TempDir()
	w := newWorld(rand.New(rand.NewPCG(9, 9)))
	w.write(t, dir)
	r := recipeOf(t, dir)
	w["visits"][0] = strings.Replace(w["visits"][0], "payer", "other", 1)
	w.write(t, dir)
	_, _, err := score(t.Context(), r, dir, points.Options{})
	p := problem.As(err)
	if p == nil || p.Code != "predict.missing_column" || p.Kind != problem.Blocked || !strings.Contains(p.What, "payer") {
		t.Errorf("error %v, want predict.missing_column of payer", err)
	}
	var lacking []string
	o := points.Options{AllowMissing: true, Read: func(name string, l *source.Loaded) {
		for _, column := range l.Lacking {
			lacking = append(lacking, name+"."+column)
		}
	}}
	if _, _, err := score(t.Context(), r, dir, o); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"visits.payer"}, lacking, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// A recipe of a later program is told apart from a broken one.
func TestRecipeOfALaterProgram(t *testing.T) {
	sound := `"tables":[{"name":"v"}],"schema":{"entity":["who"],"events":[{"table":"v","time":"t","keys":[{"column":"who","other":"who"}]}]},"label":{"event_table":"v"},"unit":{"entity":["who"]}`
	for text, want := range map[string]struct{ ok, later bool }{
		`{` + sound + `}`:                                  {ok: true},
		`{` + sound + `,"later":1}`:                        {later: true},
		`{` + sound + `,"features":[{"measure":"later"}]}`: {later: true},
		`{` + sound: {},
	} {
		if _, err := points.Decode([]byte(text)); (err == nil) != want.ok || errors.Is(err, learn.ErrUnknown) != want.later {
			t.Errorf("%s: error %v", text, err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"tables":[{"name":"v"}],"schema":{"entity":["who"],"events":[{"table":"v","time":"t","keys":[{"column":"who","other":"who"}]}]},"label":{"event_table":"v"},"unit":{"entity":["who"]}}`))
	f.Add([]byte(`{"schema":{"static":[{"table":"x","keys":[{"table":"x"}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := points.Decode(data)
		if err != nil {
			return
		}
		_, _ = r.Entity()
		if err := r.Only(nil).Check(); err != nil {
			t.Errorf("sound, but not without its features: %v", err)
		}
	})
}
