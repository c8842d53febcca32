package service

import "agendaonline/internal/crm"

// Deed is something that a person may want to do. docs/permissions.md has a row for each.
type Deed string

// The deeds on actions.
const (
	ListActions   Deed = "list_actions"
	SeeAction     Deed = "see_action"
	SeeHistory    Deed = "see_history"
	SeeEvent      Deed = "see_event"
	CreateAction  Deed = "create_action"
	ChangeAction  Deed = "change_action"
	DeleteAction  Deed = "delete_action"
	RestoreAction Deed = "restore_action"
	PurgeAction   Deed = "purge_action"    // remove it for good
	HideAction    Deed = "hide_action"     // and show it again
	Reassign      Deed = "reassign_action" // give it the follower Subject.To
	PullCalendars Deed = "pull_calendars"
)

// The deeds on everything else.
const (
	SeeChoices     Deed = "see_choices"
	SeeUsers       Deed = "see_users"
	ManageUsers    Deed = "manage_users"
	ChangeOwnUser  Deed = "change_own_user" // language, time zone and password
	SeeSettings    Deed = "see_settings"
	ManageSettings Deed = "manage_settings"
	SeeLink        Deed = "see_link" // its state, runs, events set aside and decisions
	SyncLink       Deed = "sync_link"
	ManageLinks    Deed = "manage_links" // make, test, change, pause, resume, end
	Decide         Deed = "decide"
	ChooseShown    Deed = "choose_shown" // what others see of what comes from the calendar
	SeeTokens      Deed = "see_tokens"
	CreateToken    Deed = "create_token"
	RevokeToken    Deed = "revoke_token"
)

// Deeds lists them all, in the order of docs/permissions.md.
var Deeds = []Deed{
	ListActions, SeeAction, SeeHistory, SeeEvent, CreateAction, ChangeAction, DeleteAction, RestoreAction, PurgeAction, HideAction, Reassign, PullCalendars,
	SeeChoices, SeeUsers, ManageUsers, ChangeOwnUser, SeeSettings, ManageSettings, SeeLink, SyncLink, ManageLinks, Decide, ChooseShown,
	SeeTokens, CreateToken, RevokeToken,
}

// Subject is what a deed is done to; a deed uses the part it needs.
type Subject struct {
	Action *crm.Action // as it is before the deed
	To     crm.UserID  // the new follower
	User   crm.UserID  // the user it is about, or the link's user
	// OwnCalendars: the settings let users link a calendar of their own.
	OwnCalendars bool
}

// Permission is the answer to a deed.
type Permission struct {
	Access Access
	Code   string // why not, the key of a sentence; for Refused only
}

// Access is how far a permission goes.
type Access int

// Hidden is as if it were not there. Refused may be told why. Busy is that the follower of an action that is private, or shown
// as busy, is busy then, and nothing else. Allowed is all of it.
const (
	Hidden Access = iota
	Refused
	Busy
	Allowed
)

// Why a deed is refused.
const (
	CodeSignedOut     = "permission.signed_out"
	CodeAdministrator = "permission.administrators_only"
	CodeOthers        = "permission.change_others"
	CodeReassign      = "permission.reassign"
	CodePrivate       = "permission.private"
	CodePrivateNobody = "permission.private_needs_follower"
	CodeInTrash       = "permission.in_trash"
	CodeNotInTrash    = "permission.not_in_trash"
	CodeOwnTokens     = "permission.own_tokens"
	CodeOwnChoice     = "permission.own_choice"
)

var allowed = Permission{Access: Allowed}

func refused(code string) Permission { return Permission{Refused, code} }

// Permit is the one place that says who may do what (semantics 12; the table is docs/permissions.md). Every method of
// Service asks it.
func Permit(user crm.User, deed Deed, on Subject) Permission {
	if user.ID.IsZero() || !user.Active {
		return refused(CodeSignedOut)
	}
	switch deed {
	case ListActions, CreateAction, PullCalendars, SeeChoices, SeeUsers, SeeSettings:
		return allowed
	case ManageUsers, ManageSettings:
		return administratorsOnly(user)
	case ManageLinks:
		if on.OwnCalendars && on.User == user.ID {
			return allowed
		}
		return administratorsOnly(user)
	case ChangeOwnUser, SeeTokens, RevokeToken:
		if on.User == user.ID {
			return allowed
		}
		return administratorsOnly(user)
	case CreateToken: // it acts as its user, so not even an administrator makes one for another
		if on.User == user.ID {
			return allowed
		}
		return refused(CodeOwnTokens)
	case ChooseShown: // an administrator could read anybody's calendar else
		switch {
		case on.User == user.ID:
			return allowed
		case user.Role == crm.RoleAdministrator:
			return refused(CodeOwnChoice)
		}
		return Permission{Access: Hidden}
	case SeeLink, SyncLink, Decide:
		if on.User == user.ID || user.Role == crm.RoleAdministrator {
			return allowed
		}
		return Permission{Access: Hidden}
	}
	if on.Action == nil {
		return Permission{Access: Hidden}
	}
	return permitAction(user, deed, *on.Action, on.To)
}

func administratorsOnly(user crm.User) Permission {
	if user.Role == crm.RoleAdministrator {
		return allowed
	}
	return refused(CodeAdministrator)
}

// permitAction answers for one action. One that is private, or shown as busy, is its follower's alone: others learn that he is
// busy then, and not even that of one in the trash.
func permitAction(user crm.User, deed Deed, action crm.Action, to crm.UserID) Permission {
	own := action.FollowedBy == user.ID
	if action.Secluded() && !own {
		switch {
		case action.Deleted():
			return Permission{Access: Hidden}
		case deed == SeeAction:
			return Permission{Access: Busy}
		default:
			return refused(CodePrivate)
		}
	}
	mayChange := own || action.FollowedBy.IsZero() || user.Rights.ChangeOthers
	switch deed {
	case SeeAction, SeeHistory, SeeEvent:
		return allowed
	case ChangeAction, DeleteAction, RestoreAction, HideAction:
		switch {
		case !mayChange:
			return refused(CodeOthers)
		case action.Deleted() && deed != RestoreAction:
			return refused(CodeInTrash)
		}
		return allowed
	case PurgeAction: // it cannot be taken back
		switch {
		case !action.Deleted():
			return refused(CodeNotInTrash)
		case own:
			return allowed
		}
		return administratorsOnly(user)
	case Reassign:
		switch {
		case action.Deleted():
			return refused(CodeInTrash)
		case action.Secluded() && to.IsZero():
			return refused(CodePrivateNobody) // nobody could see it ever again
		case to == action.FollowedBy, action.FollowedBy.IsZero() && to == user.ID, user.Rights.Reassign:
			return allowed
		}
		return refused(CodeReassign)
	}
	return Permission{Access: Hidden}
}

// err is the permission as a method returns it: nil for Allowed.
func (p Permission) err() error {
	switch p.Access {
	case Allowed:
		return nil
	case Hidden:
		return ErrNotFound
	case Busy:
		return &Forbidden{Code: CodePrivate}
	default:
		return &Forbidden{Code: p.Code}
	}
}

// permit asks Permit for a caller.
func (c Caller) permit(deed Deed, on Subject) error { return Permit(c.User, deed, on).err() }
