package serve

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/serve/servetest"
	"github.com/septet-ml/septet/table"
)

// reasoned is an answer with reasons.
type reasoned struct {
	Predictions []struct {
		Prediction    any                `json:"prediction"`
		Probabilities map[string]float64 `json:"probabilities"`
		Base          *float64           `json:"base"`
		Reasons       []struct {
			Feature string  `json:"feature"`
			Effect  float64 `json:"effect"`
			Words   string  `json:"words"`
		} `json:"reasons"`
		Rest *float64 `json:"rest"`
	} `json:"predictions"`
}

func (r *rig) post(name, body string) (int, []byte) {
	r.Helper()
	answer, err := http.Post(r.client.Info.URL()+"/v1/models/"+name+":predict", "application/json", strings.NewReader(body))
	if err != nil {
		r.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer.StatusCode, text
}

// The endpoint's reasons are those of the file, bit for bit, and add up to the
// score; who asks for none gets none.
func TestReasonsOfTheEndpoint(t *testing.T) {
	for name, recipe := range map[string]servetest.Recipe{
		"binary": {Task: learn.Binary}, "multiclass": {Task: learn.Multiclass}, "regression": {Task: learn.Regression},
		"seen, binary": {Task: learn.Binary, Seen: true}, "seen, multiclass": {Task: learn.Multiclass, Seen: true}, "seen, regression": {Task: learn.Regression, Seen: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			recipe.Trees = 5
			m := r.register("churn", recipe)
			r.deploy(m, nil)
			file, err := modelfile.Open(filepath.Join(r.dir, m.Path))
			if err != nil {
				t.Fatal(err)
			}
			e, err := modelfile.NewExplainer(file)
			if err != nil {
				t.Fatal(err)
			}
			raw := goldenTable(t, file)
			scores, err := file.ScoreTable(t.Context(), raw, 1)
			if err != nil {
				t.Fatal(err)
			}
			want, err := e.ExplainTable(t.Context(), raw, scores, 2, 1)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := json.Marshal(file.Golden.Rows)
			if err != nil {
				t.Fatal(err)
			}
			status, text := r.post("churn", `{"explain": 2, "rows": `+string(rows)+`}`)
			var got reasoned
			if err := json.Unmarshal(text, &got); err != nil || status != http.StatusOK {
				t.Fatalf("%d, %v: %s", status, err, text)
			}
			if named := strings.Contains(string(text), modelfile.SeenRows); named != recipe.Seen {
				t.Errorf("that the rows were seen is a reason: %v", named)
			}
			for i, p := range got.Predictions {
				seen := modelfile.Explanation{Class: want[i].Class, Base: *p.Base, Rest: *p.Rest}
				sum := *p.Base + *p.Rest
				for k, reason := range p.Reasons {
					at := want[i].Reasons[k].Feature
					if name := e.Names()[at]; reason.Feature != name || reason.Words != e.Words(at) {
						t.Errorf("row %d: reason %d is %s, %q, want %s", i, k+1, reason.Feature, reason.Words, name)
					}
					seen.Reasons = append(seen.Reasons, modelfile.Reason{Feature: at, Effect: reason.Effect})
					sum += reason.Effect
				}
				if diff := cmp.Diff(want[i], seen); diff != "" {
					t.Fatalf("row %d (-file +endpoint):\n%s", i, diff)
				}
				score := scores[i*file.Width()]
				switch recipe.Task {
				case learn.Binary:
					score = calibrate.LogOdds(score)
				case learn.Multiclass:
					score = calibrate.LogOdds(p.Probabilities[p.Prediction.(string)])
				}
				if math.Abs(sum-score) > 1e-9 {
					t.Errorf("row %d: base, reasons and rest are %v, the score is %v", i, sum, score)
				}
			}
			_, plain := r.post("churn", `{"rows": `+string(rows)+`}`)
			if strings.Contains(string(plain), "reasons") || strings.Contains(string(plain), "base") {
				t.Errorf("not asked for, but given: %s", plain)
			}
		})
	}
}

// goldenTable is a file's golden rows as a table.
func goldenTable(t *testing.T, m *modelfile.Model) *table.Table {
	t.Helper()
	raw := &table.Table{Rows: len(m.Golden.Rows)}
	for i := range m.Transform.Inputs {
		in := &m.Transform.Inputs[i]
		c := table.Column{Name: in.Name, Kind: in.Kind}
		codes := map[string]int32{}
		for _, row := range m.Golden.Rows {
			text := ""
			if v := row[in.Name]; v != nil {
				text = fmt.Sprint(v)
			}
			v, state := in.Read(text)
			if state == table.Invalid {
				t.Fatalf("%s cannot be read", in.Name)
			}
			c.Number, c.Time = append(c.Number, v.Number), append(c.Time, v.Time)
			code, known := codes[v.Text]
			switch {
			case v.Text == "":
				code = table.Missing
			case !known:
				code = int32(len(c.Levels))
				codes[v.Text], c.Levels = code, append(c.Levels, v.Text)
			}
			c.Code = append(c.Code, code)
		}
		raw.Columns = append(raw.Columns, c)
	}
	return raw
}

func TestReadExplain(t *testing.T) {
	const row = `"rows":[{"age":41,"plan":"gold","active":true,"since":"1970-01-03","a/b~c":1.5}]`
	tests := []struct {
		value   string
		reasons int
		fault   string
	}{
		{"1", 1, ""},
		{"100", 100, ""},
		{"101", 0, "/explain is no number of reasons"},
		{"0", 0, "/explain is no number of reasons"},
		{"-1", 0, "/explain is no number of reasons"},
		{"2.5", 0, "/explain is no number of reasons"},
		{"99999999999999999999", 0, "/explain is no number of reasons"},
		{`"3"`, 0, "/explain is no number of reasons"},
		{"null", 0, "/explain is no number of reasons"},
	}
	for _, test := range tests {
		b := read(testForm(), `{`+row+`,"explain":`+test.value+`}`, 10)
		got := ""
		for _, f := range b.faults {
			got += f.Pointer + " " + f.Reason
		}
		if got != test.fault || test.fault == "" && b.reasons != test.reasons {
			t.Errorf("%s: %d reasons, fault %q, want %d, %q", test.value, b.reasons, got, test.reasons, test.fault)
		}
	}
	if b := read(testForm(), `{`+row+`}`, 10); b.reasons != 0 || len(b.faults) > 0 {
		t.Errorf("not asked for: %d reasons, %v", b.reasons, b.faults)
	}
}

// The work of reasons is bounded, and the answer says what may be asked for.
func TestReasonsOfTooManyRows(t *testing.T) {
	r := newRig(t, nil)
	m := r.register("churn", servetest.Recipe{Trees: 400, Rows: 3000, Numbers: 10})
	r.deploy(m, nil)
	row := string(r.golden(m, 0).Row)
	many := `[` + strings.Repeat(row+",", 8999) + row + `]`
	status, text := r.post("churn", `{"explain":1,"rows":`+many+`}`)
	var d document
	if err := json.Unmarshal(text, &d); err != nil || status != http.StatusUnprocessableEntity || d.Code != "request.explain" || !strings.Contains(d.Fix, "rows with explain") {
		t.Errorf("%d, %v: %s", status, err, text)
	}
	if status, _ := r.post("churn", `{"rows":`+many+`}`); status != http.StatusOK {
		t.Errorf("without reasons: %d", status)
	}
	if status, _ := r.post("churn", `{"explain":1,"rows":[`+row+`]}`); status != http.StatusOK {
		t.Errorf("one row: %d", status)
	}
}
