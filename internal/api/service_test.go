package api

import (
	"bufio"
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/service"
)

// withoutRoute are methods that no API may offer: they are the program's and its operator's, or how the others are carried out,
// or give a password away, which no answer may hold (semantics 7), or keep what pages ask for one after the other, or tell a part of what
// another one tells.
var withoutRoute = []string{
	"Start", "CreateAdministrator", "NeedsAdministrator", "CreateFirstAdministrator", "PurgeDrafts", "PurgeExpired", "ForgetUIDs", "FinishEnds", "AskAppPassword", "TakeAppPassword",
	"KeepWizard", "Wizard", "WizardOfGrant", "DropWizard", "HeldCount", "MayLink",
}

// Whatever a screen can do, the API can: every method of service is called here.
func TestService_every_method_has_a_route(t *testing.T) {
	t.Parallel()
	called := map[string]bool{}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !strings.HasSuffix(file.Name(), ".go") || strings.HasSuffix(file.Name(), "_test.go") {
			continue
		}
		syntax, err := parser.ParseFile(gotoken.NewFileSet(), file.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(syntax, func(node ast.Node) bool {
			method, isSelector := node.(*ast.SelectorExpr)
			if !isSelector {
				return true
			}
			switch on := method.X.(type) {
			case *ast.SelectorExpr: // c.service.Get
				called[method.Sel.Name] = called[method.Sel.Name] || on.Sel.Name == "service"
			case *ast.Ident: // outside.Once
				called[method.Sel.Name] = called[method.Sel.Name] || on.Name == "outside"
			}
			return true
		})
	}
	for method := range reflect.TypeFor[*service.Service]().Methods() {
		if called[method.Name] == slices.Contains(withoutRoute, method.Name) {
			t.Errorf("%s is called by the API: %v", method.Name, called[method.Name])
		}
	}
}

// haltingTester goes on to its second step only when it is told to.
type haltingTester struct{ goOn chan struct{} }

func (h haltingTester) Test(ctx context.Context, _ service.TestRequest, report func(service.TestStep)) (service.Verdict, error) {
	report(service.TestStep{Name: "first", Outcome: service.StepPassed})
	select {
	case <-h.goOn:
	case <-ctx.Done():
		return service.Verdict{}, ctx.Err()
	}
	report(service.TestStep{Name: "second", Outcome: service.StepPassed})
	return service.Verdict{Outcome: service.Works}, nil
}

// Over a real connection each step arrives while the test goes on, and who hangs up ends it.
func TestLinkTest_steps_arrive_over_a_connection(t *testing.T) {
	w := newWorld(t)
	halting := haltingTester{make(chan struct{})}
	w.service.Tester = halting
	server := httptest.NewServer(w.api)
	defer server.Close()
	start := func(ctx context.Context) *http.Response {
		request, err := http.NewRequestWithContext(ctx, "POST", server.URL+Prefix+"/links/test", strings.NewReader(`{"address":"https://x.example","username":"u","password":"p"}`))
		w.must(err)
		request.Header.Set("Authorization", "Bearer "+w.admin.token)
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Accept", "text/event-stream")
		response, err := http.DefaultClient.Do(request)
		w.must(err)
		return response
	}
	response := start(t.Context())
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	next := func() (string, map[string]any) {
		var event string
		for lines.Scan() {
			if name, isEvent := strings.CutPrefix(lines.Text(), "event: "); isEvent {
				event = name
			}
			if data, isData := strings.CutPrefix(lines.Text(), "data: "); isData {
				var value map[string]any
				w.must(json.Unmarshal([]byte(data), &value))
				return event, value
			}
		}
		return "", nil
	}
	if event, value := next(); event != "step" || value["name"] != "first" {
		t.Fatalf("%s %v", event, value)
	}
	halting.goOn <- struct{}{} // the first step has come before the second began
	if event, value := next(); event != "step" || value["name"] != "second" {
		t.Errorf("%s %v", event, value)
	}
	if event, value := next(); event != "verdict" || value["outcome"] != "works" {
		t.Errorf("%s %v", event, value)
	}

	ctx, hangUp := context.WithCancel(t.Context())
	response = start(ctx)
	lines = bufio.NewScanner(response.Body)
	next()
	hangUp()
	response.Body.Close()
	server.Close() // waits for the handler, which ends with its request
}
