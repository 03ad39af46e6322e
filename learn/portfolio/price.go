package portfolio

import (
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/forest"
	"github.com/septet-ml/septet/learn/linear"
	"github.com/septet-ml/septet/learn/neighbor"
	"github.com/septet-ml/septet/learn/net"
	"github.com/septet-ml/septet/learn/root"
	"github.com/septet-ml/septet/learn/tree"
)

// What a prediction of one row takes is told from the model alone, by counting,
// so that whatever depends on it has the same bits on every machine, busy or
// not. A step is a node of a tree that is visited, or a handful of
// multiplications. The constants were chosen once, two to three times above the
// fastest rows of an AMD EPYC core, which is about the median of a core that is
// shared (docs/benchmarks.md, "Counted time of a row"; BenchmarkPrice measures
// again). They foresee; what a row really takes the deployer measures.
const (
	perStep  = 6 * time.Nanosecond
	perModel = 2 * time.Microsecond  // its memory, its link
	perRow   = 60 * time.Microsecond // a request read, an answer written
	perInput = 1 * time.Microsecond  // a value read and made a feature of
)

// Handling is the counted time of one row's request without its models, for a
// model of so many raw columns.
func Handling(inputs int) time.Duration { return perRow + time.Duration(inputs)*perInput }

// Price is the counted time of one row's prediction by models, one after
// another.
func Price(models []learn.Model) time.Duration {
	total := time.Duration(0)
	for _, m := range models {
		total += perModel + time.Duration(steps(m))*perStep
	}
	return total
}

// steps counts a prediction's steps in a model; of a tree the way to its
// deepest leaf.
func steps(model learn.Model) int {
	const search = 8 // of a value among at most 256 bins
	switch m := model.(type) {
	case *tree.Model:
		n := m.Columns * search
		for i := range m.Trees {
			n += m.Trees[i].Depth()
		}
		return n
	case *forest.Model:
		return m.Columns()*search + m.Depth()
	case *linear.Model:
		return linearSteps(m)
	case *neighbor.Model:
		return m.Cost()
	case *root.Model:
		return 1 + steps(m.Of)
	case *net.Model:
		return m.Columns()*search + m.Cost()
	}
	return search
}

// linearSteps are those of a linear model: each column is placed, and each
// feature of a row that is not 0 is multiplied once for each output.
func linearSteps(m *linear.Model) int {
	const search = 8
	outputs := 1
	if m.Features > 0 || len(m.Coefficients) > 0 {
		outputs = len(m.Coefficients) / (m.Features + 1)
	}
	return len(m.Columns)*search + m.Dense + m.Slots()*search/2 + outputs*(m.Dense+m.Slots())/2
}
