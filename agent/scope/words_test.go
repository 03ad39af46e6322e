package scope

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"Predict churn.", "Predict churn ."},
		{"TotalCharges is_canceled pm2.5 IsArrDelayed", "Total Charges is _ canceled pm2 . 5 Is Arr Delayed"},
		{"90-day HCPs' month-to-month", "90 - day HCPs ' month - to - month"},
		{"the doctor's visits", "the doctor's visits"},
		{"don't ignore the customers’ 'own' age", "don't ignore the customers ’ own age"},
		{"“Fiber optic” or 'No phone'", "Fiber optic or No phone"},
		{"AUC >= 0.85, at least 80 %", "AUC >= 0.85 , at least 80 %"},
		{"as of 2024-06-30 or 30/06/2024", "as of 2024-06-30 or 30/06/2024"},
		{"more than 50K on 1st", "more than 50K on 1 st"},
		{"1,000 rows", "1,000 rows"},
		{"٣ days ४२x \xff5", "٣ days ४२x \xff 5"}, // digits of other scripts are no numbers here
		{"naïve Größe", "naïve Größe"},
	} {
		var got []string
		for _, w := range split(test.text) {
			got = append(got, w.text)
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: -want +got\n%s", test.text, diff)
		}
	}
}

func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		text string
		want float64
	}{{"1,000", 1000}, {"0.8", 0.8}, {"80%", 0.8}, {"80 %", 0.8}, {"two", 2}, {"12", 12}} {
		w := split(test.text)
		if len(w) != 1 || !w[0].isNumber || w[0].number != test.want {
			t.Errorf("%s: got %+v, want %v", test.text, w, test.want)
		}
	}
}
