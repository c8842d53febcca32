package web

import (
	"net/http"

	"agendaonline/internal/service"
)

// The pages of this part.
const (
	homePath     = "/"
	linksPath    = "/links"
	usersPath    = "/users"
	heldPath     = "/held"
	runsPath     = "/runs"
	accountPath  = "/account"
	tokensPath   = "/account/tokens"
	calendarPath = "/my-calendar"
)

// adminRoutes are signing in, home, a person's own pages, and what administrators run.
var adminRoutes = []Route{
	{Name: "signin_show", Method: http.MethodGet, Pattern: signInPath, Public: true, handle: showSignIn},
	{Name: "signin_save", Method: http.MethodPost, Pattern: signInPath, Public: true, handle: signIn},
	{Name: "signin_end", Method: http.MethodPost, Pattern: "/sign-out", Public: true, handle: signOut},
	{Name: "first_administrator_show", Method: http.MethodGet, Pattern: firstPath, Public: true, handle: showFirst},
	{Name: "first_administrator_save", Method: http.MethodPost, Pattern: firstPath, Public: true, handle: saveFirst},

	{Name: "home", Method: http.MethodGet, Pattern: "/{$}", Deed: service.ListActions, handle: showHome},
	{Name: "my_calendar_show", Method: http.MethodGet, Pattern: calendarPath, Deed: service.SeeLink, handle: showMyCalendar},
	{Name: "my_calendar_link", Method: http.MethodPost, Pattern: calendarPath + "/link", Deed: service.ManageLinks, handle: beginMyCalendar},
	{Name: "account_show", Method: http.MethodGet, Pattern: accountPath, Deed: service.ChangeOwnUser, handle: showAccount},
	{Name: "account_save", Method: http.MethodPost, Pattern: accountPath, Deed: service.ChangeOwnUser, handle: saveAccount},
	{Name: "account_password_save", Method: http.MethodPost, Pattern: "/account/password", Deed: service.ChangeOwnUser, handle: savePassword},
	{Name: "account_tokens_show", Method: http.MethodGet, Pattern: tokensPath, Deed: service.SeeTokens, handle: showOwnTokens},
	{Name: "account_token_save", Method: http.MethodPost, Pattern: tokensPath, Deed: service.CreateToken, handle: saveToken},
	{Name: "account_token_revoke", Method: http.MethodPost, Pattern: "/account/tokens/{token}/revoke", Deed: service.RevokeToken, handle: revokeOwnToken},

	{Name: "parameters_show", Method: http.MethodGet, Pattern: parametersPath, Deed: service.ManageSettings, handle: showParameters},
	{Name: "parameters_module_save", Method: http.MethodPost, Pattern: "/parameters/module", Deed: service.ManageSettings, handle: saveModule},
	{Name: "parameters_settings_save", Method: http.MethodPost, Pattern: "/parameters/settings", Deed: service.ManageSettings, handle: saveSettings},

	{Name: "links_show", Method: http.MethodGet, Pattern: linksPath, Deed: service.ManageLinks, handle: showLinks},
	{Name: "links_sync", Method: http.MethodPost, Pattern: "/links/sync", Deed: service.ManageLinks, handle: syncAllLinks},
	{Name: "link_add_user", Method: http.MethodGet, Pattern: "/links/new", Deed: service.ManageLinks, handle: showWizardUser},
	{Name: "link_add_begin", Method: http.MethodPost, Pattern: "/links/new", Deed: service.ManageLinks, handle: saveWizardUser},
	{Name: "link_add_kind", Method: http.MethodGet, Pattern: "/links/new/{id}/kind", Deed: service.ManageLinks, handle: showWizardKind},
	{Name: "link_add_kind_save", Method: http.MethodPost, Pattern: "/links/new/{id}/kind", Deed: service.ManageLinks, handle: saveWizardKind},
	{Name: "link_add_parameters", Method: http.MethodGet, Pattern: "/links/new/{id}/parameters", Deed: service.ManageLinks, handle: showWizardParameters},
	{Name: "link_add_test", Method: http.MethodPost, Pattern: "/links/new/{id}/test", Deed: service.ManageLinks, handle: testWizard},
	{Name: "link_add_without_token", Method: http.MethodPost, Pattern: "/links/new/{id}/plan", Deed: service.ManageLinks, handle: saveWithoutToken},
	{Name: "link_add_shown", Method: http.MethodGet, Pattern: "/links/new/{id}/shown", Deed: service.ManageLinks, handle: showWizardShown},
	{Name: "link_add_shown_save", Method: http.MethodPost, Pattern: "/links/new/{id}/shown", Deed: service.ManageLinks, handle: saveWizardShown},
	{Name: "link_add_plan", Method: http.MethodGet, Pattern: "/links/new/{id}/plan", Deed: service.ManageLinks, handle: showWizardPlan},
	{Name: "link_add_save", Method: http.MethodPost, Pattern: "/links/new/{id}/save", Deed: service.ManageLinks, handle: saveWizard},
	{Name: "link_show", Method: http.MethodGet, Pattern: "/links/{id}", Deed: service.SeeLink, handle: showLink},
	{Name: "link_sync", Method: http.MethodPost, Pattern: "/links/{id}/sync", Deed: service.SyncLink, handle: syncLink},
	{Name: "link_test", Method: http.MethodPost, Pattern: "/links/{id}/test", Deed: service.ManageLinks, handle: testLink},
	{Name: "link_shown", Method: http.MethodGet, Pattern: "/links/{id}/shown", Deed: service.ChooseShown, handle: showLinkShown},
	{Name: "link_shown_save", Method: http.MethodPost, Pattern: "/links/{id}/shown", Deed: service.ChooseShown, handle: saveLinkShown},
	{Name: "link_pause", Method: http.MethodPost, Pattern: "/links/{id}/pause", Deed: service.ManageLinks, handle: pauseLink},
	{Name: "link_resume", Method: http.MethodPost, Pattern: "/links/{id}/resume", Deed: service.ManageLinks, handle: resumeLink},
	{Name: "link_edit_show", Method: http.MethodGet, Pattern: "/links/{id}/edit", Deed: service.ManageLinks, handle: showLinkEdit},
	{Name: "link_edit_save", Method: http.MethodPost, Pattern: "/links/{id}/edit", Deed: service.ManageLinks, handle: saveLinkEdit},
	{Name: "link_addresses_show", Method: http.MethodGet, Pattern: "/links/{id}/addresses", Deed: service.SyncLink, handle: showLinkAddresses},
	{Name: "link_addresses_save", Method: http.MethodPost, Pattern: "/links/{id}/addresses", Deed: service.SyncLink, handle: saveLinkAddresses},
	{Name: "link_end_show", Method: http.MethodGet, Pattern: "/links/{id}/end", Deed: service.ManageLinks, handle: showLinkEnd},
	{Name: "link_end_save", Method: http.MethodPost, Pattern: "/links/{id}/end", Deed: service.ManageLinks, handle: saveLinkEnd},

	{Name: "held_show", Method: http.MethodGet, Pattern: heldPath, Deed: service.Decide, handle: showHeld},
	{Name: "held_decide", Method: http.MethodPost, Pattern: "/held/{id}", Deed: service.Decide, handle: decideHeld},
	{Name: "held_decide_twins", Method: http.MethodPost, Pattern: "/held/{id}/twins", Deed: service.Decide, handle: decideTwins},
	{Name: "held_each_show", Method: http.MethodGet, Pattern: "/held/{id}/each", Deed: service.Decide, handle: showHeldEach},
	{Name: "held_each_decide", Method: http.MethodPost, Pattern: "/held/{id}/each", Deed: service.Decide, handle: decideHeldEach},
	{Name: "runs_show", Method: http.MethodGet, Pattern: runsPath, Deed: service.SeeLink, handle: showRuns},

	{Name: "users_show", Method: http.MethodGet, Pattern: usersPath, Deed: service.ManageUsers, handle: showUsers},
	{Name: "user_add_show", Method: http.MethodGet, Pattern: "/users/new", Deed: service.ManageUsers, handle: showUserAdd},
	{Name: "user_add_save", Method: http.MethodPost, Pattern: "/users/new", Deed: service.ManageUsers, handle: saveUserAdd},
	{Name: "user_edit_show", Method: http.MethodGet, Pattern: "/users/{id}", Deed: service.ManageUsers, handle: showUserEdit},
	{Name: "user_edit_save", Method: http.MethodPost, Pattern: "/users/{id}", Deed: service.ManageUsers, handle: saveUserEdit},
	{Name: "user_hand_over_show", Method: http.MethodGet, Pattern: "/users/{id}/hand-over", Deed: service.ManageUsers, handle: showHandOver},
	{Name: "user_hand_over_save", Method: http.MethodPost, Pattern: "/users/{id}/hand-over", Deed: service.ManageUsers, handle: saveHandOver},
	{Name: "user_delete_show", Method: http.MethodGet, Pattern: "/users/{id}/delete", Deed: service.ManageUsers, handle: showUserDelete},
	{Name: "user_delete_save", Method: http.MethodPost, Pattern: "/users/{id}/delete", Deed: service.ManageUsers, handle: saveUserDelete},
	{Name: "user_tokens_show", Method: http.MethodGet, Pattern: "/users/{id}/tokens", Deed: service.ManageUsers, handle: showUserTokens},
	{Name: "user_token_revoke", Method: http.MethodPost, Pattern: "/users/{id}/tokens/{token}/revoke", Deed: service.ManageUsers, handle: revokeUserToken},
}

// adminViews are their pages.
var adminViews = map[string][]string{
	"sign_in":             {"door", "inputs"},
	"first_administrator": {"door", "inputs"},
	"home":                {"layout", "state"},
	"account":             {"layout", "inputs"},
	"tokens":              {"layout", "inputs", "state"},
	"parameters":          {"layout", "inputs", "side", "link_table", "state"},
	"links":               {"layout", "side", "link_table", "state"},
	"link":                {"layout", "state", "run_table"},
	"link_edit":           {"layout", "inputs", "certificate"},
	"link_end":            {"layout"},
	"link_addresses":      {"layout", "inputs"},
	"link_shown":          {"layout", "wizard_steps"},
	"link_check":          {"layout", "check_step", "wizard_steps", "inputs"},
	"wizard_user":         {"layout", "wizard_steps"},
	"wizard_kind":         {"layout", "wizard_steps"},
	"wizard_parameters":   {"layout", "inputs", "certificate", "wizard_steps"},
	"wizard_plan":         {"layout", "wizard_steps", "field", "first_plan", "plan_read"},
	"held":                {"layout", "first_plan", "field"},
	"held_each":           {"layout"},
	"runs":                {"layout", "side", "run_table", "state"},
	"users":               {"layout", "side", "state"},
	"user":                {"layout", "inputs"},
	"user_delete":         {"layout", "inputs"},
	"hand_over":           {"layout", "inputs"},
	"my_calendar":         {"layout"},
}
