package web

import (
	"net/http"

	"agendaonline/internal/service"
)

// actionRoutes are the pages about actions, and what every page needs.
var actionRoutes = []Route{
	{Name: "home", Method: http.MethodGet, Pattern: "/{$}", handle: showHome},
	{Name: "keys", Method: http.MethodGet, Pattern: "/keys", handle: showKeys},
	{Name: "live", Method: http.MethodGet, Pattern: "/live", Deed: service.ListActions, handle: streamChanges},
}

func showHome(_ *site, w http.ResponseWriter, r *request) error { return see(w, r, "/actions") }
