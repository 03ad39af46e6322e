package portfolio_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/baseline"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/portfolio"
	"github.com/septet-ml/septet/learn/tree"
	"github.com/septet-ml/septet/table"
)

// made is a table with numbers, categories and an answer that needs both.
func made(task learn.Task, classes, rows, columns int) learn.Data {
	random := rand.New(rand.NewPCG(3, uint64(rows)))
	d := learn.Data{Task: task, Classes: classes, Table: &table.Table{Rows: rows}}
	target := make([]float64, rows)
	for j := range columns {
		c := table.Column{Name: fmt.Sprint("c", j)}
		if j%4 == 3 {
			c.Kind, c.Levels = table.Text, []string{"a", "b", "c", "d", "e", "f"}
		}
		for i := range rows {
			if c.Kind == table.Text {
				v := random.IntN(6)
				c.Code = append(c.Code, int32(v))
				target[i] += float64(v%3) - 1
			} else {
				v := random.NormFloat64()
				c.Number = append(c.Number, v)
				target[i] += v * v / float64(1+j)
			}
		}
		d.Table.Columns = append(d.Table.Columns, c)
	}
	for i := range target {
		target[i] += random.NormFloat64()
	}
	d.Target = target
	if classes > 0 {
		sorted := slices.Sorted(slices.Values(target))
		for i, v := range target {
			at, _ := slices.BinarySearch(sorted, v)
			target[i] = float64(at * classes / rows)
		}
	}
	return d
}

// Counted time is the same whenever it is counted, adds up over models, and
// grows with what a model does.
func TestPrice(t *testing.T) {
	d := made(learn.Binary, 2, 300, 8)
	fit := func(l learn.Learner) learn.Model {
		m, err := l.Fit(t.Context(), d, nil, learn.Options{Seed: 1, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	price := func(m ...learn.Model) time.Duration { return portfolio.Price(m) }
	few, many := fit(tree.Boost{Rounds: 5, LearningRate: 0.1, Leaves: 4, MinRows: 5}), fit(tree.Boost{Rounds: 50, LearningRate: 0.1, Leaves: 16, MinRows: 5})
	if price(few, many) != price(few)+price(many) {
		t.Errorf("two models count as %v, alone as %v and %v", price(few, many), price(few), price(many))
	}
	read, err := tree.Decode(marshal(t, many))
	if err != nil {
		t.Fatal(err)
	}
	if price(read) != price(many) {
		t.Errorf("read back a model counts as %v, before as %v", price(read), price(many))
	}
	for _, pair := range [][2]learn.Model{
		{few, many},
		{fit(baseline.Dummy{}), few},
		{fit(forest.Learner{Extra: true, Trees: 3, MinRows: 1, Leaves: 20}), fit(forest.Learner{Extra: true, Trees: 30, MinRows: 1, Leaves: 20})},
		{fit(linear.Learner{}), fit(linear.Learner{Knots: 5})},
		{fit(linear.Learner{}), fit(neighbor.Learner{})},
		{fit(linear.Learner{}), fit(net.Learner{})},
	} {
		if price(pair[0]) >= price(pair[1]) {
			t.Errorf("%s counts as %v, the larger %s as %v", pair[0].Name(), price(pair[0]), pair[1].Name(), price(pair[1]))
		}
	}
}

func marshal(t *testing.T, m learn.Model) []byte {
	t.Helper()
	data, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// BenchmarkPrice fits each candidate of some tables and says by how much the
// counted time of a row is above the measured one.
func BenchmarkPrice(b *testing.B) {
	for _, s := range []struct {
		task                   learn.Task
		classes, rows, columns int
	}{{learn.Binary, 2, 4_000, 20}, {learn.Multiclass, 5, 3_000, 12}, {learn.Regression, 0, 9_000, 40}} {
		d := made(s.task, s.classes, s.rows, s.columns)
		jobs, err := portfolio.New(portfolio.Shape{Task: s.task, Classes: s.classes, Rows: s.rows, Columns: s.columns}, false).Jobs("standard", 5)
		if err != nil {
			b.Fatal(err)
		}
		valid := d
		for i := range int32(s.rows) {
			if i%5 == 0 {
				valid.Rows = append(valid.Rows, i)
			} else {
				d.Rows = append(d.Rows, i)
			}
		}
		for _, j := range jobs {
			m, err := j.Candidate.Learner.Fit(b.Context(), d, &valid, learn.Options{Seed: 1, Threads: 2})
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%s", s.task, j.Candidate.ID), func(b *testing.B) {
				x, out := make([]float64, s.columns), make([]float64, m.Width())
				least := time.Duration(1 << 62)
				for i := 0; b.Loop(); i++ {
					d.Table.Gather(x, []int32{int32(i * 7919 % s.rows)})
					began := time.Now()
					m.Predict(x, out)
					least = min(least, time.Since(began))
				}
				each := b.Elapsed() / time.Duration(b.N)
				counted := portfolio.Price([]learn.Model{m})
				b.ReportMetric(float64(counted)/float64(each), "counted/mean")
				b.ReportMetric(float64(counted)/float64(least), "counted/least")
				b.ReportMetric(float64(counted), "counted-ns")
			})
		}
	}
}
