package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"agendaonline/internal/auth"
	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// Prefix is where the API lies.
const Prefix = "/api/v1"

// Config is what an API works with; all of it is needed.
type Config struct {
	Service *service.Service
	Door    Door
	// Log hears of faults of the program only. No body, token or text of an action is written to it.
	Log *slog.Logger
}

// Door knows who asks; auth.Door fits it.
type Door interface {
	// Who is the user of the API token in the request's Authorization header. The error is auth.ErrToken when it is not in
	// force. It is asked once per request, and never for one without such a header: a cookie is no way in here, so that no
	// page elsewhere can make a browser change anything.
	Who(r *http.Request) (user crm.User, known bool, err error)
	// Guess counts an attempt at the password of somebody signed in; the error is *auth.Throttled.
	Guess(login, address string) (right func(), err error)
}

// API is the REST API as an http.Handler for everything below Prefix. It does not bound time or the number of requests: that
// is the listener's.
type API struct {
	Config
	mux     *http.ServeMux
	huma    huma.API
	openAPI []byte
}

// New makes an API. One that lacks something it works with is a broken program, and panics.
func New(config Config) *API {
	if config.Service == nil || config.Door == nil || config.Log == nil {
		panic("api: the configuration is not complete")
	}
	a := &API{Config: config, mux: http.NewServeMux()}
	schemas := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: json.Unmarshal}
	a.huma = humago.NewWithPrefix(a.mux, Prefix, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info:    &huma.Info{Title: "Agenda Online", Version: "1", Description: description},
			Components: &huma.Components{
				Schemas:         schemas,
				SecuritySchemes: map[string]*huma.SecurityScheme{"token": {Type: "http", Scheme: "bearer"}},
			},
			Security: []map[string][]string{{"token": {}}},
		},
		Formats:                      map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
		Transformers:                 []huma.Transformer{translated},
	})
	a.huma.UseMiddleware(a.identified)
	a.routes()
	tidied(schemas.Map())
	var err error
	if a.openAPI, err = json.MarshalIndent(a.huma.OpenAPI(), "", "  "); err != nil {
		panic("api: the document has no JSON: " + err.Error())
	}
	a.mux.HandleFunc("GET "+Prefix+"/openapi.json", a.document)
	a.mux.HandleFunc("/", a.noRoute)
	return a
}

// tidied makes the schemas say what version 1 promises: what is answered may gain fields, and what may be null may be so where
// the other values are listed.
func tidied(schemas map[string]*huma.Schema) {
	for _, unused := range []string{"ErrorModel", "ErrorDetail"} {
		delete(schemas, unused)
	}
	for name, schema := range schemas {
		if !strings.HasSuffix(name, "Input") {
			schema.AdditionalProperties = nil
		}
		for _, property := range schema.Properties {
			if property.Nullable && property.Enum != nil {
				property.Enum = append(property.Enum, nil)
			}
		}
	}
}

const description = `Actions of the CRM and their links with online calendars (CalDAV).

Every request carries a token: "Authorization: Bearer TOKEN". What is wrong is said as a problem (RFC 9457) with a stable code.
A change names the version it was made on, as "If-Match" with the "ETag" that was read. A POST may carry an "Idempotency-Key":
sent again with the same key it is answered as the first time, and nothing is done twice.`

// ServeHTTP answers a request below Prefix.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	a.mux.ServeHTTP(w, r)
}

// Document is the OpenAPI document (3.1), indented. It is not to be changed.
func (a *API) Document() []byte { return a.openAPI }

func (a *API) document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Write(a.openAPI) // nobody is left to hear of an error
}

// noRoute tells a path that is not there from a method that a path does not have.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		other := r.Clone(r.Context())
		other.Method = method
		if _, pattern := a.mux.Handler(other); pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) == 0 {
		a.write(w, r, problem(http.StatusNotFound, codeNotFound), languageOf(r))
		return
	}
	list := strings.Join(allowed, ", ")
	w.Header().Set("Allow", list)
	a.write(w, r, problem(http.StatusMethodNotAllowed, codeMethod, "method", shortened(r.Method), "allowed", list), languageOf(r))
}

// write answers with a problem outside of an operation.
func (a *API) write(w http.ResponseWriter, r *http.Request, made *Problem, language crm.Language) {
	a.logged(r.Context(), r.Method, r.Pattern, made)
	for name, values := range made.headers {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.Header().Set("Content-Type", made.ContentType(""))
	w.Header().Set("Content-Language", string(language))
	w.WriteHeader(made.Status)
	json.NewEncoder(w).Encode(made.in(language)) // nobody is left to hear of an error
}

// logged writes what a fault of the program was; the caller is not told.
func (a *API) logged(ctx context.Context, method, pattern string, made *Problem) {
	if made.cause != nil {
		a.Log.ErrorContext(ctx, "the API could not answer", "method", method, "route", pattern, "error", made.cause)
	}
}

// languageOf is the language of somebody who is not known.
func languageOf(r *http.Request) crm.Language {
	return crm.Language(i18n.Match(r.Header.Get("Accept-Language"), string(crm.English)))
}

// identified lets in who has a token, and keeps what the operation needs to know of the request.
func (a *API) identified(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	var user crm.User
	var known bool
	var err error
	tried := isBearer(r.Header.Values("Authorization"))
	if tried {
		user, known, err = a.Door.Who(r)
	}
	if err != nil && !errors.Is(err, auth.ErrToken) {
		a.write(w, r, problemOf(err, nil), languageOf(r))
		return
	}
	if err != nil || !known {
		refused := problem(http.StatusUnauthorized, codeSignedOut)
		refused.headers = http.Header{"Www-Authenticate": {challenge(tried)}}
		a.write(w, r, refused, languageOf(r))
		return
	}
	language := user.Language
	if !i18n.Known(language) {
		language = languageOf(r)
	}
	w.Header().Set("Content-Language", string(language))
	c := &call{api: a, request: r, writer: w, service: a.Service, caller: service.Caller{User: user}, language: language}
	next(huma.WithValue(ctx, callKey{}, c))
}

// challenge is WWW-Authenticate (RFC 6750 section 3).
func challenge(tried bool) string {
	if tried {
		return `Bearer realm="Agenda Online", error="invalid_token"`
	}
	return `Bearer realm="Agenda Online"`
}

// isBearer reports whether there is one Authorization header, with a bearer token (RFC 6750 section 2.1).
func isBearer(headers []string) bool {
	if len(headers) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	return strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) != ""
}

// translated says in the caller's language what huma or an operation found wrong.
func translated(ctx huma.Context, _ string, body any) (any, error) {
	c, _ := ctx.Context().Value(callKey{}).(*call)
	var made *Problem
	switch wrong := body.(type) {
	case *huma.ErrorModel:
		made = fromHuma(wrong)
	case *Problem:
		made = wrong
	default:
		return body, nil
	}
	return made.in(c.language), nil
}

// longest is how long a request may be waited on that waits itself: a pull, a connection test.
const longest = 5 * time.Minute

// patient takes the listener's limits off a request that takes long by its nature.
func (c *call) patient() {
	control := http.NewResponseController(c.writer)
	until := time.Now().Add(longest)
	// A writer without deadlines, as in a test, has none to move.
	_ = control.SetWriteDeadline(until)
	_ = control.SetReadDeadline(until)
}
