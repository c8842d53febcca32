package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// Action is an action as the caller may see it. Of a private action of another only id, version, busy, followed_by, dates and
// times are filled in.
type Action struct {
	ID      string `json:"id" format:"uuid"`
	Version int64  `json:"version" doc:"Rises with every change; the ETag."`
	Busy    bool   `json:"busy" doc:"A private action of another: only that its follower is busy then is shown."`

	Subject     string   `json:"subject"`
	Description string   `json:"description"`
	StartDate   Optional `json:"start_date" format:"date"`
	StartTime   Optional `json:"start_time" doc:"14:30 or 14:30:15, in time_zone."`
	EndDate     Optional `json:"end_date" format:"date" doc:"The last day."`
	EndTime     Optional `json:"end_time"`
	TimeZone    string   `json:"time_zone" doc:"The IANA zone that the times are in."`

	FollowedBy   Optional `json:"followed_by" format:"uuid" doc:"The user whose calendar it goes to; null for nobody."`
	FollowerName string   `json:"follower_name"`
	DueDate      Optional `json:"due_date" format:"date" doc:"The deadline, a date of its own."`
	Type         Optional `json:"type" format:"uuid"`
	Status       Optional `json:"status" format:"uuid"`
	Priority     Optional `json:"priority" format:"uuid"`

	ThirdParty     string     `json:"third_party"`
	ThirdPartyKind Optional   `json:"third_party_kind" enum:"customer,prospect,supplier"`
	Contact        string     `json:"contact"`
	Dossier        string     `json:"dossier"`
	FollowsUp      Optional   `json:"follows_up" format:"uuid" doc:"The action that this one follows up."`
	Documents      []Document `json:"documents" nullable:"false" doc:"Links to documents; left out of lists, which give an empty list."`

	Private    bool     `json:"private" doc:"Its event is private: others see only that its follower is busy."`
	ShownBusy  bool     `json:"shown_busy" doc:"It came from a calendar of which others see only when its user is busy: so of this action too."`
	CreatedAt  Optional `json:"created_at" format:"date-time"`
	CreatedBy  *Actor   `json:"created_by,omitempty"`
	ModifiedAt Optional `json:"modified_at" format:"date-time"`
	ModifiedBy *Actor   `json:"modified_by,omitempty"`
	DeletedAt  Optional `json:"deleted_at" format:"date-time" doc:"Since when it is in the trash."`
	Hidden     bool     `json:"hidden" doc:"It was taken off the screens: it is in no list but that of hidden ones."`
	Sync       *Sync    `json:"sync,omitempty"`
	May        May      `json:"may"`
}

// Document is a link to a document.
type Document struct {
	Title string `json:"title" required:"false"`
	URL   string `json:"url" format:"uri" doc:"An http or https address."`
}

// Actor is who did something.
type Actor struct {
	Kind string   `json:"kind" enum:"user,link,system"`
	User Optional `json:"user" format:"uuid"`
	Link Optional `json:"link" format:"uuid"`
}

// Sync is how an action stands towards the calendar.
type Sync struct {
	State  string            `json:"state" enum:"synced,pending,held,set_aside,read_only,not_synced"`
	Reason string            `json:"reason" doc:"A stable code, empty where the state says it all."`
	Params map[string]string `json:"params"`
	Detail string            `json:"detail" doc:"The reason in the caller's language."`
}

// May is what the caller may do with an action.
type May struct {
	Change        bool   `json:"change"`
	Delete        bool   `json:"delete"`
	Reassign      bool   `json:"reassign" doc:"Give it to whomever."`
	Restore       bool   `json:"restore" doc:"Take it out of the trash."`
	Purge         bool   `json:"purge" doc:"Remove it for good."`
	Hide          bool   `json:"hide" doc:"Take it off the screens, without a word to the calendar."`
	Unhide        bool   `json:"unhide"`
	WhyNot        string `json:"why_not" doc:"The code of why it may not be changed."`
	ReadOnlyUnits bool   `json:"read_only_units" doc:"Subject, description, dates and times stay as they are in a calendar that can only be read."`
}

func (c *call) action(view service.ActionView) Action {
	shown := Action{
		ID: view.ID.String(), Version: view.Version, Busy: view.Busy,
		Subject: view.Subject, Description: view.Description,
		StartDate: Optional(view.When.StartDate.String()), StartTime: Optional(view.When.StartTime.String()),
		EndDate: Optional(view.When.EndDate.String()), EndTime: Optional(view.When.EndTime.String()), TimeZone: view.When.Zone,
		FollowedBy: idText(view.FollowedBy), FollowerName: view.FollowerName, DueDate: Optional(view.DueDate.String()),
		Type: idText(view.Type), Status: idText(view.Status), Priority: idText(view.Priority),
		ThirdParty: view.ThirdParty, ThirdPartyKind: Optional(view.ThirdPartyKind), Contact: view.Contact, Dossier: view.Dossier,
		FollowsUp: idText(view.FollowsUp),
		Documents: views(view.Documents, func(d crm.Document) Document { return Document{d.Title, d.URL} }),
		Private:   view.Private, ShownBusy: view.ShownBusy, CreatedAt: instant(view.CreatedAt), ModifiedAt: instant(view.ModifiedAt), DeletedAt: instant(view.DeletedAt), Hidden: view.Hidden,
		May: May{
			Change: view.MayChange, Delete: view.MayDelete, Reassign: view.MayReassign, Restore: view.MayRestore, Purge: view.MayPurge,
			Hide: view.MayHide, Unhide: view.MayUnhide, WhyNot: view.WhyNot, ReadOnlyUnits: view.ReadOnlyUnits,
		},
	}
	if view.Busy {
		return shown
	}
	shown.CreatedBy, shown.ModifiedBy = actor(view.CreatedBy), actor(view.ModifiedBy)
	shown.Sync = &Sync{
		State: string(view.Sync.Name), Reason: string(view.Sync.Reason), Params: params(view.Sync.Params),
		Detail: c.reason(view.Sync.Reason, view.Sync.Params),
	}
	return shown
}

func actor(of crm.Actor) *Actor {
	return &Actor{Kind: string(of.Kind), User: idText(of.User), Link: idText(of.Link)}
}

// reason is a reason in the caller's language, "" for none.
func (c *call) reason(reason crm.Reason, places map[string]string) string {
	if reason == "" {
		return ""
	}
	return i18n.Reason(c.language, reason, places)
}

// say is the sentence of a code in the caller's language, "" for none.
func (c *call) say(code string, places map[string]string) string {
	if code == "" {
		return ""
	}
	return i18n.T(c.language, code, places)
}

// show is a row as the problem of a version shows it.
func (c *call) show(current any) any {
	switch row := current.(type) {
	case service.ActionView:
		return c.action(row)
	case service.LinkView:
		return c.link(row)
	case crm.User:
		return user(row)
	case crm.Settings:
		return settings(row)
	}
	return nil
}

// ActionInput is what makes or changes an action. A field that is left out is empty in a new action and after PUT, and stays
// as it is with PATCH; what it says of type, status, priority and time zone stays with PUT too.
type ActionInput struct {
	Subject     string   `json:"subject,omitempty"`
	Description string   `json:"description,omitempty"`
	StartDate   Optional `json:"start_date,omitempty" format:"date" doc:"2026-11-23"`
	StartTime   Optional `json:"start_time,omitempty" doc:"14:30 or 14:30:15"`
	EndDate     Optional `json:"end_date,omitempty" format:"date"`
	EndTime     Optional `json:"end_time,omitempty"`
	TimeZone    Optional `json:"time_zone,omitempty" doc:"An IANA name; the follower's when a new action has none."`

	FollowedBy Optional `json:"followed_by,omitempty" format:"uuid"`
	DueDate    Optional `json:"due_date,omitempty" format:"date"`
	Type       Optional `json:"type,omitempty" format:"uuid" doc:"The default of its list when a new action has none."`
	Status     Optional `json:"status,omitempty" format:"uuid"`
	Priority   Optional `json:"priority,omitempty" format:"uuid"`

	ThirdParty     string     `json:"third_party,omitempty"`
	ThirdPartyKind Optional   `json:"third_party_kind,omitempty" enum:"customer,prospect,supplier"`
	Contact        string     `json:"contact,omitempty"`
	Dossier        string     `json:"dossier,omitempty"`
	FollowsUp      Optional   `json:"follows_up,omitempty" format:"uuid"`
	Documents      []Document `json:"documents,omitempty" nullable:"false"`
}

// actionInput is an action as ActionInput has it, for PATCH to start from.
func actionInput(in service.ActionInput) ActionInput {
	return ActionInput{
		Subject: in.Subject, Description: in.Description,
		StartDate: Optional(in.StartDate), StartTime: Optional(in.StartTime), EndDate: Optional(in.EndDate), EndTime: Optional(in.EndTime),
		TimeZone: Optional(in.TimeZone), FollowedBy: idText(in.FollowedBy), DueDate: Optional(in.DueDate),
		Type: idText(in.Type), Status: idText(in.Status), Priority: idText(in.Priority),
		ThirdParty: in.ThirdParty, ThirdPartyKind: Optional(in.ThirdPartyKind), Contact: in.Contact, Dossier: in.Dossier,
		FollowsUp: idText(in.FollowsUp),
		Documents: views(in.Documents, func(d crm.Document) Document { return Document{d.Title, d.URL} }),
	}
}

// input is what service takes.
func (in ActionInput) input() (service.ActionInput, error) {
	var r reading
	typed := service.ActionInput{
		Subject: in.Subject, Description: in.Description,
		StartDate: string(in.StartDate), StartTime: string(in.StartTime), EndDate: string(in.EndDate), EndTime: string(in.EndTime),
		TimeZone: string(in.TimeZone), FollowedBy: readID[crm.User](&r, "followed_by", in.FollowedBy), DueDate: string(in.DueDate),
		Type: readID[crm.Choice](&r, "type", in.Type), Status: readID[crm.Choice](&r, "status", in.Status),
		Priority:   readID[crm.Choice](&r, "priority", in.Priority),
		ThirdParty: in.ThirdParty, ThirdPartyKind: crm.ThirdPartyKind(in.ThirdPartyKind), Contact: in.Contact, Dossier: in.Dossier,
		FollowsUp: readID[crm.Action](&r, "follows_up", in.FollowsUp),
	}
	for _, document := range in.Documents {
		typed.Documents = append(typed.Documents, crm.Document{Title: document.Title, URL: document.URL})
	}
	return typed, r.err()
}
