package sample

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
)

// sheet writes one gzip-compressed table. The first error sticks.
type sheet struct {
	file *os.File
	zip  *gzip.Writer
	out  *bufio.Writer
	row  []byte
	rows int // the header not counted
	err  error
}

func create(path, header string) *sheet {
	file, err := os.Create(path)
	if err != nil {
		return &sheet{err: err}
	}
	zip, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	c := &sheet{file: file, zip: zip, out: bufio.NewWriterSize(zip, 1<<16), err: err, rows: -1}
	c.text(header)
	c.end()
	return c
}

// text and number add a cell.
func (c *sheet) text(s string) { c.row = append(append(c.row, s...), ',') }

func (c *sheet) number(n int) { c.row = append(strconv.AppendInt(c.row, int64(n), 10), ',') }

// optional adds a number, or an empty cell for -1.
func (c *sheet) optional(n int) {
	if n < 0 {
		c.text("")
		return
	}
	c.number(n)
}

// cell adds what the format makes.
func (c *sheet) cell(format string, args ...any) {
	c.row = append(fmt.Appendf(c.row, format, args...), ',')
}

// end ends the row.
func (c *sheet) end() {
	if c.err == nil {
		c.row[len(c.row)-1] = '\n'
		_, c.err = c.out.Write(c.row)
		c.rows++
	}
	c.row = c.row[:0]
}

func (c *sheet) close() error {
	if c.file == nil {
		return c.err
	}
	return errors.Join(c.err, c.out.Flush(), c.zip.Close(), c.file.Close())
}

// writeTables writes the tables side by side.
func (w *world) writeTables(dir string) ([]File, error) {
	w.names()
	tables := []struct {
		name, header string
		fill         func(*sheet)
	}{
		{"affiliations", "affiliation_id,kind,beds,state", w.fillAffiliations},
		{"call_plan", "hcp_id,brand,planned_calls,priority,status_at_extract", w.fillPlan},
		{"calls", "call_id,hcp_id,rep_id,call_date,channel,brand,duration_min,samples_left", w.fillCalls},
		{"emails", "email_id,hcp_id,brand,event,event_time", w.fillMails},
		{"hcps", "hcp_id,npi,specialty,state,zip,territory_id,affiliation_id,segment,years_in_practice,onboarded_on,email,phone,last_rx_date", w.fillHCPs},
		{"prescriptions", "rx_id,hcp_id,brand,rx_date,reported_date,quantity,payer,claim_status,days_to_next_rx", w.fillScripts},
		{"territories", "territory_id,region,state,urban,reps", w.fillTerritories},
	}
	files := make([]File, len(tables))
	errs := make([]error, len(tables))
	var group sync.WaitGroup
	for i, t := range tables {
		group.Go(func() {
			c := create(filepath.Join(dir, t.name+".csv.gz"), t.header)
			t.fill(c)
			errs[i] = c.close()
			files[i] = File{Name: t.name, Rows: c.rows}
		})
	}
	group.Wait()
	return files, errors.Join(errs...)
}

// names makes the texts that many cells share.
func (w *world) names() {
	w.ids = make([]string, len(w.hcps))
	for i := range w.ids {
		w.ids[i] = fmt.Sprintf("HCP%06d", i+1)
	}
	w.dates = make([]string, days)
	for d := range w.dates {
		w.dates[d] = date(d).Format("2006-01-02")
	}
}

func (w *world) fillScripts(c *sheet) {
	for _, s := range w.scripts {
		c.text("RX" + strconv.Itoa(100_000_000+int(s.id)))
		c.text(w.ids[s.hcp])
		c.text(brandNames[s.brand])
		c.text(w.dates[s.day])
		c.text(w.dates[s.reported])
		if s.blank {
			c.text("")
			c.text("")
		} else {
			c.number(21 * int(s.packets))
			c.text(payerNames[s.payer])
		}
		c.text(statusNames[s.status])
		c.optional(int(s.next))
		c.end()
	}
}

func (w *world) fillCalls(c *sheet) {
	for _, v := range w.calls {
		c.number(10_000_000 + int(v.id))
		c.text(w.ids[v.hcp])
		c.text("REP" + strconv.Itoa(1000+int(v.rep)))
		c.text(w.dates[v.day])
		c.text(channelNames[v.channel])
		c.text(brandNames[v.brand])
		c.number(int(v.minutes))
		c.number(int(v.samples))
		c.end()
	}
}

func (w *world) fillMails(c *sheet) {
	for i, m := range w.mails {
		c.number(50_000_000 + i)
		c.text(w.ids[m.hcp])
		c.text(brandNames[m.brand])
		c.text(mailNames[m.kind])
		c.cell("%s %02d:%02d:%02d", w.dates[m.day], m.second/3600, m.second/60%60, m.second%60)
		c.end()
	}
}

// fillHCPs writes a second row for the few that have two affiliations, and
// three ways to write a date.
func (w *world) fillHCPs(c *sheet) {
	last := w.lastScript()
	for i, h := range w.hcps {
		for _, affiliation := range []int32{h.affiliation, h.second} {
			if affiliation < 0 {
				continue
			}
			c.text(w.ids[i])
			c.number(1_000_000_000 + int(h.npi))
			c.text(specialties[h.specialty].name)
			c.text(stateNames[h.state])
			c.cell("%05d", h.zip)
			c.cell("T%04d", h.territory+1)
			c.cell("AFF%05d", affiliation+1)
			c.text("ABC"[h.segment : h.segment+1])
			c.optional(int(h.years))
			c.text(date(int(h.onboarded)).Format(onboardedLayout(i)))
			c.cell("hcp%06d@example.com", i+1)
			c.cell("+1-%03d-555-%04d", 200+i%700, 100+i%100)
			if last[i] < 0 {
				c.text("")
			} else {
				c.text(w.dates[last[i]])
			}
			c.end()
		}
	}
}

func onboardedLayout(i int) string {
	switch i % 10 {
	case 3, 6, 8:
		return "02.01.2006"
	case 5, 9:
		return "2-Jan-2006"
	}
	return "2006-01-02"
}

func (w *world) fillPlan(c *sheet) {
	status := w.status()
	for i, h := range w.hcps {
		for b, habit := range h.brands[:competitor] {
			if !habit.active {
				continue
			}
			c.text(w.ids[i])
			c.text(brandNames[b])
			c.number(int(h.calls*4 + 0.5))
			c.text([]string{"high", "medium", "low"}[h.segment])
			c.text(status[len(brandNames)*i+b])
			c.end()
		}
	}
}

func (w *world) fillTerritories(c *sheet) {
	for t := range w.territories {
		r := w.random(forTerritory, uint64(t)|1<<32)
		state := t % len(stateNames)
		c.cell("T%04d", t+1)
		c.text(regionNames[state])
		c.text(stateNames[state])
		c.number(r.IntN(2))
		c.number(1 + r.IntN(3))
		c.end()
	}
}

func (w *world) fillAffiliations(c *sheet) {
	for a := range w.clinics() {
		r := w.random(forTerritory, uint64(a)|1<<33)
		kind := pick(r, 3, func(j int) float64 { return []float64{0.3, 0.5, 0.2}[j] })
		c.cell("AFF%05d", a+1)
		c.text([]string{"Hospital", "Group practice", "Cancer center"}[kind])
		if kind == 1 {
			c.text("")
		} else {
			c.number(40 + 10*r.IntN(60))
		}
		c.text(stateNames[r.IntN(len(stateNames))])
		c.end()
	}
}
