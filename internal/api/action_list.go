package api

import (
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// ListInput is what a list of actions asks for.
type ListInput struct {
	Text       string   `query:"text" doc:"All words, the last as a prefix, in subject, description, third party, contact and dossier."`
	ThirdParty string   `query:"third_party"`
	Contact    string   `query:"contact"`
	Dossier    string   `query:"dossier"`
	Type       []string `query:"type" nullable:"false" doc:"Ids, separated by commas: any of them. So with the other lists."`
	Status     []string `query:"status" nullable:"false"`
	Sync       []string `query:"sync" nullable:"false" doc:"States towards the calendar."`
	FollowedBy []string `query:"followed_by" nullable:"false" doc:"Ids of users; also me and nobody."`

	From         string `query:"from" format:"date" doc:"The days of the action, from start through end, touch the range; both ends are in it."`
	To           string `query:"to" format:"date"`
	DueFrom      string `query:"due_from" format:"date"`
	DueTo        string `query:"due_to" format:"date"`
	CreatedFrom  string `query:"created_from" format:"date-time" doc:"Instants, RFC 3339; the end of the range is not in it."`
	CreatedTo    string `query:"created_to" format:"date-time"`
	ModifiedFrom string `query:"modified_from" format:"date-time"`
	ModifiedTo   string `query:"modified_to" format:"date-time"`

	Trash  bool   `query:"trash" doc:"Only those in the trash, hidden or not."`
	Hidden bool   `query:"hidden" doc:"Only those that were hidden."`
	Cursor string `query:"cursor" doc:"next or previous of a page, with the same query."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// ActionList is one page of actions, by start, else end, the latest first, undated last.
type ActionList struct {
	Actions  []Action `json:"actions" nullable:"false"`
	Next     Optional `json:"next" doc:"The cursor of the page after this one."`
	Previous Optional `json:"previous"`
	Total    int      `json:"total" doc:"How many match."`
	More     bool     `json:"more" doc:"More than total match: counting stopped there."`
}

func (c *call) list(in *ListInput) (reply[ActionList], error) {
	query, err := in.query(c.caller.User.ID)
	if err != nil {
		return reply[ActionList]{}, err
	}
	page, err := c.service.List(c.ctx(), c.caller, query)
	if err != nil {
		return reply[ActionList]{}, err
	}
	return reply[ActionList]{body: ActionList{
		Actions: views(page.Actions, c.action), Next: Optional(page.Next), Previous: Optional(page.Previous), Total: page.Total, More: page.More,
	}}, nil
}

func (in *ListInput) query(me crm.UserID) (service.ActionQuery, error) {
	var r reading
	query := service.ActionQuery{
		Text: in.Text, ThirdParty: in.ThirdParty, Contact: in.Contact, Dossier: in.Dossier,
		Types: readIDs[crm.Choice](&r, "type", in.Type), Statuses: readIDs[crm.Choice](&r, "status", in.Status),
		From: r.date("from", in.From), To: r.date("to", in.To), DueFrom: r.date("due_from", in.DueFrom), DueTo: r.date("due_to", in.DueTo),
		CreatedFrom: r.instant("created_from", in.CreatedFrom), CreatedTo: r.instant("created_to", in.CreatedTo),
		ModifiedFrom: r.instant("modified_from", in.ModifiedFrom), ModifiedTo: r.instant("modified_to", in.ModifiedTo),
		Trash: in.Trash, Hidden: in.Hidden, Cursor: in.Cursor, Limit: in.Limit,
	}
	for _, state := range in.Sync {
		query.Sync = append(query.Sync, crm.SyncName(state))
	}
	for _, who := range in.FollowedBy {
		switch who {
		case "nobody":
			query.Nobody = true
		case "me":
			query.FollowedBy = append(query.FollowedBy, me)
		default:
			query.FollowedBy = append(query.FollowedBy, readIDs[crm.User](&r, "followed_by", []string{who})...)
		}
	}
	return query, r.err()
}

// readIDs reads a list of ids. An empty one names nothing, and must not be taken for "all".
func readIDs[Of any](r *reading, field string, list []string) []crm.ID[Of] {
	var ids []crm.ID[Of]
	for _, text := range list {
		id := readID[Of](r, field, Optional(text))
		if text == "" {
			r.problems = append(r.problems, crm.NewProblem(codeID, field))
		}
		ids = append(ids, id)
	}
	return ids
}

func (r *reading) date(field, text string) crm.Date {
	date, err := crm.ParseDate(text)
	if err != nil {
		r.problems = append(r.problems, crm.NewProblem(service.CodeDateFormat, field, "value", shortened(text)))
	}
	return date
}

func (r *reading) instant(field, text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		r.problems = append(r.problems, crm.NewProblem(codeInstant, field))
	}
	return at
}
