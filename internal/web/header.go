package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// contentPolicy lets a page load what this site serves and nothing else: no inline script or style, no frame around it, no form
// that goes elsewhere (Content Security Policy Level 3).
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// headers sets what every answer carries.
func headers(next http.Handler, baseURL string) http.Handler {
	secure := strings.HasPrefix(baseURL, "https://")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store") // pages hold what only their reader may see; static files say otherwise
		if secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

var errOtherOrigin = errors.New("a form was sent from another site")

// protect loads the session and refuses forms that another site sent.
func (s *site) protect(next http.Handler) (http.Handler, error) {
	protection := http.NewCrossOriginProtection()
	if s.BaseURL != "" {
		if err := protection.AddTrustedOrigin(strings.TrimSuffix(s.BaseURL, "/")); err != nil {
			return nil, fmt.Errorf("base URL: %w", err)
		}
	}
	protection.SetDenyHandler(s.answer(Route{Name: "other_origin", Public: true, handle: func(*site, http.ResponseWriter, *request) error { return errOtherOrigin }}))
	return s.Identity.Sessions(protection.Handler(next)), nil
}
