package prepare

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/durable"
	"github.com/septet-ml/septet/feature/event"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/label"
	"github.com/septet-ml/septet/memory"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/rowfile"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// events is what the examples of a label rule come from.
type events struct {
	recipe   *points.Recipe // without features
	spine    *label.Spine
	found    []handoff.Finding // about the tables
	repeated map[string]int    // rows of a table that repeat others, left out
}

// eventExamples applies the scope's label rule to the event tables.
func eventExamples(ctx context.Context, d *durable.Desk, scope handoff.Scope) (*examples, error) {
	ev := &events{repeated: map[string]int{}, recipe: &points.Recipe{
		Tables: tablesOf(scope.Tables), Label: *scope.Label,
		Unit: points.Unit{Entity: scope.Entity, Filters: scope.Filters},
	}}
	db, err := ev.load(ctx, d, scope.Tables)
	if err != nil {
		return nil, err
	}
	e, err := ev.build(ctx, d, db, scope)
	return e, errors.Join(err, db.Close())
}

// tablesOf are all tables with the rules of their cells. Columns of one name
// that are text in one table and numbers in another are read in one way in
// all, so that they join: as text, or as numbers where the text is digits with
// zeros in front.
func tablesOf(infos []table.TableInfo) []points.Table {
	text, number, words := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, t := range infos {
		for _, c := range t.Columns {
			text[c.Name] = text[c.Name] || c.Kind == table.Text
			number[c.Name] = number[c.Name] || c.Kind == table.Number && c.Integer
			words[c.Name] = words[c.Name] || c.Kind == table.Text && (!c.LeadingZeros || c.LongDigits || c.Numbers < t.Rows-c.Missing)
		}
	}
	out := make([]points.Table, len(infos))
	for i, t := range infos {
		out[i].Name = t.Name
		for _, c := range t.Columns {
			rule := c.CellRule
			switch {
			case rule.Kind == table.Number && text[c.Name] && (words[c.Name] || !number[c.Name]):
				rule = table.CellRule{Kind: table.Text}
			case rule.Kind == table.Text && number[c.Name] && !words[c.Name]:
				rule = table.CellRule{Kind: table.Number}
			}
			out[i].Columns = append(out[i].Columns, points.Column{Name: c.Name, CellRule: rule})
		}
	}
	return out
}

// load puts the tables into a data engine, rows that repeat others left out.
func (ev *events) load(ctx context.Context, d *durable.Desk, infos []table.TableInfo) (*duck.DB, error) {
	sums := map[string]string{}
	for _, t := range infos {
		sums[t.Name] = t.SHA256
	}
	find := func(name string) (string, error) { return d.Source(sums[name]) }
	done := 0
	seen := func(name string, _, repeated int) {
		ev.repeated[name] = repeated
		done++
		d.Progress(done, len(infos), "load "+name)
	}
	return ev.recipe.Load(ctx, find, seen, points.Options{Threads: d.Settings.Threads, Memory: memory.Engine(d.Settings.Memory)})
}

func (ev *events) build(ctx context.Context, d *durable.Desk, db *duck.DB, scope handoff.Scope) (*examples, error) {
	if err := ev.discover(ctx, db, scope); err != nil {
		return nil, err
	}
	ev.waive(d.Settings.Waivers)
	unit := label.Unit{Entity: scope.Entity, Filters: scope.Filters, Reported: ev.recipe.Unit.Reported, Links: ev.recipe.Schema.Links()}
	if scope.AsOf != nil {
		at, err := time.Parse(time.DateOnly, *scope.AsOf)
		if err != nil {
			return nil, fmt.Errorf("prepare: as-of date: %w", err)
		}
		unit.AsOf = at.AddDate(0, 0, 1)
	}
	var err error
	if ev.spine, err = label.Build(ctx, db, *scope.Label, unit); err != nil {
		return nil, err
	}
	if err := ev.hindsight(ctx, db, scope); err != nil {
		return nil, err
	}
	return ev.examples(scope)
}

// discover finds how the tables hang together, and columns that hold the
// future.
func (ev *events) discover(ctx context.Context, db *duck.DB, scope handoff.Scope) error {
	catalog := event.Catalog{Tables: ev.recipe.Infos(scope.Tables), Entity: scope.Entity, Main: scope.Label.EventTable, Time: scope.Label.EventTime}
	for _, s := range scope.Label.Snapshots {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			return fmt.Errorf("prepare: snapshot: %w", err)
		}
		catalog.Snapshots = append(catalog.Snapshots, at)
	}
	discovery, err := event.Discover(ctx, db, catalog)
	if err != nil {
		return err
	}
	ev.recipe.Schema = discovery.Schema
	for _, t := range discovery.Schema.Events {
		if t.Table == scope.Label.EventTable {
			ev.recipe.Unit.Reported = t.Reported
		}
	}
	ev.found = append(ev.found, discovery.Findings...)
	ev.recipe.Exclude = append(slices.Clone(scope.Exclude), discovery.Exclude...)
	for _, name := range discovery.Unused {
		if slices.ContainsFunc(discovery.Findings, func(f handoff.Finding) bool { return f.Table != nil && *f.Table == name }) {
			continue // it was said why
		}
		ev.found = append(ev.found, handoff.Finding{
			Code: "data.unused_table", Severity: handoff.Info, Table: &name, Action: handoff.NoAction,
			Evidence: "nothing leads from the unit of analysis to the table", Fix: "give it a key column called as that of the other tables",
		})
	}
	return nil
}

// hindsight finds attributes that were written with the answers in sight.
func (ev *events) hindsight(ctx context.Context, db *duck.DB, scope handoff.Scope) error {
	if scope.ProblemType != "binary" {
		return nil
	}
	attributes := slices.DeleteFunc(event.Propose(&ev.recipe.Schema, ev.recipe.Infos(scope.Tables), event.Options{Exclude: ev.recipe.Exclude}),
		func(f event.Feature) bool { return f.Measure != event.Attribute })
	values, err := event.Build(ctx, db, &ev.recipe.Schema, attributes, ev.spine.Rows)
	if err != nil {
		return err
	}
	found := event.Hindsight(attributes, values, ev.spine.Rows.Column(label.Snapshot).Time, ev.spine.Rows.Column(label.Label).Number)
	for _, f := range found {
		ev.recipe.Exclude = append(ev.recipe.Exclude, handoff.Exclusion{Table: *f.Table, Column: *f.Column, Reason: f.Evidence})
	}
	ev.found = append(ev.found, found...)
	return nil
}

// examples are the rows of the spine. Their one input is the snapshot: the
// feature analyzer adds what was known before it.
func (ev *events) examples(scope handoff.Scope) (*examples, error) {
	rows := ev.spine.Rows
	e := &examples{scope: scope, events: ev, repairs: []handoff.Repair{}, target: rows.Column(label.Label).Number}
	e.rows = make([]int32, rows.Rows)
	for i := range e.rows {
		e.rows[i] = int32(i + 1)
	}
	main := slices.IndexFunc(scope.Tables, func(t table.TableInfo) bool { return t.Name == scope.Label.EventTable })
	if main < 0 {
		return nil, fmt.Errorf("prepare: no table %q in the scope's catalog", scope.Label.EventTable)
	}
	// The examples are a table of their own, described in the catalog's terms.
	snapshot := *rows.Column(label.Snapshot)
	e.info = &table.TableInfo{Name: scope.Tables[main].Name, Rows: rows.Rows, Columns: []table.ColumnInfo{{
		Name: label.Snapshot, CellRule: table.CellRule{Kind: table.Time, Layouts: []string{time.DateOnly}},
		Distinct: len(ev.spine.Snapshots), DateOnly: true,
	}}}
	e.inputs = &table.Table{Rows: rows.Rows, Columns: []table.Column{snapshot}}
	e.others = &table.Table{Rows: rows.Rows}
	for _, name := range scope.Entity {
		e.others.Columns = append(e.others.Columns, *rows.Column(name))
	}
	e.time = snapshot.Time
	for _, s := range ev.spine.Snapshots {
		e.unanswered += s.Indeterminate
	}
	return e, nil
}

// waive gives back what findings took out and a person takes on: a column, or
// a table by the time of its updates.
func (ev *events) waive(waivers []handoff.Waiver) {
	for _, f := range ev.found {
		if f.Column == nil || f.Action != handoff.Removed || !handoff.IsWaived(waivers, f.Code, *f.Table, *f.Column) {
			continue
		}
		ev.recipe.Exclude = slices.DeleteFunc(ev.recipe.Exclude, func(x handoff.Exclusion) bool {
			return x.Table == *f.Table && (x.Column == *f.Column || x.Reason == f.Evidence)
		})
		for i := range ev.recipe.Schema.Static {
			if t := &ev.recipe.Schema.Static[i]; t.Table == *f.Table && t.Updated == *f.Column {
				t.Updated = ""
			}
		}
	}
}

// tables adds what the event tables themselves show: findings, and
// expectations of quality.
func (c *checks) tables() {
	ev := c.e.events
	ev.waive(c.desk.Settings.Waivers)
	c.findings = append(c.findings, ev.found...)
	if n := ev.spine.Unkeyed; n > 0 {
		c.find("data.no_key", handoff.Warning, handoff.Repaired, "", fmt.Sprintf("%s without a value in a key column left out", plural(n, "event")), "fill the keys")
	}
	if n := ev.spine.Undated; n > 0 {
		c.find("data.no_time", handoff.Warning, handoff.Repaired, "", fmt.Sprintf("%s without a time left out", plural(n, "event")), "fill the times")
	}
	for i := range c.e.scope.Tables {
		c.table(&c.e.scope.Tables[i])
	}
}

// table reports on one table of a label rule's catalog.
func (c *checks) table(t *table.TableInfo) {
	name := &t.Name
	add := func(code string, severity handoff.Severity, action handoff.Action, column *string, evidence, fix string) {
		c.findings = append(c.findings, handoff.Finding{Code: code, Severity: severity, Table: name, Column: column, Action: action, Evidence: evidence, Fix: fix})
	}
	if n := c.e.events.repeated[t.Name]; n > 0 {
		add("leak.duplicates", handoff.Warning, handoff.Repaired, nil,
			fmt.Sprintf("%d of %d rows repeat an earlier row in every column and were left out", n, t.Rows), "export every event once")
	}
	if t.RejectedRows > 0 {
		add("data.rejected_rows", handoff.Warning, handoff.Warned, nil,
			fmt.Sprintf("%d of %d rows do not fit the header and were set aside", t.RejectedRows, t.Rows+t.RejectedRows), "mend these lines and run again")
	}
	for i := range t.Columns {
		if col := &t.Columns[i]; col.Personal != "" {
			c.e.events.recipe.Exclude = append(c.e.events.recipe.Exclude, handoff.Exclusion{Table: t.Name, Column: col.Name, Reason: "personal data: " + col.Personal})
			add("personal."+col.Personal, handoff.Warning, handoff.Removed, &col.Name,
				"the cells look like "+personalWords[col.Personal]+"; no feature is made of it", "nothing")
		}
	}
}

// expectTables is what is expected of the event tables.
func (c *checks) expectTables(q *handoff.Quality) {
	for i := range c.e.scope.Tables {
		t := &c.e.scope.Tables[i]
		expectation := func(dimension, name string, column *string, score float64, evidence string, of ...any) {
			q.Expectations = append(q.Expectations, handoff.Expectation{
				Name: name, Dimension: dimension, Table: t.Name, Column: column, Score: score, Evidence: fmt.Sprintf(evidence, of...),
			})
		}
		for k := range t.Columns {
			col := &t.Columns[k]
			expectation("completeness", "column_is_filled", &col.Name, 1-share(col.Missing, t.Rows), "%d of %d rows have no value", col.Missing, t.Rows)
			if col.Kind == table.Time {
				score := 1.0
				if col.DayMonthGuess {
					score = 0.5
				}
				expectation("validity", "dates_can_be_told", &col.Name, score, "%d ways to write them", len(col.Layouts))
			}
		}
		expectation("consistency", "rows_fit_the_header", nil, 1-share(t.RejectedRows, t.Rows+t.RejectedRows), "%d of %d do not", t.RejectedRows, t.Rows+t.RejectedRows)
		n := c.e.events.repeated[t.Name]
		expectation("uniqueness", "rows_are_no_copies", nil, 1-share(n, t.Rows), "%d of %d rows are copies of others", n, t.Rows)
	}
}

// store writes what the feature analyzer needs beside the parts.
func (ev *events) store(ctx context.Context, d *durable.Desk, e *examples) (*handoff.Events, error) {
	out := &handoff.Events{}
	var err error
	out.Recipe, err = d.Artifacts.Put(ctx, "recipe", "application/json", func(w io.Writer) error {
		return json.NewEncoder(w).Encode(ev.recipe)
	})
	if err != nil {
		return nil, err
	}
	spine := &table.Table{Rows: e.n(), Columns: []table.Column{numbers(rowfile.Row, e.rows)}}
	spine.Columns = append(append(spine.Columns, e.others.Columns...), e.inputs.Columns...)
	out.Spine, err = d.Artifacts.Put(ctx, "spine", parquetType, func(w io.Writer) error { return parquet.Write(w, spine) })
	out.Spine.Rows = int64(spine.Rows)
	return out, err
}
