package prepare_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/rowfile"
)

// visits is a table of 1,400 visits or more, by customers who come so many times
// or up to three times more within so many days; every row has figures of its own.
func visits(t *testing.T, seed uint64, times, days int) *made {
	t.Helper()
	m := &made{random: rand.New(rand.NewPCG(seed, 11)), classes: []string{"no", "yes"}}
	var who, day []int
	for c := range 1400 / times {
		first := m.random.IntN(700)
		for range times + m.random.IntN(4) {
			who, day = append(who, c), append(day, first+m.random.IntN(days))
		}
	}
	m.rows = len(who)
	m.random.Shuffle(m.rows, func(i, j int) { who[i], who[j], day[i], day[j] = who[j], who[i], day[j], day[i] })
	m.add("customer_id", func(i int) string { return fmt.Sprintf("C%05d", who[i]) })
	m.add("visited_on", func(i int) string { return time.Date(2022, 1, 1+day[i], 0, 0, 0, 0, time.UTC).Format(time.DateOnly) })
	m.add("spent", func(int) string { return fmt.Sprintf("%.9f", m.random.NormFloat64()) })
	m.add("visitors", func(int) string { return strconv.Itoa(m.random.IntN(9)) })
	m.add("goal", func(i int) string { return m.classes[m.random.IntN(2)] })
	return m
}

// files reads the row files of a run, by part of the split.
func files(t *testing.T, r result) map[string]*rowfile.File {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	out := map[string]*rowfile.File{}
	for name, ref := range map[string]*handoff.Ref{"fit": &r.out.Rows.Fit, "test": &r.out.Rows.Test, "holdout": r.out.Rows.Holdout} {
		if ref == nil {
			continue
		}
		f, err := rowfile.Read(r.options.Artifacts, r.out, *ref, nil)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = f
	}
	return out
}

// The row files say by a number which rows are of one entity, in all files. Where
// the scope asks about new entities no entity is in two of them, and the number is
// what folds keep together; where entities are known only errors of scores see it.
func TestRowFilesTellEntitiesApart(t *testing.T) {
	for _, test := range []struct {
		name  string
		times int
		days  int
		set   map[string]string
		by    string
		group bool
	}{
		{"by time, new", 2, 100, map[string]string{"unit": "new_entities"}, "time", true},
		{"by time, new, who always come", 35, 1200, map[string]string{"unit": "new_entities"}, "entity", true},
		{"by time, known", 2, 100, map[string]string{"unit": "known_entities"}, "time", false},
		{"by entity", 2, 100, map[string]string{"split.by": "entity"}, "entity", true},
		{"by neither, new", 2, 100, map[string]string{"unit": "new_entities", "split.by": "stratified"}, "entity", true},
		{"by neither, known", 2, 100, map[string]string{"split.by": "stratified"}, "stratified", false},
	} {
		for seed := range uint64(3) {
			m := visits(t, seed, test.times, test.days)
			s := goal("binary")
			s.Entity, s.Time = []string{"customer_id"}, "visited_on"
			maps.Copy(s.Set, test.set)
			r := run(t, m.put(t), s)
			all := files(t, r)
			if r.out.Policy.By != test.by {
				t.Errorf("%s: the parts are by %s", test.name, r.out.Policy.By)
			}
			number, file := map[string]int32{}, map[string]string{}
			for name, f := range all {
				if (f.Groups != nil) != test.group {
					t.Fatalf("%s: the %s file has groups: %v", test.name, name, f.Groups != nil)
				}
				draws := f.Draws()
				if draws == nil {
					t.Fatalf("%s: the rows of the %s file are draws", test.name, name)
				}
				for i, row := range f.Rows {
					who := m.cell("customer_id", int(row)-1)
					if g, known := number[who]; known && (g != draws[i] || test.group && file[who] != name) {
						t.Fatalf("%s: %s has numbers %d in the %s file and %d in the %s file", test.name, who, g, file[who], draws[i], name)
					}
					number[who], file[who] = draws[i], name
				}
			}
			different := map[int32]bool{}
			for _, g := range number {
				different[g] = true
			}
			if len(different) != len(number) {
				t.Errorf("%s: %d entities have %d numbers", test.name, len(number), len(different))
			}
		}
	}
}

// Where every row is of an entity of its own, the files are as without entities.
func TestEntitiesOfOneRowAreNoGroups(t *testing.T) {
	m := visits(t, 1, 2, 100)
	m.cells[0] = nil
	for i := range m.rows {
		m.cells[0] = append(m.cells[0], fmt.Sprintf("C%05d", i))
	}
	for _, unit := range []string{"new_entities", "known_entities"} {
		s := goal("binary")
		s.Entity, s.Time, s.Set["unit"] = []string{"customer_id"}, "visited_on", unit
		for name, f := range files(t, run(t, m.put(t), s)) {
			if f.Groups != nil || f.Draws() != nil {
				t.Errorf("%s: the %s file has groups", unit, name)
			}
		}
	}
}

// Nobody knows whose the rows without a key are: each stands alone, and is in
// the test as it will come later.
func TestRowsWithoutAKeyStandAlone(t *testing.T) {
	for _, by := range []string{"time", "entity"} {
		m := visits(t, 3, 2, 100)
		for i := range m.cells[0] {
			if m.random.IntN(3) == 0 {
				m.cells[0][i] = ""
			}
		}
		s := goal("binary")
		s.Entity, s.Time, s.Set["unit"], s.Set["split.by"] = []string{"customer_id"}, "visited_on", "new_entities", by
		r := run(t, m.put(t), s)
		if r.err == nil && r.out.Policy.By != by {
			t.Errorf("the parts are by %s, want %s", r.out.Policy.By, by)
		}
		for name, f := range files(t, r) {
			alone, size := 0, map[int32]int{}
			for _, g := range f.Groups {
				size[g]++
			}
			for i, row := range f.Rows {
				if m.cell("customer_id", int(row)-1) == "" {
					alone++
					if size[f.Groups[i]] != 1 {
						t.Fatalf("by %s: a row without a key is of a group of %d in the %s file", by, size[f.Groups[i]], name)
					}
				}
			}
			if share := float64(alone) / float64(len(f.Rows)); share < 0.2 || share > 0.75 { // later parts have fewer others, whom an earlier part has
				t.Errorf("by %s: %.2f of the rows in the %s file have no key", by, share, name)
			}
		}
	}
}

// Months without anything look the same for all customers: that ties no customer
// to another. A customer who was entered twice stays in one part.
func TestCopiesTieEntitiesUnlessMostLookTheSame(t *testing.T) {
	for _, test := range []struct {
		name  string
		quiet float64
		twice bool
	}{{"quiet months", 0.35, false}, {"entered twice", 0, true}} {
		m := visits(t, 5, 2, 100)
		m.names, m.cells = append(m.names[:1:1], m.names[2:]...), append(m.cells[:1:1], m.cells[2:]...)
		for i := range m.rows {
			if m.random.Float64() < test.quiet {
				m.cells[1][i], m.cells[2][i] = "0", "0"
			}
		}
		if test.twice {
			for i := range m.rows {
				if m.cells[0][i] < "C00050" {
					for c := range m.cells {
						m.cells[c] = append(m.cells[c], m.cells[c][i])
					}
					m.cells[0][len(m.cells[0])-1] += "-2"
				}
			}
			m.rows = len(m.cells[0])
		}
		s := goal("binary")
		s.Entity = []string{"customer_id"}
		r := run(t, m.put(t), s)
		all := files(t, r)
		share := float64(r.out.Splits["train"].Rows) / float64(m.rows)
		if r.out.Policy.By != "entity" || share < 0.55 || share > 0.65 {
			t.Errorf("%s: parts by %s, %.2f of the rows in train", test.name, r.out.Policy.By, share)
		}
		file := map[string]string{}
		for name, f := range all {
			for _, row := range f.Rows {
				who := m.cell("customer_id", int(row)-1)[:6]
				if was, known := file[who]; known && was != name {
					t.Fatalf("%s: %s is in the %s and the %s file", test.name, who, was, name)
				}
				file[who] = name
			}
		}
	}
}
