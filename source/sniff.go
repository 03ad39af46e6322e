package source

import "bytes"

// delimiters are tried in this order; of two that fit equally well the first
// is taken. 0x01 is Hive's.
var delimiters = []byte{',', ';', '\t', '|', '^', '~', ':', 0x01, ' '}

// sniff tells the dialect of a text by what it begins with. A delimiter fits
// if it cuts at least nine in ten rows into as many cells as the header, two or
// more. Of those that fit the one with the highest share of such rows wins,
// then the one with most cells. Where none fits it is the one with most cells
// in the header, so that the rows that do not fit are reported; where the
// header has none of them, the file has one column.
//
// A blank is a delimiter only if all rows fit and nothing else does. skip is the length of a first
// line "sep=;", which names the delimiter.
func sniff(sample []byte, whole bool) (d dialect, skip int) {
	d = dialect{',', '\n'}
	if bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		d.newline = '\r'
	}
	if line := bytes.TrimRight(firstLine(sample, d.newline), "\r"); len(line) == 5 && bytes.EqualFold(line[:4], []byte("sep=")) {
		d.delimiter = line[4]
		return d, min(len(firstLine(sample, d.newline))+1, len(sample))
	}
	best, bestShare, bestWidth := byte(0), 0.0, 1
	fallback, fallbackWidth := byte(','), 1
	for _, delimiter := range delimiters {
		d.delimiter = delimiter
		width, share := d.fit(sample, whole)
		if width > fallbackWidth && delimiter != ' ' {
			fallback, fallbackWidth = delimiter, width
		}
		if width < 2 || share < 0.9 || delimiter == ' ' && (share < 1 || best != 0) {
			continue
		}
		if share > bestShare || share == bestShare && width > bestWidth {
			best, bestShare, bestWidth = delimiter, share, width
		}
	}
	if d.delimiter = best; best == 0 {
		d.delimiter = fallback
	}
	return d, 0
}

func firstLine(sample []byte, newline byte) []byte {
	if end := bytes.IndexByte(sample, newline); end >= 0 {
		return sample[:end]
	}
	return sample
}

// fit cuts the sample, and gives the number of cells in its first record and
// the share of the other records that have as many. The last record counts
// only if the sample is the whole file.
func (d dialect) fit(sample []byte, whole bool) (width int, share float64) {
	var cells []span
	var escaped []int
	records, fitting := 0, 0
	for len(sample) > 0 {
		var next int
		var state cut
		cells, escaped, next, state = d.cutRecord(sample, whole, cells[:0], escaped[:0])
		if state == cutInvalid || state == cutMore && len(sample) > sampleBytes/4 {
			cells, next = d.cutLine(sample, cells[:0]) // a quote that opens nothing
		} else if state == cutMore {
			break
		}
		blank := len(bytes.TrimSpace(sample[:next])) == 0
		sample = sample[next:]
		if blank {
			continue
		}
		if width == 0 {
			width = len(cells)
			continue
		}
		records++
		if fits(len(cells), width) {
			fitting++
		}
	}
	if records == 0 {
		return width, 1
	}
	return width, float64(fitting) / float64(records)
}

// fits allows one delimiter too many at the end of a row.
func fits(cells, width int) bool { return cells == width || cells == width+1 }
