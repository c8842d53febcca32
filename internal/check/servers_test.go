package check

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
	"agendaonline/internal/i18n"
	"agendaonline/internal/outbound"
	"agendaonline/interop/servers"
)

func atServer(t *testing.T, server *servers.Server) world {
	t.Helper()
	allow, err := outbound.ParseAllow(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	return world{transport: transport, request: Request{
		Address: server.Calendar, Username: server.Username, Password: server.Password, PlainHTTP: true, Write: true,
	}}
}

// TestServers_the_connection_test_tells_the_truth runs it on each real server, with writing, and holds it to what is known of
// that server (docs/interop.md).
func TestServers_the_connection_test_tells_the_truth(t *testing.T) {
	t.Parallel()
	for name, wanted := range map[servers.Name]struct {
		outcome VerdictOutcome
		code    Code
		steps   map[string]Code
		traits  []dav.Trait
		racy    bool // several writers with one ETag may all win, or not, as chance has it
	}{
		servers.Radicale: {Works, "", map[string]Code{StepWrite: CodeWritten, StepPreconditions: CodePreconditions, StepETags: CodeETags, StepSyncToken: CodeSyncToken},
			[]dav.Trait{dav.RewritesBodies}, false},
		servers.Xandikos: {Works, "", map[string]Code{StepWrite: CodeWritten, StepPreconditions: CodePreconditions, StepETags: CodeETags, StepSyncToken: CodeSyncToken},
			[]dav.Trait{dav.NoDataInSync, dav.RewritesBodies}, false},
		servers.DAViCal: {WorksLimited, CodeIfMatchRacy, map[string]Code{StepWrite: CodeWritten, StepETags: CodeETags, StepSyncToken: CodeSyncTokenLies},
			[]dav.Trait{dav.DoubledUIDs, dav.LiesAboutTokens, dav.NoDataInSync}, true},
		servers.SabreDAV: {WorksLimited, CodeNoSyncToken, map[string]Code{StepSignIn: CodeSignedIn, StepWrite: CodeWritten, StepETags: CodeETags, StepSyncToken: CodeNoSyncToken},
			[]dav.Trait{dav.DoubledUIDs, dav.NoSyncToken}, true},
		servers.SabreDAVDigest: {WorksLimited, CodeNoSyncToken, map[string]Code{StepSignIn: CodeSignedInDigest, StepSyncToken: CodeNoSyncToken},
			[]dav.Trait{dav.DigestSignIn, dav.DoubledUIDs, dav.NoSyncToken}, true},
	} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server := servers.Start(t, name)
			verdict := atServer(t, server).run(t)
			for _, step := range verdict.Steps {
				t.Logf("%-13s %-7s %s (%s)", step.Name, step.Outcome, i18n.T(i18n.Dutch, string(step.Code), i18n.Params(step.Params)), step.Duration.Round(1e6))
			}
			traits := verdict.Traits
			outcome, code := verdict.Outcome, verdict.Code
			if wanted.racy {
				traits = traits.Without(dav.RacyIfMatch)
				if code == "" && wanted.code == CodeIfMatchRacy { // chance had it that one won
					outcome, code = WorksLimited, CodeIfMatchRacy
				}
			}
			if outcome != wanted.outcome || code != wanted.code {
				t.Errorf("got %s %s, want %s %s", verdict.Outcome, verdict.Code, wanted.outcome, wanted.code)
			}
			for _, step := range verdict.Steps {
				if code, known := wanted.steps[step.Name]; known && step.Code != code {
					t.Errorf("%s: got %s, want %s\n%+v", step.Name, step.Code, code, step.Evidence)
				}
			}
			if got := traits.All(); !slices.Equal(got, wanted.traits) {
				t.Errorf("got traits %v, want %v", got, wanted.traits)
			}
			if verdict.NoSyncToken != (wanted.code == CodeNoSyncToken) {
				t.Errorf("got no sync token = %v", verdict.NoSyncToken)
			}
			if left := members(t, server); len(left) > 0 {
				t.Errorf("got %v left behind", left)
			}
		})
	}
}

// members lists what is in the calendar now.
func members(t *testing.T, server *servers.Server) (left []dav.Href) {
	t.Helper()
	w := atServer(t, server)
	client := caldav.New(caldav.Config{
		RoundTripper: w.transport, Origins: outbound.Origins{outbound.Origin(server.Origin)}, PlainHTTP: true,
		Credentials: caldav.NewPassword(server.Username, server.Password, dav.Traits{}, rand.Reader),
	})
	err := client.Collection(dav.Href(server.Calendar), dav.Traits{}).List(t.Context(), func(m dav.Member) error {
		left = append(left, m.Href)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// TestServers_sabredav_has_no_sync_token is the sentence that people read where a server is too old.
func TestServers_sabredav_has_no_sync_token(t *testing.T) {
	t.Parallel()
	server := servers.Start(t, servers.SabreDAV)
	w := atServer(t, server)
	w.request.Write = false
	verdict := w.run(t)
	if verdict.Outcome != WorksLimited || !verdict.NoSyncToken || verdict.Field != "address" {
		t.Fatalf("got %s", codesOf(verdict))
	}
	for lang, wanted := range map[string]string{
		i18n.Dutch:   "De server kent geen sync-token: hij noemt het niet en weigert de vraag ernaar.",
		i18n.French:  "Le serveur ne connaît pas le jeton de synchronisation (sync-token)",
		i18n.English: "The server has no sync-token: it does not name it and refuses to be asked for it.",
	} {
		if text := i18n.T(lang, string(verdict.Code), i18n.Params(verdict.Params)); !strings.HasPrefix(text, wanted) {
			t.Errorf("%s: got %q, want it to begin %q", lang, text, wanted)
		}
	}
	for _, step := range verdict.Steps {
		if step.Name != StepSyncToken {
			continue
		}
		evidence := ""
		for _, exchange := range step.Evidence {
			evidence += exchange.Asked + "\n" + exchange.Answered + "\n"
		}
		if !strings.Contains(evidence, "REPORT sync-collection "+server.Calendar) || !strings.Contains(evidence, "403") || !strings.Contains(evidence, "supported-report") {
			t.Errorf("got the evidence\n%s", evidence)
		}
	}
}

func TestServers_a_wrong_password_and_a_wrong_path(t *testing.T) {
	t.Parallel()
	for _, name := range []servers.Name{servers.Radicale, servers.DAViCal, servers.SabreDAV} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server := servers.Start(t, name)
			w := atServer(t, server)
			if verdict := w.asking(wrongPassword).run(t); verdict.Code != CodeSignInRefused || verdict.Field != "password" {
				t.Errorf("a wrong password: got %s", codesOf(verdict))
			}
			// From any other path of the server its calendars are found, and the only one is taken.
			verdict := w.asking(func(r *Request) { r.Address, r.Write = server.Origin+"/no/such/path/", false }).run(t)
			if verdict.Outcome == DoesNotWork || !strings.HasSuffix(verdict.Calendar.Href, "/alice/calendar/") {
				t.Errorf("a wrong path: got %s", codesOf(verdict))
			}
		})
	}
}
