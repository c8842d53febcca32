package api

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expectations in testdata")

// Version 1 only grows: what differs from the document in testdata is read before it is accepted.
func TestDocument_is_the_one_in_testdata(t *testing.T) {
	w := newWorld(t)
	got := w.api.Document()
	path := filepath.Join("testdata", "openapi.json")
	if *update {
		w.must(os.WriteFile(path, append(got, '\n'), 0o644))
	}
	want, err := os.ReadFile(path)
	w.must(err)
	if !bytes.Equal(append(got, '\n'), want) {
		t.Error("the OpenAPI document is not the one in testdata/openapi.json; run with -update and read what changed")
	}
}

func TestDocument_is_served_without_a_token_and_is_all_there_is(t *testing.T) {
	w := newWorld(t)
	served := w.want(w.ask(somebody{}, "GET", "/openapi.json", nil), 200)
	document := w.api.Document()
	if !bytes.Equal(served.body, document) || served.text("openapi") != "3.1.0" {
		t.Error("another document is served")
	}
	for _, path := range []string{"/docs", "/schemas/Action", "/openapi.yaml", "/openapi-3.0.json"} {
		w.want(w.ask(somebody{}, "GET", path, nil), 404)
	}
}

// Every reference of the document leads somewhere, and every operation says how a problem looks.
func TestDocument_holds_together(t *testing.T) {
	w := newWorld(t)
	text := w.api.Document()
	var document struct {
		Paths      map[string]map[string]map[string]any
		Components struct{ Schemas map[string]any }
	}
	w.must(json.Unmarshal(text, &document))
	for _, reference := range strings.Split(string(text), `"$ref": "`)[1:] {
		name, _, _ := strings.Cut(strings.TrimPrefix(reference, "#/components/schemas/"), `"`)
		if document.Components.Schemas[name] == nil {
			t.Errorf("no schema %q", name)
		}
	}
	operations := 0
	for path, methods := range document.Paths {
		for method, operation := range methods {
			operations++
			responses := operation["responses"].(map[string]any)
			if responses["default"] == nil || len(responses) != 2 {
				t.Errorf("%s %s documents the answers %v", method, path, responses)
			}
		}
	}
	if operations < 40 {
		t.Errorf("%d operations", operations)
	}
}
