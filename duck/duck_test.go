package duck

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
)

func open(t *testing.T, o Options) *DB {
	t.Helper()
	db, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// mixed is a table of n rows with all kinds, missing values, and texts on
// both sides of the length that the engine keeps in place.
func mixed(n int) *table.Table {
	levels := []string{"", "short", "exactly 12 b", "exactly 13 by", strings.Repeat("long ", 50), "ünïcödé '\" \x01", "x"}
	out := &table.Table{Rows: n, Columns: []table.Column{
		{Name: "i", Kind: table.Number, Number: make([]float64, n)},
		{Name: `odd "name"`, Kind: table.Number, Number: make([]float64, n)},
		{Name: "word", Kind: table.Text, Code: make([]int32, n), Levels: levels},
		{Name: "at", Kind: table.Time, Time: make([]int64, n)},
		{Name: "many", Kind: table.Text, Code: make([]int32, n)},
	}}
	for i := range n {
		out.Columns[0].Number[i] = float64(i)
		out.Columns[1].Number[i] = math.Sqrt(float64(i))
		out.Columns[2].Code[i] = int32(i % len(levels))
		out.Columns[3].Time[i] = int64(i) * 1_000_003
		out.Columns[4].Code[i] = int32(i)
		out.Columns[4].Levels = append(out.Columns[4].Levels, fmt.Sprint("identifier ", i))
		if i%5 == 3 {
			out.Columns[1].Number[i], out.Columns[2].Code[i], out.Columns[3].Time[i] = math.NaN(), table.Missing, table.NoTime
		}
	}
	return out
}

func TestWhatGoesInComesOut(t *testing.T) {
	db := open(t, Options{})
	for _, n := range []int{0, 1, 2047, 2048, 2049, 10_000} {
		want := mixed(n)
		if err := db.Load(t.Context(), `t "x"`, want); err != nil {
			t.Fatal(err)
		}
		got, err := db.Query(t.Context(), `SELECT * FROM `+Quote(`t "x"`)+` ORDER BY i`)
		if err != nil {
			t.Fatal(err)
		}
		// levels come back in the order of first appearance, unused ones do not
		if d := cmp.Diff(plain(want), plain(got), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%d rows: %s", n, d)
		}
	}
}

func plain(t *table.Table) [][]any {
	out := make([][]any, t.Rows)
	for i := range out {
		for j := range t.Columns {
			c := &t.Columns[j]
			switch {
			case c.IsMissing(i):
				out[i] = append(out[i], nil)
			case c.Kind == table.Text:
				out[i] = append(out[i], c.Levels[c.Code[i]])
			case c.Kind == table.Time:
				out[i] = append(out[i], time.UnixMicro(c.Time[i]).UTC())
			default:
				out[i] = append(out[i], c.Number[i])
			}
		}
	}
	return out
}

func TestResultTypes(t *testing.T) {
	db := open(t, Options{})
	at := time.Date(2024, 2, 29, 12, 0, 0, 5000, time.UTC)
	got, err := db.Query(t.Context(), `SELECT true, 1::TINYINT, -2::SMALLINT, 3, (2^53)::BIGINT, 0.5::FLOAT, DATE '2024-02-29',
		'NaN'::DOUBLE, 'inf'::DOUBLE, NULL::VARCHAR, $1, $2, $3::DOUBLE, $4::TIMESTAMP, $5::INTEGER`, "it's", 7, 1.25, at, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]any{{1.0, 1.0, -2.0, 3.0, math.Exp2(53), 0.5, at.Truncate(24 * time.Hour), nil, nil, nil, "it's", 7.0, 1.25, at, nil}}
	if d := cmp.Diff(want, plain(got)); d != "" {
		t.Error(d)
	}
	for sql, want := range map[string]string{
		"SELECT 1::HUGEINT AS big":      `"big"`,
		"SELECT [1, 2] AS pair":         `"pair"`,
		"SELECT * FROM nowhere":         "nowhere",
		"SELECT $1":                     "1 parameters",
		"SELECT 'secret value'::DOUBLE": "execute",
	} {
		_, err := db.Query(t.Context(), sql)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", sql, err, want)
		}
	}
	if _, err := db.Query(t.Context(), "SELECT $1", []int{1}); err == nil {
		t.Error("a slice was bound")
	}
}

// Nothing outside is reached, and the settings cannot be opened again.
func TestSandbox(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	db := open(t, Options{Threads: 2, Memory: 256 << 20, Spill: 1 << 30, Temp: t.TempDir()})
	for _, sql := range []string{
		"SELECT * FROM read_csv(" + Literal(secret) + ")",
		"SELECT * FROM " + Quote(secret),
		"SELECT content FROM read_text(" + Literal(db.temp+"/../../"+filepath.Base(filepath.Dir(secret))+"/secret.csv") + ")",
		"COPY (SELECT 1) TO " + Literal(secret+".out"),
		"ATTACH " + Literal(secret+".db"),
		"INSTALL httpfs", "LOAD httpfs",
		"SET enable_external_access = true",
		"SET memory_limit = '10GB'",
		"SET threads = 8",
	} {
		if err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
	got, err := db.Query(t.Context(), "SELECT current_setting('threads')::INTEGER, current_setting('TimeZone')")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([][]any{{2.0, "UTC"}}, plain(got)); d != "" {
		t.Error(d)
	}
}

func TestSpillsAndCleansUp(t *testing.T) {
	temp := t.TempDir()
	db, err := Open(Options{Threads: 2, Memory: 64 << 20, Temp: temp})
	if err != nil {
		t.Fatal(err)
	}
	got, err := db.Query(t.Context(), "SELECT count(*) AS n, max(b)::BIGINT AS b FROM (SELECT hash(i) % 1000000 AS b, row_number() OVER (ORDER BY hash(i)) AS r FROM range(3000000) t(i))")
	if err != nil {
		t.Fatal(err)
	}
	if got.Columns[0].Number[0] != 3_000_000 {
		t.Errorf("%v rows", got.Columns[0].Number[0])
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(temp)
	if err != nil || len(left) > 0 {
		t.Errorf("left after Close: %v, %v", left, err)
	}
	if err := db.Exec(t.Context(), "SELECT 1"); err == nil {
		t.Error("a closed engine ran a statement")
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
}

func TestLetterCaseIsNoDifference(t *testing.T) {
	db := open(t, Options{})
	column := func(name string) table.Column {
		return table.Column{Name: name, Kind: table.Number, Number: []float64{1}}
	}
	err := db.Load(t.Context(), "t", &table.Table{Rows: 1, Columns: []table.Column{column("a"), column("A")}})
	if p := problem.As(err); p == nil || p.Code != "data.same_name" {
		t.Errorf("columns a and A: %v", err)
	}
	for _, name := range []string{"calls", "calls", "Calls"} {
		err = db.Load(t.Context(), name, &table.Table{Rows: 1, Columns: []table.Column{column("a")}})
		if p := problem.As(err); (p != nil) != (name == "Calls") {
			t.Errorf("table %s: %v", name, err)
		}
	}
}

func TestTooLittleMemory(t *testing.T) {
	db := open(t, Options{Threads: 1, Memory: 20 << 20, Spill: 1 << 20, Temp: t.TempDir()})
	_, err := db.Query(t.Context(), "SELECT i, hash(i) AS h FROM range(10000000) t(i) ORDER BY h")
	if p := problem.As(err); p == nil || p.Code != "data.memory" {
		t.Errorf("error %v, want the problem data.memory", err)
	}
}

func TestCancel(t *testing.T) {
	db := open(t, Options{Threads: 2})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := db.Query(ctx, "SELECT count(*) FROM range(10000000) a(i), range(1000000) b(j) WHERE i + j = 17")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the context was canceled", err)
	}
	got, err := db.Query(t.Context(), "SELECT 1") // the engine lives on
	if err != nil || got.Rows != 1 {
		t.Errorf("after a cancelled query: %v, %v", got, err)
	}
	if err := db.Load(ctx, "t", mixed(10)); !errors.Is(err, context.Canceled) {
		t.Errorf("load with a cancelled context: %v", err)
	}
}

func TestQuote(t *testing.T) {
	db := open(t, Options{})
	for _, odd := range []string{"a", `a"b`, "select", "x'y", "ü; DROP", `""`} {
		got, err := db.Query(t.Context(), "SELECT "+Literal(odd)+" AS "+Quote(odd))
		if err != nil {
			t.Fatal(err)
		}
		if c := got.Columns[0]; c.Name != odd || c.Levels[0] != odd {
			t.Errorf("%q came back as %q, %q", odd, c.Name, c.Levels[0])
		}
	}
}

func TestSumIsExactInAnyOrder(t *testing.T) {
	amounts := table.Column{Name: "x", Kind: table.Number}
	cents := 0
	for i := range 50_000 {
		c := (i*7919)%2_000_003 - 900_000
		cents += c
		amounts.Number = append(amounts.Number, float64(c)/100, math.NaN())
	}
	for threads := 1; threads <= 2; threads++ {
		db := open(t, Options{Threads: threads})
		if err := db.Load(t.Context(), "t", &table.Table{Rows: len(amounts.Number), Columns: []table.Column{amounts}}); err != nil {
			t.Fatal(err)
		}
		for _, order := range []string{"x", "-x", "hash(x)"} {
			got, err := db.Query(t.Context(), "SELECT "+Sum("x", "FILTER (x IS NOT NULL)")+", "+Sum("x", "FILTER (x > 1e9)")+" FROM (SELECT * FROM t ORDER BY "+order+")")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([][]any{{float64(cents) / 100, nil}}, plain(got)); d != "" {
				t.Error(d)
			}
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	db, err := Open(Options{Threads: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	t := mixed(1_000_000)
	for b.Loop() {
		if err := db.Load(b.Context(), "t", t); err != nil {
			b.Fatal(err)
		}
		got, err := db.Query(b.Context(), "SELECT * FROM t")
		if err != nil || got.Rows != t.Rows {
			b.Fatal(fmt.Sprint(got.Rows), err)
		}
	}
}

// What the engine holds, the heap may not: its limit is lower while there are
// tables, and as it was when the engine is closed. Without a limit none is set.
func TestTheHeapGivesWayToTheEngine(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, limit := range []int64{1 << 30, 2 * least, math.MaxInt64} {
		debug.SetMemoryLimit(limit)
		db, err := Open(Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		last := limit
		for _, name := range []string{"a", "b"} {
			if err := db.Load(context.Background(), name, mixed(20_000)); err != nil {
				t.Fatal(err)
			}
			now := debug.SetMemoryLimit(-1)
			switch {
			case limit == math.MaxInt64 && now != limit:
				t.Errorf("without a limit there is one of %d", now)
			case limit == 1<<30 && now >= last, now < least:
				t.Errorf("limit %d: it is %d after table %s, %d before it", limit, now, name, last)
			}
			last = now
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if now := debug.SetMemoryLimit(-1); now != limit {
			t.Errorf("limit %d: it is %d after the end", limit, now)
		}
	}
}
