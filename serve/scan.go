package serve

import (
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// scanner takes a JSON text (RFC 8259) apart without making values of it.
// After the first fault of syntax every method does nothing; fault and at say
// what and where. Texts with escapes are written to arena, all others lie in
// data: both must outlive what is made of them.
type scanner struct {
	data  []byte
	pos   int
	arena []byte
	fault string
	at    int
}

// maxDepth bounds the nesting of values that are skipped.
const maxDepth = 64

func (s *scanner) fail(reason string) {
	if s.fault == "" {
		s.fault, s.at = reason, s.pos
	}
	s.pos = len(s.data)
}

// next is the first byte after blanks, not taken; 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take takes the given byte after blanks.
func (s *scanner) take(c byte) bool {
	if s.next() != c || s.pos == len(s.data) {
		return false
	}
	s.pos++
	return true
}

func (s *scanner) want(c byte) {
	if !s.take(c) {
		s.fail("expected '" + string(rune(c)) + "'")
	}
}

// more tells whether a list or object that closes with end has another
// element; first is true before the first one. It takes the comma or the end.
func (s *scanner) more(first bool, end byte) bool {
	switch {
	case s.fault != "":
		return false
	case s.take(end):
		return false
	case first:
		return true
	case s.take(','):
		if s.next() == end {
			s.fail("comma before the end")
			return false
		}
		return true
	}
	s.fail("expected ',' or '" + string(rune(end)) + "'")
	return false
}

// text takes a string. The result is a view of data or arena.
func (s *scanner) text() string {
	if s.next() != '"' {
		s.fail("expected a string")
		return ""
	}
	s.pos++
	start, ascii := s.pos, true
	for i := start; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.checked(s.data[start:i], ascii)
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			s.pos = i
			s.fail("control character in a string")
			return ""
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	s.pos = len(s.data)
	s.fail("string without an end")
	return ""
}

func (s *scanner) checked(b []byte, ascii bool) string {
	if !ascii && !utf8.Valid(b) {
		s.fail("string is not UTF-8")
		return ""
	}
	return view(b)
}

// view is b as a string, without a copy.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// escaped goes on with a string that begins at start and has its first
// backslash at i.
func (s *scanner) escaped(start, i int) string {
	from := len(s.arena)
	s.arena = append(s.arena, s.data[start:i]...)
	for i < len(s.data) {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.checked(s.arena[from:], false)
		case c < ' ':
			s.pos = i
			s.fail("control character in a string")
			return ""
		case c != '\\':
			s.arena = append(s.arena, c)
			i++
		default:
			n := s.escape(s.data[i:])
			if n == 0 {
				s.pos = i
				s.fail("no such escape in a string")
				return ""
			}
			i += n
		}
	}
	s.pos = len(s.data)
	s.fail("string without an end")
	return ""
}

// escape appends the character of the escape at the start of b to the arena
// and gives the escape's length; 0 if it is none.
func (s *scanner) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	const short, meaning = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	if b[1] != 'u' {
		for k := range len(short) {
			if short[k] == b[1] {
				s.arena = append(s.arena, meaning[k])
				return 2
			}
		}
		return 0
	}
	r, ok := hex4(b[2:])
	if !ok {
		return 0
	}
	if !utf16.IsSurrogate(r) {
		s.arena = utf8.AppendRune(s.arena, r)
		return 6
	}
	if len(b) < 12 || b[6] != '\\' || b[7] != 'u' {
		return 0
	}
	low, ok := hex4(b[8:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0
	}
	s.arena = utf8.AppendRune(s.arena, r)
	return 12
}

func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, c := range b[:4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 + rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 + rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 + rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// number takes a number and gives its digits as they stand.
func (s *scanner) number() string {
	s.next()
	start, i := s.pos, s.pos
	digits := func() int {
		from := i
		for i < len(s.data) && '0' <= s.data[i] && s.data[i] <= '9' {
			i++
		}
		return i - from
	}
	has := func(set string) bool {
		if i < len(s.data) {
			for k := range len(set) {
				if s.data[i] == set[k] {
					i++
					return true
				}
			}
		}
		return false
	}
	has("-")
	ok := has("0") || digits() > 0
	if ok && has(".") {
		ok = digits() > 0
	}
	if ok && has("eE") {
		has("+-")
		ok = digits() > 0
	}
	if !ok {
		s.fail("not a JSON value")
		return ""
	}
	s.pos = i
	return view(s.data[start:i])
}

// word takes true, false or null.
func (s *scanner) word(w string) bool {
	if s.fault == "" && len(s.data)-s.pos >= len(w) && string(s.data[s.pos:s.pos+len(w)]) == w {
		s.pos += len(w)
		return true
	}
	s.fail("not a JSON value")
	return false
}

// skip takes any value.
func (s *scanner) skip(depth int) {
	if depth > maxDepth {
		s.fail("nested too deeply")
		return
	}
	switch s.next() {
	case '{':
		s.pos++
		for first := true; s.more(first, '}'); first = false {
			s.text()
			s.want(':')
			s.skip(depth + 1)
		}
	case '[':
		s.pos++
		for first := true; s.more(first, ']'); first = false {
			s.skip(depth + 1)
		}
	case '"':
		s.text()
	case 't':
		s.word("true")
	case 'f':
		s.word("false")
	case 'n':
		s.word("null")
	default:
		s.number()
	}
}
