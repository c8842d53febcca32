package agendaonline

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "agendaonline"

// core is what every package may import: rules without I/O.
var core = []string{"crm", "dav", "ical", "zone", "recur", "eventmap", "reconcile"}

// layout is the table of docs/architecture.md: each package of ours, and what of ours it may import.
var layout = map[string][]string{
	"crm":       {},
	"dav":       {},
	"ical":      {},
	"zone":      {"ical"},
	"recur":     {"ical", "zone"},
	"eventmap":  {"crm", "ical", "zone", "recur"},
	"reconcile": {"crm", "dav"},

	"store":     {"crm", "dav", "reconcile"},
	"outbound":  {},
	"caldav":    {"dav", "outbound"},
	"oauth":     {"outbound"},
	"check":     {"dav", "caldav", "oauth", "outbound"},
	"preset":    {},
	"syncer":    append([]string{"store"}, core...),
	"scheduler": {"store"},
	"service":   append([]string{"store", "secret"}, core...),
	"live":      {"store"},
	"transfer":  append([]string{"store", "i18n"}, core...),
	"backup":    append([]string{"store", "i18n"}, core...),
	"mail":      append([]string{"store", "i18n"}, core...),
	"auth":      {"crm", "store"},
	"i18n":      {},
	"web":       {"service", "crm", "auth", "i18n", "live"},
	"api":       {"service", "crm", "auth", "i18n"},
	"httpd":     {"auth"},
	"config":    {},
	"secret":    {},
	"vault":     {"service", "store", "secret", "oauth", "crm", "dav"},

	"plant":      {},
	"sandbox":    {"dav", "ical", "zone", "recur"},
	"oracle":     {},
	"simulation": append([]string{"store", "sandbox", "oracle", "caldav", "outbound", "syncer", "scheduler", "service", "secret", "vault", "oauth"}, core...),
}

// The core decides; what it must know comes in as arguments.
var forbiddenInCore = []string{"net/http", "os", "database/sql", "log/slog", "math/rand", "math/rand/v2", "crypto/rand"}

type sourceFile struct {
	path, pkg string
	test      bool
	syntax    *ast.File
}

func parseSources(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	err := filepath.WalkDir("internal", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if _, statErr := os.Stat(filepath.Join(path, "go.mod")); statErr == nil || entry.Name() == "testdata" || entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		pkg := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/")
		files = append(files, sourceFile{path, pkg, strings.HasSuffix(path, "_test.go"), syntax})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// layoutName is the row of the table a package belongs to: a folder within a package belongs to it.
func layoutName(pkg string) string {
	name, _, _ := strings.Cut(pkg, "/")
	return name
}

func TestLayout_imports_follow_the_table(t *testing.T) {
	for _, file := range parseSources(t) {
		if file.test {
			continue
		}
		allowed, known := layout[layoutName(file.pkg)]
		if !known {
			t.Errorf("%s: package %s is not in the table of docs/architecture.md", file.path, file.pkg)
			continue
		}
		for _, spec := range file.syntax.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			name, ours := strings.CutPrefix(imported, module+"/internal/")
			if !ours || layoutName(name) == layoutName(file.pkg) || name == "plant" { // a constant but in one test
				continue
			}
			if !slices.Contains(allowed, layoutName(name)) {
				t.Errorf("%s imports %s; the table allows %v", file.path, name, allowed)
			}
		}
	}
}

func TestLayout_core_does_no_io(t *testing.T) {
	for _, file := range parseSources(t) {
		if file.test || !slices.Contains(core, layoutName(file.pkg)) {
			continue
		}
		for _, spec := range file.syntax.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if slices.Contains(forbiddenInCore, imported) {
				t.Errorf("%s imports %s: the core does no I/O and draws no randomness", file.path, imported)
			}
		}
		ast.Inspect(file.syntax, func(node ast.Node) bool {
			call, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := call.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "LoadLocation"}, call.Sel.Name) {
				t.Errorf("%s uses time.%s: time and zone rules come in as arguments", file.path, call.Sel.Name)
			}
			return true
		})
	}
}

func TestLayout_every_package_says_what_it_is(t *testing.T) {
	commented := map[string]bool{}
	for _, file := range parseSources(t) {
		if file.test {
			continue
		}
		commented[file.pkg] = commented[file.pkg] || file.syntax.Doc != nil
	}
	for pkg, has := range commented {
		if !has {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
}
