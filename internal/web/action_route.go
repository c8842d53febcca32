package web

import (
	"net/http"

	"agendaonline/internal/service"
)

// actionRoutes are the pages about actions, and what every page needs.
var actionRoutes = []Route{
	{Name: "keys", Method: http.MethodGet, Pattern: "/keys", handle: showKeys},
	{Name: "live", Method: http.MethodGet, Pattern: "/live", Deed: service.ListActions, handle: streamChanges},

	{Name: "action_list", Method: http.MethodGet, Pattern: "/actions", Deed: service.ListActions, handle: showActions},
	{Name: "action_rows", Method: http.MethodGet, Pattern: "/actions/rows", Deed: service.ListActions, handle: showRows},
	{Name: "action_filters", Method: http.MethodGet, Pattern: "/actions/filters", Deed: service.ListActions, handle: showFilters},
	{Name: "pull_show", Method: http.MethodGet, Pattern: "/actions/pull", Deed: service.PullCalendars, handle: showPull},
	{Name: "pull_open", Method: http.MethodPost, Pattern: "/actions/open", Deed: service.PullCalendars, handle: openAgain},
	{Name: "action_export", Method: http.MethodGet, Pattern: "/actions/export.csv", Deed: service.ListActions, handle: exportActions},
	{Name: "action_new", Method: http.MethodGet, Pattern: "/actions/new", Deed: service.CreateAction, handle: newAction},
	{Name: "action_create", Method: http.MethodPost, Pattern: "/actions", Deed: service.CreateAction, handle: createAction},
	{Name: "action_show", Method: http.MethodGet, Pattern: "/actions/{id}", Deed: service.SeeAction, handle: showAction},
	{Name: "action_row", Method: http.MethodGet, Pattern: "/actions/{id}/row", Deed: service.SeeAction, handle: showRow},
	{Name: "action_change", Method: http.MethodPost, Pattern: "/actions/{id}", Deed: service.ChangeAction, handle: changeAction},
	{Name: "action_delete", Method: http.MethodPost, Pattern: "/actions/{id}/delete", Deed: service.DeleteAction, handle: deleteAction},
	{Name: "action_restore", Method: http.MethodPost, Pattern: "/actions/{id}/restore", Deed: service.RestoreAction, handle: restoreAction},
	{Name: "action_purge_ask", Method: http.MethodGet, Pattern: "/actions/{id}/purge", Deed: service.PurgeAction, handle: askBeforePurge},
	{Name: "action_purge", Method: http.MethodPost, Pattern: "/actions/{id}/purge", Deed: service.PurgeAction, handle: purgeAction},
	{Name: "action_hide", Method: http.MethodPost, Pattern: "/actions/{id}/hide", Deed: service.HideAction, handle: hideAction},
	{Name: "action_unhide", Method: http.MethodPost, Pattern: "/actions/{id}/unhide", Deed: service.HideAction, handle: unhideAction},
	{Name: "history_restore", Method: http.MethodPost, Pattern: "/actions/{id}/history/{change}", Deed: service.ChangeAction, handle: restoreValue},
}
