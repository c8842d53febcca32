package web

import (
	"net/url"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// linkRow is a link as a table or page shows it.
type linkRow struct {
	service.LinkView
	Initials  string
	Kind      string // its name in words
	ShortKind string
	Where     string // host and calendar
	Chips     []stateChip
	Why       string // under the chips
	Last      string // when it last reached the calendar
	Progress  string // how its run stands, "" while none is under way
	LastAt    string // the same as a time element takes it, "" for never
	Path      string
	Act       rowAct
	Paused    bool
}

// rowAct is the one thing to do about a link; the zero rowAct is nothing.
type rowAct struct {
	Text, Path string
	Post       bool
}

// linkRows shows links; names are those of all users.
func linkRows(r *request, views []service.LinkView, names map[crm.UserID]string) []linkRow {
	rows := make([]linkRow, len(views))
	for i, view := range views {
		rows[i] = linkRowOf(r, view, names)
	}
	return rows
}

func linkRowOf(r *request, view service.LinkView, names map[crm.UserID]string) linkRow {
	row := linkRow{
		LinkView: view, Initials: initials(view.UserName), Kind: r.T("links.kind_" + string(view.Kind)), ShortKind: r.T("links.short_" + string(view.Kind)), Where: whereOf(view.Link),
		Why: whyOf(r, view, names), Last: r.T("links.never"), Path: linksPath + "/" + view.ID.String(), Paused: !view.Pause.At.IsZero(),
	}
	switch {
	case view.Running && view.Expected > 0:
		row.Progress = r.T("links.runs_of", "done", view.Processed, "total", view.Expected)
	case view.Running:
		row.Progress = r.T("links.runs_now")
	}
	for _, state := range view.States {
		row.Chips = append(row.Chips, r.LinkState(state))
	}
	if !view.LastCheckedAt.IsZero() {
		row.LastAt = r.Stamp(view.LastCheckedAt)
		if row.Last = r.Moment(view.LastCheckedAt); r.now.Sub(view.LastCheckedAt) < time.Hour {
			row.Last = r.Ago(view.LastCheckedAt)
		}
	}
	row.Chips[len(row.Chips)-1].Why = row.Why // under them all
	row.Act = actOf(r, view, row.Path)
	return row
}

// whereOf names a calendar for people: its host and its name.
func whereOf(link crm.Link) string {
	host := link.Address
	if parsed, err := url.Parse(link.CalendarHref); err == nil && parsed.Host != "" {
		host = parsed.Host
	}
	if link.CalendarName == "" {
		return host
	}
	return host + " · " + link.CalendarName
}

// whyOf says what the most urgent state does not say by itself.
func whyOf(r *request, view service.LinkView, names map[crm.UserID]string) string {
	switch view.States[0] {
	case crm.LinkSignInAgain:
		if view.WhySignIn != "" {
			return capital(r.Reason(view.WhySignIn, nil)) + "."
		}
		return r.T("links.password_refused")
	case crm.LinkNeedsDecision:
		return r.T("links.held_why", "count", view.Held)
	case crm.LinkFailing:
		return r.T("links.since", "moment", r.Moment(view.Failing.Since), "why", failingWords(r, view))
	case crm.LinkPaused:
		moment := r.Moment(view.Pause.At)
		if view.Pause.Reason != "" {
			return r.T("links.since", "moment", moment, "why", r.Reason(view.Pause.Reason, nil))
		}
		if name := names[view.Pause.By.User]; name != "" {
			return r.T("links.paused_by", "name", name, "moment", moment)
		}
		return moment
	}
	if !view.Ending.At.IsZero() {
		return r.T("links.ending_why", "count", view.Pending)
	}
	if view.States[0] == crm.LinkNew {
		return r.T("links.first_waits")
	}
	if ends := endsWords(r, view); ends != "" {
		return ends
	}
	if view.WithoutSyncToken {
		return r.T("links.without_token")
	}
	return ""
}

// endsWords says when a grant ends by itself, "" where nothing says so.
func endsWords(r *request, view service.LinkView) string {
	switch {
	case view.GrantEndsAt.IsZero():
		return ""
	case view.Kind == crm.LinkGoogle:
		return r.T("grant.ends", "moment", r.Moment(view.GrantEndsAt))
	}
	return r.T("grant.ends_other", "moment", r.Moment(view.GrantEndsAt))
}

func failingWords(r *request, view service.LinkView) string {
	return strings.TrimSuffix(r.Reason(view.Failing.Reason, view.Failing.Params), ".")
}

func actOf(r *request, view service.LinkView, path string) rowAct {
	state := view.States[0]
	if state == crm.LinkNeedsDecision {
		return rowAct{r.T("links.decide"), heldPath, false}
	}
	if state == crm.LinkSignInAgain && view.Kind != crm.LinkSimple {
		return rowAct{r.T("grant.sign_in_again"), path + "/sign-in", true} // its user may, who knows the account
	}
	if !view.MayManage {
		return rowAct{}
	}
	switch state {
	case crm.LinkSignInAgain:
		return rowAct{r.T("links.password"), path + "/edit", false}
	case crm.LinkFailing:
		return rowAct{r.T("links.test"), path + "/test", true}
	case crm.LinkPaused:
		return rowAct{r.T("links.resume"), path + "/resume", true}
	}
	return rowAct{}
}

// userNamesOf are the names of all users.
func (s *site) userNamesOf(r *request) (map[crm.UserID]string, []crm.User, error) {
	users, err := s.Service.Users(r.Context(), r.caller)
	names := map[crm.UserID]string{}
	for _, user := range users {
		names[user.ID] = user.Name
	}
	return names, users, err
}

// Duration is a short time in words: "118 ms", "2,6 s".
func (w words) Duration(took time.Duration) string {
	if took < time.Second {
		return w.Number(int(took.Milliseconds())) + " ms"
	}
	if took < time.Minute {
		tenths := int(took.Round(100*time.Millisecond) / (100 * time.Millisecond))
		mark := ","
		if w.Lang == i18n.English {
			mark = "."
		}
		return w.Number(tenths/10) + mark + string(rune('0'+tenths%10)) + " s"
	}
	return w.Number(int(took.Round(time.Second)/time.Second)) + " s"
}
