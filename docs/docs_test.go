package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/septet-ml/septet/docs"
)

// code is what a code of the catalogue looks like as a Go string, and areas
// are the first words that are used for nothing else.
var (
	code  = regexp.MustCompile(`^"(agent|criteria|data|deploy|gate|handoff|label|leak|learn|memory|metric|model|observe|output|personal|predict|program|request|run|scope|septet|serve|settings|source|spec|split|usage|workspace)\.[a-z_]*"$`)
	other = []string{"leak.target_", "criteria.", "septet.agent", "septet.run", "septet.reused", "split.by", "split.train", "split.validation", "split.test", "split.holdout", "label.rule", "learn.py", "spec.yaml", "server.lock", "memory.max", "memory.current", "memory.stat"}
)

// TestCatalogueIsWhole holds docs/findings.md against the codes in the
// program: each code has a page, and each page a code.
func TestCatalogueIsWhole(t *testing.T) {
	used := codesInUse(t)
	for _, c := range []string{"deploy.refused", "deploy.rolled_back"} { // put together from a status
		used[c] = "pipeline"
	}
	pages := map[string]bool{}
	for _, f := range docs.Findings() {
		if pages[f.Code] {
			t.Errorf("%s has two pages", f.Code)
		}
		pages[f.Code] = true
		if parts := strings.Split(f.Text, "\n\n"); len(parts) < 2 {
			t.Errorf("the page of %s does not say what to do", f.Code)
		}
		if used[strings.TrimSuffix(f.Code, "*")] == "" {
			t.Errorf("%s has a page, but nothing gives it", f.Code)
		}
	}
	for c, file := range used {
		if _, there := docs.Find(c); !there && !strings.HasSuffix(c, ".") && !slices.Contains(other, c) {
			t.Errorf("%s is given in %s and has no page in docs/findings.md", c, file)
		}
	}
}

// codesInUse are the codes in the string literals of the program, and a file
// that has each.
func codesInUse(t *testing.T) map[string]string {
	t.Helper()
	used := map[string]string{}
	fset := token.NewFileSet()
	err := filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if base := d.Name(); d.IsDir() && name != ".." && (base[0] == '.' || base == "testdata" || base == "tools" || base == "bench") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && code.MatchString(lit.Value) {
				used[strings.Trim(lit.Value, `"`)] = name
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) < 20 {
		t.Fatalf("found only %d codes", len(used))
	}
	return used
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinks wants every file that a page points to to be there.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, more := range []string{"../*.md", "decisions/*.md"} {
		found, err := filepath.Glob(more)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s points to %s, which is not there", page, m[1])
			}
		}
	}
}
