package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// plant puts a leak into a table. The planted column is called mark, a name
// that says nothing; a plant may add columns that are no leaks, which are
// called mark_... and not judged.
type plant struct {
	leak string // of the ten
	how  string
	do   func(t *sheet)

	task string // "classes", "numbers" or "" for both
	time bool   // rows have a time: column mark_time
	rows bool   // what is planted is rows, not a column: see together
}

const mark = "mark"

// plants are the leaks, one or two ways each. level is the class's number or
// the value.
var plants = []plant{
	{leak: "target copy", how: "the answer in other words", task: "classes", do: func(t *sheet) {
		level := t.levels()
		t.add(mark, func(i int) string { return "grade " + string(rune('A'+int(level[i]))) })
	}},
	{leak: "target copy", how: "the answer itself", do: func(t *sheet) { t.add(mark, func(i int) string { return t.answer[i] }) }},
	{leak: "deterministic function", how: "several codes for each class", task: "classes", do: func(t *sheet) {
		level := t.levels()
		t.add(mark, func(i int) string { return fmt.Sprintf("c%02d", int(level[i])*3+t.IntN(3)) })
	}},
	{leak: "deterministic function", how: "a number that grows with the answer", do: func(t *sheet) {
		level := t.levels()
		t.add(mark, func(i int) string {
			if t.HasClasses() {
				return figure(100*level[i] + 90*t.Float64())
			}
			return figure(12 * math.Cbrt(level[i]))
		})
	}},
	{leak: "copy with noise", how: "classes, one in thirty wrong", task: "classes", do: func(t *sheet) {
		level := t.levels()
		t.add(mark, func(i int) string {
			at := i
			if t.IntN(30) == 0 {
				at = t.IntN(len(level))
			}
			return "grade " + string(rune('A'+int(level[at])))
		})
	}},
	{leak: "copy with noise", how: "a number with an error of a tenth of the spread", do: func(t *sheet) {
		level := t.levels()
		scale := 0.2
		if !t.HasClasses() {
			scale = spread(level) / 10
		}
		t.add(mark, func(i int) string { return figure(level[i] + scale*t.NormFloat64()) })
	}},
	{leak: "copy with noise", how: "classes, one in ten wrong", task: "classes", do: func(t *sheet) {
		level := t.levels()
		t.add(mark, func(i int) string {
			at := i
			if t.IntN(10) == 0 {
				at = t.IntN(len(level))
			}
			return strconv.Itoa(int(level[at]))
		})
	}},
	{leak: "copy with noise", how: "a number with an error of a quarter of the spread", do: func(t *sheet) {
		level := t.levels()
		scale := 0.35
		if !t.HasClasses() {
			scale = spread(level) / 4
		}
		t.add(mark, func(i int) string { return figure(level[i] + scale*t.NormFloat64()) })
	}},
	{leak: "timestamped post-outcome field", how: "an instant that only one class has, rows without a time", do: func(t *sheet) {
		chosen := t.chosen()
		t.add(mark, func(i int) string {
			if !chosen[i] {
				return ""
			}
			return time.Date(2024, 1, 1+t.IntN(300), t.IntN(24), t.IntN(60), t.IntN(60), 0, time.UTC).Format(time.DateTime)
		})
	}},
	{leak: "timestamped post-outcome field", how: "a date that only one class has", time: true, do: func(t *sheet) {
		chosen := t.chosen()
		t.add(mark, func(i int) string {
			if !chosen[i] {
				return ""
			}
			return t.at(i).AddDate(0, 0, 3+t.IntN(40)).Format(time.DateOnly)
		})
	}},
	{leak: "timestamped post-outcome field", how: "a date that comes soon for one class and late for others", time: true, do: func(t *sheet) {
		chosen := t.chosen()
		t.add(mark, func(i int) string {
			days := 60 + t.IntN(60)
			if chosen[i] {
				days = 1 + t.IntN(40)
			}
			return t.at(i).AddDate(0, 0, days).Format(time.DateOnly)
		})
	}},
	{leak: "future timestamp", how: "a date after the row's own that says nothing else", time: true, do: func(t *sheet) {
		t.add(mark, func(i int) string { return t.at(i).AddDate(0, 0, 2+t.IntN(90)).Format(time.DateOnly) })
	}},
	{leak: "id that orders the target", how: "numbers given in the order of the answer", do: func(t *sheet) {
		place := t.sorted()
		t.add(mark, func(i int) string { return strconv.Itoa(70_000 + 3*place[i] + t.IntN(3)) })
	}},
	{leak: "id that orders the target", how: "keys of text given in the order of the answer", do: func(t *sheet) {
		place := t.sorted()
		t.add(mark, func(i int) string { return fmt.Sprintf("K-%06d", 1000+place[i]) })
	}},
	{leak: "aggregate of the label", how: "the mean answer of a group, all rows", do: func(t *sheet) {
		t.aggregate(func(sum, n, own float64) float64 { return sum / n })
	}},
	{leak: "aggregate of the label", how: "the mean answer of the others of a group", do: func(t *sheet) {
		t.aggregate(func(sum, n, own float64) float64 { return (sum - own) / (n - 1) })
	}},
	{leak: "aggregate of the label", how: "the mean answer of a group, two places", do: func(t *sheet) {
		t.aggregate(func(sum, n, own float64) float64 { return math.Round(100*sum/n) / 100 })
	}},
	{leak: "text that spells the class", how: "a note with another word for each class", task: "classes", do: func(t *sheet) {
		level := t.levels()
		words := strings.Fields("caller wrote asked again about terms office moved waits letter second branch clerk visit")
		word := func() string { return words[t.IntN(len(words))] }
		t.add(mark, func(i int) string {
			return fmt.Sprintf("%s %s code%c %s", word(), word(), 'a'+rune(level[i]), word())
		})
	}},
	{leak: "text that spells the class", how: "a note that says the answer", do: func(t *sheet) {
		words := strings.Fields("caller wrote asked again about terms office moved waits letter second branch clerk visit")
		word := func() string { return words[t.IntN(len(words))] }
		t.add(mark, func(i int) string {
			return fmt.Sprintf("%s %s: noted %s, %s %s", word(), word(), t.answer[i], word(), word())
		})
	}},
	{leak: "duplicate rows across parts", how: "one row in ten written twice", rows: true, do: func(t *sheet) { t.repeat(0.1) }},
	{leak: "entity overlap", how: "entities of two to four rows with the same answer", rows: true, do: func(t *sheet) {
		place := t.sorted()
		next, left, at := 0, 0, make([]int, len(place))
		for i := range at {
			if left == 0 {
				next, left = next+1, 2+t.IntN(3)
			}
			at[i] = next
			left--
		}
		t.add("customer_id", func(i int) string { return fmt.Sprintf("C%05d", (at[place[i]]*7919)%100_003) })
	}},
}

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

// levels are the answers as numbers: the class's number in the order of its
// rows, or the value.
func (t *sheet) levels() []float64 {
	out := make([]float64, len(t.answer))
	var seen []string
	for i, text := range t.answer {
		if !t.HasClasses() {
			out[i], _ = strconv.ParseFloat(text, 64)
			continue
		}
		at := slices.Index(seen, text)
		if at < 0 {
			at, seen = len(seen), append(seen, text)
		}
		out[i] = float64(at)
	}
	return out
}

// chosen are the rows of the positive class, of the most frequent of several,
// or those above the median.
func (t *sheet) chosen() []bool {
	out := make([]bool, len(t.answer))
	if !t.HasClasses() {
		level := t.levels()
		sorted := slices.Sorted(slices.Values(level))
		for i, v := range level {
			out[i] = v > sorted[len(sorted)/2]
		}
		return out
	}
	most, count := "", map[string]int{}
	for _, text := range t.answer {
		if count[text]++; most == "" || count[text] > count[most] {
			most = text
		}
	}
	if t.Positive != "" {
		most = t.Positive
	}
	for i, text := range t.answer {
		out[i] = text == most
	}
	return out
}

// sorted is the place of each row if they were sorted by the answer, those of
// one answer in an order by chance.
func (t *sheet) sorted() []int {
	level, order := t.levels(), t.Perm(len(t.answer))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(level[a], level[b]) })
	place := make([]int, len(order))
	for at, i := range order {
		place[i] = at
	}
	return place
}

// aggregate adds a column of fifty groups by chance and one that is made of
// the answers of their rows.
func (t *sheet) aggregate(of func(sum, n, own float64) float64) {
	value := t.levels()
	if t.HasClasses() {
		for i, chosen := range t.chosen() {
			value[i] = 0
			if chosen {
				value[i] = 1
			}
		}
	}
	group := make([]int, len(value))
	sum, n := make([]float64, 50), make([]float64, 50)
	for i := range group {
		group[i] = t.IntN(50)
		sum[group[i]] += value[i]
		n[group[i]]++
	}
	t.add(mark+"_branch", func(i int) string { return fmt.Sprintf("b%02d", group[i]) })
	t.add(mark, func(i int) string {
		return strconv.FormatFloat(of(sum[group[i]], n[group[i]], value[i]), 'g', -1, 64)
	})
}

const markTime = mark + "_time"

// date adds the time of the rows.
func (t *sheet) date() {
	t.add(markTime, func(int) string { return time.Date(2023, 1, 1+t.IntN(700), 0, 0, 0, 0, time.UTC).Format(time.DateOnly) })
}

// at is the time of a row.
func (t *sheet) at(row int) time.Time {
	at, err := time.Parse(time.DateOnly, t.rows[row][slices.Index(t.header, markTime)])
	if err != nil {
		panic("leaks: a row has no time: " + err.Error())
	}
	return at
}

func spread(values []float64) float64 {
	mean, squares := 0.0, 0.0
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean) / float64(len(values))
	}
	return math.Sqrt(squares)
}
