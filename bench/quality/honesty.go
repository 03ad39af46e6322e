package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/metric"
)

const (
	promise   = 0.9 // share of rows that intervals and sets hold, unless a run asks for another
	simulated = 400 // times that answers are drawn from the predictions
)

// held counts the rows whose interval or set holds the answer, among those
// that have one. answers are as the file of the set writes them.
func held(path string, answers []string) (hits, rows int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	header, err := r.Read()
	if err != nil {
		return 0, 0, err
	}
	at := func(name string) int { return slices.Index(header, name) }
	prediction, low, high, classes := at("prediction"), at("low"), at("high"), at("set")
	for _, answer := range answers {
		row, err := r.Read()
		if err != nil {
			return 0, 0, errors.Join(fmt.Errorf("%s: fewer rows than answers", path), err)
		}
		var hit bool
		switch {
		case row[prediction] == "" || low < 0 && classes < 0:
			continue
		case classes >= 0:
			hit = slices.Contains(setOf(row[classes]), answer)
		default:
			value, err := strconv.ParseFloat(answer, 64)
			least, err1 := strconv.ParseFloat(row[low], 64)
			most, err2 := strconv.ParseFloat(row[high], 64)
			if err := errors.Join(err, err1, err2); err != nil {
				return 0, 0, err
			}
			hit = value >= least && value <= most
		}
		rows++
		if hit {
			hits++
		}
	}
	if _, err := r.Read(); err != io.EOF {
		return 0, 0, fmt.Errorf("%s: more rows than answers", path)
	}
	return hits, rows, nil
}

// setOf is the classes of a set as predict writes it.
func setOf(text string) []string {
	out, escaped := []string{""}, false
	for _, r := range text {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case r == '|' && !escaped:
			out = append(out, "")
			continue
		}
		out[len(out)-1] += string(r)
		escaped = false
	}
	return out
}

// rowsPath is where the answers and predictions of a fit's held-out rows are.
func (p plan) rowsPath(f fit) string {
	return filepath.Join(p.work, "rows", fmt.Sprintf("%s-%d-%d-%s-%d-%.12s.json", f.Set, f.Repeat, f.Fold, f.Effort, f.Seed, f.Program))
}

func (p plan) keepRows(f fit, s metric.Sample) error {
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	path := p.rowsPath(f)
	return errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, data, 0o644))
}

// hasRows tells whether what honesty needs of a fit is there.
func (p plan) hasRows(f fit) bool {
	_, err := os.Stat(p.rowsPath(f))
	return err == nil || len(f.Scores) == 0
}

// honesty is the table of what probabilities, intervals and sets promise and
// keep, on the held-out rows of the first deal of all folds with a model.
func (p plan) honesty(sets []set, all []fit) (string, error) {
	var b strings.Builder
	b.WriteString("\n| set | rows | ECE | 95 % of calibrated ones below | over it | held, of 90 % promised | folds outside their 99 % band |\n|---|---|---|---|---|---|---|\n")
	for _, s := range sets {
		fits := slices.DeleteFunc(of(all, s.Name), func(f fit) bool { return f.Repeat != 0 || len(f.Scores) == 0 })
		pool, err := p.pooled(fits)
		if err != nil {
			return "", err
		}
		if len(pool.Target) == 0 {
			continue
		}
		ece, usual, over := "–", "–", "–"
		if pool.Classes > 0 {
			got, most := metric.Score(metric.ECE, pool), calibratedECE(pool)
			ece, usual, over = fmt.Sprintf("%.4f", got), fmt.Sprintf("%.4f", most), fmt.Sprintf("%+.4f", got-most)
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s |\n", s.Name, len(pool.Target), ece, usual, over, kept(fits, pool.Classes > 0))
	}
	b.WriteString("\nThe band is that of one fresh test (beta-binomial, fitted on the rows of training and validation, four fifths of those that a run is given); sets of classes hold the most probable one always, so they are outside only below it.\n")
	return b.String(), nil
}

// pooled is the held-out rows of all fits.
func (p plan) pooled(fits []fit) (metric.Sample, error) {
	pool := metric.Sample{}
	for _, f := range fits {
		data, err := os.ReadFile(p.rowsPath(f))
		if err != nil {
			return pool, err
		}
		var one metric.Sample
		if err := json.Unmarshal(data, &one); err != nil {
			return pool, fmt.Errorf("%s: %w", p.rowsPath(f), err)
		}
		pool.Classes = one.Classes
		pool.Target, pool.Prediction = append(pool.Target, one.Target...), append(pool.Prediction, one.Prediction...)
	}
	return pool, nil
}

// kept is the share of rows whose interval or set held the answer, and the number
// of folds whose share is not what a kept promise gives.
func kept(fits []fit, classes bool) string {
	hits, rows, folds, outside := 0, 0, 0, 0
	for _, f := range fits {
		if f.Promised == 0 {
			continue
		}
		low, high := calibrate.HeldBand(promise, 0.99, f.Learned*4/5, f.Promised)
		share := float64(f.Held) / float64(f.Promised)
		if share < low || share > high && !classes {
			outside++
		}
		hits, rows, folds = hits+f.Held, rows+f.Promised, folds+1
	}
	if rows == 0 {
		return "– | –"
	}
	return fmt.Sprintf("%.2f %% | %d of %d", 100*float64(hits)/float64(rows), outside, folds)
}

// calibratedECE is the 95 % quantile of the ECE that the predictions would have
// if every answer came as often as they say.
func calibratedECE(s metric.Sample) float64 {
	random := rand.New(rand.NewPCG(1, 15))
	width := len(s.Prediction) / len(s.Target)
	draw := metric.Sample{Classes: s.Classes, Prediction: s.Prediction, Target: make([]float64, len(s.Target))}
	values := make([]float64, simulated)
	for k := range values {
		for i := range draw.Target {
			draw.Target[i] = chance(random.Float64(), s.Prediction[i*width:(i+1)*width])
		}
		values[k] = metric.Score(metric.ECE, draw)
	}
	slices.Sort(values)
	return values[simulated*95/100]
}

// chance is the class that u, uniform in 0..1, falls on.
func chance(u float64, p []float64) float64 {
	if len(p) == 1 {
		if u < p[0] {
			return 1
		}
		return 0
	}
	for k, v := range p {
		if u -= v; u < 0 {
			return float64(k)
		}
	}
	return float64(len(p) - 1)
}
