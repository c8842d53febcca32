package api

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// LinkInput is what makes a link, or is tested.
type LinkInput struct {
	User             Optional `json:"user,omitempty" format:"uuid"`
	Kind             string   `json:"kind,omitempty" enum:"simple" doc:"simple when it is left out."`
	Address          string   `json:"address,omitempty" doc:"A server, a principal, a home, a calendar or an e-mail address."`
	Username         string   `json:"username,omitempty"`
	Password         string   `json:"password,omitempty" writeOnly:"true"`
	PlainHTTP        bool     `json:"plain_http,omitempty" doc:"The password may be sent over http."`
	WithoutSyncToken bool     `json:"without_sync_token,omitempty" doc:"Link a calendar without sync-token: slower."`
	ShownBusy        bool     `json:"shown_busy,omitempty" doc:"Show others of what comes from the calendar only that its user is busy."`
	Calendar         Optional `json:"calendar,omitempty" doc:"The calendar chosen among those that the test found."`
	TestWrite        bool     `json:"test_write,omitempty" doc:"Test writing too: an event is made and taken away again."`
	CertificateInput
	FirstSyncInput
}

// CertificateInput is what is shown to the calendar's host, and trusted there, beyond what the whole installation does.
type CertificateInput struct {
	ClientCertificate string `json:"client_certificate,omitempty" writeOnly:"true" doc:"A client certificate as PEM, its chain behind it."`
	ClientKey         string `json:"client_key,omitempty" writeOnly:"true" doc:"Its private key as PEM, without passphrase. Kept sealed and never shown."`
	Authority         string `json:"authority,omitempty" writeOnly:"true" doc:"Authorities (CA) of the company itself, as PEM, trusted for this host only."`
}

func (in CertificateInput) tls() service.LinkTLS {
	return service.LinkTLS{Certificate: in.ClientCertificate, Key: in.ClientKey, Authorities: in.Authority}
}

// FirstSyncInput is what is chosen about the first sync of a new link. Without either, one of more than 2,000 items waits for a
// decision.
type FirstSyncInput struct {
	FirstSyncFrom Optional `json:"first_sync_from,omitempty" format:"date" doc:"Leave out of the first sync what ends before this day, until it changes."`
	FirstSyncAll  bool     `json:"first_sync_all,omitempty" doc:"Bring in everything, however much it is."`
}

func (in FirstSyncInput) into(r *reading, typed *service.LinkInput) {
	typed.Everything = in.FirstSyncAll
	if in.FirstSyncFrom != "" {
		typed.Start = r.date("first_sync_from", string(in.FirstSyncFrom))
	}
}

func (in LinkInput) input() (service.LinkInput, error) {
	var r reading
	typed := service.LinkInput{
		User: readID[crm.User](&r, "user", in.User), Kind: crm.LinkKind(in.Kind), Address: in.Address, Username: in.Username, Password: in.Password,
		PlainHTTP: in.PlainHTTP, WithoutSyncToken: in.WithoutSyncToken, ShownBusy: in.ShownBusy, Calendar: string(in.Calendar), TestWrite: in.TestWrite, TLS: in.tls(),
	}
	in.into(&r, &typed)
	return typed, r.err()
}

// LinkChangeInput is what can change of a link: its user and calendar never do.
type LinkChangeInput struct {
	Address          string `json:"address,omitempty"`
	Username         string `json:"username,omitempty"`
	Password         string `json:"password,omitempty" writeOnly:"true" doc:"Left out, the one that is there stays."`
	PlainHTTP        bool   `json:"plain_http,omitempty"`
	WithoutSyncToken bool   `json:"without_sync_token,omitempty"`
	TestWrite        bool   `json:"test_write,omitempty"`
	CertificateInput
	ForgetCertificate bool `json:"forget_certificate,omitempty" doc:"Give up the client certificate and the authorities that are there. Otherwise whatever is left out stays."`
}

func (c *call) linkInput() (service.LinkInput, error) {
	var body LinkInput
	if err := c.decode(&body); err != nil {
		return service.LinkInput{}, err
	}
	return body.input()
}

func (c *call) createLink(*struct{}) (reply[Link], error) {
	typed, err := c.linkInput()
	if err != nil {
		return reply[Link]{}, err
	}
	c.patient()
	made, err := c.linkAfterwards(c.service.CreateLink(c.ctx(), c.caller, typed))
	made.location = "/links/" + made.body.ID
	return made, err
}

func (c *call) changeLink(in *LinkDeed) (reply[Link], error) {
	id, version, err := in.named()
	if err != nil {
		return reply[Link]{}, err
	}
	view, err := c.service.Link(c.ctx(), c.caller, id)
	if err != nil {
		return reply[Link]{}, err
	}
	body := LinkChangeInput{Address: view.Address, Username: view.Username, PlainHTTP: view.PlainHTTP, WithoutSyncToken: view.WithoutSyncToken}
	if err := c.decode(&body); err != nil {
		return reply[Link]{}, err
	}
	certificate := body.tls()
	certificate.Forget = body.ForgetCertificate
	c.patient()
	return c.linkAfterwards(c.service.ChangeLink(c.ctx(), c.caller, id, version, service.LinkInput{
		Address: body.Address, Username: body.Username, Password: body.Password, PlainHTTP: body.PlainHTTP,
		WithoutSyncToken: body.WithoutSyncToken, TestWrite: body.TestWrite, TLS: certificate,
	}))
}
