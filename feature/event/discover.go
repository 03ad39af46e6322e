package event

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/septet-ml/septet/duck"
	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// Catalog is what Discover starts from.
type Catalog struct {
	Tables    []table.TableInfo // of the tables in the engine, under their names
	Entity    []string          // columns of the main table
	Main      string            // the table of the events that make the label
	Time      string            // its time
	Reported  string            // when its rows became known; "" to find out
	Snapshots []time.Time       // those that features will be asked for
}

// Discovery is how the tables hang together, and what was seen on the way.
type Discovery struct {
	Schema   Schema
	Exclude  []handoff.Exclusion // columns that no feature should be made of: they hold the future, name a row or tell the time
	Findings []handoff.Finding
	Unused   []string // tables that nothing leads to, or that hardly match
}

// The bounds of discovery.
const (
	masterRows  = 1.05  // a dated table of at most so many rows a key
	masterMatch = 0.9   // and of at least so many of the entities holds attributes, any other one events
	undatedRows = 1.5   // rows a key from which a table without a date is not used
	leastMatch  = 0.02  // of the entities have a row, else a table is not used
	goodMatch   = 0.5   // of them, else it is said
	leastValues = 50    // a key of another name has at least so many values
	containment = 0.9   // and at least so many of them are entities
	reportDays  = 60    // a report comes within so many days for 99 % of the rows
	inOrder     = 0.999 // share of rows whose report is not before their time
	lateShare   = 0.01  // of a date column's values that may lie after the middle snapshot
	clockCorr   = 0.98  // of a number with the time of its row
	aheadShare  = 0.5   // of a column's values that are the days to the next event
	aheadCorr   = 0.95
	aheadValues = 30      // fewer are no evidence
	aheadRows   = 100_000 // about so many rows of a table are looked at
)

// Discover finds the tables of events and of attributes that belong to the
// entity, their keys, times and reporting dates, from names and from all
// rows. Columns that hold the future are found and excluded: dates of an
// attribute table that lie after snapshots, and columns of events that tell
// when the next one comes.
func Discover(ctx context.Context, db *duck.DB, c Catalog) (*Discovery, error) {
	d := discoverer{db: db, Catalog: c}
	d.out.Schema.Entity = slices.Clone(c.Entity)
	main := d.info(c.Main)
	if main == nil {
		return nil, fmt.Errorf("discover: there is no table %q", c.Main)
	}
	for _, name := range c.Entity {
		if main.Column(name) == nil {
			return nil, fmt.Errorf("discover: table %q has no column %q", c.Main, name)
		}
	}
	for i := range c.Tables {
		if err := d.place(ctx, &c.Tables[i]); err != nil {
			return nil, fmt.Errorf("discover: table %s: %w", c.Tables[i].Name, err)
		}
	}
	if err := d.chain(ctx); err != nil {
		return nil, fmt.Errorf("discover: %w", err)
	}
	return &d.out, nil
}

type discoverer struct {
	db *duck.DB
	Catalog
	out Discovery
}

func (d *discoverer) info(name string) *table.TableInfo {
	i := slices.IndexFunc(d.Tables, func(t table.TableInfo) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Tables[i]
}

func (d *discoverer) find(table, column, code string, severity handoff.Severity, action handoff.Action, evidence, fix string) {
	f := handoff.Finding{Code: code, Severity: severity, Table: &table, Action: action, Evidence: evidence, Fix: fix}
	if column != "" {
		f.Column = &column
	}
	d.out.Findings = append(d.out.Findings, f)
	if action == handoff.Removed {
		d.out.Exclude = append(d.out.Exclude, handoff.Exclusion{Table: table, Column: column, Reason: evidence})
	}
}

// plain is a column's name without case, blanks and marks.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" _-.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// keys are the columns of t that hold the values of entity columns: those of
// the same name or, where there is none, a text column whose values are nearly
// all known as entities.
func (d *discoverer) keys(ctx context.Context, t *table.TableInfo) ([]Key, error) {
	var out []Key
	main := d.info(d.Main)
	for _, name := range d.Entity {
		of := main.Column(name)
		i := slices.IndexFunc(t.Columns, func(c table.ColumnInfo) bool { return plain(c.Name) == plain(name) })
		if i < 0 && t.Name != d.Main && of.Kind == table.Text && of.Distinct >= leastValues {
			var err error
			if i, err = d.holds(ctx, t, name); err != nil {
				return nil, err
			}
		}
		switch {
		case i < 0:
		case t.Columns[i].Kind != of.Kind:
			d.find(t.Name, t.Columns[i].Name, "data.join", handoff.Warning, handoff.Warned,
				fmt.Sprintf("it is %s here and %s in %s", t.Columns[i].Kind, of.Kind, d.Main), "write the keys in the same way in both tables")
		default:
			out = append(out, Key{Column: t.Columns[i].Name, Other: name})
		}
	}
	return out, nil
}

// holds is the text column of t of whose different values the largest share,
// at least containment, are values of the entity column; -1 where there is
// none.
func (d *discoverer) holds(ctx context.Context, t *table.TableInfo, entity string) (int, error) {
	best, most := -1, containment
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind != table.Text || c.Distinct < leastValues {
			continue
		}
		got, err := d.db.Query(ctx, fmt.Sprintf("SELECT count(*) FILTER (v IN (SELECT %s FROM %s))::DOUBLE / count(*) FROM (SELECT DISTINCT %s AS v FROM %s) WHERE v IS NOT NULL",
			duck.Quote(entity), duck.Quote(d.Main), duck.Quote(c.Name), duck.Quote(t.Name)))
		if err != nil {
			return -1, err
		}
		if share := got.Columns[0].Number[0]; share >= most && (best < 0 || share > most) {
			best, most = i, share
		}
	}
	return best, nil
}

// place puts a table that has entity columns among the events or the static
// tables.
func (d *discoverer) place(ctx context.Context, t *table.TableInfo) error {
	keys, err := d.keys(ctx, t)
	if err != nil || len(keys) == 0 {
		return err // chain may lead to it
	}
	distinct, match, err := d.match(ctx, t, keys)
	if err != nil {
		return err
	}
	if match < leastMatch {
		d.out.Unused = append(d.out.Unused, t.Name)
		d.find(t.Name, "", "data.join", handoff.Warning, handoff.Warned,
			fmt.Sprintf("%.1f %% of the entities have a row", 100*match), "check that the keys are written in the same way in both tables")
		return nil
	}
	perKey := float64(t.Rows) / float64(max(distinct, 1))
	e := Events{Table: t.Name, Keys: keys, Time: d.Time, Reported: d.Reported}
	if t.Name != d.Main {
		e.Time, e.Reported = "", ""
		if perKey > masterRows || match < masterMatch {
			if e.Time, err = d.time(ctx, t); err != nil {
				return err
			}
		}
	}
	if e.Time != "" {
		if e.Reported == "" {
			if e.Reported, err = d.reported(ctx, t, e.Time); err != nil {
				return err
			}
		}
		d.out.Schema.Events = append(d.out.Schema.Events, e)
		if err := d.identifiers(ctx, t); err != nil {
			return err
		}
		if err := d.clocks(ctx, t, &e); err != nil {
			return err
		}
		return d.ahead(ctx, t, &e)
	}
	if perKey > undatedRows {
		d.out.Unused = append(d.out.Unused, t.Name)
		d.find(t.Name, "", "data.undated", handoff.Warning, handoff.Warned,
			fmt.Sprintf("%.1f rows for each key and no date: it cannot be told what was known when", perKey), "give the rows a date if they are to be used")
		return nil
	}
	d.out.Schema.Static = append(d.out.Schema.Static, Static{Table: t.Name, Keys: keys})
	return d.describe(ctx, t, match, perKey)
}

// describe notes how well a static table joins, and its columns of the future.
func (d *discoverer) describe(ctx context.Context, t *table.TableInfo, match, perKey float64) error {
	if match < goodMatch {
		d.find(t.Name, "", "data.join", handoff.Warning, handoff.Warned,
			fmt.Sprintf("%.1f %% of the entities have a row", 100*match), "check that the keys are written in the same way in both tables")
	}
	if err := d.identifiers(ctx, t); err != nil {
		return err
	}
	if perKey > 1 {
		d.find(t.Name, "", "data.fan_out", handoff.Info, handoff.Repaired,
			fmt.Sprintf("%.3f rows for each key: of several values the smallest is taken", perKey), "keep one row for each key if another one is right")
	}
	return d.late(ctx, t)
}

// match counts the different keys of a table, and the share of the main
// table's keys that it has.
func (d *discoverer) match(ctx context.Context, t *table.TableInfo, keys []Key) (distinct int, match float64, err error) {
	var here, there, on []string
	for i, k := range keys {
		here = append(here, fmt.Sprintf("%s AS k%d", duck.Quote(k.Column), i))
		there = append(there, fmt.Sprintf("%s AS k%d", duck.Quote(k.Other), i))
		on = append(on, fmt.Sprintf("h.k%[1]d = m.k%[1]d", i))
	}
	got, err := d.db.Query(ctx, fmt.Sprintf(`WITH h AS (SELECT DISTINCT %s FROM %s), m AS (SELECT DISTINCT %s FROM %s)
SELECT (SELECT count(*) FROM h), (SELECT count(*) FROM m), (SELECT count(*) FROM m WHERE EXISTS (SELECT 1 FROM h WHERE %s))`,
		strings.Join(here, ", "), duck.Quote(t.Name), strings.Join(there, ", "), duck.Quote(d.Main), strings.Join(on, " AND ")))
	if err != nil {
		return 0, 0, err
	}
	return int(got.Columns[0].Number[0]), got.Columns[2].Number[0] / max(got.Columns[1].Number[0], 1), nil
}

// times are the columns of t that hold a time in most rows.
func times(t *table.TableInfo) []string {
	var out []string
	for _, c := range t.Columns {
		if c.Kind == table.Time && 2*c.Missing < t.Rows && c.Distinct > 1 {
			out = append(out, c.Name)
		}
	}
	return out
}

// time is the column that dates the rows of t: the one that is never after
// another one where both have a value, else the first with the fewest
// missing; "" where there is none.
func (d *discoverer) time(ctx context.Context, t *table.TableInfo) (string, error) {
	all := times(t)
	if len(all) == 0 {
		return "", nil
	}
	for _, a := range all {
		first := true
		for _, b := range all {
			if a == b {
				continue
			}
			o, err := d.order(ctx, t, a, b)
			if err != nil {
				return "", err
			}
			first = first && o.after >= inOrder
		}
		if first {
			return a, nil
		}
	}
	return slices.MinFunc(all, func(a, b string) int { return t.Column(a).Missing - t.Column(b).Missing }), nil
}

// order is how two times of the rows of a table lie to each other.
type order struct {
	after float64 // share of the rows in which the second is not before the first
	later float64 // in which it is after the first
	mean  float64 // days from the first to the second
	most  float64 // in 99 % of the rows it is at most that
}

func (d *discoverer) order(ctx context.Context, t *table.TableInfo, a, b string) (order, error) {
	got, err := d.db.Query(ctx, fmt.Sprintf(`SELECT count(*) FILTER (lag >= 0) / count(*), count(*) FILTER (lag > 0) / count(*), sum(lag)::DOUBLE / count(*) / %[4]d, quantile_disc(lag, 0.99) / %[4]d
FROM (SELECT epoch_us(%[2]s) - epoch_us(%[1]s) AS lag FROM %[3]s) WHERE lag IS NOT NULL`,
		duck.Quote(a), duck.Quote(b), duck.Quote(t.Name), int64(dayMicros)))
	if err != nil {
		return order{}, err
	}
	v := func(j int) float64 { return got.Columns[j].Number[0] }
	return order{v(0), v(1), v(2), v(3)}, nil
}

// reported is the column that tells when the rows of t became known: a time
// that is not before at and comes soon after it, the latest of several.
func (d *discoverer) reported(ctx context.Context, t *table.TableInfo, at string) (string, error) {
	best, latest := "", 0.0
	for _, name := range times(t) {
		if name == at {
			continue
		}
		o, err := d.order(ctx, t, at, name)
		if err != nil {
			return "", err
		}
		if o.after >= inOrder && o.later > 0.01 && o.most <= reportDays && o.mean > latest {
			best, latest = name, o.mean
		}
	}
	return best, nil
}

// identifiers excludes the whole numbers that name a row, where the catalog did
// not count their values.
func (d *discoverer) identifiers(ctx context.Context, t *table.TableInfo) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind != table.Number || !c.Integer || !c.ManyDistinct || slices.ContainsFunc(d.Entity, func(e string) bool { return plain(e) == plain(c.Name) }) {
			continue
		}
		distinct, err := d.distinct(ctx, t, c)
		if err != nil {
			return err
		}
		if float64(distinct) > uniqueShare*float64(t.Rows-c.Missing) {
			d.out.Exclude = append(d.out.Exclude, handoff.Exclusion{Table: t.Name, Column: c.Name, Reason: "identifier: nearly every row has another value"})
		}
	}
	return nil
}

// clocks excludes the numbers of a table of events that are another way to
// write its time, such as the number of the week: what is learned from them
// does not hold later.
func (d *discoverer) clocks(ctx context.Context, t *table.TableInfo, e *Events) error {
	var names, facts []string
	for _, c := range t.Columns {
		known := slices.ContainsFunc(d.out.Exclude, func(x handoff.Exclusion) bool { return x.Table == t.Name && x.Column == c.Name })
		if c.Kind == table.Number && c.Distinct > 2 && !e.hasKey(c.Name) && !known {
			names = append(names, c.Name)
			facts = append(facts, fmt.Sprintf("corr(%s, epoch(%s))", duck.Quote(c.Name), duck.Quote(e.Time)))
		}
	}
	if len(names) == 0 {
		return nil
	}
	got, err := d.db.Query(ctx, "SELECT "+strings.Join(facts, ", ")+" FROM "+duck.Quote(t.Name))
	if err != nil {
		return err
	}
	for i, name := range names {
		if math.Abs(got.Columns[i].Number[0]) >= clockCorr {
			d.out.Exclude = append(d.out.Exclude, handoff.Exclusion{Table: t.Name, Column: name, Reason: "it goes with the time of the row"})
		}
	}
	return nil
}

// distinct is the exact number of different values of a column.
func (d *discoverer) distinct(ctx context.Context, t *table.TableInfo, c *table.ColumnInfo) (int, error) {
	if !c.ManyDistinct {
		return c.Distinct, nil
	}
	got, err := d.db.Query(ctx, fmt.Sprintf("SELECT count(DISTINCT %s) FROM %s", duck.Quote(c.Name), duck.Quote(t.Name)))
	if err != nil {
		return 0, err
	}
	return int(got.Columns[0].Number[0]), nil
}

// vague are names that say nothing of what they identify.
var vague = []string{"id", "key", "code", "no", "nr", "index", "number", "name", "rowid", "rownames"}

// chain finds the tables that a static table leads to: by a column of the
// same name that is unique there and holds most of the values. It goes on
// until nothing new is found.
func (d *discoverer) chain(ctx context.Context) error {
	for i := 0; i < len(d.out.Schema.Static); i++ {
		from := d.info(d.out.Schema.Static[i].Table)
		for j := range d.Tables {
			t := &d.Tables[j]
			if d.placed(t.Name) || slices.Contains(d.out.Unused, t.Name) {
				continue
			}
			key, match, err := d.refers(ctx, from, t)
			if err != nil {
				return err
			}
			if key == nil {
				continue
			}
			d.out.Schema.Static = append(d.out.Schema.Static, Static{Table: t.Name, Keys: []Key{*key}})
			if err := d.describe(ctx, t, match, 1); err != nil {
				return err
			}
		}
	}
	for i := range d.out.Schema.Events {
		if err := d.lookups(ctx, &d.out.Schema.Events[i]); err != nil {
			return err
		}
	}
	for _, t := range d.Tables {
		if !d.placed(t.Name) && !slices.Contains(d.out.Unused, t.Name) {
			d.out.Unused = append(d.out.Unused, t.Name)
		}
	}
	slices.Sort(d.out.Unused)
	return nil
}

// lookups finds the tables of attributes that the rows of events lead to. One
// that says when its rows were updated is none: what it said at the time of an
// event is not known.
func (d *discoverer) lookups(ctx context.Context, e *Events) error {
	from := d.info(e.Table)
	for j := range d.Tables {
		t := &d.Tables[j]
		if d.out.Schema.events(t.Name) != nil || d.out.Schema.static(t.Name) >= 0 || slices.Contains(d.out.Unused, t.Name) ||
			slices.ContainsFunc(t.Columns, func(c table.ColumnInfo) bool { return c.Kind == table.Time && isUpdate(c.Name) }) {
			continue
		}
		key, match, err := d.refers(ctx, from, t)
		if err != nil {
			return err
		}
		if key == nil {
			continue
		}
		if match < 0.99 {
			d.find(t.Name, key.Column, "data.join", handoff.Info, handoff.NoAction,
				fmt.Sprintf("%.1f %% of the rows of %s that have a value find their row", 100*match, e.Table), "check that the keys are written in the same way in both tables")
		}
		if !d.placed(t.Name) {
			if err := d.identifiers(ctx, t); err != nil {
				return err
			}
		}
		e.Lookups = append(e.Lookups, Lookup{Table: t.Name, Column: key.Other, Key: key.Column})
	}
	return nil
}

func (d *discoverer) placed(name string) bool {
	return d.out.Schema.events(name) != nil || d.out.Schema.static(name) >= 0 ||
		slices.ContainsFunc(d.out.Schema.Events, func(e Events) bool { return e.lookup(name) != nil })
}

// refers is the key by which rows of from lead to one row of t; nil where
// there is none.
func (d *discoverer) refers(ctx context.Context, from, t *table.TableInfo) (*Key, float64, error) {
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind == table.Time || c.Distinct < 2 || !c.ManyDistinct && c.Distinct != t.Rows-c.Missing || slices.Contains(vague, plain(c.Name)) {
			continue
		}
		for _, f := range from.Columns {
			if plain(f.Name) != plain(c.Name) || f.Kind != c.Kind {
				continue
			}
			if distinct, err := d.distinct(ctx, t, c); err != nil || distinct != t.Rows-c.Missing {
				return nil, 0, err
			}
			got, err := d.db.Query(ctx, fmt.Sprintf("SELECT count(*) FILTER (EXISTS (SELECT 1 FROM %[1]s t WHERE t.%[2]s = f.%[3]s))::DOUBLE / count(*) FROM %[4]s f WHERE f.%[3]s IS NOT NULL",
				duck.Quote(t.Name), duck.Quote(c.Name), duck.Quote(f.Name), duck.Quote(from.Name)))
			if err != nil {
				return nil, 0, err
			}
			if match := got.Columns[0].Number[0]; match >= goodMatch {
				return &Key{Column: c.Name, Table: from.Name, Other: f.Name}, match, nil
			}
		}
	}
	return nil, 0, nil
}
