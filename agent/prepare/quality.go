package prepare

import (
	"fmt"
	"strings"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// passScore is what the quality of the data must reach.
const passScore = 0.80

// dimensions of quality and their weights in the score.
var dimensions = []handoff.Dimension{
	{Name: "completeness", Weight: 0.25},
	{Name: "validity", Weight: 0.25},
	{Name: "consistency", Weight: 0.20},
	{Name: "uniqueness", Weight: 0.15},
	{Name: "timeliness", Weight: 0.15},
}

// quality holds the data against named expectations and scores them. An
// expectation about columns scores the mean over its columns, a dimension the
// mean over its expectations.
func (c *checks) quality() handoff.Quality {
	c.done = append(c.done, gateQuality)
	q := handoff.Quality{Expectations: []handoff.Expectation{}}
	add := func(dimension, name, column string, score float64, evidence string, of ...any) {
		x := handoff.Expectation{Name: name, Dimension: dimension, Table: c.e.info.Name, Score: score, Evidence: fmt.Sprintf(evidence, of...)}
		if column != "" {
			x.Column = &column
		}
		q.Expectations = append(q.Expectations, x)
	}
	c.expectColumns(add)
	c.expectRows(add)
	if c.e.events != nil {
		c.expectTables(&q)
	}
	for _, d := range dimensions {
		d.Score = scoreOf(d.Name, q.Expectations)
		q.Dimensions = append(q.Dimensions, d)
		q.Score += float64(d.Weight * d.Score)
	}
	if q.Score < passScore {
		worst := q.Dimensions[0]
		for _, d := range q.Dimensions {
			if d.Weight*(1-d.Score) > worst.Weight*(1-worst.Score) {
				worst = d
			}
		}
		c.find("data.quality", handoff.Blocking, handoff.Stopped, "",
			fmt.Sprintf("the quality of the data is %.2f, %.2f is asked for; most is lost by %s (%.2f)", q.Score, passScore, worst.Name, worst.Score),
			"look at the expectations that fail: septet runs show RUN --agent data_preparer")
	}
	return q
}

// scoreOf is the mean over the expectations of a dimension, where those of one
// name count as one; 1 where there are none.
func scoreOf(dimension string, all []handoff.Expectation) float64 {
	var names []string
	sum, n := map[string]float64{}, map[string]float64{}
	for _, x := range all {
		if x.Dimension == dimension {
			if n[x.Name] == 0 {
				names = append(names, x.Name)
			}
			sum[x.Name] += x.Score
			n[x.Name]++
		}
	}
	if len(names) == 0 {
		return 1
	}
	total := 0.0
	for _, name := range names {
		total += sum[name] / n[name]
	}
	return total / float64(len(names))
}

type expect func(dimension, name, column string, score float64, evidence string, of ...any)

// expectColumns is what is expected of every input.
func (c *checks) expectColumns(add expect) {
	for i := range c.e.inputs.Columns {
		col := &c.e.inputs.Columns[i]
		info := c.e.info.Column(col.Name)
		missing := 0
		for r := range c.e.n() {
			if col.IsMissing(r) {
				missing++
			}
		}
		add("completeness", "column_is_filled", col.Name, 1-share(missing, c.e.n()), "%d of %d rows have no value", missing, c.e.n())
		present := c.e.info.Rows - info.Missing
		add("validity", "numbers_are_finite", col.Name, 1-share(info.Infinite, present+info.Infinite), "%d infinite numbers", info.Infinite)
		strays := 0
		if col.Kind == table.Text && !info.LeadingZeros && !info.LongDigits && info.Numbers*2 > present {
			strays = present - info.Numbers
		}
		add("validity", "cells_are_of_one_kind", col.Name, 1-share(strays, present), "%d of %d cells are not of the kind of the others", strays, present)
		variants := spellings(col)
		add("consistency", "values_have_one_spelling", col.Name, 1-share(variants, c.e.n()), "%d rows have a value in another case or spacing than most", variants)
		if col.Kind == table.Time {
			score := 1.0
			if info.DayMonthGuess {
				score = 0.5
			}
			add("validity", "dates_can_be_told", col.Name, score, "%d ways to write them", len(info.Layouts))
		}
		score := 1.0
		if info.Distinct < 2 {
			score = 0
		}
		add("uniqueness", "column_varies", col.Name, score, "%d different values", info.Distinct)
	}
}

// spellings counts the rows whose value differs from a more frequent one only
// in case or blanks.
func spellings(c *table.Column) (rows int) {
	if c.Kind != table.Text || len(c.Levels) > 10_000 {
		return 0
	}
	size := make([]int, len(c.Levels))
	for _, code := range c.Code {
		if code >= 0 {
			size[code]++
		}
	}
	most, all := map[string]int{}, map[string]int{}
	for i, level := range c.Levels {
		plain := strings.ToLower(strings.Join(strings.Fields(level), " "))
		most[plain] = max(most[plain], size[i])
		all[plain] += size[i]
	}
	for plain, n := range all {
		rows += n - most[plain]
	}
	return rows
}

// expectRows is what is expected of the table as a whole.
func (c *checks) expectRows(add expect) {
	e, info := c.e, c.e.info
	population := e.n() + e.unanswered
	add("completeness", "answer_is_known", targetColumn(e), 1-share(e.unanswered, population), "%d of %d rows have no answer", e.unanswered, population)
	cells := info.Rows * max(1, len(info.Columns))
	add("validity", "text_is_utf8", "", 1-share(info.RecodedCells, cells), "%d of %d cells are not", info.RecodedCells, cells)
	add("consistency", "rows_fit_the_header", "", 1-share(info.RejectedRows, info.Rows+info.RejectedRows), "%d of %d do not", info.RejectedRows, info.Rows+info.RejectedRows)
	renamed := 0
	for i := range info.Columns {
		if info.Columns[i].Renamed {
			renamed++
		}
	}
	add("consistency", "columns_have_own_names", "", 1-share(renamed, len(info.Columns)), "%d of %d do not", renamed, len(info.Columns))
	copies := e.extras()
	if e.expected && copies > 0 {
		add("uniqueness", "rows_are_no_copies", "", 1, "%d rows equal others, which is to be expected of columns with so few values", copies)
	} else {
		add("uniqueness", "rows_are_no_copies", "", 1-share(copies, e.n()), "%d of %d rows are copies of others", copies, e.n())
	}
	if e.time == nil {
		add("timeliness", "rows_have_a_time", "", 1, "no column tells when a row came to be: not judged")
		return
	}
	undated := 0
	for _, at := range e.time {
		if at == table.NoTime {
			undated++
		}
	}
	add("timeliness", "rows_have_a_time", e.timeColumn(), 1-share(undated, e.n()), "%d of %d rows have none", undated, e.n())
}

func share(part, whole int) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
