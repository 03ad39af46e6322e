package main

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
)

// sample is rows of numbers, one after another, and their classes 0 or 1.
type sample struct {
	columns int
	values  []float32
	label   []float32
}

func (s sample) first(n int) sample {
	return sample{s.columns, s.values[:n*s.columns], s.label[:n]}
}

func (s sample) last(n int) sample {
	from := len(s.label) - n
	return sample{s.columns, s.values[from*s.columns:], s.label[from:]}
}

// collisions looks like the events of a particle detector: momenta, angles
// and masses made of them, the class depending on a few of their products,
// with much noise. Every column that matters has some effect alone, too:
// otherwise greedy trees find a product by luck or not at all, and two
// programs differ by that.
func collisions(rows, columns int, seed uint64) sample {
	r := rand.New(rand.NewPCG(seed, 1))
	s := sample{columns, make([]float32, rows*columns), make([]float32, rows)}
	for i := range rows {
		x := s.values[i*columns : (i+1)*columns]
		for j := range x {
			if j%4 == 0 {
				x[j] = float32(r.ExpFloat64())
			} else {
				x[j] = float32(0.5 + r.NormFloat64())
			}
		}
		angle := float64(x[3] - x[7])
		for j := range 7 { // masses of pairs
			a, b := x[4*(j%4)], x[4*((j+1)%4)]
			x[columns-7+j] = float32(math.Sqrt(float64(a*b)*(3-2*math.Cos(angle))) + 0.1*r.NormFloat64())
		}
		m := 0.8*math.Sin(angle) + 0.5*float64(x[1]*x[2]) - 0.4*float64(x[0]*x[4]) + 0.5*float64(x[columns-1]) +
			0.4*math.Abs(float64(x[5])) - 0.4*float64(x[6]*x[9]) + 0.5*math.Cos(2*float64(x[11])) - 0.3
		if r.Float64() < 1/(1+math.Exp(-m)) {
			s.label[i] = 1
		}
	}
	return s
}

// customers looks like the table of a telephone company: three amounts,
// the rest yes or no.
func customers(rows, columns int, seed uint64) sample {
	r := rand.New(rand.NewPCG(seed, 2))
	s := sample{columns, make([]float32, rows*columns), make([]float32, rows)}
	for i := range rows {
		x := s.values[i*columns : (i+1)*columns]
		x[0] = float32(r.IntN(73))
		x[1] = float32(math.Round((18+100*r.Float64())*20) / 20)
		x[2] = x[0]*x[1] + float32(math.Round(40*r.NormFloat64()))
		m := -1.3 - 0.03*float64(x[0]) + 0.015*float64(x[1])
		for j := 3; j < columns; j++ {
			if r.Float64() < 0.1+0.8*float64(j)/float64(columns) {
				x[j] = 1
			}
			m += 0.5 * float64(x[j]) * math.Sin(float64(j*j))
		}
		if r.Float64() < 1/(1+math.Exp(-m)) {
			s.label[i] = 1
		}
	}
	return s
}

// write makes a file: rows and columns as int32, values, labels.
func (s sample) write(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	for _, part := range []any{[]int32{int32(len(s.label)), int32(s.columns)}, s.values, s.label} {
		if err := binary.Write(f, binary.LittleEndian, part); err != nil {
			f.Close()
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return f.Close()
}

// read is the inverse of write.
func read(path string) (sample, error) {
	f, err := os.Open(path)
	if err != nil {
		return sample{}, err
	}
	defer f.Close()
	head := make([]int32, 2)
	if err := binary.Read(f, binary.LittleEndian, head); err != nil {
		return sample{}, fmt.Errorf("read %s: %w", path, err)
	}
	rows, columns := int(head[0]), int(head[1])
	s := sample{columns, make([]float32, rows*columns), make([]float32, rows)}
	for _, part := range [][]float32{s.values, s.label} {
		if err := binary.Read(f, binary.LittleEndian, part); err != nil {
			return sample{}, fmt.Errorf("read %s: %w", path, err)
		}
	}
	return s, nil
}
