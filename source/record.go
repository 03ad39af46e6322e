package source

import "bytes"

// maxRecord is the longest row, in bytes, that is read; a longer one is set
// aside. It is also how far an opening quote is followed.
const maxRecord = 1 << 20

// span is the place of one cell in a block of text.
type span struct{ from, to uint32 }

type cut int

const (
	cutWhole   cut = iota // a record
	cutMore               // the block ends inside the record
	cutInvalid            // a quote that is never closed, or text after a closing one
)

// dialect is how the records of a text file are set apart.
type dialect struct {
	delimiter byte
	newline   byte // '\n', or '\r' for old Macintosh files
}

// cutRecord takes one record off the front of text and appends its cells. next
// is where the following record begins. A cell may be in double quotes, with
// blanks around them; then it may hold delimiters, line ends and, doubled,
// quotes. A quote inside a cell without quotes is an ordinary character. final
// says that text ends the file. It marks in escaped, by their place in cells,
// those cells that hold doubled quotes.
func (d dialect) cutRecord(text []byte, final bool, cells []span, escaped []int) (_ []span, _ []int, next int, state cut) {
	at := 0
	for {
		open := at
		for open < len(text) && (text[open] == ' ' || text[open] == '\t') && text[open] != d.delimiter {
			open++
		}
		if open < len(text) && text[open] == '"' {
			end, doubled, state := d.cutQuoted(text, open+1, final)
			if state != cutWhole {
				return cells, escaped, 0, state
			}
			if doubled {
				escaped = append(escaped, len(cells))
			}
			cells = append(cells, span{uint32(open + 1), uint32(end)})
			at = d.afterQuote(text, end+1)
			if at < len(text) && text[at] != d.delimiter && text[at] != d.newline {
				return cells, escaped, 0, cutInvalid
			}
		} else {
			from := at
			at = open
			for at < len(text) && text[at] != d.delimiter && text[at] != d.newline {
				at++
			}
			to := at
			if at < len(text) && text[at] == '\n' && to > from && text[to-1] == '\r' {
				to--
			}
			cells = append(cells, span{uint32(from), uint32(to)})
		}
		if at == len(text) {
			if !final {
				return cells, escaped, 0, cutMore
			}
			return cells, escaped, at, cutWhole
		}
		at++
		if text[at-1] == d.newline {
			return cells, escaped, at, cutWhole
		}
	}
}

// cutQuoted finds the closing quote of a cell that begins at from.
func (d dialect) cutQuoted(text []byte, from int, final bool) (end int, doubled bool, state cut) {
	for at := from; ; {
		quote := bytes.IndexByte(text[at:], '"')
		if quote < 0 {
			if final {
				return 0, false, cutInvalid
			}
			return 0, false, cutMore
		}
		at += quote
		if at+1 == len(text) && !final {
			return 0, false, cutMore
		}
		if at+1 == len(text) || text[at+1] != '"' {
			return at, doubled, cutWhole
		}
		doubled = true
		at += 2
	}
}

// afterQuote skips blanks, and the \r of \r\n, behind a closing quote.
func (d dialect) afterQuote(text []byte, at int) int {
	for at < len(text) && text[at] != d.delimiter && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' && d.newline == '\n') {
		at++
	}
	return at
}

// cutLine takes one line off the front of text and appends its cells, with
// quotes as ordinary characters.
func (d dialect) cutLine(text []byte, cells []span) (_ []span, next int) {
	end := bytes.IndexByte(text, d.newline)
	next = end + 1
	if end < 0 {
		end, next = len(text), len(text)
	}
	if end > 0 && d.newline == '\n' && text[end-1] == '\r' {
		end--
	}
	for from := 0; ; {
		length := bytes.IndexByte(text[from:end], d.delimiter)
		if length < 0 {
			return append(cells, span{uint32(from), uint32(end)}), next
		}
		cells = append(cells, span{uint32(from), uint32(from + length)})
		from += length + 1
	}
}

// unescape makes one quote of every two in the cell, in place.
func unescape(text []byte, cell span) span {
	to := cell.from
	for at := cell.from; at < cell.to; at++ {
		text[to] = text[at]
		to++
		if text[at] == '"' {
			at++
		}
	}
	return span{cell.from, to}
}
