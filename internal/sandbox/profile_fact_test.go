package sandbox

import (
	"slices"
	"strings"
	"testing"
)

// Facts recorded from installations and documents that are not at hand here.
func TestProfiles_show_the_recorded_facts(t *testing.T) {
	t.Parallel()
	for name, facts := range map[string]string{
		"sabre-4": `
			no credentials: 401 | Basic
			principal: /principals/alice/
			another's calendar: 207 | 403 inside yes
			sync-token: http://sabre.io/ns/sync/<n>
			ctag: http://sabre.io/ns/sync/<n> | equals the token yes
			members with calendar-data: 5
			same UID, other href: 201 |  | stored yes
			other UID, same href: 204 |
			PUT no UID: 201 | stored yes
			PUT empty: 415 | stored no
			PUT with escapes: 201 | sp%20ace%c3%a9%2b@.ics
			DELETE again with If-Match: 412
			sync with limit: 207 | 2 | 507 yes
			without sync-token: 400
			token bogus: 403 | valid-sync-token
			token too high: 207 | all members no | none yes | gone ones no | echoed yes
			multiget with a missing href: 207 | m1.ics=200
			MOVE: 403 | moved no
			gzip of a listing: no`,
		"nextcloud-32": `
			well-known PROPFIND signed in no: 301 | ORIGIN/remote.php/dav/
			principal: /remote.php/dav/principals/users/alice/
			another's calendar: 404 | 403 inside no
			same UID, other href: 400 |  | stored no
			PUT attendee: 201 | no ETag | same bytes no | lost [ ATTENDEE;CN="Bob; B";PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:nobody@example.org] new [ ATTENDEE;CN="Bob; B";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;SCHEDULE-STATUS=5.0:mailto:nobody@example.org]
			UID of a deleted event again: 500
			a deleted member: s3.ics=404 | teapot no
			sync with limit: 507 | number-of-matches-within-limits
			token too high: 207 | all members no | none yes | gone ones no | echoed no
			gzip of a listing: yes`,
		"nextcloud-25": `
			UID of a deleted event again: 201
			a deleted member: s3.ics=404 | teapot yes
			sync with limit: 507 | number-of-matches-within-limits`,
		"owncloud-10": `
			no credentials: 401 | Bearer
			same UID, other href: 201 |  | stored yes
			UID of a deleted event again: 201
			a deleted member: s3.ics=404 | teapot yes
			sync with limit: 207 | 5 | 507 no
			token too high: 207 | all members no | none yes | gone ones no | echoed no`,
		"google-like": `
			no credentials: 401 |
			PUT new: 201 | no ETag
			PUT If-None-Match * on existing: 204
			MKCALENDAR of an existing one: 405
			PUT VTODO: 403 | stored no
			other UID, same href: 409 | no-uid-conflict
			without sync-level, Depth 1: 400
			DELETE If-Match wrong: 204`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := slices.IndexFunc(Profiles, func(p Profile) bool { return p.Name == name })
			shown := probeProfile(t, Profiles[at].Manners())
			for _, fact := range strings.Split(strings.TrimSpace(facts), "\n") {
				if fact = strings.TrimSpace(fact); !slices.ContainsFunc(shown, func(s string) bool { return strings.TrimSpace(s) == fact }) {
					what, _, _ := strings.Cut(fact, ":")
					got := slices.IndexFunc(shown, func(s string) bool { return strings.HasPrefix(s, what+":") })
					if got < 0 {
						t.Errorf("nothing is said of %q", fact)
						continue
					}
					t.Errorf("got %s, want %s", shown[got], fact)
				}
			}
		})
	}
}

func TestNextcloud_keeps_deleted_events_in_a_trash(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{Manners: Nextcloud32()})
	home := server.CalendarPath("alice", "calendar")
	client.do("PUT", home+"e.ics", event("u", "x"))
	client.do("DELETE", home+"e.ics", "")
	if r := client.do("PUT", home+"other.ics", event("u", "x")); r.status != 500 {
		t.Errorf("the UID again: got %d, want 500", r.status)
	}
	client.do("PUT", home+"e.ics", event("v", "x"))
	if r := client.do("DELETE", home+"e.ics", ""); r.status != 403 {
		t.Errorf("the name deleted again: got %d, want 403", r.status)
	}
	if err := server.PurgeTrash("alice", "calendar"); err != nil {
		t.Fatal(err)
	}
	if r := client.do("DELETE", home+"e.ics", ""); r.status != 204 {
		t.Errorf("after the trash was emptied: got %d, want 204", r.status)
	}
	if r := client.do("PUT", home+"other.ics", event("u", "x")); r.status != 201 {
		t.Errorf("after the trash was emptied: got %d, want 201", r.status)
	}
}

func TestNextcloud_locks_everybody_out_after_wrong_passwords(t *testing.T) {
	t.Parallel()
	at := &clock{start}
	server, alice := newServer(t, Options{Manners: Nextcloud32(), Now: at.now})
	wrong := newWire(t, server, "alice")
	wrong.user.Password = "old"
	home := server.CalendarPath("alice", "calendar")
	for i := range 11 {
		if r := wrong.do("PROPFIND", home, ""); r.status != 401 {
			t.Fatalf("attempt %d: got %d, want 401", i+1, r.status)
		}
	}
	if r := alice.do("PROPFIND", home, "", "Depth", "0"); r.status != 429 {
		t.Errorf("the right password: got %d, want 429", r.status)
	}
	at.at = at.at.Add(lockTime)
	if r := alice.do("PROPFIND", home, "", "Depth", "0"); r.status != 207 {
		t.Errorf("half an hour later: got %d, want 207", r.status)
	}
}

func TestGoogle_keeps_its_own_form_and_mails_guests(t *testing.T) {
	t.Parallel()
	at := &clock{start}
	server, client := newServer(t, Options{Manners: GoogleLike(), Now: at.now})
	home := server.CalendarPath("alice", "calendar")
	body := event("u", "Dinner", `DESCRIPTION:one\ntwo & three`, "X-OWN:lost", "ORGANIZER:mailto:alice@example.com", "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:guest@example.org")
	client.do("PUT", home+"e.ics", body)
	stored := client.do("GET", home+"e.ics", "").body
	for line, want := range map[string]bool{
		"PRODID:-//Google Inc//Google Calendar 70.9054//EN": true, "DESCRIPTION:one<br>two &amp; three": true, "X-OWN:lost": false,
		"DTSTAMP:20261125T090000Z": true, "LAST-MODIFIED:20261125T090000Z": true, "BEGIN:VALARM": true, "ATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:guest@example.org": true,
	} {
		if got := strings.Contains(stored, line+"\r\n"); got != want {
			t.Errorf("%s: got %v, want %v in %s", line, got, want, stored)
		}
	}
	if got := server.Writes(1)[0].Mailed; got != 1 {
		t.Errorf("got %d mails, want 1", got)
	}
	first := client.propfind(home+"e.ics", "0", "<getetag/>").Responses[0].etag()
	client.do("PUT", home+"e.ics", strings.Replace(body, "Dinner", "Lunch", 1))
	if second := client.propfind(home+"e.ics", "0", "<getetag/>").Responses[0].etag(); second != first {
		t.Errorf("two writes in one second: got ETags %s and %s, want the same", first, second)
	}
	if r := client.do("DELETE", home+"e.ics", "", "If-Match", `"wrong"`); r.status != 204 {
		t.Errorf("DELETE with a wrong ETag: got %d, want 204", r.status)
	}
	server.Behave(func(m *Manners) { m.BearerOnly = true })
	if r := client.do("PROPFIND", home, ""); r.status != 401 || r.header.Get("WWW-Authenticate") != "" {
		t.Errorf("Basic: got %d %v, want 401 without a challenge", r.status, r.header)
	}
}
