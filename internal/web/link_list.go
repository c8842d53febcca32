package web

import (
	"net/http"
	"strconv"
	"strings"

	"agendaonline/internal/crm"
)

// linkTable is the panel of all links.
type linkTable struct {
	words
	Rows    []linkRow
	Linked  int
	Users   int    // that could have one
	Without string // the sentence that names those who have none
}

// linksPage is what the magnifier opens: every user's link.
type linksPage struct {
	frame
	Side  []sideLink
	Links linkTable
	Mail  string // that mails cannot be sent, and why; "": they can, as far as is known
}

func (linksPage) view() string { return "links" }

func (s *site) linkTable(r *request) (linkTable, error) {
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return linkTable{}, err
	}
	names, users, err := s.userNamesOf(r)
	if err != nil {
		return linkTable{}, err
	}
	table := linkTable{words: r.words, Rows: linkRows(r, views, names), Linked: len(views), Without: r.T("links.everybody")}
	linked := map[crm.UserID]bool{}
	for _, view := range views {
		linked[view.User] = true
	}
	var without []string
	for _, user := range users {
		if user.Active || linked[user.ID] {
			table.Users++
		}
		if user.Active && !linked[user.ID] {
			without = append(without, user.Name)
		}
	}
	if len(without) > 0 {
		table.Without = r.T("links.without", "names", strings.Join(without, ", "))
	}
	return table, nil
}

func showLinks(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	f, err := s.frame(r, "parameters", r.T("links.title"))
	if err != nil {
		return err
	}
	f.Toast = done(r)
	table, err := s.linkTable(r)
	if err != nil {
		return err
	}
	p := linksPage{frame: f, Side: sideLinks(r, linksPath), Links: table}
	trouble, err := s.Service.MailTrouble(r.Context(), r.caller)
	if err != nil {
		return err
	}
	if trouble.Count > 0 {
		p.Mail = r.T("mail.trouble", "count", trouble.Count) + " " + r.T(trouble.Code)
	}
	return s.render(w, http.StatusOK, p)
}

// syncAllLinks starts a run of every link that may run now.
func syncAllLinks(s *site, w http.ResponseWriter, r *request) error {
	if err := administrator(r); err != nil {
		return err
	}
	views, err := s.Service.Links(r.Context(), r.caller)
	if err != nil {
		return err
	}
	settings, err := s.Service.Settings(r.Context(), r.caller)
	if err != nil {
		return err
	}
	started := 0
	for _, view := range views {
		if !view.MayRun(settings) {
			continue
		}
		if err := s.Service.SyncNow(r.Context(), r.caller, view.ID); err != nil {
			return err
		}
		started++
	}
	return see(w, r, linksPath+"?done=links.synced_all&count="+strconv.Itoa(started))
}
