package preset

import (
	"net/url"
	"strings"
	"testing"
)

func TestFor_knows_a_provider_by_mail_host_or_url(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"Jan@Gmail.com": "google", "sofie@icloud.com": "icloud", "https://p42-caldav.icloud.com/123/": "icloud", "caldav.fastmail.com": "fastmail",
		"https://sync.infomaniak.com/calendars/AB1/": "infomaniak", "jan@outlook.be": "microsoft", "https://outlook.office365.com/owa": "microsoft",
		"https://cloud.bakkerij.be/remote.php/dav/": "owncloud", "https://posteo.de:8443/": "posteo", " jan@posteo.de ": "posteo",
		"jan@bakkerij.be": "", "https://dav.bakkerij.be/": "", "": "", "@gmail.com": "", "https://gmail.com.evil.example/": "", "https://eviloutlook.com/": "",
		"https://jan@gmail.com/": "",
	} {
		got, ok := For(typed)
		if got.ID != want || ok != (want != "") {
			t.Errorf("%q: got %q %v, want %q", typed, got.ID, ok, want)
		}
	}
}

func TestAll_presets_can_be_used_as_they_stand(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, preset := range All {
		if preset.ID == "" || preset.Name == "" || seen[preset.ID] {
			t.Errorf("%+v: want a name and an id of its own", preset)
		}
		seen[preset.ID] = true
		if preset.Kind == None && preset.Address != "" {
			t.Errorf("%s: got an address of a provider without CalDAV", preset.ID)
		}
		if preset.Address == "" {
			continue
		}
		// https://caldav.fastmail.com/dav without its closing slash is 404, likewise Zoho.
		if u, err := url.Parse(preset.Address); err != nil || u.Scheme != "https" || !strings.HasSuffix(u.Path, "/") {
			t.Errorf("%s: got %q, want an https address with a closing slash", preset.ID, preset.Address)
		}
	}
}

func TestGooglePrincipal_escapes_what_a_calendar_id_may_hold(t *testing.T) {
	t.Parallel()
	got := GooglePrincipal(GoogleCalDAV, "en.be#holiday@group.v.calendar.google.com")
	if want := GoogleCalDAV + "en.be%23holiday@group.v.calendar.google.com/user"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
