package scope

import "strings"

// A pattern is a line of the grammar: elements with blanks between them.
//
//	in|within     one of these words
//	the?          may be there or not
//	<number>      a number, or a word for one
//	<unit>        day, week, month, quarter, year and their plurals
//	<metric>      a score, in one word or several
//	<bar>         "at least", ">=", "below", ... (see bars)
//	<date>        a day, a month, a quarter or a year
//
// Words are compared in small letters.

// captured is what the elements of a pattern took.
type captured struct {
	number  float64
	percent bool
	unit    string
	metric  string
	bar     string
	date    date
	second  *date // the other reading of a date such as 01/02/2024
}

// matchAt holds pattern against the words from i on, and gives the end of the
// match; ok is false where it does not match. Words that a clause took match
// nothing.
func matchAt(pattern string, words []word, i int) (end int, got captured, ok bool) {
	end, ok = matchElements(strings.Fields(pattern), words, i, &got)
	return end, got, ok
}

func matchElements(elements []string, words []word, i int, got *captured) (int, bool) {
	if len(elements) == 0 {
		return i, true
	}
	element, optional := strings.CutSuffix(elements[0], "?")
	if end, ok := matchElement(element, words, i, got); ok {
		before := *got
		if end, ok := matchElements(elements[1:], words, end, got); ok {
			return end, true
		}
		*got = before
	}
	if optional {
		return matchElements(elements[1:], words, i, got)
	}
	return 0, false
}

func matchElement(element string, words []word, i int, got *captured) (end int, ok bool) {
	if i >= len(words) || words[i].taken || words[i].quoted > 0 {
		return 0, false
	}
	w := words[i]
	switch element {
	case "<number>":
		if w.isNumber {
			got.number, got.percent = w.number, w.percent
			return i + 1, true
		}
		return 0, false
	case "<unit>":
		if _, ok := unitDays[w.lower]; ok {
			got.unit = w.lower
			return i + 1, true
		}
		return 0, false
	case "<metric>":
		return longest(metricWords, words, i, &got.metric)
	case "<bar>":
		return longest(bars, words, i, &got.bar)
	case "<date>":
		end, got.date, got.second, ok = dateAt(words, i)
		return end, ok
	}
	for alternative := range strings.SplitSeq(element, "|") {
		if w.lower == alternative {
			return i + 1, true
		}
	}
	return 0, false
}

// longest finds the longest phrase of a table at word i, and gives what it
// stands for.
func longest(table map[string]string, words []word, i int, value *string) (end int, ok bool) {
	phrase := ""
	for j := i; j < len(words) && j < i+5 && !words[j].taken; j++ {
		if words[j].sign && words[j].joined && (words[j].text == "-" || words[j].text == "_") {
			continue
		}
		if phrase != "" {
			phrase += " "
		}
		phrase += words[j].lower
		if meaning, found := table[phrase]; found {
			*value, end, ok = meaning, j+1, true
		}
	}
	return end, ok
}

// find takes the first match of any of the patterns, earliest word first, and
// marks its words as taken.
func find(patterns []string, words []word) (from, to int, got captured, ok bool) {
	for i := range words {
		for _, p := range patterns {
			if end, got, ok := matchAt(p, words, i); ok && end > i {
				take(words, i, end)
				return i, end, got, true
			}
		}
	}
	return 0, 0, captured{}, false
}

func take(words []word, from, to int) {
	for i := from; i < to; i++ {
		words[i].taken = true
	}
}
