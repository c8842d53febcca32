package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// HeldList is what waits for a decision that the caller may take, the oldest first.
type HeldList struct {
	Held []Held `json:"held" nullable:"false"`
}

// Held is one thing that waits for a person.
type Held struct {
	ID        string   `json:"id" format:"uuid"`
	Link      string   `json:"link" format:"uuid"`
	UserName  string   `json:"user_name"`
	Kind      string   `json:"kind" doc:"deletions, calendar_emptied, other_calendar, guests, first_sync or twins"`
	CreatedAt Optional `json:"created_at" format:"date-time"`
	Count     int      `json:"count" doc:"How many actions it is about."`
	Guests    int      `json:"guests" doc:"Of guests: how many the calendar server would tell."`
	Again     bool     `json:"again" doc:"Of guests: the event is made again, and they would be invited again."`
	Actions   []Action `json:"actions" nullable:"false" doc:"The first 200 of them, as the caller may see them."`
	Decisions []string `json:"decisions" nullable:"false" doc:"What can be decided."`
	Plan      *Plan    `json:"plan,omitempty" doc:"Of first_sync: what it is going to do."`
	Twin      *Twin    `json:"twin,omitempty" doc:"Of twins: the event that looks like the action."`
	Pairs     int      `json:"pairs,omitempty" doc:"Of twins: how many pairs of the link wait, this one among them. The first 200 are listed."`
}

// Plan is what the first sync of a link is going to do. Nothing has been touched yet.
type Plan struct {
	Events   map[string]int `json:"events" nullable:"false" doc:"How many events become actions, by the last day of each."`
	Actions  map[string]int `json:"actions" nullable:"false" doc:"How many actions become events, by the last day of each."`
	Known    int            `json:"known" doc:"Events that are actions already."`
	Twins    int            `json:"twins" doc:"Pairs of the same subject and times, typed on both sides: asked about one by one."`
	LeftOut  int            `json:"left_out" doc:"Events that end before the start that was chosen."`
	SetAside int            `json:"set_aside" doc:"Events that cannot be used."`
	Others   int            `json:"others" doc:"Of the events that become actions, those of somebody else: read-only."`
	Start    Optional       `json:"start" format:"date" doc:"The start that is suggested; null where there is no need of one."`
}

// Twin is an event that looks like an action.
type Twin struct {
	Busy      bool     `json:"busy" doc:"The event is private: its follower is busy then."`
	Subject   string   `json:"subject"`
	StartDate Optional `json:"start_date" format:"date"`
	StartTime Optional `json:"start_time"`
	EndDate   Optional `json:"end_date" format:"date"`
	EndTime   Optional `json:"end_time"`
	TimeZone  string   `json:"time_zone"`
	Place     string   `json:"place"`
	Reminders int      `json:"reminders"`
}

func plan(view *service.PlanView) *Plan {
	if view == nil {
		return nil
	}
	return &Plan{
		Events: figures(view.Events), Actions: figures(view.Actions), Known: view.Known, Twins: view.Twins, LeftOut: view.LeftOut,
		SetAside: view.SetAside, Others: view.Others, Start: Optional(view.Start.String()),
	}
}

func figures(days map[string]int) map[string]int {
	if days == nil {
		return map[string]int{}
	}
	return days
}

func twin(view *service.TwinView) *Twin {
	if view == nil {
		return nil
	}
	return &Twin{
		Busy: view.Busy, Subject: view.Subject, Place: view.Place, Reminders: view.Reminders, TimeZone: view.When.Zone,
		StartDate: Optional(view.When.StartDate.String()), StartTime: Optional(view.When.StartTime.String()),
		EndDate: Optional(view.When.EndDate.String()), EndTime: Optional(view.When.EndTime.String()),
	}
}

// DecisionInput is a decision.
type DecisionInput struct {
	Decision string   `json:"decision" doc:"One of decisions: delete puts the actions into the trash, write_back writes their events back; tell writes the change to the calendar, whose server tells the guests, undo takes the calendar's value back; invite_again makes an event again with its guests (and tells those of the calendar that it leaves), without_guests makes it without them; all brings in a whole first sync, from what does not end before start; same makes an action and an event one, different keeps both."`
	Start    Optional `json:"start,omitempty" format:"date" doc:"Of from: what ends before this day is left out, until it changes."`
	All      bool     `json:"all,omitempty" doc:"Of same and different: decide so about all pairs of the link."`
}

// HeldPath names what waits.
type HeldPath struct {
	Keyed
	ID string `path:"id"`
}

func (c *call) held(*struct{}) (reply[HeldList], error) {
	waiting, err := c.service.Held(c.ctx(), c.caller)
	return reply[HeldList]{body: HeldList{views(waiting, func(view service.HeldView) Held {
		return Held{
			ID: view.ID.String(), Link: view.Link.String(), UserName: view.UserName, Kind: view.Kind, CreatedAt: instant(view.CreatedAt),
			Count: view.Count, Guests: view.Guests, Again: view.Again, Actions: views(view.Actions, c.action), Decisions: texts(view.Decisions),
			Plan: plan(view.Plan), Twin: twin(view.Twin), Pairs: view.Pairs,
		}
	})}}, err
}

func (c *call) decide(in *HeldPath) error {
	var id service.HeldID
	if err := id.UnmarshalText([]byte(in.ID)); err != nil || id.IsZero() {
		return service.ErrNotFound
	}
	var body DecisionInput
	if err := c.decode(&body); err != nil {
		return err
	}
	var r reading
	start := crm.Date{}
	if body.Start != "" {
		start = r.date("start", string(body.Start))
	}
	switch {
	case r.err() != nil:
		return r.err()
	case body.Decision == service.DecideFrom:
		return c.service.DecideStart(c.ctx(), c.caller, id, start)
	case body.All:
		return c.service.DecideAlike(c.ctx(), c.caller, id, body.Decision)
	}
	return c.service.Decide(c.ctx(), c.caller, id, body.Decision)
}
