package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// OpenActions are the open actions of a user: out of the trash, without a date or with one that is not past.
type OpenActions struct {
	Count    int `json:"count" doc:"That can be handed over."`
	Private  int `json:"private" doc:"That stay with the user: nobody else may see them."`
	ReadOnly int `json:"read_only" doc:"That stay with their event, which is somebody else's or read-only."`
}

// HandOverInput names a successor.
type HandOverInput struct {
	To Optional `json:"to" format:"uuid" doc:"Who follows the actions from now on."`
}

// HandOver is what became of the open actions of a user.
type HandOver struct {
	Moved int         `json:"moved"`
	Left  OpenActions `json:"left"`
}

func openActions(open service.OpenActions) OpenActions {
	return OpenActions{open.Count, open.Private, open.ReadOnly}
}

func (c *call) openActionsOf(in *UserPath) (reply[OpenActions], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[OpenActions]{}, err
	}
	open, err := c.service.OpenActionsOf(c.ctx(), c.caller, id)
	return reply[OpenActions]{body: openActions(open)}, err
}

func (c *call) handOver(in *UserPath) (reply[HandOver], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[HandOver]{}, err
	}
	var body HandOverInput
	if err := c.decode(&body); err != nil {
		return reply[HandOver]{}, err
	}
	var r reading
	to := readID[crm.User](&r, "to", body.To)
	if err := r.err(); err != nil {
		return reply[HandOver]{}, err
	}
	result, err := c.service.HandOverActions(c.ctx(), c.caller, id, to)
	return reply[HandOver]{body: HandOver{result.Moved, openActions(result.OpenActions)}}, err
}

// UserEnd is what became of the grant of a deleted user's link.
type UserEnd struct {
	Revocation string `json:"revocation" enum:",revoked,not_offered,failed,shared" doc:"As at the end of a link."`
}

func (c *call) deleteUser(in *UserChange) (reply[UserEnd], error) {
	id, err := pathID[crm.User](in.ID)
	if err != nil {
		return reply[UserEnd]{}, err
	}
	version, err := in.version()
	if err != nil {
		return reply[UserEnd]{}, err
	}
	revoked, err := c.service.DeleteUser(c.ctx(), c.caller, id, version)
	return reply[UserEnd]{body: UserEnd{string(revoked)}}, err
}
