package prepare_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
)

const shared = "../../../shared/data/"

// TestSharedTables holds what is removed against what the descriptions of the
// tables call leaks; all other columns stay.
func TestSharedTables(t *testing.T) {
	if _, err := os.Stat(shared); err != nil {
		t.Skip("the shared data sets are not on this machine")
	}
	for _, test := range []struct {
		file, target string
		removed      []string
	}{
		{"ibm_telco_churn", "Churn", nil},
		{"mlc_churn", "churn", nil},
		{"ibm_hr_attrition", "Attrition", nil},
		{"hotel_bookings", "is_canceled", []string{"reservation_status", "reservation_status_date"}},
		{"bank_marketing", "deposit", []string{"duration"}},
		{"credit_g", "class", nil},
		{"spambase", "class", nil},
		{"mushroom", "class", nil},
		{"breast_w", "Class", nil},
		{"sick", "Class", nil},
		{"airlines_allyears2k", "IsArrDelayed", []string{"ArrDelay", "CancellationCode", "DepDelay"}},
		{"car", "class", nil},
		{"vehicle", "Class", nil},
		{"nursery", "class", nil},
		{"cmc", "Contraceptive_method_used", nil},
		{"wine_quality_white", "quality", nil},
		{"abalone", "Class_Rings", nil},
		{"california_housing", "median_house_value", nil},
		{"ccpp_power", "PE", nil},
		{"concrete", "strength", nil},
		{"energy_efficiency", "Heating Load", []string{"Cooling Load"}},
		{"ohlsson_motorcycle_claims", "skadkost", []string{"antskad"}},
		{"part_d_drug_spending", "total_spending", []string{"beneficiary_count", "total_annual_spending_per_user"}},
	} {
		r := run(t, shared+test.file+".csv.gz", handoff.Settings{Target: test.target, Threads: 2})
		if r.err != nil {
			t.Errorf("%s: %v", test.file, r.err)
			continue
		}
		var removed []string
		for _, f := range r.findings {
			if f.Action == handoff.Removed && f.Severity != handoff.Info && strings.HasPrefix(f.Code, "leak.") && f.Code != "leak.id_order" {
				removed = append(removed, *f.Column)
			}
		}
		slices.Sort(removed)
		if diff := cmp.Diff(test.removed, removed); diff != "" {
			t.Errorf("%s removed (-want +got):\n%s", test.file, diff)
		}
		if r.out.Quality.Score < 0.9 {
			t.Errorf("%s: quality %.3f", test.file, r.out.Quality.Score)
		}
	}
}

// TestPlantedInSharedTables plants every leak in real tables, too.
func TestPlantedInSharedTables(t *testing.T) {
	if _, err := os.Stat(shared); err != nil {
		t.Skip("the shared data sets are not on this machine")
	}
	for _, set := range []struct{ file, target, task string }{
		{"ibm_hr_attrition", "Attrition", "binary"}, {"cmc", "Contraceptive_method_used", "multiclass"}, {"concrete", "strength", "regression"},
	} {
		for p, plant := range plants {
			if !strings.Contains(plant.tasks, set.task[:1]) || plant.code == "leak.future_time" || p == len(plants)-1 {
				continue
			}
			m := readMade(t, set.file, set.target, set.task)
			plant.plant(m)
			r := run(t, m.put(t), handoff.Settings{Target: set.target, Set: map[string]string{"problem_type": set.task}})
			if r.err != nil {
				t.Errorf("%s, plant %d: %v", set.file, p, r.err)
			} else if r.keeps("flag_x") {
				t.Errorf("%s, plant %d: %s is kept: %v", set.file, p, plant.code, r.actions("flag_x"))
			}
		}
	}
}

// readMade reads a shared table as a made one.
func readMade(t *testing.T, file, target, task string) *made {
	t.Helper()
	f, err := os.Open(filepath.FromSlash(shared + file + ".csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows[0][0] = strings.TrimPrefix(rows[0][0], "\ufeff")
	m := world("binary", 99)
	m.rows, m.names, m.cells, m.classes = len(rows)-1, nil, nil, nil
	for j, name := range rows[0] {
		name = strings.Join(strings.Fields(strings.ReplaceAll(name, ",", " ")), " ")
		m.add(name, func(i int) string { return strings.ReplaceAll(strings.TrimSpace(rows[i+1][j]), ",", ";") })
	}
	m.answer = make([]float64, m.rows)
	for i := range m.rows {
		cell := m.cell(target, i)
		if task == "regression" {
			fmt.Sscan(cell, &m.answer[i])
			continue
		}
		at := slices.Index(m.classes, cell)
		if at < 0 {
			at = len(m.classes)
			m.classes = append(m.classes, cell)
		}
		m.answer[i] = float64(at)
	}
	return m
}
