package ensemble

import (
	"math"

	"github.com/septet-ml/septet/learn/portable"
	"github.com/septet-ml/septet/metric"
)

const (
	steps   = 40     // members that are added one after another
	maxRows = 50_000 // out-of-fold rows that are looked at, evenly spaced
)

// Select weighs models by their out-of-fold predictions: it begins with the
// best one and adds, again and again, the one that the mean gains most from;
// the weights are the counts at the best step, and sum to 1. The loss is log
// loss for classes and squared error for values, whatever the primary metric:
// it is proper, smooth, and cheap enough to be looked at thousands of times.
//
// A model that was chosen for less than a twentieth is left out: it costs time
// and bytes and gives next to nothing. Few rows cannot tell good weights from
// lucky ones, so the weights are mixed with the plain mean of the models that
// are left, by rows / (rows + 2,000).
//
// Source: Caruana et al. 2004, Ensemble selection from libraries of models.
func Select(target metric.Sample, predictions [][]float64) []float64 {
	s := newSelection(target, predictions)
	counts := make([]float64, len(predictions))
	best := append([]float64{}, counts...)
	bestLoss := math.Inf(1)
	mix := make([]float64, len(s.predictions[0]))
	for step := range steps {
		pick, pickLoss := -1, math.Inf(1)
		for i := range s.predictions {
			if loss := s.loss(mix, s.predictions[i], float64(step+1)); loss < pickLoss {
				pick, pickLoss = i, loss
			}
		}
		if pick < 0 {
			break
		}
		counts[pick]++
		for k, v := range s.predictions[pick] {
			mix[k] += v
		}
		if pickLoss < bestLoss-1e-12 {
			bestLoss = pickLoss
			copy(best, counts)
		}
	}
	return shrink(best, len(target.Target))
}

// shrink leaves out the least and mixes the rest with its plain mean.
func shrink(counts []float64, rows int) []float64 {
	total := sum(counts)
	kept, chosen := 0.0, 0.0
	for i, c := range counts {
		if c < total/20 {
			counts[i] = 0
			continue
		}
		kept += c
		chosen++
	}
	weights := make([]float64, len(counts))
	if kept == 0 {
		weights[0] = 1
		return weights
	}
	trust := float64(rows) / float64(rows+2_000)
	for i, c := range counts {
		if c > 0 {
			weights[i] = float64(trust*c/kept) + (1-trust)/chosen
		}
	}
	return weights
}

func sum(v []float64) float64 {
	total := 0.0
	for _, x := range v {
		total += x
	}
	return total
}

// selection is the sampled rows of the target and the predictions.
type selection struct {
	classes     int
	width       int
	target      []float64
	predictions [][]float64
}

func newSelection(target metric.Sample, predictions [][]float64) selection {
	n := len(target.Target)
	s := selection{classes: target.Classes, width: len(predictions[0]) / n}
	rows := min(n, maxRows)
	s.predictions = make([][]float64, len(predictions))
	for k := range rows {
		row := k * n / rows
		s.target = append(s.target, target.Target[row])
		for i, p := range predictions {
			s.predictions[i] = append(s.predictions[i], p[row*s.width:(row+1)*s.width]...)
		}
	}
	return s
}

// loss is that of (sum + one) / n.
func (s *selection) loss(sum, one []float64, n float64) float64 {
	total := 0.0
	for i, y := range s.target {
		switch {
		case s.classes == 0:
			d := y - (sum[i]+one[i])/n
			total += float64(d * d)
		case s.width == 1:
			p := (sum[i] + one[i]) / n
			if y == 0 {
				p = 1 - p
			}
			total -= portable.Log(math.Max(p, 1e-15))
		default:
			k := i*s.width + int(y)
			total -= portable.Log(math.Max((sum[k]+one[k])/n, 1e-15))
		}
	}
	return total
}
