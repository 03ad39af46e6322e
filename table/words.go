package table

import (
	"strings"
	"unicode"
)

// Words are the words of a column's name in lower case: "TotalCharges_USD2"
// is total, charges, usd, 2. They end at anything but letters and digits,
// between letters and digits, and where small letters or a run of capitals
// give way to a capital that begins a word.
func Words(name string) []string {
	var words []string
	runes := []rune(name)
	start := 0
	end := func(i int) {
		if i > start {
			words = append(words, strings.ToLower(string(runes[start:i])))
		}
	}
	for i, r := range runes {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			end(i)
			start = i + 1
			continue
		}
		if i == start {
			continue
		}
		before := runes[i-1]
		small := i+1 < len(runes) && unicode.IsLower(runes[i+1])
		if unicode.IsDigit(r) != unicode.IsDigit(before) ||
			unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsUpper(before) && small) {
			end(i)
			start = i
		}
	}
	end(len(runes))
	return words
}
