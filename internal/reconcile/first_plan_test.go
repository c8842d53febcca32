package reconcile

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"agendaonline/internal/crm"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestPlanFirstSync runs the vectors of testdata/first_sync: below "plan:" stands the expected plan.
func TestPlanFirstSync(t *testing.T) {
	t.Parallel()
	const path = "testdata/first_sync/plan.txtar"
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range archive.Files {
		input, want, found := strings.Cut(string(file.Data), "plan:\n")
		if !found {
			t.Fatalf("%s: no plan", file.Name)
		}
		got := planFirstCase(t, file.Name, input)
		if *update {
			archive.Files[i].Data = []byte(input + "plan:\n" + got)
			continue
		}
		t.Run(file.Name, func(t *testing.T) {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("plan differs (-want +got):\n%s", diff)
			}
		})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// planFirstCase plans a case and writes the plan, equal lines once with their number.
func planFirstCase(t *testing.T, name, input string) string {
	t.Helper()
	var events []FirstEvent
	var eventNames, actionNames []string
	var actions []FirstAction
	var rules FirstRules
	for line := range strings.Lines(input) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "":
		case "today":
			rules.Today = november(t, rest)
		case "start":
			rules.Start = november(t, rest)
		case "decided":
			rules.Decided = true
		case "read-only":
			rules.ReadOnly = true
		case "event":
			how, rest, _ := strings.Cut(rest, " ")
			subject, when, times := parseTyped(t, name, rest)
			event := FirstEvent{Known: how == "known", Changed: how == "changed", Like: LikenessOf(subject, when.String()), Last: when.LastDate()}
			if how == "aside" {
				event.Aside = crm.ReasonSeries
			}
			events = append(events, slices.Repeat([]FirstEvent{event}, times)...)
			eventNames = append(eventNames, slices.Repeat([]string{subject}, times)...)
		case "action":
			subject, when, _ := parseTyped(t, name, rest)
			actions = append(actions, FirstAction{ID: crm.ActionID{15: byte(len(actions) + 1)}, Like: LikenessOf(subject, when.String()), When: when})
			actionNames = append(actionNames, subject)
		default:
			t.Fatalf("%s: unknown line %q", name, line)
		}
	}
	plan := PlanFirstSync(events, actions, rules)
	var lines []string
	if plan.Held {
		lines = append(lines, "held")
	}
	for i, name := range eventNames {
		line := fmt.Sprintf("event %q: %s", name, fateText(plan.Events[i]))
		if twin := plan.Twins[i]; !twin.IsZero() {
			line += fmt.Sprintf(" %q", actionNames[twin[15]-1])
		}
		lines = append(lines, line)
	}
	for i, name := range actionNames {
		lines = append(lines, fmt.Sprintf("action %q: %s", name, fateText(plan.Actions[i])))
	}
	c := plan.Counts
	lines = append(lines, fmt.Sprintf("events %s; actions %s; known %d, twins %d, left out %d, set aside %d", daysText(c.Events), daysText(c.Actions), c.Known, c.Twins, c.LeftOut, c.SetAside))
	var text strings.Builder
	for i := 0; i < len(lines); {
		n := i
		for n < len(lines) && lines[n] == lines[i] {
			n++
		}
		text.WriteString(lines[i])
		if n-i > 1 {
			fmt.Fprintf(&text, " x%d", n-i)
		}
		text.WriteString("\n")
		i = n
	}
	return text.String()
}

func november(t *testing.T, day string) crm.Date {
	t.Helper()
	n, err := strconv.Atoi(day)
	if err != nil {
		t.Fatal(err)
	}
	return crm.Date{Year: 2026, Month: 11, Day: n}
}

// parseTyped reads `"subject" 25 12:00-13:00`, and how many of it there are.
func parseTyped(t *testing.T, name, text string) (string, crm.When, int) {
	t.Helper()
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		t.Fatalf("%s: %q: %v", name, text, err)
	}
	subject, _ := strconv.Unquote(quoted)
	when, times, many := strings.Cut(strings.TrimSpace(text[len(quoted):]), " x")
	n := 1
	if many {
		if n, err = strconv.Atoi(times); err != nil {
			t.Fatal(err)
		}
	}
	return subject, parseUnits(t, name, "s | d | "+when).When, n
}

func fateText(fate FirstFate) string {
	if fate == FirstNothing {
		return "nothing"
	}
	return string(fate)
}

func daysText(days map[string]int) string {
	if len(days) == 0 {
		return "-"
	}
	var texts []string
	for day, n := range days {
		texts = append(texts, fmt.Sprintf("%s %d", day, n))
	}
	slices.Sort(texts)
	return strings.Join(texts, ", ")
}

func TestFirstCounts_a_start_is_preselected_above_two_thousand_events(t *testing.T) {
	t.Parallel()
	today := crm.Date{Year: 2026, Month: 11, Day: 25}
	for _, test := range []struct {
		events map[string]int
		want   string
	}{
		{map[string]int{"2019-05-01": 2000}, ""},
		{map[string]int{"2019-05-01": 1100, "2026-02-01": 902}, "2026-01-01"},
		{map[string]int{"2026-02-01": 2001, "2026-11-25": 3}, "2026-11-25"},
	} {
		counts := FirstCounts{Events: test.events, Actions: map[string]int{"2026-12-01": 5000}}
		if got := counts.Start(today).String(); got != test.want {
			t.Errorf("%v: got %q, want %q", test.events, got, test.want)
		}
	}
	counts := FirstCounts{Events: map[string]int{"2025-12-31": 3, "2026-01-01": 4}, Actions: map[string]int{"2026-01-02": 2}, Twins: 1}
	if got := fmt.Sprint(counts.EventsFrom(crm.Date{Year: 2026, Month: 1, Day: 1}), counts.ActionsFrom(today), counts.Items()); got != "4 0 10" {
		t.Errorf("got %s, want 4 0 10", got)
	}
}
