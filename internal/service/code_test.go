package service

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every constant Code... of this package, and every code that crm reports, is in Codes, so that none lacks a sentence.
func TestCodes_are_complete(t *testing.T) {
	t.Parallel()
	var declared []string
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(node ast.Node) bool {
			spec, isValue := node.(*ast.ValueSpec)
			if isValue && strings.HasPrefix(spec.Names[0].Name, "Code") && len(spec.Values) == 1 {
				if literal, isLiteral := spec.Values[0].(*ast.BasicLit); isLiteral {
					code, _ := strconv.Unquote(literal.Value)
					declared = append(declared, code)
				}
			}
			return true
		})
	}
	rules, err := os.ReadFile("../crm/when.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range regexp.MustCompile(`NewProblem\("([^"]+)"`).FindAllStringSubmatch(string(rules), -1) {
		declared = append(declared, found[1])
	}
	slices.Sort(declared)
	declared = slices.Compact(declared)
	if listed := slices.Sorted(slices.Values(Codes)); !slices.Equal(listed, declared) {
		t.Errorf("Codes lists\n%q\ndeclared are\n%q", listed, declared)
	}
	if len(declared) < 40 {
		t.Errorf("only %d codes were found", len(declared))
	}
}
