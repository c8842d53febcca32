package api

import "agendaonline/internal/service"

// LinkPlan is what the first sync of a link would do that is not made yet.
type LinkPlan struct {
	Plan
	Failing *Failing `json:"failing,omitempty" doc:"Why the calendar could not be read just now. There are no figures then."`
}

func (c *call) planLink(*struct{}) (reply[LinkPlan], error) {
	typed, err := c.linkInput()
	if err != nil {
		return reply[LinkPlan]{}, err
	}
	return c.planned(typed)
}

func (c *call) planGrant(in *GrantPath) (reply[LinkPlan], error) {
	typed, _, err := c.chosen(in)
	if err != nil {
		return reply[LinkPlan]{}, err
	}
	return c.planned(typed)
}

func (c *call) planned(typed service.LinkInput) (reply[LinkPlan], error) {
	c.patient()
	view, err := c.service.PlanLink(c.ctx(), c.caller, typed, nil, nil)
	if err != nil {
		return reply[LinkPlan]{}, err
	}
	body := LinkPlan{Plan: *plan(&view)}
	if view.Failing.Reason != "" {
		body.Failing = c.failing(view.Failing)
	}
	return reply[LinkPlan]{body: body}, nil
}
