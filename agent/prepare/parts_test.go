package prepare_test

import (
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
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
