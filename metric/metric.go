// Package metric is the one vocabulary of scores of the whole program, and
// their intervals.
//
// A Sample is predictions beside the truth. Score gives one figure of it, All
// those that are always reported, Intervals the same with 95 % intervals for
// the true score on the population that the sample was drawn from. All signs
// are natural: an error is positive, a larger auc is better. A score that is
// undefined for the sample (one class only, no positive prediction, lengths
// that do not fit) is NaN, never a panic.
package metric

import (
	"math"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/septet-ml/septet/problem"
)

// Name is a score's name, as it is written in requests, settings and files.
type Name string

const (
	AUC              Name = "auc"               // probability that a positive outranks a negative, ties half; multiclass: Hand & Till 2001
	AveragePrecision Name = "average_precision" // sum of precision × rise of recall over the distinct predictions
	LogLoss          Name = "log_loss"          // mean -ln of the probability of what happened, clipped at 1e-15
	Brier            Name = "brier"             // mean squared distance of the probabilities from what happened
	ECE              Name = "ece"               // expected calibration error: 15 equal-mass bins, ties together
	Accuracy         Name = "accuracy"
	BalancedAccuracy Name = "balanced_accuracy" // mean recall over the classes present
	Precision        Name = "precision"         // multiclass: mean over the classes present
	Recall           Name = "recall"            // multiclass: mean over the classes present
	F1               Name = "f1"                // multiclass: mean over the classes present
	LiftAt10Pct      Name = "lift_at_10pct"     // share of positives in the top tenth over the share in all
	RMSE             Name = "rmse"
	MAE              Name = "mae"
	R2               Name = "r2"
	MAPE             Name = "mape" // mean |error / truth| as a fraction; rows whose truth is 0 are left out (see Zeros)
)

var (
	binary     = []Name{AUC, AveragePrecision, LogLoss, Brier, ECE, Accuracy, BalancedAccuracy, Precision, Recall, F1, LiftAt10Pct}
	multiclass = []Name{LogLoss, Accuracy, BalancedAccuracy, AUC, ECE}
	regression = []Name{RMSE, MAE, R2, MAPE}
)

// For is the scores that are always reported for a task ("binary",
// "multiclass", "regression"), in the order of the report; nil for another
// word.
func For[T ~string](task T) []Name {
	switch task {
	case "binary":
		return slices.Clone(binary)
	case "multiclass":
		return slices.Clone(multiclass)
	case "regression":
		return slices.Clone(regression)
	}
	return nil
}

// Primary is the score that decides where nothing else is asked for: auc for
// binary, log_loss for multiclass, rmse for regression; "" for another word.
func Primary[T ~string](task T) Name {
	switch task {
	case "binary":
		return AUC
	case "multiclass":
		return LogLoss
	case "regression":
		return RMSE
	}
	return ""
}

// Applies tells whether the score has a meaning for the task. Multiclass has
// also brier (sum over the classes), precision, recall and f1, which are not
// in For.
func Applies[T ~string](name Name, task T) bool {
	if task == "multiclass" {
		return slices.Contains(multiclass, name) || name == Brier || name == Precision || name == Recall || name == F1
	}
	return slices.Contains(For(task), name)
}

// HigherIsBetter tells the direction of a score. It panics on a name that
// Parse would refuse.
func HigherIsBetter(name Name) bool {
	switch name {
	case AUC, AveragePrecision, Accuracy, BalancedAccuracy, Precision, Recall, F1, LiftAt10Pct, R2:
		return true
	case LogLoss, Brier, ECE, RMSE, MAE, MAPE:
		return false
	}
	panic("metric: no score is named " + string(name))
}

// Names is every score, classification before regression.
func Names() []Name { return slices.Concat(binary, regression) }

// aliases are what other programs call these scores.
var aliases = map[string]Name{
	"roc_auc": AUC, "auroc": AUC, "area_under_curve": AUC, "gini": AUC,
	"pr_auc": AveragePrecision, "prauc": AveragePrecision, "ap": AveragePrecision, "auprc": AveragePrecision,
	"cross_entropy": LogLoss, "deviance": LogLoss, "nll": LogLoss, "neg_log_loss": LogLoss,
	"brier_score": Brier, "calibration_error": ECE, "acc": Accuracy, "sensitivity": Recall, "tpr": Recall,
	"ppv": Precision, "f_score": F1, "f1_macro": F1, "lift": LiftAt10Pct, "decile_lift": LiftAt10Pct,
	"mse": RMSE, "root_mean_squared_error": RMSE, "mean_absolute_error": MAE, "r_squared": R2, "rsquared": R2,
	"smape": MAPE, "wape": MAPE, "mean_absolute_percentage_error": MAPE,
}

// Parse reads a score's name; letter case, blanks and hyphens do not matter.
// An unknown name is a *problem.Problem of kind Usage that lists the nearest
// ones.
func Parse(text string) (Name, error) {
	word := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(text)))
	names := Names()
	if slices.Contains(names, Name(word)) {
		return Name(word), nil
	}
	distance := make(map[Name]int, len(names))
	for _, n := range names {
		distance[n] = levenshtein.ComputeDistance(word, string(n))
	}
	if n, ok := aliases[word]; ok {
		distance[n] = -1
	}
	slices.SortStableFunc(names, func(a, b Name) int { return distance[a] - distance[b] })
	nearest := make([]string, 3)
	for i := range nearest {
		nearest[i] = string(names[i])
	}
	all := make([]string, len(binary)+len(regression))
	for i, n := range Names() {
		all[i] = string(n)
	}
	return "", &problem.Problem{
		Kind: problem.Usage, Code: "metric.unknown",
		What:    "there is no score with this name",
		Why:     "the scores are " + strings.Join(all, ", "),
		Nearest: nearest,
		Fix:     "use " + nearest[0],
	}
}

// Sample is predictions beside the truth.
type Sample struct {
	Classes int // as learn.Data: 2 for binary, 3 or more for multiclass, 0 for regression

	// Target has one entry per row: the class index, or the value.
	Target []float64

	// Prediction is what learn.Model.Predict gives: one value per row for
	// binary (probability of class 1) and regression (the value), Classes
	// probabilities per row for multiclass.
	Prediction []float64

	// Weight has one entry per row, 0 or more; nil is 1 for each.
	Weight []float64

	// Threshold is the probability from which on a row is called class 1, for
	// accuracy, balanced_accuracy, precision, recall and f1 of a binary
	// sample; 0 means 0.5. Multiclass takes the most probable class.
	Threshold float64

	// Group has one entry per row: rows with the same number are not
	// independent (one entity seen several times). nil: every row by itself.
	// Only intervals look at it.
	Group []int32
}

// Score is one figure of the sample; NaN where it is undefined.
func Score(name Name, s Sample) float64 {
	v := view{Sample: s}
	if !v.valid() {
		return math.NaN()
	}
	return v.score(name)
}

// All is the scores that are always reported for the sample's task.
func All(s Sample) map[Name]float64 {
	names := s.names()
	out := make(map[Name]float64, len(names))
	v := view{Sample: s}
	ok := v.valid()
	for _, n := range names {
		out[n] = math.NaN()
		if ok {
			out[n] = v.score(n)
		}
	}
	return out
}

// Zeros is the number of rows that mape leaves out.
func Zeros(target []float64) int {
	n := 0
	for _, y := range target {
		if y == 0 {
			n++
		}
	}
	return n
}

func (s Sample) names() []Name {
	switch {
	case s.Classes == 0:
		return regression
	case s.Classes == 2:
		return binary
	}
	return multiclass
}
