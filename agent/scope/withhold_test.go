package scope_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/septet-ml/septet/agent/scope"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/durable/durabletest"
	"github.com/septet-ml/septet/handoff"
)

// What is handed over names no unit, however often each comes again.
func TestNoKeyIsHandedOver(t *testing.T) {
	var b strings.Builder
	b.WriteString("customer_id,region,churn\n")
	for i := range 3000 {
		fmt.Fprintf(&b, "cust-%04d,%s,%s\n", i%100, []string{"north", "south"}[i%2], []string{"no", "yes", "no"}[i%3])
	}
	path := filepath.Join(t.TempDir(), "months.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	brief := handoff.Brief{Request: "predict churn", Sources: []handoff.Source{{Path: path}}, Settings: handoff.Settings{Yes: true}}
	run := durabletest.Begin(t, brief)
	out := durable.Do(context.Background(), run, scope.Step(), run.Brief())
	if err := run.Err(); err != nil {
		t.Fatal(err)
	}
	data, err := handoff.Canonical(out)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(data), "cust-00") {
		t.Error("the scope holds values of customer_id")
	}
	if !strings.Contains(string(data), "north") {
		t.Error("the scope has lost the values of region")
	}
}
