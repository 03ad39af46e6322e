package sample

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// read gives the rows of a table as maps from column to cell.
func read(t *testing.T, path string) []map[string]string {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	zip, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(zip).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out := make([]map[string]string, 0, len(rows)-1)
	for _, row := range rows[1:] {
		m := make(map[string]string, len(row))
		for j, name := range rows[0] {
			m[name] = row[j]
		}
		out = append(out, m)
	}
	return out
}

func write(t *testing.T, h HCP) (string, Summary) {
	t.Helper()
	dir := t.TempDir()
	s, err := h.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, s
}

func day(t *testing.T, cell string) int {
	t.Helper()
	at, err := time.Parse("2006-01-02", cell[:10])
	if err != nil {
		t.Fatal(err)
	}
	return int(at.Sub(date(0)).Hours() / 24)
}

// The probabilities and labels of truth/ follow from the files alone, by the
// definitions of truth/README.md, whether repeated rows are dropped or kept.
func TestTruthFollowsFromTheTables(t *testing.T) {
	dir, _ := write(t, HCP{HCPs: 300, Seed: 7})
	scripts, calls, mails := read(t, filepath.Join(dir, "prescriptions.csv.gz")), read(t, filepath.Join(dir, "calls.csv.gz")), read(t, filepath.Join(dir, "emails.csv.gz"))
	specialtyOf := map[string]string{}
	for _, row := range read(t, filepath.Join(dir, "hcps.csv.gz")) {
		specialtyOf[row["hcp_id"]] = row["specialty"]
	}
	truth := map[string]map[string]string{}
	for _, row := range read(t, filepath.Join(dir, "truth", "probabilities.csv.gz")) {
		truth[row["hcp_id"]+row["brand"]+row["snapshot"]] = row
	}
	once := slices.Clone(scripts)
	seen := map[string]bool{}
	once = slices.DeleteFunc(once, func(row map[string]string) bool {
		again := seen[row["rx_id"]]
		seen[row["rx_id"]] = true
		return again
	})
	if len(once) == len(scripts) {
		t.Error("no repeated prescriptions were planted")
	}
	for name, scripts := range map[string][]map[string]string{"kept": scripts, "dropped": once} {
		t.Run(name, func(t *testing.T) {
			found := 0
			newest := 0
			for _, row := range scripts {
				newest = max(newest, day(t, row["rx_date"]))
			}
			for at := newest + 1 - step; at >= before; at -= step {
				for id, want := range plain(t, at, scripts, calls, mails, specialtyOf) {
					got, ok := truth[id]
					if !ok {
						t.Fatalf("no truth for %s", id)
					}
					found++
					p, _ := strconv.ParseFloat(got["probability"], 64)
					if math.Abs(p-want.probability) > 1e-12 || got["label"] != want.label {
						t.Fatalf("%s: truth %v %s, from the tables %v %s", id, p, got["label"], want.probability, want.label)
					}
				}
			}
			if found != len(truth) {
				t.Errorf("the rule labels %d rows, truth has %d", found, len(truth))
			}
		})
	}
}

type answer struct {
	probability float64
	label       string
}

// plain is the README in code.
func plain(t *testing.T, at int, scripts, calls, mails []map[string]string, specialtyOf map[string]string) map[string]answer {
	type unit struct{ hcp, brand string }
	type count struct{ before, after, n, recent, rejected, calls, opens, last int }
	counts, all := map[unit]*count{}, map[string]int{}
	of := func(row map[string]string) *count {
		u := unit{row["hcp_id"], row["brand"]}
		if counts[u] == nil {
			counts[u] = &count{last: 90}
		}
		return counts[u]
	}
	for _, row := range scripts {
		d, c := day(t, row["rx_date"]), of(row)
		if d >= at+14 && d < at+104 {
			c.after++
		}
		if d < at-90 || d >= at {
			continue
		}
		c.before++
		if day(t, row["reported_date"]) >= at {
			continue
		}
		c.n++
		all[row["hcp_id"]]++
		c.last = min(c.last, at-d)
		if d >= at-30 {
			c.recent++
		}
		if row["claim_status"] == "rejected" {
			c.rejected++
		}
	}
	for _, row := range calls {
		if d := day(t, row["call_date"]); d >= at-90 && d < at {
			of(row).calls++
		}
	}
	for _, row := range mails {
		if d := day(t, row["event_time"]); d >= at-90 && d < at && row["event"] == "open" {
			of(row).opens++
		}
	}
	out := map[string]answer{}
	for u, c := range counts {
		if c.before < 3 {
			continue
		}
		n := math.Max(1, float64(c.n))
		others := all[u.hcp] - c.n
		share := float64(others) / math.Max(1, float64(others+c.n))
		z := brandEffect[slices.Index(brandNames, u.brand)]
		z += specialtyEffect[slices.IndexFunc(specialties, func(s specialty) bool { return s.name == specialtyOf[u.hcp] })]
		z += recentEffect*(float64(c.recent)/n-1.0/3) + lastEffect*float64(c.last)/30 + volumeEffect*math.Log(n/6)
		z += callEffect*math.Min(4, float64(c.calls)) + openEffect*math.Min(3, float64(c.opens))
		z += othersEffect*share + rejectedEffect*float64(c.rejected)/n
		if c.calls == 0 && share > 0.3 {
			z += alone
		}
		label := "0"
		if c.after == 0 || 10*c.after < 3*c.before {
			label = "1"
		}
		out[u.hcp+u.brand+date(at).Format("2006-01-02")] = answer{1 / (1 + math.Exp(-z)), label}
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	digest := func(seed uint64) map[string]string {
		dir, _ := write(t, HCP{HCPs: 150, Seed: seed})
		out := map[string]string{}
		for _, pattern := range []string{"*.gz", "truth/*"} {
			paths, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, path := range paths {
				data, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				out[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(data))
			}
		}
		return out
	}
	a, b, other := digest(1), digest(1), digest(2)
	if len(a) != 11 {
		t.Errorf("%d files, want 7 tables and 4 of truth", len(a))
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	if a["/prescriptions.csv.gz"] == other["/prescriptions.csv.gz"] {
		t.Error("another seed gave the same prescriptions")
	}
}

func TestEverySeedIsLearnable(t *testing.T) {
	for seed := range uint64(20) {
		w := makeWorld(HCP{HCPs: 2000, Seed: seed})
		w.live()
		var z float64
		for _, f := range w.facts {
			y := 0.0
			if f.lapse {
				y = 1
			}
			z += (y - f.probability) / math.Sqrt(float64(len(w.facts))*0.1)
		}
		if math.Abs(z) > 4 {
			t.Errorf("seed %d: labels are %.1f standard errors from their probabilities", seed, z)
		}
		for _, b := range w.summary().Brands {
			if !(b.BestAUC >= 0.84 && b.BestAUC <= 0.90) || !(b.Positive >= 0.12 && b.Positive <= 0.25) || b.Rows < 1000 {
				t.Errorf("seed %d: %+v", seed, b)
			}
		}
	}
}

func TestPlantedFlawsAreThere(t *testing.T) {
	dir, s := write(t, HCP{HCPs: 400, Seed: 3})
	rows := map[string]int{}
	for _, f := range s.Files {
		rows[f.Name] = f.Rows
	}
	hcps := read(t, filepath.Join(dir, "hcps.csv.gz"))
	if got := len(hcps); got <= 400 || got != rows["hcps"] {
		t.Errorf("hcps has %d rows, summary says %d, want more than 400", got, rows["hcps"])
	}
	kinds := map[string]int{}
	for _, f := range read(t, filepath.Join(dir, "truth", "flaws.csv.gz")) {
		if f["rows"] == "0" {
			t.Errorf("no rows have the flaw %v", f)
		}
		if rows[f["table"]] == 0 {
			t.Errorf("no table %q", f["table"])
		}
		if cell, ok := hcps[0][f["column"]]; f["table"] == "hcps" && (!ok || cell == "" && f["kind"] != "missing") {
			t.Errorf("no column %q in hcps", f["column"])
		}
		kinds[f["kind"]]++
	}
	for _, want := range []string{"leak", "exact duplicates", "near duplicates", "fan-out", "identifier", "personal", "mixed formats", "missing block"} {
		if kinds[want] == 0 {
			t.Errorf("no flaw of the kind %q is listed", want)
		}
	}
	for _, row := range read(t, filepath.Join(dir, "prescriptions.csv.gz")) {
		if row["reported_date"] < row["rx_date"] || row["reported_date"] > "2024-12-31" {
			t.Fatalf("reported %s, prescribed %s", row["reported_date"], row["rx_date"])
		}
	}
}

func TestWriteRefusesNonsense(t *testing.T) {
	if _, err := (HCP{HCPs: -1}).Write(t.TempDir()); err == nil {
		t.Error("-1 HCPs were made")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := (HCP{HCPs: 5}).Write(file); err == nil {
		t.Error("tables were written into a file")
	}
}
