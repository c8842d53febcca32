package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// EachInput is a decision about each of some deletions that wait together; the others wait on.
type EachInput struct {
	Decisions []EachDecision `json:"decisions" nullable:"false"`
}

// EachDecision is the decision about one action.
type EachDecision struct {
	Action   string `json:"action" format:"uuid"`
	Decision string `json:"decision" doc:"delete or write_back."`
}

func (c *call) decideEach(in *HeldPath) error {
	var id service.HeldID
	if err := id.UnmarshalText([]byte(in.ID)); err != nil || id.IsZero() {
		return service.ErrNotFound
	}
	var body EachInput
	if err := c.decode(&body); err != nil {
		return err
	}
	var r reading
	each := map[crm.ActionID]string{}
	for _, one := range body.Decisions {
		each[readID[crm.Action](&r, "decisions", Optional(one.Action))] = one.Decision
	}
	if err := r.err(); err != nil {
		return err
	}
	return c.service.DecideEach(c.ctx(), c.caller, id, each)
}
