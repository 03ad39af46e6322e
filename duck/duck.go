// Package duck is the data engine: an in-memory DuckDB that joins tables and
// counts events. It is the only importer of DuckDB.
//
// Tables go in with Load and results come out of Query as table.Tables; no
// file is ever read or written by the engine but its own spill files. A query
// whose result must have the same bits on every run has an ORDER BY over a
// key, and adds only integers or decimals: sums of floats depend on the number
// of threads, and so do any_value, first, last, list and mode.
package duck

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	bind "github.com/duckdb/duckdb-go-bindings"

	"github.com/septet-ml/septet/problem"
)

// Options are the limits of an engine. The zero value is sound.
type Options struct {
	Threads int    // 0: one for each CPU
	Memory  int64  // bytes; 0: four fifths of the machine's. More is spilled to Temp
	Temp    string // folder for a folder of spill files; "": the system's
	Spill   int64  // bytes of spill files; 0: nine tenths of the free space
}

// DB is an engine. One statement runs at a time, on all its threads.
type DB struct {
	mu     sync.Mutex
	db     bind.Database
	conn   bind.Connection
	temp   string
	tables map[string]string // names of loaded tables by their lower case
	share  share
}

// Open starts an empty engine that can reach no file but its spill folder, no
// network and no extension, and whose settings cannot be changed any more.
func Open(o Options) (*DB, error) {
	temp, err := os.MkdirTemp(o.Temp, "septet-duck-*")
	if err != nil {
		return nil, fmt.Errorf("open data engine: %w", err)
	}
	d := &DB{temp: temp, tables: make(map[string]string)}
	if bind.Open(":memory:", &d.db) == bind.StateError || bind.Connect(d.db, &d.conn) == bind.StateError {
		return nil, errors.Join(errors.New("open data engine: it does not start"), d.Close())
	}
	for _, statement := range o.settings(temp) {
		if err := d.Exec(context.Background(), statement); err != nil {
			return nil, errors.Join(fmt.Errorf("open data engine: %w", err), d.Close())
		}
	}
	return d, nil
}

// settings are the statements in the order in which they must come: what
// closes the sandbox is last.
func (o Options) settings(temp string) []string {
	var out []string
	set := func(name, value string) { out = append(out, "SET "+name+" = "+value) }
	if o.Threads > 0 {
		set("threads", fmt.Sprint(o.Threads))
	}
	if o.Memory > 0 {
		set("memory_limit", Literal(fmt.Sprintf("%dB", o.Memory)))
	}
	set("temp_directory", Literal(temp))
	if o.Spill > 0 {
		set("max_temp_directory_size", Literal(fmt.Sprintf("%dB", o.Spill)))
	}
	set("autoinstall_known_extensions", "false")
	set("autoload_known_extensions", "false")
	set("allow_community_extensions", "false")
	set("allow_persistent_secrets", "false")
	set("TimeZone", "'UTC'")
	set("allowed_directories", "["+Literal(temp)+"]")
	set("enable_external_access", "false")
	set("lock_configuration", "true")
	return out
}

// Close frees the memory and removes the spill files.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	bind.Disconnect(&d.conn)
	bind.Close(&d.db)
	d.share.end()
	if err := os.RemoveAll(d.temp); err != nil {
		return fmt.Errorf("close data engine: %w", err)
	}
	return nil
}

// Exec runs one statement and drops its result.
func (d *DB) Exec(ctx context.Context, sql string, args ...any) error {
	return d.run(ctx, sql, args, func(*bind.Result) error { return nil })
}

// run executes one statement with its parameters ($1, $2, ...) and gives the
// result to use. It returns ctx's error when ctx ends before the statement.
func (d *DB) run(ctx context.Context, sql string, args []any, use func(*bind.Result) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if d.conn.Ptr == nil {
		return errors.New("data engine is closed")
	}
	var statement bind.PreparedStatement
	defer func() { bind.DestroyPrepare(&statement) }()
	if bind.Prepare(d.conn, sql, &statement) == bind.StateError {
		return fault("prepare", bind.PrepareError(statement))
	}
	if int(bind.NParams(statement)) != len(args) {
		return fmt.Errorf("statement has %d parameters, %d values were given", bind.NParams(statement), len(args))
	}
	for i, arg := range args {
		if err := bindValue(statement, bind.IdxT(i+1), arg); err != nil {
			return err
		}
	}
	d.share.yield()
	stop := interrupt(ctx, d.conn)
	var result bind.Result
	defer bind.DestroyResult(&result)
	state := bind.ExecutePrepared(statement, &result)
	stop()
	if state == bind.StateError {
		if err := ctx.Err(); err != nil {
			return err
		}
		return fault("execute", bind.ResultError(&result))
	}
	return use(&result)
}

// interrupt stops what runs on the connection when ctx ends; the function
// that it returns must be called when the statement is done. An interrupt
// that comes before the statement has begun is forgotten by the engine, so it
// is repeated.
func interrupt(ctx context.Context, conn bind.Connection) func() {
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			bind.Interrupt(conn)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(done)
		group.Wait()
	}
}

func bindValue(s bind.PreparedStatement, i bind.IdxT, arg any) error {
	state := bind.StateError
	switch v := arg.(type) {
	case string:
		state = bind.BindVarchar(s, i, v)
	case float64:
		state = bind.BindDouble(s, i, v)
	case int:
		state = bind.BindInt64(s, i, int64(v))
	case int64:
		state = bind.BindInt64(s, i, v)
	case bool:
		state = bind.BindBoolean(s, i, v)
	case time.Time:
		state = bind.BindTimestamp(s, i, bind.NewTimestamp(v.UnixMicro()))
	case nil:
		state = bind.BindNull(s, i)
	}
	if state == bind.StateError {
		return fmt.Errorf("bind parameter %d: the engine takes no %T there", i, arg)
	}
	return nil
}

// fault is the engine's message without the lines that repeat the statement,
// which may hold values of rows. Too little memory is a *problem.Problem.
func fault(what, message string) error {
	line, _, _ := strings.Cut(message, "\n")
	err := fmt.Errorf("%s: %s", what, line)
	if strings.HasPrefix(line, "Out of Memory Error") {
		return &problem.Problem{
			Code: "data.memory", What: "the tables do not fit into the memory that may be used", Why: line,
			Fix: "allow more: --memory SIZE", Cause: err,
		}
	}
	return err
}

// Quote is an identifier as SQL writes it.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal is a text constant as SQL writes it.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Sum is the sum of a DOUBLE expression as SQL writes it, with the same bits
// in whatever order the rows come: it adds whole billionths, so that sums of
// money are exact. NULL where no row has a value. suffix stands after the
// aggregate, as FILTER does. Values of 1e29 and more count as missing.
func Sum(expression, suffix string) string {
	return "(sum(" + Billionths(expression) + ") " + suffix + "::DOUBLE / 1e9)"
}

// Billionths is a DOUBLE expression in whole billionths, a HUGEINT: what can be
// added in any order.
func Billionths(expression string) string {
	return "try_cast(round((" + expression + ") * 1e9) AS HUGEINT)"
}
