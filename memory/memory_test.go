package memory

import (
	"strings"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

// flat is the scope of a table of numbers and texts, with an answer of two
// classes.
func flat(rows, numbers, texts int) handoff.Scope {
	t := table.TableInfo{Name: "t", Rows: rows}
	for range numbers {
		t.Columns = append(t.Columns, table.ColumnInfo{CellRule: table.CellRule{Kind: table.Number}, Distinct: 10_000, ManyDistinct: true})
	}
	for range texts {
		t.Columns = append(t.Columns, table.ColumnInfo{CellRule: table.CellRule{Kind: table.Text}, ManyDistinct: true, MeanWords: 9, MaxLength: 80})
	}
	return handoff.Scope{Main: "t", Classes: []string{"no", "yes"}, Tables: []table.TableInfo{t}}
}

func TestNeedGrowsWithWhatIsThere(t *testing.T) {
	s := handoff.Settings{Threads: 2}
	small := OfScope(flat(1000, 10, 0), s)
	if small < 100e6 || small > 150e6 {
		t.Errorf("a small table needs %d bytes: about what the program takes", small)
	}
	rows, columns, texts := OfScope(flat(2_000_000, 10, 0), s), OfScope(flat(1000, 10_000, 0), s), OfScope(flat(1_000_000, 5, 5), s)
	for name, need := range map[string]int64{"rows": rows, "columns": columns, "texts": texts} {
		if need < 2*small {
			t.Errorf("many %s need %d bytes, few %d", name, need, small)
		}
	}
	if need := OfScope(flat(10_000_000, 28, 0), s); need > 4e9 {
		t.Errorf("ten million rows of 28 numbers need %d bytes, more than 4 GB", need)
	}
	s.Refit = true
	if need := OfScope(flat(2_000_000, 10, 0), s); need <= rows {
		t.Error("to fit again on all rows needs no more")
	}
	if need := OfScope(handoff.Scope{Label: &handoff.Label{}, Tables: flat(2_000_000, 10, 0).Tables}, handoff.Settings{}); need < 2*small {
		t.Errorf("events need %d bytes", need)
	}
}

func TestTooLittleIsRefused(t *testing.T) {
	if err := Enough(1e9, 2e9); err != nil {
		t.Error(err)
	}
	p := problem.As(Enough(3_210_000_000, 1e9))
	if p == nil || p.Code != "memory.too_little" || p.Kind != problem.Blocked {
		t.Fatalf("%v", p)
	}
	for _, want := range []string{"3210MB", "--memory is 1000MB"} {
		if text := p.What + p.Why + p.Fix; !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
	if p := problem.As(Enough(1<<60, 0)); Limit(0) > 0 && (p == nil || strings.Contains(p.Why, "--memory")) {
		t.Errorf("without --memory: %v", p)
	}
}

func TestSharesAreWithinTheLimit(t *testing.T) {
	for _, limit := range []int64{64e6, 1e9, 64e9} {
		if h := Heap(limit); h <= 0 || h >= limit {
			t.Errorf("of %d bytes the heap gets %d", limit, h)
		}
		if e := Engine(limit); e <= 0 || e-250<<20 >= limit {
			t.Errorf("of %d bytes the engine gets %d", limit, e)
		}
	}
}
