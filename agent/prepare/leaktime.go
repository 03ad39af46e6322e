package prepare

import (
	"fmt"
	"math"
	"time"

	"github.com/septet-ml/septet/table"
)

// How probable it may be, by chance, that all rows with a value are of one
// class: without, and with a name that says the same.
const oneClass, lateOneClass = 1e-9, 1e-4

// present finds columns that are filled in only after the answer: whether
// there is a value tells the class. A column with fewer than 30 values is held
// to be one only if its name says so, too.
func (c *checks) present(key *answerKey, s *suspect) verdict {
	if key.classes == 0 {
		return key.presentValue(s)
	}
	there := make([]int, key.classes)
	rows := 0
	bin := make([]int32, len(key.rows))
	for i, r := range key.rows {
		if !s.IsMissing(int(r)) {
			bin[i] = 1
			there[key.class[i]]++
			rows++
		}
	}
	if rows < 10 || rows > len(key.rows)-30 {
		return verdict{}
	}
	if rows >= 30 {
		if area := key.strength(bin, 2); area >= 0.95 {
			return verdict{code: "leak.after_outcome", evidence: fmt.Sprintf("whether it has a value tells the class: that alone reaches AUC %.3f", area)}
		}
	}
	for class, n := range there {
		share := float64(key.count[class]) / float64(len(key.rows))
		chance := math.Pow(share, float64(rows))
		if n < rows || share > 0.9 || chance >= lateOneClass {
			continue
		}
		evidence := fmt.Sprintf("all %d rows that have a value are of one class, which %.0f %% of all rows are", rows, 100*share)
		if rows >= 30 && chance < oneClass {
			return verdict{code: "leak.after_outcome", evidence: evidence}
		}
		if why := c.late(s.Name); why != "" {
			return verdict{code: "leak.after_outcome", evidence: why + ", and " + evidence}
		}
	}
	return verdict{}
}

// presentValue is present for values: nearly all rows that have a value of the
// column have larger answers than those without one, or smaller ones.
func (k *answerKey) presentValue(s *suspect) verdict {
	rows, sum := 0.0, 0.0
	for i, r := range k.rows {
		if !s.IsMissing(int(r)) {
			rows++
			sum += k.value[i]
		}
	}
	n := float64(len(k.rows))
	if rows < 30 || rows > n-30 {
		return verdict{}
	}
	// The area under the ROC curve, from the mean of the ranks 0 to n-1.
	area := (sum*(n-1) - rows*(rows-1)/2) / (rows * (n - rows))
	if area = max(area, 1-area); area < 0.98 {
		return verdict{}
	}
	return verdict{code: "leak.after_outcome", evidence: fmt.Sprintf("whether it has a value tells large answers from small ones: that alone reaches AUC %.3f", area)}
}

// future finds times that lie after the time of their row, or after the day
// that the data is looked at from.
func (c *checks) future(key *answerKey, s *suspect) verdict {
	if s.Kind != table.Time || c.isTime(s.Name) {
		return verdict{}
	}
	end := int64(math.MaxInt64)
	if c.e.scope.AsOf != nil {
		if at, err := time.Parse(time.DateOnly, (*c.e.scope.AsOf)[:min(10, len(*c.e.scope.AsOf))]); err == nil {
			end = at.AddDate(0, 0, 1).UnixMicro()
		}
	}
	const day = int64(24 * time.Hour / time.Microsecond)
	after, beyond, present := 0, 0, 0
	since := &table.Column{Number: make([]float64, c.e.n())}
	for i := range since.Number {
		since.Number[i] = math.NaN()
	}
	for _, r := range key.rows {
		at := s.Time[r]
		if at == table.NoTime {
			continue
		}
		present++
		if at >= end {
			beyond++
		}
		if c.e.time != nil && c.e.time[r] != table.NoTime {
			since.Number[r] = float64(at-c.e.time[r]) / float64(day)
			if at-c.e.time[r] >= day {
				after++
			}
		}
	}
	if float64(after) < futureShare*float64(present) && float64(beyond) < futureShare*float64(present) || present == 0 {
		return verdict{}
	}
	bin, n, _ := key.bins(since)
	strength := max(s.strength, key.strength(bin, n))
	evidence := fmt.Sprintf("in %d of %d rows it is a day or more after the row's own time", after, present)
	if c.e.time == nil {
		evidence = fmt.Sprintf("in %d of %d rows it is after %s", beyond, present, *c.e.scope.AsOf)
	}
	switch {
	case strength >= key.bar(lateArea, lateShare):
		return verdict{code: "leak.after_outcome", evidence: evidence + ", and " + key.told(strength)}
	case isPlanned(s.Name):
		return verdict{code: "leak.future_time", warn: true, evidence: evidence + "; by its name it is a date that is planned ahead, so it is kept"}
	}
	return verdict{code: "leak.future_time", evidence: evidence}
}
