package api

import "agendaonline/internal/service"

// HeldList is what waits for a decision that the caller may take, the oldest first.
type HeldList struct {
	Held []Held `json:"held" nullable:"false"`
}

// Held is one thing that waits for a person.
type Held struct {
	ID        string   `json:"id" format:"uuid"`
	Link      string   `json:"link" format:"uuid"`
	UserName  string   `json:"user_name"`
	Kind      string   `json:"kind" doc:"deletions, calendar_emptied, other_calendar or guests"`
	CreatedAt Optional `json:"created_at" format:"date-time"`
	Count     int      `json:"count" doc:"How many actions it is about."`
	Guests    int      `json:"guests" doc:"Of guests: how many the calendar server would tell."`
	Actions   []Action `json:"actions" nullable:"false" doc:"The first 200 of them, as the caller may see them."`
	Decisions []string `json:"decisions" nullable:"false" doc:"What can be decided."`
}

// DecisionInput is a decision.
type DecisionInput struct {
	Decision string `json:"decision" doc:"One of decisions: delete puts the actions into the trash, write_back writes their events back; tell writes the change to the calendar, whose server tells the guests, undo takes the calendar's value back."`
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
			Count: view.Count, Guests: view.Guests, Actions: views(view.Actions, c.action), Decisions: texts(view.Decisions),
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
	return c.service.Decide(c.ctx(), c.caller, id, body.Decision)
}
