package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/metric"
)

// area is that under a curve of points.
func area(points []handoff.Point) float64 {
	sum := 0.0
	for k := 1; k < len(points); k++ {
		a, b := points[k-1], points[k]
		sum += (b.X - a.X) * (a.Y + b.Y) / 2
	}
	return sum
}

// The curves are those of the sample: the area under the drawn ROC curve is
// its auc, that under precision and recall its average precision, nearly.
func TestCurves(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	s, _ := drawn(r, 2, 3000, false)
	c := s.curves([]string{"no", "yes"})
	for name, points := range map[string][]handoff.Point{"roc": c.ROC, "gain": c.Gain, "precision_recall": c.PrecisionRecall} {
		last := points[len(points)-1]
		if len(points) > 61 || len(points) < 50 || last.X != 1 {
			t.Errorf("%s has %d points and ends at %v", name, len(points), last.X)
		}
		for k, p := range points {
			if k > 0 && p.X < points[k-1].X || p.Low != nil && !(*p.Low <= p.Y && p.Y <= *p.High) {
				t.Errorf("%s: point %d is %+v", name, k, p)
			}
		}
	}
	if got, want := area(c.ROC), metric.Score(metric.AUC, s.sample); math.Abs(got-want) > 0.003 {
		t.Errorf("the area under the ROC curve is %v, the auc %v", got, want)
	}
	pr := append([]handoff.Point{{Y: c.PrecisionRecall[0].Y}}, c.PrecisionRecall...)
	if got, want := area(pr), metric.Score(metric.AveragePrecision, s.sample); math.Abs(got-want) > 0.01 {
		t.Errorf("the area under precision and recall is %v, the average precision %v", got, want)
	}
	rows, off := 0, 0
	for _, p := range c.Reliability {
		rows += p.Rows
		off += int(indicator(!(*p.Low <= p.X && p.X <= *p.High)))
	}
	if len(c.Reliability) != 15 || rows != 3000 || off > 2 {
		t.Errorf("%d bins of %d rows, %d of them off for claims that are true", len(c.Reliability), rows, off)
	}
}

// A prediction for all is one point of each curve.
func TestCurvesOfOnePrediction(t *testing.T) {
	cut := 0.5
	sample := metric.Sample{Classes: 2, Target: []float64{1, 0, 0, 1}, Prediction: []float64{0.4, 0.4, 0.4, 0.4}}
	c := look(nil, nil, sample, metric.AUC, &recipe{threshold: &cut}).curves([]string{"no", "yes"})
	if len(c.ROC) != 2 || c.ROC[1].X != 1 || c.ROC[1].Y != 1 || len(c.PrecisionRecall) != 1 || c.PrecisionRecall[0].Y != 0.5 || len(c.Reliability) != 1 {
		t.Errorf("%+v", c)
	}
	if diff := cmp.Diff([][]int{{2, 0}, {2, 0}}, c.Confusion.Counts); diff != "" {
		t.Error(diff)
	}
}

func TestConfusionOfManyClasses(t *testing.T) {
	const classes = 30
	sample := metric.Sample{Classes: classes}
	var names []string
	for k := range classes {
		names = append(names, string(rune('A'+k)))
		for range k + 1 { // the later the more frequent; every row is called the class after it
			sample.Target = append(sample.Target, float64(k))
			row := make([]float64, classes)
			row[(k+1)%classes] = 1
			sample.Prediction = append(sample.Prediction, row...)
		}
	}
	c := look(nil, nil, sample, metric.LogLoss, &recipe{}).confusion(names)
	if n := len(c.Classes); n != 20 || c.Classes[0] != names[11] || c.Classes[19] != "(other)" {
		t.Fatalf("%d classes: %v", n, c.Classes)
	}
	if c.Counts[0][1] != 12 || c.Counts[18][19] != 30 || c.Counts[19][19] != 55 || c.Counts[19][0] != 11 {
		t.Errorf("%v", c.Counts)
	}
}

// Values are held against the mean of what came, within its error.
func TestReliabilityOfValues(t *testing.T) {
	s, _ := drawn(rand.New(rand.NewPCG(5, 5)), 0, 900, true)
	off := 0
	for _, p := range s.curves(nil).Reliability {
		off += int(indicator(!(*p.Low <= p.X && p.X <= *p.High)))
	}
	if off > 3 {
		t.Errorf("%d of 15 bins are off for predictions that are right on average", off)
	}
}
