// Package learntest is the conformance test that every learn.Learner passes.
package learntest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Subject is what is tested.
type Subject struct {
	Learner learn.Learner
	Decode  func(data []byte) (learn.Model, error)
	Tasks   []learn.Task

	// Constant is for learners that need not beat the mean of the target.
	Constant bool

	// Repeats claims that a row of weight 2 counts as the row twice, to 1e-5.
	Repeats bool
}

// Run tests the subject in subtests, one per task and property.
func Run(t *testing.T, s Subject) {
	if text, err := json.Marshal(s.Learner); err != nil || len(text) < 2 {
		t.Errorf("settings as JSON: %s, %v", text, err)
	}
	for _, task := range s.Tasks {
		c := &check{Subject: s, task: task}
		t.Run(string(task), func(t *testing.T) {
			for _, property := range []struct {
				name string
				test func(*testing.T)
			}{
				{"same bits", c.sameBits},
				{"rows stand alone", c.rowsStandAlone},
				{"predictions are in range", c.inRange},
				{"learns", c.learns},
				{"refuses", c.refuses},
				{"small tables", c.small},
				{"rows in use", c.rowsInUse},
				{"weights", c.weights},
				{"validation", c.validation},
				{"level", c.level},
				{"ends when told", c.ends},
				{"file", c.file},
			} {
				t.Run(property.name, property.test)
			}
		})
	}
}

// check is a subject at one task.
type check struct {
	Subject
	task learn.Task
	wide []float64 // a row for try
}

func (c *check) fit(t *testing.T, d learn.Data, valid *learn.Data, threads int) learn.Model {
	t.Helper()
	m, err := c.Learner.Fit(t.Context(), d, valid, learn.Options{Seed: 7, Threads: threads})
	if err != nil {
		t.Fatal(err)
	}
	if m.Name() != c.Learner.Name() {
		t.Fatalf("model of %q is named %q", c.Learner.Name(), m.Name())
	}
	return m
}

func (c *check) predict(t *testing.T, m learn.Model, d learn.Data) []float64 {
	t.Helper()
	out, err := learn.PredictTable(t.Context(), m, d.Table, d.Rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (c *check) bytes(t *testing.T, m learn.Model) []byte {
	t.Helper()
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// sameBits: threads, a second run and the rows of the validation set being
// there twice change nothing, and the data is left as it was.
func (c *check) sameBits(t *testing.T) {
	d := Table(c.task, 600, 1)
	before := Table(c.task, 600, 1)
	train, valid := halves(d)
	first := c.bytes(t, c.fit(t, train, &valid, 1))
	for _, threads := range []int{1, 2, 5} {
		if !bytes.Equal(first, c.bytes(t, c.fit(t, train, &valid, threads))) {
			t.Errorf("a fit on %d threads differs", threads)
		}
	}
	if !equalTables(d, before) {
		t.Error("the fit changed its data")
	}
}

// rowsStandAlone: a row has the same bits whatever is scored beside it.
func (c *check) rowsStandAlone(t *testing.T) {
	d := Table(c.task, 300, 2)
	m := c.fit(t, d, nil, 2)
	width, columns := m.Width(), len(d.Table.Columns)
	want := c.predict(t, m, d)
	x := make([]float64, d.N()*columns)
	d.Table.Gather(x, nil)
	for _, size := range []int{1, 7, d.N()} {
		got := make([]float64, len(want))
		var group sync.WaitGroup
		for lo := 0; lo < d.N(); lo += size {
			hi := min(lo+size, d.N())
			group.Go(func() { m.Predict(x[lo*columns:hi*columns], got[lo*width:hi*width]) })
		}
		group.Wait()
		if i := firstDifference(got, want); i >= 0 {
			t.Errorf("row %d scores %v in blocks of %d rows, %v before", i/width, got[i], size, want[i])
		}
	}
}

// inRange: whatever the input, predictions are finite; probabilities are in
// 0..1 and sum to 1.
func (c *check) inRange(t *testing.T) {
	d := Table(c.task, 400, 3)
	m := c.fit(t, d, nil, 2)
	want := 1
	if c.task == learn.Multiclass {
		want = d.Classes
	}
	if m.Width() != want {
		t.Fatalf("width %d, want %d", m.Width(), want)
	}
	c.checkRange(t, "a training row", m, c.predict(t, m, d))
	columns := len(d.Table.Columns)
	x := make([]float64, columns)
	out := make([]float64, m.Width())
	odd := []float64{math.NaN(), 1e300, -1e300, math.MaxFloat64, -math.MaxFloat64, 5e-324, -1, 0, math.Copysign(0, -1), 99, 1e6, 3e9, 1e18, 0.5}
	r := rand.New(rand.NewPCG(1, 1))
	for _, v := range odd {
		for j := range x {
			x[j] = v
		}
		m.Predict(x, out)
		c.checkRange(t, "a row of odd values", m, out)
		for range 20 {
			for j := range x {
				x[j] = odd[r.IntN(len(odd))]
			}
			m.Predict(x, out)
			c.checkRange(t, "a row of odd values", m, out)
		}
	}
}

func (c *check) checkRange(t *testing.T, what string, m learn.Model, out []float64) {
	t.Helper()
	width := m.Width()
	for i := 0; i < len(out); i += width {
		sum := 0.0
		for _, p := range out[i : i+width] {
			sum += p
			if math.IsNaN(p) || math.IsInf(p, 0) || c.task != learn.Regression && !(p >= 0 && p <= 1) {
				t.Fatalf("%s is predicted %v", what, p)
			}
		}
		if width > 1 && math.Abs(sum-1) > 1e-9 {
			t.Fatalf("the probabilities of %s sum to %v", what, sum)
		}
	}
}

// learns: fresh rows are predicted clearly better than by the mean.
func (c *check) learns(t *testing.T) {
	if c.Constant {
		t.Skip("the learner is not meant to")
	}
	train, fresh := Table(c.task, 1500, 4), Table(c.task, 1500, 5)
	m := c.fit(t, train, nil, 2)
	got, base := loss(c.task, fresh.Target, c.predict(t, m, fresh)), baseLoss(train, fresh)
	if !(got < 0.95*base) {
		t.Errorf("the loss on fresh rows is %.4f, of the mean %.4f", got, base)
	}
}

// refuses: what cannot be learned from is an error.
func (c *check) refuses(t *testing.T) {
	fit := func(what string, d learn.Data) {
		if m, err := c.Learner.Fit(t.Context(), d, nil, learn.Options{Threads: 1}); err == nil {
			t.Errorf("%s: a model of %T, want an error", what, m)
		}
	}
	d := Table(c.task, 50, 6)
	none := d
	none.Rows = []int32{}
	fit("no rows", none)
	light := d
	light.Weight = make([]float64, 50)
	fit("no weight", light)
	odd := d
	odd.Target = append([]float64(nil), d.Target...)
	odd.Target[3] = math.NaN()
	fit("a target that is no number", odd)
	large := d
	large.Target = append([]float64(nil), d.Target...)
	large.Target[3] = 2 * learn.MostTarget
	fit("a target that is too large", large)
	for what, w := range map[string]float64{"below 0": -1, "that is no number": math.NaN(), "that is too large": 2 * learn.MostWeight} {
		heavy := d
		heavy.Weight = slices.Repeat([]float64{1}, 50)
		heavy.Weight[3] = w
		fit("a weight "+what, heavy)
	}
	if c.task != learn.Regression {
		one := d
		one.Target = make([]float64, 50)
		fit("one class", one)
		beyond := d
		beyond.Target = append([]float64(nil), d.Target...)
		beyond.Target[3] = float64(d.Classes)
		fit("a class out of range", beyond)
	}
}

// small: two or three rows, no columns, a constant target, and classes without
// a row are fitted or refused, and what is fitted predicts in range.
func (c *check) small(t *testing.T) {
	d := Table(c.task, 60, 7)
	var rows []int32
	for i := range d.Target { // the first row of each target, three at most
		if len(rows) < 3 && (len(rows) == 0 || d.Target[i] != d.Target[rows[0]]) {
			rows = append(rows, int32(i))
		}
	}
	empty := d
	empty.Table = d.Table.Take(nil)
	empty.Table.Columns, empty.Table.Rows = nil, d.Table.Rows
	constant := d
	constant.Target = make([]float64, len(d.Target))
	for i := range constant.Target {
		constant.Target[i] = 5
	}
	few := d
	few.Rows = rows
	cases := map[string]learn.Data{"few rows": few, "no columns": empty}
	switch c.task {
	case learn.Regression:
		cases["a constant target"] = constant
	case learn.Multiclass:
		lacking := d
		lacking.Target = make([]float64, len(d.Target))
		for i, y := range d.Target {
			lacking.Target[i] = 1 + 2*math.Mod(y, 2) // 1 or 3
		}
		cases["classes without a row"] = lacking
	}
	for what, d := range cases {
		m, err := c.Learner.Fit(t.Context(), d, nil, learn.Options{Seed: 1, Threads: 2})
		if err != nil {
			t.Logf("%s: %v", what, err)
			continue
		}
		out := make([]float64, d.Table.Rows*m.Width())
		x := make([]float64, d.Table.Rows*len(d.Table.Columns))
		d.Table.Gather(x, nil)
		m.Predict(x, out)
		c.checkRange(t, what, m, out)
		if what == "a constant target" && math.Abs(out[0]-5) > 1e-6 {
			t.Errorf("%s of 5 is predicted %v", what, out[0])
		}
	}
}

// rowsInUse: a fit on rows of a table is the fit on a table of those rows.
func (c *check) rowsInUse(t *testing.T) {
	d := Table(c.task, 400, 8)
	for i := 0; i < 400; i += 1 + i%3 {
		d.Rows = append(d.Rows, int32(i))
	}
	taken := learn.Data{Task: d.Task, Classes: d.Classes, Table: d.Table.Take(d.Rows)}
	for _, r := range d.Rows {
		taken.Target = append(taken.Target, d.Target[r])
	}
	got, want := c.predict(t, c.fit(t, d, nil, 1), d), c.predict(t, c.fit(t, taken, nil, 1), taken)
	if i := firstDifference(got, want); i >= 0 {
		t.Errorf("value %d is %v with rows of a table, %v with a table of the rows", i, got[i], want[i])
	}
}

// weights: weight 0 is no row, whatever its target; weight 2 is two rows, where
// that is claimed.
func (c *check) weights(t *testing.T) {
	d := Table(c.task, 400, 9)
	d.Weight = make([]float64, 400)
	var kept, repeated []int32
	for i := range d.Weight {
		d.Weight[i] = float64(i % 3)
		if i%3 > 0 {
			kept = append(kept, int32(i))
		}
		for range i % 3 {
			repeated = append(repeated, int32(i))
		}
	}
	for i, w := range d.Weight {
		if w == 0 {
			d.Target[i] = math.NaN()
		}
	}
	got := c.predict(t, c.fit(t, d, nil, 2), d)
	without := d
	without.Rows = kept
	if i := firstFar(got, c.predict(t, c.fit(t, without, nil, 2), d), 1e-9); i >= 0 {
		t.Errorf("value %d differs when rows of weight 0 are left out", i)
	}
	if !c.Repeats {
		return
	}
	twice := learn.Data{Task: d.Task, Classes: d.Classes, Table: d.Table.Take(repeated)}
	for _, r := range repeated {
		twice.Target = append(twice.Target, d.Target[r])
	}
	want := c.predict(t, c.fit(t, twice, nil, 2), d)
	if i := firstFar(got, want, 1e-5); i >= 0 {
		t.Errorf("value %d is %v with weights, %v with rows of weight 2 there twice", i, got[i], want[i])
	}
}

// validation: rows to check against that say little do not break the fit.
func (c *check) validation(t *testing.T) {
	d := Table(c.task, 300, 14)
	train, _ := halves(d)
	of := func(keep func(row int32) bool) (rows []int32) {
		for row := range int32(d.Table.Rows) {
			if keep(row) && !slices.Contains(train.Rows, row) {
				rows = append(rows, row)
			}
		}
		return rows
	}
	first := d.Target[of(func(int32) bool { return true })[0]]
	weightless := d
	weightless.Weight = slices.Repeat([]float64{1}, d.Table.Rows)
	for _, row := range of(func(int32) bool { return true }) {
		weightless.Weight[row] = 0
	}
	for what, valid := range map[string]learn.Data{
		"no rows":    {Task: d.Task, Classes: d.Classes, Table: d.Table, Target: d.Target, Rows: []int32{}},
		"one answer": {Task: d.Task, Classes: d.Classes, Table: d.Table, Target: d.Target, Rows: of(func(row int32) bool { return d.Target[row] == first })},
		"no weight":  {Task: d.Task, Classes: d.Classes, Table: d.Table, Target: d.Target, Weight: weightless.Weight, Rows: of(func(int32) bool { return true })},
	} {
		train := train
		train.Weight = valid.Weight
		m, err := c.Learner.Fit(t.Context(), train, &valid, learn.Options{Seed: 7, Threads: 2})
		if err != nil {
			t.Errorf("with validation rows of %s: %v", what, err)
			continue
		}
		c.checkRange(t, "with validation rows of "+what+", a row", m, c.predict(t, m, d))
	}
}

// level: rows to check against say when to stop, not how high the answers lie.
// Wherever theirs are, the mean prediction of the rows of training stays where
// the mean answer of these is.
func (c *check) level(t *testing.T) {
	d := Table(c.task, 600, 15)
	train, valid := halves(d)
	mean, deviation := moments(train)
	for what, answer := range c.otherAnswers(d.Classes, deviation[0]) {
		valid.Target = make([]float64, len(d.Target))
		for i, y := range d.Target {
			valid.Target[i] = answer(y)
		}
		m := c.fit(t, train, &valid, 2)
		for k, got := range means(c.predict(t, m, train), m.Width()) {
			if off := (got - mean[k]) / deviation[k]; !(math.Abs(off) <= mostOff) {
				t.Errorf("with rows to check against %s, the rows of training are predicted %.3g standard deviations off in the mean of output %d", what, off, k)
			}
		}
	}
}

// mostOff is how far a mean prediction may be off, in standard deviations of the
// answers: nets of few epochs are off by 0.22 where they are told to stop at the
// worst time, other learners by 0.05.
const mostOff = 0.4

// otherAnswers are what level makes of the answers of the rows to check against.
func (c *check) otherAnswers(classes int, deviation float64) map[string]func(float64) float64 {
	out := make(map[string]func(float64) float64)
	if c.task == learn.Regression {
		for _, by := range []float64{1, -1, 1000, -1000} {
			out[fmt.Sprintf("%v standard deviations higher", by)] = func(y float64) float64 { return y + float64(by*deviation) }
		}
		return out
	}
	for k := range classes {
		out[fmt.Sprintf("of class %d", k)] = func(float64) float64 { return float64(k) }
	}
	return out
}

// ends: a fit whose context has ended gives its error. One that is ended on the
// way gives its error or the whole model, never a part of it.
func (c *check) ends(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := Table(c.task, 400, 10)
	_, err := c.Learner.Fit(ctx, d, nil, learn.Options{Threads: 2})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the fit ends with %v, want context.Canceled", err)
	}
	whole := c.bytes(t, c.fit(t, d, nil, 2))
	for wait := 50 * time.Microsecond; wait < 30*time.Millisecond; wait *= 4 {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		m, err := c.Learner.Fit(ctx, d, nil, learn.Options{Seed: 7, Threads: 2})
		cancel()
		switch {
		case err == nil && !bytes.Equal(c.bytes(t, m), whole):
			t.Errorf("ended after %v, the fit gives another model", wait)
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			t.Errorf("ended after %v, the fit gives %v, want context.DeadlineExceeded", wait, err)
		}
	}
}

// file: a model that was written and read is the same; bytes that were cut or
// changed are refused or make a model that does not panic.
func (c *check) file(t *testing.T) {
	d := Table(c.task, 300, 11)
	m := c.fit(t, d, nil, 2)
	data := c.bytes(t, m)
	back, err := c.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(c.bytes(t, back), data) {
		t.Error("a model that was read is written otherwise")
	}
	if i := firstDifference(c.predict(t, back, d), c.predict(t, m, d)); i >= 0 || back.Name() != m.Name() {
		t.Errorf("a model that was read is %q and predicts otherwise from value %d on", back.Name(), i)
	}
	for n := range 200 {
		if _, err := c.Decode(data[:n*len(data)/200]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a model", n*len(data)/200, len(data))
		}
	}
	r := rand.New(rand.NewPCG(2, 2))
	for range 2000 {
		broken := bytes.Clone(data)
		for range 1 + r.IntN(3) {
			broken[r.IntN(len(broken))] ^= byte(1 << r.IntN(8))
		}
		c.try(broken, d)
	}
}

// try scores one row with whatever the bytes decode to. A decoder has to
// refuse models of more than 2^20 columns.
func (c *check) try(data []byte, d learn.Data) {
	m, err := c.Decode(data)
	if err != nil || m.Width() > 1000 {
		return
	}
	if c.wide == nil {
		c.wide = make([]float64, 1<<20)
		d.Table.Gather(c.wide[:d.N()*len(d.Table.Columns)], nil)
	}
	m.Predict(c.wide, make([]float64, m.Width()))
}

// Fuzz decodes bytes that began as a model of each task.
func Fuzz(f *testing.F, s Subject) {
	for _, task := range s.Tasks {
		d := Table(task, 60, 12)
		d.Table.Columns = slices.DeleteFunc(d.Table.Columns, func(c table.Column) bool { return len(c.Levels) > 1000 }) // a short file is tried more often
		m, err := s.Learner.Fit(context.Background(), d, nil, learn.Options{Threads: 1})
		if err != nil {
			f.Fatal(err)
		}
		data, err := m.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	d := Table(learn.Regression, 5, 13)
	c := &check{Subject: s}
	f.Fuzz(func(_ *testing.T, data []byte) { c.try(data, d) })
}
