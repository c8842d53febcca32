package web

import (
	"errors"
	"net/http"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// tokensPage lists the API tokens of a user and makes new ones of one's own.
type tokensPage struct {
	frame
	Heading   string
	Own       bool
	BackPath  string
	BackText  string
	Tokens    []tokenRow
	Secret    string // of the token just made; shown this once
	NameField input
	Expires   input
	Problem   string
}

func (tokensPage) view() string { return "tokens" }

// tokenRow is one token in words.
type tokenRow struct {
	service.TokenView
	Created, Used, Expires, RevokePath string
	State                              stateChip
}

func showOwnTokens(s *site, w http.ResponseWriter, r *request) error {
	return s.showTokensWith(w, r, http.StatusOK, r.caller.User, "", "", "", fieldProblems{})
}

func showUserTokens(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	return s.showTokensWith(w, r, http.StatusOK, user, "", "", "", fieldProblems{})
}

func (s *site) showTokensWith(w http.ResponseWriter, r *request, status int, user crm.User, secret, name, expires string, wrong fieldProblems) error {
	tokens, err := s.Service.Tokens(r.Context(), r.caller, user.ID)
	if err != nil {
		return err
	}
	p := tokensPage{Own: user.ID == r.caller.User.ID, Secret: secret, Problem: wrong[""]}
	current, path := "", tokensPath
	p.Heading, p.BackPath, p.BackText = r.T("tokens.title"), accountPath, r.T("account.title")
	if !p.Own {
		current, path = "parameters", usersPath+"/"+user.ID.String()+"/tokens"
		p.Heading, p.BackPath, p.BackText = r.T("tokens.of", "name", user.Name), usersPath+"/"+user.ID.String(), user.Name
	}
	if p.frame, err = s.frame(r, current, p.Heading); err != nil {
		return err
	}
	p.Toast = done(r)
	p.NameField = input{Name: "name", Class: "w6 phone-full", Label: r.T("tokens.name"), Value: name, Autocomplete: "off"}.on(wrong)
	p.Expires = input{Name: "expires_at", Class: "w6 phone-full", Label: r.T("tokens.expires"), Hint: r.T("tokens.expires_hint"), Value: expires, Autocomplete: "off", Optional: r.T("people.optional")}.on(wrong)
	for _, token := range tokens {
		p.Tokens = append(p.Tokens, tokenRowOf(r, token, path))
	}
	return s.render(w, status, p)
}

func tokenRowOf(r *request, token service.TokenView, path string) tokenRow {
	row := tokenRow{
		TokenView: token, Created: r.Moment(token.CreatedAt), Used: r.T("tokens.never_used"), Expires: r.T("tokens.no_end"),
		State: stateChip{State: "active", Icon: "check", Word: r.T("tokens.in_force")}, RevokePath: path + "/" + token.ID.String() + "/revoke",
	}
	if !token.LastUsedAt.IsZero() {
		row.Used = r.Ago(token.LastUsedAt)
	}
	if !token.ExpiresAt.IsZero() {
		row.Expires = r.Long(crm.DateOf(token.ExpiresAt.In(r.zone).Add(-time.Second)))
	}
	switch {
	case !token.RevokedAt.IsZero():
		row.State = stateChip{State: "off", Icon: "none", Word: r.T("tokens.revoked")}
	case !token.InForce:
		row.State = stateChip{State: "off", Icon: "none", Word: r.T("tokens.expired")}
	}
	return row
}

// saveToken makes a token and shows it, in the answer to the form itself: no address leads there again.
func saveToken(s *site, w http.ResponseWriter, r *request) error {
	if err := posted(r); err != nil {
		return err
	}
	name, expires := r.PostForm.Get("name"), r.PostForm.Get("expires_at")
	in := service.TokenInput{Name: name}
	if expires != "" {
		day, err := crm.ParseDate(r.typedDate(expires))
		if err != nil || day.IsZero() {
			return s.showTokensWith(w, r, http.StatusUnprocessableEntity, r.caller.User, "", name, expires, fieldProblems{"expires_at": r.T("tokens.date")})
		}
		next := day.AddDays(1) // in force through that day, where its user is
		in.ExpiresAt = time.Date(next.Year, next.Month, next.Day, 0, 0, 0, 0, r.zone)
	}
	_, secret, err := s.Service.CreateToken(r.Context(), r.caller, in)
	if problems, is := errors.AsType[crm.Problems](err); is {
		return s.showTokensWith(w, r, http.StatusUnprocessableEntity, r.caller.User, "", name, expires, r.fieldProblemsOf(problems, "name", "expires_at"))
	}
	if err != nil {
		return err
	}
	return s.showTokensWith(w, r, http.StatusOK, r.caller.User, secret, "", "", fieldProblems{})
}

func revokeOwnToken(s *site, w http.ResponseWriter, r *request) error {
	return s.revokeToken(w, r, r.caller.User.ID, tokensPath)
}

func revokeUserToken(s *site, w http.ResponseWriter, r *request) error {
	user, err := s.userOfPath(r)
	if err != nil {
		return err
	}
	return s.revokeToken(w, r, user.ID, usersPath+"/"+user.ID.String()+"/tokens")
}

func (s *site) revokeToken(w http.ResponseWriter, r *request, user crm.UserID, path string) error {
	var id service.TokenID
	if err := id.UnmarshalText([]byte(r.PathValue("token"))); err != nil {
		return errNoPage
	}
	if err := s.Service.RevokeToken(r.Context(), r.caller, user, id); err != nil {
		return err
	}
	return see(w, r, path+"?done=tokens.revoked_now")
}
