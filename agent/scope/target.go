package scope

import (
	"cmp"
	"slices"
	"strings"

	"github.com/septet-ml/septet/table"
)

// candidate is a column that may hold the answer, and what speaks for it.
type candidate struct {
	*column
	score    float64 // about 0 to 1
	because  string
	name     float64 // how far the words of the request name the column, 0 to 1
	literal  bool    // the words are the column's own, not synonyms
	opposite bool    // the request names the opposite ("stay")

	// unexplained says that nothing but a name such as "target" speaks for the
	// column, and the request has words that it does not account for.
	unexplained bool

	words []word // of the request that speak for it
	spelt []int  // where those words start that are the column's own
	level string // value of the column that the request names; "" if none
}

// What it takes to choose a column without a question: a score with a lead
// over the next one.
const (
	sure     = 0.62
	sureLead = 0.12
	only     = 0.45 // with nothing near it
	onlyLead = 0.25
)

// candidates scores every column that could be a target, best first.
func (c *catalog) candidates(r *reading) []candidate {
	about := r.with(object)
	var all []candidate
	named := 0.0
	for i := range c.columns {
		col := &c.columns[i]
		if !answerable(col) {
			continue
		}
		cand := c.named(r, col, about)
		c.byKind(r, &cand, about)
		if cand.score > 0 {
			cand.score += fit(r, col)
			all = append(all, cand)
			if generic, _ := c.generic(col); !generic {
				named = max(named, cand.name)
			}
		}
	}
	for i := range all {
		// A name such as "target" stands back where another column is named.
		if all[i].unexplained && named >= 0.5 {
			all[i].score -= 0.2
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return all
}

// answerable tells whether a column can be a target at all.
func answerable(col *column) bool {
	if col.Kind == table.Time || col.present() == 0 || col.Personal != "" {
		return false
	}
	if col.Kind == table.Text && (col.ManyDistinct || col.Distinct > 1000 || col.unique() && col.Distinct > 20) {
		return false
	}
	return !isKey(col)
}

// named scores a column by its name: how much of the name the words of the
// request give, and how many of those words it accounts for.
func (c *catalog) named(r *reading, col *column, about []word) candidate {
	cand := candidate{column: col}
	given := make([]float64, len(col.parts))
	own, literal := true, false
	var said, known float64
	for i, w := range about {
		weight := 1.0
		if c.nouns[w.stem] || c.explains(col.number, w) {
			weight = 0.3
		}
		said += weight
		best, part := 0.0, 0
		for j, p := range col.parts {
			if s := c.alike(w, p); s > best && col.weights[j] > 0 {
				best, part = s, j
			}
		}
		if best > 0 {
			given[part] = max(given[part], best)
		} else {
			best = within(w, col)
			for j := range given {
				given[j] = max(given[j], best*best)
			}
		}
		if best > 0 {
			cand.words = append(cand.words, about[i])
			if best == 1 {
				cand.spelt = append(cand.spelt, w.start)
			}
			own, literal = own && best == 1, literal || best == 1
			cand.opposite = cand.opposite || best == 0.7 && c.opposite(w, col.parts[part])
			known += weight * best
		}
	}
	if whole := r.spells(col); len(whole) > 0 {
		cand.words, own, literal, known = whole, true, true, 0
		for j := range given {
			given[j] = 1
		}
		for _, w := range whole {
			cand.spelt = append(cand.spelt, w.start)
			if w.role == object && !c.nouns[w.stem] {
				known++
			}
		}
		said, known = max(said, known), max(known, 0.3)
	}
	if len(cand.words) == 0 || said == 0 {
		return cand
	}
	covered, all := 0.0, 0.0
	for j := range given {
		covered += given[j] * col.weights[j]
		all += col.weights[j]
	}
	cand.name = 0.6*covered/all + 0.4*min(known/said, 1)
	if !literal && covered/all < 0.7 {
		cand.name *= 0.6 // a synonym of one word of several: "left" in "samples_left"
	}
	cand.literal = own
	cand.score = cand.name - 0.1
	if head := about[len(about)-1]; slices.ContainsFunc(cand.words, func(w word) bool { return w.start == head.start }) {
		cand.score = cand.name
	}
	for j, p := range col.parts {
		if given[j] == 0 && changers[p.lower] {
			cand.score -= 0.25
			break
		}
	}
	cand.because = "its name is like " + quote(cand.words)
	return cand
}

// within is the share of a name in one piece that a word makes up, where it
// begins or ends it: "price" in "saleprice".
func within(w word, col *column) float64 {
	if len(col.parts) != 1 || len(w.lower) < 4 || len(w.lower) >= len(col.squashed) {
		return 0
	}
	for _, form := range []string{w.lower, w.stem} {
		if len(form) >= 4 && (strings.HasPrefix(col.squashed, form) || strings.HasSuffix(col.squashed, form)) {
			return float64(len(form)) / float64(len(col.squashed))
		}
	}
	return 0
}

// spells finds the words of the request that, put together, spell the name of
// a column: "total charges" or "is_canceled". At least one of them is of the
// object. A name that is also an everyday word must stand as it is written.
func (r *reading) spells(col *column) []word {
	for i := range r.words {
		text := ""
		named := false
		for j := i; j < len(r.words) && j < i+12 && len(text) < len(col.squashed); j++ {
			w := r.words[j]
			if w.taken {
				break
			}
			text += squash(w.text)
			named = named || w.role == object
			if text != col.squashed {
				continue
			}
			verbatim := r.text[r.words[i].start:w.end] == col.Name
			if !named && !(verbatim && !stops[w.lower] && w.role != aside && (j > i || w.capital())) {
				continue
			}
			if j == i && stops[w.lower] && !(verbatim && w.capital() && i > 0) {
				continue
			}
			return slices.DeleteFunc(slices.Clone(r.words[i:j+1]), func(w word) bool { return w.sign })
		}
	}
	return nil
}

// byKind adds what a column's values and a name such as "class" say.
func (c *catalog) byKind(r *reading, cand *candidate, about []word) {
	col := cand.column
	generic, strong := c.generic(col)
	level, strength := c.namesLevel(r, col, about)
	if strength > 0 && cand.name > 0 {
		cand.score += 0.1
		cand.level = level
	}
	score := 0.0
	because := ""
	switch {
	case generic && strong:
		score, because = 0.6, "it is named as targets are"
	case generic:
		score, because = 0.45, "it is named as targets often are"
	}
	if strength == 1 {
		score += 0.35
		because = join(because, "one of its values is in the request")
	} else if strength > 0 {
		score += 0.2 * strength
		because = join(because, "its values may be short for words of the request")
	}
	if generic && strength < 1 && c.unexplained(cand, about) > 0 {
		cand.unexplained = true
		score -= 0.2
		if strong {
			score += 0.15
		}
	}
	if score > cand.score {
		cand.score, cand.because, cand.level = score, because, level
	} else {
		cand.unexplained = false
	}
	if generic && cand.score > 0 && (col.last() || col.place == 0) {
		cand.score += 0.1
	}
}

// generic tells whether a column is named as targets are, whatever they
// hold: "target", "y"; "class" and "status" are so less surely.
// A "y" beside an "x" is a coordinate. "loan_status" of loans is a status.
func (c *catalog) generic(col *column) (generic, strong bool) {
	if strongTargets[col.squashed] && (col.squashed != "y" || col.table.Column("x") == nil) {
		return true, true
	}
	last := len(col.parts) - 1
	if last < 1 || !statusWords[col.parts[last].lower] {
		return weakTargets[col.squashed], false
	}
	for _, p := range col.parts[:last] {
		if !c.nouns[p.stem] && !c.explains(col.number, p) {
			return false, false
		}
	}
	return true, false
}

// unexplained is the number of words of the object that neither the column,
// its values nor its table account for.
func (c *catalog) unexplained(cand *candidate, about []word) int {
	n := 0
	for _, w := range about {
		if c.nouns[w.stem] || wrappers[w.lower] || sorting[w.lower] || c.explains(cand.number, w) || c.meansLevel(cand.column, w) {
			continue
		}
		if slices.ContainsFunc(cand.words, func(x word) bool { return x.start == w.start }) {
			continue
		}
		n++
	}
	return n
}

// namesLevel tells whether the request names a value of a column with few: 1
// in full, less where a value may be an abbreviation of a word.
func (c *catalog) namesLevel(r *reading, col *column, about []word) (level string, strength float64) {
	if !col.few() || col.Distinct > maxClasses || col.Distinct < 2 {
		return "", 0
	}
	for _, l := range col.all {
		if plain(l.Value) {
			continue
		}
		if r.says(l.Value, object) {
			return l.Value, 1
		}
	}
	short := 0
	for _, l := range col.all {
		for _, w := range about {
			if c.abbreviates(col, l.Value, w) {
				short++
				level, strength = l.Value, 0.5
				break
			}
		}
	}
	if short > 1 {
		level = ""
	}
	return level, strength
}

// plain tells whether a value is too common to be named: yes, 1, a letter.
func plain(value string) bool {
	lower := strings.ToLower(value)
	return len(lower) < 2 || lower == "yes" || lower == "no" || lower == "true" || lower == "false" || strings.Trim(lower, "0123456789.-+") == ""
}

// says tells whether all words of a value are in the request, one of them in
// one of the roles: "malignant", "charged off"; ">50K" is also "more than 50K".
func (r *reading) says(value string, roles ...role) bool {
	if strings.ContainsAny(value, "<>≤≥") {
		return comparison(value, r.with(roles...))
	}
	squashed := squash(value)
	for i := range r.words {
		text, fits := "", false
		for j := i; j < len(r.words) && len(text) < len(squashed) && !r.words[j].taken; j++ {
			text += squash(r.words[j].text)
			fits = fits || slices.Contains(roles, r.words[j].role)
			if fits && text == squashed {
				return true
			}
		}
	}
	parts := nameWords(value)
	if len(parts) != 1 || len(parts[0].lower) < 3 {
		return false
	}
	return slices.ContainsFunc(r.with(roles...), func(w word) bool { return w.stem == parts[0].stem })
}

// comparison tells whether the request says what a value such as ">50K" or
// "<30" says: the number is in it, behind words of that direction.
func comparison(value string, about []word) bool {
	number := squash(value)
	for _, w := range about {
		if squash(w.text) == number && w.bar != "" {
			return strings.HasPrefix(w.bar, ">") == strings.ContainsAny(value, ">≥")
		}
	}
	return false
}

// abbreviates tells whether a value of a column named "class" or the like may
// be short for a word: "p" for poisonous, "acc" for acceptable. One letter is
// only where there are two or three.
func (c *catalog) abbreviates(col *column, value string, w word) bool {
	generic, _ := c.generic(col)
	lower := strings.ToLower(value)
	if !generic || len(lower) < 2 && col.Distinct > 3 || stops[w.lower] || len(lower) > 5 || len(lower) >= len(w.lower) || strings.Trim(lower, "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	return !c.explains(col.number, w) && !c.nouns[w.stem] && !sorting[w.lower] && strings.HasPrefix(w.lower, lower)
}

// meansLevel tells whether a word accounts for the values of a column: it
// names one, is short for one, or means the same as one.
func (c *catalog) meansLevel(col *column, w word) bool {
	if !col.few() || col.Distinct > maxClasses {
		return false
	}
	for _, l := range col.all {
		if c.abbreviates(col, l.Value, w) {
			return true
		}
		for _, part := range nameWords(l.Value) {
			if len(part.lower) > 1 && !part.isNumber && c.alike(w, part) > 0 {
				return true
			}
		}
	}
	return false
}

// fit is what the kind of a column's values says for or against it, given the
// kind of answer that is asked for.
func fit(r *reading, col *column) float64 {
	continuous := col.Kind == table.Number && (col.ManyDistinct || col.Distinct > 20)
	text := col.Kind == table.Text
	two := !col.ManyDistinct && col.Distinct == 2
	score := 0.0
	switch {
	case r.whether && continuous:
		score -= 0.3
	case r.sorting && continuous:
		score -= 0.2
	case r.whether && two:
		score += 0.1
	case r.quantity && (two || text) && !ranges(col):
		score -= 0.3
	case r.quantity && continuous:
		score += 0.1
	case two:
		score += 0.03
	}
	if text && col.Distinct > 100 {
		score -= 0.3
	}
	if col.constant() {
		score -= 0.2
	}
	if col.last() {
		score += 0.05
	}
	return score
}

// ranges tells whether the values of a column are ranges of an amount:
// "<=50K", "35-49K".
func ranges(col *column) bool {
	return col.few() && col.Distinct <= maxClasses && !slices.ContainsFunc(col.all, func(l table.Level) bool {
		return !strings.ContainsAny(l.Value, "<>≤≥-–+") || !strings.ContainsAny(l.Value, "0123456789")
	})
}

// quote is words of the request in quotation marks.
func quote(list []word) string {
	texts := make([]string, len(list))
	for i, w := range list {
		texts[i] = w.text
	}
	return "“" + strings.Join(texts, " ") + "”"
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + ", and " + b
}
