package linear

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/septet-ml/septet/learn"
)

// Product is a dense feature: the product of two others, standardised.
type Product struct {
	A     int     `json:"a"` // the first dense feature of a column of numbers
	B     int     `json:"b"` // as A; the same is a square
	Mean  float64 `json:"mean"`
	Scale float64 `json:"scale"` // 1 / its standard deviation; 0 where that is 0
}

// Cross is the switches of a pair of categories: one for each pair of values
// that is frequent enough.
type Cross struct {
	A     int     `json:"a"`     // column of categories
	B     int     `json:"b"`     // another one
	Codes []int64 `json:"codes"` // rising; the pairs with a switch, as both makes them
	First int     `json:"first"` // number of the switch of Codes[0]; the others follow
}

// both is one number for two codes, as the table has them: NaN is missing.
func both(a, b float64) int64 {
	code := func(x float64) int64 {
		if x >= 0 && x <= math.MaxInt32 {
			return int64(x)
		}
		return -1
	}
	return (code(a)+1)<<32 | (code(b) + 1)
}

// slot is the switch of two codes of the columns; -1 is none.
func (c *Cross) slot(a, b float64) int {
	if i, ok := slices.BinarySearch(c.Codes, both(a, b)); ok {
		return c.First + i
	}
	return -1
}

// value is the feature, of the dense features before it.
func (p *Product) value(dense []float64) float64 {
	return (float64(dense[p.A]*dense[p.B]) - p.Mean) * p.Scale
}

// multiply writes the products of a row behind its other dense features.
func (m *Model) multiply(dense []float64) {
	for i := range m.Products {
		dense[m.Dense-len(m.Products)+i] = m.Products[i].value(dense)
	}
}

// strongest is the columns in the order of what they say by themselves: of
// the coefficients of a model without pairs the sum of squares, times the
// features' variance.
func (l Learner) strongest(ctx context.Context, train learn.Data, threads int) ([]int, error) {
	l.Pairs, l.L2, l.L1 = 0, 10, 0
	m, err := l.fit(ctx, train, nil, threads)
	if err != nil {
		return nil, err
	}
	strength := m.Strength()
	says := make([]float64, len(m.Columns))
	for i, c := range m.Columns {
		switch {
		case c.Number != nil:
			for f := range c.Number.Mean {
				says[i] += float64(strength[c.Number.First+f] * strength[c.Number.First+f])
			}
		case c.Text != nil:
			n := float64(len(c.Text.Codes))
			for f := range c.Text.Codes {
				says[i] += float64(strength[c.Text.First+f]*strength[c.Text.First+f]) / n
			}
		}
	}
	order := make([]int, len(says))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(says[b], says[a]) })
	return order, nil
}

// pairs adds the pairs of the strongest columns, as many as have at most Pairs
// features together: a new column's pairs with those before it, all or none.
func (l Learner) pairs(m *Model, strong []int, train *learn.Data) {
	left := l.Pairs
	for i, column := range strong {
		if left == 0 {
			break
		}
		var products []Product
		var crosses []Cross
		features := 0
		for _, other := range strong[:i+1] {
			a, b := &m.Columns[min(column, other)], &m.Columns[max(column, other)]
			switch {
			case a.Number != nil && b.Number != nil && len(a.Number.Mean) > 0 && len(b.Number.Mean) > 0:
				products = append(products, Product{A: a.Number.First, B: b.Number.First})
				features++
			case a.Text != nil && b.Text != nil && column != other:
				c := Cross{A: min(column, other), B: max(column, other)}
				c.Codes = l.codes(c, train)
				if len(c.Codes) > 0 {
					crosses = append(crosses, c)
					features += len(c.Codes)
				}
			}
		}
		if features > left {
			continue
		}
		left -= features
		m.Products, m.Crosses = append(m.Products, products...), append(m.Crosses, crosses...)
	}
	m.standardise(train)
}

// codes are the pairs of values of at least MinCount rows.
func (l Learner) codes(c Cross, d *learn.Data) []int64 {
	a, b := &d.Table.Columns[c.A], &d.Table.Columns[c.B]
	weight := make(map[int64]float64)
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		weight[both(a.Float(r), b.Float(r))] += w
	}
	var out []int64
	for pair, w := range weight {
		if w >= float64(cmp.Or(l.MinCount, 5)) {
			out = append(out, pair)
		}
	}
	slices.Sort(out)
	return out
}

// standardise sets Mean and Scale of the products.
func (m *Model) standardise(d *learn.Data) {
	if len(m.Products) == 0 {
		return
	}
	for i := range m.Products {
		m.Products[i].Scale = 1
	}
	sums, squares, total := make([]float64, len(m.Products)), make([]float64, len(m.Products)), 0.0
	x, dense := make([]float64, len(m.Columns)), make([]float64, m.Dense)
	for i := range d.N() {
		r := d.Row(i)
		w := d.WeightOf(r)
		d.Table.Gather(x, []int32{int32(r)})
		for j := range m.Columns {
			if c := m.Columns[j].Number; c != nil {
				c.dense(x[j], dense[c.First:c.First+len(c.Mean)])
			}
		}
		total += w
		for j := range m.Products {
			v := m.Products[j].value(dense)
			sums[j] += float64(w * v)
			squares[j] += float64(w * float64(v*v))
		}
	}
	for j := range m.Products {
		p := &m.Products[j]
		p.Mean, p.Scale = sums[j]/total, 0
		if variance := squares[j]/total - float64(p.Mean*p.Mean); variance > 1e-12 {
			p.Scale = 1 / math.Sqrt(variance)
		}
	}
}

// checkPairs tells whether the pairs' features lie inside the model's, and
// products are of columns of numbers.
func (m *Model) checkPairs() bool {
	first := m.Dense - len(m.Products)
	numbers := make(map[int]bool) // first dense features
	for i := range m.Columns {
		if c := m.Columns[i].Number; c != nil && len(c.Mean) > 0 {
			numbers[c.First] = true
		}
	}
	for _, p := range m.Products {
		if !(numbers[p.A] && p.A < first && numbers[p.B] && p.B < first && math.Abs(p.Mean) <= 1e24 && p.Scale >= 0 && p.Scale <= 1e12) {
			return false
		}
	}
	for _, c := range m.Crosses {
		if !(c.A >= 0 && c.A < len(m.Columns) && c.B >= 0 && c.B < len(m.Columns) && c.First >= m.Dense && len(c.Codes) <= m.Features &&
			c.First <= m.Features-len(c.Codes) && slices.IsSorted(c.Codes)) {
			return false
		}
	}
	return first >= 0
}
