package scope

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/agent/scope/spec"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/problem"
)

// pharma is a practice's tables: physicians, what they prescribe, and how they
// are called on.
func pharma(t testing.TB) facts {
	return madeOf(t, func(folder string) {
		write(t, folder, "physicians", 300, col{"doc_id", func(_ *rand.Rand, row int) string { return fmt.Sprintf("D%d", 100+row) }},
			one("specialty", "Oncology", "Cardiology"), one("district", "D1", "D2", "D3"))
		write(t, folder, "prescriptions", 6000, count("rx_id"), many("doc_id", "D%d", 300), one("brand", "Kisqali", "Entresto", "Cosentyx"), days("rx_date", "2022-01-01", 1000),
			days("reported_date", "2022-01-03", 1000), whole("quantity", 1, 90), amount("amount", 1, 900))
		write(t, folder, "calls", 3000, count("call_id"), many("doc_id", "D%d", 300), days("call_date", "2022-01-01", 1000), one("channel", "phone", "visit"))
		write(t, folder, "districts", 3, col{"district", func(_ *rand.Rand, row int) string { return fmt.Sprintf("D%d", row+1) }}, one("region", "Northland"))
		write(t, folder, "stations", 3, col{"station", func(_ *rand.Rand, row int) string { return fmt.Sprintf("S%d", row+1) }}, one("area", "Farland"))
	})
}

// ledger is one table of payments of makers to physicians.
func ledger(t testing.TB) facts {
	return madeOf(t, func(folder string) {
		write(t, folder, "payments", 8000, many("Physician_ID", "%d", 200), many("Manufacturer_ID", "M%d", 20), one("Manufacturer_Name", "Acme", "Bolt"), days("Date_of_Payment", "2020-01-01", 1800), amount("Amount", 1, 500))
	})
}

// TestEvents asks for answers that no column holds.
func TestEvents(t *testing.T) {
	all := map[string]facts{"pharma": pharma(t), "ledger": ledger(t)}
	for _, test := range []struct{ tables, request, want, rule string }{
		{"pharma", "Train churn prediction model for Kisqali HCPs", "binary falls_below of prescriptions for [doc_id brand] if prescriptions.brand = Kisqali", "0.3 3 90 14 90"},
		{"pharma", "churn of physicians in the next 60 days", "binary falls_below of prescriptions for [doc_id]", "0.3 3 60 14 60"},
		{"pharma", "which doctors will stop prescribing Kisqali within 30 days", "binary none_in_window of prescriptions for [doc_id brand] if prescriptions.brand = Kisqali", "0 1 30 14 30"},
		{"pharma", "which physicians will no longer prescribe Kisqali next quarter", "binary none_in_window of prescriptions for [doc_id brand] if prescriptions.brand = Kisqali", "0 1 91 14 91"},
		{"pharma", "predict the amount without quantity", "regression amount for [rx_id]", ""},
		{"pharma", "which physicians will prescribe Kisqali in the next quarter", "binary count_at_least of prescriptions for [doc_id brand] if prescriptions.brand = Kisqali", "1 0 91 14 91"},
		{"pharma", "how many prescriptions will a physician write in the next 90 days", "regression total of prescriptions for [doc_id]", "0 0 90 14 90"},
		{"pharma", "predict the amount per physician over the next 90 days", "regression total of prescriptions for [doc_id]", "0 0 90 14 90"},
		{"pharma", "churn of Oncology physicians", "binary falls_below of prescriptions for [doc_id] if physicians.specialty = Oncology", "0.3 3 90 14 90"},
		{"pharma", "churn of oncologists", "binary falls_below of prescriptions for [doc_id] if physicians.specialty = Oncology", "0.3 3 90 14 90"},
		{"pharma", "churn for Kisqali HCPs for cardiologists in region Northland", "binary falls_below of prescriptions for [doc_id brand] if prescriptions.brand = Kisqali if districts.region = Northland if physicians.specialty = Cardiology", "0.3 3 90 14 90"},
		{"pharma", "churn of Kisqaly HCPs", "ask filter (prescriptions.brand=Kisqali)", ""},
		{"pharma", "churn of Kesimpta HCPs", "ask filter", ""},
		{"pharma", "churn of HCPs in Northland", "binary falls_below of prescriptions for [doc_id] if districts.region = Northland", "0.3 3 90 14 90"},
		{"pharma", "churn of HCPs in Farland", "scope.filter_far: ", ""},
		{"pharma", "churn of physicians since 2023-01-01", "binary falls_below of prescriptions for [doc_id] if prescriptions.rx_date >= 2023-01-01", "0.3 3 90 14 90"},
		{"pharma", "churn of physicians in 2024", "binary falls_below of prescriptions for [doc_id]", "0.3 3 90 14 90"},
		{"pharma", "predict the quantity", "regression quantity for [rx_id]", ""},
		{"ledger", "which physicians will stop receiving payments from a maker in the next two quarters", "binary none_in_window of payments for [Physician_ID Manufacturer_ID]", "0 1 182 0 182"},
		{"ledger", "will a physician be paid by Acme next month", "binary count_at_least of payments for [Physician_ID] if payments.Manufacturer_Name = Acme", "1 0 90 0 30"},
		{"ledger", "churn of manufacturers", "data.too_few: ", ""},
		{"ledger", "churn", "ask entity (Physician_ID)", ""},
	} {
		r, err := define(handoff.Brief{Request: test.request}, all[test.tables])
		got := outcome(handoff.Brief{Request: test.request}, all[test.tables])
		if got != test.want && !(strings.HasSuffix(test.want, ": ") && strings.HasPrefix(got, test.want)) {
			t.Errorf("%s: %s\n\tgot  %s\n\twant %s", test.tables, test.request, got, test.want)
			continue
		}
		if err != nil || r.scope.Label == nil {
			continue
		}
		l := r.scope.Label
		if rule := fmt.Sprintf("%g %g %d %d %d", l.Threshold, l.MinimumBefore, l.ObservationDays, l.GapDays, l.LabelDays); rule != test.rule {
			t.Errorf("%s: the windows are %s, want %s", test.request, rule, test.rule)
		}
		if faults := r.scope.Check(); len(faults) > 0 {
			t.Errorf("%s: %v", test.request, faults)
		}
	}
}

// TestHCPChurn is the default rule in full.
func TestHCPChurn(t *testing.T) {
	r, err := define(handoff.Brief{Request: "Train churn prediction model for Kisqali HCPs"}, pharma(t))
	if err != nil {
		t.Fatal(err)
	}
	s := r.scope
	if s.Slug != "churn-kisqali-hcp" || s.Title != "churn of HCP × Kisqali, 90 days ahead" {
		t.Errorf("got %s: %s", s.Slug, s.Title)
	}
	if want := "churn of HCP × Kisqali, 90 days ahead, 14 days gap · binary · 8 snapshots on prescriptions"; r.headline != want {
		t.Errorf("got %s, want %s", r.headline, want)
	}
	n := len(s.Label.Snapshots)
	want := []string{"2024-03-03", "2024-06-15"} // 104 days apart, the last one 104 days before the day after the newest event
	if diff := cmp.Diff(want, s.Label.Snapshots[n-2:]); diff != "" || *s.AsOf != "2024-09-26" {
		t.Errorf("as of %s: %s", *s.AsOf, diff)
	}
	if s.SplitBy != "time" || s.Unit != "known_entities" || *s.Time != "rx_date" || *s.HorizonDays != 90 || s.Target != nil {
		t.Errorf("got %+v", s)
	}
}

// TestEventSettings shows that windows and days can be set.
func TestEventSettings(t *testing.T) {
	f := pharma(t)
	set := func(set map[string]string) (handoff.Scope, error) {
		r, err := define(handoff.Brief{Request: "churn of physicians", Settings: handoff.Settings{Set: set}}, f)
		if err != nil {
			return handoff.Scope{}, err
		}
		return r.scope, nil
	}
	s, err := set(map[string]string{"label_days": "30", "gap_days": "0", "observation_days": "60", "as_of": "2023-12-31"})
	if err != nil {
		t.Fatal(err)
	}
	l := s.Label
	if l.LabelDays != 30 || l.GapDays != 0 || l.ObservationDays != 60 || *s.AsOf != "2023-12-31" || l.Snapshots[len(l.Snapshots)-1] != "2023-12-02" {
		t.Errorf("got %+v as of %s", l, *s.AsOf)
	}
	if s, err = set(map[string]string{"horizon_days": "45"}); err != nil || s.Label.LabelDays != 45 || s.Label.ObservationDays != 45 || *s.HorizonDays != 45 {
		t.Errorf("horizon: %v %+v", err, s.Label)
	}
	if s, err = set(map[string]string{"events": "calls"}); err != nil || s.Main != "calls" || s.Label.EventTime != "call_date" {
		t.Errorf("events: %v %+v", err, s.Label)
	}
	if _, err = set(map[string]string{"events": "cals"}); problem.As(err) == nil || problem.As(err).Code != "scope.no_table" {
		t.Errorf("no such table: %v", err)
	}
	if _, err = set(map[string]string{"label_days": "900"}); problem.As(err) == nil || problem.As(err).Code != "label.no_snapshot" {
		t.Errorf("no snapshot: %v", err)
	}
}

// TestSpecification writes scopes as specifications, reads them, and gets the
// same scopes.
func TestSpecification(t *testing.T) {
	all := tables(t)
	all["pharma"], all["ledger"] = pharma(t), ledger(t)
	for _, test := range []struct{ tables, request string }{
		{"bank", "churn of customers in France with balance over 50000, without Tenure, AUC at least 0.7, fair across gender, under 20 ms, at least 100 rows"},
		{"loans", "default of loans before 2024-06-01 as of 2024-05-01, optimise log loss"},
		{"stays", "will a patient be readmitted within 30 days"},
		{"shops", "forecast weekly sales"},
		{"visits", "churn"},
		{"pharma", "Train churn prediction model for Kisqali HCPs"},
		{"pharma", "predict the amount per physician over the next 90 days"},
		{"ledger", "which physicians will stop receiving payments from a maker in the next two quarters"},
	} {
		r, err := define(handoff.Brief{Request: test.request}, all[test.tables])
		if err != nil {
			t.Fatalf("%s: %v", test.request, err)
		}
		text, err := spec.Write(r.scope)
		if err != nil {
			t.Fatal(err)
		}
		read, err := spec.Read("spec.yaml", text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		again, err := define(handoff.Brief{Request: "spec.yaml", Spec: read}, all[test.tables])
		if err != nil {
			t.Errorf("%s: %v\n%s", test.request, err, text)
			continue
		}
		for _, s := range []*handoff.Scope{&r.scope, &again.scope} {
			s.Assumptions, s.Clauses = nil, nil
		}
		if diff := cmp.Diff(r.scope, again.scope); diff != "" {
			t.Errorf("%s: -first +from its specification\n%s\n%s", test.request, diff, text)
		}
	}
}

// TestSpecificationFaults shows that what a specification says is held against
// the tables, and that the place in the file is found.
func TestSpecificationFaults(t *testing.T) {
	f := tables(t)["bank"]
	for _, test := range []struct{ text, code, where string }{
		{"request: churn\ntarget: churn_flg\n", "data.no_target", "spec.yaml:2:9"},
		{"target: Exited\nexclude:\n- Agee\n", "scope.no_column", "spec.yaml:3:3"},
		{"target: Exited\nfilters:\n- {column: Agee, op: '=', value: 3}\n", "scope.no_column", "spec.yaml:3:12"},
		{"target: Exited\nentity: [CustID]\n", "scope.no_column", "spec.yaml:2:9"},
		{"target: Exited\nhorizon_days: 3\nsplit_by: time\n", "scope.no_time", "spec.yaml:3:11"},
		{"target: Exited\nmetric: rmse\n", "scope.metric", "spec.yaml:2:9"},
		{"target: Exited\nconstraints: {fairness_groups: [Gendre]}\n", "scope.no_column", "spec.yaml:2:33"},
		{"label: {rule: falls_below, event_table: bank, label_days: 9, observation_days: 9}", "scope.no_time", ""},
		{"label: {rule: falls_below, event_table: bnk, label_days: 9, observation_days: 9}", "scope.no_table", "spec.yaml:1:41"},
	} {
		read, err := spec.Read("spec.yaml", []byte(test.text))
		if err != nil {
			t.Fatal(err)
		}
		_, err = define(handoff.Brief{Request: "spec.yaml", Spec: read}, f)
		p := problem.As(err)
		if p == nil || p.Code != test.code {
			t.Errorf("%q: got %v, want %s", test.text, err, test.code)
			continue
		}
		if spec.Place(p, "spec.yaml", []byte(test.text)); test.where != "" && p.Where != test.where {
			t.Errorf("%q: at %s, want %s", test.text, p.Where, test.where)
		}
	}
}

// FuzzRequest: no request and no answer makes the definer panic; it ends with
// a sound scope, a question or a problem, and says the same twice.
func FuzzRequest(f *testing.F) {
	bank, events := tables(f)["loans"], pharma(f)
	for _, request := range []string{
		"Train churn prediction model for Kisqali HCPs", "default of loans in CA with income over 50,000, AUC ≥ 0.8, under 20 ms", "which loans will be charged off within 30 days as of 01/02/2024",
		"ohne Sinn 'und \"Verstand", "predict the the of for using only", "excluding customers in", "how many how much which whether", "in the next 99999999999 years", "churn 1e309 %", "“",
	} {
		f.Add(request, "", "")
	}
	f.Add("x", "grade", "C")
	f.Fuzz(func(t *testing.T, request, target, positive string) {
		for _, facts := range []facts{bank, events} {
			brief := handoff.Brief{Request: request, Settings: handoff.Settings{Target: target, Positive: positive}}
			r, err := define(brief, facts)
			var open *asked
			switch {
			case err == nil:
				if faults := r.scope.Check(); len(faults) > 0 {
					t.Fatalf("%v", faults)
				}
				again, err := define(brief, facts)
				if err != nil || !cmp.Equal(r.scope, again.scope) {
					t.Fatal("the same request gave another scope")
				}
			case errors.As(err, &open):
				if len(open.questions) == 0 {
					t.Fatal("no question")
				}
			case problem.As(err) == nil:
				t.Fatalf("no problem: %v", err)
			}
		}
	})
}
