package scope

import (
	"strings"
	"testing"
)

// TestRoles shows which words of a request are taken to name what is
// predicted.
func TestRoles(t *testing.T) {
	for _, test := range []struct{ request, object string }{
		{"Train churn prediction model for Kisqali HCPs", "churn"},
		{"predict churn", "churn"},
		{"Churn", "Churn"},
		{"customer churn", "customer churn"},
		{"which employees will leave", "leave"},
		{"Which customers will buy (revenue)?", "buy revenue"},
		{"which bookings will be cancelled", "cancelled"},
		{"estimate the price of diamonds", "price"},
		{"predict the sale price of a house using everything", "sale price"},
		{"How many rings does an abalone have?", "rings"},
		{"how much will customers spend in the next 90 days", "customers spend"},
		{"Build a model that predicts whether a customer will churn in the next quarter", "churn"},
		{"I want to know which HCPs are about to stop prescribing Kisqali", "stop prescribing Kisqali"},
		{"predict the probability of default for each loan", "default"},
		{"classify wine quality", "wine quality"},
		{"classify mushrooms as edible or poisonous", "mushrooms edible poisonous"},
		{"wine quality classifier", "wine quality"},
		{"build a classifier for wine quality", "wine quality"},
		{"Predict is_canceled", "canceled"},
		{"I need a churn model", "churn"},
		{"Predict who earns more than 50K", "earns 50K"},
		{"forecast PM2.5 from the weather", "PM2 5"},
		{"score customers by their propensity to buy", "buy"},
		{"predict attrition, optimise log loss, AUC at least 0.8", "attrition"},
		{"will a flight arrive late?", "flight arrive late"},
	} {
		var got []string
		for _, w := range read(test.request).with(object) {
			got = append(got, w.text)
		}
		if strings.Join(got, " ") != test.object {
			t.Errorf("%s: got %q, want %q", test.request, strings.Join(got, " "), test.object)
		}
	}
}
