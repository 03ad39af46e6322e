package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// exits runs a command and wants its exit status:
//
//	exits 2 septet frob
//
// Its output can be looked at with stdout, stderr and json as after exec.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v: %v", args[1:], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, want %d\n%s%s", args[1:], got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// jsonField wants stdout to be exactly one JSON object, and the value at a
// path in it:
//
//	json exit_code 2
//	json error.code 'usage.*'
//
// A * at the end of the wanted value stands for anything. Without a path only
// the form is checked.
func jsonField(ts *testscript.TestScript, neg bool, args []string) {
	d := json.NewDecoder(strings.NewReader(ts.ReadFile("stdout")))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		ts.Fatalf("stdout is no JSON object: %v\n%s", err, ts.ReadFile("stdout"))
	}
	if _, err := d.Token(); err != io.EOF {
		ts.Fatalf("stdout has more than one JSON object")
	}
	if len(args) == 0 {
		return
	}
	if len(args) != 2 {
		ts.Fatalf("usage: json [PATH VALUE]")
	}
	got, err := at(object, args[0])
	ts.Check(err)
	want := args[1]
	prefix, wild := strings.CutSuffix(want, "*")
	if equal := got == want || wild && strings.HasPrefix(got, prefix); equal == neg {
		ts.Fatalf("%s is %s, want %s (negated: %v)\n%s", args[0], got, want, neg, ts.ReadFile("stderr"))
	}
}

// at is the value at a dotted path; numbers index lists.
func at(v any, path string) (string, error) {
	for _, name := range strings.Split(path, ".") {
		switch c := v.(type) {
		case map[string]any:
			next, ok := c[name]
			if !ok {
				return "", fmt.Errorf("%s: there is no %q", path, name)
			}
			v = next
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(c) {
				return "", fmt.Errorf("%s: there is no %q in a list of %d", path, name, len(c))
			}
			v = c[i]
		default:
			return "", fmt.Errorf("%s: there is nothing below %v", path, v)
		}
	}
	switch c := v.(type) {
	case nil:
		return "null", nil
	case string:
		return c, nil
	case map[string]any, []any:
		text, err := json.Marshal(c)
		return string(text), err
	}
	return fmt.Sprint(v), nil
}
