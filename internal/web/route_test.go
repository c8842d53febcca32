package web

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"testing"

	"agendaonline/internal/service"
)

// placeholder is a part of a pattern that an id stands for.
var placeholder = regexp.MustCompile(`\{[a-z_.]+\}`)

// somewhere is an address of a route that names nothing that exists.
func (route Route) somewhere() string {
	path := regexp.MustCompile(`\{\$\}`).ReplaceAllString(route.Pattern, "")
	return placeholder.ReplaceAllString(path, "01234567-89ab-7def-8123-456789abcdef")
}

func TestRoutes_have_names_of_their_own_and_deeds_that_permissions_know(t *testing.T) {
	t.Parallel()
	names, addresses := map[string]bool{}, map[string]bool{}
	for _, route := range Routes() {
		if names[route.Name] || addresses[route.Method+route.Pattern] {
			t.Errorf("%s: the name or the address is there twice", route.Name)
		}
		names[route.Name], addresses[route.Method+route.Pattern] = true, true
		if route.Deed != "" && !slices.Contains(service.Deeds, route.Deed) {
			t.Errorf("%s: there is no deed %s", route.Name, route.Deed)
		}
		if route.Method != http.MethodGet && route.Method != http.MethodPost {
			t.Errorf("%s: a form cannot send %s", route.Name, route.Method)
		}
	}
}

func TestRoutes_what_a_person_may_not_do_is_refused_and_nothing_breaks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, who := range []service.Caller{w.an, w.luc, w.tom} {
		b := w.browse(who)
		for _, route := range Routes() {
			if route.Pattern == "/live" || route.Name == "signin_end" {
				continue // the one has no end, the other no return
			}
			var got answer
			if route.Method == http.MethodGet {
				got = b.get(route.somewhere())
			} else {
				got = b.post(route.somewhere(), url.Values{"version": {"1"}})
			}
			if got.status >= http.StatusInternalServerError {
				t.Errorf("%s for %s: got status %d", route.Name, who.User.Name, got.status)
			}
			if permission := service.Permit(who.User, route.Deed, service.Subject{}); !route.Public && manages(route.Deed) && permission.Access != service.Allowed && got.status != http.StatusForbidden && got.status != http.StatusNotFound {
				t.Errorf("%s for %s: got status %d, want it refused: %s", route.Name, who.User.Name, got.status, permission.Code)
			}
		}
	}
}

// manages reports whether a deed is for administrators, whatever it is done to.
func manages(deed service.Deed) bool {
	switch deed {
	case service.ManageUsers, service.ManageSettings, service.ManageLinks:
		return true
	}
	return false
}
