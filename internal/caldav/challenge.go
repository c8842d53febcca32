package caldav

import (
	"net/http"
	"strings"
)

// challenge is one way to sign in that a 401 offers (RFC 9110 section 11.6.1).
type challenge struct {
	scheme     string            // in lower case
	parameters map[string]string // their names in lower case
}

// challenges reads all that a 401 offers: several headers, or several challenges in one (Fastmail: `Basic realm=…, Bearer`).
func challenges(header http.Header) []challenge {
	var all []challenge
	for _, field := range header.Values("WWW-Authenticate") {
		all = append(all, parseChallenges(field)...)
	}
	return all
}

func parseChallenges(field string) []challenge {
	var all []challenge
	for rest := field; ; {
		rest = strings.TrimLeft(rest, " \t,")
		word := token(rest)
		if word == "" {
			return all
		}
		after := strings.TrimLeft(rest[len(word):], " \t")
		if len(all) > 0 && strings.HasPrefix(after, "=") && !strings.HasPrefix(after, "==") {
			value, remaining := parameterValue(strings.TrimLeft(after[1:], " \t"))
			all[len(all)-1].parameters[strings.ToLower(word)] = value
			rest = remaining
			continue
		}
		all = append(all, challenge{strings.ToLower(word), map[string]string{}})
		rest = after
		// A token68 (RFC 9110 section 11.2) stands where parameters would: nothing that is used here has one.
		if blob := token68(rest); blob != "" && !isParameter(rest) {
			rest = rest[len(blob):]
		}
	}
}

func isParameter(text string) bool {
	name := token(text)
	after := strings.TrimLeft(text[len(name):], " \t")
	if !strings.HasPrefix(after, "=") {
		// "Basic, Bearer": the next word is a scheme of its own only behind a comma
		return strings.HasPrefix(text, ",")
	}
	after = strings.TrimLeft(after[1:], " \t")
	return after != "" && after[0] != '=' && after[0] != ','
}

const tokenCharacters = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func token(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(tokenCharacters, r) })
	if end < 0 {
		return text
	}
	return text[:end]
}

func token68(text string) string {
	end := strings.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune(tokenCharacters+"/=", r) })
	if end < 0 {
		return text
	}
	return text[:end]
}

func parameterValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		value = token68(text)
		return value, text[len(value):]
	}
	var unquoted strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return unquoted.String(), text[i+1:]
		case '\\':
			if i++; i < len(text) {
				unquoted.WriteByte(text[i])
			}
		default:
			unquoted.WriteByte(text[i])
		}
	}
	return unquoted.String(), ""
}

// schemes lists the ways to sign in that a 401 offers, in lower case, each once.
func schemes(header http.Header) []string {
	var all []string
	seen := map[string]bool{}
	for _, offered := range challenges(header) {
		if !seen[offered.scheme] {
			seen[offered.scheme] = true
			all = append(all, offered.scheme)
		}
	}
	return all
}

// shownChallenge is a challenge as evidence may show it: its scheme and realm, without the nonce.
func shownChallenge(field string) string {
	var shown []string
	for _, offered := range parseChallenges(field) {
		text := offered.scheme
		if realm := offered.parameters["realm"]; realm != "" {
			text += ` realm="` + realm + `"`
		}
		shown = append(shown, text)
	}
	return strings.Join(shown, ", ")
}
