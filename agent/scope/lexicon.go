package scope

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// words is a set of the words of text.
func words(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// lexicon is the vocabulary by stems.
type lexicon struct {
	groups map[string][]int // stem → numbers of its groups of synonyms
	nouns  map[string]bool
	leave  map[string]bool   // words of an entity that goes
	sides  []map[string]bool // the two groups of each pair of opposites, one after another
}

func newLexicon() *lexicon {
	l := &lexicon{groups: map[string][]int{}, nouns: stems(nouns), leave: stems(leaving)}
	for _, pair := range opposites {
		l.sides = append(l.sides, stems(pair[0]), stems(pair[1]))
	}
	for i, group := range synonyms {
		for s := range stems(group) {
			l.groups[s] = append(l.groups[s], i)
		}
	}
	return l
}

func stems(list []string) map[string]bool {
	set := map[string]bool{}
	for _, w := range list {
		set[stem(w)] = true
	}
	return set
}

// alike tells how far word a of a request means word b of a name: 1 is the
// same word, 0.8 a synonym, 0.75 a slip of the pen, 0.7 an abbreviation or the
// opposite ("stay" for "churn"), 0 nothing.
func (l *lexicon) alike(a, b word) float64 {
	switch {
	case a.lower == b.lower || a.stem == b.stem:
		return 1
	case l.synonym(a.stem, b.stem):
		return 0.8
	case slip(a.lower, b.lower):
		return 0.75
	case len(b.lower) >= 3 && len(a.lower) >= len(b.lower)+3 && strings.HasPrefix(a.lower, b.lower),
		l.opposite(a, b):
		return 0.7
	}
	return 0
}

// opposite tells whether two words mean the opposite of one another.
func (l *lexicon) opposite(a, b word) bool {
	for i, side := range l.sides {
		if side[a.stem] && l.sides[i^1][b.stem] {
			return true
		}
	}
	return false
}

func (l *lexicon) synonym(a, b string) bool {
	for _, i := range l.groups[a] {
		for _, j := range l.groups[b] {
			if i == j {
				return true
			}
		}
	}
	return false
}

// slip tells whether two words differ as by a slip of the pen: one letter in
// five or more, two in nine or more.
func slip(a, b string) bool {
	short := min(len(a), len(b))
	allowed := 0
	switch {
	case short >= 9:
		allowed = 2
	case short >= 5:
		allowed = 1
	}
	if allowed == 0 || a[0] != b[0] || max(len(a), len(b))-short > allowed {
		return false
	}
	return levenshtein.ComputeDistance(a, b) <= allowed
}
