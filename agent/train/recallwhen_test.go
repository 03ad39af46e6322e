package train

import (
	"testing"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/learn/seen"
	"github.com/septet-ml/septet/table"
)

// Rows are kept only where identical ones are different cases, and the file may
// be of any size.
func TestWhenRowsAreKept(t *testing.T) {
	data := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: 400}}
	c := table.Column{Name: "a", Kind: table.Number}
	oof := make([]float64, data.Table.Rows)
	for i := range oof {
		c.Number, data.Target, oof[i] = append(c.Number, float64(i/2)), append(data.Target, float64(i/2%2)), 0.5
	}
	data.Table.Columns = []table.Column{c}
	for name, test := range map[string]struct {
		change func(*handoff.Choice)
		want   bool
	}{
		"rows":                   {func(*handoff.Choice) {}, true},
		"rows of entities":       {func(c *handoff.Choice) { c.Features.Dataset.Policy.By = "entity" }, false},
		"rows of times":          {func(c *handoff.Choice) { c.Features.Dataset.Policy.By = "time" }, false},
		"features of events":     {func(c *handoff.Choice) { c.Features.Points = &handoff.Points{} }, false},
		"a file of limited size": {func(c *handoff.Choice) { c.Features.Dataset.Scope.Constraints.ModelBytes = 1 << 20 }, false},
	} {
		in := handoff.Choice{}
		in.Features.Dataset.Policy.By = "stratified"
		test.change(&in)
		r := &recipe{oof: oof}
		r.recall(data, in)
		if got := r.seen != nil; got != test.want || (len(r.recalled()) > 0) != test.want {
			t.Errorf("%s: kept: %v, said: %q", name, got, r.recalled())
		}
		if test.want && r.evidence.Strength <= 0 {
			t.Errorf("%s: %+v", name, r.evidence)
		}
	}
	none := learn.Data{Task: learn.Binary, Classes: 2, Table: &table.Table{Rows: 400}, Target: data.Target}
	if _, ok := seen.Weigh(none, oof); ok {
		t.Error("rows without features are identical")
	}
}
