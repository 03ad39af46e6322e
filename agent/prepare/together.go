package prepare

import "slices"

// tied numbers the rows from 0, in the order of first appearance, so that those
// of one group, those with the same inputs, and what these tie together in turn
// have the same number. Both have a number from 0 for each row; one may be nil.
func tied(groups, alike []int32) []int32 {
	out := make([]int32, max(len(groups), len(alike)))
	for r := range out {
		out[r] = int32(r) // an earlier row that it is tied to, or itself
	}
	first := func(r int32) int32 {
		for out[r] != r {
			out[r] = out[out[r]]
			r = out[r]
		}
		return r
	}
	for _, number := range [][]int32{groups, alike} {
		seen := make([]int32, len(sizes(number))) // 1 + the first row of a number; 0 for none yet
		for r, g := range number {
			if seen[g] == 0 {
				seen[g] = int32(r) + 1
				continue
			}
			a, b := first(seen[g]-1), first(int32(r))
			out[max(a, b)] = min(a, b)
		}
	}
	n := int32(0)
	for r, to := range out {
		if int(to) == r {
			out[r] = n
			n++
		} else {
			out[r] = out[to] // already a number: rows are tied to earlier ones
		}
	}
	return out
}

// ties are the numbers of rows with the same inputs that stay together beside the
// groups; nil where none do. Where groups are the scope's entities, none do if
// they would tie more than a tenth of all rows together, and more than the largest
// entity has: then it is what many entities look like at times, and not an entity
// that was entered twice.
func (e *examples) ties() []int32 {
	if e.groups == nil || e.alike == nil || !slices.Equal(e.by, e.scope.Entity) {
		return e.alike
	}
	if greatest(tied(e.groups, e.alike)) > max(e.n()/10, greatest(e.groups)) {
		return nil
	}
	return e.alike
}

// owners numbers the rows from 0 by entity, where entities have several rows and
// are not the groups. Rows of one group have the same number, too, unless that
// would tie more than a tenth of all rows together (see ties).
func (e *examples) owners() []int32 {
	if !recurs(e.entity) || e.groups != nil && slices.Equal(e.by, e.scope.Entity) {
		return nil
	}
	out := tied(e.entity, nil)
	for _, number := range [][]int32{e.groups, e.alike} {
		if all := tied(out, number); greatest(all) <= max(e.n()/10, greatest(e.entity)) {
			out = all
		}
	}
	return out
}

// recurs tells whether a number has several rows.
func recurs(number []int32) bool { return greatest(number) > 1 }

// greatest is the most rows that a number has; 0 without rows.
func greatest(number []int32) int {
	most := 0
	for _, size := range sizes(number) {
		most = max(most, size)
	}
	return most
}
