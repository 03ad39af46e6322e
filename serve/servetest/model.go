// Package servetest makes real models for the tests and benchmarks of serving:
// fitted on rows drawn from a fixed law, written as .septet files.
package servetest

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"

	"github.com/septet-ml/septet/feature"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/table"
)

// Recipe says what model to make. The zero value is a small binary one.
type Recipe struct {
	Task    learn.Task // "" is binary
	Seed    uint64     // of the rows: another seed is another model
	Rows    int        // default 600
	Numbers int        // number columns; default 2
	Trees   int        // boosted trees of 31 leaves beside the linear model; default 0
	Flip    bool       // the answer is turned round: what the model learns is wrong
	Seen    bool       // rows of training are remembered, and the golden rows are one of them
}

func (r Recipe) withDefaults() Recipe {
	if r.Task == "" {
		r.Task = learn.Binary
	}
	if r.Rows == 0 {
		r.Rows = 600
	}
	if r.Numbers == 0 {
		r.Numbers = 2
	}
	return r
}

// Raw draws the rows: Numbers number columns n0, n1, ..., a text plan, a text
// active that is yes or no, and a time since, all with missing values; the
// target follows from n0, plan and noise.
func (r Recipe) Raw() (raw *table.Table, rules []table.CellRule, target []float64) {
	r = r.withDefaults()
	random := rand.New(rand.NewPCG(r.Seed, 7))
	raw = &table.Table{Rows: r.Rows}
	score := make([]float64, r.Rows)
	for j := range r.Numbers {
		c := table.Column{Name: fmt.Sprintf("n%d", j), Kind: table.Number, Number: make([]float64, r.Rows)}
		for i := range c.Number {
			v := random.NormFloat64()
			score[i] += v / float64(1+3*j)
			if c.Number[i] = v; random.IntN(20) == 0 {
				c.Number[i] = math.NaN()
			}
		}
		raw.Columns, rules = append(raw.Columns, c), append(rules, table.CellRule{Kind: table.Number})
	}
	text := func(name string, levels ...string) {
		c := table.Column{Name: name, Kind: table.Text, Levels: levels, Code: make([]int32, r.Rows)}
		for i := range c.Code {
			code := int32(random.IntN(len(levels)+1)) - 1
			c.Code[i] = code
			score[i] += 0.5 * float64(code)
		}
		raw.Columns = append(raw.Columns, c)
	}
	text("plan", "basic", "gold", "platinum")
	rules = append(rules, table.CellRule{Kind: table.Text})
	text("active", "no", "yes")
	rules = append(rules, table.CellRule{Kind: table.Text, Bool: []string{"no", "yes"}})
	since := table.Column{Name: "since", Kind: table.Time, Time: make([]int64, r.Rows)}
	for i := range since.Time {
		since.Time[i] = int64(random.IntN(9000)) * 86_400_000_000
	}
	raw.Columns = append(raw.Columns, since)
	rules = append(rules, table.CellRule{Kind: table.Time, Layouts: []string{"2006-01-02"}})
	target = make([]float64, r.Rows)
	for i, s := range score {
		s += 0.3 * random.NormFloat64()
		if r.Flip {
			s = 1 - s
		}
		target[i] = r.label(s)
	}
	return raw, rules, target
}

func (r Recipe) label(s float64) float64 {
	switch r.Task {
	case learn.Regression:
		return s
	case learn.Multiclass:
		return math.Min(2, math.Max(0, math.Floor(s+1)))
	}
	if s > 0.5 {
		return 1
	}
	return 0
}

// Make fits the model. Equal recipes give equal bytes.
func (r Recipe) Make(ctx context.Context) (*modelfile.Model, error) {
	r = r.withDefaults()
	raw, rules, target := r.Raw()
	rows := make([]int32, raw.Rows)
	for i := range rows {
		rows[i] = int32(i)
	}
	transform, _, err := feature.Fit(raw, rules, rows, feature.Options{})
	if err != nil {
		return nil, fmt.Errorf("make test model: %w", err)
	}
	features, err := transform.Apply(raw)
	if err != nil {
		return nil, fmt.Errorf("make test model: %w", err)
	}
	data := learn.Data{Task: r.Task, Table: features, Target: target}
	m := &modelfile.Model{
		Manifest:  modelfile.Manifest{Title: "test", Task: r.Task, Target: "answer", Metric: "log_loss", Calibration: calibrate.Map{Kind: calibrate.Identity}},
		Transform: transform, Ensemble: &ensemble.Model{Pool: ensemble.PoolOf(r.Task)}, Card: "# test\n",
	}
	switch r.Task {
	case learn.Binary:
		m.Classes, m.Threshold, data.Classes = []string{"no", "yes"}, new(0.5), 2
	case learn.Multiclass:
		m.Classes, data.Classes = []string{"low", "middle", "high"}, 3
	}
	learners := []learn.Learner{linear.Learner{L2: 1}}
	if r.Trees > 0 {
		learners = append(learners, tree.Boost{Rounds: r.Trees, Leaves: 31})
	}
	for _, l := range learners {
		model, err := l.Fit(ctx, data, nil, learn.Options{Seed: r.Seed, Threads: 1})
		if err != nil {
			return nil, fmt.Errorf("make test model: %w", err)
		}
		m.Ensemble.Members = append(m.Ensemble.Members, ensemble.Member{Weight: 1, Models: []learn.Model{model}})
	}
	if r.Seen {
		m.Seen = seen.New(data, slices.Repeat([]float64{0.3}, raw.Rows*m.Width()), 0.01)
		rows = rows[:1]
	}
	return m, m.MakeGolden(raw, rows, 32, r.Seed)
}

// Write makes the model and writes it to a file of the folder.
func (r Recipe) Write(ctx context.Context, dir, name string) (path string, m *modelfile.Model, err error) {
	if m, err = r.Make(ctx); err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	if err := m.Write(&b); err != nil {
		return "", nil, err
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return "", nil, fmt.Errorf("write test model: %w", err)
	}
	m, err = modelfile.Open(path)
	return path, m, err
}
