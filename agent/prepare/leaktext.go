package prepare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/septet-ml/septet/table"
)

// maxTexts is in how many rows the words of a text column are looked at.
const maxTexts = 20_000

// spelled finds texts that say the answer: a word that is there for one class
// and not for others, or the value itself.
func (c *checks) spelled(key *answerKey, s *suspect) verdict {
	if s.Kind != table.Text {
		return verdict{}
	}
	words, rows := 0, 0
	for i, r := range key.rows {
		if i == maxTexts {
			break
		}
		if code := s.Code[r]; code >= 0 {
			words += strings.Count(s.Levels[code], " ") + 1
			rows++
		}
	}
	if rows < minRowsForTest || float64(words) < 1.5*float64(rows) {
		return verdict{}
	}
	if key.classes == 0 {
		return key.spelledValue(s, rows)
	}
	return key.spelledClass(s, c.e.scope.Classes)
}

// spelledClass looks for a word that parts one class from the others with a
// balanced accuracy of 0.95, or of 0.75 if it is the class's own name.
func (k *answerKey) spelledClass(s *suspect, classes []string) verdict {
	n := min(maxTexts, len(k.rows))
	at := map[string]int{} // place of a word in counts
	var counts [][]int     // rows with the word, by class
	var vocabulary []string
	total := make([]int, k.classes)
	seen := map[int]int{} // last row of a word, from 1
	for i := range n {
		total[k.class[i]]++
		code := s.Code[k.rows[i]]
		if code < 0 {
			continue
		}
		for _, word := range wordsOf(s.Levels[code]) {
			w, ok := at[word]
			if !ok {
				if len(counts) == 50_000 {
					continue
				}
				w = len(counts)
				at[word] = w
				counts, vocabulary = append(counts, make([]int, k.classes)), append(vocabulary, word)
			}
			if seen[w] != i+1 {
				seen[w] = i + 1
				counts[w][k.class[i]]++
			}
		}
	}
	own := map[string]bool{}
	for _, class := range classes {
		own[strings.ToLower(class)] = true
	}
	for w, with := range counts {
		all := 0
		for _, c := range with {
			all += c
		}
		if all < 20 {
			continue
		}
		for class := range k.classes {
			rest := n - total[class]
			if total[class] < 10 || rest < 10 {
				continue
			}
			inside, outside := float64(with[class])/float64(total[class]), float64(all-with[class])/float64(rest)
			balanced := 0.5 + math.Abs(inside-outside)/2
			if balanced >= 0.95 || balanced >= 0.75 && own[vocabulary[w]] {
				return verdict{code: "leak.text_label", evidence: fmt.Sprintf("one word of its texts tells a class from the others with a balanced accuracy of %.3f", balanced)}
			}
		}
	}
	return verdict{}
}

// spelledValue looks for the value itself among the figures of a text.
func (k *answerKey) spelledValue(s *suspect, rows int) verdict {
	hits := 0
	for i, r := range k.rows[:min(maxTexts, len(k.rows))] {
		code := s.Code[r]
		if code < 0 {
			continue
		}
		for _, word := range strings.FieldsFunc(s.Levels[code], func(r rune) bool { return !unicode.IsDigit(r) && r != '.' && r != '-' }) {
			if v, err := strconv.ParseFloat(strings.TrimRight(word, "."), 64); err == nil && math.Abs(v-k.raw[i]) <= 1e-6*math.Abs(v) {
				hits++
				break
			}
		}
	}
	if hits*2 < rows || !isVaried(k.raw, 20) {
		return verdict{}
	}
	return verdict{code: "leak.text_label", evidence: fmt.Sprintf("the answer itself stands in the text of %d of %d rows", hits, rows)}
}

// wordsOf are the words of a text in lower case, and as they stand between
// blanks those that have signs in them: ">50K", "36-48".
func wordsOf(text string) []string {
	text = strings.ToLower(text)
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, field := range strings.Fields(text) {
		if field = strings.Trim(field, ".,;:!?()[]\"'"); strings.ContainsFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			words = append(words, field)
		}
	}
	return words
}

// inText looks for personal data inside of texts: the kind that more than one
// row in a hundred has, and in how many rows.
func inText(c *table.Column) (kind string, rows int) {
	has := make([]bool, len(c.Levels))
	words := 0
	for i, level := range c.Levels {
		words += strings.Count(level, " ") + 1
		has[i] = hasEmail(level)
	}
	if words < 2*len(c.Levels) {
		return "", 0
	}
	present := 0
	for _, code := range c.Code {
		if code >= 0 {
			if present++; has[code] {
				rows++
			}
		}
	}
	if rows*100 > present {
		return "email", rows
	}
	return "", 0
}

// hasEmail tells that some word of a text looks like an e-mail address.
func hasEmail(text string) bool {
	if !strings.Contains(text, "@") {
		return false
	}
	for _, word := range strings.Fields(text) {
		user, host, ok := strings.Cut(strings.Trim(word, ".,;:()<>\"'"), "@")
		if ok && user != "" && strings.Contains(strings.Trim(host, "."), ".") {
			return true
		}
	}
	return false
}
