package source

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// batch is some consecutive rows: the cells of one after those of another.
// It is never changed after it is made.
type batch struct {
	text  string
	cells []span // rows × width
	rows  int
	width int
	dirty bool // text is not valid UTF-8
}

// cell gives a cell as it stands, quotes undone; recoded tells that it is not
// UTF-8 and was read as Windows-1252.
func (b *batch) cell(row, column int) (cell string, recoded bool) {
	at := b.cells[row*b.width+column]
	cell = b.text[at.from:at.to]
	if b.dirty && !utf8.ValidString(cell) {
		return windows1252(cell), true
	}
	return cell, false
}

// rows is a source of batches: a text or a Parquet file.
type rows interface {
	header() []string
	// next gives io.EOF after the last batch.
	next() (*batch, error)
	// rejected are the rows set aside so far.
	rejected() *rejects
}

// rejects counts the rows that were set aside, and keeps what it is told to.
type rejects struct {
	keep  int
	count int
	first []table.Reject
}

func (r *rejects) add(reject table.Reject) {
	r.count++
	if len(r.first) < r.keep {
		r.first = append(r.first, reject)
	}
}

// blockBytes is about how much text is in a batch.
const blockBytes = 256 << 10

// textRows cuts a text file into batches.
type textRows struct {
	in      *input
	dialect dialect
	names   []string
	left    []byte // read, not yet cut
	ended   bool
	row     int // rows cut so far, header and blank lines not counted
	line    int // lines cut so far
	rejects rejects
	skip    bool // inside a row that is too long
}

func newTextRows(in *input, keepRejects int) (*textRows, error) {
	sample, err := in.sample()
	if err != nil {
		return nil, err
	}
	d, skip := sniff(sample, len(sample) < sampleBytes)
	in.text.Discard(skip)
	in.format.Delimiter = string(rune(d.delimiter))
	r := &textRows{in: in, dialect: d, rejects: rejects{keep: keepRejects}}
	if skip > 0 {
		r.line = 1
	}
	return r, r.readHeader()
}

func (r *textRows) header() []string   { return r.names }
func (r *textRows) rejected() *rejects { return &r.rejects }

// readHeader takes the first line that is not blank as the names.
func (r *textRows) readHeader() error {
	for {
		if err := r.fill(); err != nil {
			return err
		}
		if len(r.left) == 0 {
			return r.in.unreadable("the file is empty", "", "export the table again, or leave the file out")
		}
		cells, escaped, next, state := r.dialect.cutRecord(r.left, r.ended, nil, nil)
		if state == cutMore && len(r.left) < maxRecord {
			continue
		}
		if state != cutWhole {
			cells, next = r.dialect.cutLine(r.left, nil)
			escaped = nil
		}
		for _, i := range escaped {
			cells[i] = unescape(r.left, cells[i])
		}
		r.line += r.lines(r.left[:next])
		blank := len(bytes.TrimSpace(r.left[:next])) == 0
		for _, cell := range cells {
			name := string(r.left[cell.from:cell.to])
			if !utf8.ValidString(name) {
				name = windows1252(name)
			}
			r.names = append(r.names, strings.TrimSpace(name))
		}
		r.left = r.left[next:]
		if !blank {
			return nil
		}
		r.names = nil
	}
}

// lines is the number of line ends in text.
func (r *textRows) lines(text []byte) int {
	return bytes.Count(text, []byte{r.dialect.newline})
}

// fill reads a further block behind what is left.
func (r *textRows) fill() error {
	if r.ended {
		return nil
	}
	block := make([]byte, len(r.left)+blockBytes)
	kept := copy(block, r.left)
	n, err := io.ReadFull(r.in.text, block[kept:])
	r.left = block[:kept+n]
	if err == io.EOF || err == io.ErrUnexpectedEOF && r.atEnd() {
		r.ended = true
		return nil
	}
	if err != nil {
		return r.in.damaged(err)
	}
	return nil
}

// atEnd tells a short last block from a damaged file: io.ReadFull gives the
// same error for both.
func (r *textRows) atEnd() bool {
	_, err := r.in.text.ReadByte()
	return err == io.EOF
}

func (r *textRows) next() (*batch, error) {
	width := len(r.names)
	for {
		if err := r.fill(); err != nil {
			return nil, err
		}
		if len(r.left) == 0 {
			return nil, io.EOF
		}
		cells, used := r.cutBlock(make([]span, 0, blockBytes/8), width)
		text := r.left[:used]
		r.left = r.left[used:]
		if len(cells) == 0 {
			continue
		}
		b := &batch{text: string(text), cells: cells, rows: len(cells) / width, width: width}
		b.dirty = !utf8.ValidString(b.text)
		return b, nil
	}
}

// cutBlock cuts the whole records of what is left, and tells how much of it
// they are.
func (r *textRows) cutBlock(cells []span, width int) (_ []span, used int) {
	hasNUL := bytes.IndexByte(r.left, 0) >= 0
	var escaped []int
	for used < len(r.left) {
		text := r.left[used:]
		if r.skip {
			end := bytes.IndexByte(text, r.dialect.newline)
			if end < 0 {
				return cells, len(r.left)
			}
			used += end + 1
			r.line++
			r.skip = false
			continue
		}
		before := len(cells)
		var next int
		var state cut
		cells, escaped, next, state = r.dialect.cutRecord(text, r.ended, cells, escaped[:0])
		if state == cutMore && len(text) < maxRecord {
			return cells[:before], used
		}
		reason := ""
		if state == cutWhole {
			cells, reason = r.check(text[:next], cells, before, width)
		}
		if state != cutWhole || reason != "" && r.lines(text[:next]) > 1 {
			// A stray quote may have swallowed lines: only the first is at fault.
			cells, next, reason = r.literally(text, cells[:before], width, reason)
			escaped = escaped[:0]
		}
		if reason == "" && hasNUL && bytes.IndexByte(text[:next], 0) >= 0 {
			reason = "a NUL byte"
		}
		blank := len(cells)-before <= 1 && len(bytes.TrimSpace(text[:next])) == 0
		if !blank {
			r.row++
		}
		if blank || reason != "" {
			cells = cells[:before]
		}
		if reason != "" && !blank {
			r.rejects.add(table.Reject{Row: r.row, Line: r.line + 1, Reason: reason})
		}
		for _, i := range escaped {
			if i < len(cells) {
				cells[i] = unescape(text, cells[i])
			}
		}
		for i := before; i < len(cells); i++ {
			cells[i].from += uint32(used)
			cells[i].to += uint32(used)
		}
		r.line += r.lines(text[:next])
		used += next
	}
	return cells, used
}

// check gives the reason why a record does not fit the header, "" if it does.
// One empty cell too many is a delimiter at the end of the line: it is cut.
func (r *textRows) check(text []byte, cells []span, before, width int) ([]span, string) {
	n := len(cells) - before
	if n == width+1 && cells[len(cells)-1].from == cells[len(cells)-1].to {
		return cells[:len(cells)-1], ""
	}
	if n != width {
		return cells, fmt.Sprintf("%d cells, the header has %d", n, width)
	}
	return cells, ""
}

// literally cuts one line with quotes as ordinary characters.
func (r *textRows) literally(text []byte, cells []span, width int, reason string) (_ []span, next int, _ string) {
	before := len(cells)
	line := text[:min(len(text), maxRecord)]
	if bytes.IndexByte(line, r.dialect.newline) < 0 && !r.ended || len(line) < len(text) && bytes.IndexByte(line, r.dialect.newline) < 0 {
		r.skip = true
		return append(cells, span{}), len(line), "longer than 1 MiB"
	}
	cells, next = r.dialect.cutLine(line, cells)
	if _, fault := r.check(text, cells, before, width); fault == "" {
		return cells[:before+width], next, ""
	}
	if reason == "" {
		reason = "a quote that is never closed, or text after a closing quote"
	}
	return cells, next, reason
}

// tooManyRejects is the problem of a file of which more than one row in a
// hundred was set aside, nil where it is not so.
func tooManyRejects(name string, rows int, r *rejects) error {
	if r.count*100 <= rows+r.count {
		return nil
	}
	p := &problem.Problem{
		Kind: problem.Blocked, Code: "data.rejected_rows", Where: name,
		What: fmt.Sprintf("%d of %d rows do not fit the header", r.count, rows+r.count),
		Why:  "more than 1 % cannot be set aside without changing what the table says",
		Fix:  "mend the export: quote cells that hold the delimiter or line ends, and give every row all cells",
	}
	if len(r.first) > 0 {
		first := r.first[0]
		p.Where = fmt.Sprintf("%s:%d", name, first.Line)
		p.Why += "; the first has " + first.Reason
	}
	return p
}

// fanOut gives every batch to all of n workers, each in its own goroutine, and
// returns when all are done.
func fanOut(ctx context.Context, from rows, n int, work func(worker int, b *batch)) error {
	queues := make([]chan *batch, n)
	done := make(chan struct{})
	for i := range queues {
		queues[i] = make(chan *batch, 4)
		go func() {
			for b := range queues[i] {
				work(i, b)
			}
			done <- struct{}{}
		}()
	}
	var failure error
	for failure == nil {
		b, err := from.next()
		if err == nil {
			err = ctx.Err()
		}
		if failure = err; err != nil {
			break
		}
		for _, queue := range queues {
			queue <- b
		}
	}
	for i := range queues {
		close(queues[i])
	}
	for range queues {
		<-done
	}
	if failure == io.EOF {
		return nil
	}
	return failure
}
