package authserver

import (
	"encoding/json"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const defaultLife = time.Hour

// refusal is an error answer of the token endpoint.
type refusal struct {
	status int
	code   string
}

func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	delay := s.delay
	s.mu.Unlock()
	if delay != nil {
		delay()
	}
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests["token:"+r.PostForm.Get("grant_type")]++
	if s.manners.Trouble != 0 {
		w.Header().Set("Content-Type", "text/html")
		if s.manners.Trouble == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "120")
		}
		w.WriteHeader(s.manners.Trouble)
		io.WriteString(w, "<!doctype html><h1>Out of order</h1>")
		return
	}
	answer, refused := s.answerToken(r)
	if refused != nil {
		status := refused.status
		if s.manners.ErrorStatus != 0 {
			status = s.manners.ErrorStatus
		}
		writeJSON(w, status, map[string]string{"error": refused.code, "error_description": "Sandbox: " + refused.code})
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (s *Server) answerToken(r *http.Request) (map[string]any, *refusal) {
	form := r.PostForm
	client, refused := s.authenticate(r)
	if refused != nil {
		return nil, refused
	}
	switch form.Get("grant_type") {
	case "authorization_code":
		return s.redeem(client, form)
	case "refresh_token":
		return s.refresh(client, form)
	case "urn:ietf:params:oauth:grant-type:device_code":
		return s.redeemDevice(client, form)
	default:
		return nil, &refusal{http.StatusBadRequest, "unsupported_grant_type"}
	}
}

// authenticate finds out which client asks. A client without secret is public and names itself.
func (s *Server) authenticate(r *http.Request) (Registration, *refusal) {
	id, secret, basic := r.BasicAuth()
	if basic {
		var err1, err2 error
		id, err1 = url.QueryUnescape(id)
		secret, err2 = url.QueryUnescape(secret)
		if err1 != nil || err2 != nil {
			return Registration{}, &refusal{http.StatusUnauthorized, "invalid_client"}
		}
	} else {
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	client, known := s.clients[id]
	switch {
	case !known || client.Secret != secret:
		return Registration{}, &refusal{http.StatusUnauthorized, "invalid_client"}
	case client.Secret != "" && (s.manners.BasicOnly && !basic || s.manners.PostOnly && basic):
		return Registration{}, &refusal{http.StatusBadRequest, "invalid_request"}
	}
	return client, nil
}

func (s *Server) redeem(client Registration, form url.Values) (map[string]any, *refusal) {
	code, known := s.codes[form.Get("code")]
	if !known || code.client != client.ID || !s.now().Before(code.expiresAt) || code.redirect != form.Get("redirect_uri") {
		return nil, &refusal{http.StatusBadRequest, "invalid_grant"}
	}
	if code.used {
		// RFC 6749 section 4.1.2: a code used twice takes what it gave with it.
		if code.grant != nil {
			code.grant.revoked = true
		}
		return nil, &refusal{http.StatusBadRequest, "invalid_grant"}
	}
	code.used = true
	if code.challenge != "" && challengeOf(form.Get("code_verifier")) != code.challenge {
		return nil, &refusal{http.StatusBadRequest, "invalid_grant"}
	}
	code.grant = s.newGrant(client, code.person, code.scope, code.offline)
	return s.issue(code.grant, true), nil
}

func (s *Server) newGrant(client Registration, person, scope string, offline bool) *grant {
	if s.manners.GrantScope != "" {
		scope = s.manners.GrantScope
	}
	g := &grant{client: client.ID, person: person, scope: scope, access: map[string]time.Time{}}
	if s.manners.GrantLasts > 0 {
		g.endsAt = s.now().Add(s.manners.GrantLasts)
	}
	if offline {
		g.refresh = s.draw("refresh-")
	}
	s.grants = append(s.grants, g)
	if s.manners.MostGrants > 0 {
		var live []*grant
		for _, other := range s.grants {
			if other.client == client.ID && other.person == person && s.alive(other) {
				live = append(live, other)
			}
		}
		for _, oldest := range live[:max(0, len(live)-s.manners.MostGrants)] {
			oldest.revoked = true // silently, as Google does with the 101st
		}
	}
	return g
}

func (s *Server) refresh(client Registration, form url.Values) (map[string]any, *refusal) {
	code := s.manners.ReuseError
	if code == "" {
		code = "invalid_grant"
	}
	sent := form.Get("refresh_token")
	for _, g := range s.grants {
		if g.client != client.ID || sent == "" {
			continue
		}
		if slices.Contains(g.spent, sent) {
			if s.manners.ReuseKills {
				g.revoked = true
			}
			return nil, &refusal{http.StatusBadRequest, code}
		}
		if g.refresh != sent {
			continue
		}
		if !s.alive(g) {
			return nil, &refusal{http.StatusBadRequest, "invalid_grant"}
		}
		if s.manners.GrantScope != "" {
			g.scope = s.manners.GrantScope
		}
		if s.manners.Rotates {
			clear(g.access)
			g.spent = append(g.spent, g.refresh)
			g.refresh = s.draw("refresh-")
		}
		return s.issue(g, s.manners.Rotates), nil
	}
	return nil, &refusal{http.StatusBadRequest, code}
}

// issue makes an access token. Google gives a refresh token with the code only.
func (s *Server) issue(g *grant, withRefresh bool) map[string]any {
	access := s.draw("access-")
	life := defaultLife
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "scope": g.scope, "user_id": g.person}
	if s.manners.TokenType != "" {
		answer["token_type"] = s.manners.TokenType
	}
	if s.manners.ExpiresIn != "" {
		answer["expires_in"] = json.RawMessage(s.manners.ExpiresIn)
	}
	if !g.endsAt.IsZero() {
		answer["refresh_token_expires_in"] = int64(g.endsAt.Sub(s.now()).Seconds())
	}
	if withRefresh && g.refresh != "" {
		answer["refresh_token"] = g.refresh
	}
	g.access[access] = s.now().Add(life)
	return answer
}

func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if status := s.manners.RevokeStatus; status/100 != 2 && status != 0 {
		http.Error(w, "", status)
		return
	}
	token := r.PostForm.Get("token")
	for _, g := range s.grants {
		_, isAccess := g.access[token]
		if token != "" && (g.refresh == token || isAccess) {
			g.revoked = true
		}
	}
	w.WriteHeader(http.StatusOK) // also for a token that is not known (RFC 7009 section 2.2)
}

func (s *Server) beginDevice(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.ParseForm() != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_request"})
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	client, refused := s.authenticate(r)
	if refused != nil {
		writeJSON(w, refused.status, map[string]string{"error": refused.code})
		return
	}
	name, userCode := s.draw("device-"), s.draw("")[:8]
	s.devices[name] = &device{client: client.ID, scope: r.PostForm.Get("scope"), userCode: userCode, expiresAt: s.now().Add(10 * time.Minute)}
	writeJSON(w, http.StatusOK, map[string]any{
		"device_code": name, "user_code": userCode, "verification_uri": s.base + "/activate",
		"verification_uri_complete": s.base + "/activate?user_code=" + userCode, "expires_in": 600, "interval": deviceInterval / time.Second,
	})
}

// deviceInterval is how long a client must wait between two questions about a device code.
const deviceInterval = 2 * time.Second

var activatePage = template.Must(template.New("activate").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Type the code (sandbox)</title>
<body><main><h1>Sandbox account</h1>
{{if .Done}}<p>Done. You can close this page and go back to the other one.</p>{{else}}
<form method="post">
<p><label>Code <input name="user_code" value="{{.Code}}" autocomplete="off"></label></p>
<p><label>Account <select name="person">{{range .People}}<option>{{.}}</option>{{end}}</select></label></p>
<p><button name="answer" value="allow">Allow</button> <button name="answer" value="deny">Deny</button></p>
</form>{{end}}</main></body></html>
`))

// activate asks a person for the code, and takes the answer: user_code, person, answer=allow or deny.
func (s *Server) activate(w http.ResponseWriter, r *http.Request) {
	if r.ParseForm() != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.Method == http.MethodGet {
		activatePage.Execute(w, map[string]any{"Code": r.Form.Get("user_code"), "People": s.people, "Done": false})
		return
	}
	for _, d := range s.devices {
		if d.userCode == r.PostForm.Get("user_code") {
			d.person, d.denied = r.PostForm.Get("person"), r.PostForm.Get("answer") != "allow"
			activatePage.Execute(w, map[string]any{"Done": true})
			return
		}
	}
	http.NotFound(w, r)
}

func (s *Server) redeemDevice(client Registration, form url.Values) (map[string]any, *refusal) {
	d, known := s.devices[form.Get("device_code")]
	switch {
	case !known || d.client != client.ID:
		return nil, &refusal{http.StatusBadRequest, "invalid_grant"}
	case !s.now().Before(d.expiresAt):
		return nil, &refusal{http.StatusBadRequest, "expired_token"}
	case d.denied:
		return nil, &refusal{http.StatusBadRequest, "access_denied"}
	case d.person == "" && s.now().Before(d.askedAt.Add(deviceInterval)):
		d.askedAt = s.now()
		return nil, &refusal{http.StatusBadRequest, "slow_down"}
	case d.person == "":
		d.askedAt = s.now()
		return nil, &refusal{http.StatusBadRequest, "authorization_pending"}
	}
	delete(s.devices, form.Get("device_code"))
	return s.issue(s.newGrant(client, d.person, d.scope, true), true), nil
}
