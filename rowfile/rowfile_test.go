package rowfile

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows of an entity are one draw where enough entities have several; else only
// groups are, as without entities.
func TestDraws(t *testing.T) {
	numbers := func(rows, entities int) []int32 {
		out := make([]int32, rows)
		for r := range out {
			out[r] = int32(r % entities)
		}
		return out
	}
	for _, test := range []struct {
		name                   string
		entities, groups, want []int32
	}{
		{"neither", nil, nil, nil},
		{"groups", nil, numbers(6, 3), numbers(6, 3)},
		{"entities of several rows", numbers(25, 12), nil, numbers(25, 12)},
		{"entities before groups", numbers(25, 12), numbers(25, 20), numbers(25, 12)},
		{"entities of one row", numbers(25, 25), nil, nil},
		{"entities of one row in groups", numbers(25, 25), numbers(25, 20), numbers(25, 20)},
		{"few entities", numbers(900, leastEntities-1), nil, nil},
		{"just enough entities", numbers(900, leastEntities), nil, numbers(900, leastEntities)},
	} {
		f := &File{entities: test.entities, Groups: test.groups}
		if diff := cmp.Diff(test.want, f.Draws()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", test.name, diff)
		}
	}
}
