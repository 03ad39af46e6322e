package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/septet-ml/septet/serve"
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

// ask posts a body to the predict endpoint of the workspace's server, and
// leaves the value at a path of the answer in stdout, on a line:
//
//	ask MODEL BODY PATH
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: ask MODEL BODY PATH")
	}
	body := post(ts, args[0], args[1])
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		ts.Fatalf("%v: %s", err, body)
	}
	got, err := at(object, args[2])
	if err != nil {
		ts.Fatalf("%v\n%s", err, body)
	}
	fmt.Fprintln(ts.Stdout(), got)
}

// repeat asks the same so many times:
//
//	repeat MODEL TIMES BODY
func repeat(ts *testscript.TestScript, neg bool, args []string) {
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range times {
		post(ts, args[0], args[2])
	}
}

// post asks the model and wants it to answer.
func post(ts *testscript.TestScript, model, body string) []byte {
	info, running, err := serve.Find(ts.MkAbs(".septet"))
	ts.Check(err)
	if !running {
		ts.Fatalf("no server runs")
	}
	answer, err := http.Post(info.URL()+"/v1/models/"+model+":predict", "application/json", strings.NewReader(body))
	ts.Check(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", answer.Status, text)
	}
	return text
}

// listen takes a free port until the story ends, and puts its address into a
// variable:
//
//	listen NAME
func listen(ts *testscript.TestScript, neg bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// customers writes the table of septet sample customers:
//
//	customers FILE ROWS
func customers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: customers FILE ROWS")
	}
	rows, err := strconv.Atoi(args[1])
	ts.Check(err)
	f, err := os.Create(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(writeCustomers(f, rows, 1))
	ts.Check(f.Close())
}

// mounted runs a command in a mount namespace of its own, in which the folder
// is a file system of that many kilobytes. What is in the folder is gone
// afterwards, and nothing outside sees it:
//
//	mounted FOLDER KILOBYTES COMMAND ...
//
// It needs to be root, or user namespaces. Its exit status is the command's,
// and a failure of the mount is 99.
func mounted(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: mounted FOLDER KILOBYTES COMMAND ...")
	}
	namespace := []string{"--mount"}
	if os.Geteuid() != 0 {
		namespace = append(namespace, "--user", "--map-root-user")
	}
	script := `mount -t tmpfs -o size="$1"k none "$0" || exit 99; shift; exec "$@"`
	run := append(namespace, "sh", "-c", script, ts.MkAbs(args[0]), args[1])
	err := ts.Exec("unshare", append(run, args[2:]...)...)
	if (err != nil) != neg {
		ts.Fatalf("%v: %v (wanted to fail: %v)\n%s", args, err, neg, ts.ReadFile("stderr"))
	}
}

// stopServers ends the servers that a story has left running in the
// workspaces below dir.
func stopServers(dir string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "server.lock" {
			return nil
		}
		c, err := serve.Dial(filepath.Dir(path))
		if err != nil {
			return nil // none runs
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if c.Stop(ctx, filepath.Dir(path)) != nil {
			_ = syscall.Kill(c.Info.PID, syscall.SIGKILL)
		}
		return nil
	})
}
