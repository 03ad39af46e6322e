package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/points"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
)

// folder scores whom the tables of a folder know of, as of a date.
func (j *scoring) folder(ctx context.Context, asOf string, p *predicted) error {
	if j.model.Recipe == nil {
		return &problem.Problem{
			Kind: problem.Usage, Code: "predict.needs_file", Where: "--in",
			What: "this model scores the rows of a file, not a folder of tables", Fix: "give the file with the rows",
		}
	}
	recipe, err := points.Decode(j.model.Recipe)
	if errors.Is(err, learn.ErrUnknown) {
		return modelfile.Newer(err)
	}
	if err != nil {
		return &problem.Problem{
			Kind: problem.Blocked, Code: "model.unreadable", Where: "points.json", What: "this is no sound model file", Why: err.Error(),
			Fix: "copy the file again, or train the model again", Cause: err,
		}
	}
	var at time.Time // zero is the newest event's
	if asOf != "" {
		if at, err = time.Parse(time.DateOnly, asOf); err != nil {
			return usage("usage.value", "--as-of", fmt.Sprintf("%q is no date", asOf), "write it as 2024-12-31")
		}
	}
	t := &tables{scoring: j, answer: p, recipe: recipe}
	if err := t.locate(); err != nil {
		return err
	}
	spine, raw, err := t.build(ctx, at)
	if err != nil {
		return err
	}
	scores, err := j.model.ScoreTable(ctx, raw, j.threads)
	if err != nil {
		return err
	}
	why, err := j.why(ctx, raw, scores)
	if err != nil {
		return err
	}
	p.Rows, p.Scored, p.Rejected = spine.Rows, spine.Rows, len(t.rejects)
	p.Ignored, p.Absent = append([]string{}, p.Ignored...), append([]string{}, p.Absent...)
	r := &results{m: j.model, intervals: j.intervals, reasons: why, loaded: &source.Loaded{Table: spine}, scores: scores, listed: t.rejects}
	for _, name := range j.model.Entity {
		r.entity = append(r.entity, asText(spine.Column(name)))
	}
	return j.write(p, r)
}

// tables are the tables of a folder on their way to scores.
type tables struct {
	*scoring
	answer  *predicted
	recipe  *points.Recipe
	paths   map[string]string // of the table's file
	rejects []reject
}

// locate finds the files of the tables that the model needs; all that it does
// not find is refused at once.
func (t *tables) locate() error {
	files, err := source.Locate([]string{t.in})
	if err != nil {
		return err
	}
	t.paths = make(map[string]string)
	for _, f := range files {
		t.paths[f.Table] = f.Path
	}
	for _, needed := range t.recipe.Tables {
		if t.paths[needed.Name] == "" {
			return &problem.Problem{
				Kind: problem.Blocked, Code: "predict.missing_table", Where: t.in,
				What: fmt.Sprintf("the folder lacks table %s, which the model needs", needed.Name),
				Fix:  "put " + needed.Name + ".csv or " + needed.Name + ".parquet there, with the columns that it had in training",
			}
		}
	}
	for _, f := range files {
		if !slices.ContainsFunc(t.recipe.Tables, func(needed points.Table) bool { return needed.Name == f.Table }) {
			t.answer.Ignored = append(t.answer.Ignored, filepath.Base(f.Path))
		}
	}
	return nil
}

// build gives who is scored and their features. at zero is the day of the
// newest event, as in training.
func (t *tables) build(ctx context.Context, at time.Time) (spine, raw *table.Table, err error) {
	db, err := t.recipe.Load(ctx, func(name string) (string, error) { return t.paths[name], nil }, nil,
		points.Options{Threads: t.threads, AllowMissing: t.allowMissing, Read: t.read})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if at.IsZero() {
		if at, err = t.recipe.Newest(ctx, db); err != nil {
			return nil, nil, err
		}
	}
	date := at.Format(time.DateOnly)
	t.answer.AsOf = &date
	if spine, err = t.recipe.Population(ctx, db, at); err != nil {
		return nil, nil, err
	}
	raw, err = t.recipe.Build(ctx, db, spine)
	return spine, raw, err
}

// read notes what of a table's file is not as it was in training.
func (t *tables) read(name string, loaded *source.Loaded) {
	for _, column := range loaded.Lacking {
		t.answer.Absent = append(t.answer.Absent, name+"."+column)
	}
	for _, r := range rejectsOf(loaded) {
		r.table = name
		t.rejects = append(t.rejects, r)
	}
}

// asText is a column with the text of its cells, as CSV has them.
func asText(c *table.Column) *table.Column {
	if c.Kind == table.Text {
		return c
	}
	out := table.Column{Name: c.Name, Kind: table.Text, Code: make([]int32, c.Len())}
	for row := range out.Code {
		text := ""
		switch {
		case c.IsMissing(row):
		case c.Kind == table.Number:
			text = strconv.FormatFloat(c.Number[row], 'f', -1, 64) // a key is no figure: never 1e+11
		default:
			text = time.UnixMicro(c.Time[row]).UTC().Format(time.RFC3339Nano)
		}
		out.Code[row] = int32(row)
		out.Levels = append(out.Levels, text)
	}
	return &out
}
