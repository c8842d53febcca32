package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// Link joins a user and an online calendar. Its password is never shown.
type Link struct {
	ID       string `json:"id" format:"uuid"`
	Version  int64  `json:"version" doc:"Rises with every change that a person makes; the ETag."`
	User     string `json:"user" format:"uuid"`
	UserName string `json:"user_name"`
	Kind     string `json:"kind" enum:"simple,oauth2,google"`

	Address          string   `json:"address" doc:"As typed."`
	Calendar         string   `json:"calendar" doc:"The collection, as the server writes its address."`
	CalendarName     string   `json:"calendar_name"`
	Username         string   `json:"username"`
	Addresses        []string `json:"addresses" nullable:"false" doc:"Calendar user addresses: what makes an event the user's own."`
	AddedAddresses   []string `json:"added_addresses" nullable:"false" doc:"Those that a person added."`
	PlainHTTP        bool     `json:"plain_http"`
	WithoutSyncToken bool     `json:"without_sync_token"`
	ReadOnly         bool     `json:"read_only" doc:"The server lets us read only."`
	ShownBusy        bool     `json:"shown_busy" doc:"Others see of what comes from the calendar only that its user is busy."`

	Certificate *Certificate `json:"certificate,omitempty" doc:"What is shown to the calendar's host and trusted there, by name."`

	States    []string `json:"states" nullable:"false" doc:"All that hold, the most urgent first: new, active, paused, off, read_only, sign_in_again, needs_decision, failing."`
	Paused    *Paused  `json:"paused,omitempty"`
	Ending    *Ending  `json:"ending,omitempty"`
	Failing   *Failing `json:"failing,omitempty"`
	Actions   int      `json:"actions" doc:"Actions bound to an event."`
	Pending   int      `json:"pending" doc:"Actions whose push waits or runs."`
	Held      int      `json:"held" doc:"Decisions that wait for a person."`
	SetAside  int      `json:"set_aside" doc:"Events that cannot be used."`
	Unguarded bool     `json:"unguarded" doc:"The server does not keep one writer from overwriting another: it is read just before and after each write, and the counts of runs say how often that was and when somebody else wrote at the same moment."`
	Traits    []string `json:"traits" nullable:"false" doc:"Named deviations that the server shows."`
	MayManage bool     `json:"may_manage" doc:"The caller may change, pause and end it."`
	MayShow   bool     `json:"may_show" doc:"The caller may choose what others see."`

	FirstSyncedAt Optional `json:"first_synced_at" format:"date-time"`
	LastCheckedAt Optional `json:"last_checked_at" format:"date-time"`
	CreatedAt     Optional `json:"created_at" format:"date-time"`
}

// Certificate names a client certificate and an own authority. Neither is shown itself.
type Certificate struct {
	Subject   string   `json:"subject" doc:"Whose client certificate is shown; empty without one."`
	Until     Optional `json:"until" format:"date-time" doc:"The end of that certificate."`
	Authority string   `json:"authority" doc:"The authority that is trusted beside those that everybody knows; empty without one."`
}

// Paused says since when and by whom a link is paused.
type Paused struct {
	At     Optional `json:"at" format:"date-time"`
	By     Actor    `json:"by"`
	Reason string   `json:"reason"`
	Detail string   `json:"detail"`
}

// Failing says since when a link fails and why.
type Failing struct {
	Since  Optional          `json:"since" format:"date-time"`
	Reason string            `json:"reason"`
	Params map[string]string `json:"params"`
	Detail string            `json:"detail"`
}

// Ending says since when a link is being ended whose events are still to be deleted from its calendar. Its states are those of any
// link: what they say goes for the deletions.
type Ending struct {
	Since Optional `json:"since" format:"date-time"`
	Left  int      `json:"left" doc:"Events that are still to be deleted."`
}

// LinkList is the links that the caller may see.
type LinkList struct {
	Links []Link `json:"links" nullable:"false"`
}

func (c *call) link(view service.LinkView) Link {
	shown := Link{
		ID: view.ID.String(), Version: view.Version, User: view.User.String(), UserName: view.UserName, Kind: string(view.Kind),
		Address: view.Address, Calendar: view.CalendarHref, CalendarName: view.CalendarName, Username: view.Username,
		Addresses: texts(view.Addresses), AddedAddresses: texts(view.Added), PlainHTTP: view.PlainHTTP, WithoutSyncToken: view.WithoutSyncToken, ReadOnly: view.ReadOnly, ShownBusy: view.ShownBusy,
		States: texts(view.States), Actions: view.Actions, Pending: view.Pending, Held: view.Held, SetAside: view.SetAside,
		Unguarded: view.Traits.Unguarded(), Traits: texts(view.Traits.All()), MayManage: view.MayManage, MayShow: view.MayShow,
		FirstSyncedAt: instant(view.FirstSyncedAt), LastCheckedAt: instant(view.LastCheckedAt), CreatedAt: instant(view.CreatedAt),
	}
	if certificate := view.TLS; !certificate.IsZero() {
		shown.Certificate = &Certificate{certificate.Certificate, instant(certificate.Until), certificate.Authority}
	}
	if pause := view.Pause; !pause.At.IsZero() {
		shown.Paused = &Paused{instant(pause.At), *actor(pause.By), string(pause.Reason), c.reason(pause.Reason, nil)}
	}
	if ending := view.Ending; !ending.At.IsZero() {
		shown.Ending = &Ending{instant(ending.At), view.Pending}
	}
	if failing := view.Failing; failing.Reason != "" {
		shown.Failing = c.failing(failing)
	}
	return shown
}

func (c *call) failing(failing crm.Failing) *Failing {
	return &Failing{instant(failing.Since), string(failing.Reason), params(failing.Params), c.reason(failing.Reason, failing.Params)}
}

// LinkPath names a link.
type LinkPath struct {
	ID string `path:"id"`
}

// LinkDeed is something done to a link of one version.
type LinkDeed struct {
	LinkPath
	Conditional
}

func (in *LinkDeed) named() (crm.LinkID, int64, error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return id, 0, err
	}
	version, err := in.version()
	return id, version, err
}

func (c *call) links(*struct{}) (reply[LinkList], error) {
	all, err := c.service.Links(c.ctx(), c.caller)
	return reply[LinkList]{body: LinkList{views(all, c.link)}}, err
}

func (c *call) getLink(in *LinkPath) (reply[Link], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[Link]{}, err
	}
	return c.shownLink(id)
}

func (c *call) shownLink(id crm.LinkID) (reply[Link], error) {
	view, err := c.service.Link(c.ctx(), c.caller, id)
	if err != nil {
		return reply[Link]{}, err
	}
	return reply[Link]{version: view.Version, body: c.link(view)}, nil
}

func (c *call) linkAfterwards(link crm.Link, err error) (reply[Link], error) {
	if err != nil {
		return reply[Link]{}, err
	}
	return c.shownLink(link.ID)
}

func (c *call) pauseLink(in *LinkDeed) (reply[Link], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Link]{}, err
	}
	return c.linkAfterwards(c.service.PauseLink(c.ctx(), c.caller, id, version))
}

func (c *call) resumeLink(in *LinkDeed) (reply[Link], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Link]{}, err
	}
	return c.linkAfterwards(c.service.ResumeLink(c.ctx(), c.caller, id, version))
}

// ShownInput is what others are to see of what comes from a calendar.
type ShownInput struct {
	Busy bool `json:"busy" doc:"Only that its user is busy, administrators included; false: everything that is not private."`
}

func (c *call) showLink(in *LinkDeed) (reply[Link], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Link]{}, err
	}
	var body ShownInput
	if err := c.decode(&body); err != nil {
		return reply[Link]{}, err
	}
	return c.linkAfterwards(c.service.ShowLink(c.ctx(), c.caller, id, version, body.Busy))
}

// LinkEnd is what became of the grant of a link that was ended.
type LinkEnd struct {
	Ending     bool   `json:"ending" doc:"Events are still being deleted from the calendar; the link ends when the last is. To end it again gives the rest up."`
	Trashed    int    `json:"trashed" doc:"Actions that went to the trash."`
	Deleting   int    `json:"deleting" doc:"Events that are being deleted from the calendar."`
	Kept       int    `json:"kept" doc:"Events that stay because the server would tell guests of their deletion."`
	Revocation string `json:"revocation" enum:",revoked,not_offered,failed,shared" doc:"Empty: it signed in by name and password. not_offered and failed: end the grant in the settings of the account. shared: another link signs in by the same grant."`
}

// LinkEndInput says what becomes of what came from the other side.
type LinkEndInput struct {
	LinkDeed
	Actions    string `query:"actions" enum:"keep,trash" doc:"Of the actions that came from the calendar: they stay, or go to the trash. Their events stay."`
	Events     string `query:"events" enum:"keep,delete" doc:"Of the events that the CRM wrote: they stay, or are deleted from the calendar before the link ends. Their actions stay."`
	TellGuests bool   `query:"tell_guests" doc:"Delete events with guests too, whose server tells them. Without it these stay."`
}

func (c *call) endLink(in *LinkEndInput) (reply[LinkEnd], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[LinkEnd]{}, err
	}
	caller := c.caller
	if in.TellGuests {
		caller.Guests = service.TellGuests
	}
	ended, err := c.service.EndLink(c.ctx(), caller, id, version, service.EndInput{Actions: in.Actions, Events: in.Events})
	return reply[LinkEnd]{body: LinkEnd{ended.Ending, ended.Trashed, ended.Deleting, ended.Kept, string(ended.Revocation)}}, err
}

// LinkEndPlan is what the end of a link can do.
type LinkEndPlan struct {
	FromCalendar int    `json:"from_calendar" doc:"Actions that came from the calendar."`
	FromCRM      int    `json:"from_crm" doc:"Events that the CRM wrote."`
	WithGuests   int    `json:"with_guests" doc:"Of these events, those whose deletion the server tells guests of."`
	Guests       int    `json:"guests" doc:"How many guests, counted per event."`
	Pending      int    `json:"pending" doc:"Changes that are not sent yet, and will not be."`
	WhyNoDelete  string `json:"why_no_delete" doc:"Why events cannot be deleted now; empty when they can."`
}

func (c *call) linkEndPlan(in *LinkPath) (reply[LinkEndPlan], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[LinkEndPlan]{}, err
	}
	plan, err := c.service.PlanLinkEnd(c.ctx(), c.caller, id)
	return reply[LinkEndPlan]{body: LinkEndPlan{plan.FromCalendar, plan.FromCRM, plan.WithGuests, plan.Guests, plan.Pending, plan.WhyNoDelete}}, err
}

// LinkClient is the registration at an authorisation server that a link signs in with. Its secret is never shown.
type LinkClient struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	RevocationEndpoint    string `json:"revocation_endpoint"`
	ClientID              string `json:"client_id" doc:"Empty: the link signs in by name and password."`
	Scopes                string `json:"scopes"`
	Style                 string `json:"style"`
}

func (c *call) linkClient(in *LinkPath) (reply[LinkClient], error) {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return reply[LinkClient]{}, err
	}
	client, err := c.service.Client(c.ctx(), c.caller, id)
	return reply[LinkClient]{body: LinkClient{
		client.Issuer, client.AuthorizationEndpoint, client.TokenEndpoint, client.RevocationEndpoint, client.ClientID, client.Scopes, client.Style,
	}}, err
}

func (c *call) syncLink(in *LinkPath) error {
	id, err := pathID[crm.Link](in.ID)
	if err != nil {
		return err
	}
	return c.service.SyncNow(c.ctx(), c.caller, id)
}
