package scope

import (
	"fmt"
	"slices"
	"strings"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
)

// givenParts takes columns that a person names for the time of the rows: year,
// month and day, or year and month.
func (d *draft) givenParts(where, names string) error {
	var parts []string
	for name := range strings.SplitSeq(names, ",") {
		c, err := d.inMain(where, strings.TrimSpace(name))
		if err != nil {
			return err
		}
		parts = append(parts, c.Name)
	}
	if len(parts) != 2 && len(parts) != 3 || !source.CalendarOf(parts).Fits(d.main) {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "scope.no_time", Where: where,
			What:    fmt.Sprintf("the columns %s do not tell a year, a month and a day", strings.Join(parts, ", ")),
			Why:     "the first must hold years of four digits, the second months by number or name, the third, if there is one, days of the month",
			Nearest: d.timesOf(d.main), Fix: "name them in this order, or one column of dates, with --time",
		}
	}
	d.TimeParts = parts
	return nil
}

// chooseParts finds the columns that tell together when a row of the main
// table came to be: the only ones that are no later event of the row, with
// enough different dates to split by.
func (d *draft) chooseParts() {
	if d.target == nil || d.stated("/time_parts") {
		return
	}
	var fit []dates
	for _, x := range d.dates[d.main.Name] {
		later := slices.ContainsFunc(x.Columns, func(name string) bool {
			return slices.ContainsFunc(nameWords(name), func(w word) bool { return laterWords[w.lower] })
		})
		if !later && x.Distinct >= enoughTimes && 20*x.Missing <= d.main.Rows && !slices.Contains(x.Columns, d.target.Name) {
			fit = append(fit, x)
		}
	}
	if len(fit) != 1 {
		return
	}
	d.TimeParts = fit[0].Columns
	d.clause("/time_parts", "columns "+strings.Join(d.TimeParts, ", "), fromData)
	d.assume(0.7, fmt.Sprintf("they hold years, months and days, from %s to %s; --set time=none says otherwise", iso(fit[0].Earliest), iso(fit[0].Latest)),
		"columns %s tell together when a row came to be", strings.Join(d.TimeParts, ", "))
}
