package web

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/handoff/handofftest"
)

// pageOf is the page of a run that ended with the model.
func pageOf(m handoff.Model) *runPage {
	p := &runPage{}
	p.Model, p.Choice, p.Features = &m, &m.Choice, &m.Choice.Features
	p.Dataset, p.Scope = &m.Choice.Features.Dataset, &m.Choice.Features.Dataset.Scope
	return p
}

// Every curve that a model may have is drawn: as XML, with words for who does
// not see it, in its own box.
func TestPlots(t *testing.T) {
	seen := map[string]int{}
	for seed := range uint64(40) {
		p := pageOf(handofftest.New(seed).Payload(handoff.ModelTrainer).(handoff.Model))
		for _, plot := range p.Plots() {
			seen[p.Scope.ProblemType+" "+plot.Title]++
			text := string(plot.SVG())
			d := xml.NewDecoder(strings.NewReader(text))
			for {
				_, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%v in %s", err, text)
				}
			}
			for _, bad := range []string{"NaN", "%!", "style="} {
				if strings.Contains(text, bad) {
					t.Errorf("%q in %s", bad, text)
				}
			}
			if !strings.Contains(text, `aria-label="`) || len(plot.text) < 10 {
				t.Errorf("%s is not said in words", plot.Title)
			}
		}
		if c := p.Confusion(); (c == nil) != (p.Scope.ProblemType == "regression") || c != nil && len(c.Rows[0]) != len(c.Header) {
			t.Errorf("%s: confusion %v", p.Scope.ProblemType, c)
		}
		if len(p.Groups()) != 1 || p.Worst() == nil {
			t.Errorf("groups %v, worst %v", p.Groups(), p.Worst())
		}
	}
	for _, want := range []string{"binary ROC", "binary Precision and recall", "binary Gain", "binary Calibration", "multiclass Calibration", "regression Predicted and observed", "binary Would more rows help?"} {
		if seen[want] == 0 {
			t.Errorf("never drawn: %s", want)
		}
	}
}

// A figure of a table stands over its interval.
func TestLines(t *testing.T) {
	for figure, want := range map[string]string{"0.98 (0.94 to 0.99)": "0.98|0.94 to 0.99", "3.3 % (1.7 to 5.8)": "3.3 %|1.7 to 5.8", "12 · 4.5 %": "12 · 4.5 %", "–": "–"} {
		if got := strings.Join(lines(figure), "|"); got != want {
			t.Errorf("%q is shown as %q, want %q", figure, got, want)
		}
	}
}

func TestTicksAreRound(t *testing.T) {
	for _, test := range []struct {
		s    scale
		want []float64
	}{
		{scale{0, 1}, []float64{0, 0.25, 0.5, 0.75, 1}},
		{scale{-120, 870}, []float64{0, 250, 500, 750}},
	} {
		got := test.s.ticks(4, 0)
		if len(got) != len(test.want) || got[0] != test.want[0] || got[len(got)-1] != test.want[len(test.want)-1] {
			t.Errorf("%v: ticks %v, want %v", test.s, got, test.want)
		}
	}
}
