package scope

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/septet-ml/septet/handoff"
)

// Tables whose names follow no custom that English names have.
func TestOddNames(t *testing.T) {
	every := func(format string) func(*rand.Rand, int) string {
		return func(_ *rand.Rand, row int) string { return fmt.Sprintf(format, 100+row) }
	}
	seconds := func(unit int64) func(*rand.Rand, int) string {
		return func(r *rand.Rand, _ int) string {
			return fmt.Sprint((time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + r.Int64N(900*86400)) * unit)
		}
	}
	dotted := func(r *rand.Rand, _ int) string {
		return time.Date(2022, 1, 1+r.IntN(900), 0, 0, 0, 0, time.UTC).Format("02.01.2006")
	}
	spanish := madeOf(t, func(folder string) {
		write(t, folder, "clientes", 300, col{"id_cliente", every("C%d")}, one("ciudad", "Madrid", "Bilbao"))
		write(t, folder, "pedidos", 6000, count("num_pedido"), many("id_cliente", "C%d", 300), col{"fecha", dotted}, amount("importe", 1, 90))
	})
	german := madeOf(t, func(folder string) {
		write(t, folder, "Kunden", 300, col{"Kundennr", every("%06d")}, one("Ort", "Ulm", "Bremen"))
		write(t, folder, "Bestellungen", 6000, count("Bestellnr"), many("Kundennr", "%d", 300), col{"Bestelldatum", dotted}, amount("Betrag", 1, 90))
	})
	log := madeOf(t, func(folder string) {
		write(t, folder, "users", 300, col{"uid", every("u-%d  ")}, one("plan", "free", "pro"))
		write(t, folder, "log", 6000, many("uid", "u-%d", 300), col{"ts", seconds(1)}, one("action", "login", "view"))
		write(t, folder, "clicks", 6000, many("uid", "u-%d", 300), col{"clicked_at", seconds(1000)}, whole("page", 1, 9))
	})
	plain := madeOf(t, func(folder string) {
		write(t, folder, "people", 300, col{"customer", every("K%d")}, one("tier", "A", "B"))
		write(t, folder, "alpha", 6000, many("customer", "K%d", 300), days("when_bought", "2022-01-01", 900), amount("total", 1, 99))
		write(t, folder, "beta", 6000, many("customer", "K%d", 300), days("when_in", "2022-01-01", 900), one("device", "ios", "web"))
	})
	clinic := madeOf(t, func(folder string) {
		write(t, folder, "person", 300, col{"person_id", every("%d")}, whole("year_of_birth", 1930, 2000))
		write(t, folder, "visit_occurrence", 6000, count("visit_occurrence_id"), many("person_id", "%d", 300), many("visit_concept_id", "%d", 5),
			days("visit_start_date", "2020-01-01", 1500), days("visit_end_date", "2020-01-02", 1500))
	})
	for _, test := range []struct {
		f             facts
		request, want string
	}{
		{spanish, "which customers will not order in the next 60 days", "binary none_in_window of pedidos for [id_cliente]"},
		{spanish, "predict churn of clientes", "binary falls_below of pedidos for [id_cliente]"},
		{german, "which customers will stop ordering within 90 days", "binary none_in_window of Bestellungen for [Kundennr]"},
		{log, "churn of users in log", "binary falls_below of log for [uid]"},
		{log, "which users will stop clicking in the next 30 days", "binary none_in_window of clicks for [uid]"},
		{plain, "which customers will churn", "ask events (alpha)"},
		{clinic, "which patients will have a visit in the next 180 days", "binary count_at_least of visit_occurrence for [person_id]"},
	} {
		if got := outcome(handoff.Brief{Request: test.request}, test.f); got != test.want {
			t.Errorf("%s\n\tgot  %s\n\twant %s", test.request, got, test.want)
		}
	}
	r, err := define(handoff.Brief{Request: "which patients will have an emergency visit in the next 180 days"}, clinic)
	if err != nil || !strings.Contains(strings.Join(r.warnings, "\n"), "“emergency”") {
		t.Errorf("a word that nothing stands for was passed over in silence: %v %v", r, err)
	}
}
