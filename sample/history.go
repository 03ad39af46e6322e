package sample

import (
	"math"
	"math/rand/v2"
)

// life is the history of one HCP while it is made: indexes into the world's
// slices where its events begin, and where each brand stands.
type life struct {
	w                     *world
	id                    int32
	hcp                   *hcp
	r                     *rand.Rand
	scripts, calls, mails int
	count                 [4]int // prescriptions in the 90 days before the current snapshot
}

// live makes all events and labels, HCP by HCP.
func (w *world) live() {
	for i := range w.hcps {
		l := life{
			w: w, id: int32(i), hcp: &w.hcps[i], r: w.random(forHistory, uint64(i)),
			scripts: len(w.scripts), calls: len(w.calls), mails: len(w.mails),
		}
		l.run()
	}
	w.ensureLastDay()
}

// run goes from snapshot to snapshot. The time up to the first one is step 0:
// a lead-in without labels.
func (l *life) run() {
	l.contacts(0, 0, first)
	for b := range l.hcp.brands {
		h := &l.hcp.brands[b]
		if !h.active || h.start > 0 {
			continue
		}
		mean := h.level * math.Exp(0.3*l.r.NormFloat64())
		l.prescribe(b, 0, first-before, poisson(l.r, mean*float64(first-before)/before))
		l.count[b] = poisson(l.r, mean)
		l.prescribe(b, first-before, first, l.count[b])
	}
	for k := range snapshots {
		l.next(k)
	}
}

// next is the snapshot k: what is known, the coins, and the 104 days after.
func (l *life) next(k int) {
	at := snapshotDay(k)
	var what [4]known
	for b := range what {
		what[b] = l.known(b, at)
	}
	l.contacts(k+1, at, at+step)
	for b := range l.hcp.brands {
		h := &l.hcp.brands[b]
		if !h.active || int(h.start) > k+1 {
			continue
		}
		had := l.count[b]
		mean := h.level * math.Exp(0.3*l.r.NormFloat64())
		lapse := false
		var n int
		if had >= 3 {
			p := what[b].probability()
			lapse = l.r.Float64() < p
			n = l.following(had, mean, lapse)
			l.w.facts = append(l.w.facts, fact{
				hcp: l.id, brand: uint8(b), at: uint8(k), lapse: lapse,
				before: int16(had), after: int16(n), probability: p,
			})
		} else if int(h.start) == k+1 || l.r.Float64() < 0.5+0.05*float64(min(what[b].calls, 4)) {
			n = poisson(l.r, mean)
		} else {
			n = min(poisson(l.r, 0.5), 2)
		}
		between := mean * gap / before
		if lapse {
			between *= 0.3
		}
		l.prescribe(b, at, at+gap, poisson(l.r, between))
		l.prescribe(b, at+gap, at+step, n)
		l.count[b] = n
	}
}

// following draws the count of the label window so that the churn rule gives
// lapse: zero, or below 30 % of had.
func (l *life) following(had int, mean float64, lapse bool) int {
	low := 1 // smallest count that is no lapse
	for 10*low < 3*had {
		low++
	}
	if lapse {
		if l.r.Float64() < 0.55 {
			return 0
		}
		return l.r.IntN(low)
	}
	for range 50 {
		if n := poisson(l.r, mean); n >= low {
			return n
		}
	}
	return low + l.r.IntN(low+1)
}

// prescribe adds n prescriptions of brand b on days from up to, not
// including, to. They lean towards the beginning or the end of the window,
// and some windows see many rejected claims.
func (l *life) prescribe(b, from, to, n int) {
	if n == 0 {
		return
	}
	lean := 1.7 * l.r.NormFloat64()
	reject := 0.05
	if l.r.Float64() < 0.28 {
		reject = 0.15 + 0.55*l.r.Float64()
	}
	for range n {
		day := l.day(from, to, lean)
		s := script{hcp: l.id, day: int16(day), brand: uint8(b), next: -1, packets: uint8(1 + l.r.IntN(3))}
		s.payer = uint8(pick(l.r, 4, func(j int) float64 { return l.hcp.payers[j] }))
		switch u := l.r.Float64(); {
		case u < reject:
			s.status = rejected
		case u < reject+0.03:
			s.status = 2
		}
		lag := 1 + int(math.Min(9, 2*l.r.ExpFloat64()))
		if s.payer == 2 { // reported once a week
			lag += (7 - (day+lag)%7) % 7
		}
		s.reported = int16(min(day+lag, days-1))
		l.w.scripts = append(l.w.scripts, s)
	}
}

// day draws a day of [from, to) by the calendar's weights, leaning to the
// end for lean above 0.
func (l *life) day(from, to int, lean float64) int {
	width := float64(to - from)
	top := 1.2 * math.Exp(math.Abs(lean)/2)
	for range 500 {
		d := from + l.r.IntN(to-from)
		x := (float64(d-from)+0.5)/width - 0.5
		if l.r.Float64()*top < l.w.weight[d]*math.Exp(lean*x) {
			return d
		}
	}
	return from
}

// contacts adds the calls and e-mails of [from, to).
func (l *life) contacts(step, from, to int) {
	var own []uint8 // brands that our own people talk about to this HCP
	for b, h := range l.hcp.brands[:competitor] {
		if h.active {
			own = append(own, uint8(b))
		}
	}
	if len(own) == 0 {
		own = append(own, uint8(l.id)%competitor)
	}
	periods := float64(to-from) / before
	mean := l.hcp.calls * periods * math.Exp(0.4*l.r.NormFloat64())
	if l.w.vacant[l.hcp.territory][step] {
		mean *= 0.08
	}
	for range poisson(l.r, mean) {
		l.w.calls = append(l.w.calls, call{
			hcp: l.id, rep: int16(l.hcp.territory), day: int16(l.day(from, to, 0)),
			brand: own[l.r.IntN(len(own))], channel: uint8(pick(l.r, 3, func(j int) float64 { return []float64{0.7, 0.2, 0.1}[j] })),
			minutes: uint8(2 + poisson(l.r, 7)), samples: uint8(poisson(l.r, 1.5)),
		})
	}
	for range poisson(l.r, l.hcp.mails*periods) {
		m := mail{hcp: l.id, day: int16(from + l.r.IntN(to-from)), second: int32(7*3600 + l.r.IntN(11*3600)), brand: own[l.r.IntN(len(own))]}
		l.w.mails = append(l.w.mails, m)
		chance := l.hcp.opens
		for _, kind := range []uint8{opened, 2} {
			if l.r.Float64() >= chance {
				break
			}
			second := int(m.second) + 30 + int(math.Min(3*86400, 20000*l.r.ExpFloat64()))
			m.day, m.second, m.kind = m.day+int16(second/86400), int32(second%86400), kind
			if m.day >= days {
				break
			}
			l.w.mails = append(l.w.mails, m)
			chance = 0.2
		}
	}
}

// known looks at the HCP's rows before the snapshot day at.
func (l *life) known(b, at int) known {
	k := known{brand: uint8(b), specialty: l.hcp.specialty, last: before}
	for _, s := range l.w.scripts[l.scripts:] {
		age := at - int(s.day)
		if age < 1 || age > before || int(s.reported) >= at {
			continue
		}
		if int(s.brand) != b {
			k.others++
			continue
		}
		k.scripts++
		k.last = min(k.last, age)
		if age <= 30 {
			k.recent++
		}
		if s.status == rejected {
			k.rejected++
		}
	}
	for _, c := range l.w.calls[l.calls:] {
		if age := at - int(c.day); age >= 1 && age <= before && int(c.brand) == b {
			k.calls++
		}
	}
	for _, m := range l.w.mails[l.mails:] {
		if age := at - int(m.day); age >= 1 && age <= before && int(m.brand) == b && m.kind == opened {
			k.opens++
		}
	}
	return k
}

// ensureLastDay moves a prescription of the last label window to the last
// day if none fell on it, because the default snapshots are counted back from
// the newest event. No count of any window changes.
func (w *world) ensureLastDay() {
	newest := -1
	for i, s := range w.scripts {
		if newest < 0 || s.day > w.scripts[newest].day {
			newest = i
		}
	}
	if newest >= 0 && w.scripts[newest].day >= days-after {
		w.scripts[newest].day, w.scripts[newest].reported = days-1, days-1
	}
}
