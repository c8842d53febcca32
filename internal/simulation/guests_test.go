package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// address is a user's e-mail address.
func address(user string) string { return user + "@example.org" }

// offPlan reports whether an action's event was called off or declined: it is none for a calendar program either.
func offPlan(state crm.SyncState) bool {
	return service.ActionView{Action: crm.Action{Sync: state}}.OffPlan()
}

// meet is something about a meeting in a calendar: a person invites others, or is invited; an invitation is answered, called off,
// or taken up again.
func (w *world) meet(of service.Caller, random *rand.Rand) {
	w.pass(1100 * time.Millisecond)
	w.renew()
	phone, work, me := w.server.Human(of.User.Login, "phone"), workOf(of.User.Login), "mailto:"+address(of.User.Login)
	items, err := phone.Items(work)
	must(err)
	items = slices.DeleteFunc(items, func(item sandbox.Item) bool { return item.Line("ORGANIZER") == "" })
	if len(items) == 0 || random.IntN(3) == 0 {
		n := w.next()
		organizer, guest := me, fmt.Sprintf("mailto:guest%d@elsewhere.example", n)
		if random.IntN(2) == 0 {
			organizer, guest = "mailto:boss@elsewhere.example", me
		}
		lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", fmt.Sprintf("UID:k%d", n), "DTSTAMP:20261101T000000Z"}
		lines = append(lines, w.newTime(random)...)
		lines = append(lines, "SUMMARY:"+w.subject(n, random), fmt.Sprintf("DESCRIPTION:d%d", w.next()), "ORGANIZER:"+organizer,
			"ATTENDEE;PARTSTAT=ACCEPTED:"+organizer, "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:"+guest, "END:VEVENT", "END:VCALENDAR", "")
		_, err := phone.Put(work, fmt.Sprintf("k%d.ics", n), strings.Join(lines, "\r\n"), "*")
		w.drawn(of, err, "makes k%d, organized by %s, with %s", n, organizer, guest)
		return
	}
	item := items[random.IntN(len(items))]
	switch random.IntN(3) {
	case 0:
		status := []string{"STATUS:CANCELLED", "STATUS:CONFIRMED"}[random.IntN(2)]
		_, err = phone.SetLine(work, item.Name(), status)
		w.drawn(of, err, "of %q: %s", item.Line("SUMMARY"), status)
	default:
		answer := []string{"DECLINED", "ACCEPTED", "TENTATIVE"}[random.IntN(3)]
		_, err = phone.Edit(work, item.Name(), func(body string) string {
			lines := strings.Split(body, "\r\n")
			for i, line := range lines {
				if strings.HasPrefix(line, "ATTENDEE;") && !strings.HasSuffix(line, item.Line("ORGANIZER")) {
					lines[i] = "ATTENDEE;PARTSTAT=" + answer + line[strings.LastIndex(line, ":mailto:"):]
				}
			}
			return strings.Join(lines, "\r\n")
		})
		w.drawn(of, err, "of %q: %s", item.Line("SUMMARY"), answer)
	}
}

// meetings are those of some actions whose events have guests: a person's own, and those that others organize.
func (w *world) meetings(of service.Caller, among []crm.ActionID) (own, others []crm.ActionID) {
	if !w.guests {
		return nil, nil
	}
	items, err := w.server.Human(of.User.Login, "phone").Items(workOf(of.User.Login))
	must(err)
	organizers := map[string]string{}
	for _, item := range items {
		organizers[item.Href] = item.Line("ORGANIZER")
	}
	for _, id := range among {
		for _, place := range w.known[id].places {
			switch organizers[place.href] {
			case "":
			case "mailto:" + address(of.User.Login):
				own = append(own, id)
			default:
				others = append(others, id)
			}
		}
	}
	return own, others
}

// hide takes an action that cannot be changed off the screens, or puts it back.
func (w *world) hide(by service.Caller, random *rand.Rand) {
	for _, id := range w.order {
		action := w.known[id].action
		if action.FollowedBy != by.User.ID || action.Deleted() || action.Sync.Name != crm.ReadOnly || random.IntN(2) == 0 {
			continue
		}
		do := w.service.Hide
		if action.Hidden {
			do = w.service.Unhide
		}
		after, err := do(w.ctx, by, id)
		if refused := (*service.Forbidden)(nil); errors.As(err, &refused) {
			continue // its link was made anew, and has not read it yet
		}
		must(err)
		w.tell("%s hides %q: %v", by.User.Login, action.Subject, after.Hidden)
		w.knows(after)
	}
}

// knows notes an action as it is now.
func (w *world) knows(action crm.Action) {
	known := w.known[action.ID]
	known.action = action
	w.known[action.ID] = known
}

// decideGuests has everybody decide what the guests of their meetings are told.
func (w *world) decideGuests(random *rand.Rand) {
	for _, of := range w.people {
		held, err := w.service.Held(w.ctx, of)
		must(err)
		for _, one := range held {
			if one.Kind != service.HeldGuests || len(one.Actions) == 0 {
				continue
			}
			id, decision := one.Actions[0].Action.ID, one.Decisions[random.IntN(len(one.Decisions))]
			before := w.known[id].action
			w.tell("%s decides about the guests of %q: %s", of.User.Login, before.Subject, decision)
			if decision == service.DecideTell || decision == service.DecideInvite {
				units := unitsOf(before.Units)
				w.note(oracle.Commit{Kind: oracle.Agree, Action: id.String(), Follower: w.login(before.FollowedBy), Before: units, Values: units, Consent: true})
			}
			must(w.service.Decide(w.ctx, of, one.ID, decision))
			if decision == service.DecideUndo {
				w.undone(id, before)
			}
		}
	}
}

// undone notes what became of an action when a person undid what guests would have been told of: as if it had been typed.
func (w *world) undone(id crm.ActionID, before crm.Action) {
	var after crm.Action
	must(w.store.Read(w.ctx, func(tx *store.Tx) (err error) { after, err = tx.Action(id); return err }))
	commit := oracle.Commit{Action: id.String(), Follower: w.login(before.FollowedBy), Before: unitsOf(before.Units), Values: unitsOf(before.Units)}
	if before.Deleted() && !after.Deleted() {
		commit.Kind = oracle.Restore
		w.note(commit)
	}
	if commit.Follower = w.login(after.FollowedBy); before.FollowedBy != after.FollowedBy {
		commit.Kind = oracle.Reassign
		w.note(commit)
	}
	if commit.Values = unitsOf(after.Units); commit.Values != commit.Before {
		commit.Kind = oracle.Undo
		w.note(commit)
	}
	w.knows(after)
}
