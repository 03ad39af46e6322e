package linear

import (
	"context"
	"math"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/portable"
)

// preconditioner is about the inverse of the second derivative at some
// coefficients, penalty included; it is what makes the solver need tens of
// steps and not thousands. Where there are few features it is, for each
// output, the Cholesky factor of
//
//	Σ weight × curvature of the loss × feature × featureᵀ + L2
//
// summed over a sample of the rows; where there are many, the diagonal of
// that. Outputs share one such sum, with the mean of their curvatures in each
// row, and take the multiple of it that has their own total: it costs the most.
// (It is made here, not by a library, so that a model has the same bits on
// every processor.)
type preconditioner struct {
	size     int         // features and the intercept
	factors  [][]float64 // of each output: lower triangle, size × size
	diagonal []float64   // of each coefficient, where there are no factors
}

const (
	fullSize   = 1000 // most features for the whole matrix
	sampleRows = 4000 // rows of the sample, or 4 per feature if that is more
)

// precondition makes the preconditioner at theta for a ridge of strength l2;
// with plain it is the diagonal, which the lasso needs.
func (o *objective) precondition(ctx context.Context, theta []float64, l2 float64, plain bool) (*preconditioner, error) {
	p := o.model.Features + 1
	sample := o.sample(theta)
	c := &preconditioner{size: p}
	if plain || p > fullSize {
		c.diagonal = make([]float64, len(theta))
		err := learn.Blocks(ctx, len(sample.weight), 1, o.threads, func(k, _ int) {
			square := c.diagonal[k*p : (k+1)*p]
			for s, w := range sample.weight[k] {
				for j, x := range sample.row(s) {
					square[j] += float64(w * float64(x*x))
				}
			}
			for j := range square {
				square[j] = o.ridge(square[j], j, l2)
			}
		})
		return c, err
	}
	mean, total := sample.mean()
	gram, err := sample.gram(ctx, mean, o.threads)
	if err != nil {
		return nil, err
	}
	c.factors = make([][]float64, len(sample.weight))
	err = learn.Blocks(ctx, len(c.factors), 1, o.threads, func(k, _ int) {
		a, share := make([]float64, p*p), total[k]
		for i := range p {
			for j := range i {
				a[i*p+j] = share * gram[i*p+j]
			}
			a[i*p+i] = o.ridge(float64(share*gram[i*p+i]), i, l2)
		}
		factor(a, p)
		c.factors[k] = a
	})
	return c, err
}

// mean is the mean over the outputs of the weights of each row, and total the
// sum of each output's weights as a multiple of the sum of that.
func (s *sample) mean() (mean, total []float64) {
	mean, total = make([]float64, len(s.weight[0])), make([]float64, len(s.weight))
	sum := 0.0
	for k, weight := range s.weight {
		for i, w := range weight {
			mean[i] += w / float64(len(s.weight))
			total[k] += w
		}
		sum += total[k] / float64(len(s.weight))
	}
	for k := range total {
		if sum > 0 {
			total[k] /= sum
		}
	}
	return mean, total
}

// ridge is curvature with the penalty of feature j, above 0.
func (o *objective) ridge(curvature float64, j int, l2 float64) float64 {
	if j < o.model.Features {
		curvature += l2
	}
	return max(curvature, 1e-8*o.total)
}

// sample is rows of an objective with all their features written out.
type sample struct {
	size    int         // features and the intercept
	feature []float64   // of each row
	weight  [][]float64 // of each output: weight × curvature of the loss, of each row
}

func (s *sample) row(i int) []float64 { return s.feature[i*s.size : (i+1)*s.size] }

// sample is every k-th row, weighted so that they stand for all.
func (o *objective) sample(theta []float64) *sample {
	p := o.model.Features + 1
	out := &sample{size: p, weight: make([][]float64, o.model.outputs())}
	score := make([]float64, o.model.outputs())
	step, sum := max(1, o.n/max(sampleRows, 4*p)), 0.0
	out.feature = make([]float64, 0, (o.n+step-1)/step*p)
	for i := 0; i < o.n; i += step {
		row := out.feature[len(out.feature) : len(out.feature)+p]
		out.feature = out.feature[:len(out.feature)+p]
		o.row(i, row)
		for k := range score {
			score[k] = dot(row, theta[k*p:(k+1)*p])
		}
		o.model.curvature(score)
		for k, c := range score {
			out.weight[k] = append(out.weight[k], o.weight[i]*c)
		}
		sum += o.weight[i]
	}
	for _, w := range out.weight {
		for s := range w {
			w[s] *= o.total / sum
		}
	}
	return out
}

// curvature turns the scores of a row into the second derivative of its loss
// by each.
func (m *Model) curvature(score []float64) {
	switch m.Task {
	case learn.Regression:
		score[0] = 1
	case learn.Binary:
		p := portable.Sigmoid(score[0])
		score[0] = p * (1 - p)
	default:
		portable.Softmax(score)
		for k, p := range score {
			score[k] = p * (1 - p)
		}
	}
}

// row writes all features of a row, and 1 for the intercept.
func (o *objective) row(i int, out []float64) {
	copy(out, o.features(i, i+1, nil))
	for _, s := range o.slot[i*o.slots : (i+1)*o.slots] {
		if s >= 0 {
			out[s] = 1
		}
	}
	out[len(out)-1] = 1
}

// gram is the lower triangle of Σ w × feature × featureᵀ over the rows.
func (s *sample) gram(ctx context.Context, w []float64, threads int) ([]float64, error) {
	p := s.size
	out := make([]float64, p*p)
	err := learn.Blocks(ctx, p, 16, threads, func(lo, hi int) {
		for r := range w {
			row := s.row(r)
			for i := lo; i < hi; i++ {
				if f := w[r] * row[i]; f != 0 {
					add(out[i*p:i*p+i+1], f, row)
				}
			}
		}
	})
	return out, err
}

// factor replaces the lower triangle of the positive definite p × p matrix a
// by its Cholesky factor. A pivot that rounding has made too small is raised.
func factor(a []float64, p int) {
	for i := range p {
		row := a[i*p : i*p+i+1]
		for j := range i {
			other := a[j*p : j*p+j+1]
			row[j] = (row[j] - dot(row[:j], other)) / other[j]
		}
		least := 1e-10 * row[i]
		row[i] = math.Sqrt(max(row[i]-dot(row[:i], row), least))
	}
}

// solve replaces x by the inverse times x.
func (c *preconditioner) solve(x []float64) {
	if c.factors == nil {
		for j := range x {
			x[j] /= c.diagonal[j]
		}
		return
	}
	p := c.size
	for k, l := range c.factors {
		y := x[k*p : (k+1)*p]
		for i := range p {
			y[i] = (y[i] - dot(l[i*p:i*p+i], y)) / l[i*p+i]
		}
		for i := p - 1; i >= 0; i-- {
			y[i] /= l[i*p+i]
			add(y[:i], -y[i], l[i*p:])
		}
	}
}

// dot is Σ a[j] × b[j] over a, in four sums, to be quick.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 {
		x, y := a[:4:4], b[:4:4]
		s0 += float64(x[0] * y[0])
		s1 += float64(x[1] * y[1])
		s2 += float64(x[2] * y[2])
		s3 += float64(x[3] * y[3])
		a, b = a[4:], b[4:]
	}
	for j, x := range a {
		s0 += float64(x * b[j])
	}
	return (s0 + s1) + (s2 + s3)
}

// add is a[j] += f × b[j] over a.
func add(a []float64, f float64, b []float64) {
	b = b[:len(a)]
	for j, x := range b {
		a[j] += float64(f * x)
	}
}
