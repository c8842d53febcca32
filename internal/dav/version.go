package dav

import "strings"

// ETag is the version of a resource as the server wrote it, with its quotes and weak mark (RFC 9110 section 8.8.3); "" where
// the server gave none. It is opaque. Yandex and others leave the quotes out.
type ETag string

// ParseETag takes an ETag from a header or a getetag property: white space around it means nothing, all else is kept.
func ParseETag(text string) ETag { return ETag(strings.TrimSpace(text)) }

// Weak reports whether the server marks it as weak, which If-Match never matches (RFC 9110 section 13.1.1).
func (e ETag) Weak() bool {
	return strings.HasPrefix(string(e), "W/") || strings.HasPrefix(string(e), "w/")
}

// Quoted reports whether it has the quotes that the standard asks for.
func (e ETag) Quoted() bool {
	text := e.unmarked()
	return len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"'
}

// Strong reports whether a precondition may rest on it: neither missing, weak nor unquoted.
func (e ETag) Strong() bool { return e != "" && !e.Weak() && e.Quoted() }

// Same reports whether both name the same version: servers weaken and unquote one ETag in some answers and not in others,
// so marks and quotes do not count. Two missing ETags are not equal, for nothing says so.
func (e ETag) Same(other ETag) bool {
	return e != "" && other != "" && e.bare() == other.bare()
}

// HeaderValue is the form for If-Match: quoted, without the weak mark. It is not ok when the ETag is missing or holds what
// may not stand in a header (RFC 9110 section 8.8.3).
func (e ETag) HeaderValue() (value string, ok bool) {
	bare := e.bare()
	if bare == "" {
		return "", false
	}
	for _, c := range []byte(bare) {
		if c <= ' ' && c != ' ' || c == '"' || c == 0x7f {
			return "", false
		}
	}
	return `"` + bare + `"`, true
}

func (e ETag) unmarked() string {
	if e.Weak() {
		return string(e)[2:]
	}
	return string(e)
}

func (e ETag) bare() string {
	text := e.unmarked()
	if e.Quoted() {
		return text[1 : len(text)-1]
	}
	return text
}

// SyncToken is the state of a collection that sync-collection goes on from (RFC 6578 section 4); "" asks for everything.
// It is opaque: a URI by the standard, but Google sends a path, Xandikos bare hex, DAViCal "data:,7". Store it only after all
// that it covers is stored.
type SyncToken string

// CTag is the state of a collection by CalendarServer's getctag property: equal means that nothing changed.
type CTag string

// Condition is what must hold for a PUT or DELETE to happen. The zero Condition is not one: a write without condition has
// to be asked for by name.
type Condition struct {
	kind conditionKind
	etag ETag
}

type conditionKind uint8

const (
	conditionMissing conditionKind = iota
	conditionNew
	conditionMatch
	conditionNone
)

// IfNew lets a PUT happen only where nothing is yet: If-None-Match: *.
func IfNew() Condition { return Condition{kind: conditionNew} }

// IfMatch lets a write happen only while the resource has this ETag.
func IfMatch(etag ETag) Condition { return Condition{kind: conditionMatch, etag: etag} }

// Unconditionally is for servers that honour no precondition (a trait) or gave no ETag: the caller reads before and after.
func Unconditionally() Condition { return Condition{kind: conditionNone} }

// Header is the request header that states the condition; both are "" for Unconditionally. It is not ok for the zero
// Condition and for an ETag that cannot be sent.
func (c Condition) Header() (name, value string, ok bool) {
	switch c.kind {
	case conditionNew:
		return "If-None-Match", "*", true
	case conditionMatch:
		value, ok = c.etag.HeaderValue()
		return "If-Match", value, ok
	case conditionNone:
		return "", "", true
	}
	return "", "", false
}
