package web

import (
	"net/http"
	"strings"

	"agendaonline/internal/crm"
)

// usersPage lists the company's people.
type usersPage struct {
	frame
	Side  []sideLink
	Users []userRow
}

func (usersPage) view() string { return "users" }

// userRow is one user with the link he has.
type userRow struct {
	crm.User
	Initials, RoleName, LanguageName, Path string
	RightNames                             string
	Link                                   *linkRow
}

func showUsers(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	names, users, err := s.userNamesOf(r)
	if err != nil {
		return err
	}
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return err
	}
	links := map[crm.UserID]*linkRow{}
	for _, row := range linkRows(r, views, names) {
		links[row.User] = &row
	}
	f, err := s.frame(r, "parameters", r.T("people.title"))
	if err != nil {
		return err
	}
	f.Toast = done(r)
	p := usersPage{frame: f, Side: sideLinks(r, usersPath)}
	for _, user := range users {
		row := userRow{
			User: user, Initials: initials(user.Name), RoleName: r.T("people.role_" + string(user.Role)), Path: usersPath + "/" + user.ID.String(), Link: links[user.ID],
		}
		var rights []string
		for _, right := range rightTicks(r, user.Rights) {
			if right.Checked {
				rights = append(rights, r.T("people.short_"+right.Name))
			}
		}
		row.RightNames = strings.Join(rights, ", ")
		for _, offered := range languageOptions(user.Language) {
			if offered.Chosen {
				row.LanguageName = offered.Text
			}
		}
		p.Users = append(p.Users, row)
	}
	return s.render(w, http.StatusOK, p)
}
