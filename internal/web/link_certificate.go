package web

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// certificateForm is the part of a form where a client certificate and an own authority are pasted. Nothing of it is ever shown
// again: what is kept is named.
type certificateForm struct {
	Title, How           string
	Open                 bool
	Kept                 string // what there is, in words; "" for nothing
	Pair, Key, Authority input
	Forget               tick // its Name is "" where there is nothing to give up
}

// certificateFields are its fields as service names them.
var certificateFields = []string{"client_certificate", "client_key", "authority"}

// certificateForm fills the part with what is known: shown is what a link has, typed what was typed before and is kept unseen.
func (r *request) certificateForm(shown crm.LinkTLS, typed service.LinkTLS, wrong fieldProblems) *certificateForm {
	field := func(name, key, hint string) input {
		f := input{Name: name, Label: r.T(key), Hint: hint, Optional: r.T("people.optional")}.on(wrong)
		f.Value = ""
		return f
	}
	kept := ""
	if (typed.Certificate != "" || typed.Key != "" || typed.Authorities != "") && shown.IsZero() {
		kept = r.T("certificate.typed")
	}
	if shown.Certificate != "" {
		kept = r.T("certificate.has", "subject", shown.Certificate, "until", r.Moment(shown.Until))
	}
	if shown.Authority != "" {
		if kept != "" {
			kept += " "
		}
		kept += r.T("certificate.has_authority", "authority", shown.Authority)
	}
	p := &certificateForm{
		Title: r.T("certificate.title"), How: r.T("certificate.how"), Kept: kept, Open: kept != "",
		Pair:      field("client_certificate", "certificate.pair", r.T("certificate.pair_hint")),
		Key:       field("client_key", "certificate.key", r.T("certificate.key_hint")),
		Authority: field("authority", "certificate.authority", r.T("certificate.authority_hint")),
	}
	for _, name := range certificateFields {
		p.Open = p.Open || wrong[name] != ""
	}
	if kept != "" {
		p.Forget = tick{Name: "forget_certificate", Label: r.T("certificate.forget")}
	}
	return p
}

// typedCertificate is what the form says over what was typed before: what is left empty stays, while the address does.
func (r *request) typedCertificate(before service.LinkTLS, same bool) service.LinkTLS {
	typed := service.LinkTLS{
		Certificate: r.PostForm.Get("client_certificate"), Key: r.PostForm.Get("client_key"), Authorities: r.PostForm.Get("authority"),
		Forget: ticked(r, "forget_certificate"),
	}
	if typed.Forget || !same {
		return typed
	}
	if typed.Certificate == "" && typed.Key == "" {
		typed.Certificate, typed.Key = before.Certificate, before.Key
	}
	if typed.Authorities == "" {
		typed.Authorities = before.Authorities
	}
	return typed
}
