package handoff

// Dataset is checked, split data: the data preparer's output.
type Dataset struct {
	Scope   Scope            `json:"scope"`
	Columns []PreparedColumn `json:"columns"` // of the row files, in their order; the target is not among them
	Target  string           `json:"target"`  // the column of the row files that holds the class index (0-based) or the value
	Rows    RowFiles         `json:"rows"`
	Splits  map[string]Split `json:"splits"` // train, validation, test, holdout, and purged where rows were
	Policy  SplitPolicy      `json:"policy"`
	Quality Quality          `json:"quality"`
	Profile Ref              `json:"profile"` // exact profile of every column (JSON)
	Repairs []Repair         `json:"repairs"`
	Events  *Events          `json:"events"` // null for a flat table
	Keys    Ref              `json:"keys"`   // Parquet: row (1-based) or entity and snapshot, then part; every row of the main table that has a part
}

// RowFiles are Parquet files (package table/parquet), one row an example.
// Every file has the Columns, then Target, then "__row" (1-based in the main
// table) and, where there is one, "__group" (rows that belong together, because
// of their entity or as duplicates, have the same number, in all files; 0-based,
// in the order of the main table), "__entity" (the same for rows of one entity, where
// entities may be in several files), "__time" (order of the rows).
// Fit has "__part" too: 0 train, 1 validation.
type RowFiles struct {
	Fit     Ref  `json:"fit"`     // train and validation
	Test    Ref  `json:"test"`    // sealed: opened once, by the trainer, and counted
	Holdout *Ref `json:"holdout"` // locked until after deployment; null where the split has none
}

// Events is what the examples of a label rule come from.
type Events struct {
	Recipe Ref `json:"recipe"` // JSON (package points): tables, how they hang together, whom the rule asks about; no features yet
	Spine  Ref `json:"spine"`  // Parquet: "__row", entity columns and "snapshot" of every example of all parts, without answers
}

// PreparedColumn is an input column after typing.
type PreparedColumn struct {
	Name  string `json:"name"`
	Table string `json:"table"`
	Kind  string `json:"kind"` // number, text, time
	Role  string `json:"role"` // "feature", "entity", "time"
}

// Split is one part in figures.
type Split struct {
	Rows      int     `json:"rows"`
	Positives *int    `json:"positives"` // null unless binary
	From      *string `json:"from"`      // RFC 3339, a date or with a time; null, like to, where there is no time
	To        *string `json:"to"`
}

// SplitPolicy is how the parts were cut, and what the audit of all pairs saw.
type SplitPolicy struct {
	By        string             `json:"by"`     // stratified, time, entity
	Shares    map[string]float64 `json:"shares"` // as asked; they sum to 1
	PurgeDays int                `json:"purge_days"`
	Group     []string           `json:"group"` // columns whose values stay in one part
	Audit     []SplitPair        `json:"audit"` // of every pair of parts that have rows
}

// SplitPair is the audit of two parts.
type SplitPair struct {
	A            string   `json:"a"`
	B            string   `json:"b"`
	SharedGroups int      `json:"shared_groups"`
	SharedRows   int      `json:"shared_rows"` // exact duplicates
	GapDays      *float64 `json:"gap_days"`    // newest of A to oldest of B; null without time
}

// Quality is the score of the data and where it comes from.
type Quality struct {
	Score        float64       `json:"score"`      // 0 to 1, the weighted sum of the dimensions; the gate wants 0.80
	Dimensions   []Dimension   `json:"dimensions"` // completeness, validity, consistency, uniqueness, timeliness
	Expectations []Expectation `json:"expectations"`
}

// Dimension is one of five.
type Dimension struct {
	Name   string  `json:"name"`
	Weight float64 `json:"weight"` // the weights sum to 1
	Score  float64 `json:"score"`
}

// Expectation is one rule that the data was held against.
type Expectation struct {
	Name      string  `json:"name"`
	Dimension string  `json:"dimension"`
	Table     string  `json:"table"`
	Column    *string `json:"column"`
	Score     float64 `json:"score"` // share of rows, columns or pairs that meet it
	Evidence  string  `json:"evidence"`
}

// Repair is a deterministic mending that is replayed on new data.
type Repair struct {
	Column string `json:"column"`
	What   string `json:"what"`
	Rows   int    `json:"rows"`
}

// Schema is the payload's schema.
func (Dataset) Schema() (string, string) { return "dataset", "1.0.0" }
