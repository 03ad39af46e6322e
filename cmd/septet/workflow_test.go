package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestWorkflowPage runs the command lines of docs/ml-workflow.md in their
// order: those that begin with "$ ", each with exit status 0, or the one that
// stands on the next line ("exit 4").
func TestWorkflowPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/ml-workflow.md")
	if err != nil {
		t.Fatal(err)
	}
	var story strings.Builder
	lines := strings.Split(string(page), "\n")
	commands := 0
	for i, line := range lines {
		command, found := strings.CutPrefix(line, "$ ")
		if !found {
			continue
		}
		exit := 0
		if i+1 < len(lines) {
			_, _ = fmt.Sscanf(lines[i+1], "exit %d", &exit) // else it stays 0
		}
		fmt.Fprintf(&story, "exits %d sh -c '%s'\n", exit, strings.ReplaceAll(command, "'", "''"))
		commands++
	}
	if commands < 10 {
		t.Fatalf("found only %d commands", commands)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "workflow.txtar"), []byte(story.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	p := params()
	p.Dir = dir
	testscript.Run(t, p)
}
