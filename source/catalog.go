package source

import (
	"context"
	"fmt"

	"github.com/septet-ml/septet/table"
)

// Options are how the work is done, never what comes out.
type Options struct {
	Threads int // 0 is 1
}

// Catalog is what the tables are. It is made by looking at every row once.
type Catalog struct {
	Files  []File
	Tables []table.TableInfo // one a file, in the order of Files

	levels []map[string][]table.Level // by table and column
}

// Levels are all values of a text column that has at most 10,000, most
// frequent first; nil for other columns. They are for looking things up, and
// go into no handoff.
func (c *Catalog) Levels(tableName, column string) []table.Level {
	for i := range c.Tables {
		if c.Tables[i].Name == tableName {
			return c.levels[i][column]
		}
	}
	return nil
}

// Describe makes the catalog of the table files that paths name; see Locate. A
// file that is no table is a Blocked problem "data.unreadable", one of which
// more than one row in a hundred does not fit its header "data.rejected_rows".
func Describe(ctx context.Context, paths []string, opt Options) (*Catalog, error) {
	files, err := Locate(paths)
	if err != nil {
		return nil, err
	}
	c := &Catalog{Files: files}
	for _, f := range files {
		info, levels, err := describeFile(ctx, f, opt)
		if err != nil {
			return nil, err
		}
		c.Tables = append(c.Tables, info)
		c.levels = append(c.levels, levels)
	}
	return c, nil
}

// describeFile looks at every row of one file.
func describeFile(ctx context.Context, f File, opt Options) (info table.TableInfo, levels map[string][]table.Level, err error) {
	in, from, err := openRows(ctx, f.Path, 100)
	if err != nil {
		return info, nil, err
	}
	defer in.file.Close()
	info = table.TableInfo{Name: f.Table, File: in.name, Columns: names(from.header())}
	all := layouts()
	observers := make([]*observer, len(info.Columns))
	for i := range observers {
		observers[i] = newObserver(all)
	}
	threads := max(1, min(opt.Threads, len(observers)))
	err = fanOut(ctx, from, threads, func(worker int, b *batch) {
		for column := worker; column < len(observers); column += threads {
			observeColumn(observers[column], b, column)
		}
	})
	if err != nil {
		return info, nil, err
	}
	if info.SHA256, info.Bytes, err = in.finish(); err != nil {
		return info, nil, err
	}
	if err := finishTable(&info, in, from, observers[0].rows); err != nil {
		return info, nil, err
	}
	levels = map[string][]table.Level{}
	var again []int
	for i, o := range observers {
		c := o.info(info.Columns[i].Name, info.Format.Delimiter == ";")
		c.Header, c.Renamed = info.Columns[i].Header, info.Columns[i].Renamed
		info.Columns[i] = c
		info.RecodedCells += o.recoded
		if o.hasMarks(c.CellRule) {
			again = append(again, i)
		}
		if c.Kind == table.Text && !o.many && c.Personal == "" {
			levels[c.Name] = o.levels(c.CellRule)
		}
	}
	return info, levels, measureAgain(ctx, f.Path, &info, observers, again)
}

func observeColumn(o *observer, b *batch, column int) {
	for row := range b.rows {
		cell, recoded := b.cell(row, column)
		if recoded {
			o.recoded++
		}
		o.see(cell)
	}
}

// finishTable fills in what is known after the last row.
func finishTable(info *table.TableInfo, in *input, from rows, n int) error {
	rejects := from.rejected()
	info.Format, info.Rows = in.format, n
	info.RejectedRows, info.Rejected = rejects.count, rejects.first
	if p, ok := from.(*parquetRows); ok {
		info.Ignored = p.ignored
	}
	if err := tooManyRejects(in.name, n, rejects); err != nil {
		return err
	}
	if n == 0 {
		return in.unreadable("the file has a header and no rows", "", "export the table again, or leave the file out")
	}
	return nil
}

// openRows opens a table file of either format.
func openRows(ctx context.Context, path string, keepRejects int) (*input, rows, error) {
	in, err := open(path)
	if err != nil {
		return nil, nil, err
	}
	var from rows
	if in.format.Kind == "parquet" {
		from, err = newParquetRows(ctx, in)
	} else {
		from, err = newTextRows(in, keepRejects)
	}
	if err != nil {
		in.file.Close()
		return nil, nil, err
	}
	return in, from, nil
}

// measureAgain goes over those number columns once more whose marks or unit
// were not known before all cells had been seen.
func measureAgain(ctx context.Context, path string, info *table.TableInfo, observers []*observer, columns []int) error {
	if len(columns) == 0 {
		return nil
	}
	in, from, err := openRows(ctx, path, 0)
	if err != nil {
		return err
	}
	defer in.file.Close()
	trackers := make([]tracker, len(columns))
	err = fanOut(ctx, from, 1, func(_ int, b *batch) {
		for i, column := range columns {
			rule := &info.Columns[column].CellRule
			for row := range b.rows {
				cell, _ := b.cell(row, column)
				if v, state := rule.ReadNumber(cell); state == table.Present {
					trackers[i].see(v)
				}
			}
		}
	})
	if err != nil {
		return fmt.Errorf("measure %s: %w", in.name, err)
	}
	for i, column := range columns {
		observers[column].fillNumber(&info.Columns[column], &trackers[i])
		info.Columns[column].Numbers = trackers[i].n
	}
	return nil
}
