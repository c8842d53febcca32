package caldav

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strings"
	"sync"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

// Password signs in with a name and a password, by Basic (RFC 7617) or by Digest (RFC 7616; MD5 and SHA-256, also their
// session forms) where the server takes nothing else. A password that was refused is not tried again.
type Password struct {
	username, password string
	random             io.Reader

	mu      sync.Mutex
	digests map[outbound.Origin]*digest // what each origin asked for
	refused map[outbound.Origin]bool    // the password is not good there
	pending bool                        // Digest is known to be wanted: ask for a nonce first, the password stays here
}

// NewPassword makes credentials of a name and a password. random gives the client's nonces of Digest; of the traits
// dav.DigestSignIn matters: with it the password is never sent as it is.
func NewPassword(username, password string, traits dav.Traits, random io.Reader) *Password {
	return &Password{
		username: username, password: password, random: random,
		digests: map[outbound.Origin]*digest{}, refused: map[outbound.Origin]bool{}, pending: traits.Has(dav.DigestSignIn),
	}
}

// ByDigest reports whether a server asked for Digest and took no Basic.
func (p *Password) ByDigest() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.digests) > 0
}

var errRefusedBefore = errors.New("this password was refused there a moment ago")

// Authorize implements Credentials. To an origin that refused the password nothing is sent any more: of several requests that are
// made at once, only those already on their way try it.
func (p *Password) Authorize(request *http.Request) error {
	origin, err := outbound.OriginOf(request.URL)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.refused[origin] {
		return &dav.Failure{Class: dav.ClassSignIn, Status: http.StatusUnauthorized, Op: request.Method, Href: dav.Href(withoutQuery(request.URL.String())), Err: errRefusedBefore}
	}
	if known := p.digests[origin]; known != nil {
		noise := make([]byte, 16)
		if _, err := io.ReadFull(p.random, noise); err != nil {
			return fmt.Errorf("sign in by digest: %w", err)
		}
		value := known.authorization(p.username, p.password, request.Method, request.URL.RequestURI(), hex.EncodeToString(noise))
		request.Header.Set("Authorization", value)
		return nil
	}
	if !p.pending {
		request.SetBasicAuth(p.username, p.password)
	}
	return nil
}

// Refused implements Credentials: one more try is worth it only when the server has not yet judged the password, because it
// wants Digest or because the nonce was too old.
func (p *Password) Refused(request *http.Request, answer *http.Response) (bool, error) {
	origin, err := outbound.OriginOf(request.URL)
	if err != nil {
		return false, err
	}
	offered := challenges(answer.Header)
	tried, _, _ := strings.Cut(request.Header.Get("Authorization"), " ")
	best := bestDigest(offered)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case best == nil && tried == "" && offers(offered, "basic"):
		p.pending = false // Digest was expected and is not offered any more
		return true, nil
	case best == nil, tried == "Digest" && !strings.EqualFold(best.parameters["stale"], "true"), tried == "Basic" && offers(offered, "basic"):
		p.refused[origin] = tried != ""
		return false, nil
	}
	p.digests[origin] = newDigest(best)
	return true, nil
}

func offers(offered []challenge, scheme string) bool {
	for _, one := range offered {
		if one.scheme == scheme {
			return true
		}
	}
	return false
}

// digest is what a server asked for (RFC 7616 section 3.3), and how often its nonce was used.
type digest struct {
	realm, nonce, opaque, algorithm string
	auth                            bool // qop=auth; else the form of RFC 2069
	used                            uint32
}

var digestHashes = map[string]func() hash.Hash{"md5": md5.New, "sha-256": sha256.New}

// bestDigest is the Digest challenge that can be answered, SHA-256 before MD5; nil when there is none.
func bestDigest(offered []challenge) *challenge {
	var best *challenge
	for i, one := range offered {
		if one.scheme != "digest" || one.parameters["nonce"] == "" {
			continue
		}
		name, _ := digestAlgorithm(one.parameters["algorithm"])
		qop := one.parameters["qop"]
		if digestHashes[name] == nil || qop != "" && !listed(qop, "auth") {
			continue
		}
		if best == nil || name == "sha-256" {
			best = &offered[i]
		}
		if name == "sha-256" {
			break
		}
	}
	return best
}

func newDigest(from *challenge) *digest {
	return &digest{
		realm: from.parameters["realm"], nonce: from.parameters["nonce"], opaque: from.parameters["opaque"],
		algorithm: from.parameters["algorithm"], auth: listed(from.parameters["qop"], "auth"),
	}
}

// digestAlgorithm splits "SHA-256-sess" into its hash and whether it is the session form.
func digestAlgorithm(text string) (name string, session bool) {
	name = strings.ToLower(text)
	if name == "" {
		name = "md5"
	}
	name, session = strings.CutSuffix(name, "-sess")
	return name, session
}

func listed(list, word string) bool {
	for entry := range strings.SplitSeq(list, ",") {
		if strings.EqualFold(strings.TrimSpace(entry), word) {
			return true
		}
	}
	return false
}

// authorization is the header's value for one request (RFC 7616 section 3.4).
func (d *digest) authorization(username, password, method, uri, cnonce string) string {
	name, session := digestAlgorithm(d.algorithm)
	sum := func(text string) string {
		h := digestHashes[name]()
		_, _ = io.WriteString(h, text) // a hash takes everything
		return hex.EncodeToString(h.Sum(nil))
	}
	secret := sum(username + ":" + d.realm + ":" + password)
	if session {
		secret = sum(secret + ":" + d.nonce + ":" + cnonce)
	}
	asked := sum(method + ":" + uri)
	d.used++
	count := fmt.Sprintf("%08x", d.used)
	response := sum(secret + ":" + d.nonce + ":" + asked)
	if d.auth {
		response = sum(secret + ":" + d.nonce + ":" + count + ":" + cnonce + ":auth:" + asked)
	}
	var value strings.Builder
	fmt.Fprintf(&value, `Digest username=%s, realm=%s, nonce=%s, uri=%s, response="%s"`,
		quoted(username), quoted(d.realm), quoted(d.nonce), quoted(uri), response)
	if d.algorithm != "" {
		value.WriteString(", algorithm=" + d.algorithm)
	}
	if d.opaque != "" {
		value.WriteString(", opaque=" + quoted(d.opaque))
	}
	if d.auth {
		value.WriteString(", qop=auth, nc=" + count + `, cnonce="` + cnonce + `"`)
	} else if session {
		value.WriteString(`, cnonce="` + cnonce + `"`)
	}
	return value.String()
}

// quoted is a quoted-string (RFC 9110 section 5.6.4) without what may not stand in a header.
func quoted(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r < ' ' || r == 0x7f:
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
