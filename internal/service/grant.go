package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/secret"
	"agendaonline/internal/store"
)

// Granter asks authorisation servers for grants and gives them back. cmd/agenda makes one of package oauth. Its errors are
// *GrantFailure; none of them, nor any text of these types, holds a token, a code or a secret.
type Granter interface {
	// Provider is the authorisation server of a link's kind: the known one of Google, or that which was typed, its empty
	// endpoints found out from the issuer. own is what the link shows and trusts there; every method that is given the server goes by it.
	Provider(ctx context.Context, kind crm.LinkKind, typed OAuthInput, own LinkTLS) (OAuthServer, error)
	// Ask makes a question: the browser goes to address. Question is to be kept sealed and used once; State finds it again.
	Ask(server OAuthServer, redirect, loginHint string) (asked Asked, err error)
	// State is that of an answer: the query of a redirect, or a whole address that was pasted.
	State(answer string) (string, error)
	// Redeem turns the answer to a question into a grant. With a failure there may be a grant that is worth revoking only.
	Redeem(ctx context.Context, server OAuthServer, question []byte, answer string) (Granted, error)
	// AskDevice makes a question that is answered on another device (RFC 8628).
	AskDevice(ctx context.Context, server OAuthServer) (AskedDevice, error)
	// RedeemDevice asks once whether that was answered. With pending, question is the one to ask with next time, not before wait.
	RedeemDevice(ctx context.Context, server OAuthServer, question []byte) (granted Granted, pending *AskedDevice, err error)
	// Revoke ends a grant at the server. false without an error: it offers no way to.
	Revoke(ctx context.Context, server OAuthServer, grant []byte) (bool, error)
}

// Asked is a question put to a person.
type Asked struct {
	State     string
	Question  []byte
	Address   string
	ExpiresAt time.Time
}

// AskedDevice is a question that is answered on another device: the person goes to Address there and types Code.
type AskedDevice struct {
	Code      string
	Address   string
	Complete  string // Address with the code in it; "" where there is none
	Question  []byte
	Wait      time.Duration // before it is asked whether there is an answer
	ExpiresAt time.Time
}

// Granted is what a person gave.
type Granted struct {
	Grant     []byte // as Granter writes it, tokens included
	GrantedAt time.Time
	EndsAt    time.Time // of the grant itself; zero: not said
}

// String hides the tokens.
func (Granted) String() string { return "a grant" }

// GoString hides them from %#v.
func (g Granted) GoString() string { return g.String() }

// GrantFailure is an exchange with an authorisation server that failed. Code is the key of its sentence.
type GrantFailure struct {
	Code      string
	Params    map[string]string
	Field     string // the input to correct, where there is one
	Temporary bool   // the same again may succeed
	Err       error
}

func (f *GrantFailure) Error() string {
	if f.Err != nil {
		return f.Code + ": " + f.Err.Error()
	}
	return f.Code
}

func (f *GrantFailure) Unwrap() error { return f.Err }

// OAuthInput is what was typed for a link that signs in by a grant. Google's needs the client only.
type OAuthInput struct {
	Issuer                string `json:"issuer,omitempty"` // where endpoints that are empty are found out
	AuthorizationEndpoint string `json:"authorization_endpoint,omitempty"`
	TokenEndpoint         string `json:"token_endpoint,omitempty"`
	RevocationEndpoint    string `json:"revocation_endpoint,omitempty"`
	DeviceEndpoint        string `json:"device_endpoint,omitempty"` // where codes for another device are given (RFC 8628)
	ClientID              string `json:"client_id"`
	ClientSecret          string `json:"client_secret,omitempty"`
	Scopes                string `json:"scopes,omitempty"` // separated by spaces
	Style                 string `json:"style,omitempty"`  // basic, post or none; "": by what the server says, and by whether there is a secret
}

// String hides the secret.
func (in OAuthInput) String() string { return "client " + in.ClientID }

// GoString hides it from %#v.
func (in OAuthInput) GoString() string { return in.String() }

// OAuthServer is an authorisation server and our registration there, as Granter and the vault of grants know it.
type OAuthServer struct {
	OAuthInput
	IssuerInAnswer bool              `json:"issuer_in_answer,omitempty"`
	Extra          map[string]string `json:"extra,omitempty"` // further parameters of the question
	TLS            *LinkTLS          `json:"tls,omitempty"`   // what the link shows and trusts; nil: nothing of its own
}

// SealedGrant is what is sealed of a grant: the server to refresh it at, and the tokens.
type SealedGrant struct {
	Kind    crm.LinkKind    `json:"kind"`
	Account string          `json:"account"` // as typed: an e-mail address or user name
	Server  OAuthServer     `json:"server"`
	Grant   json.RawMessage `json:"grant"`
}

// String hides the tokens.
func (SealedGrant) String() string { return "a sealed grant" }

// GoString hides them from %#v.
func (g SealedGrant) GoString() string { return g.String() }

// GrantPlace is where the grant of a link or draft is sealed for.
func GrantPlace(id crm.LinkID) secret.Place {
	return secret.Place{Table: "oauth_grant", Column: "sealed", Row: id.String()}
}

func draftPlace(id crm.LinkID) secret.Place {
	return secret.Place{Table: "link_draft", Column: "sealed", Row: id.String()}
}

// SealGrant seals a grant for its row.
func SealGrant(keys *secret.Ring, id crm.LinkID, grant SealedGrant) ([]byte, error) {
	return sealJSON(keys, GrantPlace(id), grant)
}

// OpenGrant opens what SealGrant sealed.
func OpenGrant(keys *secret.Ring, id crm.LinkID, sealed []byte) (SealedGrant, error) {
	var grant SealedGrant
	err := openJSON(keys, GrantPlace(id), sealed, &grant)
	return grant, err
}

func sealJSON(keys *secret.Ring, place secret.Place, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("seal for %s: %w", place, err)
	}
	return keys.Seal(place, text), nil
}

func openJSON(keys *secret.Ring, place secret.Place, sealed []byte, value any) error {
	text, err := keys.Open(place, sealed)
	if err != nil {
		return err
	}
	if json.Unmarshal(text, value) != nil { // its error would quote the text
		return fmt.Errorf("what is sealed for %s is not what belongs there", place)
	}
	return nil
}

// Why a link whose grant is not taken waits to be signed in again, beside a refused password.
const (
	ReasonGrantGone     crm.Reason = "grant_gone"           // revoked, lapsed or used twice; the server does not say which
	ReasonGrantTestMode crm.Reason = "grant_test_mode"      // Google: seven days after consent, as of an app that is in testing
	ReasonGrantClient   crm.Reason = "grant_client_refused" // client ID or secret are not taken any more
	ReasonGrantScope    crm.Reason = "grant_scope_missing"  // the right to the calendar was withdrawn
	ReasonGrantRefused  crm.Reason = "grant_refused"        // the calendar does not take a fresh access token
)

// GrantReasons are all of them, for a test that none lacks its words.
var GrantReasons = []crm.Reason{ReasonGrantGone, ReasonGrantTestMode, ReasonGrantClient, ReasonGrantScope, ReasonGrantRefused}

// A grant of a Google app in testing ends this long after consent; told from another end by its age, give or take.
const (
	testModeLasts = 7 * 24 * time.Hour
	testModeSlack = 4 * time.Hour
)

// WhyGrantEnded tells the end of a Google app in testing from any other.
func WhyGrantEnded(kind crm.LinkKind, grantedAt, endsAt, now time.Time) crm.Reason {
	age := now.Sub(grantedAt)
	soon := !endsAt.IsZero() && !now.Before(endsAt.Add(-time.Minute))
	if kind == crm.LinkGoogle && (soon || age > testModeLasts-testModeSlack && age < testModeLasts+24*time.Hour) {
		return ReasonGrantTestMode
	}
	return ReasonGrantGone
}

// Revocation is what became of the grant of a link that ended.
type Revocation string

// The ends of a grant.
const (
	NothingToRevoke    Revocation = ""            // it signed in by name and password
	Revoked            Revocation = "revoked"     // the server has ended it
	RevocationMissing  Revocation = "not_offered" // the server offers no way to; the person ends it in the account's settings
	RevocationFailed   Revocation = "failed"      // the server could not be asked, or refused
	RevocationUnwanted Revocation = "shared"      // another link uses the same account and client, and would end with it
)

// revokeWithin is how long the end of a link waits for the authorisation server.
const revokeWithin = 15 * time.Second

// revoke ends a grant at its server. The credentials are forgotten by now, whatever comes of it.
func (s *Service) revoke(ctx context.Context, kept SealedGrant) Revocation {
	if s.Grants == nil || len(kept.Grant) == 0 {
		return RevocationFailed
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeWithin)
	defer cancel()
	switch revoked, err := s.Grants.Revoke(ctx, kept.Server, kept.Grant); {
	case err != nil:
		return RevocationFailed
	case !revoked:
		return RevocationMissing
	}
	return Revoked
}

// sharesAccount reports whether another link or draft has a living grant of the same client and account at Google, which ends
// all of them when one is revoked.
func (s *Service) sharesAccount(tx *store.Tx, but crm.LinkID, kept SealedGrant) (bool, error) {
	if kept.Kind != crm.LinkGoogle {
		return false, nil
	}
	rows, err := tx.Grants()
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if row.ID == but || row.Dead != "" {
			continue
		}
		other, err := OpenGrant(s.Keys, row.ID, row.Sealed)
		if err != nil {
			return false, err
		}
		if other.Kind == kept.Kind && other.Server.ClientID == kept.Server.ClientID && strings.EqualFold(other.Account, kept.Account) {
			return true, nil
		}
	}
	return false, nil
}

func (s *Service) grantOf(tx *store.Tx, id crm.LinkID) (SealedGrant, error) {
	row, err := tx.Grant(id)
	if err != nil {
		return SealedGrant{}, err
	}
	return OpenGrant(s.Keys, id, row.Sealed)
}

// grantProblem tells a failure as a problem of what was typed.
func grantProblem(err error) error {
	failure, is := errors.AsType[*GrantFailure](err)
	if !is {
		return err
	}
	return crm.Problems{{Code: failure.Code, Field: failure.Field, Params: failure.Params}}
}

// sameBinding compares the names of two sessions.
func sameBinding(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
