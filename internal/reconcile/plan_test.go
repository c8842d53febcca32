package reconcile

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the expected plans; read the diff")

// TestDecide runs the vectors of testdata/plan. A case is named after its rule and holds lines "base:", "local:", "remote:"
// and, where it matters, "policy:", "moments:" and "read-only"; below "plan:" stands the expected plan.
func TestDecide(t *testing.T) {
	t.Parallel()
	for _, path := range vectors(t) {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for i, file := range archive.Files {
			input, want, found := strings.Cut(string(file.Data), "plan:\n")
			if !found {
				t.Fatalf("%s: no plan", file.Name)
			}
			item, rules, moments := parseCase(t, file.Name, input)
			got := Decide(item, rules, moments).String()
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
}

func vectors(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("testdata/plan/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no vectors: %v", err)
	}
	return paths
}

// The case table of docs/sync.md and the vectors are the same cases.
func TestDecide_docs_have_a_row_for_each_vector(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/sync.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		rows[match[1]] = true
	}
	for _, path := range append(vectors(t), "testdata/first_sync/plan.txtar") {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range archive.Files {
			if !rows[file.Name] {
				t.Errorf("%s of %s has no row", file.Name, path)
			}
			delete(rows, file.Name)
		}
	}
	for name := range rows {
		t.Errorf("row %s has no vector", name)
	}
}

func parseCase(t *testing.T, name, input string) (Item, Rules, Moments) {
	t.Helper()
	item := Item{Local: Local{State: LocalUnknown}, Remote: Remote{State: RemoteNone}}
	rules := Rules{Policy: crm.CRMWins}
	moments := Moments{}
	for line := range strings.Lines(input) {
		key, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		rest = strings.TrimSpace(rest)
		state, values, _ := strings.Cut(rest, " ")
		switch key {
		case "":
		case "base":
			agreed, server, rewritten := strings.Cut(rest, " => ")
			item.Base = &Base{Agreed: parseUnits(t, name, agreed), Server: parseUnits(t, name, agreed)}
			if rewritten {
				item.Base.Server = parseUnits(t, name, server)
			}
		case "local":
			item.Local.State = LocalState(state)
			if values, item.Local.OtherEdited = strings.CutSuffix(values, " [other field edited]"); values != "" {
				item.Local.Units = parseUnits(t, name, values)
			}
		case "remote":
			item.Remote.State = RemoteState(state)
			switch item.Remote.State {
			case RemoteSetAside:
				item.Remote.Reason = crm.Reason(values)
			case RemotePresent:
				values, item.Remote.PlaceOrRuleEdited = strings.CutSuffix(values, " [place or rule edited]")
				item.Remote.Units = parseUnits(t, name, values)
			}
		case "policy":
			rules.Policy = crm.ConflictPolicy(rest)
		case "read-only":
			rules.ReadOnly = true
		case "moments":
			var here, there int64
			if _, err := fmt.Sscanf(rest, "crm %d calendar %d", &here, &there); err != nil {
				t.Fatalf("%s: %q: %v", name, line, err)
			}
			moments = Moments{time.Unix(here, 0), time.Unix(there, 0)}
		default:
			t.Fatalf("%s: unknown line %q", name, line)
		}
	}
	return item, rules, moments
}

// parseUnits reads "subject | description | when", the when in short: "25 14:00-16:00" is 25 November 2026, "-" no date.
func parseUnits(t *testing.T, name, text string) crm.Units {
	t.Helper()
	parts := strings.Split(text, " | ")
	if len(parts) != 3 {
		t.Fatalf("%s: %q: want subject | description | when", name, text)
	}
	units := crm.Units{Subject: parts[0], Description: parts[1]}
	if parts[2] == "-" {
		return units
	}
	day, times, _ := strings.Cut(parts[2], " ")
	start, end, _ := strings.Cut(times, "-")
	var err error
	if units.When.StartDate, err = crm.ParseDate("2026-11-" + day); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if units.When.StartTime, err = crm.ParseClock(start); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if units.When.EndTime, err = crm.ParseClock(end); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	units.When.Zone = "Europe/Brussels"
	return units
}

func drawUnits(t *rapid.T, label string) crm.Units {
	value := rapid.SampledFrom([]string{"a", "b", "c"})
	day := rapid.IntRange(1, 3).Draw(t, label+" day")
	return crm.Units{
		Subject:     value.Draw(t, label+" subject"),
		Description: value.Draw(t, label+" description"),
		When:        crm.When{StartDate: crm.Date{Year: 2026, Month: 11, Day: day}, Zone: "Europe/Brussels"},
	}
}

func drawBase(t *rapid.T) *Base {
	if rapid.Bool().Draw(t, "never agreed") {
		return nil
	}
	return &Base{Agreed: drawUnits(t, "agreed"), Server: drawUnits(t, "server")}
}

// The rule O5 of the oracle, unit by unit, written the other way round.
func TestMerge_takes_each_unit_from_the_side_that_changed_it(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := drawBase(t), drawUnits(t, "local"), drawUnits(t, "remote")
		merged := Merge(base, local, remote, crm.CRMWins, Moments{})
		for _, unit := range crm.AllUnits {
			got := crm.HistoryText(unit, merged.Units)
			here, there := crm.HistoryText(unit, local), crm.HistoryText(unit, remote)
			onlyThere := base != nil && crm.HistoryText(unit, base.Agreed) == here && crm.HistoryText(unit, base.Server) != there
			want := here
			if onlyThere {
				want = there
			}
			if got != want {
				t.Fatalf("%s: got %q, want %q", unit, got, want)
			}
		}
	})
}

// A crash between the two sides' commits, or a second run, must not find the same conflict or the same news again.
func TestMerge_a_second_merge_of_the_same_finds_only_what_is_still_to_be_written(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base, local, remote := drawBase(t), drawUnits(t, "local"), drawUnits(t, "remote")
		policy := rapid.SampledFrom([]crm.ConflictPolicy{crm.CRMWins, crm.CalendarWins, crm.LatestWins}).Draw(t, "policy")
		first := Merge(base, local, remote, policy, Moments{})
		after := first.Base(base, remote)
		second := Merge(&after, first.Units, remote, policy, Moments{})
		if len(second.Conflicts) > 0 || len(second.ToCRM) > 0 {
			t.Fatalf("got %+v again, want no conflict and nothing for the CRM", second)
		}
		for _, unit := range first.ToCalendar {
			if crm.HistoryText(unit, first.Units) != crm.HistoryText(unit, after.Agreed) && len(second.ToCalendar) == 0 {
				t.Fatalf("%s must still be written, got nothing to write", unit)
			}
		}
	})
}

func TestMerge_swapping_the_sides_and_the_policy_mirrors_the_result(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := drawUnits(t, "base")
		local, remote := drawUnits(t, "local"), drawUnits(t, "remote")
		one := Merge(&Base{base, base}, local, remote, crm.CRMWins, Moments{})
		other := Merge(&Base{base, base}, remote, local, crm.CalendarWins, Moments{})
		if one.Units != other.Units || len(one.Conflicts) != len(other.Conflicts) {
			t.Fatalf("got %+v and %+v, want the same values and as many conflicts", one, other)
		}
	})
}

func TestShouldCreate_only_what_is_typed_one_by_one_may_lie_in_the_past(t *testing.T) {
	t.Parallel()
	today := crm.Date{Year: 2026, Month: 11, Day: 24}
	past, now, none := crm.When{EndDate: today.AddDays(-1)}, crm.When{StartDate: today.AddDays(-3), EndDate: today}, crm.When{}
	for _, test := range []struct {
		when   crm.When
		origin Origin
		want   bool
		reason crm.Reason
	}{
		{past, OriginPerson, true, ""},
		{past, OriginBulk, false, crm.ReasonPast},
		{past, OriginFirstSync, false, crm.ReasonPast},
		{past, OriginChange, false, crm.ReasonPast},
		{now, OriginFirstSync, true, ""},
		{none, OriginPerson, false, crm.ReasonNoDate},
	} {
		if got, reason := ShouldCreate(test.when, test.origin, today); got != test.want || reason != test.reason {
			t.Errorf("%v by %s: got %v %q, want %v %q", test.when, test.origin, got, reason, test.want, test.reason)
		}
	}
}
