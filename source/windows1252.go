package source

import "unicode/utf8"

// windows1252 reads bytes that are not UTF-8: Windows-1252, in which ISO
// 8859-1 is contained. Its five unused bytes become the control characters of
// the same number, as the WHATWG Encoding Standard has it.
func windows1252(s string) string {
	out := make([]byte, 0, len(s)+len(s)/2)
	for i := range len(s) {
		c := rune(s[i])
		if 0x80 <= c && c < 0xa0 {
			c = high1252[c-0x80]
		}
		out = utf8.AppendRune(out, c)
	}
	return string(out)
}

var high1252 = [32]rune{
	0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0x8d, 0x017d, 0x8f,
	0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
}
