package scope

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
)

// word is one part of a request or of a name: a run of letters and digits, a
// number, a date or a sign. "TotalCharges" and "total_charges" are two words
// each, "90-day" is 90 and day.
type word struct {
	text       string // as it stands
	lower      string
	stem       string // Snowball's English stem of lower
	start, end int    // bytes in the request
	number     float64
	isNumber   bool // number is set; "1,000", "0.8", "80%" (which is 0.8), "two"
	percent    bool
	date       bool   // looks like a date of digits
	sign       bool   // punctuation or an operator, text holds it
	joined     bool   // no blank before it
	bar        string // ">=" or "<=" where words such as "more than" stand before it
	quoted     int    // words of one quotation have one number; 0 is none

	role  role
	taken bool // a clause of the grammar explains it
}

// capital tells whether the word is written with a capital letter.
func (w word) capital() bool {
	r, _ := utf8.DecodeRuneInString(w.text)
	return unicode.IsUpper(r)
}

// split cuts text into words.
func split(text string) []word {
	var words []word
	quoted, quotes, joined := 0, 0, false
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		switch {
		case unicode.IsSpace(r):
			joined = false
			at += size
			continue
		case isQuote(text, at, r, quoted > 0):
			if quoted > 0 {
				quoted = 0
			} else if strings.ContainsAny(text[at+size:], closing(r)) {
				quotes++
				quoted = quotes
			}
			joined = false
			at += size
			continue
		}
		end := at + size
		w := word{start: at}
		switch {
		case '0' <= r && r <= '9':
			end = scanNumber(text, at, &w)
		case unicode.IsLetter(r), unicode.IsDigit(r):
			end = scanLetters(text, at)
		default:
			for _, operator := range []string{">=", "<=", "=>", "=<", "!=", "=="} {
				if strings.HasPrefix(text[at:], operator) {
					end = at + 2
				}
			}
			w.sign = true
		}
		w.text, w.end, w.joined, w.quoted = text[at:end], end, joined, quoted
		w.lower = strings.TrimSuffix(strings.ReplaceAll(strings.ToLower(w.text), "’", "'"), "'s")
		w.stem = stem(w.lower)
		if n, ok := numerals[w.lower]; ok {
			w.number, w.isNumber = n, true
		}
		words = append(words, w)
		joined = true
		at = end
	}
	return words
}

// stem is the Snowball stem of a word in lower case.
func stem(lower string) string {
	if s, ok := irregular[lower]; ok {
		return s
	}
	for i := range len(lower) {
		if c := lower[i]; c < 'a' || c > 'z' {
			return lower
		}
	}
	return english.Stem(lower, true)
}

func isQuote(text string, at int, r rune, open bool) bool {
	switch r {
	case '"', '“', '”', '`':
		return true
	case '\'', '‘', '’':
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+utf8.RuneLen(r):])
		if open {
			return !unicode.IsLetter(after)
		}
		return !unicode.IsLetter(before) && !unicode.IsDigit(before)
	}
	return false
}

func closing(r rune) string {
	switch r {
	case '“', '”':
		return "”“\""
	case '‘', '’':
		return "’'"
	}
	return string(r)
}

// scanNumber reads a date, a number with its separators and percent sign, or
// digits with letters behind them ("50K").
func scanNumber(text string, at int, w *word) int {
	end := at
	for end < len(text) && (isDigit(text[end]) || end+1 < len(text) && strings.IndexByte(",./-", text[end]) >= 0 && isDigit(text[end+1])) {
		end++
	}
	run := text[at:end]
	if r, _ := utf8.DecodeRuneInString(text[end:]); unicode.IsLetter(r) {
		if strings.ContainsAny(run, ",./-") || strings.HasPrefix(text[end:], "th") || strings.HasPrefix(text[end:], "st") {
			// "30/06abc", "1st": digits first, then letters.
			end = at
			for isDigit(text[end]) {
				end++
			}
			w.number, _ = strconv.ParseFloat(text[at:end], 64)
			w.isNumber = true
			return end
		}
		return scanLetters(text, at)
	}
	if strings.ContainsAny(run, "/-") || strings.Count(run, ".") > 1 {
		w.date = true
		return end
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(run, ",", ""), 64)
	if err != nil {
		return end
	}
	w.number, w.isNumber = n, true
	if rest := strings.TrimLeft(text[end:], " "); strings.HasPrefix(rest, "%") {
		w.number, w.percent = n/100, true
		end = len(text) - len(rest) + 1
	}
	return end
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// scanLetters reads letters and digits up to a sign or a change from small to
// capital letters, as in "TotalCharges" or "IsArrDelayed".
func scanLetters(text string, at int) int {
	end := at
	var before rune
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if (r == '\'' || r == '’') && end > at {
			if next, _ := utf8.DecodeRuneInString(text[end+size:]); unicode.IsLetter(next) {
				end += size
				continue
			}
		}
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) {
			break
		}
		if end > at && unicode.IsUpper(r) {
			next, _ := utf8.DecodeRuneInString(text[end+size:])
			if unicode.IsLower(before) || unicode.IsUpper(before) && unicode.IsLower(next) && !isPlural(text[end+size:]) {
				break
			}
		}
		before = r
		end += size
	}
	return end
}

// isPlural tells whether rest is the small s of an abbreviation: "HCPs".
func isPlural(rest string) bool {
	if !strings.HasPrefix(rest, "s") {
		return false
	}
	r, _ := utf8.DecodeRuneInString(rest[1:])
	return !unicode.IsLetter(r)
}

// squash is the letters and digits of text in small letters: equal for
// "Total Charges", "total_charges" and "TotalCharges".
func squash(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// span is the words of the request from word i to word j, j not counted.
func span(request string, words []word, i, j int) string {
	return request[words[i].start:words[j-1].end]
}
