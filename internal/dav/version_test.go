package dav

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestETag_forms(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text                 string
		strong, weak, quoted bool
		header               string
	}{
		{`"abc"`, true, false, true, `"abc"`},
		{` "abc" `, true, false, true, `"abc"`},
		{`W/"abc"`, false, true, true, `"abc"`},
		{`w/"abc"`, false, true, true, `"abc"`},
		{`abc`, false, false, false, `"abc"`},
		{`"a b"`, true, false, true, `"a b"`},
		{`"`, false, false, false, ""},
		{`""`, true, false, true, ""},
		{`"a"b"`, true, false, true, ""},
		{"a\r\nX-Evil: 1", false, false, false, ""},
		{``, false, false, false, ""},
	} {
		etag := ParseETag(test.text)
		if etag.Strong() != test.strong || etag.Weak() != test.weak || etag.Quoted() != test.quoted {
			t.Errorf("%q: got strong %v weak %v quoted %v, want %v %v %v", test.text,
				etag.Strong(), etag.Weak(), etag.Quoted(), test.strong, test.weak, test.quoted)
		}
		if got, ok := etag.HeaderValue(); got != test.header || ok != (test.header != "") {
			t.Errorf("%q: got header value %q, %v, want %q", test.text, got, ok, test.header)
		}
	}
}

func TestETag_equal_past_marks_and_quotes(t *testing.T) {
	t.Parallel()
	for _, other := range []ETag{`"abc"`, `W/"abc"`, `abc`} {
		if !ETag(`"abc"`).Same(other) {
			t.Errorf(`got "abc" unequal to %s`, other)
		}
	}
	if ETag(`"abc"`).Same(`"abd"`) || ETag("").Same("") || ETag("").Same(`"abc"`) {
		t.Error("got equal, want unequal: other versions, and nothing equals a missing one")
	}
}

func TestCondition_header(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		condition     Condition
		header, value string
		ok            bool
	}{
		"new":                           {IfNew(), "If-None-Match", "*", true},
		"match":                         {IfMatch(`"abc"`), "If-Match", `"abc"`, true},
		"a weak ETag goes without mark": {IfMatch(`W/"abc"`), "If-Match", `"abc"`, true},
		"no ETag is no condition":       {IfMatch(""), "If-Match", "", false},
		"by name":                       {Unconditionally(), "", "", true},
		"zero is refused":               {Condition{}, "", "", false},
	} {
		header, value, ok := test.condition.Header()
		if ok != test.ok || ok && (header != test.header || value != test.value) {
			t.Errorf("%s: got %q %q %v, want %q %q %v", name, header, value, ok, test.header, test.value, test.ok)
		}
	}
}

func TestTraits_are_values(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	var none Traits
	one := none.With(NoSyncToken, Evidence{At: at, Seen: "403 supported-report"})
	again := one.With(NoSyncToken, Evidence{At: at.Add(time.Hour), Seen: "later"})
	two := one.With(NoIfMatch, Evidence{At: at, Seen: "204"})
	if none.Has(NoSyncToken) || one.Has(NoIfMatch) || !two.Has(NoSyncToken) || two.Without(NoSyncToken).Has(NoSyncToken) || !two.Has(NoSyncToken) {
		t.Error("got a set changed by With or Without, want a new one")
	}
	if seen, _ := again.Evidence(NoSyncToken); seen.Seen != "403 supported-report" {
		t.Errorf("got evidence %q, want the first", seen.Seen)
	}
	for _, traits := range []Traits{none, two} {
		text, err := json.Marshal(traits)
		if err != nil {
			t.Fatal(err)
		}
		var read Traits
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read.All(), traits.All()); diff != "" {
			t.Errorf("read back from %s (-got +want):\n%s", text, diff)
		}
	}
	var kept Traits
	if err := json.Unmarshal([]byte(`{"of_a_later_version":{"at":"2026-11-24T09:00:00Z","seen":"x"}}`), &kept); err != nil || !kept.Has("of_a_later_version") {
		t.Errorf("got %v %v, want an unknown trait kept", kept.All(), err)
	}
}

func TestCalendar_read_only_by_privileges(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		privileges Privileges
		want       bool
	}{
		"not told":                  {nil, false},
		"nothing":                   {Privileges{}, true},
		"read":                      {Privileges{PrivilegeRead}, true},
		"write":                     {Privileges{PrivilegeRead, PrivilegeWrite}, false},
		"all":                       {Privileges{PrivilegeAll}, false},
		"write-content and bind":    {Privileges{PrivilegeWriteContent, PrivilegeBind}, false},
		"write-content but no bind": {Privileges{PrivilegeWriteContent}, true},
		"write-properties only":     {Privileges{PrivilegeRead, davName("write-properties")}, true},
	} {
		if got := (Calendar{Privileges: test.privileges}).ReadOnly(); got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

func TestFailure_text_says_what_was_attempted(t *testing.T) {
	t.Parallel()
	failure := &Failure{
		Class: ClassForbidden, Op: "PUT", Href: "/cal/a.ics", Status: 403,
		Precondition: PreconditionNeedPrivileges, Excerpt: "SUMMARY:secret", Err: nil,
	}
	if got, want := failure.Error(), "PUT /cal/a.ics: forbidden, status 403, DAV: need-privileges"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if ClassOf(failure) != ClassForbidden || ClassOf(nil) != "" {
		t.Error("got another class than the failure's own")
	}
}
