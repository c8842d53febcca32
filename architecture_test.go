package agendaonline

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestLayout_the_document_has_the_same_table(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		name := ""
		if len(cells) == 5 {
			name = strings.Trim(strings.TrimSpace(cells[1]), "`")
		}
		if _, known := layout[name]; !known {
			continue
		}
		told[name] = []string{}
		for _, word := range strings.Fields(cells[3]) {
			switch word {
			case "-":
			case "core":
				told[name] = append(told[name], core...)
			default:
				told[name] = append(told[name], strings.Trim(word, "`"))
			}
		}
	}
	for name, allowed := range layout {
		got, found := told[name]
		want := slices.Sorted(slices.Values(allowed))
		slices.Sort(got)
		if !found || !slices.Equal(got, want) {
			t.Errorf("docs/architecture.md lets %s import %v, want %v", name, got, want)
		}
	}
}
