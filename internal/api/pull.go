package api

import (
	"context"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// longestWait is how long an answer may be put off for a pull to end.
const longestWait = 60 * time.Second

// PullInput says that the actions screen was opened, or its like.
type PullInput struct {
	FollowedBy  []string `json:"followed_by,omitempty" nullable:"false" doc:"The users whose calendars are pulled, the caller's own first; left out, everybody's."`
	WaitSeconds int      `json:"wait_seconds,omitempty" minimum:"0" maximum:"60" doc:"Answer when the pull has ended, but not later than this. 0: at once."`
}

// Pull is how the last round of pulls stands.
type Pull struct {
	Running    bool          `json:"running"`
	LinksDone  int           `json:"links_done"`
	LinksTotal int           `json:"links_total"`
	Processed  int           `json:"processed"`
	Expected   int           `json:"expected"`
	New        int           `json:"new"`
	Changed    int           `json:"changed"`
	Removed    int           `json:"removed"`
	AgeSeconds float64       `json:"age_seconds" doc:"How long ago the result came in; 0 while it runs and when there is none."`
	Failing    []LinkFailure `json:"failing" nullable:"false" doc:"Calendars that bring nothing in, paused ones left out."`
}

// LinkFailure names a calendar that does not answer, or not to us.
type LinkFailure struct {
	Link     string            `json:"link" format:"uuid"`
	UserName string            `json:"user_name"`
	State    string            `json:"state" enum:"failing,sign_in_again,needs_decision"`
	Reason   string            `json:"reason"`
	Params   map[string]string `json:"params"`
	Detail   string            `json:"detail"`
	Since    Optional          `json:"since" format:"date-time"`
}

func (c *call) pull(*struct{}) (reply[Pull], error) {
	var body PullInput
	if err := c.decode(&body); err != nil {
		return reply[Pull]{}, err
	}
	var r reading
	followers := readIDs[crm.User](&r, "followed_by", body.FollowedBy)
	wait := time.Duration(body.WaitSeconds) * time.Second
	if body.WaitSeconds < 0 || wait > longestWait {
		r.problems = append(r.problems, crm.NewProblem(codeParameter, "wait_seconds"))
	}
	if err := r.err(); err != nil {
		return reply[Pull]{}, err
	}
	ticket, err := c.service.OpenActions(c.ctx(), c.caller, followers)
	if err != nil {
		return reply[Pull]{}, err
	}
	if wait > 0 {
		c.patient()
		waiting, cancel := context.WithTimeout(c.ctx(), wait)
		defer cancel()
		if err := ticket.Wait(waiting); err != nil && c.ctx().Err() != nil {
			return reply[Pull]{}, err // who asked is gone; that it takes longer is no error
		}
	}
	return c.progress(nil)
}

func (c *call) progress(*struct{}) (reply[Pull], error) {
	progress, err := c.service.Progress(c.ctx(), c.caller)
	return reply[Pull]{body: Pull{
		Running: progress.Running, LinksDone: progress.LinksDone, LinksTotal: progress.LinksTotal, Processed: progress.Processed, Expected: progress.Expected,
		New: progress.New, Changed: progress.Changed, Removed: progress.Removed, AgeSeconds: progress.Age.Seconds(),
		Failing: views(progress.Failing, func(failure service.LinkFailure) LinkFailure {
			return LinkFailure{
				Link: failure.Link.String(), UserName: failure.UserName, State: string(failure.State), Reason: string(failure.Reason),
				Params: params(failure.Params), Detail: c.reason(failure.Reason, failure.Params), Since: instant(failure.Since),
			}
		}),
	}}, err
}
