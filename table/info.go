package table

import (
	"fmt"
	"time"
)

// TableInfo is what is known of a table after every row of it was looked at
// once. It is plain data: it travels in handoffs, and it is all that is needed
// to read the same file again in the same way. It holds no folder: where the
// file lies is known to the run only.
type TableInfo struct {
	Name   string `json:"name"`   // file name without extensions
	File   string `json:"file"`   // file name, without its folder
	SHA256 string `json:"sha256"` // of the file as it lies on disk, 64 hex digits
	Bytes  int64  `json:"bytes"`  // size of the file as it lies on disk
	Format Format `json:"format"`

	// Rows are the rows that a load gives, rejected ones not counted.
	Rows int `json:"rows"`

	// RejectedRows were set aside because they have too many or too few cells
	// or cannot be decoded; Rejected names the first 100 of them.
	RejectedRows int      `json:"rejected_rows"`
	Rejected     []Reject `json:"rejected,omitempty"`

	// RecodedCells are not valid UTF-8 and were read as Windows-1252.
	RecodedCells int `json:"recoded_cells"`

	Columns []ColumnInfo `json:"columns"`

	// Ignored are columns that no cell rule can read (lists, structs and maps
	// in a Parquet file), by name.
	Ignored []string `json:"ignored,omitempty"`
}

// Column finds a column by its name; nil where there is none.
func (t *TableInfo) Column(name string) *ColumnInfo {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Format is how a file is written down.
type Format struct {
	Kind        string `json:"kind"`                  // "csv" or "parquet"
	Delimiter   string `json:"delimiter,omitempty"`   // one character; csv only
	Encoding    string `json:"encoding,omitempty"`    // "utf-8", "utf-16le", "utf-16be"; csv only
	Compression string `json:"compression,omitempty"` // "gzip" or "" for the file as a whole
}

// Reject is a row that was set aside. It never holds a cell.
type Reject struct {
	Row    int    `json:"row"`  // 1-based, counting every row after the header
	Line   int    `json:"line"` // 1-based line of the file where it starts
	Reason string `json:"reason"`
}

// ColumnInfo is what is known of a column after every cell was looked at. The
// embedded rule says how its cells are read.
type ColumnInfo struct {
	Name string `json:"name"` // unique in the table

	// Header is the name in the file where that was empty or a repetition and
	// Name had to be made; Renamed says so.
	Header  string `json:"header,omitempty"`
	Renamed bool   `json:"renamed,omitempty"`

	CellRule

	Missing  int `json:"missing"`            // cells without a value, infinite ones counted
	Infinite int `json:"infinite,omitempty"` // cells that hold an infinity or overflow: read as missing
	Numbers  int `json:"numbers"`            // cells that read as a number, whatever the kind of the column

	// Distinct is the number of different values, exact unless ManyDistinct:
	// then there are more than Distinct.
	Distinct     int  `json:"distinct"`
	ManyDistinct bool `json:"many_distinct,omitempty"`

	// Levels are the most frequent values, at most 50, most frequent first,
	// ties in the order of the text. Columns of times, of more than 50 numbers,
	// that are nearly unique or that look personal have none.
	Levels []Level `json:"levels,omitempty"`

	Min     *float64 `json:"min,omitempty"` // number columns with a value
	Max     *float64 `json:"max,omitempty"`
	Integer bool     `json:"integer,omitempty"` // every value is a whole number

	Earliest time.Time `json:"earliest,omitzero"` // time columns with a value, UTC
	Latest   time.Time `json:"latest,omitzero"`
	DateOnly bool      `json:"date_only,omitempty"` // no value has a time of day

	// DayMonthGuess is true where days and months could be swapped in every
	// value (01/02/2024): the layouts are a guess, the month first, with dots
	// (01.02.2024) the day first.
	DayMonthGuess bool `json:"day_month_guess,omitempty"`

	// Order is "ascending", "descending" or "" for the values that are there,
	// in the order of the rows, neighbours may be equal; "" for fewer than
	// two different values and for text.
	Order string `json:"order,omitempty"`

	MaxLength    int  `json:"max_length"`              // longest cell in characters
	MeanWords    int  `json:"mean_words,omitempty"`    // mean number of words in a cell of a text column, rounded
	LeadingZeros bool `json:"leading_zeros,omitempty"` // digits with a zero in front: kept as text
	LongDigits   bool `json:"long_digits,omitempty"`   // whole numbers of more than 15 digits: kept as text

	// Personal names what kind of personal data the column seems to hold
	// ("email", "phone", "name", ...); "" where it does not.
	Personal string `json:"personal,omitempty"`
}

// Level is one value of a column and the number of rows that have it.
type Level struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// CellRule is how the cells of one column are read. Training, batch prediction
// and the endpoint read by the same rule, which is why it travels in the
// handoffs and in the model file. Read is the rule in code.
type CellRule struct {
	Kind Kind `json:"kind"`

	// Number columns: the decimal mark, "," or "" for a point; the mark
	// between thousands, "" for none; and a unit such as "%" or "€" that
	// cells may carry before or after the figure.
	Decimal string `json:"decimal,omitempty"`
	Group   string `json:"group,omitempty"`
	Unit    string `json:"unit,omitempty"`

	// Time columns: layouts as of Go's package time, tried in this order.
	// Without a zone in the cell it is UTC.
	Layouts []string `json:"layouts,omitempty"`

	// Text columns whose values are true and false: these two in the spelling
	// of the file, false first. Any other case of them is read as the same.
	Bool []string `json:"bool,omitempty"`
}

// MarshalText writes the kind as its name.
func (k Kind) MarshalText() ([]byte, error) {
	if k > Time {
		return nil, fmt.Errorf("table: no kind %d", uint8(k))
	}
	return []byte(k.String()), nil
}

// UnmarshalText reads the kind from its name.
func (k *Kind) UnmarshalText(text []byte) error {
	for _, known := range []Kind{Number, Text, Time} {
		if string(text) == known.String() {
			*k = known
			return nil
		}
	}
	return fmt.Errorf("table: no kind %q", text)
}
