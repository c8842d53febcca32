package dav

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"
)

// Href is a resource's address exactly as the server wrote it: a path or an absolute URL, escaped in the server's own way
// (RFC 4918 section 8.3). It is sent back byte for byte and compared by Same, SameCollection or Key, never by ==.
type Href string

// Key is the text that two hrefs of one calendar share when they name the same resource: the path, decoded, without the
// origin, since all hrefs of a link belong to one server. Escapes of "/" and "%" stay escaped, because they separate
// nothing; doubled slashes and dot segments are resolved. A closing slash stays: SameCollection looks past it.
func (h Href) Key() string {
	text := h.path()
	if !strings.ContainsAny(text, "%") && !strings.Contains(text, "//") && !strings.Contains(text, "/.") {
		return text
	}
	var decoded strings.Builder
	decoded.Grow(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			decoded.WriteByte(text[i])
			continue
		}
		value, ok := unescaped(text[i:])
		switch {
		case !ok:
			decoded.WriteString("%25")
		case value == '/':
			decoded.WriteString("%2F")
		case value == '%':
			decoded.WriteString("%25")
		default:
			decoded.WriteByte(value)
		}
		if ok {
			i += 2
		}
	}
	key := path.Clean(decoded.String())
	if strings.HasSuffix(decoded.String(), "/") && key != "/" {
		key += "/"
	}
	return key
}

// Same reports whether both name the same resource, however each is escaped.
func (h Href) Same(other Href) bool { return h.Key() == other.Key() }

// SameCollection reports whether both name the same collection: servers write it with and without the closing slash
// (sabre/dav 4 does both in one answer).
func (h Href) SameCollection(other Href) bool {
	return strings.TrimSuffix(h.Key(), "/") == strings.TrimSuffix(other.Key(), "/")
}

// Child is the href of a resource to be made in the collection h: name, escaped, behind it.
func (h Href) Child(name string) Href {
	return Href(strings.TrimSuffix(string(h), "/") + "/" + url.PathEscape(name))
}

// Why an href cannot be used.
var (
	ErrHrefEmpty    = errors.New("href is empty")
	ErrHrefUserinfo = errors.New("href holds a user name")
	ErrHrefScheme   = errors.New("href is neither http nor https")
	ErrHrefText     = errors.New("href holds control characters or is not text")
	ErrHrefHost     = errors.New("href names no host")
)

// Resolve is the URL to ask for h when it came from base. The path keeps the server's own escapes; what may not stand in
// a URL as it is (a space, "#", letters beyond ASCII) is escaped. A leading "//" is a doubled slash and not a host: Xandikos
// 0.2.8 writes such locations. The error is one of ErrHref….
func (h Href) Resolve(base *url.URL) (*url.URL, error) {
	text := strings.TrimSpace(string(h))
	if text == "" {
		return nil, ErrHrefEmpty
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return nil, ErrHrefText
	}
	result := &url.URL{Scheme: base.Scheme, Host: base.Host}
	rest := text
	if scheme, after, found := cutScheme(text); found {
		if scheme != "http" && scheme != "https" {
			return nil, ErrHrefScheme
		}
		authority, ok := strings.CutPrefix(after, "//")
		if !ok {
			return nil, ErrHrefHost
		}
		rest = ""
		if i := strings.IndexAny(authority, "/?#"); i >= 0 {
			authority, rest = authority[:i], authority[i:]
		}
		if strings.ContainsAny(authority, "@\\") {
			return nil, ErrHrefUserinfo
		}
		parsed, err := url.Parse(scheme + "://" + authority)
		if err != nil || parsed.Hostname() == "" {
			return nil, ErrHrefHost
		}
		result.Scheme, result.Host = scheme, parsed.Host
	} else if !strings.HasPrefix(text, "/") {
		directory := base.EscapedPath()
		rest = directory[:strings.LastIndex(directory, "/")+1] + text
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	escaped, query, _ := strings.Cut(rest, "?")
	escaped = escapeMissing(escaped)
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, ErrHrefText
	}
	result.Path, result.RawPath, result.RawQuery = decoded, escaped, escapeMissing(query)
	return result, nil
}

// path is h without scheme and host, at least "/".
func (h Href) path() string {
	text := string(h)
	if scheme, after, found := cutScheme(text); found && (scheme == "http" || scheme == "https") {
		authority := strings.TrimPrefix(after, "//")
		slash := strings.IndexByte(authority, '/')
		if slash < 0 {
			return "/"
		}
		return authority[slash:]
	}
	return text
}

// cutScheme splits "scheme:rest" (RFC 3986 section 3.1); the scheme comes in lower case.
func cutScheme(text string) (scheme, rest string, found bool) {
	colon := strings.IndexByte(text, ':')
	if colon <= 0 || strings.ContainsAny(text[:colon], "/?#%") {
		return "", text, false
	}
	for i, c := range []byte(text[:colon]) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(c))) {
			return "", text, false
		}
	}
	return strings.ToLower(text[:colon]), text[colon+1:], true
}

// escapeMissing escapes what may not stand in a path or query and leaves every escape that is there as it is.
func escapeMissing(text string) string {
	const hex = "0123456789ABCDEF"
	var escaped strings.Builder
	escaped.Grow(len(text))
	for i := 0; i < len(text); i++ {
		c := text[i]
		_, isEscape := unescaped(text[i:])
		switch {
		case c == '%' && isEscape,
			c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9',
			strings.IndexByte("/-_.~!$&'()*+,;=:@?", c) >= 0:
			escaped.WriteByte(c)
		default:
			escaped.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return escaped.String()
}

// unescaped is the byte of the escape that text starts with.
func unescaped(text string) (value byte, ok bool) {
	if len(text) < 3 || text[0] != '%' {
		return 0, false
	}
	high, ok1 := hexDigit(text[1])
	low, ok2 := hexDigit(text[2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
