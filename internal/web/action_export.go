package web

import (
	"encoding/csv"
	"io"
	"net/http"
	"strings"

	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// exportActions sends the list, all pages of it, as CSV (RFC 4180) for a spreadsheet: UTF-8 with a byte order mark, and with
// semicolons where the spreadsheets of the language expect them.
func exportActions(s *site, w http.ResponseWriter, r *request) error {
	query := r.readFilter(r.URL.Query()).query
	query.Limit = 200
	page, err := s.Service.List(r.Context(), r.caller, query)
	if err != nil {
		return err
	}
	choices, err := s.Service.Choices(r.Context(), r.caller)
	if err != nil {
		return err
	}
	names := r.choiceNames(choices)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+r.T("export.file")+"-"+r.Today().String()+`.csv"`)
	out, err := r.csv(w)
	if err != nil {
		return nil //nolint:nilerr // the reader went away
	}
	for {
		for _, action := range page.Actions {
			if err := out.Write(r.csvLine(action, names)); err != nil {
				return nil
			}
		}
		out.Flush()
		if page.Next == "" || out.Error() != nil {
			return nil
		}
		query.Cursor = page.Next
		if page, err = s.Service.List(r.Context(), r.caller, query); err != nil {
			// The head is sent already: a file that ends before its end must not look whole.
			s.Log.ErrorContext(r.Context(), "export actions", "error", err)
			panic(http.ErrAbortHandler)
		}
	}
}

// csv writes the line of the columns' names.
func (w words) csv(to io.Writer) (*csv.Writer, error) {
	if _, err := io.WriteString(to, "\ufeff"); err != nil {
		return nil, err
	}
	out := csv.NewWriter(to)
	out.UseCRLF = true
	if w.Lang != i18n.English {
		out.Comma = ';'
	}
	var heads []string
	for _, name := range []string{
		"subject", "start_date", "start_time", "end_date", "end_time", "time_zone", "followed_by", "third_party", "third_party_kind", "contact", "dossier",
		"type", "status", "priority", "due_date", "description", "sync",
	} {
		heads = append(heads, w.T("field."+name))
	}
	return out, out.Write(heads)
}

func (w words) csvLine(action service.ActionView, names choiceNames) []string {
	row := w.row(action, names)
	kind := ""
	if action.ThirdPartyKind != "" {
		kind = w.T("third_party_kind." + string(action.ThirdPartyKind))
	}
	subject := action.Subject
	if action.Busy {
		subject = row.Subject
	}
	state := row.Sync.Word
	if row.Sync.Why != "" {
		state += " (" + row.Sync.Why + ")"
	}
	line := []string{
		subject, action.When.StartDate.String(), action.When.StartTime.String(), action.When.EndDate.String(), action.When.EndTime.String(), action.When.Zone,
		action.FollowerName, action.ThirdParty, kind, action.Contact, action.Dossier, row.Type, row.Status, names[action.Priority], action.DueDate.String(),
		action.Description, state,
	}
	for i := range line {
		line[i] = notAFormula(line[i])
	}
	return line
}

// notAFormula keeps a spreadsheet from reckoning what somebody wrote into a calendar: a text that begins as a formula does gets
// an apostrophe before it.
func notAFormula(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
