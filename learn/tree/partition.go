package tree

// side tells for every byte of a packed column where its rows go: 1 is left.
type side [256]uint8

// sides is the side of every byte of f's packed column under s.
func (s *split) sides(f *feature) *side {
	out := new(side)
	for p := range out {
		if s.isLeft(f, p/f.stride%f.cells) {
			out[p] = 1
		}
	}
	return out
}

// partition moves the rows that go left to the front of rows, keeping the
// order on both sides, and returns how many they are. It is
//
//	for _, i := range rows {
//		if to[column[i]] == 1 {
//			left = append(left, i)
//		} else {
//			right = append(right, i)
//		}
//	}
//	copy(rows, append(left, right...))
//
// spare has the length of rows.
func partition(rows, spare []uint32, column []uint8, to *side) int {
	left, right := divide(rows, spare, column, to)
	copy(rows[left:], spare[:right])
	return left
}

// divide writes the left rows to the front of rows and the right ones to the
// front of spare. Both are written at every step, so that there is no branch.
func divide(rows, spare []uint32, column []uint8, to *side) (left, right int) {
	spare = spare[:len(rows)]
	for _, i := range rows {
		l := int(to[column[i]])
		rows[left] = i
		spare[right] = i
		left += l
		right += 1 - l
	}
	return left, right
}

// partition is partition by all of the crew: a part of the rows each, then
// joined in order.
func (c *crew) partition(rows, spare []uint32, column []uint8, to *side) int {
	n := len(rows)
	lefts, rights := make([]int, c.size), make([]int, c.size)
	from := func(part int) int { return part * n / c.size }
	c.parts(c.size, func(_, p int) {
		lo, hi := from(p), from(p+1)
		lefts[p], rights[p] = divide(rows[lo:hi], spare[lo:hi], column, to)
	})
	left := 0
	for p, l := range lefts {
		left += copy(rows[left:], rows[from(p):from(p)+l])
	}
	c.parts(c.size, func(_, p int) {
		at := left
		for _, r := range rights[:p] {
			at += r
		}
		copy(rows[at:], spare[from(p):from(p)+rights[p]])
	})
	return left
}
