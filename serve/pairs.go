package serve

import (
	"math"
	"sync"
)

// pairs are scores that two models gave for the same rows.
type pairs struct {
	mu   sync.Mutex
	a, b []float64
}

// maxPairs bounds them; the rows that came first are kept.
const maxPairs = 400

func (p *pairs) add(a, b float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.a) < maxPairs {
		p.a, p.b = append(p.a, a), append(p.b, b)
	}
}

// contradict tells whether the two models order the rows in opposite ways,
// beyond chance: Kendall's tau is below zero by more than four standard errors
// of its null distribution (Kendall 1938), which a pair of unrelated models
// reaches once in 30,000 times. tau is 0 for fewer than two rows.
func (p *pairs) contradict() (tau float64, yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.a)
	if n < 2 {
		return 0, false
	}
	sum := 0
	for i := range n {
		for k := range i {
			sum += sign(p.a[i]-p.a[k]) * sign(p.b[i]-p.b[k])
		}
	}
	m := float64(n)
	tau = float64(sum) / (m * (m - 1) / 2)
	deviation := math.Sqrt(2 * (2*m + 5) / (9 * m * (m - 1)))
	return tau, tau < -4*deviation
}

func sign(v float64) int {
	switch {
	case v > 0:
		return 1
	case v < 0:
		return -1
	}
	return 0
}
