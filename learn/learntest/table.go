package learntest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/table"
)

// Table is n random rows with everything that tables do to learners: numbers
// and categories that matter and that do not, missing values in both, a
// constant and an empty column of each kind, a heavy tail up to 1e300, and a
// category of 100,000 levels. Multiclass has 4 classes, the last one rare.
func Table(task learn.Task, n int, seed uint64) learn.Data {
	r := rand.New(rand.NewPCG(seed, 1))
	number := func(f func(i int) float64) table.Column {
		c := table.Column{Kind: table.Number, Number: make([]float64, n)}
		for i := range n {
			c.Number[i] = f(i)
		}
		return c
	}
	text := func(levels int, f func(i int) int) table.Column {
		c := table.Column{Kind: table.Text, Code: make([]int32, n), Levels: make([]string, levels)}
		for i := range levels {
			c.Levels[i] = fmt.Sprintf("level %d", i)
		}
		for i := range n {
			c.Code[i] = int32(f(i))
		}
		return c
	}
	a := number(func(int) float64 { return r.NormFloat64() })
	bent := number(func(int) float64 { return math.Exp(2 * r.NormFloat64()) })
	holes := number(func(int) float64 {
		if r.IntN(4) == 0 {
			return math.NaN()
		}
		return float64(r.IntN(10))
	})
	heavy := number(func(int) float64 {
		switch r.IntN(50) {
		case 0:
			return 1e300
		case 1:
			return -1e300
		}
		return r.NormFloat64()
	})
	kind := text(6, func(int) int { return r.IntN(7) - 1 })
	many := text(100000, func(int) int { return r.IntN(100000) })
	columns := []table.Column{
		a, bent, holes, heavy, kind, many,
		number(func(int) float64 { return 3 }),
		number(func(int) float64 { return math.NaN() }),
		text(1, func(int) int { return 0 }),
		text(0, func(int) int { return -1 }),
	}
	for i := range columns {
		columns[i].Name = fmt.Sprintf("c%d", i)
	}
	d := learn.Data{Task: task, Table: &table.Table{Columns: columns, Rows: n}, Target: make([]float64, n)}
	for i := range d.Target {
		score := float64(1.5*a.Number[i]) + float64(math.Log(bent.Number[i])/2)
		if math.IsNaN(holes.Number[i]) {
			score++
		}
		score += float64(kind.Code[i]%3) - 0.5
		switch task {
		case learn.Regression:
			d.Target[i] = 100 + float64(10*score) + float64(5*r.NormFloat64())
		case learn.Binary:
			d.Classes = 2
			if r.Float64() < 1/(1+math.Exp(-score)) {
				d.Target[i] = 1
			}
		case learn.Multiclass:
			d.Classes = 4
			d.Target[i] = math.Floor(min(max(score+r.NormFloat64()+1.5, 0), 2))
			if r.IntN(60) == 0 {
				d.Target[i] = 3
			}
		}
	}
	return d
}

// halves is the even and the odd rows of d.
func halves(d learn.Data) (train, valid learn.Data) {
	train, valid = d, d
	for i := range d.N() {
		if i%2 == 0 {
			train.Rows = append(train.Rows, int32(i))
		} else {
			valid.Rows = append(valid.Rows, int32(i))
		}
	}
	return train, valid
}

// loss is the mean squared error, or the mean of -ln of the probability of
// what happened.
func loss(task learn.Task, target, out []float64) float64 {
	sum, width := 0.0, len(out)/len(target)
	for i, y := range target {
		p := 0.0
		switch task {
		case learn.Regression:
			sum += float64((out[i] - y) * (out[i] - y))
			continue
		case learn.Binary:
			p = out[i]
			if y == 0 {
				p = 1 - p
			}
		case learn.Multiclass:
			p = out[i*width+int(y)]
		}
		sum -= math.Log(max(p, 1e-15))
	}
	return sum / float64(len(target))
}

// baseLoss is the loss on fresh of the mean, or the shares of the classes, of
// train.
func baseLoss(train, fresh learn.Data) float64 {
	width := max(train.Classes-1, 1)
	if train.Task == learn.Multiclass {
		width = train.Classes
	}
	mean := make([]float64, width)
	for _, y := range train.Target {
		if train.Task == learn.Multiclass {
			mean[int(y)] += 1 / float64(len(train.Target))
		} else {
			mean[0] += y / float64(len(train.Target))
		}
	}
	return loss(train.Task, fresh.Target, slices.Repeat(mean, len(fresh.Target)))
}

// firstDifference is where a and b have other bits; -1 if nowhere.
func firstDifference(a, b []float64) int {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return i
		}
	}
	return -1
}

// firstFar is where a and b are further apart than the tolerance, absolute or
// relative; -1 if nowhere.
func firstFar(a, b []float64, tolerance float64) int {
	for i := range a {
		if !(math.Abs(a[i]-b[i]) <= tolerance*max(1, math.Abs(a[i]))) {
			return i
		}
	}
	return -1
}

func equalTables(a, b learn.Data) bool {
	for i := range a.Table.Columns {
		x, y := &a.Table.Columns[i], &b.Table.Columns[i]
		if !slices.Equal(x.Code, y.Code) || firstDifference(x.Number, y.Number) >= 0 {
			return false
		}
	}
	return firstDifference(a.Target, b.Target) < 0
}

// moments are the mean and the standard deviation of what each output stands
// for: the value, or whether a row is of the class.
func moments(d learn.Data) (mean, deviation []float64) {
	width := 1
	if d.Task == learn.Multiclass {
		width = d.Classes
	}
	said := make([]float64, 0, d.N()*width)
	for i := range d.N() {
		y := d.Target[d.Row(i)]
		if width == 1 {
			said = append(said, y)
			continue
		}
		said = append(said, make([]float64, width)...)
		said[i*width+int(y)] = 1
	}
	mean, deviation = means(said, width), make([]float64, width)
	for i, v := range said {
		said[i] = (v - mean[i%width]) * (v - mean[i%width])
	}
	for k, v := range means(said, width) {
		deviation[k] = math.Sqrt(v)
	}
	return mean, deviation
}

// means are those of outputs, of width values a row.
func means(out []float64, width int) []float64 {
	mean := make([]float64, width)
	for i, v := range out {
		mean[i%width] += v * float64(width) / float64(len(out))
	}
	return mean
}
