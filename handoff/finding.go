package handoff

// Severity of a finding.
type Severity string

const (
	Info     Severity = "info"
	Warning  Severity = "warning"
	Blocking Severity = "blocking"
)

// Action says what was done about a finding.
type Action string

const (
	NoAction Action = "none"
	Removed  Action = "removed"  // the column was left out
	Stopped  Action = "blocked"  // the run stops here unless waived
	Warned   Action = "warned"   // the person should look
	Waived   Action = "waived"   // would have stopped or removed; a person took it on
	Repaired Action = "repaired" // rows kept in one part, values mended
)

// Finding is something that an agent noticed and a person may want to know.
// Findings are append-only through a run: no agent loses or overwrites one.
type Finding struct {
	ID       string   `json:"id"`   // unique in the run: "data_preparer-3"; the engine gives it
	Code     string   `json:"code"` // "leak.target_copy": from the catalogue in docs/findings.md
	Severity Severity `json:"severity"`
	Table    *string  `json:"table"`
	Column   *string  `json:"column"` // null for a finding about rows
	Action   Action   `json:"action"`
	Evidence string   `json:"evidence"` // what was measured, with figures; never a row's value
	Fix      string   `json:"fix"`      // what to do
}

// Waiver takes on what a gate would refuse.
type Waiver struct {
	Code   string `json:"code"`   // of the finding; criteria.unmet:auc names the metric as the column
	Column string `json:"column"` // "" waives the code for every column; may be table.column
	Reason string `json:"reason"`
	By     string `json:"by"` // the account that gave it
	At     string `json:"at"` // RFC 3339, UTC
}

// Covers tells whether the waiver takes on f.
func (w Waiver) Covers(f Finding) bool {
	if w.Code != f.Code {
		return false
	}
	if w.Column == "" {
		return true
	}
	if f.Column == nil {
		return false
	}
	if w.Column == *f.Column {
		return true
	}
	return f.Table != nil && w.Column == *f.Table+"."+*f.Column
}

// Waive marks the findings that a waiver covers, and tells whether one that
// blocks is left. A waived finding keeps its severity and evidence.
func Waive(findings []Finding, waivers []Waiver) (blocked bool) {
	for i := range findings {
		f := &findings[i]
		for _, w := range waivers {
			if w.Covers(*f) && f.Action != Waived {
				f.Action = Waived
				f.Evidence += " · waived by " + w.By + ": " + w.Reason
				break
			}
		}
		if f.Severity == Blocking && f.Action != Waived {
			blocked = true
		}
	}
	return blocked
}

// IsWaived tells whether a waiver takes on code for column of table.
func IsWaived(waivers []Waiver, code, table, column string) bool {
	f := Finding{Code: code, Table: &table, Column: &column}
	for _, w := range waivers {
		if w.Covers(f) {
			return true
		}
	}
	return false
}
