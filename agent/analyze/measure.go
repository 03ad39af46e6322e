package analyze

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/calibrate"
	"github.com/septet-ml/septet/learn/ensemble"
	"github.com/septet-ml/septet/learn/explain"
	"github.com/septet-ml/septet/metric"
	"github.com/septet-ml/septet/problem"
)

const (
	maxRows     = 4000 // validation rows that importance is measured on
	repetitions = 3    // shuffles of each feature
	shapRows    = 1000 // validation rows whose effects are looked at; of many classes fewer
	pairOf      = 6    // features whose pairs are tried
	gridRows    = 40   // rows and points of a pair's partial dependence
)

// worth is what the features were measured to be worth on validation rows.
type worth struct {
	importance   []float64 // loss of the metric, in its bad direction, when the feature is shuffled
	shap         []float64 // mean size of the feature's effect on the score
	curves       []curve   // of the most important features; the others have no steps
	used         []bool    // by the probe; nil where it does not say
	interactions []handoff.Interaction
}

func noFeatures(columns int) error {
	return &problem.Problem{
		Kind: problem.Blocked,
		Code: "data.no_features",
		What: "no feature is left to learn from",
		Why:  fmt.Sprintf("none of the %d prepared columns varies over the training rows, identifiers aside", columns),
		Fix:  "add tables with facts about the unit, or look at the dropped columns: septet runs show RUN",
	}
}

// measure fits the probe on the training rows and shuffles each feature on
// validation rows. Source: Breiman 2001, Random forests, section 10; Fisher,
// Rudin, Dominici 2019.
func measure(ctx context.Context, d *durable.Desk, probe learn.Learner, data learn.Data, train, valid []int32, name string) (worth, error) {
	score, err := metric.Parse(name)
	if err != nil {
		return worth{}, err
	}
	trainData, validData := data, data
	trainData.Rows, validData.Rows = train, valid
	if len(valid) == 0 {
		return worth{interactions: []handoff.Interaction{}}, nil
	}
	model, err := probe.Fit(ctx, trainData, &validData, learn.Options{Seed: d.Settings.Seed, Threads: max(1, d.Settings.Threads)})
	if err != nil {
		return worth{}, fmt.Errorf("fit the probe for importance: %w", err)
	}
	random := rand.New(rand.NewPCG(d.Settings.Seed, 0x1a907))
	sample := slices.Clone(valid)
	random.Shuffle(len(sample), func(i, j int) { sample[i], sample[j] = sample[j], sample[i] })
	sample = sample[:min(len(sample), maxRows)]
	p := probeRun{model: model, data: data, sample: sample, score: score, random: random}
	p.x = make([]float64, len(sample)*len(data.Table.Columns))
	data.Table.Gather(p.x, sample)
	out := worth{used: usedBy(model)}
	out.importance = p.permute(ctx, d, out.used)
	if err := ctx.Err(); err != nil {
		return worth{}, err
	}
	out.shap = p.effects()
	out.interactions = p.pairs(out)
	out.curves = make([]curve, len(out.importance))
	order := out.order()
	for _, j := range order[:min(len(order), curvesOf)] {
		if out.importance[j] > 0 {
			out.curves[j] = p.curve(j)
		}
	}
	return out, ctx.Err()
}

// usedBy tells which features a model looks at; nil where it does not say.
func usedBy(m learn.Model) []bool {
	says, ok := m.(interface{ Importance() []float64 })
	if !ok {
		return nil
	}
	var used []bool
	for _, v := range says.Importance() {
		used = append(used, v > 0)
	}
	return used
}

type probeRun struct {
	model  learn.Model
	data   learn.Data
	sample []int32
	score  metric.Name
	random *rand.Rand
	x      []float64 // the sample's features, row after row
}

// loss is the metric of the predictions for x, turned so that more is worse.
func (p *probeRun) loss(x []float64) float64 {
	target := make([]float64, len(p.sample))
	for i, row := range p.sample {
		target[i] = p.data.Target[row]
	}
	out := make([]float64, len(p.sample)*p.model.Width())
	p.model.Predict(x, out)
	v := metric.Score(p.score, metric.Sample{Classes: p.data.Classes, Target: target, Prediction: out})
	if metric.HigherIsBetter(p.score) {
		return -v
	}
	return v
}

// permute shuffles each feature; one that the model does not look at is worth
// nothing, which needs no shuffling.
func (p *probeRun) permute(ctx context.Context, d *durable.Desk, used []bool) []float64 {
	columns := len(p.data.Table.Columns)
	base := p.loss(p.x)
	importance := make([]float64, columns)
	x := slices.Clone(p.x)
	for j := range columns {
		if ctx.Err() != nil {
			return nil
		}
		if used != nil && !used[j] {
			continue
		}
		sum := 0.0
		for range repetitions {
			order := p.random.Perm(len(p.sample))
			for i, from := range order {
				x[i*columns+j] = p.x[from*columns+j]
			}
			sum += p.loss(x) - base
		}
		for i := range p.sample {
			x[i*columns+j] = p.x[i*columns+j]
		}
		importance[j] = sum / repetitions
		d.Progress(j+1, columns, "importance")
	}
	return importance
}

// effects is the mean size of each feature's effect on the score (package
// learn/explain), over rows of the sample, and over classes where there are
// more than two.
func (p *probeRun) effects() []float64 {
	columns, width := len(p.data.Table.Columns), p.model.Width()
	rows := min(len(p.sample), max(100, shapRows/width))
	alone := &ensemble.Model{Members: []ensemble.Member{{Weight: 1, Models: []learn.Model{p.model}}}}
	e := explain.New(p.data.Task, alone, calibrate.Map{}, columns, p.x[:min(len(p.sample), 32)*columns])
	out, one := make([]float64, columns), make([]float64, width*columns)
	for i := range rows {
		e.Row(p.x[i*columns:(i+1)*columns], one)
		for k, v := range one {
			out[k%columns] += math.Abs(v) / float64(rows*width)
		}
	}
	return out
}

// ranks gives 1 to the most important feature.
func (w *worth) ranks() []int {
	ranks := make([]int, len(w.importance))
	for place, i := range w.order() {
		ranks[i] = place + 1
	}
	return ranks
}

// order is the features by falling importance, of equals by falling effect, of
// equals as they stand.
func (w *worth) order() []int {
	order := make([]int, len(w.importance))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(w.importance[b], w.importance[a]), cmp.Compare(w.shap[b], w.shap[a]))
	})
	return order
}

// pairs measures how much of the joint effect of two features is not the sum
// of their own effects, for pairs of the most important ones. A pair that does
// next to nothing to the score together is left out, however large the share.
// Source: Friedman and Popescu 2008, Predictive learning via rule ensembles,
// equation 44.
func (p *probeRun) pairs(w worth) []handoff.Interaction {
	found := []handoff.Interaction{}
	if p.model.Width() != 1 {
		return found
	}
	importance, top := w.importance, w.order()
	top = top[:min(len(top), pairOf)]
	rows := min(len(p.sample), gridRows)
	all := p.variation(rows)
	single := make(map[int][]float64)
	for _, j := range top {
		if !(importance[j] > 0) {
			continue
		}
		single[j] = p.dependence(rows, j, -1)
	}
	for a, i := range top {
		for _, j := range top[a+1:] {
			if single[i] == nil || single[j] == nil {
				continue
			}
			rest, share := strength(p.dependence(rows, i, j), single[i], single[j])
			if share > 0.05 && rest > 0.002*all {
				found = append(found, handoff.Interaction{A: p.name(i), B: p.name(j), Strength: share})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b handoff.Interaction) int { return cmp.Compare(b.Strength, a.Strength) })
	return found
}

func (p *probeRun) name(j int) string { return p.data.Table.Columns[j].Name }

// dependence is the centred partial dependence of the score on feature a, or
// on a and b together, at the values of the first rows of the sample.
func (p *probeRun) dependence(rows, a, b int) []float64 {
	columns := len(p.data.Table.Columns)
	x := slices.Clone(p.x[:rows*columns])
	out := make([]float64, rows)
	curve := make([]float64, rows)
	total := 0.0
	for at := range rows {
		for i := range rows {
			x[i*columns+a] = p.x[at*columns+a]
			if b >= 0 {
				x[i*columns+b] = p.x[at*columns+b]
			}
		}
		p.model.Predict(x, out)
		for _, v := range out {
			curve[at] += v
		}
		curve[at] /= float64(rows)
		total += curve[at]
	}
	for i := range curve {
		curve[i] -= total / float64(rows)
	}
	return curve
}

// variation is the sum of squares of the scores of the first rows of the
// sample, around their mean.
func (p *probeRun) variation(rows int) float64 {
	out := make([]float64, rows)
	p.model.Predict(p.x[:rows*len(p.data.Table.Columns)], out)
	mean, sum := 0.0, 0.0
	for _, v := range out {
		mean += v / float64(rows)
	}
	for _, v := range out {
		sum += float64((v - mean) * (v - mean))
	}
	return sum
}

// strength is the sum of squares of what two features do together beyond what
// each does alone, and its share of all that they do, 0 to 1.
func strength(both, a, b []float64) (rest, share float64) {
	all := 0.0
	for i := range both {
		r := both[i] - a[i] - b[i]
		rest += float64(r * r)
		all += float64(both[i] * both[i])
	}
	if !(all > 0) {
		return rest, 0
	}
	return rest, math.Min(1, rest/all)
}
