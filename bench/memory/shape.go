package main

import (
	"bufio"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
)

// shape is a table to be made.
type shape struct {
	rows, columns, texts, classes int
	seed                          uint64
}

// levels is how many values a category has.
const levels = 1000

// write makes the table as a CSV file: standard normal numbers with four
// decimals, categories, and an answer that depends on the first eight columns
// by a sum, a product and a bend, with noise. The classes are the ranks of
// that cut at fixed places.
func (s shape) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	for j := range s.columns {
		w.WriteString("c" + strconv.Itoa(j) + ",")
	}
	w.WriteString("answer\n")
	random := rand.New(rand.NewPCG(s.seed, 28))
	x := make([]float64, max(8, s.columns))
	line := []byte{}
	for i := range s.rows {
		line = line[:0]
		for j := range s.columns {
			x[j] = random.NormFloat64()
			line = append(s.cell(line, i, j, x[j]), ',')
		}
		line = append(s.answer(line, x, random), '\n')
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// cell writes column j of row i, whose number is v.
func (s shape) cell(line []byte, i, j int, v float64) []byte {
	switch {
	case j >= s.texts:
		return strconv.AppendFloat(line, v, 'f', 4, 64)
	case j == 0:
		return strconv.AppendInt(append(line, "note "...), int64(i)*2_654_435_761%4_294_967_291, 36)
	}
	return strconv.AppendInt(append(line, "level "...), int64(levels*normal(v)), 10)
}

func (s shape) answer(line []byte, x []float64, random *rand.Rand) []byte {
	score := x[1] - x[2] + 0.8*x[3]*x[4] + 0.5*(math.Abs(x[5])-0.8) + random.NormFloat64()
	if s.classes == 0 {
		return strconv.AppendFloat(line, score, 'f', 3, 64)
	}
	return strconv.AppendInt(append(line, 'k'), int64(float64(s.classes)*normal(score/2)), 10)
}

// normal is the share of the standard normal distribution below v, less than 1.
func normal(v float64) float64 {
	return min(0.5*math.Erfc(-v/math.Sqrt2), 1-1e-9)
}
