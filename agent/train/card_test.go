package train_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/modelfile"
)

// A column that is named to be HTML or a link is neither in the card.
func TestCardIsInert(t *testing.T) {
	var b strings.Builder
	b.WriteString("<script>alert(1)</script>,[pages](javascript:alert(1)),buys\n")
	for i := range 700 {
		x := i * 7919 % 700 / 4
		fmt.Fprintf(&b, "%d,%d,%s\n", x, i%13, []string{"no", "yes"}[min(1, (x+i%37)/100)])
	}
	path := filepath.Join(t.TempDir(), "visits.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	m, o, _ := trainedIn(t, path, handoff.Settings{Effort: "1"})
	file, err := modelfile.Open(o.Artifacts.Path(m.File))
	if err != nil {
		t.Fatal(err)
	}
	card := file.Card
	if !strings.Contains(card, "alert") {
		t.Fatalf("the card does not name the columns:\n%s", card)
	}
	for _, bad := range []string{"<script", "](javascript"} {
		if strings.Contains(strings.ReplaceAll(card, `\<`, ""), bad) {
			t.Errorf("%q is in the card:\n%s", bad, card)
		}
	}
}
