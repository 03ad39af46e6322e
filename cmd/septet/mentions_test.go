package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// mention is a command line of ours inside a text: "septet runs show RUN
// --warnings".
var mention = regexp.MustCompile("septet ([a-z]+)( [a-z]+)?([^`;\\n]*)")

var flagIn = regexp.MustCompile(`(?:^|[ "])--([a-z][a-z-]*)`)

// TestMentionsAreTrue finds every command line that the program or its docs
// tell people to type, and wants the command and its flags to be there.
func TestMentionsAreTrue(t *testing.T) {
	a := &app{stdout: io.Discard, stderr: io.Discard}
	root := a.root()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	texts := textsOfTheProgram(t)
	for place, list := range texts {
		for _, text := range list {
			for _, m := range mention.FindAllStringSubmatch(text, -1) {
				checkMention(t, root, place, m)
			}
		}
	}
}

func checkMention(t *testing.T, root *cobra.Command, place string, m []string) {
	t.Helper()
	find := func(c *cobra.Command, name string) *cobra.Command {
		i := slices.IndexFunc(c.Commands(), func(s *cobra.Command) bool { return s.Name() == name })
		if i < 0 {
			return nil
		}
		return c.Commands()[i]
	}
	c := find(root, m[1])
	if c == nil {
		return // prose: "septet model file"
	}
	sub := strings.TrimSpace(m[2])
	if c.HasSubCommands() && sub != "" && m[1] != "help" {
		if c = find(c, sub); c == nil {
			t.Errorf("%s: there is no command %q", place, "septet "+m[1]+" "+sub)
			return
		}
	}
	for _, f := range flagIn.FindAllStringSubmatch(m[3], -1) {
		if c.Flags().Lookup(f[1]) == nil && c.InheritedFlags().Lookup(f[1]) == nil && f[1] != "help" {
			t.Errorf("%s: septet %s has no flag --%s (%q)", place, strings.TrimPrefix(c.CommandPath(), "septet "), f[1], m[0])
		}
	}
}

// textsOfTheProgram are the string literals of the program and the lines of
// its docs and pages, by place.
func textsOfTheProgram(t *testing.T) map[string][]string {
	t.Helper()
	texts := map[string][]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != "../.." && (base[0] == '.' || base == "testdata" || base == "bench") {
			return filepath.SkipDir
		}
		switch ext := filepath.Ext(name); {
		case ext == ".md" || ext == ".html":
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			texts[name] = strings.Split(string(text), "\n")
		case ext == ".go" && !strings.HasSuffix(name, "_test.go"):
			file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					texts[name] = append(texts[name], strings.Split(strings.Trim(lit.Value, "`\""), "\n")...)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}
