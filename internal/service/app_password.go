package service

import (
	"context"
	"unicode"

	"agendaonline/internal/crm"
)

// AppPasswords fetches a password for this program by a page of the calendar server itself: Nextcloud's login flow v2. Its
// errors are *GrantFailure.
type AppPasswords interface {
	// Ask begins at the server of an address: the browser goes to page, and question is kept by whoever asked. own is what the link that
	// is being made shows to that server and trusts there.
	Ask(ctx context.Context, address string, own LinkTLS) (page string, question []byte, err error)
	// Take looks whether the person has allowed it. false: not yet.
	Take(ctx context.Context, question []byte, own LinkTLS) (username, password string, ok bool, err error)
}

// What is wrong with fetching an app password, beside the codes of AppPasswords.
const CodeAppPasswordNotYet = "app_password.not_yet"

// AskAppPassword begins to fetch a password from the server of an address, with what the link shows and trusts there. question is a
// secret: it fetches the password.
func (s *Service) AskAppPassword(ctx context.Context, caller Caller, address string, own LinkTLS) (page string, question []byte, err error) {
	if err := s.mayManage(ctx, caller, caller.User.ID); err != nil {
		return "", nil, err
	}
	var p problems
	address = p.name("address", address, "", maxAddress)
	if address == "" {
		p.add(CodeMissing, "address")
	}
	own = checkTLS(&p, own)
	if s.AppPasswords == nil || s.tx != nil {
		return "", nil, errNoNetwork
	}
	if err := p.err(); err != nil {
		return "", nil, err
	}
	page, question, err = s.AppPasswords.Ask(ctx, address, own)
	return page, question, grantProblem(err)
}

// TakeAppPassword fetches the password that the person has allowed.
func (s *Service) TakeAppPassword(ctx context.Context, caller Caller, question []byte, own LinkTLS) (username, password string, err error) {
	if err := s.mayManage(ctx, caller, caller.User.ID); err != nil {
		return "", "", err
	}
	if s.AppPasswords == nil || s.tx != nil {
		return "", "", errNoNetwork
	}
	username, password, ok, err := s.AppPasswords.Take(ctx, question, own)
	if err != nil {
		return "", "", grantProblem(err)
	}
	if !ok {
		return "", "", crm.Problems{crm.NewProblem(CodeAppPasswordNotYet, "")}
	}
	var p problems
	p.checked("username", username, maxName, unicode.IsControl)
	p.checked("password", password, maxLinkPassword, unicode.IsControl)
	return username, password, p.err()
}
