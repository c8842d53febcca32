package i18n_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// texts are all sentences of one language as the files have them.
func texts(t *testing.T, lang string) map[string]string {
	t.Helper()
	all := map[string]string{}
	paths, err := filepath.Glob("messages/*." + lang + ".json")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var part map[string]string
		if err := json.Unmarshal(raw, &part); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for key, text := range part {
			all[key] = text
		}
	}
	return all
}

var place = regexp.MustCompile(`\{([a-z_0-9]+)(, ?(number|date|plural))?[,}]`)

func places(text string) []string {
	var names []string
	for _, found := range place.FindAllStringSubmatch(text, -1) {
		names = append(names, found[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestSentences_every_key_is_in_all_languages_with_the_same_places(t *testing.T) {
	t.Parallel()
	english := texts(t, i18n.English)
	for _, lang := range []string{i18n.Dutch, i18n.French} {
		other := texts(t, lang)
		for key, text := range english {
			translated, has := other[key]
			if !has {
				t.Errorf("%s has no %s", lang, key)
				continue
			}
			if difference := cmp.Diff(places(text), places(translated)); difference != "" {
				t.Errorf("places of %s in en and %s (-en +%s):\n%s", key, lang, lang, difference)
			}
		}
		for key := range other {
			if _, has := english[key]; !has {
				t.Errorf("en has no %s, %s has", key, lang)
			}
		}
	}
}

func TestSentences_keep_the_typographic_rules_of_their_language(t *testing.T) {
	t.Parallel()
	forbidden := map[string]*regexp.Regexp{
		i18n.French:  regexp.MustCompile(`[^\x{202f}\x{2019}!?;][;!?]|[^\x{a0}/0-9]:( |$)|«[^\x{a0}]|[^\x{a0}]»|'`),
		i18n.Dutch:   regexp.MustCompile(`'|"`),
		i18n.English: regexp.MustCompile(`'|"`),
	}
	codeLike := regexp.MustCompile(`https?://\S*|[?&]\w+=`)
	for lang, wrong := range forbidden {
		for key, text := range texts(t, lang) {
			plain := codeLike.ReplaceAllString(text, "")
			if found := wrong.FindString(plain); found != "" {
				t.Errorf("%s %s has %q: %s", lang, key, found, text)
			}
			if strings.TrimSpace(text) != text || text == "" {
				t.Errorf("%s %s is empty or has blanks around it: %q", lang, key, text)
			}
		}
	}
}

// reasonsOf lists the constants of type crm.Reason that a package declares.
func reasonsOf(t *testing.T, dir string) []string {
	t.Helper()
	var values []string
	paths, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			spec, isValue := node.(*ast.ValueSpec)
			if !isValue || spec.Type == nil {
				return true
			}
			typeName := ""
			switch named := spec.Type.(type) {
			case *ast.Ident:
				typeName = named.Name
			case *ast.SelectorExpr:
				typeName = named.Sel.Name
			}
			for _, value := range spec.Values {
				if literal, isText := value.(*ast.BasicLit); isText && typeName == "Reason" {
					text, _ := strconv.Unquote(literal.Value)
					values = append(values, text)
				}
			}
			return true
		})
	}
	return values
}

func TestSentences_none_is_missing_for_what_the_program_says(t *testing.T) {
	t.Parallel()
	keys := slices.Clone(service.Codes)
	for _, state := range []crm.LinkState{
		crm.LinkNew, crm.LinkActive, crm.LinkPaused, crm.LinkOff, crm.LinkReadOnly, crm.LinkSignInAgain, crm.LinkNeedsDecision, crm.LinkFailing,
	} {
		keys = append(keys, "link_state."+string(state))
	}
	for _, state := range []crm.SyncName{crm.Synced, crm.Pending, crm.Held, crm.SetAside, crm.ReadOnly, crm.NotSynced} {
		keys = append(keys, "action_state."+string(state))
	}
	for _, kind := range []crm.ThirdPartyKind{crm.Customer, crm.Prospect, crm.Supplier} {
		keys = append(keys, "third_party_kind."+string(kind))
	}
	for _, reason := range []crm.Reason{
		crm.FailingUnreachable, crm.FailingForbidden, crm.FailingGone, crm.FailingServer, crm.FailingAnswer, crm.FailingThrottled, crm.FailingEmptied,
	} {
		keys = append(keys, "failing."+string(reason))
	}
	found := 0
	for _, dir := range []string{"../crm", "../reconcile", "../service", "../syncer", "../eventmap"} {
		for _, reason := range reasonsOf(t, dir) {
			keys = append(keys, i18n.ReasonKey(reason))
			found++
		}
	}
	if found < 30 {
		t.Errorf("found %d reasons in the sources, want 30 and more", found)
	}
	for _, key := range keys {
		if !i18n.Has(key) {
			t.Errorf("no sentence for %s", key)
		}
	}
}

func TestT(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ lang, key, want string }{
		{"nl", "link.choose_calendar", "Er zijn 3 agenda’s gevonden. Kies welke gekoppeld wordt."},
		{"fr", "link.choose_calendar", "3 agendas ont été trouvés. Choisissez celui à lier."},
		{"de", "link.choose_calendar", "3 calendars were found. Choose the one to link."},
		{"en", "no.such_key", "no.such_key"},
	} {
		if got := i18n.T(c.lang, c.key, i18n.P("count", 3)); got != c.want {
			t.Errorf("T(%s, %s) = %q, want %q", c.lang, c.key, got, c.want)
		}
	}
	if got, want := i18n.T(crm.French, "when.end_next_day", i18n.P("date", "2026-12-01", "time", "13:30")), "La fin ne suit pas le début. Corrigez l’heure, ou finissez le mardi 1er décembre 2026 à 13:30."; got != want {
		t.Errorf("a date within a sentence: got %q, want %q", got, want)
	}
	if got, want := i18n.T("en", "user.inactive", i18n.P("name", "{count, plural, other {x}}")), "{count, plural, other {x}} is deactivated. Choose somebody else."; got != want {
		t.Errorf("a value is never interpreted: got %q, want %q", got, want)
	}
}

func TestPlural_french_says_none_as_one(t *testing.T) {
	t.Parallel()
	var got []string
	for _, lang := range i18n.Languages {
		for _, n := range []int{0, 1, 2, 1284} {
			got = append(got, i18n.T(lang, "ago.days", i18n.P("count", n)))
		}
	}
	want := []string{
		"0 dagen geleden", "1 dag geleden", "2 dagen geleden", "1.284 dagen geleden",
		"il y a 0 jour", "il y a 1 jour", "il y a 2 jours", "il y a 1\u202f284 jours",
		"0 days ago", "1 day ago", "2 days ago", "1,284 days ago",
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestDays_are_said_as_the_language_says_them(t *testing.T) {
	t.Parallel()
	today := i18n.Day{Year: 2026, Month: 11, Day: 23}
	var got []string
	for _, lang := range i18n.Languages {
		got = append(got, fmt.Sprint(
			i18n.ShortWeekday(lang, today, today), " | ", i18n.Short(lang, i18n.Day{Year: 2026, Month: 11, Day: 25}, today), " | ",
			i18n.LongWeekday(lang, i18n.Day{Year: 2027, Month: 5, Day: 1}, today), " | ",
			i18n.Nearby(lang, today, today), " | ", i18n.Nearby(lang, i18n.Day{Year: 2026, Month: 11, Day: 24}, today), " | ",
			i18n.Moment(lang, time.Date(2026, 11, 20, 17, 41, 0, 0, time.UTC), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)), " | ",
			i18n.Number(lang, -1234567), " | ", i18n.Ago(lang, 12*time.Second+time.Millisecond), " | ", i18n.Ago(lang, 47*time.Hour)))
	}
	want := []string{
		"ma 23 nov | 25 nov | zaterdag 1 mei 2027 | vandaag | morgen | vrijdag 20 november, 17:41 | -1.234.567 | 12 s geleden | 47 u geleden",
		"lun. 23 nov. | 25 nov. | samedi 1er mai 2027 | aujourd’hui | demain | vendredi 20 novembre, 17:41 | -1\u202f234\u202f567 | il y a 12 s | il y a 47 h",
		"Mon 23 Nov | 25 Nov | Saturday 1 May 2027 | today | tomorrow | Friday 20 November, 17:41 | -1,234,567 | 12 s ago | 47 h ago",
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	if got := i18n.Range("14:00", "15:30"); got != "14:00 – 15:30" {
		t.Errorf("Range: got %q", got)
	}
}

func TestMatch_takes_what_the_browser_asks_for_first(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"":                                  "nl",
		"fr-BE,fr;q=0.9,en;q=0.8":           "fr",
		"de,en;q=0.5,fr;q=0.7":              "fr",
		"de-DE":                             "nl",
		"en;q=0":                            "nl",
		"fr;q=bad, en;q=0.1":                "en",
		"*":                                 "nl",
		strings.Repeat("fr;q=0.1,", 20_000): "fr",
	} {
		if got := i18n.Match(header, "nl"); got != want {
			t.Errorf("Match(%.40q) = %s, want %s", header, got, want)
		}
	}
}
