package api

import "net/http"

// routes is the table of everything that the API does.
func (a *API) routes() {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete

	route(a, operation{id: "list-actions", method: get, path: "/actions", tag: "Actions", summary: "Search actions"}, (*call).list)
	route(a, operation{id: "create-action", method: post, path: "/actions", tag: "Actions", summary: "Make an action",
		body: ActionInput{}, status: http.StatusCreated}, (*call).createAction)
	route(a, operation{id: "get-action", method: get, path: "/actions/{id}", tag: "Actions", summary: "Read an action"}, (*call).getAction)
	route(a, operation{id: "change-action", method: patch, path: "/actions/{id}", tag: "Actions", summary: "Change some fields of an action",
		body: ActionInput{}}, (*call).changeAction)
	route(a, operation{id: "replace-action", method: put, path: "/actions/{id}", tag: "Actions", summary: "Change all fields of an action",
		body: ActionInput{}}, (*call).replaceAction)
	route(a, operation{id: "delete-action", method: del, path: "/actions/{id}", tag: "Actions", summary: "Put an action into the trash"}, (*call).deleteAction)
	route(a, operation{id: "restore-action", method: post, path: "/actions/{id}/restore", tag: "Actions", summary: "Take an action out of the trash"}, (*call).restoreAction)
	route(a, operation{id: "hide-action", method: post, path: "/actions/{id}/hide", tag: "Actions",
		summary: "Take the action of somebody else's event off the screens; nothing is written to the calendar"}, (*call).hideAction)
	route(a, operation{id: "unhide-action", method: post, path: "/actions/{id}/unhide", tag: "Actions", summary: "Show a hidden action again"}, (*call).unhideAction)
	route(a, operation{id: "get-history", method: get, path: "/actions/{id}/history", tag: "Actions", summary: "What happened to an action"}, (*call).history)
	silent(a, operation{id: "purge-action", method: post, path: "/actions/{id}/purge", tag: "Actions", summary: "Remove an action for good that is in the trash"}, (*call).purgeAction)
	route(a, operation{id: "restore-value", method: post, path: "/actions/{id}/history/{change}/restore", tag: "Actions",
		summary: "Bring back the value before a change"}, (*call).restoreValue)
	route(a, operation{id: "get-event", method: get, path: "/actions/{id}/event", tag: "Actions", summary: "The event as the calendar has it"}, (*call).event)
	route(a, operation{id: "list-choices", method: get, path: "/choices", tag: "Actions", summary: "Types, statuses and priorities"}, (*call).choices)

	route(a, operation{id: "pull", method: post, path: "/pulls", tag: "Synchronisation", summary: "The actions screen was opened: pull the calendars",
		body: PullInput{}, bare: true}, (*call).pull)
	route(a, operation{id: "get-progress", method: get, path: "/pulls/latest", tag: "Synchronisation", summary: "How the last pull stands"}, (*call).progress)
	route(a, operation{id: "list-runs", method: get, path: "/runs", tag: "Synchronisation", summary: "Runs that changed something or failed"}, (*call).runs)
	route(a, operation{id: "list-held", method: get, path: "/held", tag: "Synchronisation", summary: "What waits for a decision"}, (*call).held)
	silent(a, operation{id: "decide", method: post, path: "/held/{id}/decision", tag: "Synchronisation", summary: "Take a decision",
		body: DecisionInput{}}, (*call).decide)

	silent(a, operation{id: "decide-each", method: post, path: "/held/{id}/decisions", tag: "Synchronisation", summary: "Decide about deletions one by one",
		body: EachInput{}}, (*call).decideEach)
	route(a, operation{id: "list-links", method: get, path: "/links", tag: "Links", summary: "The links that the caller may see"}, (*call).links)
	route(a, operation{id: "create-link", method: post, path: "/links", tag: "Links", summary: "Test a connection and link it",
		body: LinkInput{}, status: http.StatusCreated}, (*call).createLink)
	streaming(a, operation{id: "test-link", method: post, path: "/links/test", tag: "Links", summary: "Test a connection; nothing is kept",
		body: LinkInput{}}, (*call).testLink)
	route(a, operation{id: "plan-link", method: post, path: "/links/plan", tag: "Links", summary: "Look into a calendar and say what the first sync would do; nothing is kept or written",
		body: LinkInput{}}, (*call).planLink)
	route(a, operation{id: "get-link", method: get, path: "/links/{id}", tag: "Links", summary: "Read a link"}, (*call).getLink)
	route(a, operation{id: "change-link", method: patch, path: "/links/{id}", tag: "Links", summary: "Change how a link signs in",
		body: LinkChangeInput{}}, (*call).changeLink)
	route(a, operation{id: "show-link", method: put, path: "/links/{id}/shown", tag: "Links", summary: "Choose what others see of a calendar",
		body: ShownInput{}}, (*call).showLink)
	route(a, operation{id: "end-link", method: del, path: "/links/{id}", tag: "Links", summary: "End a link; unless asked otherwise actions and events stay"}, (*call).endLink)
	route(a, operation{id: "set-link-addresses", method: put, path: "/links/{id}/addresses", tag: "Links",
		summary: "Add the addresses that make an event the user's own", body: AddressesInput{}}, (*call).setAddresses)
	route(a, operation{id: "get-link-end", method: get, path: "/links/{id}/end", tag: "Links", summary: "What the end of a link is about, in numbers"}, (*call).linkEndPlan)
	route(a, operation{id: "get-link-client", method: get, path: "/links/{id}/client", tag: "Links",
		summary: "The client registration that a link signs in with"}, (*call).linkClient)
	route(a, operation{id: "pause-link", method: post, path: "/links/{id}/pause", tag: "Links", summary: "Pause a link"}, (*call).pauseLink)
	route(a, operation{id: "resume-link", method: post, path: "/links/{id}/resume", tag: "Links", summary: "Go on with a link"}, (*call).resumeLink)
	silent(a, operation{id: "sync-link", method: post, path: "/links/{id}/sync", tag: "Links", summary: "Start a run now", status: http.StatusAccepted}, (*call).syncLink)
	streaming(a, operation{id: "test-saved-link", method: post, path: "/links/{id}/test", tag: "Links", summary: "Test a link; it only reads"}, (*call).testSavedLink)
	route(a, operation{id: "list-link-runs", method: get, path: "/links/{id}/runs", tag: "Links", summary: "The runs of a link"}, (*call).linkRuns)
	route(a, operation{id: "list-set-aside", method: get, path: "/links/{id}/set-aside", tag: "Links", summary: "Events that cannot be used"}, (*call).setAside)

	a.grantRoutes()

	route(a, operation{id: "get-me", method: get, path: "/me", tag: "Users", summary: "Who is asking"}, (*call).me)
	route(a, operation{id: "change-me", method: patch, path: "/me", tag: "Users", summary: "Change the own language and time zone",
		body: UserInput{}}, (*call).changeMe)
	silent(a, operation{id: "change-password", method: post, path: "/me/password", tag: "Users", summary: "Change the own password",
		body: PasswordInput{}}, (*call).changePassword)
	route(a, operation{id: "list-users", method: get, path: "/users", tag: "Users", summary: "All users"}, (*call).users)
	route(a, operation{id: "create-user", method: post, path: "/users", tag: "Users", summary: "Make a user",
		body: UserInput{}, status: http.StatusCreated}, (*call).createUser)
	route(a, operation{id: "get-user", method: get, path: "/users/{id}", tag: "Users", summary: "Read a user"}, (*call).getUser)
	route(a, operation{id: "change-user", method: patch, path: "/users/{id}", tag: "Users", summary: "Change a user", body: UserInput{}}, (*call).changeUser)
	route(a, operation{id: "delete-user", method: del, path: "/users/{id}", tag: "Users", summary: "Delete a user for good; the link ends, actions and events stay"}, (*call).deleteUser)
	route(a, operation{id: "get-open-actions", method: get, path: "/users/{id}/open-actions", tag: "Users", summary: "How many open actions a user has"}, (*call).openActionsOf)
	route(a, operation{id: "hand-over", method: post, path: "/users/{id}/hand-over", tag: "Users", summary: "Hand the open actions of a user to a successor",
		body: HandOverInput{}}, (*call).handOver)
	route(a, operation{id: "list-tokens", method: get, path: "/users/{id}/tokens", tag: "Users", summary: "The API tokens of a user"}, (*call).tokens)
	route(a, operation{id: "create-token", method: post, path: "/users/{id}/tokens", tag: "Users", summary: "Make an API token; its secret is shown once",
		body: TokenInput{}, status: http.StatusCreated}, (*call).createToken)
	silent(a, operation{id: "revoke-token", method: del, path: "/users/{id}/tokens/{token}", tag: "Users", summary: "End an API token"}, (*call).revokeToken)

	route(a, operation{id: "get-mail", method: get, path: "/mail", tag: "Settings", summary: "Mails that could not be sent"}, (*call).getMail)
	route(a, operation{id: "get-settings", method: get, path: "/settings", tag: "Settings", summary: "The CRM parameters"}, (*call).settings)
	route(a, operation{id: "change-settings", method: patch, path: "/settings", tag: "Settings", summary: "Change CRM parameters", body: SettingsInput{}}, (*call).changeSettings)
}
