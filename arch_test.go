package septet

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/septet-ml/septet"

// engines are the packages that agents may use beside the contract. None of
// them knows an agent, the pipeline or the program.
var engines = []string{
	"artifact", "drift", "duck", "feature/...", "fitting", "fold", "label", "ledger", "learn/...", "memory",
	"metric/...", "modelcard", "modelfile/...", "points", "problem", "rowfile", "serve/...", "source", "table/...", "telemetry/...",
}

// rule is a folder of packages and what it may import.
type rule struct {
	pkg     string
	imports []string
}

// mayImport tells for each folder of packages which packages of this module
// it may import. "x/..." is x and all below it. The first entry that fits a
// package, from the top, is its rule; a package may always import what lies
// below its own folder.
var mayImport = []rule{
	{"problem", nil},
	{"table/...", []string{"problem", "table"}},
	{"metric/...", []string{"problem"}},
	{"fold", []string{"problem"}},
	{"artifact", []string{"handoff", "problem"}},
	{"handoff/handofftest", []string{"handoff", "metric", "problem", "table"}},
	{"handoff", []string{"problem", "table", "metric"}},
	{"schemas", []string{"handoff"}},

	{"learn/...", []string{"table", "fold", "metric/...", "problem", "learn/..."}},
	{"duck", []string{"problem", "table/..."}},
	{"memory", []string{"handoff", "problem", "table"}},
	{"source", []string{"problem", "table/..."}},
	{"points", []string{"artifact", "duck", "feature/...", "handoff", "label", "learn", "learn/wire", "problem", "rowfile", "source", "table/..."}},
	{"rowfile", []string{"artifact", "handoff", "learn", "problem", "table/..."}},
	{"fitting", []string{"artifact", "durable", "feature/...", "fold", "handoff", "learn/...", "memory", "metric", "problem", "rowfile", "table/..."}},
	{"label", []string{"duck", "handoff", "problem", "table/..."}},
	{"feature/...", []string{"artifact", "duck", "handoff", "label", "learn", "metric", "problem", "table/...", "feature/..."}},
	{"modelcard", []string{"handoff"}},
	{"modelfile/...", []string{"feature/...", "handoff", "learn/...", "metric", "problem", "table/...", "modelfile/..."}},
	{"drift", []string{"feature/...", "handoff", "metric", "problem", "table/..."}},
	{"telemetry/...", []string{"problem", "telemetry/..."}},
	{"ledger/...", []string{"handoff", "problem", "ledger/..."}},
	{"durable/durabletest", []string{"artifact", "durable", "handoff", "ledger/...", "source"}},
	{"durable/...", []string{"artifact", "handoff", "ledger/...", "problem", "telemetry/...", "durable/..."}},
	{"serve/...", []string{"artifact", "drift", "feature/...", "handoff", "learn/...", "ledger", "metric", "modelfile/...", "problem", "table/...", "telemetry/...", "serve/..."}},
	{"sample", []string{"metric", "problem", "table/..."}},
	{"settings", []string{"handoff", "metric", "problem", "table"}},

	{"agent/scope/...", append([]string{"agent/scope/...", "settings"}, base...)},
	{"agent/prepare/...", append([]string{"agent/prepare/...", "settings"}, base...)},
	{"agent/analyze/...", append([]string{"agent/analyze/...", "settings"}, base...)},
	{"agent/choose/...", append([]string{"agent/choose/...", "settings"}, base...)},
	{"agent/train/...", append([]string{"agent/train/...", "settings"}, base...)},
	{"agent/deploy/...", append([]string{"agent/deploy/...", "settings"}, base...)},
	{"agent/observe/...", append([]string{"agent/observe/...", "settings"}, base...)},

	{"pipeline", []string{"artifact", "durable/...", "handoff", "ledger/...", "problem", "settings"}},
	{"docs", nil},
	{"terminal", []string{"durable", "handoff", "metric", "pipeline", "problem"}},
	{"web", []string{"pipeline", "artifact", "docs", "durable", "handoff", "ledger", "metric", "modelcard", "problem", "terminal"}},
	{"cmd/...", []string{"..."}},
	{"bench/...", []string{"..."}},
	{"test/...", []string{"..."}},
}

// base is what every agent may import.
var base = append([]string{"handoff", "durable"}, engines...)

// soleImporters are the foreign modules that only the named packages know.
var soleImporters = []struct {
	foreign string
	pkgs    []string
}{
	{"github.com/duckdb/", []string{"duck"}},
	{"github.com/apache/arrow-go/v18", []string{"duck", "source", "table/parquet", "bench/..."}},
	{"modernc.org/sqlite", []string{"ledger/..."}},
	{"github.com/spf13/cobra", []string{"cmd/..."}},
	{"charm.land/", []string{"terminal"}},
	{"github.com/gowebpki/jcs", []string{"handoff/..."}},
	{"github.com/santhosh-tekuri/jsonschema/v6", []string{"handoff/..."}},
}

// TestArrowsGoDownOnly reads every Go file of the tree and holds its imports
// against the tables above.
func TestArrowsGoDownOnly(t *testing.T) {
	for _, f := range sources(t) {
		if strings.HasSuffix(f.path, "_test.go") {
			continue // a test may stand anywhere to look
		}
		r := slices.IndexFunc(mayImport, func(r rule) bool { return fits(r.pkg, f.pkg) })
		if r < 0 {
			t.Errorf("%s: package %s has no line in the table of who may import whom", f.path, f.pkg)
			continue
		}
		for _, imp := range f.imports {
			own, ours := strings.CutPrefix(imp, module+"/")
			if ours {
				below := strings.HasPrefix(own, f.pkg+"/")
				if !below && !slices.ContainsFunc(mayImport[r].imports, func(p string) bool { return fits(p, own) }) {
					t.Errorf("%s: %s must not import %s", f.path, f.pkg, own)
				}
				continue
			}
			for _, s := range soleImporters {
				if strings.HasPrefix(imp, s.foreign) && !slices.ContainsFunc(s.pkgs, func(p string) bool { return fits(p, f.pkg) }) {
					t.Errorf("%s: only %v may import %s", f.path, s.pkgs, imp)
				}
			}
		}
	}
}

// TestNoInit keeps start-up fast and the program's parts visible in main.
func TestNoInit(t *testing.T) {
	for _, f := range sources(t) {
		if f.hasInit {
			t.Errorf("%s: has an init function", f.path)
		}
	}
}

type goFile struct {
	path    string // from the root, with slashes
	pkg     string // folder
	imports []string
	hasInit bool
}

func sources(t *testing.T) []goFile {
	t.Helper()
	var files []goFile
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); name != "." && (base[0] == '.' || base == "testdata" || base == "tools" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || filepath.Dir(name) == "." {
			return nil
		}
		parsed, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		f := goFile{path: filepath.ToSlash(name)}
		f.pkg = path.Dir(f.path)
		for _, i := range parsed.Imports {
			f.imports = append(f.imports, strings.Trim(i.Path.Value, `"`))
		}
		f.hasInit = hasInit(parsed)
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("found no Go files")
	}
	return files
}

// fits tells whether package pkg is meant by pattern.
func fits(pattern, pkg string) bool {
	if pattern == "..." {
		return true
	}
	if dir, tree := strings.CutSuffix(pattern, "/..."); tree {
		return pkg == dir || strings.HasPrefix(pkg, dir+"/")
	}
	return pkg == pattern
}

func hasInit(f *ast.File) bool {
	return slices.ContainsFunc(f.Decls, func(d ast.Decl) bool {
		fn, ok := d.(*ast.FuncDecl)
		return ok && fn.Recv == nil && fn.Name.Name == "init"
	})
}
