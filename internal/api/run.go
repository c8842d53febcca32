package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// Run is one sync of one link, kept when it changed something or failed.
type Run struct {
	ID        string   `json:"id" format:"uuid"`
	Link      string   `json:"link" format:"uuid"`
	UserName  string   `json:"user_name"`
	Trigger   string   `json:"trigger" enum:"screen,poll,push,person"`
	StartedAt Optional `json:"started_at" format:"date-time"`
	EndedAt   Optional `json:"ended_at" format:"date-time" doc:"null while it runs."`
	Outcome   string   `json:"outcome" doc:"done, failed, stopped; empty while it runs."`
	Reason    string   `json:"reason"`
	Detail    string   `json:"detail" doc:"The reason in the caller's language."`
	Counts    Counts   `json:"counts"`
}

// Counts are what a run did.
type Counts struct {
	New       int `json:"new" doc:"Actions made."`
	Changed   int `json:"changed" doc:"Actions changed."`
	Removed   int `json:"removed" doc:"Actions put into the trash."`
	SetAside  int `json:"set_aside" doc:"Events that could not be used."`
	Created   int `json:"created" doc:"Events made."`
	Patched   int `json:"patched" doc:"Events changed."`
	Deleted   int `json:"deleted" doc:"Events deleted."`
	Refused   int `json:"refused" doc:"Writes that the server refused."`
	Conflicts int `json:"conflicts"`
	Unguarded int `json:"unguarded" doc:"Writes to what existed, on a server that does not keep one writer from overwriting another: what somebody else wrote in that one exchange can be lost."`
	Crossed   int `json:"crossed" doc:"Of those, in which it was seen that somebody else wrote in the same exchange. The action's history has a notice, and the value that was replaced."`
	Requests  int `json:"requests" doc:"Requests to the server."`
}

// RunList is one page of runs, the newest first.
type RunList struct {
	Runs []Run    `json:"runs" nullable:"false"`
	Next Optional `json:"next" doc:"before of the next page."`
}

// RunsInput asks for runs.
type RunsInput struct {
	Before string `query:"before" format:"uuid" doc:"The last run of the page before."`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

// LinkRunsInput asks for the runs of one link.
type LinkRunsInput struct {
	LinkPath
	RunsInput
}

func (c *call) runs(in *RunsInput) (reply[RunList], error) { return c.runsOf(crm.LinkID{}, *in) }

func (c *call) linkRuns(in *LinkRunsInput) (reply[RunList], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[RunList]{}, err
	}
	return c.runsOf(id, in.RunsInput)
}

func (c *call) runsOf(link crm.LinkID, in RunsInput) (reply[RunList], error) {
	var r reading
	query := service.RunQuery{Link: link, Before: readID[crm.Run](&r, "before", Optional(in.Before)), Limit: in.Limit}
	if err := r.err(); err != nil {
		return reply[RunList]{}, err
	}
	found, err := c.service.Runs(c.ctx(), c.caller, query)
	list := RunList{Runs: views(found, c.run)}
	if len(found) > 0 && len(found) == in.Limit {
		list.Next = idText(found[len(found)-1].ID)
	}
	return reply[RunList]{body: list}, err
}

func (c *call) run(view service.RunView) Run {
	counts := view.Counts
	return Run{
		ID: view.ID.String(), Link: view.Link.String(), UserName: view.UserName, Trigger: string(view.Trigger),
		StartedAt: instant(view.StartedAt), EndedAt: instant(view.EndedAt), Outcome: string(view.Outcome),
		Reason: string(view.Reason), Detail: c.reason(view.Reason, nil),
		Counts: Counts{
			New: counts.New, Changed: counts.Changed, Removed: counts.Removed, SetAside: counts.SetAside, Created: counts.Created, Patched: counts.Patched,
			Deleted: counts.Deleted, Refused: counts.Refused, Conflicts: counts.Conflicts, Unguarded: counts.Unguarded, Crossed: counts.Crossed, Requests: counts.Requests,
		},
	}
}

// SetAsideList is the events of a link that cannot be used, at most 500.
type SetAsideList struct {
	Events []SetAside `json:"events" nullable:"false"`
}

// SetAside is an event that cannot be used, with the reason. Subject is empty where the caller may not see it.
type SetAside struct {
	Href    string            `json:"href"`
	Subject string            `json:"subject"`
	When    string            `json:"when" doc:"As the event says it."`
	Private bool              `json:"private" doc:"Or not sure not to be."`
	Reason  string            `json:"reason"`
	Params  map[string]string `json:"params"`
	Detail  string            `json:"detail"`
	SeenAt  Optional          `json:"seen_at" format:"date-time"`
}

func (c *call) setAside(in *LinkPath) (reply[SetAsideList], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[SetAsideList]{}, err
	}
	events, err := c.service.SetAside(c.ctx(), c.caller, id)
	return reply[SetAsideList]{body: SetAsideList{views(events, func(view service.SetAsideView) SetAside {
		return SetAside{
			Href: view.Href, Subject: view.Subject, When: view.When, Private: view.Private, Reason: string(view.Reason), Params: params(view.Params),
			Detail: c.reason(view.Reason, view.Params), SeenAt: instant(view.SeenAt),
		}
	})}}, err
}
