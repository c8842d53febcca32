package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// CreateInput is a new row.
type CreateInput struct{ Keyed }

// ActionPath names an action.
type ActionPath struct {
	ID string `path:"id"`
}

// ActionChange is a change of an action.
type ActionChange struct {
	ActionPath
	Conditional
	InviteAgain bool `query:"invite_again" doc:"Agrees as tell_guests does, and invites the guests again where the caller's own event is made again: a date given again, or another follower. Otherwise such an event comes without its guests."`
	TellGuests  bool `query:"tell_guests" doc:"The calendar server may tell the guests of the caller's own event. Otherwise a change of subject, dates, times or follower and a deletion are saved, and wait as held (guests) until a person decides."`
}

// ActionDeed is something done to an action whatever its version.
type ActionDeed struct {
	ActionPath
	Keyed
}

// ActionRestore takes an action out of the trash.
type ActionRestore struct {
	ActionDeed
	InviteAgain bool `query:"invite_again" doc:"The guests of the caller's own event, which is made again, are invited again."`
	TellGuests  bool `query:"tell_guests" doc:"The event is made again without its guests. Without either word it waits as held (guests) until a person decides."`
}

// guestsSaid is a caller with what his request says about guests.
func guestsSaid(caller service.Caller, tell, invite bool) service.Caller {
	switch {
	case invite:
		caller.Guests = service.InviteGuests
	case tell:
		caller.Guests = service.TellGuests
	}
	return caller
}

func (c *call) getAction(in *ActionPath) (reply[Action], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.shown(id)
}

// shown is an action as the caller may see it now.
func (c *call) shown(id crm.ActionID) (reply[Action], error) {
	view, err := c.service.Get(c.ctx(), c.caller, id)
	if err != nil {
		return reply[Action]{}, err
	}
	return reply[Action]{version: view.Version, body: c.action(view)}, nil
}

// afterwards is an action that the caller has just changed. It may have become one that he cannot see.
func (c *call) afterwards(action crm.Action, err error) (reply[Action], error) {
	if err != nil {
		return reply[Action]{}, err
	}
	return c.shown(action.ID)
}

func (c *call) createAction(*CreateInput) (reply[Action], error) {
	var body ActionInput
	if err := c.decode(&body); err != nil {
		return reply[Action]{}, err
	}
	typed, err := body.input()
	if err != nil {
		return reply[Action]{}, err
	}
	made, err := c.afterwards(c.service.Create(c.ctx(), c.caller, typed))
	made.location = "/actions/" + made.body.ID
	return made, err
}

func (c *call) replaceAction(in *ActionChange) (reply[Action], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Action]{}, err
	}
	return c.saveAction(in, id, version, ActionInput{})
}

func (c *call) changeAction(in *ActionChange) (reply[Action], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Action]{}, err
	}
	// Another version than the one that is read here is refused by Change, so the fields that are left out are those of version.
	view, err := c.service.Get(c.ctx(), c.caller, id)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.saveAction(in, id, version, actionInput(service.InputOf(view.Action)))
}

// saveAction writes the body over what it starts from.
func (c *call) saveAction(in *ActionChange, id crm.ActionID, version int64, body ActionInput) (reply[Action], error) {
	if err := c.decode(&body); err != nil {
		return reply[Action]{}, err
	}
	typed, err := body.input()
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.Change(c.ctx(), c.telling(in), id, version, typed))
}

// telling is the caller with what the request says about guests.
func (c *call) telling(in *ActionChange) service.Caller {
	caller := c.caller
	return guestsSaid(caller, in.TellGuests, in.InviteAgain)
}

func (in *ActionChange) named() (crm.ActionID, int64, error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return id, 0, err
	}
	version, err := in.version()
	return id, version, err
}

func (c *call) deleteAction(in *ActionChange) (reply[Action], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.Delete(c.ctx(), c.telling(in), id, version))
}

func (c *call) restoreAction(in *ActionRestore) (reply[Action], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.Restore(c.ctx(), guestsSaid(c.caller, in.TellGuests, in.InviteAgain), id))
}

func (c *call) purgeAction(in *ActionDeed) error {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return err
	}
	return c.service.Purge(c.ctx(), c.caller, id)
}

func (c *call) hideAction(in *ActionDeed) (reply[Action], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.Hide(c.ctx(), c.caller, id))
}

func (c *call) unhideAction(in *ActionDeed) (reply[Action], error) {
	id, err := pathID[crm.Action](in.ID)
	if err != nil {
		return reply[Action]{}, err
	}
	return c.afterwards(c.service.Unhide(c.ctx(), c.caller, id))
}
