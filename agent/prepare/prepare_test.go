package prepare_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/agent/prepare"
	"github.com/septet-ml/septet/agent/scope"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
)

// result is what a run ended with after preparation.
type result struct {
	out      handoff.Dataset
	findings []handoff.Finding
	err      error
	options  durable.Options
}

// run takes a table through scope and preparation as the engine does.
func run(t *testing.T, path string, s handoff.Settings) result {
	t.Helper()
	return ask(t, "", path, s)
}

// ask is run with a request.
func ask(t *testing.T, request, path string, s handoff.Settings) result {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	brief := handoff.Brief{Request: request, Sources: []handoff.Source{{Path: path}}, Settings: s}
	brief.Settings.Yes, brief.Settings.Until = true, handoff.DataPreparer
	r := result{options: durabletest.Options(t, brief)}
	r.options.Events = func(e durable.Event) {
		if e.Finding != nil {
			r.findings = append(r.findings, *e.Finding)
		}
	}
	begun, err := durable.Begin(context.Background(), r.options)
	if err != nil {
		t.Fatal(err)
	}
	in := durable.Do(context.Background(), begun, scope.Step(), brief)
	r.out = durable.Do(context.Background(), begun, prepare.Step(), in)
	r.err = begun.Err()
	if _, err := begun.End(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// actions are the findings of a column, or of rows for "", as "code action".
func (r result) actions(column string) (all []string) {
	for _, f := range r.findings {
		if f.Column == nil && column == "" || f.Column != nil && *f.Column == column {
			all = append(all, f.Code+" "+string(f.Action))
		}
	}
	return all
}

func (r result) keeps(column string) bool {
	return slices.ContainsFunc(r.out.Columns, func(c handoff.PreparedColumn) bool { return c.Name == column })
}

// made is a table of a made world: columns that foretell the answer with
// noise, and what was planted.
type made struct {
	rows    int
	names   []string
	cells   [][]string // by column
	answer  []float64  // class index or value
	classes []string   // nil for values
	random  *rand.Rand
}

func (m *made) add(name string, cell func(i int) string) {
	column := make([]string, m.rows)
	for i := range column {
		column[i] = cell(i)
	}
	m.names, m.cells = append(m.names, name), append(m.cells, column)
}

func (m *made) cell(name string, i int) string { return m.cells[slices.Index(m.names, name)][i] }

func (m *made) csv() string {
	var b strings.Builder
	b.WriteString(strings.Join(m.names, ",") + "\n")
	for i := range m.rows {
		for j := range m.cells {
			if j > 0 {
				b.WriteByte(',')
			}
			b.WriteString(m.cells[j][i])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (m *made) put(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "made.csv")
	if err := os.WriteFile(path, []byte(m.csv()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

var words = strings.Fields("north south east west late early blue green large small first second called wrote asked paid moved stayed")

// world makes a table for a task: "binary", "multiclass" or "regression".
func world(task string, seed uint64) *made {
	m := &made{rows: 1500, random: rand.New(rand.NewPCG(seed, 7))}
	a, b, noise := make([]float64, m.rows), make([]int, m.rows), make([]float64, m.rows)
	for i := range m.rows {
		a[i], b[i], noise[i] = m.random.NormFloat64(), m.random.IntN(4), m.random.NormFloat64()
	}
	m.answer = make([]float64, m.rows)
	if task != "regression" {
		m.classes = []string{"no", "yes", "maybe"}
	}
	for i := range m.rows {
		score := a[i] + 0.7*float64(b[i]-1) + noise[i]
		switch task {
		case "binary":
			if score > 0.9 {
				m.answer[i] = 1
			}
		case "multiclass":
			m.answer[i] = float64(min(2, max(0, int(math.Floor(score+1)))))
		default:
			m.answer[i] = 100 + 25*score
		}
	}
	start := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	m.add("balance", func(i int) string { return number(1000 + 300*a[i]) })
	m.add("region", func(i int) string { return words[b[i]] })
	m.add("visits", func(i int) string { return strconv.Itoa(m.random.IntN(30)) })
	m.add("segment", func(i int) string { return words[4+m.random.IntN(12)] })
	m.add("age", func(i int) string { return strconv.Itoa(20 + m.random.IntN(60)) })
	m.add("opened_on", func(i int) string { return start.AddDate(0, 0, m.random.IntN(700)).Format(time.DateOnly) })
	m.add("remark", func(i int) string {
		return words[m.random.IntN(len(words))] + " " + words[m.random.IntN(len(words))] + " " + words[m.random.IntN(len(words))]
	})
	m.add("goal", m.label)
	return m
}

// scale is a tenth of the standard deviation of the answers.
func (m *made) scale() float64 {
	sum, squares := 0.0, 0.0
	for _, v := range m.answer {
		sum += v
		squares += v * v
	}
	n := float64(m.rows)
	return math.Sqrt(squares/n-sum/n*sum/n) / 10
}

func (m *made) label(i int) string {
	if m.classes != nil {
		return m.classes[int(m.answer[i])]
	}
	return number(m.answer[i])
}

// plants are the leaks that are planted, and what is expected of each.
var plants = []struct {
	code  string
	tasks string // "b", "m", "r"
	plant func(m *made)
}{
	{"leak.target_copy", "bmr", func(m *made) { m.add("flag_x", func(i int) string { return number(m.answer[i]) }) }},
	{"leak.target_copy", "bm", func(m *made) {
		m.add("flag_x", func(i int) string { return string(rune('A' + int(m.answer[i]))) })
	}},
	{"leak.target_function", "r", func(m *made) { m.add("flag_x", func(i int) string { return number(3*m.answer[i] - 7) }) }},
	{"leak.target_function", "r", func(m *made) { m.add("flag_x", func(i int) string { return number(10 * math.Cbrt(m.answer[i])) }) }},
	{"leak.target_function", "bm", func(m *made) {
		m.add("flag_x", func(i int) string { return words[int(m.answer[i])*4+m.random.IntN(4)] })
	}},
	{"leak.target_function", "bm", func(m *made) {
		m.add("flag_x", func(i int) string { return number(10*m.answer[i] + m.random.Float64()) })
	}},
	{"leak.near_copy", "bm", func(m *made) {
		m.add("flag_x", func(i int) string { return number(m.answer[i] + 0.2*m.random.NormFloat64()) })
	}},
	{"leak.near_copy", "b", func(m *made) {
		m.add("flag_x", func(i int) string { return number(m.answer[i] + 0.45*m.random.NormFloat64()) })
	}},
	{"leak.near_copy", "bm", func(m *made) {
		m.add("flag_x", func(i int) string {
			if m.random.IntN(20) == 0 {
				return "ABC"[m.random.IntN(2):2][:1]
			}
			return string(rune('A' + int(m.answer[i])))
		})
	}},
	{"leak.near_copy", "r", func(m *made) {
		m.add("flag_x", func(i int) string { return number(m.answer[i] + m.scale()*m.random.NormFloat64()) })
	}},
	{"leak.after_outcome", "bm", func(m *made) {
		m.add("flag_x", func(i int) string {
			if m.answer[i] == 1 {
				return fmt.Sprintf("2024-12-%02d", 1+m.random.IntN(28))
			}
			return ""
		})
	}},
	{"leak.near_copy", "r", func(m *made) {
		m.add("flag_x", func(i int) string { return number(m.answer[i] + 3*m.scale()*m.random.NormFloat64()) })
	}},
	{"leak.after_outcome", "r", func(m *made) {
		sorted := slices.Sorted(slices.Values(m.answer))
		m.add("flag_x", func(i int) string {
			if m.answer[i] > sorted[m.rows/2] {
				return fmt.Sprintf("2024-12-%02d 10:%02d:00", 1+m.random.IntN(28), m.random.IntN(60))
			}
			return ""
		})
	}},
	{"leak.after_outcome", "b", func(m *made) {
		m.add("flag_x", func(i int) string {
			if m.answer[i] == 1 && m.random.IntN(2) == 0 {
				return strconv.Itoa(m.random.IntN(500))
			}
			return ""
		})
	}},
	{"leak.future_time", "bmr", func(m *made) {
		m.add("flag_x", func(i int) string {
			at, _ := time.Parse(time.DateOnly, m.cell("opened_on", i))
			return at.AddDate(0, 0, 5+m.random.IntN(60)).Format(time.DateOnly)
		})
	}},
	{"leak.id_order", "bmr", func(m *made) {
		order := make([]int, m.rows)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(x, y int) int { return int(math.Copysign(1, m.answer[x]-m.answer[y])) })
		place := make([]int, m.rows)
		for at, i := range order {
			place[i] = at
		}
		m.add("flag_x", func(i int) string { return strconv.Itoa(40_000 + 2*place[i] + m.random.IntN(2)) })
	}},
	{"leak.label_aggregate", "bmr", func(m *made) {
		town := make([]int, m.rows)
		sum, n := map[int]float64{}, map[int]float64{}
		for i := range town {
			town[i] = m.random.IntN(40)
			value := m.answer[i]
			if m.classes != nil && value != 1 {
				value = 0
			}
			sum[town[i]] += value
			n[town[i]]++
		}
		m.add("town", func(i int) string { return fmt.Sprintf("t%02d", town[i]) })
		m.add("flag_x", func(i int) string { return number(sum[town[i]] / n[town[i]]) })
	}},
	{"leak.label_aggregate", "br", func(m *made) {
		town := make([]int, m.rows)
		sum, n := map[int]float64{}, map[int]float64{}
		for i := range town {
			town[i] = m.random.IntN(40)
			sum[town[i]] += m.answer[i]
			n[town[i]]++
		}
		m.add("town", func(i int) string { return fmt.Sprintf("t%02d", town[i]) })
		m.add("flag_x", func(i int) string {
			return strconv.FormatFloat((sum[town[i]]-m.answer[i])/(n[town[i]]-1), 'g', -1, 64)
		})
	}},
	{"leak.text_label", "bmr", func(m *made) {
		m.add("flag_x", func(i int) string {
			return fmt.Sprintf("%s %s was %s then %s", words[m.random.IntN(6)], words[m.random.IntN(12)], m.label(i), words[m.random.IntN(18)])
		})
	}},
	{"leak.target_function", "r", func(m *made) {
		part := make([]float64, m.rows)
		m.add("flag_y", func(i int) string { part[i] = math.Round(m.random.Float64() * 50); return number(part[i]) })
		m.add("flag_x", func(i int) string { return strconv.FormatFloat(m.answer[i]-part[i], 'g', -1, 64) })
		m.cells[slices.Index(m.names, "goal")] = nil
		j := slices.Index(m.names, "goal")
		m.names, m.cells = slices.Delete(m.names, j, j+1), slices.Delete(m.cells, j, j+1)
		m.add("goal", func(i int) string { return strconv.FormatFloat(m.answer[i], 'g', -1, 64) })
	}},
}

var tasks = map[byte]string{'b': "binary", 'm': "multiclass", 'r': "regression"}

// Every planted leak is removed, and nothing else is.
func TestPlantedLeaksAreRemovedAndCleanColumnsStay(t *testing.T) {
	for p, plant := range plants {
		for _, task := range []byte(plant.tasks) {
			m := world(tasks[task], uint64(p))
			plant.plant(m)
			r := run(t, m.put(t), handoff.Settings{Target: "goal", Set: map[string]string{"problem_type": tasks[task]}})
			if r.err != nil {
				t.Errorf("%s (plant %d, %s): %v", plant.code, p, tasks[task], r.err)
				continue
			}
			if r.keeps("flag_x") {
				t.Errorf("%s (plant %d, %s): kept; findings %v", plant.code, p, tasks[task], r.actions("flag_x"))
			}
			for _, name := range m.names {
				planted := strings.HasPrefix(name, "flag_") || name == "goal"
				if !planted && !r.keeps(name) && name != "opened_on" {
					t.Errorf("%s (plant %d, %s): column %s was lost: %v", plant.code, p, tasks[task], name, r.actions(name))
				}
			}
			if got := r.actions("flag_x"); !slices.Contains(got, plant.code+" removed") {
				t.Errorf("plant %d, %s: got %v, want %s", p, tasks[task], got, plant.code)
			}
		}
	}
}
