// Septet turns one plain-English request and a folder of business tables into
// a deployed, monitored prediction endpoint.
//
// This package wires the program together, one file per command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() { os.Exit(septet()) }

// septet is the whole program: it gives the exit status.
func septet() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	a := &app{stdout: os.Stdout, stderr: os.Stderr}
	return a.main(ctx, os.Args[1:])
}
