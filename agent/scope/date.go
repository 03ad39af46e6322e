package scope

import (
	"fmt"
	"strings"
	"time"
)

// date is a stretch of days that a request names: a day, a month, a quarter
// or a year. first and last are its days, midnight UTC.
type date struct{ first, last time.Time }

var monthNames = []string{"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}

// dateAt reads a date at word i. second is the other reading of digits whose
// day and month could be swapped; nil where there is none.
func dateAt(words []word, i int) (end int, d date, second *date, ok bool) {
	w := words[i]
	if w.date {
		d, second, ok = digitsDate(w.text)
		return i + 1, d, second, ok
	}
	year := func(j int) (int, bool) {
		if j < len(words) && words[j].text == "," {
			j++
		}
		if j >= len(words) || !words[j].isNumber || len(words[j].text) != 4 || words[j].number < 1800 || words[j].number > 2200 {
			return 0, false
		}
		return j, true
	}
	if j, ok := year(i); ok {
		first := day(int(words[j].number), 1, 1)
		return j + 1, date{first, first.AddDate(1, 0, -1)}, nil, true
	}
	if len(w.lower) == 2 && w.lower[0] == 'q' && w.lower[1] >= '1' && w.lower[1] <= '4' {
		if j, ok := year(i + 1); ok {
			first := day(int(words[j].number), 3*int(w.lower[1]-'1')+1, 1)
			return j + 1, date{first, first.AddDate(0, 3, -1)}, nil, true
		}
	}
	if m := monthOf(w.lower); m > 0 { // June 2024, June 30, 2024
		if j, ok := year(i + 1); ok {
			first := day(int(words[j].number), m, 1)
			return j + 1, date{first, first.AddDate(0, 1, -1)}, nil, true
		}
		if dom, next, ok := dayOfMonth(words, i+1); ok {
			if j, ok := year(next); ok {
				return single(j+1, int(words[j].number), m, dom)
			}
		}
	}
	if dom, next, ok := dayOfMonth(words, i); ok { // 30 June 2024, 30th of June 2024
		if next < len(words) && words[next].lower == "of" {
			next++
		}
		if next < len(words) && monthOf(words[next].lower) > 0 {
			if j, ok := year(next + 1); ok {
				return single(j+1, int(words[j].number), monthOf(words[next].lower), dom)
			}
		}
	}
	return 0, date{}, nil, false
}

func single(end, year, month, dayOfMonth int) (int, date, *date, bool) {
	d := day(year, month, dayOfMonth)
	return end, date{d, d}, nil, d.Day() == dayOfMonth
}

// dayOfMonth reads "30" or "30th"; next is the word behind it.
func dayOfMonth(words []word, i int) (dom, next int, ok bool) {
	if i >= len(words) || !words[i].isNumber || words[i].number < 1 || words[i].number > 31 || words[i].number != float64(int(words[i].number)) {
		return 0, 0, false
	}
	next = i + 1
	if next < len(words) && words[next].joined && (words[next].lower == "st" || words[next].lower == "nd" || words[next].lower == "rd" || words[next].lower == "th") {
		next++
	}
	return int(words[i].number), next, true
}

// monthOf is 1 to 12 for a month's name or its first three letters; 0 for
// another word.
func monthOf(lower string) int {
	for i, name := range monthNames {
		if lower == name || len(lower) == 3 && strings.HasPrefix(name, lower) || lower == "sept" && i == 8 {
			return i + 1
		}
	}
	return 0
}

// digitsDate reads 2024-06-30, 2024/06/30, 2024-06, 30.06.2024 and
// 30/06/2024. Where day and month could be swapped, day before month is the
// first reading of 01.02.2024, and month before day that of 01/02/2024.
func digitsDate(text string) (d date, second *date, ok bool) {
	parts := strings.FieldsFunc(text, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	var n [3]int
	if len(parts) < 2 || len(parts) > 3 {
		return date{}, nil, false
	}
	for i, p := range parts {
		if _, err := fmt.Sscanf(p, "%d", &n[i]); err != nil || len(p) > 4 {
			return date{}, nil, false
		}
	}
	at := func(year, month, dom int) *date {
		if month < 1 || month > 12 {
			return nil
		}
		t := day(year, month, dom)
		if t.Day() != dom || year < 1800 || year > 2200 {
			return nil
		}
		return &date{t, t}
	}
	if len(parts) == 2 {
		if len(parts[0]) != 4 || at(n[0], n[1], 1) == nil {
			return date{}, nil, false
		}
		first := day(n[0], n[1], 1)
		return date{first, first.AddDate(0, 1, -1)}, nil, true
	}
	var one, two *date
	switch {
	case len(parts[0]) == 4:
		one = at(n[0], n[1], n[2])
	case strings.Contains(text, "/"):
		one, two = at(n[2], n[0], n[1]), at(n[2], n[1], n[0])
	default:
		one, two = at(n[2], n[1], n[0]), at(n[2], n[0], n[1])
	}
	if one == nil {
		one, two = two, nil
	}
	if one == nil {
		return date{}, nil, false
	}
	if two != nil && *two == *one {
		two = nil
	}
	return *one, two, true
}

func day(year, month, dayOfMonth int) time.Time {
	return time.Date(year, time.Month(month), dayOfMonth, 0, 0, 0, 0, time.UTC)
}
