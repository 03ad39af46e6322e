package serve

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
)

// Where they are asked for, an interval or set is behind each prediction; all
// else stays as it is.
func TestAnswerWithSets(t *testing.T) {
	tests := []struct {
		task    learn.Task
		classes []string
		scores  []float64
		c       calibrate.Conformal
		want    string
	}{
		{
			learn.Regression, nil,
			[]float64{10, -4},
			calibrate.Conformal{Kind: calibrate.Absolute, Coverage: 0.9, Width: 1, Quantile: 2.5},
			`[{"prediction":10,"probability":null,"probabilities":null,"low":7.5,"high":12.5},` +
				`{"prediction":-4,"probability":null,"probabilities":null,"low":-6.5,"high":-1.5}],`,
		},
		{
			learn.Binary,
			[]string{"no", `y"es`},
			[]float64{0.25, 0.75},
			calibrate.Conformal{Kind: calibrate.Least, Coverage: 0.9, Width: 1, Quantile: 0.5},
			`[{"prediction":"no","probability":0.25,"probabilities":{"no":0.75,"y\"es":0.25},"set":["no"]},` +
				`{"prediction":"y\"es","probability":0.75,"probabilities":{"no":0.25,"y\"es":0.75},"set":["y\"es"]}],`,
		},
		{
			learn.Multiclass,
			[]string{"a", "b", "c"},
			[]float64{0.5, 0.125, 0.375},
			calibrate.Conformal{Kind: calibrate.Least, Coverage: 0.9, Width: 3, Quantile: 0.75},
			`[{"prediction":"a","probability":null,"probabilities":{"a":0.5,"b":0.125,"c":0.375},"set":["a","c"]}],`,
		},
	}
	for _, test := range tests {
		about := &About{Task: test.task, Classes: test.classes, Width: test.c.Width, Conformal: &test.c}
		a, err := newAnswer(about, modelRef{"m", 3, "sha256:ab"}, "green")
		if err != nil {
			t.Fatal(err)
		}
		plain := string(a.append(nil, halves{about: about}, test.scores, about.Width, "id"))
		if strings.Contains(plain, "low") || strings.Contains(plain, `"set"`) {
			t.Errorf("not asked for, but given: %s", plain)
		}
		a.conformal = about.Conformal
		got := string(a.append(nil, halves{about: about}, test.scores, about.Width, "id"))
		if want := `{"predictions":` + test.want; !strings.HasPrefix(got, want) || !json.Valid([]byte(got)) {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestReadIntervals(t *testing.T) {
	row := `{"rows":[{"age":1,"plan":"x","active":true,"since":null,"a/b~c":2}],"intervals":`
	tests := []struct {
		body   string
		able   bool
		asked  bool
		faults string
	}{
		{row + "true}", true, true, ""},
		{`{"intervals":true,` + row[1:] + "false}", true, true, ""},
		{row + "false}", false, false, ""},
		{row + "true}", false, true, "/intervals"},
		{row + `"yes"}`, true, false, "/intervals"},
		{row + `[1,{}]}`, true, false, "/intervals"},
	}
	for _, test := range tests {
		f := testForm()
		f.sets = test.able
		b := read(f, test.body, 10)
		got := ""
		for _, fault := range b.faults {
			got += fault.Pointer
		}
		if b.sets != test.asked || got != test.faults {
			t.Errorf("%s: asked %v, faults at %q; want %v, %q", test.body, b.sets, got, test.asked, test.faults)
		}
	}
}
