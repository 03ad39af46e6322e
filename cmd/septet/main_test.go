package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"septet": func() { os.Exit(septet()) },
	})
}

// TestStories runs the shell sessions in testdata/script through the real
// program. They double as documentation of the command line.
func TestStories(t *testing.T) {
	p := params()
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// params are what every story gets.
func params() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ask":       ask,
			"customers": customers,
			"exits":     exits,
			"json":      jsonField,
			"listen":    listen,
			"mounted":   mounted,
			"repeat":    repeat,
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Defer(func() { stopServers(env.WorkDir) })
			return nil
		},
	}
}
