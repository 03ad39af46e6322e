package settings_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/settings"
)

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want string // part of the error; "" is sound
	}{
		{nil, ""},
		{map[string]string{
			"minimum_samples": "200", "gap_days": "0", "as_of": "2024-06-30", "unit": "new_entities",
			"criteria.auc": "0.8", "split.by": "time", "split.test": "20%", "threshold.capacity": "0.1", "bake": "30s", "identical_rows": "off",
			"target": "rx.churn", "threshold.cost_fn": "5",
		}, ""},
		{map[string]string{"minimum_sample": "200"}, "nearest minimum_samples"},
		{map[string]string{"colour": "red"}, "the keys are minimum_samples, horizon_days"},
		{map[string]string{"minimum_samples": "many"}, "the value is no whole number"},
		{map[string]string{"minimum_samples": "0"}, "1 or more"},
		{map[string]string{"horizon_days": "-3"}, "from 1 to 36525"},
		{map[string]string{"as_of": "30/06/2024"}, "no date"},
		{map[string]string{"unit": "both"}, "known_entities, new_entities"},
		{map[string]string{"criteria.auk": "0.8"}, "nearest auc"},
		{map[string]string{"criteria.roc_auc": "0.8"}, "nearest auc"},
		{map[string]string{"criteria.Log Loss": "0.8"}, "nearest criteria.log_loss"},
		{map[string]string{"criteria.auc": "NaN"}, "no number"},
		{map[string]string{"split.test": "1.5"}, "from 0 to 1"},
		{map[string]string{"split.train": "0.8", "split.test": "0.4"}, "more than 1"},
		{map[string]string{"split.validation": "0"}, "each need rows"},
		{map[string]string{"bake": "soon"}, "no duration"},
		{map[string]string{"bake": "-3s"}, "no duration"},
		{map[string]string{"identical_rows": "false"}, "none of on, off"},
		{map[string]string{"target": " "}, "empty"},
		{map[string]string{"gap_days": "x", "unit": "y"}, "--set unit: this is none of"},
	} {
		err := settings.Check(test.set)
		if test.want == "" {
			if err != nil {
				t.Errorf("%v: %v", test.set, err)
			}
			continue
		}
		p := problem.As(err)
		if p == nil || p.Kind != problem.Usage || !strings.HasPrefix(p.Where, "--set ") {
			t.Errorf("%v: got %v, want a usage problem at --set", test.set, err)
			continue
		}
		got := p.Error() + " nearest " + strings.Join(p.Nearest, " ")
		if !strings.Contains(got, test.want) {
			t.Errorf("%v: got %q, want %q in it", test.set, got, test.want)
		}
	}
}

func TestShares(t *testing.T) {
	for _, test := range []struct {
		set  map[string]string
		want map[string]float64
	}{
		{nil, map[string]float64{"train": 0.60, "validation": 0.20, "test": 0.15, "holdout": 0.05}},
		{map[string]string{"split.holdout": "0"}, map[string]float64{"train": 0.6 / 0.95, "validation": 0.2 / 0.95, "test": 0.15 / 0.95, "holdout": 0}},
		{
			map[string]string{"split.train": "50%", "split.validation": "0.25", "split.test": "0.25"},
			map[string]float64{"train": 0.5, "validation": 0.25, "test": 0.25, "holdout": 0},
		},
	} {
		got, err := settings.Shares(test.set)
		if err != nil {
			t.Fatal(err)
		}
		near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
		if diff := cmp.Diff(test.want, got, near); diff != "" {
			t.Errorf("%v: -want +got\n%s", test.set, diff)
		}
	}
}

func TestValues(t *testing.T) {
	set := map[string]string{
		"gap_days": " 14", "threshold.capacity": "12.5%", "as_of": "2024-06-30T23:00:00+02:00",
		"criteria.log_loss": "0.3", "criteria.auc": "0.8",
	}
	if err := settings.Check(set); err != nil {
		t.Fatal(err)
	}
	if got, given := settings.Int(set, "gap_days"); got != 14 || !given {
		t.Errorf("gap_days is %d, given %v", got, given)
	}
	if got, _ := settings.Float(set, "threshold.capacity"); got != 0.125 {
		t.Errorf("capacity is %v", got)
	}
	if _, given := settings.Int(set, "label_days"); given {
		t.Error("label_days was not given")
	}
	want := []settings.Bar{{Metric: "auc", Value: 0.8}, {Metric: "log_loss", Value: 0.3}}
	if diff := cmp.Diff(want, settings.Bars(set)); diff != "" {
		t.Error(diff)
	}
}

func TestOf(t *testing.T) {
	set := map[string]string{"criteria.auc": "0.8", "bake": "30s", "minimum_samples": "100"}
	want := map[string]string{"minimum_samples": "100"}
	if diff := cmp.Diff(want, settings.Of(set, handoff.DataPreparer)); diff != "" {
		t.Error(diff)
	}
	if got := settings.Of(map[string]string{"bake": "30s"}, handoff.ScopeDefiner); got != nil {
		t.Errorf("got %v", got)
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("minimum_samples", "12")
	f.Add("split.train", "60%")
	f.Add("criteria.auc", "0x1p-2")
	f.Add("as_of", "2024-02-30")
	f.Fuzz(func(t *testing.T, key, value string) {
		set := map[string]string{key: value}
		if settings.Check(set) != nil {
			return
		}
		for _, k := range settings.Keys() { // what passed can be read
			if k.Name != key {
				continue
			}
			switch k.Type {
			case settings.Whole:
				settings.Int(set, key)
			case settings.Decimal, settings.Share:
				settings.Float(set, key)
			}
		}
		settings.Bars(set)
	})
}
