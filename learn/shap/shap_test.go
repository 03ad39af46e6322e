package shap

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/septet-ml/septet/learn/learntest"
)

// grown is a tree of random shape and columns, level by level, with values of
// two outputs.
func grown(random *rand.Rand, splits, columns int) ([]Node, []float64) {
	nodes := []Node{{Cover: 100}}
	for range splits {
		at := random.IntN(len(nodes))
		if nodes[at].Left != 0 {
			continue
		}
		nodes[at].Left, nodes[at].Column = int32(len(nodes)), int32(random.IntN(columns))
		part := random.Float64()
		nodes = append(nodes, Node{Cover: part * nodes[at].Cover}, Node{Cover: (1 - part) * nodes[at].Cover})
	}
	values := make([]float64, 2*len(nodes))
	for i := range values {
		values[i] = random.NormFloat64()
	}
	return nodes, values
}

// expectation is what a tree says of a row of which only some columns are
// known (bits of known).
func expectation(nodes []Node, values []float64, right []bool, at int32, known uint) float64 {
	n := nodes[at]
	switch {
	case n.Left == 0:
		return values[at]
	case known>>n.Column&1 == 0:
		return (nodes[n.Left].Cover*expectation(nodes, values, right, n.Left, known) +
			nodes[n.Left+1].Cover*expectation(nodes, values, right, n.Left+1, known)) / n.Cover
	case right[at]:
		return expectation(nodes, values, right, n.Left+1, known)
	}
	return expectation(nodes, values, right, n.Left, known)
}

// A walk over trees gives what the definition gives from all subsets.
func TestTree(t *testing.T) {
	const columns = 6
	random := rand.New(rand.NewPCG(1, 2))
	trees := New(2)
	for number, splits := range []int{0, 1, 3, 10, 40, 200} {
		nodes, values := grown(random, splits, columns)
		mean := trees.Add(nodes, values)
		walk := trees.Walk()
		for range 10 {
			right := make([]bool, len(nodes))
			for i := range right {
				right[i] = random.IntN(2) == 1
			}
			got := make([]float64, 2*columns)
			walk.Tree(number, right, got)
			for k := range 2 {
				own := values[k*len(nodes) : (k+1)*len(nodes)]
				worth := make([]float64, 1<<columns)
				for known := range worth {
					worth[known] = expectation(nodes, own, right, 0, uint(known))
				}
				if math.Abs(mean[k]-worth[0]) > 1e-12 {
					t.Errorf("%d splits: mean %v, by definition %v", splits, mean[k], worth[0])
				}
				for j, want := range learntest.Shapley(worth) {
					if math.Abs(got[k*columns+j]-want) > 1e-11 {
						t.Errorf("%d splits: column %d of output %d moves by %v, by definition %v", splits, j, k, got[k*columns+j], want)
					}
				}
			}
		}
	}
}

// Gauss's rule is exact for polynomials below twice its number of points.
func TestGauss(t *testing.T) {
	for n := 1; n <= 40; n++ {
		for degree := range 2 * n {
			sum := 0.0
			r := gauss(n)
			for q, t := range r.t {
				sum += r.weight[q] * math.Pow(t, float64(degree))
			}
			if want := 1 / float64(degree+1); math.Abs(sum-want) > 1e-14 {
				t.Errorf("%d points: integral of t^%d is %g, want %g", n, degree, sum, want)
			}
		}
	}
}
