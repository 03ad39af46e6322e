package sample

// flaw is one thing that is wrong with the tables on purpose.
type flaw struct {
	table, column, kind string
	rows                int
	what                string
}

// neutral tells whether a day lies in no 90-day window before a snapshot or
// after its gap: what is repeated there changes no label and no probability,
// whether a reader drops repeated rows or not.
func neutral(day int16) bool {
	return int(day) < first-before || (int(day)-first+step)%step < gap
}

// spoil orders the events as an extract would, numbers them, plants the flaws
// that live in event rows and lists all.
func (w *world) spoil() {
	w.scripts = byDay(w.scripts, func(s script) int16 { return s.day })
	w.calls = byDay(w.calls, func(c call) int16 { return c.day })
	w.mails = byDay(w.mails, func(m mail) int16 { return m.day })
	next := make([]int16, 4*len(w.hcps)) // day after the next prescription's, 0 for none
	for i := len(w.scripts) - 1; i >= 0; i-- {
		s := &w.scripts[i]
		s.id = uint32(i)
		n := &next[4*int(s.hcp)+int(s.brand)]
		if *n > 0 {
			s.next = *n - 1 - s.day
		}
		*n = s.day + 1
	}
	for i := range w.calls {
		w.calls[i].id = uint32(i)
	}
	w.blankBlocks()
	w.repeatRows()
	w.noteColumns()
}

// noteColumns lists the flaws of whole columns.
func (w *world) noteColumns() {
	n, two, unknown, plans := len(w.hcps), 0, 0, 0
	for _, h := range w.hcps {
		if h.years < 0 {
			unknown++
		}
		if h.second >= 0 {
			two++
		}
		for _, habit := range h.brands[:competitor] {
			if habit.active {
				plans++
			}
		}
	}
	w.note("hcps", "hcp_id", "fan-out", two, "a second row for a second affiliation: a plain join doubles what belongs to these HCPs")
	w.note("prescriptions", "days_to_next_rx", "leak", len(w.scripts), "days until the next prescription of the same HCP and brand: known only after it")
	w.note("hcps", "last_rx_date", "leak", n, "newest prescription of the whole extract: after most snapshots")
	w.note("call_plan", "status_at_extract", "leak", plans, "the outcome of the last snapshot; late by its meaning only")
	w.note("hcps", "onboarded_on", "mixed formats", n, "2006-01-02, 02.01.2006 and 2-Jan-2006")
	w.note("hcps", "npi", "identifier", n, "one value an HCP")
	w.note("hcps", "zip", "identifier", n, "digits with leading zeros, a code and no number")
	w.note("hcps", "email", "personal", n, "one value an HCP")
	w.note("hcps", "phone", "personal", n, "a value for nearly each HCP")
	w.note("hcps", "years_in_practice", "missing", unknown, "empty cells")
	w.note("prescriptions", "rx_id", "identifier", len(w.scripts), "counts up with the date")
	w.note("calls", "call_id", "identifier", len(w.calls), "counts up with the date")
	w.note("emails", "email_id", "identifier", len(w.mails), "counts up with the date")
}

func (w *world) note(table, column, kind string, rows int, what string) {
	w.flaws = append(w.flaws, flaw{table, column, kind, rows, what})
}

// blankBlocks empties payer and quantity where a data supplier failed: some
// territories, four months.
func (w *world) blankBlocks() {
	blank := 0
	for i := range w.scripts {
		s := &w.scripts[i]
		if w.hcps[s.hcp].territory%17 == 3 && s.day >= 430 && s.day < 550 {
			s.blank = true
			blank++
		}
	}
	w.note("prescriptions", "payer", "missing block", blank, "every seventeenth territory, 2023-03-07 to 2023-07-04")
	w.note("prescriptions", "quantity", "missing block", blank, "the same rows")
}

// repeatRows appends a few rows a second time, as when a file is loaded
// twice, and some e-mails a second or two later under another identifier.
func (w *world) repeatRows() {
	r := w.random(forFlaws, 0)
	scripts, calls, mails := len(w.scripts), len(w.calls), len(w.mails)
	for _, s := range w.scripts[:scripts] {
		if neutral(s.day) && r.Float64() < 0.01 {
			w.scripts = append(w.scripts, s)
		}
	}
	for _, c := range w.calls[:calls] {
		if neutral(c.day) && r.Float64() < 0.01 {
			w.calls = append(w.calls, c)
		}
	}
	for _, m := range w.mails[:mails] {
		if later := m.second + 1 + int32(r.IntN(2)); neutral(m.day) && later < 86400 && r.Float64() < 0.01 {
			m.second = later
			w.mails = append(w.mails, m)
		}
	}
	w.note("prescriptions", "", "exact duplicates", len(w.scripts)-scripts, "at the end of the file, the same rx_id; in gaps between windows only")
	w.note("calls", "", "exact duplicates", len(w.calls)-calls, "at the end of the file, the same call_id; in gaps between windows only")
	w.note("emails", "", "near duplicates", len(w.mails)-mails, "at the end of the file, one or two seconds later, another email_id; in gaps between windows only")
}

// byDay is rows in the order of their days, rows of one day in the order in
// which they were made.
func byDay[T any](rows []T, day func(T) int16) []T {
	var start [days + 1]int
	for _, row := range rows {
		start[day(row)+1]++
	}
	for d := range days {
		start[d+1] += start[d]
	}
	out := make([]T, len(rows))
	for _, row := range rows {
		out[start[day(row)]] = row
		start[day(row)]++
	}
	return out
}

// status is what the call plan says of an HCP × brand: the outcome of the
// last snapshot, which a plan made at that snapshot could not have known.
func (w *world) status() []string {
	out := make([]string, 4*len(w.hcps))
	for _, f := range w.facts {
		if f.at == snapshots-1 {
			out[4*int(f.hcp)+int(f.brand)] = map[bool]string{true: "Lapsed", false: "Active"}[f.lapse]
		}
	}
	return out
}

// lastScript is the day of each HCP's newest prescription, -1 for none.
func (w *world) lastScript() []int16 {
	out := make([]int16, len(w.hcps))
	for i := range out {
		out[i] = -1
	}
	for _, s := range w.scripts {
		out[s.hcp] = max(out[s.hcp], s.day)
	}
	return out
}
