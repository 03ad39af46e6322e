package sample

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/metric"
)

// summary counts the labelled rows of each brand.
func (w *world) summary() Summary {
	var out Summary
	for k := range snapshots {
		out.Snapshots = append(out.Snapshots, date(snapshotDay(k)).Format("2006-01-02"))
	}
	for b, name := range brandNames {
		s := metric.Sample{Classes: 2}
		positive := 0.0
		for _, f := range w.facts {
			if int(f.brand) != b {
				continue
			}
			y := 0.0
			if f.lapse {
				y = 1
			}
			positive += y
			s.Target = append(s.Target, y)
			s.Prediction = append(s.Prediction, f.probability)
		}
		fact := BrandFact{Brand: name, Rows: len(s.Target)}
		if positive > 0 && positive < float64(fact.Rows) {
			fact.Positive = positive / float64(fact.Rows)
			fact.BestAUC = metric.Score(metric.AUC, s)
		}
		out.Brands = append(out.Brands, fact)
	}
	return out
}

// writeTruth writes probabilities.csv.gz, flaws.csv.gz, summary.json and
// README.md.
func (w *world) writeTruth(dir string, s Summary) error {
	p := create(filepath.Join(dir, "probabilities.csv.gz"), "hcp_id,brand,snapshot,probability,label,count_before,count_after")
	for _, f := range w.facts {
		p.text(w.ids[f.hcp])
		p.text(brandNames[f.brand])
		p.text(w.dates[snapshotDay(int(f.at))])
		p.row = append(strconv.AppendFloat(p.row, f.probability, 'g', -1, 64), ',')
		label := 0
		if f.lapse {
			label = 1
		}
		p.number(label)
		p.number(int(f.before))
		p.number(int(f.after))
		p.end()
	}
	flaws := create(filepath.Join(dir, "flaws.csv.gz"), "table,column,kind,rows,what")
	for _, f := range w.flaws {
		flaws.text(f.table)
		flaws.text(f.column)
		flaws.text(f.kind)
		flaws.number(f.rows)
		flaws.cell("%q", f.what)
		flaws.end()
	}
	text, err := json.MarshalIndent(s, "", "  ")
	return errors.Join(p.close(), flaws.close(), err,
		os.WriteFile(filepath.Join(dir, "summary.json"), append(text, '\n'), 0o666),
		os.WriteFile(filepath.Join(dir, "README.md"), []byte(readme()), 0o666))
}

// readme says what the probabilities are, with the coefficients in use.
func readme() string {
	var b strings.Builder
	fmt.Fprintf(&b, readmeHead, gap, after, before, step, snapshots, date(first).Format("2006-01-02"))
	for i, name := range brandNames {
		fmt.Fprintf(&b, "| brand %s | %g |\n", name, brandEffect[i])
	}
	for i, s := range specialties {
		fmt.Fprintf(&b, "| specialty %s | %g |\n", s.name, specialtyEffect[i])
	}
	for _, term := range []struct {
		what string
		by   float64
	}{
		{"recent / max(n, 1) - 1/3", recentEffect},
		{"last / 30", lastEffect},
		{"ln(max(n, 1) / 6)", volumeEffect},
		{"min(calls, 4)", callEffect},
		{"min(opens, 3)", openEffect},
		{"others / max(others + n, 1)", othersEffect},
		{"rejected / max(n, 1)", rejectedEffect},
		{"1 if calls = 0 and others / max(others + n, 1) > 0.3", alone},
	} {
		fmt.Fprintf(&b, "| %s | %g |\n", term.what, term.by)
	}
	return b.String()
}

const readmeHead = `# What is true of these tables

All rows are generated; no person, practice or claim in them exists. Septet
never reads this folder.

## The label

Unit: HCP × brand. At a snapshot (a midnight) compare the prescriptions in the
%[2]d days that begin %[1]d days after it with those in the %[3]d days before
it: positive if none, or below 30 %% of the earlier count; fewer than 3 before
is indeterminate. The %[5]d snapshots are %[4]d days apart, the first is
%[6]s; the last is the newest prescription's day + 1 - %[4]d days.
Repeated rows (flaws.csv.gz) lie outside every window: it does not matter
whether they are dropped.

## The probability

probabilities.csv.gz has, for every row that the rule labels, the probability
of a positive label given everything before the snapshot. It is
1 / (1 + exp(-z)), and z is the sum of the terms below, from the HCP's rows in
the %[3]d days before the snapshot. A prescription counts if rx_date and
reported_date are both before the snapshot.

- n: prescriptions of the brand; recent: those in the last 30 days; rejected:
  those whose claim_status is rejected
- last: days from the newest of them to the snapshot, %[3]d where n = 0
- others: prescriptions of the HCP for other brands
- calls: calls about the brand; opens: e-mail events "open" of the brand

The label was drawn with this probability and the later rows were made to
agree with it. No ranking can be expected to do better than this probability,
on any set of rows chosen without looking at the labels; summary.json has its
auc for each brand.

| term | times |
|---|---|
`
