package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/septet-ml/septet/terminal"
)

// diagnosis is the answer of septet doctor: what was observed.
type diagnosis struct {
	Format string  `json:"format"` // septet.doctor/1
	Checks []check `json:"checks"`
	Code   int     `json:"exit_code"` // 1 if a check failed
}

// check is one thing that was tried.
type check struct {
	Name   string  `json:"name"`
	Status string  `json:"status"` // ok, warning, failed
	Found  string  `json:"found"`
	Fix    *string `json:"fix"` // null where nothing is to do
}

func (d diagnosis) ExitCode() int { return d.Code }

func (d diagnosis) Text(w io.Writer, s terminal.Style) {
	for _, c := range d.Checks {
		fmt.Fprintf(w, "  %s %-12s %s\n", s.Check(c.Status), c.Name, c.Found)
		if c.Fix != nil {
			fmt.Fprintf(w, "    %-12s fix: %s\n", "", *c.Fix)
		}
	}
}

func (a *app) doctorCommand() *cobra.Command {
	var data []string
	c := a.command(&cobra.Command{
		Use: "doctor", Short: "Try what a run needs on this machine, and say what is wrong", GroupID: "know", Args: exactly(),
	}, func(context.Context, []string) (answer, error) {
		workspace, err := a.folder()
		if err != nil {
			return nil, err
		}
		d := diagnosis{Format: "septet.doctor/1"}
		d.Checks = append(d.Checks, checkFolder(workspace)...)
		d.Checks = append(d.Checks, checkServer(workspace), checkMemory(), checkClock(time.Now()))
		for _, path := range data {
			d.Checks = append(d.Checks, checkData(path))
		}
		for _, c := range d.Checks {
			if c.Status == "failed" {
				d.Code = 1
			}
		}
		return d, nil
	})
	c.Flags().StringArrayVar(&data, "data", nil, "also try to read this file or `folder` of tables")
	return c
}

func ok(name, format string, args ...any) check {
	return check{Name: name, Status: "ok", Found: fmt.Sprintf(format, args...)}
}

func warned(name, fix, format string, args ...any) check {
	return check{Name: name, Status: "warning", Found: fmt.Sprintf(format, args...), Fix: &fix}
}

func failed(name, fix, format string, args ...any) check {
	return check{Name: name, Status: "failed", Found: fmt.Sprintf(format, args...), Fix: &fix}
}
