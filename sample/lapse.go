package sample

import "math"

// known is what the probability of lapsing looks at: for one HCP × brand and
// one snapshot, counts over the 90 days before it. A prescription counts if
// its date and the date on which it was reported both lie before the
// snapshot.
type known struct {
	brand, specialty uint8
	scripts          int // of the brand
	recent           int // of these in the last 30 days
	rejected         int // of these with claim_status rejected
	others           int // prescriptions of the HCP for other brands
	last             int // days from the newest script to the snapshot; 90 where there is none
	calls            int // of the HCP about the brand
	opens            int // e-mails about the brand that the HCP opened
}

// The coefficients of the log odds. truth/README.md prints them.
var (
	brandEffect     = [4]float64{-2.65, -2.45, -2.3, -3.9}
	specialtyEffect = [6]float64{0, 0.3, -0.25, 0.3, -0.35, 0.5}
)

const (
	recentEffect   = -3.5 // of the share of recent among scripts, less a third
	lastEffect     = 1.0  // of last / 30
	volumeEffect   = -0.5
	callEffect     = -0.5  // each, up to 4
	openEffect     = -0.45 // each, up to 3
	othersEffect   = 1.7   // of the share of others among all prescriptions
	rejectedEffect = 2.7   // of the share of rejected among scripts
	alone          = 0.8   // nobody called and the share of others is above 0.3
)

// logit is the log odds of lapsing.
func (k known) logit() float64 {
	n := float64(max(k.scripts, 1))
	others := float64(k.others) / max(float64(k.others+k.scripts), 1)
	z := brandEffect[k.brand] + specialtyEffect[k.specialty]
	z += float64(recentEffect * (float64(k.recent)/n - 1.0/3))
	z += float64(lastEffect * float64(k.last) / 30)
	z += float64(volumeEffect * math.Log(n/6))
	z += float64(callEffect * float64(min(k.calls, 4)))
	z += float64(openEffect * float64(min(k.opens, 3)))
	z += float64(othersEffect * others)
	z += float64(rejectedEffect * float64(k.rejected) / n)
	if k.calls == 0 && others > 0.3 {
		z += alone
	}
	return z
}

// probability is 1 / (1 + exp(-logit)).
func (k known) probability() float64 { return 1 / (1 + math.Exp(-k.logit())) }
