package metric_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

// numbers is the generator of testdata/reference.py.
func numbers(seed int) func() int {
	return func() int {
		seed = (1103515245*seed + 12345) % 2147483648
		return (seed >> 8) % 97
	}
}

func binarySample() (metric.Sample, []float64) {
	const n = 40
	next := numbers(7)
	s := metric.Sample{Classes: 2, Target: make([]float64, n), Prediction: make([]float64, n)}
	for i := range n {
		if next()%3 == 0 {
			s.Target[i] = 1
		}
	}
	for i := range n {
		s.Prediction[i] = (float64(next()%20+1) + 4*s.Target[i]) / 25
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = float64(next() % 4)
	}
	return s, w
}

func multiclassSample() metric.Sample {
	const n = 40
	next := numbers(11)
	s := metric.Sample{Classes: 4, Target: make([]float64, n), Prediction: make([]float64, 4*n)}
	for i := range n {
		s.Target[i] = float64(next() % 4)
	}
	for i := range n {
		p, sum := s.Prediction[4*i:4*i+4], 0.0
		for k := range p {
			p[k] = float64(next()%9 + 1)
			if k == int(s.Target[i]) {
				p[k] += 5
			}
			sum += p[k]
		}
		for k := range p {
			p[k] /= sum
		}
	}
	return s
}

func regressionSample() (metric.Sample, []float64) {
	const n = 40
	next := numbers(3)
	s := metric.Sample{Target: make([]float64, n), Prediction: make([]float64, n)}
	for i := range n {
		s.Target[i] = float64(next() - 40)
	}
	for i := range n {
		s.Prediction[i] = s.Target[i] + float64(next()%21-10) + 0.25
	}
	w := make([]float64, n)
	for i := range w {
		w[i] = float64(next() % 4)
	}
	return s, w
}

func weighted(s metric.Sample, w []float64) metric.Sample { s.Weight = w; return s }

// Reference numbers: python3 testdata/reference.py with scikit-learn 1.9.1.
func TestScoresAreThoseOfScikitLearn(t *testing.T) {
	b, bw := binarySample()
	r, rw := regressionSample()
	tests := []struct {
		name   string
		sample metric.Sample
		want   map[metric.Name]float64
	}{
		{"binary", b, map[metric.Name]float64{
			"auc": 0.686011904761905, "average_precision": 0.427249189149344, "log_loss": 0.619373721506125, "brier": 0.22148,
			"accuracy": 0.6, "balanced_accuracy": 0.571428571428571, "precision": 0.375, "recall": 0.5, "f1": 0.428571428571429,
		}},
		{"binary with weights", weighted(b, bw), map[metric.Name]float64{
			"auc": 0.744166666666667, "average_precision": 0.632359043395629, "log_loss": 0.580295633267711, "brier": 0.200576,
			"accuracy": 0.66, "balanced_accuracy": 0.65, "precision": 0.571428571428571, "recall": 0.6, "f1": 0.585365853658537,
		}},
		{"multiclass", multiclassSample(), map[metric.Name]float64{
			"auc": 0.9575424382716049, "log_loss": 0.908346342988008, "accuracy": 0.8, "balanced_accuracy": 0.775,
			"brier": 0.4934624144034796, "precision": 0.791826923076923, "recall": 0.775, "f1": 0.7724731182795699,
		}},
		{"regression", r, map[metric.Name]float64{
			"rmse": 5.812701609406766, "mae": 4.925, "r2": 0.9646084672572675, "mape": 0.7228951264495568,
		}},
		{"regression with weights", weighted(r, rw), map[metric.Name]float64{
			"rmse": 5.672668390331544, "mae": 4.783333333333333, "r2": 0.9624301433197036, "mape": 0.9688433026247976,
		}},
	}
	for _, test := range tests {
		for name, want := range test.want {
			if got := metric.Score(name, test.sample); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: %s = %.15g, want %.15g", test.name, name, got, want)
			}
		}
	}
}

// naiveAUC compares every pair of rows of class i and class j by p.
func naiveAUC(target, p, w []float64, i, j float64) float64 {
	sum, pairs := 0.0, 0.0
	for a := range target {
		for b := range target {
			if target[a] != i || target[b] != j {
				continue
			}
			pairs += w[a] * w[b]
			switch {
			case p[a] > p[b]:
				sum += w[a] * w[b]
			case p[a] == p[b]:
				sum += w[a] * w[b] / 2
			}
		}
	}
	return sum / pairs
}

// naiveLift takes the mean over all orders of the tied rows by walking a
// table in which every row is cut into as many parts as it has ties.
func naiveLift(target, p, w []float64) float64 {
	var pos, all float64
	for i := range target {
		pos += target[i] * w[i]
		all += w[i]
	}
	hit, need := 0.0, all/10
	for i := range target {
		above, tied := 0.0, 0.0
		for j := range target {
			if p[j] > p[i] {
				above += w[j]
			}
			if p[j] == p[i] {
				tied += w[j]
			}
		}
		if tied > 0 {
			hit += target[i] * w[i] * min(max(need-above, 0)/tied, 1)
		}
	}
	return hit / need / (pos / all)
}

func naiveAveragePrecision(target, p, w []float64) float64 {
	var pos, sum float64
	for i := range target {
		pos += target[i] * w[i]
		above, hit := 0.0, 0.0
		for j := range target {
			if p[j] >= p[i] {
				above += w[j]
				hit += w[j] * target[j]
			}
		}
		if target[i] == 1 && w[i] > 0 {
			sum += w[i] * hit / above
		}
	}
	return sum / pos
}

func TestRankScoresAreTheirDefinitions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 2 + r.IntN(60)
		levels := 1 + r.IntN(40) // few levels: many ties
		s := metric.Sample{Classes: 2, Target: make([]float64, n), Prediction: make([]float64, n), Weight: make([]float64, n)}
		for i := range n {
			s.Target[i] = float64(r.IntN(2))
			s.Prediction[i] = float64(r.IntN(levels)) / float64(levels)
			s.Weight[i] = float64(r.IntN(3))
		}
		s.Weight[0] = 1
		want := map[metric.Name]float64{
			metric.AUC:              naiveAUC(s.Target, s.Prediction, s.Weight, 1, 0),
			metric.LiftAt10Pct:      naiveLift(s.Target, s.Prediction, s.Weight),
			metric.AveragePrecision: naiveAveragePrecision(s.Target, s.Prediction, s.Weight),
		}
		for name, want := range want {
			got := metric.Score(name, s)
			if math.IsNaN(got) != math.IsNaN(want) || math.Abs(got-want) > 1e-12 {
				t.Fatalf("%s of %d rows = %v, want %v", name, n, got, want)
			}
		}
	}
}

func TestMulticlassAUCIsHandAndTill(t *testing.T) {
	s := multiclassSample()
	s.Weight = make([]float64, len(s.Target))
	for i := range s.Weight {
		s.Weight[i] = float64(i%3 + 1)
		s.Prediction[4*i+1] = math.Round(8*s.Prediction[4*i+1]) / 8 // ties
	}
	sum := 0.0
	for i := range 4 {
		for j := range 4 {
			p := make([]float64, len(s.Target))
			for r := range p {
				p[r] = s.Prediction[4*r+i]
			}
			if i != j {
				sum += naiveAUC(s.Target, p, s.Weight, float64(i), float64(j)) / 12
			}
		}
	}
	if got := metric.Score(metric.AUC, s); math.Abs(got-sum) > 1e-12 {
		t.Errorf("auc = %v, want %v", got, sum)
	}
}

func TestECE(t *testing.T) {
	// 30 rows, so two in a bin; the k-th bin claims (2k+0.5)/30 and holds k%2 positives of two.
	s := metric.Sample{Classes: 2, Target: make([]float64, 30), Prediction: make([]float64, 30)}
	want := 0.0
	for i := range 30 {
		k := i / 2
		s.Prediction[i] = float64(i) / 30
		if i%2 == 0 {
			s.Target[i] = float64(k % 2)
		}
		if i%2 == 0 {
			want += math.Abs(float64(2*i+1)/60-float64(k%2)/2) / 15
		}
	}
	if got := metric.Score(metric.ECE, s); math.Abs(got-want) > 1e-12 {
		t.Errorf("ece = %v, want %v", got, want)
	}

	// All rows tie: one bin, |mean prediction - rate|.
	for i := range s.Prediction {
		s.Prediction[i] = 0.5
	}
	if got, want := metric.Score(metric.ECE, s), math.Abs(0.5-7.0/30); math.Abs(got-want) > 1e-12 {
		t.Errorf("ece of one tie = %v, want %v", got, want)
	}

	// Multiclass: the top label's probability against how often it is right.
	top := metric.Sample{Classes: 3, Target: []float64{0, 1, 2, 0}, Prediction: slices.Repeat([]float64{0.6, 0.3, 0.1}, 4)}
	if got, want := metric.Score(metric.ECE, top), 0.1; math.Abs(got-want) > 1e-12 {
		t.Errorf("ece of the top label = %v, want %v", got, want)
	}
}

func TestLogLossClips(t *testing.T) {
	s := metric.Sample{Classes: 2, Target: []float64{1}, Prediction: []float64{0}}
	if got, want := metric.Score(metric.LogLoss, s), -math.Log(1e-15); got != want {
		t.Errorf("log_loss of a certain mistake = %v, want %v", got, want)
	}
}

func TestMAPELeavesZerosOutAndCountsThem(t *testing.T) {
	s := metric.Sample{Target: []float64{0, 2, -4, 0}, Prediction: []float64{9, 1, -5, 0}}
	if got, want := metric.Score(metric.MAPE, s), (0.5+0.25)/2; got != want {
		t.Errorf("mape = %v, want %v", got, want)
	}
	if got := metric.Zeros(s.Target); got != 2 {
		t.Errorf("zeros = %d, want 2", got)
	}
}

func TestUndefinedIsNaN(t *testing.T) {
	one := metric.Sample{Classes: 2, Target: []float64{1, 1}, Prediction: []float64{0.2, 0.3}}
	none := metric.Sample{Classes: 2, Target: []float64{0, 0}, Prediction: []float64{0.2, 0.3}}
	tests := []struct {
		what   string
		name   metric.Name
		sample metric.Sample
	}{
		{"auc of positives only", metric.AUC, one},
		{"auc of negatives only", metric.AUC, none},
		{"balanced accuracy of one class", metric.BalancedAccuracy, one},
		{"average precision without positives", metric.AveragePrecision, none},
		{"lift without positives", metric.LiftAt10Pct, none},
		{"precision where nothing is called positive", metric.Precision, one},
		{"recall without positives", metric.Recall, none},
		{"f1 without positives, real or called", metric.F1, none},
		{"rmse of classes", metric.RMSE, one},
		{"auc of values", metric.AUC, metric.Sample{Target: []float64{1, 2}, Prediction: []float64{1, 2}}},
		{"r2 of a constant", metric.R2, metric.Sample{Target: []float64{1, 1}, Prediction: []float64{1, 2}}},
		{"mape of zeros", metric.MAPE, metric.Sample{Target: []float64{0, 0}, Prediction: []float64{1, 2}}},
		{"no rows", metric.RMSE, metric.Sample{}},
		{"lengths that do not fit", metric.RMSE, metric.Sample{Target: []float64{1}, Prediction: []float64{1, 2}}},
		{"a class out of range", metric.LogLoss, metric.Sample{Classes: 2, Target: []float64{2}, Prediction: []float64{0.5}}},
		{"a prediction that is no number", metric.MAE, metric.Sample{Target: []float64{1}, Prediction: []float64{math.NaN()}}},
		{"weights that sum to 0", metric.MAE, metric.Sample{Target: []float64{1}, Prediction: []float64{1}, Weight: []float64{0}}},
		{"a weight below 0", metric.MAE, metric.Sample{Target: []float64{1}, Prediction: []float64{1}, Weight: []float64{-1}}},
	}
	for _, test := range tests {
		if got := metric.Score(test.name, test.sample); !math.IsNaN(got) {
			t.Errorf("%s = %v, want NaN", test.what, got)
		}
	}
	for name, got := range metric.All(metric.Sample{Classes: 3}) {
		if !math.IsNaN(got) {
			t.Errorf("%s of no rows = %v, want NaN", name, got)
		}
	}
}

func TestIntegerWeightsRepeatRows(t *testing.T) {
	s, w := binarySample()
	repeated := metric.Sample{Classes: 2}
	for i, k := range w {
		for range int(k) {
			repeated.Target = append(repeated.Target, s.Target[i])
			repeated.Prediction = append(repeated.Prediction, s.Prediction[i])
		}
	}
	want := metric.All(repeated)
	for name, got := range metric.All(weighted(s, w)) {
		if math.Abs(got-want[name]) > 1e-12 {
			t.Errorf("%s with weights = %v, of repeated rows %v", name, got, want[name])
		}
	}
}

func TestParse(t *testing.T) {
	for _, name := range metric.Names() {
		if got, err := metric.Parse(string(name)); got != name || err != nil {
			t.Errorf("Parse(%q) = %q, %v", name, got, err)
		}
	}
	if got, err := metric.Parse(" Log-Loss "); got != metric.LogLoss || err != nil {
		t.Errorf("Parse( Log-Loss ) = %q, %v", got, err)
	}
	for text, want := range map[string]string{"roc_auc": "auc", "acuracy": "accuracy", "mse": "rmse", "recal": "recall"} {
		_, err := metric.Parse(text)
		p := problem.As(err)
		if p == nil || p.Kind != problem.Usage || len(p.Nearest) == 0 || p.Nearest[0] != want {
			t.Errorf("Parse(%q): problem %+v, want nearest %q", text, p, want)
		}
	}
}

func TestVocabulary(t *testing.T) {
	want := []metric.Name{
		"auc", "average_precision", "log_loss", "brier", "ece", "accuracy", "balanced_accuracy",
		"precision", "recall", "f1", "lift_at_10pct", "rmse", "mae", "r2", "mape",
	}
	if diff := cmp.Diff(want, metric.Names()); diff != "" {
		t.Error(diff)
	}
	for task, primary := range map[string]metric.Name{"binary": "auc", "multiclass": "log_loss", "regression": "rmse"} {
		if got := metric.Primary(task); got != primary || !metric.Applies(got, task) {
			t.Errorf("primary of %s = %q, want %q", task, got, primary)
		}
		for _, name := range metric.For(task) {
			if !metric.Applies(name, task) {
				t.Errorf("%s does not apply to %s", name, task)
			}
		}
	}
	for _, name := range metric.Names() {
		metric.HigherIsBetter(name)
	}
}
