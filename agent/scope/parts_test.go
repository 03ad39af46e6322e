package scope

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
)

// Where no column holds a date, a year, a month and a day may: then rows are
// divided by time, as an assumption, unless a person says otherwise.
func TestTimeOfSeveralColumns(t *testing.T) {
	month := one("arrival_month", "January", "March", "July", "December")
	bookings := made(t, "bookings", key("booking_id", "B%d"), whole("arrival_year", 2019, 2021), month, whole("arrival_day", 1, 28), rare("cancelled", "1", "0", 5), whole("nights", 1, 9))
	few := made(t, "bookings", key("booking_id", "B%d"), whole("year", 2019, 2020), whole("month", 1, 6), rare("cancelled", "1", "0", 5))
	births := made(t, "members", key("member_id", "M%d"), whole("birth_year", 1950, 2000), whole("birth_month", 1, 12), rare("left", "1", "0", 5))
	dated := made(t, "bookings", key("booking_id", "B%d"), days("booked", "2019-01-01", 900), whole("arrival_year", 2019, 2021), month, rare("cancelled", "1", "0", 5))
	for _, test := range []struct {
		name   string
		f      facts
		s      handoff.Settings
		target string
		parts  string
		split  string
	}{
		{"three columns", bookings, handoff.Settings{}, "cancelled", "arrival_year,arrival_month,arrival_day", "time"},
		{"none is wanted", bookings, handoff.Settings{Set: map[string]string{"time": "none"}}, "cancelled", "", "stratified"},
		{"two are named", bookings, handoff.Settings{Time: "arrival_year, arrival_month"}, "cancelled", "arrival_year,arrival_month", "time"},
		{"too few months to divide by", few, handoff.Settings{}, "cancelled", "", "stratified"},
		{"a birth is no time of the row", births, handoff.Settings{}, "left", "", "stratified"},
		{"a date is better", dated, handoff.Settings{}, "cancelled", "", "time"},
	} {
		test.s.Target = test.target
		r, err := define(handoff.Brief{Settings: test.s}, test.f)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := strings.Join(r.scope.TimeParts, ","); got != test.parts || r.scope.SplitBy != test.split {
			t.Errorf("%s: %q, divided by %s; want %q, %s", test.name, got, r.scope.SplitBy, test.parts, test.split)
		}
		for _, fault := range r.scope.Check() {
			t.Errorf("%s: %+v", test.name, fault)
		}
		if test.parts != "" && test.s.Time == "" {
			said := fmt.Sprint(r.scope.Assumptions)
			if !strings.Contains(said, "arrival_day") {
				t.Errorf("%s: it is no assumption: %s", test.name, said)
			}
			// The specification gives the same scope again.
			again, err := define(handoff.Brief{Spec: &r.scope}, test.f)
			if err != nil || !cmp.Equal(again.scope.TimeParts, r.scope.TimeParts) {
				t.Errorf("%s: the specification gives %v, %v", test.name, again, err)
			}
		}
	}
	got := outcome(handoff.Brief{Settings: handoff.Settings{Target: "cancelled", Time: "arrival_month,arrival_year"}}, bookings)
	if !strings.HasPrefix(got, "scope.no_time") {
		t.Errorf("the wrong order gave %s", got)
	}
}
