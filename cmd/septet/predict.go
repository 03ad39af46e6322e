package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/learn"
	"github.com/septet-ml/septet/modelfile"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/source"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/terminal"
)

// predicted is the answer of septet predict.
type predicted struct {
	Format   string   `json:"format"` // septet.prediction/1
	Model    named    `json:"model"`
	In       string   `json:"in"`
	Out      string   `json:"out"`
	AsOf     *string  `json:"as_of"` // of a folder of tables; else null
	Rows     int      `json:"rows"`
	Scored   int      `json:"scored"`
	Rejected int      `json:"rejected"` // of a folder: rows of its tables
	Rejects  *string  `json:"rejects"`  // the list of them; null where there are none
	Ignored  []string `json:"ignored"`  // columns that the model does not use
	Absent   []string `json:"absent"`   // columns that the model uses and the file lacks, taken as missing
	Code     int      `json:"exit_code"`
}

func (p predicted) ExitCode() int { return p.Code }

func (p predicted) Text(w io.Writer, s terminal.Style) {
	status := "ok"
	if p.Rejected > 0 {
		status = "warning"
	}
	if p.AsOf != nil {
		fmt.Fprintf(w, "  %s %d scored as of %s → %s\n", s.Check(status), p.Scored, *p.AsOf, p.Out)
	} else {
		fmt.Fprintf(w, "  %s %d of %d rows scored → %s\n", s.Check(status), p.Scored, p.Rows, p.Out)
	}
	if p.Rejects != nil {
		fmt.Fprintf(w, "    %d rows could not be read as they must; %s says why\n", p.Rejected, *p.Rejects)
	}
}

func (a *app) predictCommand() *cobra.Command {
	var in, out, asOf string
	var allowMissing, intervals bool
	var threads, explain int
	c := &cobra.Command{
		Use: "predict MODEL --in FILE|DIR --out FILE", Short: "Score every row of a file, or every unit of a folder of tables", GroupID: "serve", Args: exactly("MODEL"),
		Long: `Scores every row of a file (.csv, .csv.gz, .parquet) with a model: a name of the
registry, name@version, name@stage, a digest or a .septet file.

The output has the rows of the input in their order: the columns that name the
unit, or the number of the row; the prediction; and the probability of the
positive class, or of each class. Rows that cannot be scored are left empty and
listed, with the reason, in the file OUT.rejects.csv.

--explain N adds why each row got its score: the N features that moved it most,
by how much, and what they are. With reason_base and reason_rest the effects add
up to the prediction of a number, or to the log-odds ln(p/(1-p)) of the positive
class, or of the predicted one of several.

A model of events takes the folder of its tables: who is scored, and what is
known of them, is what the tables say before the date of --as-of. Rows of the
tables that cannot be read as in training are listed as rejects. It takes a
file, too, with the features as its columns.`,
	}
	a.command(c, func(ctx context.Context, args []string) (answer, error) {
		if in == "" || out == "" {
			return nil, usage("usage.arguments", "septet predict", "septet predict needs --in and --out", "septet predict MODEL --in FILE --out FILE")
		}
		if _, err := os.Stat(in); err != nil {
			return nil, missingFile("--in", in, err)
		}
		m, n, err := a.findModel(ctx, args[0])
		if err != nil {
			return nil, err
		}
		if explain < 0 {
			return nil, wrongExplain(explain)
		}
		if intervals && m.Conformal == nil {
			return nil, noIntervals(args[0])
		}
		j := &scoring{model: m, in: in, out: out, allowMissing: allowMissing, intervals: intervals, explain: explain, threads: threads}
		if j.threads <= 0 {
			j.threads = runtime.NumCPU()
		}
		p, err := j.run(ctx, asOf)
		if err != nil {
			return nil, err
		}
		p.Model = n
		a.notice(p)
		return p, nil
	})
	flags := c.Flags()
	flags.StringVar(&in, "in", "", "`file` with the rows, or folder with the tables of events")
	flags.StringVar(&asOf, "as-of", "", "`date` (YYYY-MM-DD) from which is predicted: nothing of that day or later is looked at; default: the day of the newest event")
	flags.StringVar(&out, "out", "", "`file` for the predictions (CSV)")
	flags.BoolVar(&allowMissing, "allow-missing", false, "take columns that the file lacks as missing in every row")
	flags.BoolVar(&intervals, "intervals", false, "add columns with an interval (low, high) or a set of classes (set) that holds the truth as often as the model's card says")
	flags.IntVar(&explain, "explain", 0, "add the `N` strongest reasons of each row, as columns reason_1, reason_1_effect, reason_1_words, ...")
	flags.IntVar(&threads, "threads", 0, "`cores` to use; never changes a prediction; default: all")
	return c
}

// notice tells on stderr what a person should know of the scoring.
func (a *app) notice(p predicted) {
	if len(p.Ignored) > 0 {
		fmt.Fprintf(a.stderr, "ignored: the model does not use %s\n", strings.Join(p.Ignored, ", "))
	}
	if len(p.Absent) > 0 {
		fmt.Fprintf(a.stderr, "absent: taken as missing in every row: %s\n", strings.Join(p.Absent, ", "))
	}
	if p.Rejected > 0 && p.AsOf != nil {
		fmt.Fprintf(a.stderr, "rejected: %d rows of the tables\n", p.Rejected)
	} else if p.Rejected > 0 {
		fmt.Fprintf(a.stderr, "rejected: %d of %d rows\n", p.Rejected, p.Rows)
	}
}

// scoring is one file to score with one model.
type scoring struct {
	model        *modelfile.Model
	in, out      string
	allowMissing bool
	intervals    bool
	explain      int // reasons a row; 0: none
	threads      int
}

func (j *scoring) run(ctx context.Context, asOf string) (predicted, error) {
	p := predicted{Format: "septet.prediction/1", In: absolute(j.in), Out: absolute(j.out)}
	if info, err := os.Stat(j.in); err == nil && info.IsDir() {
		err := j.folder(ctx, asOf, &p)
		return p, err
	}
	if asOf != "" {
		return p, usage("usage.arguments", "--as-of", "a file of rows has no date: it is of the day that its columns were made for", "leave --as-of out, or give a folder of tables")
	}
	err := j.file(ctx, &p)
	return p, err
}

// file scores the rows of a file.
func (j *scoring) file(ctx context.Context, p *predicted) error {
	m := j.model
	var rules []source.Rule
	for _, in := range m.Transform.Inputs {
		rules = append(rules, source.Rule{Name: in.Name, Cell: in.CellRule})
	}
	for _, name := range m.Entity { // behind the inputs, as the text that it is
		rules = append(rules, source.Rule{Name: name, Cell: table.CellRule{Kind: table.Text}})
	}
	loaded, err := source.LoadBy(ctx, j.in, rules, j.threads)
	if err != nil {
		return err
	}
	raw, entity, err := j.complete(loaded, p)
	if err != nil {
		return err
	}
	scores, err := m.ScoreTable(ctx, raw, j.threads)
	if err != nil {
		return err
	}
	why, err := j.why(ctx, raw, scores)
	if err != nil {
		return err
	}
	rejects := rejectsOf(loaded)
	p.Rows, p.Rejected = raw.Rows+len(loaded.Rejected), len(rejects)
	p.Scored = p.Rows - p.Rejected
	if p.Scored == 0 {
		p.Code = (&problem.Problem{Kind: problem.Blocked}).ExitCode()
	}
	return j.write(p, &results{m: m, intervals: j.intervals, reasons: why, loaded: loaded, entity: entity, scores: scores, rejects: rejects, listed: rejects})
}

// complete sorts out what the file has: the columns that the model takes,
// those that name the unit (nil unless all are there), and those it has no use
// for. Columns that the model takes and the file lacks are refused, or made.
func (j *scoring) complete(l *source.Loaded, p *predicted) (raw *table.Table, entity []*table.Column, err error) {
	raw = &table.Table{Rows: l.Table.Rows}
	at := 0 // in the loaded columns, which are those of the rules that are not lacking
	for _, in := range j.model.Transform.Inputs {
		if slices.Contains(l.Lacking, in.Name) {
			p.Absent = append(p.Absent, in.Name)
			raw.Columns = append(raw.Columns, table.Blank(in.Name, in.Kind, raw.Rows))
			continue
		}
		raw.Columns = append(raw.Columns, l.Table.Columns[at])
		at++
	}
	for _, name := range j.model.Entity {
		if !slices.Contains(l.Lacking, name) {
			entity = append(entity, &l.Table.Columns[at])
			at++
		}
	}
	if len(entity) < len(j.model.Entity) {
		entity = nil
	}
	if len(p.Absent) > 0 && !j.allowMissing {
		return nil, nil, &problem.Problem{
			Kind: problem.Blocked, Code: "predict.missing_column", Where: filepath.Base(j.in),
			What: fmt.Sprintf("the file lacks %d columns that the model uses: %s", len(p.Absent), strings.Join(p.Absent, ", ")),
			Fix:  "add them, or take them as missing in every row with --allow-missing",
		}
	}
	p.Ignored, p.Absent = append([]string{}, p.Ignored...), append([]string{}, p.Absent...)
	for _, name := range l.Names {
		used := slices.Contains(j.model.Entity, name) || slices.ContainsFunc(raw.Columns, func(c table.Column) bool { return c.Name == name })
		if !used {
			p.Ignored = append(p.Ignored, name)
		}
	}
	return raw, entity, nil
}

// reject is a row that cannot be scored.
type reject struct {
	table  string // of a folder; "" for a file
	row    int    // 1-based in the file
	reason string
}

// rejectsOf lists them in the order of the file: rows that are no rows of the
// table, and rows with a cell that its rule cannot read.
func rejectsOf(l *source.Loaded) []reject {
	var all []reject
	for _, r := range l.Rejected {
		all = append(all, reject{row: r.Row, reason: r.Reason})
	}
	for _, cell := range l.Invalid {
		row := l.Row(cell.Row)
		kind := l.Table.Column(cell.Column).Kind
		reason := fmt.Sprintf("%s is no %s", cell.Column, kind)
		if n := len(all); n > 0 && all[n-1].row == row {
			all[n-1].reason += "; " + reason
			continue
		}
		all = append(all, reject{row: row, reason: reason})
	}
	slices.SortStableFunc(all, func(a, b reject) int { return a.row - b.row })
	return all
}

// results is everything that the two output files are written from.
type results struct {
	m         *modelfile.Model
	intervals bool
	reasons   *explanations
	loaded    *source.Loaded
	entity    []*table.Column
	scores    []float64
	rejects   []reject // rows that get no prediction
	listed    []reject // what the list of rejects has
}

// write writes the predictions, and the list of rejects where there are any,
// each whole or not at all.
func (j *scoring) write(p *predicted, r *results) error {
	if err := replace(j.out, r.predictions); err != nil {
		return err
	}
	list := j.out + ".rejects.csv"
	if len(r.listed) == 0 {
		if err := os.Remove(list); err != nil && !os.IsNotExist(err) {
			return fmt.Errorf("remove an old list of rejects: %w", err)
		}
		return nil
	}
	path := absolute(list)
	p.Rejects = &path
	return replace(list, func(w io.Writer) error { return listRejects(w, r.listed, p.AsOf != nil) })
}

func listRejects(w io.Writer, rejects []reject, tables bool) error {
	out := csv.NewWriter(w)
	record := []string{"table", "row", "reason"}
	if !tables {
		record = record[1:]
	}
	_ = out.Write(record) // an error stays in the writer
	for _, r := range rejects {
		record := []string{r.table, strconv.Itoa(r.row), r.reason}
		if !tables {
			record = record[1:]
		}
		_ = out.Write(record)
	}
	out.Flush()
	return out.Error()
}

// predictions writes every row of the file in its order.
func (r *results) predictions(w io.Writer) error {
	out := csv.NewWriter(w)
	header := r.header()
	_ = out.Write(header) // an error stays in the writer
	record := make([]string, len(header))
	first := max(1, len(r.entity)) // cell of the score
	rejects, row := r.rejects, 0
	for i := range r.loaded.Table.Rows {
		number := r.loaded.Row(i)
		for row++; row < number; row++ { // rows that are not in the table
			clear(record)
			r.name(record, -1, row)
			rejects = rejects[1:]
			_ = out.Write(record)
		}
		clear(record)
		r.name(record, i, number)
		if len(rejects) > 0 && rejects[0].row == number {
			rejects = rejects[1:]
		} else {
			record = r.score(record[:first], i)
		}
		_ = out.Write(record)
	}
	for _, rejected := range rejects {
		clear(record)
		r.name(record, -1, rejected.row)
		_ = out.Write(record)
	}
	out.Flush()
	return out.Error()
}

func (r *results) header() []string {
	var names []string
	for _, c := range r.entity {
		names = append(names, c.Name)
	}
	if len(names) == 0 {
		names = append(names, "row")
	}
	names = append(names, "prediction")
	switch r.m.Task {
	case learn.Binary:
		names = append(names, "probability")
	case learn.Multiclass:
		for _, class := range r.m.Classes {
			names = append(names, "probability_"+class)
		}
	}
	return append(append(names, r.intervalNames()...), r.reasons.names()...)
}

// name writes what names row i of the table; -1 is a row that is not in it.
func (r *results) name(record []string, i, number int) {
	if len(r.entity) == 0 {
		record[0] = strconv.Itoa(number)
		return
	}
	for k, c := range r.entity {
		if i >= 0 && c.Code[i] >= 0 {
			record[k] = c.Levels[c.Code[i]]
		}
	}
}

// score adds the cells of row i behind those that name it.
func (r *results) score(cells []string, i int) []string {
	width := r.m.Width()
	scores := r.scores[i*width : (i+1)*width]
	if r.m.Task != learn.Regression {
		cells = append(cells, r.m.Classes[r.m.Class(scores)])
	}
	for _, v := range scores {
		cells = append(cells, shortest(v))
	}
	return r.reasons.append(r.interval(cells, scores), i)
}

// shortest is the shortest text that reads back as v.
func shortest(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// absolute is the path as other programs can use it.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// replace writes a file beside path and puts it in its place when all of it
// is on the disk.
func replace(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".septet-*")
	if err != nil {
		return unwritable(path, err)
	}
	defer os.Remove(f.Name()) // fails once it was renamed
	b := bufio.NewWriterSize(f, 1<<16)
	err = write(b)
	for _, step := range []func() error{b.Flush, f.Sync, func() error { return f.Chmod(0o644) }, f.Close} {
		if stepErr := step(); err == nil {
			err = stepErr
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return unwritable(path, err)
	}
	return nil
}

// unwritable is the problem of a file that cannot be written.
func unwritable(path string, err error) *problem.Problem {
	return &problem.Problem{
		Code: "output.unwritable", Where: path, What: "the output cannot be written", Why: fmt.Sprint(cause(err)),
		Fix: "free some space, or give a place that you may write to", Cause: err,
	}
}
