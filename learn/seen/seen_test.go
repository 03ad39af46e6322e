package seen_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/table"
)

// world is rows of kinds, of each up to most, with answers and predictions.
type world struct {
	learn.Data
	prediction []float64
}

// draw makes kinds whose rows are positive with a probability of their own: the
// predicted one, as surely as strength rows say so.
func draw(seed uint64, kinds, most int, strength float64) world {
	r := rand.New(rand.NewPCG(seed, 7))
	w := world{Data: learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{}}}
	number, code := table.Column{Name: "number", Kind: table.Number}, table.Column{Name: "text", Kind: table.Text, Levels: []string{"a", "b"}}
	for kind := range kinds {
		p := 0.1 + 0.8*r.Float64()
		positive, rows := 0.0, 0.0 // Pólya's urn
		for range 1 + r.IntN(most) {
			y := 0.0
			if r.Float64() < (positive+strength*p)/(rows+strength) {
				y = 1
			}
			positive, rows = positive+y, rows+1
			number.Number = append(number.Number, float64(kind/3)) // with the text a kind
			code.Code = append(code.Code, int32(kind%3)-1)
			w.Target, w.prediction = append(w.Target, y), append(w.prediction, p)
		}
	}
	w.Table.Rows, w.Table.Columns = len(w.Target), []table.Column{number, code}
	return w
}

// What identical rows say is found as strong as it was made, and is not found
// where it is nothing.
func TestWeigh(t *testing.T) {
	for _, strength := range []float64{0.5, 4, 32} {
		w := draw(1, 1500, 64, strength)
		e, ok := seen.Weigh(w.Data, w.prediction)
		if !ok || !(e.Strength >= strength/2 && e.Strength <= strength*2) || e.With >= e.Without {
			t.Errorf("a prediction as sure as %v rows: %+v, %v", strength, e, ok)
		}
	}
	found := 0
	for seed := range uint64(100) {
		w := draw(seed, 100, 4, 1e9)
		if _, ok := seen.Weigh(w.Data, w.prediction); ok {
			found++
		}
	}
	if found > 5 {
		t.Errorf("in %d of 100 worlds identical rows seem to say more than their prediction, which says all", found)
	}
	for name, w := range map[string]world{
		"no copies":  draw(1, 1000, 1, 0.1),
		"few copies": draw(1, 10, 3, 0.1),
		"what is known": func() world {
			w := draw(1, 100, 3, 1)
			for i := range w.Target {
				w.Target[i], w.prediction[i] = 0, 1e-6
			}
			return w
		}(),
		"rare copies": func() world {
			w, few := draw(1, 9000, 1, 0.1), draw(1, 30, 3, 0.1)
			for i := range few.Table.Rows {
				w.Table.Columns[0].Number = append(w.Table.Columns[0].Number, -1-few.Table.Columns[0].Number[i])
			}
			w.Table.Columns[1].Code = append(w.Table.Columns[1].Code, few.Table.Columns[1].Code...)
			w.Table.Rows += few.Table.Rows
			w.Target, w.prediction = append(w.Target, few.Target...), append(w.prediction, few.prediction...)
			return w
		}(),
	} {
		if e, ok := seen.Weigh(w.Data, w.prediction); ok {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// No number of equal answers makes anything certain.
func TestNothingIsCertain(t *testing.T) {
	w := draw(1, 400, 2, 1e-9)
	e, ok := seen.Weigh(w.Data, w.prediction)
	if !ok || e.Strength < 1.0/64 {
		t.Fatalf("%+v, %v", e, ok)
	}
	_, out := gathered(w)
	seen.New(w.Data, w.prediction, e.Strength).Apply(first(gathered(w)), out)
	for _, p := range out {
		if !(p > 1e-4 && p < 1-1e-4) {
			t.Fatalf("a probability of %v", p)
		}
	}
}

func first[A, B any](a A, _ B) A { return a }

// gathered is the feature vectors of all rows and room for their predictions.
func gathered(w world) (x, out []float64) {
	x = make([]float64, w.Table.Rows*len(w.Table.Columns))
	w.Table.Gather(x, nil)
	return x, make([]float64, len(w.prediction))
}

// Apply is (c + strength × p) / (m + strength), in all tasks and with weights;
// what was not seen it leaves alone. Missing is missing, and -0 is 0.
func TestApply(t *testing.T) {
	nan := math.NaN()
	column := table.Column{Name: "x", Kind: table.Number, Number: []float64{5, 0, 5, nan, math.Copysign(0, -1), 5, nan}}
	x := []float64{0, 5, 6, math.Float64frombits(0x7ff8000000000005)}
	for name, test := range map[string]struct {
		data       learn.Data
		prediction []float64
		want       []float64
	}{
		"binary": {
			learn.Data{Task: learn.Binary, Classes: 2, Target: []float64{1, 0, 1, 1, 1, 0, 1}},
			[]float64{.4, .5, .4, .2, .5, .4, .2},
			[]float64{(1 + 2*.5) / 4, (2 + 2*.4) / 5, -1, (2 + 2*.2) / 4},
		},
		"weights": {
			learn.Data{Task: learn.Binary, Classes: 2, Target: []float64{1, 0, 1, 1, 1, 0, 1}, Weight: []float64{3, 1, 1, 1, 2, 1, 1}},
			[]float64{.4, .5, .4, .2, .5, .4, .2},
			[]float64{(2 + 2*.5) / 5, (4 + 2*.4) / 7, -1, (2 + 2*.2) / 4},
		},
		"multiclass": {
			learn.Data{Task: learn.Multiclass, Classes: 3, Target: []float64{1, 0, 1, 2, 2, 0, 2}},
			slices.Repeat([]float64{.2, .3, .5}, 7),
			[]float64{
				(1 + 2*.2) / 4, 2 * .3 / 4, (1 + 2*.5) / 4,
				(1 + 2*.2) / 5, (2 + 2*.3) / 5, 2 * .5 / 5,
				-1, -1, -1,
				2 * .2 / 4, 2 * .3 / 4, (2 + 2*.5) / 4,
			},
		},
		"regression": {
			learn.Data{Task: learn.Regression, Target: []float64{10, -4, 12, 7, -6, 14, 9}},
			[]float64{11, 0, 11, 3, 0, 11, 3},
			[]float64{-10. / 4, (36 + 2*11.) / 5, -1, (16 + 2*3.) / 4},
		},
	} {
		test.data.Table = &table.Table{Rows: 7, Columns: []table.Column{column}}
		s := seen.New(test.data, test.prediction, 2)
		if s.Kinds() != 3 || s.Columns() != 1 || s.Width() != len(test.prediction)/7 || s.Task() != test.data.Task {
			t.Errorf("%s: %d kinds, %d columns, width %d, %s", name, s.Kinds(), s.Columns(), s.Width(), s.Task())
		}
		got := slices.Repeat([]float64{-1}, len(test.want))
		s.Apply(x, got)
		for i := range got {
			if math.Abs(got[i]-test.want[i]) > 1e-12 {
				t.Errorf("%s: got %v, want %v", name, got, test.want)
				break
			}
		}
		if n := s.Count(test.data.Table); n != 7 {
			t.Errorf("%s: %d of 7 rows were seen", name, n)
		}
	}
}

// Who has seen nothing changes nothing.
func TestNothingSeen(t *testing.T) {
	var s *seen.Table
	out := []float64{0.5}
	if s.Apply([]float64{1}, out); out[0] != 0.5 || s.Count(&table.Table{Rows: 1}) != 0 {
		t.Error("a table of nothing has seen something")
	}
}

// Other rows have another salt, so their files have no hash in common.
func TestFilesCannotBeCompared(t *testing.T) {
	a := draw(1, 100, 3, 1)
	b := a
	b.Target = slices.Clone(a.Target)
	b.Target[0] = 1 - b.Target[0]
	const head = 34 // bytes before the first hash
	records := func(w world) map[string]bool {
		data := encode(t, seen.New(w.Data, w.prediction, 1))
		out := make(map[string]bool)
		for at := head; at < len(data); at += 16 {
			out[string(data[at:at+8])] = true
		}
		return out
	}
	other := records(b)
	for hash := range records(a) {
		if other[hash] {
			t.Fatal("a hash is in both files")
		}
	}
}

func encode(t testing.TB, s *seen.Table) []byte {
	data, err := s.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != s.Bytes() {
		t.Errorf("%d bytes, said to be %d", len(data), s.Bytes())
	}
	return data
}

// The bytes give the same predictions and the same bytes again.
func TestReadBack(t *testing.T) {
	w := draw(3, 200, 4, 1)
	s := seen.New(w.Data, w.prediction, 1)
	read, err := seen.Decode(encode(t, s))
	if err != nil {
		t.Fatal(err)
	}
	x, want := gathered(w)
	got := slices.Clone(want)
	s.Apply(x, want)
	read.Apply(x, got)
	if !slices.Equal(got, want) || !bytes.Equal(encode(t, read), encode(t, s)) {
		t.Error("what was read is not what was written")
	}
}

func FuzzDecode(f *testing.F) {
	w := draw(3, 6, 3, 1)
	data := encode(f, seen.New(w.Data, w.prediction, 1))
	f.Add(data)
	f.Add(data[:len(data)-1])
	f.Add(append(slices.Clone(data), 0))
	f.Add(bytes.Replace(data, []byte{2, 0, 0, 0, 1}, []byte{255, 255, 255, 255, 1}, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := seen.Decode(data)
		if err != nil {
			return
		}
		if !bytes.Equal(encode(t, s), data) {
			t.Error("other bytes when written again")
		}
		if s.Columns() > 1000 || s.Width() > 1000 {
			return
		}
		out := make([]float64, 2*s.Width())
		s.Apply(make([]float64, 2*s.Columns()), out)
		for _, v := range out {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("a prediction of %v", v)
			}
		}
	})
}
