package web

import (
	"errors"
	"net/http"

	"agendaonline/internal/service"
)

// Route is one address of the pages. Tests walk them.
type Route struct {
	Name    string // what it shows or does: object, then verb
	Method  string
	Pattern string // as http.ServeMux takes it, without the method
	// Public: nobody has to be signed in.
	Public bool
	// Deed is what the page is about, as docs/permissions.md names it. service asks for it; it stands here for the tests.
	Deed service.Deed

	handle handler
}

// handler answers one request. An error becomes the page that says what happened and what to do next (error_page.go); a handler
// that returns one has written nothing.
type handler func(s *site, w http.ResponseWriter, r *request) error

// Routes lists all routes, in the order of the tables that the pages keep.
func Routes() []Route {
	var all []Route
	for _, table := range [][]Route{actionRoutes, adminRoutes, grantRoutes} {
		all = append(all, table...)
	}
	return all
}

var errNoPage = errors.New("there is no such page")

func notFound(*site, http.ResponseWriter, *request) error { return errNoPage }

// answer makes the http.Handler of a route.
func (s *site) answer(route Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, raw *http.Request) {
		r, err := s.read(raw)
		switch {
		case err != nil:
		case !route.Public && !r.signedIn:
			s.sendToSignIn(w, r)
			return
		default:
			if err = s.needModule(r, route); err == nil {
				err = route.handle(s, w, r)
			}
		}
		if err != nil {
			s.explain(w, r, err)
		}
	})
}

// see sends the browser to another page after a form.
func see(w http.ResponseWriter, r *request, path string) error {
	if r.partial && r.Header.Get("HX-Boosted") == "" {
		w.Header().Set("HX-Redirect", path)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r.Request, path, http.StatusSeeOther)
	return nil
}
