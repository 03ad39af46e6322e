// Package sample makes tables whose best possible prediction is known.
//
// HCP writes three years of prescriptions, calls and e-mails of
// health-care professionals, as a commercial-analytics team would find them,
// flaws included. Time goes in steps: at each of nine snapshots, 104 days (a
// gap of 14 and a label window of 90) apart, every HCP × brand that has been
// prescribing gets a probability of lapsing which is computed from rows that
// stand in the tables by then (lapse.go); a coin with that probability is
// thrown; and the next 104 days are drawn under the condition that the HCP
// churn rule, applied to the finished tables, gives what the coin gave
// (history.go). So the probability that the rule's label is positive, given
// everything before the snapshot, is known exactly, and no model can rank
// better than it does. Probabilities and planted flaws are written beside the
// tables into truth/, which nothing in the product reads.
package sample

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// HCP is the settings of the generator.
type HCP struct {
	HCPs int    // 1 or more; 0 is 20,000
	Seed uint64 // the same settings and seed give the same bytes
}

// Summary is what was written.
type Summary struct {
	Files     []File      `json:"files"` // the tables, in the order of the names
	Snapshots []string    `json:"snapshots"`
	Brands    []BrandFact `json:"brands"`
}

// File is one table.
type File struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
}

// BrandFact is what is true of the labelled rows of a brand, all snapshots
// together.
type BrandFact struct {
	Brand    string  `json:"brand"`
	Rows     int     `json:"rows"`
	Positive float64 `json:"positive"` // share
	BestAUC  float64 `json:"best_auc"` // auc of the true probabilities on these rows
}

// Write makes dir/*.csv.gz and dir/truth/; files of these names are replaced.
// 20,000 HCPs give about 3 million rows.
func (h HCP) Write(dir string) (Summary, error) {
	if h.HCPs == 0 {
		h.HCPs = 20_000
	}
	if h.HCPs < 0 || h.HCPs > 1_000_000 {
		return Summary{}, fmt.Errorf("sample: %d HCPs: from 1 to 1,000,000 can be made", h.HCPs)
	}
	if err := os.MkdirAll(filepath.Join(dir, "truth"), 0o777); err != nil {
		return Summary{}, fmt.Errorf("sample: %w", err)
	}
	w := makeWorld(h)
	w.live()
	w.spoil()
	out := w.summary()
	files, err := w.writeTables(dir)
	if err != nil {
		return Summary{}, fmt.Errorf("sample: %w", err)
	}
	out.Files = files
	if err := w.writeTruth(filepath.Join(dir, "truth"), out); err != nil {
		return Summary{}, fmt.Errorf("sample: %w", err)
	}
	return out, nil
}

// The calendar, in days since the first one. A snapshot is a midnight: what
// happened on an earlier day lies before it.
const (
	days      = 1096 // 2022-01-01 to 2024-12-31
	before    = 90   // days of the rule's observation window, and of all that the probability looks at
	gap       = 14
	after     = 90
	step      = gap + after
	snapshots = 9
	first     = days - snapshots*step // day of the first snapshot: 160
)

// snapshotDay is the day of the k-th snapshot, 0 the oldest.
func snapshotDay(k int) int { return first + k*step }

func date(day int) time.Time {
	return time.Date(2022, 1, 1+day, 0, 0, 0, 0, time.UTC)
}
