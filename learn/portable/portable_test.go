package portable_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn/portable"
)

// off is the distance of got from want in units in want's last place.
func off(got, want float64) float64 {
	if got == want {
		return 0
	}
	return math.Abs(got-want) / (math.Nextafter(math.Abs(want), math.Inf(1)) - math.Abs(want))
}

func TestAgainstTheStandardLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200000 {
		x := (r.Float64() - 0.5) * math.Pow(10, float64(r.IntN(4)))
		if d := off(portable.Exp(x), math.Exp(x)); d > 3 {
			t.Fatalf("exp(%v) is %v units off", x, d)
		}
		y := math.Exp(x)
		if d := off(portable.Log(y), math.Log(y)); d > 3 && math.Abs(y-1) > 1e-12 {
			t.Fatalf("log(%v) is %v units off", y, d)
		}
		if got, want := portable.Sigmoid(x), 1/(1+math.Exp(-x)); math.Abs(got-want) > 1e-15 {
			t.Fatalf("sigmoid(%v) = %v, want %v", x, got, want)
		}
		if got, want := portable.Softplus(x), math.Log1p(math.Exp(x)); math.Abs(got-want) > 1e-13*max(1, want) {
			t.Fatalf("softplus(%v) = %v, want %v", x, got, want)
		}
	}
}

func TestEnds(t *testing.T) {
	for _, test := range []struct{ got, want float64 }{
		{portable.Exp(0), 1},
		{portable.Exp(-1e300), 0},
		{portable.Exp(1e300), portable.Exp(709)},
		{portable.Sigmoid(1e300), 1},
		{portable.Sigmoid(-1e300), 0},
		{portable.Sigmoid(0), 0.5},
		{portable.Log(1), 0},
		{portable.Softplus(-1e300), 0},
		{portable.Softplus(1e300), 1e300},
	} {
		if test.got != test.want {
			t.Errorf("got %v, want %v", test.got, test.want)
		}
	}
	if !math.IsNaN(portable.Exp(math.NaN())) {
		t.Error("exp of NaN is a number")
	}
	p := []float64{1000, 1000, -1000}
	if got, want := portable.Softmax(p), 1000+math.Ln2; got != want || p[0] != 0.5 || p[2] != 0 {
		t.Errorf("softmax: %v, %v", p, got)
	}
}

// The logarithm divides by nothing but m + 1; its bits are those of the series
// as it is written in books, for the smallest numbers, too.
func TestLogIsItsSeries(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	cases := []float64{math.SmallestNonzeroFloat64, 1e-310, 0x1p-1022, math.MaxFloat64, 0.5, 1, 2}
	for range 200000 {
		cases = append(cases, 1+r.Float64(), math.Float64frombits(1+r.Uint64N(0x7fe<<52)))
	}
	for _, x := range cases {
		m, k := math.Frexp(x)
		if m < math.Sqrt2/2 {
			m, k = 2*m, k-1
		}
		f, tail := (m-1)/(m+1), 0.0
		for n := 21; n >= 3; n -= 2 {
			tail = float64((tail + 1/float64(n)) * float64(f*f))
		}
		const high, low = 6.93147180369123816490e-01, 1.90821492927058770002e-10 // ln 2
		want := float64(float64(k)*high) + (float64(2*f) + (float64(float64(k)*low) + float64(float64(2*f)*tail)))
		if got := portable.Log(x); got != want {
			t.Fatalf("log(%v) is %v, want %v", x, got, want)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	sum := 0.0
	for i := 0; b.Loop(); i++ {
		sum += portable.Log(1.3 + float64(i&1023)/1024)
	}
	if sum == 0 {
		b.Fatal(sum)
	}
}
