package linear_test

import (
	"math"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/table"
)

// numbers is the generator of testdata/reference.py.
func numbers(seed int) func() float64 {
	return func() float64 {
		seed = (1103515245*seed + 12345) % 2147483648
		return float64((seed >> 8) % 97)
	}
}

// reference is the data of testdata/reference.py.
func reference() (t *table.Table, binary, multiclass, value, weight []float64) {
	const n = 200
	next := numbers(5)
	x := make([]table.Column, 3)
	for j := range x {
		x[j] = table.Column{Kind: table.Number, Number: make([]float64, n)}
	}
	for i := range n {
		for j := range x {
			x[j].Number[i] = next()
		}
		x[1].Number[i] *= x[1].Number[i]
	}
	binary, multiclass, value, weight = make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range n {
		a, b, e := x[0].Number[i], x[1].Number[i], next()
		if a-b/97+e-48 > 0 {
			binary[i] = 1
		}
		for _, cut := range []float64{50, 90} {
			if a+e/2 >= cut {
				multiclass[i]++
			}
		}
		value[i] = 2*a - 0.01*b + e
	}
	for i := range n {
		weight[i] = float64(int(next()) % 4)
	}
	return &table.Table{Columns: x, Rows: n}, binary, multiclass, value, weight
}

// Reference numbers: python3 testdata/reference.py with scikit-learn 1.9.1.
func TestPredictionsAreThoseOfScikitLearn(t *testing.T) {
	x, binary, multiclass, value, weight := reference()
	tests := []struct {
		name    string
		learner linear.Learner
		data    learn.Data
		want    []float64
	}{
		{
			"LogisticRegression",
			linear.Learner{L2: 2},
			learn.Data{Task: learn.Binary, Classes: 2, Target: binary},
			[]float64{0.63855674, 0.917825, 0.54779607, 0.621437},
		},
		{
			"LogisticRegression with weights",
			linear.Learner{L2: 2},
			learn.Data{Task: learn.Binary, Classes: 2, Target: binary, Weight: weight},
			[]float64{0.5963048, 0.9196723, 0.4949816, 0.61999384},
		},
		{
			"LogisticRegression of three classes",
			linear.Learner{L2: 2},
			learn.Data{Task: learn.Multiclass, Classes: 3, Target: multiclass},
			[]float64{0.0057584, 0.37322327, 0.62101834, 0.10275763, 0.69677446, 0.20046791},
		},
		{
			"LogisticRegression with elastic net",
			linear.Learner{L2: 10, L1: 30},
			learn.Data{Task: learn.Binary, Classes: 2, Target: binary},
			[]float64{0.58850232, 0.69328579, 0.57462644, 0.64405951},
		},
		{
			"Ridge",
			linear.Learner{L2: 20},
			learn.Data{Task: learn.Regression, Target: value},
			[]float64{128.81287441, 143.28226338, 115.9829663, 62.92555509},
		},
		{
			"ElasticNet",
			linear.Learner{L2: 10, L1: 30},
			learn.Data{Task: learn.Regression, Target: value},
			[]float64{129.40378252, 131.87053872, 118.84708367, 64.27983888},
		},
	}
	for _, test := range tests {
		test.data.Table = x
		m, err := test.learner.Fit(t.Context(), test.data, nil, learn.Options{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		got, err := learn.PredictTable(t.Context(), m, x, nil, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range test.want {
			if math.Abs(got[i]-want) > 1e-5*max(1, math.Abs(want)) {
				t.Errorf("%s: value %d is %.8f, want %.8f", test.name, i, got[i], want)
			}
		}
	}
}

func fit(t *testing.T, l linear.Learner, d learn.Data) *linear.Model {
	t.Helper()
	m, err := l.Fit(t.Context(), d, nil, learn.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m.(*linear.Model)
}

func TestLassoLeavesNoiseOut(t *testing.T) {
	x, binary, _, _, _ := reference()
	m := fit(t, linear.Learner{L2: 1, L1: 30}, learn.Data{Task: learn.Binary, Classes: 2, Table: x, Target: binary})
	if b := m.Coefficients; b[0] <= 0 || b[1] >= 0 || b[2] != 0 {
		t.Errorf("coefficients %v, want a positive, a negative, and exactly 0 for the noise", b)
	}
}

func TestSplinesFollowABend(t *testing.T) {
	const n = 500
	c := table.Column{Kind: table.Number, Number: make([]float64, n)}
	d := learn.Data{Task: learn.Regression, Table: &table.Table{Columns: []table.Column{c}, Rows: n}, Target: make([]float64, n)}
	for i := range n {
		c.Number[i] = float64(i)/n*6 - 3
		d.Target[i] = math.Abs(c.Number[i])
	}
	rms := func(m *linear.Model) float64 {
		sum := 0.0
		for i, y := range d.Target {
			var out [1]float64
			m.Predict(c.Number[i:i+1], out[:])
			sum += (out[0] - y) * (out[0] - y) / n
		}
		return math.Sqrt(sum)
	}
	if straight, bent := rms(fit(t, linear.Learner{L2: 0.1}, d)), rms(fit(t, linear.Learner{L2: 0.1, Knots: 3}, d)); straight < 0.8 || bent > 0.05 {
		t.Errorf("error of a straight line %.3f, with knots %.3f; want about 0.87 and less than 0.05", straight, bent)
	}
}

func TestRareAndUnseenLevels(t *testing.T) {
	// Levels 0 and 1 are frequent, 2 to 9 have one row each, -1 never occurs.
	const n = 208
	c := table.Column{Kind: table.Text, Code: make([]int32, n), Levels: make([]string, 12)}
	d := learn.Data{Task: learn.Regression, Table: &table.Table{Columns: []table.Column{c}, Rows: n}, Target: make([]float64, n)}
	for i := range n {
		c.Code[i] = int32(i % 2)
		if i < 8 {
			c.Code[i] = int32(2 + i)
		}
		d.Target[i] = []float64{10, 20, 90}[min(int(c.Code[i]), 2)]
	}
	m := fit(t, linear.Learner{L2: 0.001}, d)
	predict := func(code float64) float64 {
		var out [1]float64
		m.Predict([]float64{code}, out[:])
		return out[0]
	}
	for code, want := range map[float64]float64{0: 10, 1: 20, 2: 90, 9: 90, 11: 90, 1e9: 90} {
		if got := predict(code); math.Abs(got-want) > 0.1 {
			t.Errorf("code %v is predicted %.2f, want %v", code, got, want)
		}
	}
	if got := predict(math.NaN()); got < 10 || got > 90 {
		t.Errorf("a missing value, which was never seen, is predicted %v", got)
	}
}

func TestPathChoosesItsStrength(t *testing.T) {
	// 60 rows, 40 columns of noise and one that matters a little.
	next := numbers(3)
	const n = 120
	d := learn.Data{Task: learn.Regression, Table: &table.Table{Rows: n}, Target: make([]float64, n)}
	for range 41 {
		c := table.Column{Kind: table.Number, Number: make([]float64, n)}
		for i := range n {
			c.Number[i] = next()
		}
		d.Table.Columns = append(d.Table.Columns, c)
	}
	train, valid := d, d
	for i := range n {
		d.Target[i] = d.Table.Columns[0].Number[i]/97 + next()/97*3
		if i < 60 {
			train.Rows = append(train.Rows, int32(i))
		} else {
			valid.Rows = append(valid.Rows, int32(i))
		}
	}
	loss := func(l linear.Learner, v *learn.Data) float64 {
		m, err := l.Fit(t.Context(), train, v, learn.Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		p, err := learn.PredictTable(t.Context(), m, d.Table, valid.Rows, 1)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, r := range valid.Rows {
			sum += (p[i] - d.Target[r]) * (p[i] - d.Target[r])
		}
		return sum
	}
	path := loss(linear.Learner{}, &valid)
	for _, l2 := range []float64{100, 1, 0.01} {
		if fixed := loss(linear.Learner{L2: l2}, nil); path > fixed*1.0001 {
			t.Errorf("the path ends with a loss of %v, strength %v has %v", path, l2, fixed)
		}
	}
}
