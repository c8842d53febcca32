package check

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"
)

var tableRow = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([^|]+) \\| ([^|]+) \\|$")

// The administrator's page has each sentence once, as the program says it, with the condition that provokes it;
// TestCheck_every_code_is_provoked_and_has_its_sentence provokes it.
func TestTable_has_every_sentence_with_its_condition(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/administrators/connection-test.md")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../i18n/messages/check.en.json")
	if err != nil {
		t.Fatal(err)
	}
	sentences := map[string]string{}
	if err := json.Unmarshal(raw, &sentences); err != nil {
		t.Fatal(err)
	}
	told := map[Code]int{}
	for _, row := range tableRow.FindAllStringSubmatch(string(page), -1) {
		code := Code("check." + row[1])
		told[code]++
		if row[3] != sentences[string(code)] {
			t.Errorf("%s: the page has %q, the program says %q", code, row[3], sentences[string(code)])
		}
	}
	for _, code := range Codes {
		if told[code] != 1 {
			t.Errorf("%s is told %d times, want once", code, told[code])
		}
		delete(told, code)
	}
	for code := range told {
		t.Errorf("%s is no code of the connection test", code)
	}
}
