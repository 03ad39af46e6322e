package modelfile_test

import (
	"bytes"
	"encoding/json"
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

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// makeSet makes the next set: all that this version can put into a file.
func makeSet(t *testing.T) {
	there, err := filepath.Glob(filepath.Join(sets, "*"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(sets, fmt.Sprintf("%03d", len(there)+1))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	knots := [][2]float64{{-3, -2.5}, {-0.5, -0.75}, {0.25, 0.5}, {2, 2.75}}
	for name, s := range map[string]specimen{
		"binary":      {task: learn.Binary, all: true, calibration: calibrate.Map{Kind: calibrate.Platt, Width: 1, Slope: 0.9, Offset: 0.1}, conformal: calibrate.Least},
		"beta":        {task: learn.Binary, calibration: calibrate.Map{Kind: calibrate.Beta, Width: 1, Slope: 0.8, Fall: 1.3, Offset: -0.2}, conformal: calibrate.Adaptive, seen: true},
		"isotonic":    {task: learn.Binary, calibration: calibrate.Map{Kind: calibrate.Isotonic, Width: 1, Knots: knots}},
		"events":      {task: learn.Binary, calibration: calibrate.Map{Kind: calibrate.Identity}, events: true},
		"multiclass":  {task: learn.Multiclass, all: true, calibration: calibrate.Map{Kind: calibrate.Temperature, Width: 4, Slope: 1.2}, conformal: calibrate.Adaptive, seen: true},
		"regression":  {task: learn.Regression, all: true, calibration: calibrate.Map{Kind: calibrate.Identity}, conformal: calibrate.Absolute},
		"uneven-rows": {task: learn.Regression, calibration: calibrate.Map{Kind: calibrate.Identity}, conformal: calibrate.Scaled, seen: true},
	} {
		m, raw := s.make(t)
		data := encode(t, m)
		m, err := modelfile.Decode(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var answers []answer
		for _, row := range s.rows(m, raw) {
			answers = append(answers, ask(t, m, row))
		}
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetIndent("", "\t")
		if err := e.Encode(answers); err != nil {
			t.Fatal(err)
		}
		for suffix, content := range map[string][]byte{".septet": data, ".json": text.Bytes()} {
			if err := os.WriteFile(filepath.Join(dir, name+suffix), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// specimen says what is in a file of the set.
type specimen struct {
	task        learn.Task
	all         bool // learners of every family with every kind of setting that shows in a file; else a few
	calibration calibrate.Map
	conformal   string // kind; "" is none
	events      bool
	seen        bool // some of the rows
}

func (s specimen) learners() []learn.Learner {
	plain := tree.Boost{Rounds: 4, Leaves: 5, MinRows: 5, Bins: 12}
	if !s.all {
		return []learn.Learner{linear.Learner{L2: 1, MinCount: 20}, plain}
	}
	sets, targets, symmetric := plain, plain, plain
	sets.Category = tree.Category{SetRows: 1, SetSmooth: 1, SetChance: 1}
	targets.Category = tree.Category{SetLevels: -1, TargetsOnly: true}
	symmetric.Symmetric, symmetric.Noise, symmetric.Leaves = 3, 1, 0
	out := []learn.Learner{
		linear.Learner{MinCount: 20},
		baseline.Dummy{},
		baseline.Rule{},
		linear.Learner{L2: 1, Knots: 3, Ranks: true, MinCount: 20},
		linear.Learner{L2: 1, Pairs: 20, MinCount: 20},
		plain, sets, targets, symmetric,
		forest.Learner{Trees: 3, Leaves: 8},
		forest.Learner{Trees: 3, Leaves: 8, Extra: true},
		neighbor.Learner{K: 5, Rows: 30},
		neighbor.Learner{K: 5, Rows: 30, Ranks: true},
		net.Learner{Nets: 2, Width: 4, Bins: 2, Epochs: 3},
		net.Learner{Nets: 1, Width: 4, Hidden: 3, Bins: -1, Epochs: 3},
	}
	if s.task == learn.Regression {
		absolute, quantile := plain, plain
		absolute.Loss, quantile.Loss, quantile.Quantile = tree.Absolute, tree.Quantile, 0.6
		out = append(out, absolute, quantile, root.Learner{Of: linear.Learner{L2: 1, MinCount: 20}}, root.Learner{Of: plain})
	}
	return out
}

func (s specimen) make(t *testing.T) (*modelfile.Model, *table.Table) {
	raw, target := s.data()
	rules := []table.CellRule{
		{Kind: table.Number},
		{Kind: table.Number},
		{Kind: table.Text},
		{Kind: table.Text},
		{Kind: table.Time, Layouts: []string{"2006-01-02 15:04"}},
		{Kind: table.Time, Layouts: []string{"2006-01-02"}},
		{Kind: table.Text},
	}
	rows := make([]int32, raw.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	transform, _, err := feature.Fit(raw, rules, rows, feature.Options{})
	if err != nil {
		t.Fatal(err)
	}
	features, err := transform.Apply(raw)
	if err != nil {
		t.Fatal(err)
	}
	m := &modelfile.Model{
		Manifest:  modelfile.Manifest{Title: "a made-up file", Task: s.task, Target: "answer", Entity: []string{"id"}, Metric: "log_loss", Calibration: s.calibration},
		Transform: transform, Ensemble: &ensemble.Model{Pool: ensemble.PoolOf(s.task)}, Card: "# a made-up file\n",
	}
	d := learn.Data{Task: s.task, Table: features, Target: target}
	switch s.task {
	case learn.Binary:
		m.Classes, m.Threshold, d.Classes = []string{"no", "yes"}, new(0.4), 2
	case learn.Multiclass:
		m.Classes, d.Classes = []string{"a", "b|b", "ç", "other"}, 4
	}
	for i, l := range s.learners() {
		member := ensemble.Member{Weight: 1 / float64(i+2)}
		for k := range max(1, 3-2*i) { // the first is a bag
			model, err := l.Fit(t.Context(), d, nil, learn.Options{Seed: uint64(10*i + k), Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			member.Models = append(member.Models, model)
		}
		m.Ensemble.Members = append(m.Ensemble.Members, member)
	}
	if s.seen {
		some, few := d, 150
		some.Table, some.Target = features.Take(rows[:few]), target[:few]
		m.Seen = seen.New(some, slices.Repeat([]float64{0.25}, few*m.Width()), 2)
	}
	if err := m.MakeGolden(raw, rows, 12, 1); err != nil {
		t.Fatal(err)
	}
	if s.conformal != "" {
		scores, err := m.ScoreTable(t.Context(), raw, 1)
		if err != nil {
			t.Fatal(err)
		}
		c, err := calibrate.FitConformal(s.conformal, metric.Sample{Classes: d.Classes, Target: target}, scores, 0.8)
		if err != nil {
			t.Fatal(err)
		}
		m.Conformal = &c
	}
	if s.events {
		m.Points = &modelfile.Points{
			Entity: []feature.Input{{Name: "id", CellRule: table.CellRule{Kind: table.Text}}}, Snapshot: "2024-12-31",
			Latest: handoff.Ref{Kind: "latest_points", SHA256: strings.Repeat("a", 64), Bytes: 5, Rows: 2},
		}
		m.Recipe = []byte(`{"tables":[],"features":[{"name":"spend","formula":"what was spent in the 90 days before the snapshot"}]}`)
	}
	return m, raw
}

// data is 600 rows with a column for every kind of feature, and the answers.
func (s specimen) data() (*table.Table, []float64) {
	const n = 600
	random := rand.New(rand.NewPCG(21, 11))
	words := strings.Fields("late early delivery price service friendly slow broken again never")
	raw := &table.Table{Rows: n, Columns: []table.Column{
		{Name: "spend", Kind: table.Number},
		{Name: "visits", Kind: table.Number},
		{Name: "plan", Kind: table.Text, Levels: []string{"basic", "gold", "größer", "silver"}},
		{Name: "city", Kind: table.Text},
		{Name: "joined", Kind: table.Time},
		{Name: "left", Kind: table.Time},
		{Name: "note", Kind: table.Text},
	}}
	c := raw.Columns
	for i := range 60 {
		c[3].Levels = append(c[3].Levels, fmt.Sprintf("city %02d", i))
	}
	target := make([]float64, n)
	for i := range n {
		spend, plan, city := round(math.Exp(3+random.NormFloat64())), random.IntN(5)-1, int(60*random.Float64()*random.Float64())
		joined := int64(random.IntN(6_000*1_440)) * 60_000_000
		var said []string
		for range 4 + random.IntN(5) {
			said = append(said, words[random.IntN(len(words))])
		}
		visits := float64(random.IntN(9))
		score := math.Log(spend) - 3 + float64(plan)/2 + float64(city%3-1)/2 + visits/9 + random.NormFloat64()/2
		if random.IntN(8) == 0 {
			visits = math.NaN()
		}
		c[0].Number, c[1].Number = append(c[0].Number, spend), append(c[1].Number, visits)
		c[2].Code, c[3].Code = append(c[2].Code, int32(plan)), append(c[3].Code, int32(city))
		c[4].Time, c[5].Time = append(c[4].Time, joined), append(c[5].Time, joined/86_400_000_000*86_400_000_000+int64(random.IntN(900))*86_400_000_000)
		c[6].Code, c[6].Levels = append(c[6].Code, int32(i)), append(c[6].Levels, strings.Join(said, " ")+" "+strconv.Itoa(i))
		switch s.task {
		case learn.Binary:
			target[i] = float64(min(max(int(score+0.5), 0), 1))
		case learn.Multiclass:
			target[i] = float64(min(max(int(score+1.5), 0), 3))
		default:
			target[i] = round(100 + 20*score)
		}
	}
	return raw, target
}

// round leaves out the digits that a processor with fused sums makes otherwise,
// so that every one makes the same files.
func round(x float64) float64 { return math.Round(1e6*x) / 1e6 }

// rows are some of raw's, one that is empty, and one that is like none.
func (s specimen) rows(m *modelfile.Model, raw *table.Table) []map[string]string {
	odd := map[string]string{
		"spend": "1e300", "visits": "-3.5", "plan": "platinum", "city": "somewhere", "joined": "1802-02-03 23:59", "left": "2999-12-31", "note": "LATE, broken; and ...",
	}
	rows := []map[string]string{{}, odd}
	for i := 0; i < raw.Rows; i += raw.Rows / 5 {
		row := map[string]string{}
		for k := range m.Transform.Inputs {
			in := &m.Transform.Inputs[k]
			switch c := raw.Column(in.Name); {
			case c.IsMissing(i):
			case c.Kind == table.Number:
				row[in.Name] = strconv.FormatFloat(c.Number[i], 'g', -1, 64)
			case c.Kind == table.Text:
				row[in.Name] = c.Levels[c.Code[i]]
			default:
				row[in.Name] = time.UnixMicro(c.Time[i]).UTC().Format(in.Layouts[0])
			}
		}
		rows = append(rows, row)
	}
	return rows
}
