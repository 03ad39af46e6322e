package prepare_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/points"
)

// A year, a month by name and a day in three columns divide the rows by time;
// the columns stay features.
func TestTimeOfSeveralColumnsDivides(t *testing.T) {
	m := world("binary", 6)
	at := m.cells[5] // opened_on
	m.names, m.cells = append(m.names[:5:5], m.names[6:]...), append(m.cells[:5:5], m.cells[6:]...)
	part := func(layout string) func(i int) string {
		return func(i int) string {
			day, err := time.Parse(time.DateOnly, at[i])
			if err != nil {
				t.Fatal(err)
			}
			return day.Format(layout)
		}
	}
	m.add("visit_year", part("2006"))
	m.add("visit_month", part("January"))
	m.add("visit_day", part("2"))
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil || r.out.Policy.By != "time" {
		t.Fatal(r.err, r.out.Policy.By)
	}
	order := []string{"train", "validation", "test", "holdout"}
	for i, name := range order[1:] {
		if from, before := *r.out.Splits[name].From, *r.out.Splits[order[i]].To; before >= from || !strings.HasSuffix(from, "T00:00:00Z") {
			t.Errorf("%s begins at %s, %s ends at %s", name, from, order[i], before)
		}
	}
	for _, name := range []string{"visit_year", "visit_month", "visit_day"} {
		if !r.keeps(name) {
			t.Errorf("%s is no feature", name)
		}
	}
	s := goal("binary")
	s.Time = "visit_year,visit_day,visit_month"
	if r := run(t, m.put(t), s); r.err == nil {
		t.Error("a wrong order of the columns was taken")
	}
	s = handoff.Settings{Target: "goal", Set: map[string]string{"time": "none", "problem_type": "binary"}}
	if r := run(t, m.put(t), s); r.err != nil || r.out.Policy.By != "stratified" {
		t.Errorf("without time: %v, divided by %s", r.err, r.out.Policy.By)
	}
}

// A key that is written with zeros in front in one table, and as a number in
// another, joins; one that is text in one table is text in all.
func TestKeysOfTwoKinds(t *testing.T) {
	folder := t.TempDir()
	random := rand.New(rand.NewPCG(4, 4))
	customers, orders := []string{"customer_no,city,code"}, []string{"customer_no,ordered,amount,code"}
	for i := range 300 {
		customers = append(customers, fmt.Sprintf("%06d,%s,%d", i, words[random.IntN(4)], random.IntN(5)))
		for range 20 {
			at := time.Date(2022, 1, 1+random.IntN(900), 0, 0, 0, 0, time.UTC)
			orders = append(orders, fmt.Sprintf("%d,%s,%d,%s", i, at.Format("02.01.2006"), random.IntN(90), words[random.IntN(5)]))
		}
	}
	for name, lines := range map[string][]string{"customers": customers, "orders": orders} {
		if err := os.WriteFile(filepath.Join(folder, name+".csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := ask(t, "which customers will stop ordering within 60 days", folder, handoff.Settings{})
	if r.err != nil {
		t.Fatal(r.err)
	}
	data, err := r.options.Artifacts.Read(r.out.Events.Recipe)
	if err != nil {
		t.Fatal(err)
	}
	recipe, err := points.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(recipe.Schema.Static) != 1 || recipe.Schema.Static[0].Table != "customers" {
		t.Errorf("attributes %+v, want customers: %v", recipe.Schema.Static, r.findings)
	}
	kinds := map[string]string{}
	for _, of := range recipe.Tables {
		for _, c := range of.Columns {
			kinds[of.Name+"."+c.Name] = c.Kind.String()
		}
	}
	for column, want := range map[string]string{"customers.customer_no": "number", "orders.customer_no": "number", "customers.code": "text", "orders.code": "text"} {
		if kinds[column] != want {
			t.Errorf("%s is read as %s, want %s", column, kinds[column], want)
		}
	}
}

// A text spells the class where only signs tell the classes apart.
func TestTextSpellsClassesOfSigns(t *testing.T) {
	m := world("binary", 13)
	m.classes = []string{"<=50K", ">50K"}
	goalAt := slices.Index(m.names, "goal")
	m.names, m.cells = slices.Delete(m.names, goalAt, goalAt+1), slices.Delete(m.cells, goalAt, goalAt+1)
	m.add("goal", m.label)
	m.add("flag_x", func(i int) string {
		return fmt.Sprintf("%s noted %s then %s", words[m.random.IntN(6)], m.label(i), words[m.random.IntN(18)])
	})
	r := run(t, m.put(t), goal("binary"))
	if r.err != nil || r.keeps("flag_x") {
		t.Errorf("kept: %v, %v", r.err, r.actions("flag_x"))
	}
}
