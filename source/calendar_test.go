package source_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// Which columns tell a date together, by their names and values.
func TestCalendars(t *testing.T) {
	for _, test := range []struct {
		name, csv string
		want      []source.Calendar
	}{
		{
			"a hotel's", "arrival_date_year,arrival_date_month,arrival_date_week_number,arrival_date_day_of_month\n2016,July,27,1\n2017,August,33,31\n",
			[]source.Calendar{{Year: "arrival_date_year", Month: "arrival_date_month", Day: "arrival_date_day_of_month"}},
		},
		{"an airline's", "Year,Month,DayofMonth,DayOfWeek\n1987,10,14,3\n1988,1,31,7\n", []source.Calendar{{Year: "Year", Month: "Month", Day: "DayofMonth"}}},
		{"no day", "year,month,x\n2015,1,a\n2015,2,b\n", []source.Calendar{{Year: "year", Month: "month"}}},
		{"german", "kauf_jahr,kauf_monat,kauf_tag\n2015,März,1\n2016,dezember,30\n", []source.Calendar{{Year: "kauf_jahr", Month: "kauf_monat", Day: "kauf_tag"}}},
		{
			"two of them", "birthYear,birthMonth,saleYear,saleMonth\n1961,1,2015,3\n1972,12,2016,4\n",
			[]source.Calendar{{Year: "birthYear", Month: "birthMonth"}, {Year: "saleYear", Month: "saleMonth"}},
		},
		{"names that do not belong together", "start_year,end_month\n2015,1\n2016,2\n", nil},
		{"months that are none", "year,month\n2015,1\n2016,13\n", nil},
		{"words that are no months", "year,month\n2015,May\n2016,Maybe\n", nil},
		{"years that are none", "year,month\n1,1\n2,2\n", nil},
		{"ages", "year,month\n34,1\n35,2\n", nil},
	} {
		path := filepath.Join(t.TempDir(), "t.csv")
		if err := os.WriteFile(path, []byte(test.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		catalog, err := source.Describe(t.Context(), []string{path}, source.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, source.Calendars(&catalog.Tables[0])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestTimesOfACalendar(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.csv")
	rows := []string{"year,month,day", "2016,Jul,4", "2016,february,29", "2015,February,29", "2015,3,1", ",3,1", "2015,,1", "2015,3,"}
	if err := os.WriteFile(path, []byte(strings.Join(rows, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	catalog, err := source.Describe(t.Context(), []string{path}, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := source.Load(t.Context(), path, catalog.Tables[0], source.LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	read := func(columns ...string) []string {
		var out []string
		for _, at := range source.CalendarOf(columns).Times(loaded.Table) {
			text := ""
			if at != table.NoTime {
				text = time.UnixMicro(at).UTC().Format(time.DateOnly)
			}
			out = append(out, text)
		}
		return out
	}
	if diff := cmp.Diff([]string{"2016-07-04", "2016-02-29", "", "2015-03-01", "", "", ""}, read("year", "month", "day")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2016-07-01", "2016-02-01", "2015-02-01", "2015-03-01", "", "", "2015-03-01"}, read("year", "month")); diff != "" {
		t.Error(diff)
	}
}
