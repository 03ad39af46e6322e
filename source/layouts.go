package source

import "strings"

// layout is a way to write a time, in the terms of Go's package time. Where
// day and month could be swapped, month is the layout with the month first and
// day the one with the day first; elsewhere both are the same.
type layout struct {
	month, day string
	dotted     bool // written with dots: the day comes first unless a cell says otherwise
}

// layouts are tried in this order, and the first that fits a cell is taken.
// Those with seconds also read fractions of them. Two-digit years are 1969 to
// 2068.
func layouts() []layout {
	clocks := []string{
		"", " 15:04:05", "T15:04:05", "T15:04:05Z07:00", " 15:04", "T15:04", " 15:04:05Z07:00",
		"T15:04:05Z0700", " 15:04:05Z0700", " 15:04:05 -0700", " 15:04:05-07", " 15:04:05 UTC", " 15:04:05 Z07:00",
		" 3:04 PM", " 3:04:05 PM", " 3:04 pm", " 3:04:05 pm",
	}
	var all []layout
	add := func(date layout, clocks []string) {
		for _, clock := range clocks {
			all = append(all, layout{date.month + clock, date.day + clock, date.dotted})
		}
	}
	for _, date := range []string{"2006-01-02", "2006/01/02", "2006-1-2", "2006/1/2", "2006.1.2"} {
		add(layout{month: date, day: date}, clocks)
	}
	for _, separator := range []string{"/", "-", "."} {
		add(layout{
			month:  strings.Join([]string{"1", "2", "2006"}, separator),
			day:    strings.Join([]string{"2", "1", "2006"}, separator),
			dotted: separator == ".",
		}, clocks)
	}
	add(layout{month: "1/2/06", day: "2/1/06"}, clocks)
	for _, date := range []string{"2Jan2006", "2-Jan-2006", "2-Jan-06", "2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "Jan 2 2006", "2006-Jan-2"} {
		add(layout{month: date, day: date}, append(clocks[:len(clocks):len(clocks)], ":15:04:05"))
	}
	for _, month := range []string{"2006 Jan", "2006-01", "Jan 2006", "Jan-2006", "January 2006", "2006-Jan", "2006 January", "01/2006"} {
		all = append(all, layout{month: month, day: month})
	}
	return all
}

// compactDate is a date without separators. It is also a number, so it is
// taken for a time only with evidence.
const compactDate = "20060102"
