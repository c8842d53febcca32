package dav

import (
	"errors"
	"net/url"
	"testing"

	"pgregory.net/rapid"
)

func TestHref_equal_however_it_is_written(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		a, b Href
		want bool
	}{
		"escapes in small and capital letters":       {"/cal/caf%c3%a9.ics", "/cal/caf%C3%A9.ics", true},
		"umlauts escaped and as they are":            {"/cal/%C3%BC.ics", "/cal/ü.ics", true},
		"an at sign both ways":                       {"/caldav/v2/jan%40example.com/events/", "/caldav/v2/jan@example.com/events/", true},
		"an absolute URL and its path":               {"https://dav.example.com/cal/a.ics", "/cal/a.ics", true},
		"an absolute URL without a path":             {"https://dav.example.com", "/", true},
		"doubled slashes":                            {"//cal//a.ics", "/cal/a.ics", true},
		"dot segments":                               {"/cal/../cal/./a.ics", "/cal/a.ics", true},
		"escaped dots are dots":                      {"/cal/%2e%2e/cal/a.ics", "/cal/a.ics", true},
		"a percent sign that escapes nothing":        {"/cal/100%.ics", "/cal/100%25.ics", true},
		"an escaped slash separates nothing":         {"/cal/a%2Fb.ics", "/cal/a/b.ics", false},
		"an escaped slash in both cases":             {"/cal/a%2fb.ics", "/cal/a%2Fb.ics", true},
		"an escaped percent sign is no escape":       {"/cal/a%252Fb.ics", "/cal/a%2Fb.ics", false},
		"capital letters are other resources":        {"/cal/A.ics", "/cal/a.ics", false},
		"a member is not the collection of its name": {"/cal/a", "/cal/a/", false},
		"a name without .ics":                        {"/cal/a", "/cal/a.ics", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.a.Same(test.b); got != test.want {
				t.Errorf("got Same(%q, %q) = %v (keys %q, %q), want %v", test.a, test.b, got, test.a.Key(), test.b.Key(), test.want)
			}
		})
	}
	if !Href("/cal").SameCollection("/cal/") || Href("/cal").SameCollection("/calendar/") {
		t.Error("a collection is the same with and without its closing slash, and only then")
	}
}

func TestHref_resolve_keeps_the_servers_bytes(t *testing.T) {
	t.Parallel()
	base, _ := url.Parse("https://dav.example.com:8443/cal/")
	for _, test := range []struct {
		href Href
		want string
		err  error
	}{
		{"/cal/a%20b%2bc@d.ics", "https://dav.example.com:8443/cal/a%20b%2bc@d.ics", nil},
		{"/cal/a%2Fb.ics", "https://dav.example.com:8443/cal/a%2Fb.ics", nil},
		{"/cal/jan%40example.com", "https://dav.example.com:8443/cal/jan%40example.com", nil},
		{"/cal/a b#c\"é%.ics", "https://dav.example.com:8443/cal/a%20b%23c%22%C3%A9%25.ics", nil},
		{"/cal/x?sync=1", "https://dav.example.com:8443/cal/x?sync=1", nil},
		{"a.ics", "https://dav.example.com:8443/cal/a.ics", nil},
		{"//alice/calendars/", "https://dav.example.com:8443//alice/calendars/", nil},
		{"https://p07-caldav.icloud.com/123/calendars/", "https://p07-caldav.icloud.com/123/calendars/", nil},
		{"HTTPS://other.example.com", "https://other.example.com/", nil},
		{"", "", ErrHrefEmpty},
		{"  ", "", ErrHrefEmpty},
		{"https://good@evil.example/", "", ErrHrefUserinfo},
		{"https://good%40evil.example/", "", ErrHrefHost},
		{"https:///cal/", "", ErrHrefHost},
		{"https:cal", "", ErrHrefHost},
		{"javascript:alert(1)", "", ErrHrefScheme},
		{"file:///etc/passwd", "", ErrHrefScheme},
		{"/cal/a\r\nHost: evil", "", ErrHrefText},
		{"/cal/\xff.ics", "", ErrHrefText},
	} {
		got, err := test.href.Resolve(base)
		if !errors.Is(err, test.err) {
			t.Errorf("Resolve(%q): got error %v, want %v", test.href, err, test.err)
			continue
		}
		if err == nil && got.String() != test.want {
			t.Errorf("Resolve(%q): got %s, want %s", test.href, got, test.want)
		}
	}
}

func TestHref_child_is_one_segment_whatever_its_name(t *testing.T) {
	t.Parallel()
	base, _ := url.Parse("https://dav.example.com/")
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[^/\x00]{1,20}`).Draw(t, "name")
		if name == "." || name == ".." {
			return
		}
		resolved, err := Href("/cal/").Child(name).Resolve(base)
		if err != nil {
			t.Fatalf("got %v for the child %q", err, name)
		}
		if resolved.Path != "/cal/"+name {
			t.Fatalf("got path %q, want /cal/ and %q", resolved.Path, name)
		}
		if again := Href(resolved.EscapedPath()); !again.Same(Href("/cal").Child(name)) {
			t.Fatalf("got %q unequal to the child of /cal named %q", again, name)
		}
	})
}

func TestHref_key_is_stable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		href := Href("/" + rapid.StringMatching(`([a-z/.%@é ]|%2[0-9a-fA-F]|%C3%A9){0,30}`).Draw(t, "href"))
		if key := href.Key(); Href(key).Key() != key {
			t.Fatalf("got key %q, and of that %q, for %q", key, Href(key).Key(), href)
		}
	})
}
