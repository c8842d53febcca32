package caldav

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/interop/servers"
)

// real is a client of a real server that was started for the test, and what it observed.
func real(t *testing.T, name servers.Name, traits dav.Traits) (*servers.Server, *Client, *[]dav.Exchange) {
	t.Helper()
	server := servers.Start(t, name)
	allow, err := outbound.ParseAllow(server.Address)
	if err != nil {
		t.Fatal(err)
	}
	transport := outbound.New(outbound.Config{Allow: allow})
	t.Cleanup(transport.CloseIdleConnections)
	seen := &[]dav.Exchange{}
	return server, New(Config{
		RoundTripper: transport, Origins: outbound.Origins{outbound.Origin(server.Origin)}, PlainHTTP: true,
		Credentials: NewPassword(server.Username, server.Password, traits, rand.Reader),
		Observe:     func(e dav.Exchange) { *seen = append(*seen, e) },
	}), seen
}

func eventOf(uid, summary string) []byte {
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//agenda//test\r\nBEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20261123T000000Z\r\n" +
		"DTSTART:20261123T090000Z\r\nDTEND:20261123T100000Z\r\nSUMMARY:" + summary + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

// TestServers_writing_and_reading is what every real server must do for this client: made, read, changed under its ETag,
// refused under an old one, listed, read in batches with a member missing, deleted.
func TestServers_writing_and_reading(t *testing.T) {
	t.Parallel()
	for _, name := range append(slices.Clone(servers.All), servers.SabreDAVDigest) {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server, client, _ := real(t, name, dav.Traits{})
			calendar := client.Collection(dav.Href(server.Calendar), dav.Traits{})
			ctx := t.Context()
			href := calendar.Href().Child("a b+c@d-é.ics")
			made, err := calendar.Put(ctx, href, eventOf("uid-1", "first-4711"), dav.IfNew())
			if err != nil || !made.Created {
				t.Fatalf("put: got %+v %v, want it made", made, err)
			}
			if _, err := calendar.Put(ctx, href, eventOf("uid-1", "x"), dav.IfNew()); dav.ClassOf(err) != dav.ClassPreconditionFailed {
				t.Errorf("put over it as new: got %v, want the precondition to fail", err)
			}
			read, err := calendar.Get(ctx, href)
			if err != nil || !bytes.Contains(read.Body, []byte("first-4711")) || !read.ETag.Same(made.ETag) {
				t.Fatalf("get: got %q %.80q %v, want %q", read.ETag, read.Body, err, made.ETag)
			}
			changed, err := calendar.Put(ctx, href, eventOf("uid-1", "second-4712"), dav.IfMatch(read.ETag))
			if err != nil || changed.ETag.Same(read.ETag) {
				t.Fatalf("put under its ETag: got %+v %v, want a new ETag", changed, err)
			}
			if _, err := calendar.Put(ctx, href, eventOf("uid-1", "third"), dav.IfMatch(read.ETag)); dav.ClassOf(err) != dav.ClassPreconditionFailed {
				t.Errorf("put under an old ETag: got %v, want the precondition to fail", err)
			}
			var listed []dav.Href
			if err := calendar.List(ctx, func(m dav.Member) error { listed = append(listed, m.Href); return nil }); err != nil || len(listed) != 1 || !listed[0].Same(href) {
				t.Fatalf("list: got %v %v, want %s", listed, err, href)
			}
			var got []string
			missing := calendar.Href().Child("missing.ics")
			if err := calendar.Multiget(ctx, []dav.Href{listed[0], missing}, func(m dav.Member) error {
				got = append(got, fmt.Sprint(m.Kind == dav.MemberGone, " ", strings.Contains(string(m.Data), "second-4712")))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(got)
			if !slices.Equal(got, []string{"false true", "true false"}) {
				t.Errorf("multiget: got %q, want one event and one that is gone", got)
			}
			if err := calendar.Delete(ctx, listed[0], dav.IfMatch(read.ETag)); dav.ClassOf(err) != dav.ClassPreconditionFailed {
				t.Errorf("delete under an old ETag: got %v, want the precondition to fail", err)
			}
			if err := calendar.Delete(ctx, listed[0], dav.IfMatch(changed.ETag)); err != nil {
				t.Errorf("delete: %v", err)
			}
			if err := calendar.Delete(ctx, listed[0], dav.Unconditionally()); dav.ClassOf(err) != dav.ClassGone {
				t.Errorf("delete again: got %v, want it gone", err)
			}
			if _, err := calendar.Get(ctx, listed[0]); dav.ClassOf(err) != dav.ClassGone {
				t.Errorf("get: got %v, want it gone", err)
			}
			whole, err := calendar.Calendar(ctx)
			if err != nil || !whole.IsCalendar() || !whole.TakesEvents() || whole.ReadOnly() || whole.OfAnother() {
				t.Errorf("calendar: got %+v %v, want an own calendar that takes events", whole, err)
			}
			if none := calendar.Href().Child("no-such-calendar"); true {
				if _, err := client.Collection(none+"/", dav.Traits{}).Calendar(ctx); dav.ClassOf(err) != dav.ClassGone {
					t.Errorf("a calendar that is not there: got %v, want it gone", err)
				}
			}
		})
	}
}

func TestServers_following_a_sync_token(t *testing.T) {
	t.Parallel()
	for _, name := range servers.Syncing {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server, client, seen := real(t, name, dav.Traits{})
			calendar := client.Collection(dav.Href(server.Calendar), dav.Traits{})
			ctx := t.Context()
			etags := map[string]dav.ETag{}
			for i := range 3 {
				href := calendar.Href().Child(fmt.Sprintf("%d.ics", i))
				if _, err := calendar.Put(ctx, href, eventOf(fmt.Sprint("uid-", i), "s"), dav.IfNew()); err != nil {
					t.Fatal(err)
				}
			}
			follow := func(token dav.SyncToken) (dav.SyncToken, []string) {
				t.Helper()
				var lines []string
				result, err := calendar.Sync(ctx, token, func(m dav.Member) error {
					kind := "gone "
					if m.Kind == dav.MemberPresent {
						kind, etags[m.Href.Key()] = "present ", m.ETag
					}
					lines = append(lines, kind+m.Href.Key()[strings.LastIndex(m.Href.Key(), "/")+1:])
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				slices.Sort(lines)
				return result.Token, lines
			}
			first, lines := follow("")
			if !slices.Equal(lines, []string{"present 0.ics", "present 1.ics", "present 2.ics"}) {
				t.Errorf("first report: got %q", lines)
			}
			*seen = nil
			second, lines := follow(first)
			if name != servers.DAViCal && len(lines) != 0 { // DAViCal 1.1.12 repeats what was written in the token's moment
				t.Errorf("nothing changed: got %q", lines)
			}
			if len(*seen) != 1 {
				t.Errorf("nothing changed: got %d requests, want 1", len(*seen))
			}
			one := calendar.Href().Child("1.ics")
			read, err := calendar.Get(ctx, one)
			if err != nil {
				t.Fatal(err)
			}
			if err := calendar.Delete(ctx, one, dav.IfMatch(read.ETag)); err != nil {
				t.Fatal(err)
			}
			_, lines = follow(second)
			if !slices.Contains(lines, "gone 1.ics") {
				t.Errorf("one deleted: got %q", lines)
			}
			if withheld := calendar.Traits().Has(dav.NoDataInSync); withheld != (name != servers.Radicale) {
				t.Errorf("no text in the report: got %v", withheld)
			}
			_, err = calendar.Sync(ctx, "http://example.org/never-given", nothing)
			switch failure, _ := dav.FailureOf(err); name {
			case servers.Radicale:
				want(t, err, dav.ClassTokenInvalid, "")
			case servers.Xandikos:
				want(t, err, dav.ClassTemporary, dav.CauseTokenSuspect)
			default:
				if err != nil {
					t.Errorf("got %v, want DAViCal to take an unknown token", failure)
				}
			}
		})
	}
}

func TestServers_without_sync_collection(t *testing.T) {
	t.Parallel()
	server, client, _ := real(t, servers.SabreDAV, dav.Traits{})
	_, err := client.Collection(dav.Href(server.Calendar), dav.Traits{}).Sync(t.Context(), "", nothing)
	if failure := want(t, err, dav.ClassForbidden, ""); failure.Precondition != dav.PreconditionSupportedReport {
		t.Errorf("got %v, want the report refused as not supported", err)
	}
}

func TestServers_discovery(t *testing.T) {
	t.Parallel()
	for _, name := range append(slices.Clone(servers.All), servers.SabreDAVDigest) {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server, client, _ := real(t, name, dav.Traits{})
			for _, typed := range []string{server.Origin, server.Calendar, server.Calendar[:strings.LastIndex(strings.TrimSuffix(server.Calendar, "/"), "/")+1]} {
				address, err := ParseAddress(typed)
				if err != nil {
					t.Fatal(err)
				}
				located, err := client.Locate(t.Context(), Candidates(t.Context(), address, nil))
				if err != nil {
					t.Errorf("%s: %v", typed, err)
					continue
				}
				found, err := client.Find(t.Context(), located)
				if err != nil || len(found.Calendars) == 0 || !slices.ContainsFunc(found.Calendars, func(c dav.Calendar) bool {
					return strings.HasSuffix(string(c.Href), "/alice/calendar/") || strings.HasSuffix(string(c.Href), "/alice/calendars/calendar/")
				}) {
					t.Errorf("%s: got %+v %v, want alice's calendar", typed, found, err)
				}
			}
		})
	}
}

func TestServers_a_wrong_password(t *testing.T) {
	t.Parallel()
	for _, name := range []servers.Name{servers.Radicale, servers.DAViCal, servers.SabreDAV, servers.SabreDAVDigest} {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			server, client, _ := real(t, name, dav.Traits{})
			client.config.Credentials = NewPassword(server.Username, "wrong", dav.Traits{}, rand.Reader)
			_, err := client.Collection(dav.Href(server.Calendar), dav.Traits{}).Calendar(t.Context())
			want(t, err, dav.ClassSignIn, "")
		})
	}
}
