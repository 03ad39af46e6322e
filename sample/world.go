package sample

import (
	"math"
	"math/rand/v2"
)

// The fixed lists. Their order is part of the bytes that a seed gives.
var (
	brandNames   = []string{"Kisqali", "Fabhalta", "Remibrutinib", "Competitor"}
	payerNames   = []string{"Commercial", "Medicare", "Medicaid", "Cash"}
	statusNames  = []string{"paid", "rejected", "reversed"}
	channelNames = []string{"face-to-face", "phone", "video"}
	mailNames    = []string{"sent", "open", "click"}
	stateNames   = []string{"CA", "TX", "FL", "NY", "PA", "IL", "OH", "GA", "NC", "MI", "NJ", "MA"}
	regionNames  = []string{"West", "South", "South", "Northeast", "Northeast", "Midwest", "Midwest", "South", "South", "Midwest", "Northeast", "Northeast"}
	specialties  = []specialty{
		{"Medical Oncology", 0.38, [4]float64{1, 0.04, 0, 0.55}},
		{"Hematology", 0.14, [4]float64{0.45, 0.85, 0, 0.35}},
		{"Nephrology", 0.15, [4]float64{0, 0.9, 0, 0.15}},
		{"Dermatology", 0.15, [4]float64{0, 0, 0.95, 0.15}},
		{"Allergy & Immunology", 0.10, [4]float64{0, 0, 0.9, 0.12}},
		{"Internal Medicine", 0.08, [4]float64{0.3, 0.25, 0.3, 0.3}},
	}
)

// The codes that the probability and the label depend on.
const (
	competitor = 3 // of brandNames
	rejected   = 1 // of statusNames
	opened     = 1 // of mailNames
)

type specialty struct {
	name   string
	share  float64    // of the HCPs
	brands [4]float64 // probability that an HCP of the specialty ever prescribes the brand
}

// hcp is one prescriber.
type hcp struct {
	specialty, state, segment uint8
	territory, affiliation    int32
	second                    int32 // another affiliation, -1 for most
	years                     int16 // in practice, -1 unknown
	onboarded                 int32 // day, negative
	npi                       uint32
	zip                       uint32
	calls, mails, opens       float64 // mean calls and e-mails in 90 days, share of e-mails opened
	payers                    [4]float64
	brands                    [4]habit
}

// habit is how an HCP prescribes a brand.
type habit struct {
	active bool
	level  float64 // mean prescriptions in 90 days
	start  int8    // first step with prescriptions
}

// The events. Days are days since the first one.
type (
	script struct {
		hcp                           int32
		id                            uint32 // rx_id
		day, reported, next           int16  // next: days to the next one of the HCP × brand, -1 for the last
		brand, payer, status, packets uint8
		blank                         bool // payer and packets are missing
	}
	call struct {
		hcp                              int32
		id                               uint32 // call_id
		rep                              int16
		day                              int16
		brand, channel, minutes, samples uint8
	}
	mail struct {
		hcp         int32
		second      int32 // of the day
		day         int16
		brand, kind uint8
	}
)

// fact is one labelled row: an HCP × brand at a snapshot.
type fact struct {
	hcp           int32
	brand, at     uint8 // at: number of the snapshot
	lapse         bool
	before, after int16 // prescriptions in the windows of the rule
	probability   float64
}

// world is everything that a seed gives.
type world struct {
	seed        uint64
	hcps        []hcp
	territories int
	vacant      [][]bool // territory × step: nobody calls
	weight      []float64
	scripts     []script
	calls       []call
	mails       []mail
	facts       []fact
	flaws       []flaw
	ids, dates  []string // of the HCPs and of the days, as the files have them
}

// random is a stream of its own for one purpose and one thing.
func (w *world) random(purpose, thing uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.seed^purpose<<56, thing))
}

// The purposes of random streams.
const (
	forHCP = iota + 1
	forTerritory
	forHistory
	forFlaws
)

func makeWorld(h HCP) *world {
	w := &world{seed: h.Seed, hcps: make([]hcp, h.HCPs), territories: max(12, h.HCPs/100)}
	w.weight = dayWeights()
	for t := range w.territories {
		r := w.random(forTerritory, uint64(t))
		vacant := make([]bool, snapshots+1)
		for k := range vacant {
			vacant[k] = r.Float64() < 0.12
		}
		w.vacant = append(w.vacant, vacant)
	}
	for i := range w.hcps {
		w.hcps[i] = w.makeHCP(i)
	}
	return w
}

func (w *world) makeHCP(i int) hcp {
	r := w.random(forHCP, uint64(i))
	h := hcp{territory: int32(r.IntN(w.territories)), second: -1, years: int16(1 + r.IntN(40))}
	h.specialty = uint8(pick(r, len(specialties), func(j int) float64 { return specialties[j].share }))
	h.state = uint8(int(h.territory) % len(stateNames))
	clinics := w.clinics()
	h.affiliation = int32(r.IntN(clinics))
	if r.Float64() < 0.01 {
		h.second = int32((int(h.affiliation) + 1 + r.IntN(clinics-1)) % clinics)
	}
	if r.Float64() < 0.08 {
		h.years = -1
	}
	h.onboarded = -int32(30 + r.IntN(3000))
	h.npi = uint32(i)*44_987%899_999_999 + 100_000_000
	h.zip = uint32(r.IntN(99_000) + 500)
	h.segment = uint8(pick(r, 3, func(j int) float64 { return []float64{0.25, 0.35, 0.4}[j] }))
	h.calls = []float64{3.6, 2.0, 0.7}[h.segment] * math.Exp(0.35*r.NormFloat64())
	h.mails = 1.1 + 1.6*r.Float64()
	h.opens = 0.15 + 0.6*r.Float64()*r.Float64()
	for j, base := range []float64{0.5, 0.3, 0.14, 0.06} {
		h.payers[j] = base * math.Exp(0.5*r.NormFloat64())
	}
	for b := range h.brands {
		chance := specialties[h.specialty].brands[b]
		level := 7.6 * math.Exp(0.55*r.NormFloat64()-0.15)
		late := r.Float64() < 0.15
		start := int8(1 + r.IntN(snapshots-1))
		if r.Float64() < chance {
			h.brands[b] = habit{active: true, level: level}
			if late {
				h.brands[b].start = start
			}
		}
	}
	return h
}

// clinics is the number of affiliations.
func (w *world) clinics() int { return max(4, len(w.hcps)/12) }

// dayWeights is how much of prescribing falls on each day: weekdays, and
// fewer in the summer and around the turn of the year.
func dayWeights() []float64 {
	season := [12]float64{0.94, 0.98, 1.06, 1.04, 1.03, 1.00, 0.90, 0.88, 1.04, 1.08, 1.05, 0.92}
	week := [7]float64{0.05, 1.05, 1.1, 1.05, 1.0, 0.9, 0.2} // from Sunday
	out := make([]float64, days)
	for d := range out {
		t := date(d)
		out[d] = week[t.Weekday()] * season[t.Month()-1]
	}
	return out
}

// pick draws an index of n with the given weights.
func pick(r *rand.Rand, n int, weight func(int) float64) int {
	total := 0.0
	for j := range n {
		total += weight(j)
	}
	u := r.Float64() * total
	for j := range n - 1 {
		if u -= weight(j); u < 0 {
			return j
		}
	}
	return n - 1
}

// poisson draws a count by multiplying uniforms; mean at most about 500.
func poisson(r *rand.Rand, mean float64) int {
	limit, product := math.Exp(-mean), r.Float64()
	n := 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}
