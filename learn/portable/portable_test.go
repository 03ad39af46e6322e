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
