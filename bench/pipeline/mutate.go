package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// mutation makes of a table another one that says the same.
type mutation struct {
	name string
	more int // times as many rows are drawn; 0 is 1
	do   func(t *sheet, r *rand.Rand)
}

var mutations = []mutation{
	{name: "as it is", do: func(*sheet, *rand.Rand) {}},
	{name: "shuffled columns", do: shuffle},
	{name: "all-null column", do: func(t *sheet, _ *rand.Rand) {
		t.insert("comment_field", func(int) string { return "" })
	}},
	{name: "one-level column", do: func(t *sheet, _ *rand.Rand) {
		t.insert("source_system", func(int) string { return "warehouse" })
	}},
	{name: "10 k levels", more: 6, do: func(t *sheet, r *rand.Rand) {
		t.insert("campaign", func(int) string { return "campaign " + strconv.Itoa(r.IntN(10_000)) })
	}},
	{name: "unicode", do: unicode},
	{name: "quoted headers", do: func(t *sheet, _ *rand.Rand) {
		t.quoteAll = true
		t.rename(func(name string) string { return name + `, "as told"` })
	}},
	{name: "byte-order mark", do: func(t *sheet, _ *rand.Rand) { t.bom = true }},
	{name: "semicolons", do: func(t *sheet, _ *rand.Rand) { t.comma = ';' }},
	{name: "CRLF", do: func(t *sheet, _ *rand.Rand) { t.crlf = true }},
	{name: "duplicate rows", do: func(t *sheet, r *rand.Rand) {
		for range len(t.rows) / 10 {
			t.rows = append(t.rows, t.rows[r.IntN(len(t.rows))])
		}
	}},
}

func shuffle(t *sheet, r *rand.Rand) {
	order := r.Perm(len(t.header))
	turn := func(row []string) []string {
		out := make([]string, len(order))
		for i, from := range order {
			if from < len(row) {
				out[i] = row[from]
			}
		}
		return out
	}
	t.header = turn(t.header)
	for i := range t.rows {
		t.rows[i] = turn(t.rows[i])
	}
}

// unicode gives names, classes and a new column letters from far away.
func unicode(t *sheet, r *rand.Rand) {
	words := []string{"größe", "数量", "naïve", "δέλτα", "עברית", "e\u0301", "🙂", "ıİ"}
	t.insert("étiquette", func(int) string { return words[r.IntN(len(words))] })
	t.rename(func(name string) string { return name + " é漢" })
	at, renamed := slices.Index(t.header, t.target), t.target+" é漢"
	t.header[at], t.target = renamed, renamed
	if !t.classes {
		return
	}
	for i := range t.rows {
		t.rows[i] = slices.Clone(t.rows[i])
		t.rows[i][at] = "ü·" + t.rows[i][at]
	}
	if t.positive != "" {
		t.positive = "ü·" + t.positive
	}
}

// insert puts a column in front of the last one.
func (t *sheet) insert(name string, cell func(row int) string) {
	if slices.Contains(t.header, name) {
		name = fmt.Sprint(name, "_2")
	}
	at := len(t.header) - 1
	t.header = slices.Insert(slices.Clone(t.header), at, name)
	for i, row := range t.rows {
		t.rows[i] = slices.Insert(slices.Clone(row), min(at, len(row)), cell(i))
	}
}

// rename changes the names of all columns that the request does not name.
func (t *sheet) rename(to func(string) string) {
	for i, name := range t.header {
		if name != t.target && !slices.Contains(t.exclude, name) {
			t.header[i] = to(name)
		}
	}
}
