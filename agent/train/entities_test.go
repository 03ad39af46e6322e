package train_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/septet-ml/septet/handoff"
)

// customers is a table of visits over two years by customers who come so many
// times each and have an inclination of their own.
func customers(t *testing.T, times int) string {
	t.Helper()
	random := rand.New(rand.NewPCG(6, uint64(times)))
	var b strings.Builder
	b.WriteString("party,visited_on,minutes,pages,buys\n")
	for c := range 4800 / times {
		own, usual := 2*random.NormFloat64(), 2*random.NormFloat64()
		for range times {
			minutes, pages, buys := usual+0.3*random.NormFloat64(), random.NormFloat64(), "no"
			if own+minutes+random.NormFloat64() > 1.5 {
				buys = "yes"
			}
			day := time.Date(2022, 1, 1+random.IntN(730), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			fmt.Fprintf(&b, "C%05d,%s,%.4f,%.4f,%s\n", c, day, minutes, pages, buys)
		}
	}
	path := filepath.Join(t.TempDir(), "visits.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Intervals are wider by what the rows of a customer have in common, and the
// same to the last bit where no customer comes twice. The scores, and so the
// model, never change.
func TestIntervalsOfCustomersWhoComeAgain(t *testing.T) {
	for _, times := range []int{1, 24} {
		path := customers(t, times)
		s := handoff.Settings{Effort: "1", Time: "visited_on", Target: "buys", Set: map[string]string{"unit": "known_entities"}}
		s.Exclude = []string{"party"}
		rows, _ := trainedOn(t, path, "predict buys", s)
		if of := rows.Choice.Features.Dataset.Scope.Entity; len(of) > 0 {
			t.Fatalf("%d times: the rows are of %s", times, of)
		}
		s.Exclude, s.Entity = nil, []string{"party"}
		entities, _ := trainedOn(t, path, "predict buys", s)
		if by := entities.Choice.Features.Dataset.Policy.By; by != "time" {
			t.Fatalf("%d times: the parts are by %s", times, by)
		}
		for _, part := range []string{"validation", "test"} {
			for _, name := range []string{"auc", "log_loss", "accuracy"} {
				a, b := rows.Metrics[part][name], entities.Metrics[part][name]
				if *a.Value != *b.Value {
					t.Fatalf("%d times: %s %s is %v, and %v with entities", times, part, name, *a.Value, *b.Value)
				}
				if ratio := (*b.High - *b.Low) / (*a.High - *a.Low); times > 1 && ratio < 1.2 {
					t.Errorf("%d times: the interval of %s %s is %.2f times as wide with entities", times, part, name, ratio)
				}
			}
		}
		if times > 1 {
			if a, b := rows.Decision.Called, entities.Decision.Called; *a.Value != *b.Value {
				t.Errorf("%d times: %v called, and %v with entities", times, *a.Value, *b.Value)
			}
			if a, b := rows.Sets.Held, entities.Sets.Held; *b.High-*b.Low < 1.1*(*a.High-*a.Low) {
				t.Errorf("%d times: the share held is from %v to %v, and from %v to %v with entities", times, *a.Low, *a.High, *b.Low, *b.High)
			}
			continue
		}
		if diff := cmp.Diff(rows.Metrics, entities.Metrics) + cmp.Diff(rows.Sets, entities.Sets) + cmp.Diff(rows.Segments, entities.Segments) + cmp.Diff(rows.Curves, entities.Curves); diff != "" {
			t.Errorf("customers who come once change something: %s", diff)
		}
	}
}
