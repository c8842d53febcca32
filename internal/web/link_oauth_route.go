package web

import (
	"net/http"

	"agendaonline/internal/service"
)

// callbackPath is where an authorisation server sends the browser back to.
const callbackPath = "/oauth/callback"

// grantsPath is where links are signed in again.
const grantsPath = "/grants"

// grantRoutes are signing in at an authorisation server: for a link that is being added, and for one that is there.
var grantRoutes = []Route{
	{Name: "link_add_consent_ask", Method: http.MethodPost, Pattern: "/links/new/{id}/consent", Deed: service.ManageLinks, handle: askConsent},
	{Name: "link_add_consent", Method: http.MethodGet, Pattern: "/links/new/{id}/consent", Deed: service.ManageLinks, handle: showConsent},
	{Name: "link_add_answer", Method: http.MethodPost, Pattern: "/links/new/{id}/answer", Deed: service.ManageLinks, handle: takeWizardAnswer},
	{Name: "link_add_device", Method: http.MethodPost, Pattern: "/links/new/{id}/device", Deed: service.ManageLinks, handle: pollWizardDevice},
	{Name: "link_add_signed", Method: http.MethodGet, Pattern: "/links/new/{id}/signed", Deed: service.ManageLinks, handle: showSigned},
	{Name: "link_add_app_password_ask", Method: http.MethodPost, Pattern: "/links/new/{id}/app-password", Deed: service.ManageLinks, handle: askAppPassword},
	{Name: "link_add_app_password", Method: http.MethodGet, Pattern: "/links/new/{id}/app-password", Deed: service.ManageLinks, handle: showAppPassword},
	{Name: "link_add_app_password_take", Method: http.MethodPost, Pattern: "/links/new/{id}/app-password/take", Deed: service.ManageLinks, handle: takeAppPassword},
	{Name: "link_sign_in_ask", Method: http.MethodPost, Pattern: "/links/{id}/sign-in", Deed: service.SyncLink, handle: askConsentAgain},
	{Name: "link_sign_in", Method: http.MethodGet, Pattern: "/grants/{id}", Deed: service.SyncLink, handle: showConsentAgain},
	{Name: "link_sign_in_answer", Method: http.MethodPost, Pattern: "/grants/{id}/answer", Deed: service.SyncLink, handle: takeAnswerAgain},
	{Name: "link_sign_in_device", Method: http.MethodPost, Pattern: "/grants/{id}/device", Deed: service.SyncLink, handle: pollDeviceAgain},
	{Name: "grant_callback", Method: http.MethodGet, Pattern: callbackPath, Public: true, handle: takeCallback},
}

// grantViews are their pages.
var grantViews = map[string][]string{
	"grant_form":    {"layout", "inputs", "certificate", "wizard_steps"},
	"grant_consent": {"layout", "inputs", "wizard_steps"},
	"grant_device":  {"layout", "wizard_steps"},
	"grant_signed":  {"layout", "wizard_steps"},
	"app_password":  {"layout", "inputs", "wizard_steps"},
}
