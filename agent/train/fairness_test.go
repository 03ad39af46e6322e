package train_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
)

// A column that no feature is made of can be a fairness group: its rows are
// found again in the table. The answers of one region are noise, so that the
// model is worse there, and that is found.
func TestFairnessByAColumnThatIsLeftOut(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 4))
	var b strings.Builder
	b.WriteString("minutes,region,pages,buys\n")
	for i := range 1500 {
		minutes, region := random.NormFloat64(), []string{"north", "south", "west"}[i%3]
		odds := 3 * minutes
		if region == "south" {
			odds = 0
		}
		buys := "no"
		if odds+random.NormFloat64() > 0 {
			buys = "yes"
		}
		fmt.Fprintf(&b, "%.4f,%s,%d,%s\n", minutes, region, random.IntN(50), buys)
	}
	path := filepath.Join(t.TempDir(), "visits.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	m, _ := trainedOn(t, path, "predict buys, fair across region", handoff.Settings{Effort: "1", Exclude: []string{"region"}, Target: "buys"})
	if len(m.Groups) != 1 || m.Groups[0].Column != "region" || len(m.Groups[0].Groups) != 3 {
		t.Fatalf("groups %+v", m.Groups)
	}
	rows, south := 0, m.Groups[0].Groups[1]
	for _, g := range m.Groups[0].Groups {
		rows += g.Rows
	}
	if test := m.Choice.Features.Dataset.Splits["test"].Rows; rows != test || south.Group != "south" {
		t.Errorf("%d rows in groups of a test of %d; the second is %s", rows, test, south.Group)
	}
	if auc := *south.Scores["auc"].Value; auc > 0.65 || *m.Groups[0].Groups[0].Scores["auc"].Value < 0.85 {
		t.Errorf("auc %v in the south", auc)
	}
	found := false
	for _, d := range m.Groups[0].Differences {
		found = found || d.Group == "south" && d.What == "loss" && d.Value > d.Others
	}
	if !found {
		t.Errorf("the south is not found worse: %+v", m.Groups[0].Differences)
	}
	for _, k := range m.Choice.Features.Kept {
		if k.Name == "region" {
			t.Error("the region is a feature")
		}
	}
	if m.Sets == nil || *m.Sets.Held.Value < 0.8 || m.Learning != nil || len(m.Curves.ROC) < 20 || m.Decision == nil {
		t.Errorf("sets %+v, learning %+v, %d points, decision %+v", m.Sets, m.Learning, len(m.Curves.ROC), m.Decision)
	}
}
