package main

import (
	"context"
	"encoding/csv"
	"io"
	"strconv"
	"time"

	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/table"
	"github.com/septet-ml/septet/table/parquet"
)

// writeSplits writes which part of the data each row is in: row (1-based) or
// entity and snapshot, then part.
func (w *workspace) writeSplits(ctx context.Context, run, path string) error {
	outputs, err := pipeline.OutputsOf(ctx, w.ledger, run)
	if err != nil {
		return err
	}
	if outputs.Dataset == nil {
		return &problem.Problem{
			Kind: problem.Usage, Code: "run.no_splits", Where: run, What: "the run has not split its data",
			Why: "the data preparer has handed nothing on", Fix: "septet runs show " + run + " tells how far it came",
		}
	}
	if err := w.artifacts.Verify(outputs.Dataset.Keys); err != nil {
		return err
	}
	keys, err := parquet.Read(w.artifacts.Path(outputs.Dataset.Keys), nil)
	if err != nil {
		return err
	}
	return replace(path, func(to io.Writer) error {
		out := csv.NewWriter(to)
		record := make([]string, len(keys.Columns))
		for k := range keys.Columns {
			record[k] = keys.Columns[k].Name
		}
		_ = out.Write(record) // an error stays in the writer
		for row := range keys.Rows {
			for k := range keys.Columns {
				record[k] = cellText(&keys.Columns[k], row)
			}
			_ = out.Write(record)
		}
		out.Flush()
		return out.Error()
	})
}

// cellText is a value as CSV has it; "" is missing.
func cellText(c *table.Column, row int) string {
	switch {
	case c.IsMissing(row):
		return ""
	case c.Kind == table.Number:
		return strconv.FormatFloat(c.Number[row], 'f', -1, 64)
	case c.Kind == table.Text:
		return c.Levels[c.Code[row]]
	}
	at := time.UnixMicro(c.Time[row]).UTC()
	if at.Equal(at.Truncate(24 * time.Hour)) {
		return at.Format(time.DateOnly)
	}
	return at.Format(time.RFC3339)
}
