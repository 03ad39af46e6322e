package scope

import (
	"slices"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// callings finds who is named by what they do: "oncologists" are those whose
// specialty is some oncology.
func (d *draft) callings() {
	for i, w := range d.r.words {
		calling := strings.TrimSuffix(w.lower, "s")
		if w.taken || w.role == aside || d.nouns[w.stem] || len(calling) < 7 || !strings.HasSuffix(calling, "ist") && !strings.HasSuffix(calling, "ian") {
			continue
		}
		var best *column
		var values []string
		for k := range d.columns {
			c := &d.columns[k]
			if c.Kind != table.Text || c == d.target || !d.reachable(c) || !slices.ContainsFunc(c.parts, func(p word) bool { return proper[p.lower] }) {
				continue
			}
			var fit []string
			for _, l := range c.all {
				if slices.ContainsFunc(nameWords(l.Value), func(p word) bool { return akin(calling, p.lower) }) {
					fit = append(fit, l.Value)
				}
			}
			if len(fit) > 0 && (best == nil || d.rank(c, i, i) > d.rank(best, i, i)) {
				best, values = c, fit
			}
		}
		for _, value := range values {
			d.addFilter(handoff.Filter{Table: best.table.Name, Column: best.Name, Op: "=", Value: value}, w.text)
		}
		if best != nil {
			take(d.r.words, i, i+1)
		}
	}
}

// akin tells whether what somebody is called and the name of a field have one
// root: six letters or more, and endings of at most four.
func akin(calling, field string) bool {
	n := 0
	for n < len(calling) && n < len(field) && calling[n] == field[n] {
		n++
	}
	return n >= 6 && len(calling)-n <= 4 && len(field)-n <= 4
}
