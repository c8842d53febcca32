package service

import (
	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

// What is wrong with a choice, a person, a third party or the action followed up.
const (
	CodeUnknownChoice     = "choice.unknown"
	CodeRetiredChoice     = "choice.retired"
	CodeUnknownUser       = "user.unknown"
	CodeInactiveUser      = "user.inactive" // name
	CodeThirdPartyKind    = "third_party_kind.unknown"
	CodeFollowsUpUnknown  = "follows_up.unknown"
	CodeFollowsUpInCircle = "follows_up.circle"
)

// reference is what an action's input is checked against, read in the transaction that saves it.
type reference struct {
	settings crm.Settings
	users    map[crm.UserID]crm.User
	choices  []crm.Choice
	zones    *zone.Rules
}

// checkAction makes the action that in asks for out of before, which is the zero Action for a new one, and reports
// everything that is wrong with it. Only what differs from before is checked: the rest may have come from a calendar, or
// from a time when it was allowed. What follows is left to the caller: ids, versions, moments, the action followed up.
func checkAction(before crm.Action, in ActionInput, ref reference) (crm.Action, *problems) {
	var p problems
	after := before
	after.Subject = p.line("subject", in.Subject, before.Subject, maxSubject)
	after.Description = p.lines("description", in.Description, before.Description, maxDescription)
	after.FollowedBy = p.follower(in.FollowedBy, before.FollowedBy, ref.users)
	after.When = p.when(in, before.When, ref.zoneFor(before, after.FollowedBy), ref.zones)
	after.DueDate = p.date("due_date", in.DueDate)
	after.Type = p.choice("type", crm.ChoiceType, in.Type, before.Type, ref.choices)
	after.Status = p.choice("status", crm.ChoiceStatus, in.Status, before.Status, ref.choices)
	after.Priority = p.choice("priority", crm.ChoicePriority, in.Priority, before.Priority, ref.choices)
	after.ThirdParty = p.name("third_party", in.ThirdParty, before.ThirdParty, maxName)
	after.ThirdPartyKind = p.thirdPartyKind(in.ThirdPartyKind)
	after.Contact = p.name("contact", in.Contact, before.Contact, maxName)
	after.Dossier = p.name("dossier", in.Dossier, before.Dossier, maxName)
	after.FollowsUp = in.FollowsUp
	after.Documents = p.documents(in.Documents, before.Documents)
	return after, &p
}

// checkRestored makes the action in which one field has the value that a history row keeps. The error is one of the row.
func checkRestored(before crm.Action, f field, text string, ref reference) (crm.Action, *problems, error) {
	restored := before
	if err := f.restore(&restored, text); err != nil {
		return before, nil, err
	}
	base := before
	if f.trusted {
		base = restored
	}
	after, p := checkAction(base, InputOf(restored), ref)
	return after, p, nil
}

// zoneFor is the zone of an action whose input names none: what it has, else its follower's, else the installation's
// (semantics 5).
func (r reference) zoneFor(before crm.Action, follower crm.UserID) string {
	if before.When.Zone != "" {
		return before.When.Zone
	}
	if zone := r.users[follower].TimeZone; zone != "" {
		return zone
	}
	return r.settings.TimeZone
}

func (p *problems) follower(follower, before crm.UserID, users map[crm.UserID]crm.User) crm.UserID {
	user, known := users[follower]
	switch {
	case follower.IsZero() || follower == before:
	case !known:
		p.add(CodeUnknownUser, "followed_by")
	case !user.Active:
		p.add(CodeInactiveUser, "followed_by", "name", user.Name)
	}
	return follower
}

// choice checks one choice; none takes what was there before, else the default of the list.
func (p *problems) choice(field string, kind crm.ChoiceKind, chosen, before crm.ChoiceID, choices []crm.Choice) crm.ChoiceID {
	if chosen.IsZero() {
		chosen = before
	}
	for _, choice := range choices {
		switch {
		case choice.Kind != kind:
		case chosen.IsZero() && choice.Default && !choice.Retired:
			return choice.ID
		case choice.ID == chosen && choice.Retired && chosen != before:
			p.add(CodeRetiredChoice, field)
			return chosen
		case choice.ID == chosen:
			return chosen
		}
	}
	if !chosen.IsZero() && chosen != before {
		p.add(CodeUnknownChoice, field)
	}
	return chosen
}

func (p *problems) thirdPartyKind(kind crm.ThirdPartyKind) crm.ThirdPartyKind {
	switch kind {
	case "", crm.Customer, crm.Prospect, crm.Supplier:
	default:
		p.add(CodeThirdPartyKind, "third_party_kind")
	}
	return kind
}
