package event_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/sample"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// folder reads all tables of a folder into an engine.
func folder(t *testing.T, dir string) (*duck.DB, []table.TableInfo) {
	t.Helper()
	catalog, err := source.Describe(t.Context(), []string{dir}, source.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	db, err := duck.Open(duck.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	for i, info := range catalog.Tables {
		loaded, err := source.Load(t.Context(), catalog.Files[i].Path, info, source.LoadOptions{Threads: 2})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Load(t.Context(), info.Name, loaded.Table); err != nil {
			t.Fatal(err)
		}
	}
	return db, catalog.Tables
}

// write makes a folder of CSV files from their lines.
func write(t *testing.T, files map[string][]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, lines := range files {
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(strings.Join(lines, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func excluded(d *event.Discovery) []string {
	var out []string
	for _, x := range d.Exclude {
		out = append(out, x.Table+"."+x.Column)
	}
	slices.Sort(out)
	return out
}

// prepared is the sample from files to features.
type prepared struct {
	db       *duck.DB
	tables   []table.TableInfo
	spine    *label.Spine
	found    *event.Discovery
	features []event.Feature
}

func prepare(ctx context.Context, t *testing.T, h sample.HCP) prepared {
	t.Helper()
	dir := t.TempDir()
	if _, err := h.Write(dir); err != nil {
		t.Fatal(err)
	}
	var p prepared
	p.db, p.tables = folder(t, dir)
	unit := label.Unit{Entity: []string{"hcp_id", "brand"}, Filters: []handoff.Filter{{Table: "prescriptions", Column: "brand", Op: "=", Value: "Kisqali"}}}
	var err error
	if p.spine, err = label.Build(ctx, p.db, label.Churn("prescriptions", "rx_date"), unit); err != nil {
		t.Fatal(err)
	}
	c := event.Catalog{Tables: p.tables, Entity: unit.Entity, Main: "prescriptions", Time: "rx_date"}
	for _, s := range p.spine.Snapshots {
		c.Snapshots = append(c.Snapshots, s.At)
	}
	if p.found, err = event.Discover(ctx, p.db, c); err != nil {
		t.Fatal(err)
	}
	p.features = event.Propose(&p.found.Schema, p.tables, event.Options{Exclude: p.found.Exclude})
	return p
}

func TestSampleFromFilesToFeatures(t *testing.T) {
	p := prepare(t.Context(), t, sample.HCP{HCPs: 600, Seed: 2})
	unit := []event.Key{{Column: "hcp_id", Other: "hcp_id"}, {Column: "brand", Other: "brand"}}
	want := event.Schema{
		Entity: []string{"hcp_id", "brand"},
		Events: []event.Events{
			{Table: "calls", Time: "call_date", Keys: unit},
			{Table: "emails", Time: "event_time", Keys: unit},
			{Table: "prescriptions", Time: "rx_date", Reported: "reported_date", Keys: unit},
		},
		Static: []event.Static{
			{Table: "call_plan", Keys: unit},
			{Table: "hcps", Keys: []event.Key{{Column: "hcp_id", Other: "hcp_id"}}},
			{Table: "affiliations", Keys: []event.Key{{Column: "affiliation_id", Table: "hcps", Other: "affiliation_id"}}},
			{Table: "territories", Keys: []event.Key{{Column: "territory_id", Table: "hcps", Other: "territory_id"}}},
		},
	}
	if d := diff.Diff(want, p.found.Schema); d != "" {
		t.Error(d)
	}
	for _, column := range []string{"hcps.last_rx_date", "prescriptions.days_to_next_rx"} {
		if !slices.Contains(excluded(p.found), column) {
			t.Errorf("%s holds the future and was not excluded: %v", column, excluded(p.found))
		}
	}
	names := make(map[string]string)
	for _, f := range p.features {
		names[f.Name] = f.Formula
		if f.Formula == "" || f.AsOf == "" || len(f.SourceColumns) == 0 {
			t.Errorf("no words or sources: %+v", f)
		}
		for _, bad := range []string{"days_to_next", "last_rx_date", "call_id", "email_id", "rx_id", "npi", "hcps.email", "hcps.phone"} {
			if strings.Contains(f.Name, bad) {
				t.Errorf("%s was proposed", f.Name)
			}
		}
	}
	for name, formula := range map[string]string{
		"prescriptions.count_90d":                       "number of rows of prescriptions with the same brand and hcp_id in the 90 days before the snapshot",
		"emails.event=open.count_90d":                   "number of rows of emails with the same brand and hcp_id and event = open in the 90 days before the snapshot",
		"prescriptions_by_hcp_id.share_90d":             "(number of rows of prescriptions with the same brand and hcp_id in the 90 days before the snapshot) divided by (number of rows of prescriptions with the same hcp_id in the 90 days before the snapshot)",
		"prescriptions.claim_status=rejected.share_90d": "(number of rows of prescriptions with the same brand and hcp_id and claim_status = rejected in the 90 days before the snapshot) divided by (number of rows of prescriptions with the same brand and hcp_id in the 90 days before the snapshot)",
		"prescriptions.count_90d_of_peers_by_specialty": "(number of rows of prescriptions with the same brand and hcp_id in the 90 days before the snapshot) divided by (mean of that number over all with an event and the same hcps.specialty)",
		"hcps.onboarded_on.days_since":                  "days from onboarded_on of the row of hcps to the snapshot",
		"territories.region":                            "region of the row of territories",
		"prescriptions.quantity.last":                   "quantity of the newest of the rows of prescriptions with the same brand and hcp_id before the snapshot",
		"calls.rep_id.distinct_365d":                    "number of different rep_id in the rows of calls with the same brand and hcp_id in the 365 days before the snapshot",
		"prescriptions.trend_180d":                      "slope of the number of rows of prescriptions with the same brand and hcp_id over six equal parts of the 180 days before the snapshot, over its mean",
		"prescriptions_by_hcp_id.distinct_brand_365d":   "number of different brand in the rows of prescriptions with the same hcp_id in the 365 days before the snapshot",
		"prescriptions.overdue":                         "(days from the newest of the rows of prescriptions with the same brand and hcp_id before the snapshot to it) divided by (mean days between the rows of prescriptions with the same brand and hcp_id in the 365 days before the snapshot)",
	} {
		if names[name] != formula {
			t.Errorf("%s: %q, want %q", name, names[name], formula)
		}
	}
	values, err := event.Build(t.Context(), p.db, &p.found.Schema, p.features, p.spine.Rows)
	if err != nil {
		t.Fatal(err)
	}
	rows := p.spine.Rows
	for _, f := range event.Hindsight(p.features, values, rows.Column(label.Snapshot).Time, rows.Column(label.Label).Number) {
		if *f.Table+"."+*f.Column != "call_plan.status_at_extract" {
			t.Errorf("hindsight: %s.%s: %s", *f.Table, *f.Column, f.Evidence)
		}
		names["hindsight"] = f.Evidence
	}
	if names["hindsight"] == "" {
		t.Error("call_plan.status_at_extract knows the outcome of the newest snapshot and was not found")
	}
	again := event.Propose(&p.found.Schema, p.tables, event.Options{Exclude: append(p.found.Exclude, handoff.Exclusion{Column: "claim_status"}, handoff.Exclusion{Table: "calls", Column: "channel"})})
	for _, f := range again {
		if strings.Contains(f.Name, "claim_status") || strings.Contains(f.Name, "channel") {
			t.Errorf("%s is made of an excluded column", f.Name)
		}
	}
	if len(again) < 100 || len(again) >= len(p.features) {
		t.Errorf("%d features after an exclusion of %d", len(again), len(p.features))
	}
}

func TestDiscover(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	date := func(n int) string { return start.AddDate(0, 0, n).Format(time.DateOnly) }
	files := map[string][]string{
		"orders":     {"Customer ID,ordered,booked,shipped_by,amount,next_order,days_supply,order_no,week"},
		"customers":  {"customer_id,segment,region_code,since,last_seen"},
		"regions":    {"region_code,climate"},
		"complaints": {"CUSTOMER_ID,opened,severity"},
		"strangers":  {"customer_id,colour"},
		"weather":    {"day,rain"},
		"baskets":    {"customer_id,order_no,item"},
		"letters":    {"recipient,sent,pages"},
	}
	for c := range 120 {
		files["customers"] = append(files["customers"], fmt.Sprintf("C%03d,%c,R%d,%s,%s", c, 'a'+c%3, c%7, date(-r.IntN(900)), date(300+r.IntN(100))))
		if c%4 == 0 {
			files["complaints"] = append(files["complaints"], fmt.Sprintf("C%03d,%s,%d", c, date(r.IntN(400)), r.IntN(5)))
		}
		files["letters"] = append(files["letters"], fmt.Sprintf("C%03d,%s,%d", c, date(r.IntN(400)), r.IntN(5)), fmt.Sprintf("C%03d,%s,%d", c, date(r.IntN(400)), r.IntN(5)))
		files["strangers"] = append(files["strangers"], fmt.Sprintf("X%03d,%c", c, 'a'+c%4))
		at := r.IntN(30)
		for n := range 10 {
			supply := 10 + 10*r.IntN(5)
			next := at + max(1, supply+int(15*r.NormFloat64()))
			files["orders"] = append(files["orders"], fmt.Sprintf("C%03d,%s,%s,%s,%.2f,%s,%d,%d,%d", c, date(at), date(at+r.IntN(5)), date(at+100+r.IntN(300)),
				100*r.Float64(), date(next), supply, c*10+n, at/7))
			at = next
			files["baskets"] = append(files["baskets"], fmt.Sprintf("C%03d,%d,thing%d", c, c*10+n, r.IntN(20)))
		}
	}
	for k := range 7 {
		files["regions"] = append(files["regions"], fmt.Sprintf("R%d,%c", k, 'u'+k%3))
	}
	for n := range 50 {
		files["weather"] = append(files["weather"], fmt.Sprintf("%s,%d", date(n), n%9))
	}
	db, tables := folder(t, write(t, files))
	d, err := event.Discover(t.Context(), db, event.Catalog{
		Tables: tables, Entity: []string{"Customer ID"}, Main: "orders", Time: "ordered",
		Snapshots: []time.Time{start.AddDate(0, 0, 150), start.AddDate(0, 0, 200), start.AddDate(0, 0, 250)},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := event.Schema{
		Entity: []string{"Customer ID"},
		Events: []event.Events{
			{Table: "complaints", Time: "opened", Keys: []event.Key{{Column: "CUSTOMER_ID", Other: "Customer ID"}}},
			{Table: "letters", Time: "sent", Keys: []event.Key{{Column: "recipient", Other: "Customer ID"}}},
			{Table: "orders", Time: "ordered", Reported: "booked", Keys: []event.Key{{Column: "Customer ID", Other: "Customer ID"}}},
		},
		Static: []event.Static{
			{Table: "customers", Keys: []event.Key{{Column: "customer_id", Other: "Customer ID"}}},
			{Table: "regions", Keys: []event.Key{{Column: "region_code", Table: "customers", Other: "region_code"}}},
		},
	}
	if d := diff.Diff(want, d.Schema); d != "" {
		t.Error(d)
	}
	if d := diff.Diff([]string{"customers.last_seen", "orders.next_order", "orders.week"}, excluded(d)); d != "" {
		t.Error("excluded:", d)
	}
	if d := diff.Diff([]string{"baskets", "strangers", "weather"}, d.Unused); d != "" {
		t.Error("unused:", d)
	}
	var codes []string
	for _, f := range d.Findings {
		codes = append(codes, f.Code+" "+*f.Table)
		for _, leak := range []string{"C0", "R1", "X0"} {
			if strings.Contains(f.Evidence, leak) {
				t.Errorf("a value stands in %q", f.Evidence)
			}
		}
	}
	slices.Sort(codes)
	if d := diff.Diff([]string{"data.join strangers", "data.undated baskets", "leak.after_outcome customers", "leak.after_outcome orders"}, codes); d != "" {
		t.Error("findings:", d)
	}
	for _, f := range event.Propose(&d.Schema, tables, event.Options{Exclude: d.Exclude}) {
		if strings.Contains(f.Name, "order_no") || strings.Contains(f.Name, "shipped_by") {
			t.Errorf("%s was proposed", f.Name)
		}
	}
	if _, err := event.Discover(t.Context(), db, event.Catalog{Tables: tables, Entity: []string{"nobody"}, Main: "orders", Time: "ordered"}); err == nil {
		t.Error("an entity that is not there was taken")
	}
}

func TestHindsightNeedsEvidence(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	const n = 3000
	at, y := make([]int64, n), make([]float64, n)
	columns := make([]table.Column, 4)
	features := make([]event.Feature, 4)
	for j, name := range []string{"honest", "strong", "late", "late_number"} {
		features[j] = event.Feature{Measure: event.Attribute, Table: "t", Column: name}
		columns[j] = table.Column{Kind: table.Number, Number: make([]float64, n)}
	}
	columns[2] = table.Column{Kind: table.Text, Code: make([]int32, n), Levels: []string{"a", "b"}}
	for i := range n {
		at[i] = int64(i % 5)
		if r.Float64() < 0.3 {
			y[i] = 1
		}
		columns[0].Number[i] = r.NormFloat64() + 0.3*y[i]
		columns[1].Number[i] = r.NormFloat64() + 3*y[i]
		columns[2].Code[i] = int32(r.IntN(3) - 1)
		columns[3].Number[i] = r.NormFloat64()
		if at[i] == 4 {
			columns[2].Code[i] = int32(y[i]) - 1
			columns[3].Number[i] -= 2 * y[i]
		}
	}
	var got []string
	for _, f := range event.Hindsight(features, &table.Table{Rows: n, Columns: columns}, at, y) {
		got = append(got, *f.Column)
	}
	if d := diff.Diff([]string{"late", "late_number"}, got); d != "" {
		t.Error(d)
	}
	if got := event.Hindsight(features, &table.Table{Rows: n, Columns: columns}, make([]int64, n), y); got != nil {
		t.Errorf("one snapshot gave %v", got)
	}
}

// A row of attributes that was written anew after a snapshot is not known at
// it; where many were, no feature is made of the table.
func TestRowsUpdatedLater(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	orders := []string{"customer_id,ordered"}
	few, many := []string{"customer_id,segment,last_updated"}, []string{"customer_id,grade,geaendert_am"}
	for i := range 200 {
		id := fmt.Sprintf("C%03d", i)
		for range 5 {
			orders = append(orders, id+","+start.AddDate(0, 0, r.IntN(400)).Format(time.DateOnly))
		}
		updated := start.AddDate(0, 0, -r.IntN(300))
		if i == 0 {
			updated = start.AddDate(0, 0, 350)
		}
		few = append(few, fmt.Sprintf("%s,%s,%s", id, []string{"a", "b"}[r.IntN(2)], updated.Format(time.DateOnly)))
		many = append(many, fmt.Sprintf("%s,%d,%s", id, r.IntN(5), start.AddDate(0, 0, r.IntN(400)).Format(time.DateTime)))
	}
	db, tables := folder(t, write(t, map[string][]string{"orders": orders, "few": few, "many": many}))
	snapshots := []time.Time{start.AddDate(0, 0, 200), start.AddDate(0, 0, 300)}
	d, err := event.Discover(t.Context(), db, event.Catalog{Tables: tables, Entity: []string{"customer_id"}, Main: "orders", Time: "ordered", Snapshots: snapshots})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range d.Schema.Static {
		got[s.Table] = s.Updated
	}
	if d := diff.Diff(map[string]string{"few": "last_updated", "many": "geaendert_am"}, got); d != "" {
		t.Error("updates:", d)
	}
	if d := diff.Diff([]string{"many.customer_id", "many.geaendert_am", "many.grade"}, excluded(d)); d != "" {
		t.Error("excluded:", d)
	}
	list := []event.Feature{{Name: "segment", Measure: event.Attribute, Table: "few", Column: "segment"}}
	late := func(days int) *table.Table {
		return columns("customer_id "+label.Snapshot, 2, func(i int) []any { return []any{fmt.Sprintf("C%03d", i), start.AddDate(0, 0, days)} })
	}
	for days, want := range map[int]bool{300: true, 350: true, 351: false} { // an update on the snapshot is not before it
		values, err := event.Build(t.Context(), db, &d.Schema, list, late(days))
		if err != nil {
			t.Fatal(err)
		}
		if c := &values.Columns[0]; c.IsMissing(0) != want || c.IsMissing(1) {
			t.Errorf("day %d: missing %v and %v, want %v and false", days, c.IsMissing(0), c.IsMissing(1), want)
		}
	}
}

// The name of an update says nothing but that.
func TestNamesOfUpdates(t *testing.T) {
	for name, want := range map[string]string{
		"last_updated": "last_updated", "LastModifiedDate": "LastModifiedDate", "row_changed_at": "row_changed_at", "lastupdate": "lastupdate",
		"aktualisiert_am": "aktualisiert_am", "plan_change_date": "", "joined": "", "exchange_date": "", "contract_update": "",
	} {
		rows, orders := []string{"customer_id," + name}, []string{"customer_id,ordered"}
		for i := range 60 {
			rows = append(rows, fmt.Sprintf("C%d,%s", i, start.AddDate(0, 0, -i).Format(time.DateOnly)))
			for k := range 3 {
				orders = append(orders, fmt.Sprintf("C%d,%s", i, start.AddDate(0, 0, i+k).Format(time.DateOnly)))
			}
		}
		db, tables := folder(t, write(t, map[string][]string{"orders": orders, "customers": rows}))
		d, err := event.Discover(t.Context(), db, event.Catalog{Tables: tables, Entity: []string{"customer_id"}, Main: "orders", Time: "ordered"})
		if err != nil {
			t.Fatal(err)
		}
		if len(d.Schema.Static) != 1 || d.Schema.Static[0].Updated != want {
			t.Errorf("%s: %+v, want %q", name, d.Schema.Static, want)
		}
	}
}

// One window or two give each feature once.
func TestProposalsOfFewWindows(t *testing.T) {
	w := random(4, 300)
	dir := write(t, map[string][]string{"visits": w.lines()})
	_, tables := folder(t, dir)
	s := schema("known")
	s.Static = nil
	before := 0
	for _, windows := range [][]int{{30}, {30, 90}, {30, 90, 180}} {
		list := event.Propose(s, tables, event.Options{Windows: windows})
		if err := event.Check(s, list); err != nil {
			t.Errorf("%v: %v", windows, err)
		}
		if len(list) <= before {
			t.Errorf("%v: %d features, fewer windows gave %d", windows, len(list), before)
		}
		before = len(list)
	}
}

// lines are the visits as CSV.
func (w *world) lines() []string {
	out := []string{"who,what,kind,at,known,amount"}
	for _, v := range w.visits {
		if !v.at.IsZero() && !v.known.IsZero() {
			out = append(out, fmt.Sprintf("%s,%s,%s,%s,%s,%g", v.who, v.what, v.kind, v.at.Format(time.DateTime), v.known.Format(time.DateTime), v.amount))
		}
	}
	return out
}

// Rows of events lead to rows of other tables: the category of a product is
// counted as if it stood in the order.
func TestLookups(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	category := func(i int) string { return []string{"food", "drink", "toys"}[i%3] }
	orders, plain := []string{"customer_id,ordered,product_id"}, []string{"customer_id,ordered,product_id,category"}
	for i := range 3000 {
		product, day := r.IntN(60), start.AddDate(0, 0, r.IntN(400)).Format(time.DateOnly)
		line := fmt.Sprintf("C%02d,%s,P%02d", r.IntN(80), day, product)
		if i%50 == 0 {
			line, product = fmt.Sprintf("C%02d,%s,X", r.IntN(80), day), -1
		}
		orders = append(orders, line)
		if product < 0 {
			plain = append(plain, line+",")
		} else {
			plain = append(plain, line+","+category(product))
		}
	}
	products, updated := []string{"product_id,category,weight"}, []string{"product_id,class,last_modified"}
	for i := range 60 {
		products = append(products, fmt.Sprintf("P%02d,%s,%d", i, category(i), r.IntN(9)))
		updated = append(updated, fmt.Sprintf("P%02d,%s,%s", i, category(i), start.AddDate(0, 0, r.IntN(400)).Format(time.DateOnly)))
	}
	at := start.AddDate(0, 0, 300)
	build := func(files map[string][]string) (*event.Discovery, []event.Feature, *table.Table) {
		db, tables := folder(t, write(t, files))
		d, err := event.Discover(t.Context(), db, event.Catalog{Tables: tables, Entity: []string{"customer_id"}, Main: "orders", Time: "ordered", Snapshots: []time.Time{at}})
		if err != nil {
			t.Fatal(err)
		}
		list := event.Propose(&d.Schema, tables, event.Options{Exclude: d.Exclude})
		values, err := event.Build(t.Context(), db, &d.Schema, list, columns("customer_id "+label.Snapshot, 80, func(i int) []any { return []any{fmt.Sprintf("C%02d", i), at} }))
		if err != nil {
			t.Fatal(err)
		}
		return d, list, values
	}
	d, list, got := build(map[string][]string{"orders": orders, "products": products, "versions": updated})
	if diff := diff.Diff([]event.Lookup{{Table: "products", Column: "product_id", Key: "product_id"}}, d.Schema.Events[0].Lookups); diff != "" {
		t.Fatal(diff)
	}
	if diff := diff.Diff([]string{"versions"}, d.Unused); diff != "" {
		t.Errorf("a table of rows that were updated later: %s", diff)
	}
	_, same, want := build(map[string][]string{"orders": plain})
	compared := 0
	for i, f := range list {
		j := slices.IndexFunc(same, func(g event.Feature) bool { return g.Name == strings.Replace(f.Name, "orders.products.", "orders.", 1) })
		if !strings.Contains(f.Name, "products") || j < 0 {
			continue
		}
		compared++
		for row := range 80 {
			if a, b := cell(&got.Columns[i], row), cell(&want.Columns[j], row); a != b {
				t.Fatalf("%s of row %d: %v, want %v", f.Name, row, a, b)
			}
		}
		if !strings.Contains(f.Formula, "products.category") || !slices.Contains(f.SourceColumns, "products.category") || !slices.Contains(f.SourceColumns, "orders.product_id") {
			t.Errorf("%s: %q of %v", f.Name, f.Formula, f.SourceColumns)
		}
	}
	if compared < 10 {
		t.Errorf("%d features of products were compared: %d proposed", compared, len(list))
	}
}
