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
			return int64(program + slack*max(prepared(t, len(scope.Classes), threads), fits(t, scope.Target, len(scope.Classes), threads, s.Refit)))
		}
	}
	return 0
}

// ofEvents is the largest table as it is loaded and, in the data engine, all
// of them; the engine spills what goes beyond its share.
func ofEvents(tables []table.TableInfo) int64 {
	largest, all := 0.0, 0.0
	for i := range tables {
		bytes := held(&tables[i])
		largest = max(largest, bytes)
		all += bytes
	}
	return int64(program + slack*(largest+all/2))
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

// fits is what the fits hold.
func fits(t *table.TableInfo, target *handoff.Target, classes, threads int, refit bool) float64 {
	const (
		noted      = 36 // target, row numbers, folds
		perValue   = 2.3
		perRow     = 50
		histogram  = 256 * 16 * 24 // of a feature in the leaves of a tree
		sideBySide = 200_000
	)
	width := float64(max(1, classes-1))
	if classes > 2 {
		width = float64(classes)
	}
	features, bytes := 0.0, 0.0 // of a row
	for i := range t.Columns {
		if target != nil && t.Columns[i].Name == target.Column {
			continue
		}
		n, b := 1.0, 8.0
		if t.Columns[i].Kind == table.Time {
			n, b = 5, 48
		}
		features, bytes = features+n, bytes+b
	}
	rows := fitted * float64(t.Rows)
	side := 1.0
	if rows < sideBySide {
		side = float64(threads)
	}
	one := rows*(perValue*features+perRow*width) + min(features*histogram, 1<<30)
	table := rows * (bytes + noted + 8*6*width)
	test := tested * float64(t.Rows) * bytes
	if refit {
		test += (fitted + tested) * float64(t.Rows) * bytes
	}
	return table + max(side*one, test) + written(t)
}
