package linear

// Outputs is the number of scores of a row: 1, for multiclass one per present
// class.
func (m *Model) Outputs() int { return m.outputs() }

// Base is, for each output, the mean score over the rows of training. (Of a
// model that has no Shares it is the score of a row without switches.)
func (m *Model) Base() []float64 {
	base := make([]float64, m.outputs())
	p := m.Features + 1
	for k := range base {
		b := m.Coefficients[k*p : (k+1)*p]
		base[k] = b[m.Features]
		for s, share := range m.Shares {
			base[k] += float64(b[m.Dense+s] * share)
		}
	}
	return base
}

// Cost is the work of an explanation, in steps of a few nanoseconds.
func (m *Model) Cost() int { return len(m.Coefficients) }

// Contributions explains one row: out gets, for each output, how much each
// column of the table moves the score (log-odds, the logarithm of a class's
// probability but for a constant, or the standardised value): coefficient ×
// (value − mean over the rows of training), summed over the features that were
// made of the column and half of what was made of a pair. These are the Shapley
// values of a linear model, but for pairs of categories. With the
// base they add up to the row's score. out has Outputs × Columns values.
func (m *Model) Contributions(x, out []float64) {
	p := m.Features + 1
	dense := make([]float64, m.Dense)
	for k := range m.outputs() {
		b := m.Coefficients[k*p : (k+1)*p]
		part := out[k*len(m.Columns) : (k+1)*len(m.Columns)]
		for i := range m.Columns {
			part[i] = m.contribution(&m.Columns[i], x[i], b, dense)
		}
		m.share(x, dense, b, part)
	}
}

// share adds what the pairs of columns contribute, half to each column. Of a
// product of two standardised features that is its Shapley value.
func (m *Model) share(x, dense, b, part []float64) {
	if len(m.Products)+len(m.Crosses) == 0 {
		return
	}
	column := make([]int, m.Dense)
	for i := range m.Columns {
		if c := m.Columns[i].Number; c != nil && len(c.Mean) > 0 {
			c.dense(x[i], dense[c.First:c.First+len(c.Mean)])
			column[c.First] = i
		}
	}
	for j := range m.Products {
		p := &m.Products[j]
		half := float64(b[m.Dense-len(m.Products)+j] * p.value(dense) / 2)
		part[column[p.A]] += half
		part[column[p.B]] += half
	}
	for j := range m.Crosses {
		c := &m.Crosses[j]
		sum := -m.usual(c.First, len(c.Codes), b)
		if on := c.slot(x[c.A], x[c.B]); on >= 0 {
			sum += b[on]
		}
		part[c.A] += float64(sum / 2)
		part[c.B] += float64(sum / 2)
	}
}

// contribution is that of one column; b are the output's coefficients.
func (m *Model) contribution(c *Column, x float64, b, dense []float64) float64 {
	sum, on := 0.0, -1
	switch {
	case c.Number != nil:
		d := dense[:len(c.Number.Mean)]
		c.Number.dense(x, d) // standardised: their means are 0
		for j, v := range d {
			sum += float64(b[c.Number.First+j] * v)
		}
		on = c.Number.slot(x)
		sum -= m.usual(c.Number.Absent, 1, b)
	case c.Text != nil:
		on = c.Text.slot(x)
		sum -= m.usual(c.Text.First, len(c.Text.Codes), b) + m.usual(c.Text.Other, 1, b) + m.usual(c.Text.Absent, 1, b)
	}
	if on >= 0 {
		sum += b[on]
	}
	return sum
}

// usual is the mean over the rows of training of what n switches from number
// first on add; 0 for -1.
func (m *Model) usual(first, n int, b []float64) float64 {
	if first < 0 || len(m.Shares) == 0 {
		return 0
	}
	sum := 0.0
	for s := first; s < first+n; s++ {
		sum += float64(b[s] * m.Shares[s-m.Dense])
	}
	return sum
}

// shares is the part of the training weight that has each switch on.
func (o *objective) shares() []float64 {
	out := make([]float64, o.model.Features-o.model.Dense)
	for i := range o.n {
		for _, s := range o.slot[i*o.slots : (i+1)*o.slots] {
			if s >= 0 {
				out[int(s)-o.model.Dense] += o.weight[i]
			}
		}
	}
	for s := range out {
		out[s] = min(out[s]/o.total, 1)
	}
	return out
}
