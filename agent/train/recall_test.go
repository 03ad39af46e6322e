package train_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/modelfile"
)

// repeats is a table of cases, each of up to three rows, whose answer the
// columns explain in part; what they do not explain the rows of a case have in
// common where alike says so.
func repeats(t *testing.T, name string, alike bool) string {
	random := rand.New(rand.NewPCG(8, 5))
	var b strings.Builder
	b.WriteString("minutes,pages,buys\n")
	for range 400 {
		minutes, pages := random.NormFloat64(), random.NormFloat64()
		rest := random.NormFloat64()
		for range 1 + random.IntN(3) {
			if !alike {
				rest = random.NormFloat64()
			}
			buys := "no"
			if minutes+pages+1.5*rest > 0 {
				buys = "yes"
			}
			fmt.Fprintf(&b, "%.4f,%.4f,%s\n", minutes, pages, buys)
		}
	}
	path := filepath.Join(t.TempDir(), name+".csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The answers of identical rows count where they tell something, refitted or
// not, and only there, unless that is turned off. What is kept is said.
func TestRecall(t *testing.T) {
	for name, test := range map[string]struct {
		alike bool
		s     handoff.Settings
		want  bool
	}{
		"alike":           {true, handoff.Settings{Effort: "1"}, true},
		"alike, refitted": {true, handoff.Settings{Effort: "1", Refit: true}, true},
		"alike, off":      {true, handoff.Settings{Effort: "1", Set: map[string]string{"identical_rows": "off"}}, false},
		"by chance":       {false, handoff.Settings{Effort: "1"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			out, o := trainedOn(t, repeats(t, "visits", test.alike), "predict buys", test.s)
			m, err := modelfile.Open(o.Artifacts.Path(out.File))
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Contains(strings.Join(out.Notes, "\n"), "identical") && strings.Contains(m.Card, "identical")
			if got := m.Seen != nil; got != test.want || said != test.want {
				t.Fatalf("rows are kept: %v; said: %v", got, said)
			}
			if !test.want {
				return
			}
			dataset := out.Choice.Features.Dataset
			parts := []string{"train", "validation"}
			if test.s.Refit {
				parts = append(parts, "test")
			}
			rows := 0
			for _, part := range parts {
				rows += dataset.Splits[part].Rows
			}
			if m.Seen.Kinds() < rows/3 || m.Seen.Kinds() >= rows {
				t.Errorf("%d kinds of %d rows", m.Seen.Kinds(), rows)
			}
		})
	}
}
