package check

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
)

// within is a transport that answers in the process.
type within struct{ http.RoundTripper }

func (within) Reach(context.Context, outbound.Origin) (outbound.Reached, error) {
	return outbound.Reached{Address: netip.MustParseAddr("192.0.2.1"), TLS: "TLS 1.3", ValidUntil: time.Now().Add(24 * time.Hour)}, nil
}

func inSandbox(t *testing.T, manners sandbox.Manners) (*sandbox.Server, world) {
	t.Helper()
	server, err := sandbox.Open("", sandbox.Options{Manners: manners})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.SetUser(sandbox.User{Name: canaryName, Password: canaryPassword, Addresses: []string{"alice@example.com"}}); err != nil {
		t.Fatal(err)
	}
	if err := server.SetCalendar(sandbox.Calendar{Owner: canaryName, Name: "calendar", DisplayName: "Werk"}); err != nil {
		t.Fatal(err)
	}
	return server, world{
		transport: within{server.Transport()},
		request:   Request{Address: "https://dav.example" + server.CalendarPath(canaryName, "calendar"), Write: true},
	}
}

// TestProfiles_each_gets_its_verdict holds the test to what is recorded of servers that cannot be run here.
func TestProfiles_each_gets_its_verdict(t *testing.T) {
	t.Parallel()
	type wanted struct {
		outcome VerdictOutcome
		code    Code
		traits  []dav.Trait
	}
	for _, profile := range sandbox.Profiles {
		want, known := map[string]wanted{
			"plain":        {Works, "", nil},
			"radicale":     {Works, "", []dav.Trait{dav.RewritesBodies}},
			"xandikos":     {Works, "", []dav.Trait{dav.NoDataInSync, dav.RewritesBodies}},
			"davical":      {WorksLimited, CodeIfMatchRacy, []dav.Trait{dav.DoubledUIDs, dav.LiesAboutTokens, dav.NoDataInSync, dav.RacyIfMatch}},
			"sabredav-1.8": {WorksLimited, CodeNoSyncToken, []dav.Trait{dav.DoubledUIDs, dav.NoSyncToken, dav.RacyIfMatch}},
			"sabre-4":      {Works, "", []dav.Trait{dav.DoubledUIDs, dav.LiesAboutTokens}},
			"nextcloud-25": {Works, "", []dav.Trait{dav.LiesAboutTokens}},
			"nextcloud-32": {Works, "", []dav.Trait{dav.LiesAboutTokens}},
			"owncloud-10":  {Works, "", []dav.Trait{dav.DoubledUIDs, dav.LiesAboutTokens}},
			"cyrus-like":   {Works, "", nil},
			"sogo-like":    {Works, "", []dav.Trait{dav.LiesAboutTokens}},
			"google-like":  {WorksLimited, CodeIfMatchDelete, []dav.Trait{dav.NoETagOnPut, dav.NoIfMatchOnDelete, dav.NoIfNoneMatch, dav.RacyIfMatch, dav.RewritesBodies}},
		}[profile.Name]
		if !known {
			t.Errorf("no verdict is known of %s", profile.Name)
			continue
		}
		t.Run(profile.Name, func(t *testing.T) {
			t.Parallel()
			server, w := inSandbox(t, profile.Manners())
			verdict := w.run(t)
			if verdict.Outcome != want.outcome || verdict.Code != want.code {
				t.Errorf("got %s, want %s %s", codesOf(verdict), want.outcome, want.code)
			}
			if got := verdict.Traits.All(); !slices.Equal(got, want.traits) {
				t.Errorf("got traits %v, want %v", got, want.traits)
			}
			items, err := server.Human(canaryName, "phone").Items("calendar")
			if err != nil || len(items) > 0 {
				t.Errorf("got %d events left behind, %v", len(items), err)
			}
			if verdict.NoSyncToken != (want.code == CodeNoSyncToken) {
				t.Errorf("got no sync token = %v", verdict.NoSyncToken)
			}
		})
	}
}

// TestProfiles_the_test_ends_well_under_every_fault strikes a whole test by each single fault: it ends, says what went wrong in
// a code that is known, keeps secrets, and leaves nothing behind that it does not name.
func TestProfiles_the_test_ends_well_under_every_fault(t *testing.T) {
	t.Parallel()
	for _, fault := range sandbox.Catalogue(time.Now()) {
		if strings.HasPrefix(fault.Name, "F2 ") {
			continue // time is the client's own test
		}
		for _, skip := range []int{0, 2, 6, 12} {
			server, w := inSandbox(t, sandbox.Plain())
			fault.Skip = skip
			server.Plan(fault)
			verdict := w.run(t)
			for _, step := range verdict.Steps {
				if !slices.Contains(Codes, step.Code) {
					t.Errorf("%s after %d: the step %s has the code %q", fault.Name, skip, step.Name, step.Code)
				}
			}
			items, err := server.Human(canaryName, "phone").Items("calendar")
			named := slices.ContainsFunc(verdict.Steps, func(step Step) bool { return step.Code == CodeWriteLeft })
			if err != nil || len(items) > 0 && !named {
				t.Errorf("%s after %d: %d events left behind and not named: %s", fault.Name, skip, len(items), codesOf(verdict))
			}
		}
	}
}
