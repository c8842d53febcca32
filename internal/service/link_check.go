package service

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"unicode"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with a link, beside the codes of the connection test.
const (
	CodeLinkKind           = "link.kind_not_offered" // kind
	CodeLinkUserHasLink    = "link.user_has_link"    // name
	CodeLinkCalendarTaken  = "link.calendar_taken"   // name of the user who has it
	CodeLinkChooseCalendar = "link.choose_calendar"  // count
	CodeLinkOtherCalendar  = "link.other_calendar"   // a link's calendar never changes
	CodeLinkUserInactive   = "link.user_inactive"    // name: of the user who may not sign in any more
	CodeLinkOtherUser      = "link.other_user"       // nor does its user
	CodeLinkPasswordAgain  = "link.password_again"   // host: the address moved there
	CodeLinkUsernameColon  = "link.username_colon"
	CodeLinkOff            = "link.off" // the option is off
	CodeLinkPaused         = "link.paused"
	CodeLinkSignInAgain    = "link.sign_in_again"
)

// The longest address and password of a link, in characters.
const (
	maxAddress      = 2_000
	maxLinkPassword = 1_000
)

// TestLink runs the connection test on what was typed, reporting each step as it ends. Nothing is kept.
func (s *Service) TestLink(ctx context.Context, caller Caller, in LinkInput, report func(TestStep)) (Verdict, error) {
	if err := s.mayManage(ctx, caller, in.User); err != nil {
		return Verdict{}, err
	}
	if !in.Draft.ID.IsZero() {
		var err error
		if in, err = s.fromDraft(ctx, caller, in); err != nil {
			return Verdict{}, err
		}
		return s.Tester.Test(ctx, in.request(""), report)
	}
	var p problems
	in = checkLink(&p, in, true)
	checkPlain(&p, caller, in, false)
	if err := p.err(); err != nil {
		return Verdict{}, err
	}
	return s.Tester.Test(ctx, in.request(in.Password), report)
}

// TestSavedLink runs the connection test of a saved link with its own credentials. It only reads. When it works, a link
// that waited to be signed in again, or whose password was refused a moment ago, goes on at once: a person has seen to it that it is
// taken.
func (s *Service) TestSavedLink(ctx context.Context, caller Caller, id crm.LinkID, report func(TestStep)) (Verdict, error) {
	var link crm.Link
	var sealed []byte
	var certificate LinkTLS
	var refused bool // once, or for good
	err := s.read(ctx, func(tx *store.Tx) error {
		var err error
		if link, err = livingLink(tx, caller, id, ManageLinks); err != nil {
			return err
		}
		sync, err := tx.LinkSync(id)
		if err != nil {
			return err
		}
		refused = sync.SignInAgain || !sync.RefusedAt.IsZero()
		if certificate, err = s.tlsOf(tx, link); err != nil {
			return err
		}
		if link.Kind == crm.LinkSimple {
			sealed, err = tx.Secret(id)
		}
		return err
	})
	if err != nil {
		return Verdict{}, err
	}
	var password []byte
	if link.Kind == crm.LinkSimple {
		if password, err = s.Keys.Open(SecretPlace(id), sealed); err != nil {
			return Verdict{}, err
		}
	}
	in := inputOf(link)
	in.TLS = certificate
	verdict, err := s.Tester.Test(ctx, in.request(string(password)), report)
	if err != nil || verdict.Outcome == DoesNotWork || !refused {
		return verdict, err
	}
	return verdict, s.signedIn(ctx, id)
}

// signedIn lets a link go on whose password was refused.
func (s *Service) signedIn(ctx context.Context, id crm.LinkID) error {
	err := s.write(ctx, func(tx *store.Tx) error { return s.mayGoOn(tx, id) })
	if err == nil {
		s.Waker.Wake(id)
	}
	return err
}

// inputOf is a saved link as it was typed, without its password and certificate.
func inputOf(link crm.Link) LinkInput {
	in := LinkInput{
		User: link.User, Kind: link.Kind, Address: link.Address, Username: link.Username, PlainHTTP: link.PlainHTTP,
		WithoutSyncToken: link.WithoutSyncToken, Calendar: link.CalendarHref, origins: originsOf(link),
	}
	if link.Kind != crm.LinkSimple {
		in.grant = link.ID
	}
	return in
}

func (in LinkInput) request(password string) TestRequest {
	return TestRequest{
		Kind: in.Kind, Address: in.Address, Username: in.Username, Password: password, PlainHTTP: in.PlainHTTP,
		Calendar: in.Calendar, Write: in.TestWrite, Grant: in.grant, Origins: in.origins, TLS: in.TLS,
	}
}

// checkLink checks what was typed, so that nothing senseless is tried on a server.
func checkLink(p *problems, in LinkInput, passwordNeeded bool) LinkInput {
	if in.Kind == "" {
		in.Kind = crm.LinkSimple
	}
	if in.Kind != crm.LinkSimple {
		p.add(CodeLinkKind, "kind", "kind", shortened(string(in.Kind)))
	}
	in.Address = p.name("address", in.Address, "", maxAddress)
	in.Username = p.name("username", in.Username, "", maxName)
	in.Calendar = p.name("calendar", in.Calendar, "", maxAddress)
	p.checked("password", in.Password, maxLinkPassword, unicode.IsControl)
	in.TLS = checkTLS(p, in.TLS)
	if in.Address == "" {
		p.add(CodeMissing, "address")
	}
	if in.Username == "" {
		p.add(CodeMissing, "username")
	}
	if strings.Contains(in.Username, ":") {
		p.add(CodeLinkUsernameColon, "username") // RFC 7617 section 2: it would end there
	}
	if in.Password == "" && passwordNeeded {
		p.add(CodeMissing, "password")
	}
	return in
}

// tried runs the connection test for saving and says what stands against it. Without a sync token that works a link is
// refused with the sentence of the test, unless it was chosen explicitly to do without (semantics 2).
func (s *Service) tried(ctx context.Context, in LinkInput, password string) (Verdict, error) {
	verdict, err := s.Tester.Test(ctx, in.request(password), func(TestStep) {})
	if err != nil {
		return Verdict{}, err
	}
	switch {
	case verdict.Outcome == DoesNotWork:
		return verdict, crm.Problems{{Code: verdict.Code, Field: verdict.Field, Params: verdict.Params}}
	case verdict.Calendar.Href == "":
		return verdict, crm.Problems{crm.NewProblem(CodeLinkChooseCalendar, "calendar", "count", strconv.Itoa(len(verdict.Calendars)))}
	case verdict.NoSyncToken && !in.WithoutSyncToken:
		return verdict, crm.Problems{syncTokenProblem(verdict)}
	}
	return verdict, nil
}

// syncTokenProblem is what the test said about the sync token.
func syncTokenProblem(verdict Verdict) *crm.Problem {
	for _, step := range verdict.Steps {
		if step.Name == StepSyncToken && step.Code != "" {
			return &crm.Problem{Code: step.Code, Field: "address", Params: step.Params}
		}
	}
	return &crm.Problem{Code: verdict.Code, Field: "address", Params: verdict.Params}
}

// origin is the place that credentials go to: scheme, host and port. An address without scheme is its host.
func origin(address string) string {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return strings.ToLower(parsed.Scheme + "://" + parsed.Host)
}

// duplicateLink tells who has the link that stands in the way.
func (s *Service) duplicateLink(ctx context.Context, cause error, user crm.UserID, calendar string) error {
	var duplicate store.ErrDuplicate
	if !errors.As(cause, &duplicate) {
		return cause
	}
	var name string
	err := s.read(ctx, func(tx *store.Tx) error {
		if duplicate.What == store.UniqueCalendar {
			link, err := tx.LinkOfCalendar(calendar)
			if err != nil {
				return err
			}
			user = link.User
		}
		owner, err := tx.User(user)
		name = owner.Name
		return err
	})
	switch {
	case err != nil:
		return err
	case duplicate.What == store.UniqueCalendar:
		return crm.Problems{crm.NewProblem(CodeLinkCalendarTaken, "calendar", "name", name)}
	case duplicate.What == store.UniqueUserLink:
		return crm.Problems{crm.NewProblem(CodeLinkUserHasLink, "user", "name", name)}
	}
	return cause
}
