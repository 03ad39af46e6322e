package memory

import (
	"runtime"

	"github.com/septet-ml/septet/handoff"
	"github.com/septet-ml/septet/table"
)

// The parts of a table that are there at the same time, as shares of its rows:
// those that are fitted on, and those that are read beside them for the test.
const fitted, tested = 0.8, 0.15

// slack is the room that the garbage collector is left above what is in use.
const slack = 1.1

// OfScope estimates how many bytes a run takes at its peak, from what the
// catalog says of the tables. The peak is either in the data preparer, which
// holds all columns of a table once, or in the fits, which hold the features
// of the train and validation rows once, and for each fit at the same time a
// byte for each value, histograms, and some figures for each row. It was held
// against measurement on five shapes of table: see docs/benchmarks.md.
func OfScope(scope handoff.Scope, s handoff.Settings) int64 {
	threads := s.Threads
	if threads == 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if scope.Label != nil {
		return ofEvents(scope.Tables)
	}
	for i := range scope.Tables {
		if t := &scope.Tables[i]; t.Name == scope.Main {
			return int64(program + slack*max(prepared(t, len(scope.Classes), threads), fits(scope, t, s, threads)))
		}
	}
	return 0
}

// ofEvents is what the data engine has of its own, and the tables with what is
// read, joined and counted of them: at one time the cells of a table beside the
// engine's tables, at another these and the tables that it makes. It was held
// against measurement with --memory at this very figure: see docs/benchmarks.md.
func ofEvents(tables []table.TableInfo) int64 {
	const own, joined = 170 << 20, 5.1
	all := 0.0
	for i := range tables {
		all += held(&tables[i])
	}
	return int64(program + own + joined*all)
}

// prepared is what the data preparer holds: the columns, what it notes of each
// row, and the largest of what comes and goes: a column in its order for each
// thread, or the table of rows that are the same.
func prepared(t *table.TableInfo, classes, threads int) float64 {
	const noted, alike, ordered, ranked = 45, 27, 30, 70
	passing := max(alike, fitted*ordered*float64(min(threads, len(t.Columns))))
	if classes == 0 {
		passing = max(passing, fitted*ranked)
	}
	return held(t) + float64(t.Rows)*(noted+passing) + written(t)
}

// held is a table in memory: its values, and the texts that they are codes of.
func held(t *table.TableInfo) float64 {
	bytes := 0.0
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Kind == table.Text {
			bytes += float64(t.Rows)*4 + levels(t, c)
		} else {
			bytes += float64(t.Rows) * 8
		}
	}
	return bytes
}

// levels is the different texts of a column. Where there are too many to be
// counted, texts of several words are taken to differ in every row, others in
// every second.
func levels(t *table.TableInfo, c *table.ColumnInfo) float64 {
	const each = 64 // header, place in a map, rounding
	count := float64(c.Distinct)
	if c.ManyDistinct {
		count = float64(t.Rows-c.Missing) / 2
		if c.MeanWords > 1 {
			count *= 2
		}
	}
	return count * (each + min(float64(c.MaxLength), float64(8*max(1, c.MeanWords))))
}

// written is the row group of a file that is being written or read.
func written(t *table.TableInfo) float64 {
	return float64(min(t.Rows, 1<<16)) * float64(len(t.Columns)) * 16
}

// fits is what the fits hold: a table of features, and for each fit that is
// done at the same time a byte for each value, figures for each row, the
// histograms of a tree's leaves, and the rows that a linear model is
// preconditioned on; or, when they have ended, the rows of the test.
func fits(scope handoff.Scope, t *table.TableInfo, s handoff.Settings, threads int) float64 {
	const (
		noted        = 36       // target, row numbers, folds
		perValue     = 2.3      // of a fit: learn/tree
		perRow       = 50       // the same, and output
		predicted    = 6 * 8    // out of fold, of the candidates
		histogram    = 264 * 16 // of a feature
		histograms   = 1 << 30  // at most
		precondition = 40 << 20 // at most, of 1000 coefficients
		sideBySide   = 200_000  // rows of a table whose fits follow one another
	)
	width := float64(1)
	if len(scope.Classes) > 2 {
		width = float64(len(scope.Classes))
	}
	features, coefficients, bytes := 0.0, 0.0, 0.0 // bytes of a row
	for i := range t.Columns {
		c := &t.Columns[i]
		switch {
		case scope.Target != nil && c.Name == scope.Target.Column:
		case c.Kind == table.Time:
			features, coefficients, bytes = features+5, coefficients+5, bytes+48
		case c.Kind == table.Text:
			features, coefficients, bytes = features+1, coefficients+min(float64(c.Distinct), 200), bytes+8
		default:
			features, coefficients, bytes = features+1, coefficients+1, bytes+8
		}
	}
	rows := fitted * float64(t.Rows)
	side := 1.0
	if rows < sideBySide {
		side = float64(threads)
	}
	one := rows*(perValue*features+perRow*width) + min(features*histogram*leaves(s, rows), histograms) +
		precondition*min(1, coefficients/1000)
	test := tested * float64(t.Rows) * bytes
	if s.Refit {
		test += (fitted + tested) * float64(t.Rows) * bytes
	}
	return rows*(bytes+noted+predicted*width) + max(side*one, test+written(t))
}

// leaves is how many of a tree have a histogram: package learn/portfolio.
func leaves(s handoff.Settings, rows float64) float64 {
	switch {
	case s.Effort != "quick":
		return 50
	case rows > 20_000:
		return 26
	}
	return 10
}
