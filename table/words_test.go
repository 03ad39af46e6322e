package table

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for name, want := range map[string][]string{
		"TotalCharges_USD2":       {"total", "charges", "usd", "2"},
		"HCPName":                 {"hcp", "name"},
		"date of birth":           {"date", "of", "birth"},
		"DOB":                     {"dob"},
		"pm2.5":                   {"pm", "2", "5"},
		"reservation_status_date": {"reservation", "status", "date"},
		"Größe(cm)":               {"größe", "cm"},
		"  ":                      nil,
	} {
		if diff := cmp.Diff(want, Words(name)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", name, diff)
		}
	}
}
