package source

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/septet-ml/septet/table"
)

// TestSharedData reads tables that nobody here wrote. Rows and oddities are
// those of their own description.
func TestSharedData(t *testing.T) {
	const dir = "../../shared/data"
	number, text, when := table.Number, table.Text, table.Time
	for _, test := range []struct {
		file    string
		rows    int
		column  string
		kind    table.Kind
		missing int
	}{
		{"ibm_telco_churn.csv.gz", 7043, "TotalCharges", number, 11},
		{"ibm_hr_attrition.csv.gz", 1470, "Age", number, 0}, // behind a byte-order mark
		{"bank_additional_full.csv.gz", 41188, "duration", number, 0},
		{"hotel_bookings.csv.gz", 119390, "company", number, 112593},
		{"hotel_bookings.csv.gz", 119390, "reservation_status_date", when, 0},
		{"airlines_allyears2k.csv.gz", 43978, "TailNum", text, 16024}, // not UTF-8
		{"azure_catelco_churn.csv.gz", 20468, "noadditionallines", text, 20468},
		{"sick.csv.gz", 3772, "TBG", text, 3772},
		{"mushroom.csv.gz", 8124, "stalk-root", text, 2480},
		{"concrete.csv.gz", 1030, "strength", number, 0},
		{"beijing_pm25.csv.gz", 43824, "pm2.5", number, 2067},
		{"pbs_australia_scripts.csv.gz", 67596, "Month", when, 0},
		{"vic_elec.csv.gz", 52608, "Time", when, 0},
		{"part_d_drug_spending.csv.gz", 22490, "total_spending", number, 5188},
		{"medicare_inpatient_drg_2016.csv.gz", 181215, "Total Discharges", number, 0}, // "1,234"
		{"open_payments_iowa/payments.csv.gz", 126084, "Date_of_Payment", when, 0},
		{"synthea27nj_omop/concept.csv.gz", 2294, "valid_start_date", when, 0},
	} {
		path := filepath.Join(dir, filepath.FromSlash(test.file))
		if found, _ := filepath.Glob(path); found == nil {
			t.Skip("the shared data sets are not on this machine")
		}
		c, err := Describe(context.Background(), []string{path}, Options{Threads: 2})
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
			continue
		}
		info := c.Tables[0]
		got := info.Column(test.column)
		if got == nil || info.Rows != test.rows || info.RejectedRows != 0 || got.Kind != test.kind || got.Missing != test.missing {
			t.Errorf("%s: %d rows, %d rejected, %s: %+v; want %d, %v, %d missing",
				test.file, info.Rows, info.RejectedRows, test.column, got, test.rows, test.kind, test.missing)
		}
	}
}
