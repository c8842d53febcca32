package service

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// What is wrong with a sign-in at an authorisation server, beside the codes of Granter.
const (
	CodeGrantStateUnknown = "oauth.state_unknown" // not the answer to a question of this session, or one that was answered
	CodeGrantDraftGone    = "oauth.draft_gone"    // too long ago
	CodeGrantNotYet       = "oauth.not_signed_in" // nobody has answered yet
	CodeGrantByConsent    = "oauth.by_consent"    // such a link changes how it signs in by signing in again
)

// draftLasts is how long a draft is kept after it was last used; the question itself lasts as long as Granter says.
const draftLasts = 10 * time.Minute

// DraftRef names a draft to whoever began it: Binding names the session. Another person, or the same one in another browser,
// has no draft of that id.
type DraftRef struct {
	ID      crm.LinkID
	Binding []byte
}

// keptDraft is what is sealed of a draft.
type keptDraft struct {
	Link      crm.LinkID   `json:"link,omitzero"` // that is signed in again; zero for one that is being made
	User      crm.UserID   `json:"user"`
	Kind      crm.LinkKind `json:"kind"`
	Address   string       `json:"address"`
	Username  string       `json:"username"`
	PlainHTTP bool         `json:"plain_http,omitempty"`
	TLS       *LinkTLS     `json:"tls,omitempty"` // nil for a link that is signed in again and keeps what it has
	Server    OAuthServer  `json:"server"`
	Redirect  string       `json:"redirect"`
	Ask       string       `json:"ask"`                // where the browser goes
	Question  []byte       `json:"question,omitempty"` // of Granter; nil: it was answered
	Device    *keptDevice  `json:"device,omitempty"`   // of a question that is answered on another device
}

// DraftView is a draft as the one who began it sees it, without its secrets.
type DraftView struct {
	ID        crm.LinkID
	Link      crm.LinkID // that is signed in again; zero for one that is being made
	User      crm.UserID
	Kind      crm.LinkKind
	Address   string
	Username  string
	PlainHTTP bool
	OAuth     OAuthInput // without the client secret
	Redirect  string     // where the answer comes
	Ask       string     // where the browser goes to be asked
	Device    DeviceView // what to do on another device; the zero DeviceView: this browser is asked
	Signed    bool       // somebody has signed in, and the grant is there
	ExpiresAt time.Time
}

func viewDraft(row store.Draft, kept keptDraft, signed bool) DraftView {
	shown := kept.Server.OAuthInput
	shown.ClientSecret = ""
	return DraftView{
		ID: row.ID, Link: kept.Link, User: kept.User, Kind: kept.Kind, Address: kept.Address, Username: kept.Username, PlainHTTP: kept.PlainHTTP,
		OAuth: shown, Redirect: kept.Redirect, Ask: kept.Ask, Device: kept.Device.view(), Signed: signed, ExpiresAt: row.ExpiresAt,
	}
}

// putDraft asks Granter for a question and keeps the draft that waits for its answer.
func (s *Service) putDraft(ctx context.Context, caller Caller, binding []byte, kept keptDraft) (DraftView, error) {
	asked, err := s.Grants.Ask(kept.Server, kept.Redirect, kept.Username)
	if err != nil {
		return DraftView{}, grantProblem(err)
	}
	kept.Question, kept.Ask = asked.Question, asked.Address
	row := store.Draft{
		ID: crm.NewID[crm.Link](s.IDs), Owner: caller.User.ID, Binding: binding, StateHash: stateHash(asked.State), ExpiresAt: asked.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	if row.Sealed, err = sealJSON(s.Keys, draftPlace(row.ID), kept); err != nil {
		return DraftView{}, err
	}
	err = s.write(ctx, func(tx *store.Tx) error { return tx.PutDraft(row) })
	return viewDraft(row, kept, false), err
}

func stateHash(state string) []byte {
	hash := sha256.Sum256([]byte(state))
	return hash[:]
}

// draftOf loads a draft of the caller and the session.
func (s *Service) draftOf(tx *store.Tx, caller Caller, ref DraftRef) (store.Draft, keptDraft, error) {
	gone := crm.Problems{crm.NewProblem(CodeGrantDraftGone, "")}
	row, err := tx.Draft(ref.ID)
	if errors.Is(err, store.ErrNotFound) {
		return store.Draft{}, keptDraft{}, gone
	}
	if err != nil {
		return store.Draft{}, keptDraft{}, err
	}
	if row.Owner != caller.User.ID || !sameBinding(row.Binding, ref.Binding) || !s.now().Before(row.ExpiresAt) {
		return store.Draft{}, keptDraft{}, gone
	}
	var kept keptDraft
	if err := openJSON(s.Keys, draftPlace(row.ID), row.Sealed, &kept); err != nil {
		return store.Draft{}, keptDraft{}, err
	}
	if !kept.Link.IsZero() {
		return row, kept, caller.permit(SyncLink, Subject{User: kept.User})
	}
	return row, kept, mayManage(tx, caller, kept.User) // looked at again: who began it may have lost the right since
}

// signedDraft is a draft whose grant is there.
func (s *Service) signedDraft(tx *store.Tx, caller Caller, ref DraftRef) (store.Draft, keptDraft, error) {
	row, kept, err := s.draftOf(tx, caller, ref)
	if err != nil {
		return row, kept, err
	}
	_, err = tx.Grant(row.ID)
	if errors.Is(err, store.ErrNotFound) {
		err = crm.Problems{crm.NewProblem(CodeGrantNotYet, "")}
	}
	return row, kept, err
}

// Draft is a draft that the caller began in this session.
func (s *Service) Draft(ctx context.Context, caller Caller, ref DraftRef) (DraftView, error) {
	var view DraftView
	err := s.read(ctx, func(tx *store.Tx) error {
		row, kept, err := s.draftOf(tx, caller, ref)
		if err != nil {
			return err
		}
		_, err = tx.Grant(row.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		view = viewDraft(row, kept, err == nil)
		return nil
	})
	return view, err
}

// TakeAnswer takes what came back from the authorisation server, by a redirect or pasted, for the question that the caller was
// asked in this session, and keeps the grant in its draft. A question is answered once, whatever comes of it; the answer to
// another person's or session's is refused and leaves that question alone.
func (s *Service) TakeAnswer(ctx context.Context, caller Caller, binding []byte, answer string) (DraftView, error) {
	unknown := crm.Problems{crm.NewProblem(CodeGrantStateUnknown, "answer")}
	switch {
	case s.tx != nil:
		return DraftView{}, errNoNetwork
	case s.Grants == nil: // nothing was asked
		return DraftView{}, unknown
	}
	state, err := s.Grants.State(answer)
	if err != nil {
		return DraftView{}, grantProblem(err)
	}
	var row store.Draft
	var kept keptDraft
	err = s.write(ctx, func(tx *store.Tx) error {
		found, err := tx.DraftOfState(stateHash(state))
		if errors.Is(err, store.ErrNotFound) {
			return unknown
		}
		if err != nil {
			return err
		}
		if row, kept, err = s.draftOf(tx, caller, DraftRef{found.ID, binding}); err != nil {
			if _, is := errors.AsType[crm.Problems](err); is {
				return unknown
			}
			return err
		}
		if err = tx.AnswerDraft(row); errors.Is(err, store.ErrVersion) {
			return unknown
		}
		return err
	})
	if err != nil {
		return DraftView{}, err
	}
	// The code is worth something once only: what it gives is kept, or given back, also when the browser goes away meanwhile.
	unbroken, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	granted, err := s.Grants.Redeem(unbroken, kept.Server, kept.Question, answer)
	sealable := SealedGrant{Kind: kept.Kind, Account: kept.Username, Server: kept.Server, Grant: granted.Grant}
	if err != nil {
		if len(granted.Grant) > 0 {
			s.giveBack(unbroken, row.ID, sealable)
		}
		return DraftView{}, grantProblem(err)
	}
	return s.keepGranted(unbroken, row, kept, granted)
}

// keepGranted keeps a grant in its draft, or gives it back when that is gone.
func (s *Service) keepGranted(ctx context.Context, row store.Draft, kept keptDraft, granted Granted) (DraftView, error) {
	sealable := SealedGrant{Kind: kept.Kind, Account: kept.Username, Server: kept.Server, Grant: granted.Grant}
	sealed, err := SealGrant(s.Keys, row.ID, sealable)
	if err != nil {
		return DraftView{}, err
	}
	kept.Question = nil
	if row.Sealed, err = sealJSON(s.Keys, draftPlace(row.ID), kept); err != nil {
		return DraftView{}, err
	}
	row.StateHash, row.ExpiresAt = nil, s.now().Add(draftLasts)
	err = s.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Draft(row.ID); errors.Is(err, store.ErrNotFound) {
			return crm.Problems{crm.NewProblem(CodeGrantDraftGone, "")} // dropped meanwhile
		} else if err != nil {
			return err
		}
		if err := tx.PutGrant(store.Grant{ID: row.ID, Sealed: sealed, GrantedAt: granted.GrantedAt, EndsAt: granted.EndsAt}); err != nil {
			return err
		}
		return tx.PutDraft(row)
	})
	if err != nil {
		if !errors.Is(err, store.ErrUnknownOutcome) {
			s.giveBack(ctx, row.ID, sealable)
		}
		return DraftView{}, err
	}
	return viewDraft(row, kept, true), nil
}

// keepDraft has a draft live on, since it is being used.
func (s *Service) keepDraft(ctx context.Context, row store.Draft) error {
	row.ExpiresAt = s.now().Add(draftLasts)
	return s.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Draft(row.ID); err != nil {
			return err
		}
		return tx.PutDraft(row)
	})
}

// giveBack revokes a grant that nothing came of, unless another link would end with it.
func (s *Service) giveBack(ctx context.Context, id crm.LinkID, kept SealedGrant) Revocation {
	var shared bool
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		shared, err = s.sharesAccount(tx, id, kept)
		return err
	})
	switch {
	case err != nil:
		return RevocationFailed
	case shared:
		return RevocationUnwanted
	}
	return s.revoke(ctx, kept)
}

// DropDraft forgets a draft of the caller, and gives back what was granted for it.
func (s *Service) DropDraft(ctx context.Context, caller Caller, ref DraftRef) error {
	var id crm.LinkID
	err := s.read(ctx, func(tx *store.Tx) error {
		row, _, err := s.draftOf(tx, caller, ref)
		id = row.ID
		return err
	})
	if err != nil {
		return err
	}
	return s.forgetDraft(ctx, id)
}

// forgetDraft forgets a draft with its grant; whoever forgets it gives the grant back, so that of two who do one does.
func (s *Service) forgetDraft(ctx context.Context, id crm.LinkID) error {
	var kept SealedGrant
	err := s.write(ctx, func(tx *store.Tx) error {
		kept = SealedGrant{}
		row, err := tx.Grant(id)
		switch {
		case errors.Is(err, store.ErrNotFound):
		case err != nil:
			return err
		case row.Dead == "":
			if kept, err = OpenGrant(s.Keys, id, row.Sealed); err != nil {
				return err
			}
		}
		if err := tx.DeleteGrant(id); err != nil {
			return err
		}
		if err = tx.DeleteDraft(id); errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err == nil && len(kept.Grant) > 0 {
		s.giveBack(ctx, id, kept)
	}
	return err
}

// PurgeDrafts forgets the drafts and wizards whose time is over, and gives back what was granted for them. It is called now and then.
func (s *Service) PurgeDrafts(ctx context.Context) error {
	var ended []crm.LinkID
	err := s.read(ctx, func(tx *store.Tx) (err error) {
		ended, err = tx.EndedDrafts(s.now())
		return err
	})
	for _, id := range ended {
		err = errors.Join(err, s.forgetDraft(ctx, id))
	}
	return errors.Join(err, s.write(ctx, func(tx *store.Tx) error { return tx.PurgeWizards(s.now()) }))
}
