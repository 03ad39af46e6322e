package sqlite_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/ledger"
	"github.com/septet-ml/septet/ledger/ledgertest"
	"github.com/septet-ml/septet/ledger/sqlite"
	"github.com/septet-ml/septet/problem"
)

// TestMain lets the test binary be another process that writes to a ledger.
func TestMain(m *testing.M) {
	if dir := os.Getenv("LEDGER_WRITER"); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestConforms(t *testing.T) {
	ledgertest.Conform(t, func(t *testing.T) (ledger.Ledger, func(*testing.T) ledger.Ledger) {
		dir := t.TempDir()
		return open(t, dir), func(t *testing.T) ledger.Ledger { return open(t, dir) }
	})
}

// writeUntilKilled registers models and says each version only after the
// ledger said that it is written.
func writeUntilKilled(dir string) error {
	ctx := context.Background()
	l, err := sqlite.Open(ctx, dir)
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		m, err := l.Register(ctx, ledger.Model{Name: "m", Digest: fmt.Sprintf("%d/%d", os.Getpid(), i)}, func(v int) (string, error) { return "p", nil })
		if err != nil {
			return err
		}
		fmt.Println(m.Version)
	}
}

// TestKilledWritersLoseNothing kills processes while they write, several at
// once: every version that one of them said is there, and the ledger verifies.
func TestKilledWritersLoseNothing(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	said := map[int]int{}
	for range 4 {
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				writer := exec.Command(os.Args[0])
				writer.Env = append(os.Environ(), "LEDGER_WRITER="+dir)
				var errs bytes.Buffer
				writer.Stderr = &errs
				out, err := writer.StdoutPipe()
				if err != nil {
					t.Error(err)
					return
				}
				if err := writer.Start(); err != nil {
					t.Error(err)
					return
				}
				lines := bufio.NewScanner(out)
				stop := 2 + rand.IntN(20)
				for n := 0; lines.Scan(); n++ {
					version, _ := strconv.Atoi(lines.Text())
					mu.Lock()
					said[version]++
					mu.Unlock()
					if n == stop {
						writer.Process.Kill()
					}
				}
				writer.Wait()
				if errs.Len() > 0 {
					t.Error(errs.String())
				}
			})
		}
		wait.Wait()
	}
	l := open(t, dir)
	models, err := l.Models(context.Background(), "m")
	if err != nil {
		t.Fatal(err)
	}
	there := map[int]bool{}
	for i, m := range models {
		there[m.Version] = true
		if m.Version != i+1 {
			t.Errorf("model %d has version %d", i+1, m.Version)
		}
	}
	for version, times := range said {
		if !there[version] || times > 1 {
			t.Errorf("version %d was said %d times, is there: %v", version, times, there[version])
		}
	}
	if faults, err := l.Verify(context.Background()); err != nil || len(faults) > 0 {
		t.Errorf("verify: %v %v", err, faults)
	}
}

// TestManyOpenAtOnce lets many open the same new workspace at once.
func TestManyOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	var wait sync.WaitGroup
	for range 12 {
		wait.Go(func() {
			l, err := sqlite.Open(context.Background(), dir)
			if err != nil {
				t.Error(err)
				return
			}
			l.Close()
		})
	}
	wait.Wait()
}

// filled is a workspace with some of everything.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	ctx := context.Background()
	l, err := sqlite.Open(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	previous := ""
	try(l.BeginRun(ctx, ledgertest.Run("r-00000001")))
	for i := range 5 {
		id, err := l.Record(ctx, ledgertest.Envelope("r-00000001", i+1, previous), &ledger.Done{Key: fmt.Sprint("key", i)}, nil)
		try(err)
		previous = id
		_, err = l.Remember(ctx, fmt.Sprint("unit", i), handoff.Ref{Kind: "fit", SHA256: previous})
		try(err)
		_, err = l.Register(ctx, ledger.Model{Name: "m", Digest: previous}, func(int) (string, error) { return "p", nil })
		try(err)
		_, err = l.Open(ctx, ledger.Opening{SHA256: "f", Work: fmt.Sprint(i)})
		try(err)
		try(l.Deploy(ctx, ledger.Deployment{ID: fmt.Sprint("d", i), Name: "m"}))
		try(l.Quarantine(ctx, ledger.Refused{RunID: "r-00000001", Document: []byte("null")}))
		try(l.Note(ctx, "", "note", i))
	}
	try(l.Forget(ctx, "unit0"))
	return dir
}

// edit opens the file as a tamperer would.
func edit(t *testing.T, dir, query string, args ...any) int64 {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	result, err := db.Exec(query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, _ := result.RowsAffected()
	return n
}

func TestTamperingIsFound(t *testing.T) {
	tables := []string{"runs", "handoffs", "work", "memos", "models", "deployments", "openings", "refused"}
	edits := map[string]string{
		"an event's body":       `UPDATE events SET body = replace(body, '"id"', '"di"') WHERE seq = 7`,
		"an event's time":       `UPDATE events SET at = '2020-01-01T00:00:00Z' WHERE seq = 7`,
		"an event's run":        `UPDATE events SET run_id = 'r-other' WHERE seq = 7`,
		"an event's kind":       `UPDATE events SET what = 'note.x' WHERE seq = 7`,
		"an event's digest":     `UPDATE events SET digest = previous WHERE seq = 7`,
		"an event is gone":      `DELETE FROM events WHERE seq = 7`,
		"the last event":        `DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)`,
		"the last ten events":   `DELETE FROM events WHERE seq > (SELECT max(seq) - 10 FROM events)`,
		"all events":            `DELETE FROM events`,
		"two events swapped":    `UPDATE events SET seq = CASE seq WHEN 7 THEN -8 ELSE -7 END WHERE seq IN (7, 8)`,
		"the head":              `UPDATE head SET seq = seq - 1`,
		"a forgotten unit back": `INSERT INTO memos (id, first, body) VALUES ('unit0', 3, '{}')`,
	}
	for _, table := range tables {
		edits[table+": a row's body"] = `UPDATE ` + table + ` SET body = json_set(body, '$.status', 'tampered') WHERE rowid = (SELECT max(rowid) FROM ` + table + `)`
		edits[table+": a row's place"] = `UPDATE ` + table + ` SET first = first + 1 WHERE rowid = (SELECT min(rowid) FROM ` + table + `)`
		edits[table+": a row's id"] = `UPDATE ` + table + ` SET id = id || 'x' WHERE rowid = (SELECT min(rowid) FROM ` + table + `)`
		edits[table+": a row is gone"] = `DELETE FROM ` + table + ` WHERE rowid = (SELECT max(rowid) FROM ` + table + `)`
		edits[table+": a row more"] = `INSERT INTO ` + table + ` (id, first, body) VALUES ('new', 1, '{}')`
	}
	clean := filled(t)
	whole, err := os.ReadFile(filepath.Join(clean, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	for name, query := range edits {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "ledger.db"), whole, 0o600); err != nil {
				t.Fatal(err)
			}
			if edit(t, dir, query) == 0 {
				t.Fatal("nothing was changed")
			}
			faults, err := open(t, dir).Verify(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) == 0 {
				t.Error("not found")
			}
		})
	}
}

func TestDamagedHandoffIsNotGivenOut(t *testing.T) {
	dir := filled(t)
	edit(t, dir, `UPDATE handoffs SET body = replace(body, '42', '43') WHERE sequence = 2`)
	l := open(t, dir)
	_, err := l.Handoffs(context.Background(), "r-00000001")
	if p := problem.As(err); p == nil || p.Code != "workspace.damaged" {
		t.Errorf("got %v", err)
	}
}

// TestFlippedBitsAreFound flips single bits of the file. A flip that changes
// what can be read must be found; one in space that nothing uses cannot be.
func TestFlippedBitsAreFound(t *testing.T) {
	clean := filled(t)
	whole, err := os.ReadFile(filepath.Join(clean, "ledger.db"))
	if err != nil {
		t.Fatal(err)
	}
	before := dump(t, clean)
	random := rand.New(rand.NewPCG(3, 3))
	dir := t.TempDir()
	changed := 0
	for range 300 {
		data := bytes.Clone(whole)
		at := 100 + random.IntN(len(data)-100)
		data[at] ^= 1 << random.IntN(8)
		os.Remove(filepath.Join(dir, "ledger.db-wal"))
		os.Remove(filepath.Join(dir, "ledger.db-shm"))
		if err := os.WriteFile(filepath.Join(dir, "ledger.db"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := sqlite.Open(context.Background(), dir)
		if err != nil {
			continue // found when it was opened
		}
		faults, err := l.Verify(context.Background())
		l.Close()
		after := dump(t, dir)
		if after == before {
			continue
		}
		changed++
		if err == nil && len(faults) == 0 {
			t.Errorf("bit flip at byte %d changed what is read, but verify finds nothing", at)
		}
	}
	if changed < 50 {
		t.Errorf("only %d flips changed anything", changed)
	}
}

// dump is everything that the ledger's tables say, or the error of reading it.
func dump(t *testing.T, dir string) string {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "ledger.db"))
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	var all strings.Builder
	queries := []string{`SELECT seq || at || run_id || what || body || previous || digest FROM events ORDER BY seq`, `SELECT seq || digest FROM head`}
	for _, table := range []string{"runs", "handoffs", "work", "memos", "models", "deployments", "openings", "refused"} {
		queries = append(queries, `SELECT id || first || body FROM `+table+` ORDER BY rowid`)
	}
	for _, query := range queries {
		rows, err := db.Query(query)
		if err != nil {
			fmt.Fprintln(&all, err)
			continue
		}
		for rows.Next() {
			var text sql.NullString
			if err := rows.Scan(&text); err != nil {
				fmt.Fprintln(&all, err)
			}
			fmt.Fprintln(&all, text.String)
		}
		fmt.Fprintln(&all, rows.Err())
		rows.Close()
	}
	return all.String()
}

func TestWhatCannotHoldALedger(t *testing.T) {
	tests := []struct {
		name, code string
		make       func(t *testing.T) string
	}{
		{"a file in its place", "workspace.unusable", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "file")
			os.WriteFile(path, nil, 0o600)
			return filepath.Join(path, "below")
		}},
		{"no database", "workspace.damaged", func(t *testing.T) string {
			dir := t.TempDir()
			os.WriteFile(filepath.Join(dir, "ledger.db"), bytes.Repeat([]byte("no database "), 1000), 0o600)
			return dir
		}},
		{"a newer one", "workspace.newer", func(t *testing.T) string {
			dir := filled(t)
			edit(t, dir, `PRAGMA user_version = 999`)
			return dir
		}},
	}
	if os.Getuid() != 0 {
		tests = append(tests, struct {
			name, code string
			make       func(t *testing.T) string
		}{"no right to write", "workspace.read_only", func(t *testing.T) string {
			dir := t.TempDir()
			os.Chmod(dir, 0o500)
			return dir
		}})
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := sqlite.Open(context.Background(), test.make(t))
			if p := problem.As(err); p == nil || p.Code != test.code || p.Fix == "" {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFullDisk fills the file up to a limit: the change that does not fit is a
// clear problem and leaves nothing behind.
func TestFullDisk(t *testing.T) {
	dir := filled(t)
	ctx := context.Background()
	l := open(t, dir)
	l.LimitPages(t, 60)
	var err error
	n := 0
	for ; err == nil && n < 10000; n++ {
		err = l.Note(ctx, "", "fill", strings.Repeat("x", 5000))
	}
	if p := problem.As(err); p == nil || p.Code != "workspace.full" {
		t.Fatalf("after %d notes: %v", n, err)
	}
	if faults, err := open(t, dir).Verify(ctx); err != nil || len(faults) > 0 {
		t.Errorf("verify: %v %v", err, faults)
	}
}
