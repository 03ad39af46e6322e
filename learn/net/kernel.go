package net

import "math"

// product is
//
//	for i := range m {
//		for j := range n {
//			c[i*n+j] = start[j]
//			for x := range k {
//				c[i*n+j] += a[i*k+x] * b[x*n+j]
//			}
//		}
//	}
//
// with the sums in the order of x, so that a row of c depends on the same row
// of a alone, however many rows there are. start nil is zeros; count is
// 0, 1, ... k-1 or more.
func product(c, a, b, start []float32, m, n, k int, count []int32) {
	for i := range m {
		look(c[i*n:(i+1)*n], start, b, count[:k], a[i*k:(i+1)*k])
	}
}

// look is
//
//	copy(out, start)
//	for s, r := range row {
//		for j := range out {
//			out[j] += value[s] * table[r*len(out)+j]
//		}
//	}
//
// with the sums in that order, four rows of the table at a time. start nil is
// zeros.
func look(out, start, table []float32, row []int32, value []float32) {
	if start == nil {
		clear(out)
	} else {
		copy(out, start)
	}
	n := len(out)
	value = value[:len(row)]
	s := 0
	for ; s+4 <= len(row); s += 4 {
		v0, v1, v2, v3 := value[s], value[s+1], value[s+2], value[s+3]
		t0 := table[int(row[s])*n:][:len(out)]
		t1 := table[int(row[s+1])*n:][:len(out)]
		t2 := table[int(row[s+2])*n:][:len(out)]
		t3 := table[int(row[s+3])*n:][:len(out)]
		for j, x := range out {
			x += float32(v0 * t0[j])
			x += float32(v1 * t1[j])
			x += float32(v2 * t2[j])
			x += float32(v3 * t3[j])
			out[j] = x
		}
	}
	for ; s < len(row); s++ {
		add(out, value[s], table[int(row[s])*n:][:n])
	}
}

// transpose writes the transpose of the m × n matrix a into out.
func transpose(out, a []float32, m, n int) {
	for i := range m {
		row := a[i*n : (i+1)*n]
		for j, x := range row {
			out[j*m+i] = x
		}
	}
}

// counting is 0, 1, ... n-1.
func counting(n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// add is out[j] += f × x[j].
func add(out []float32, f float32, x []float32) {
	x = x[:len(out)]
	for j, y := range x {
		out[j] += float32(f * y)
	}
}

// bend puts the hidden units' function in place of x, and its slope in slope:
//
//	f(x) = x (1 + u) / 2,  f'(x) = (1 + 2u - u³) / 2,  u = x / √(1+x²)
//
// It is x times an S-shaped curve, as SiLU and Mish are, of operations that
// every processor rounds in the same way.
func bend(x, slope []float32) {
	slope = slope[:len(x)]
	for i, v := range x {
		u := v / float32(math.Sqrt(float64(1+float32(v*v))))
		x[i] = 0.5 * (v + float32(v*u))
		slope[i] = 0.5 * (1 + float32(u*(2-float32(u*u))))
	}
}

// bendOnly is bend without the slope.
func bendOnly(x []float32) {
	for i, v := range x {
		u := v / float32(math.Sqrt(float64(1+float32(v*v))))
		x[i] = 0.5 * (v + float32(v*u))
	}
}
