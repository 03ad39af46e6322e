package metric

import (
	"math"
	"math/rand/v2"
)

// Chance is the score of a prediction that knows only the shares of the
// classes, or the mean, of the sample.
func Chance(name Name, s Sample) float64 {
	n := float64(len(s.Target))
	width := max(1, len(s.Prediction)/max(1, len(s.Target)))
	guess := Sample{Classes: s.Classes, Target: s.Target, Weight: s.Weight, Threshold: s.Threshold, Prediction: make([]float64, len(s.Target)*width)}
	shares := make([]float64, max(width, 1))
	for _, y := range s.Target {
		switch {
		case width > 1:
			shares[int(y)] += 1 / n
		default:
			shares[0] += y / n
		}
	}
	for i := range s.Target {
		copy(guess.Prediction[i*width:], shares)
	}
	return Score(name, guess)
}

const (
	pairedReplicates = 200
	pairedRows       = 20_000 // rows that a replicate draws at most
)

// DifferenceSE is the standard error of the difference of a score between two
// predictions of the same rows, by a paired bootstrap over rows, or over
// groups where a has them. It is NaN where the score is undefined in half of
// the replicates or more. Source: Efron and Tibshirani 1993, chapter 6.
func DifferenceSE(name Name, a, b Sample, seed uint64) float64 {
	n := len(a.Target)
	if n == 0 {
		return math.NaN()
	}
	units := clusters(a.Group, n)
	random := rand.New(rand.NewPCG(seed, 0xd1ff))
	draws := max(1, min(len(units), len(units)*pairedRows/n))
	count, mean, squares := 0.0, 0.0, 0.0
	for range pairedReplicates {
		var rows []int32
		for range draws {
			rows = append(rows, units[random.IntN(len(units))]...)
		}
		d := Score(name, a.take(rows)) - Score(name, b.take(rows))
		if math.IsNaN(d) {
			continue
		}
		count++
		delta := d - mean
		mean += delta / count
		squares += float64(delta * (d - mean))
	}
	if count < pairedReplicates/2 {
		return math.NaN()
	}
	return math.Sqrt(squares / (count - 1) * float64(draws) / float64(len(units)))
}

// clusters are the rows of each group, or each row by itself.
func clusters(group []int32, n int) [][]int32 {
	if group == nil {
		out := make([][]int32, n)
		for i := range out {
			out[i] = []int32{int32(i)}
		}
		return out
	}
	at := make(map[int32]int)
	var out [][]int32
	for row, g := range group {
		i, known := at[g]
		if !known {
			i = len(out)
			at[g] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], int32(row))
	}
	return out
}

// take is the sample with only the given rows, which may repeat.
func (s Sample) take(rows []int32) Sample {
	width := len(s.Prediction) / len(s.Target)
	out := Sample{Classes: s.Classes, Threshold: s.Threshold}
	out.Target = make([]float64, len(rows))
	out.Prediction = make([]float64, 0, len(rows)*width)
	for i, row := range rows {
		out.Target[i] = s.Target[row]
		out.Prediction = append(out.Prediction, s.Prediction[int(row)*width:(int(row)+1)*width]...)
	}
	if s.Weight != nil {
		out.Weight = make([]float64, len(rows))
		for i, row := range rows {
			out.Weight[i] = s.Weight[row]
		}
	}
	return out
}
