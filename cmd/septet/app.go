package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/pipeline"
	"github.com/septet-ml/septet/problem"
	"github.com/septet-ml/septet/terminal"
)

// app is what all commands share.
type app struct {
	stdout, stderr io.Writer

	workspace string // --workspace
	output    string // --output: text, json or ndjson
}

// answer is what a command has to say at its end. With --output json or
// ndjson it is marshalled, otherwise it writes itself for a person.
type answer interface {
	Text(w io.Writer, s terminal.Style)
}

// exiter is an answer that does not end with 0, or not always.
type exiter interface{ ExitCode() int }

// work is the body of a command.
type work func(ctx context.Context, args []string) (answer, error)

// command makes w the body of c: what it answers goes to stdout once.
func (a *app) command(c *cobra.Command, w work) *cobra.Command {
	c.RunE = func(c *cobra.Command, args []string) error {
		got, err := w(c.Context(), args)
		if err != nil {
			return err
		}
		if err := a.print(got); err != nil {
			return err
		}
		if e, ok := got.(exiter); ok && e.ExitCode() != 0 {
			return &exit{e.ExitCode()}
		}
		return nil
	}
	return c
}

// exit ends the program with a code when all that there is to say was said.
type exit struct{ code int }

func (e *exit) Error() string { return fmt.Sprintf("exit status %d", e.code) }

// main runs the command line and gives the exit status.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	a.output = outputOf(args) // also for errors of the command line itself
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var said *exit
	if errors.As(err, &said) {
		return said.code
	}
	return a.fail(ctx, c, err)
}

// outputOf finds the value of --output without parsing the rest.
func outputOf(args []string) string {
	output := "text"
	for i, arg := range args {
		switch {
		case arg == "--":
			return output
		case arg == "--output" && i+1 < len(args):
			output = args[i+1]
		default:
			if v, ok := strings.CutPrefix(arg, "--output="); ok {
				output = v
			}
		}
	}
	return output
}

// print writes a command's answer to stdout.
func (a *app) print(got answer) error {
	var b bytes.Buffer
	switch {
	case got == nil && a.output == "text":
	case a.output == "text":
		got.Text(&b, terminal.StyleFor(a.stdout))
	default:
		if err := a.encode(&b, got); err != nil {
			return err
		}
	}
	if _, err := a.stdout.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// encode writes v as JSON: indented, or on one line for ndjson.
func (a *app) encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if a.output != "ndjson" {
		e.SetIndent("", "  ")
	}
	return e.Encode(v)
}

// failure is the answer of a command that could not give its own.
type failure struct {
	Format   string             `json:"format"` // septet.error/1
	ExitCode int                `json:"exit_code"`
	Error    *pipeline.RunError `json:"error"`
}

// answers is the annotation of a command whose answer has its own form also
// when it fails: answersRun gives the run object.
const (
	answers    = "answers"
	answersRun = "septet.run/1"
)

// fail says why the command c ended, and gives the exit status.
func (a *app) fail(ctx context.Context, c *cobra.Command, err error) int {
	p := problemOf(err)
	code := p.ExitCode()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		p, code = &problem.Problem{Code: "run.interrupted", What: "interrupted"}, 130
	}
	terminal.Problem(a.stderr, terminal.StyleFor(a.stderr), p)
	if a.output == "json" || a.output == "ndjson" {
		var object any = failure{"septet.error/1", code, pipeline.ErrorOf(p)}
		if c.Annotations[answers] == answersRun {
			object = refusedRun(code, pipeline.ErrorOf(p))
		}
		if err := a.encode(a.stdout, object); err != nil {
			return 1
		}
	}
	return code
}

// problemOf is the problem in err, or one made of it.
func problemOf(err error) *problem.Problem {
	if p := problem.As(err); p != nil {
		return p
	}
	return &problem.Problem{Code: "septet.error", What: err.Error(), Cause: err}
}

// folder is the absolute path of the workspace.
func (a *app) folder() (string, error) {
	dir, err := filepath.Abs(a.workspace)
	if err != nil {
		return "", fmt.Errorf("find the workspace: %w", err)
	}
	return dir, nil
}
