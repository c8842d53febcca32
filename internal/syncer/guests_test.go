package syncer_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// anns are the lines of a meeting that Anna organises with two guests.
var anns = []string{
	"ORGANIZER;CN=Anna:mailto:anna@example.com", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.com",
	"ATTENDEE;SCHEDULE-AGENT=SERVER:mailto:luc@example.com", "ATTENDEE:mailto:eve@example.com",
}

// meeting links Anna's calendar, of a server that mails, with one meeting in it, and returns its action.
func meeting(w *world, lines ...string) crm.ActionID {
	w.Helper()
	w.link(w.anna, byMail("anna"))
	w.put(w.anna, "one", "Lunch", "20261125T110000Z", lines...)
	w.sync(w.anna)
	return w.named("Lunch")
}

func byMail(name string) func(*crm.Link, *store.LinkSync) {
	return func(link *crm.Link, _ *store.LinkSync) { link.Addresses = []string{"mailto:" + name + "@example.com"} }
}

func mailing(t *testing.T, test func(*world)) {
	t.Helper()
	manners := sandbox.Plain()
	manners.Mails = true
	test(one(t, manners))
}

// mailed is how many guests the server told of what this program wrote.
func (w *world) mailed() int {
	total := 0
	for _, write := range w.clients() {
		total += write.Mailed
	}
	return total
}

func (w *world) waiting(by service.Caller) []service.HeldView {
	w.Helper()
	held, err := w.service.Held(w.Context(), by)
	w.must(err)
	return held
}

func (w *world) decideGuests(by service.Caller, decision string) {
	w.Helper()
	held := w.waiting(by)
	if len(held) != 1 || held[0].Kind != service.HeldGuests || held[0].Guests != 2 || len(held[0].Actions) != 1 {
		w.Fatalf("got %+v, want one matter of two guests", held)
	}
	w.must(w.service.Decide(w.Context(), by, held[0].ID, decision))
}

func telling(by service.Caller) service.Caller {
	by.Guests = service.TellGuests
	return by
}

func (w *world) refuses(what string, id crm.ActionID, code string, edit func(*service.ActionInput)) {
	w.Helper()
	action := w.action(id)
	in := service.InputOf(action)
	edit(&in)
	_, err := w.service.Change(w.Context(), w.anna, id, action.Version, in)
	forbidden, _ := errors.AsType[*service.Forbidden](err)
	if forbidden == nil || forbidden.Code != code {
		w.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestGuests_anothers_event_is_read_only_and_follows_the_calendar(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, "ORGANIZER;CN=Luc Dubois:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com", "ATTENDEE:mailto:eve@example.com")
		w.same("state", w.state(id), "read_only others_event")
		w.same("whose", w.action(id).Sync.Params["organizer"], "Luc Dubois")
		w.refuses("subject", id, service.CodeOthersEvent, subject("Dinner"))
		w.refuses("description", id, service.CodeOthersEvent, func(in *service.ActionInput) { in.Description = "mine" })
		w.refuses("clearing", id, service.CodeOthersEvent, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
		w.refuses("reassigning", id, service.CodeOthersEvent, func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
		_, err := w.service.Delete(w.Context(), telling(w.anna), id, w.action(id).Version)
		if !errors.Is(err, service.ErrForbidden) {
			w.Errorf("deleting: got %v, want a refusal", err)
		}
		w.change(w.anna, id, func(in *service.ActionInput) { in.Dossier = "D1" }) // what does not travel is the CRM's own
		w.sync(w.anna)
		w.same("writes", len(w.clients()), 0)
		w.same("state", w.state(id), "read_only others_event")

		w.line("one", "SUMMARY:Breakfast")
		w.sync(w.anna)
		w.same("subject", w.action(id).Subject, "Breakfast")
		w.line("one", "STATUS:CANCELLED")
		w.sync(w.anna)
		w.same("state", w.state(id), "read_only event_cancelled")
		w.quiet(w.anna)
	})
}

func TestGuests_anothers_event_deleted_there_is_trashed_here(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, "ORGANIZER:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com")
		w.must(w.phone(w.anna).Delete("work", "one.ics", "*"))
		w.sync(w.anna)
		w.same("trashed", w.action(id).Deleted(), true)
		w.same("writes", len(w.clients()), 0)
	})
}

func TestGuests_a_declined_event_is_not_imported_and_a_known_one_stays(t *testing.T) {
	each(t, func(w *world) {
		w.put(w.anna, "no", "Never", "20261125T110000Z", "ORGANIZER:mailto:luc@example.com", "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com")
		w.put(w.anna, "maybe", "Maybe", "20261125T110000Z", "ORGANIZER:mailto:luc@example.com", "ATTENDEE;PARTSTAT=TENTATIVE:mailto:anna@example.com")
		id := meeting(w, "ORGANIZER:mailto:luc@example.com", "ATTENDEE:mailto:anna@example.com")
		w.same("actions", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00 Maybe | 2026-11-25 12:00 2026-11-25 13:00]")
		w.line("one", "ATTENDEE;PARTSTAT=DECLINED:mailto:anna@example.com")
		w.sync(w.anna)
		w.same("state", w.state(id), "read_only event_declined")
		w.same("trashed", w.action(id).Deleted(), false)
		w.refuses("subject", id, service.CodeEventDeclined, subject("Dinner"))
		w.line("no", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:anna@example.com")
		w.sync(w.anna)
		w.same("accepted after all", w.state(w.named("Never")), "read_only others_event")
	})
}

func TestGuests_an_own_event_without_guests_is_as_any(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, "ORGANIZER:mailto:anna@example.com", "ATTENDEE:mailto:anna@example.com")
		w.same("state", w.state(id), "synced")
		w.change(w.anna, id, subject("Dinner"))
		w.push(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("held", len(w.waiting(w.anna)), 0)
		w.same("event", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
	})
}

func TestGuests_a_description_flows_and_a_subject_waits_until_a_person_says_so(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, anns...)
		w.same("state", w.state(id), "synced")
		w.change(w.anna, id, func(in *service.ActionInput) { in.Description = "bring a fork" })
		w.push(w.anna)
		w.same("description", w.onlyItem(w.anna).Line("DESCRIPTION"), "bring a fork")
		w.same("held", len(w.waiting(w.anna)), 0)
		other := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID

		writes := len(w.clients())
		w.change(w.anna, id, subject("Dinner"))
		w.push(w.anna)
		w.same("state", w.state(id), "held guests")
		w.same("nothing else waits", w.state(other), "synced")
		w.same("link", w.linkStates(w.anna), "[needs_decision]")
		w.clock.forward(10 * time.Minute)
		w.sync(w.anna)
		w.same("writes", len(w.clients())-writes, 1)
		w.decideGuests(w.anna, service.DecideTell)
		w.same("state", w.state(id), "pending")
		w.push(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("subject", w.item("one").Line("SUMMARY"), "Dinner")
		w.same("organizer", w.item("one").Line("ORGANIZER"), "mailto:anna@example.com")
		w.same("link", w.linkStates(w.anna), "[active]")

		// Agreed was to that change, not to the next.
		w.change(w.anna, id, subject("Supper"))
		w.push(w.anna)
		w.same("state", w.state(id), "held guests")
		w.same("subject", w.item("one").Line("SUMMARY"), "Dinner")
	})
}

func TestGuests_no_mail_without_a_yes(t *testing.T) {
	for name, act := range map[string]func(*world, service.Caller, crm.ActionID){
		"subject": func(w *world, by service.Caller, id crm.ActionID) { w.change(by, id, subject("Dinner")) },
		"when": func(w *world, by service.Caller, id crm.ActionID) {
			w.change(by, id, func(in *service.ActionInput) { in.StartTime = "11:30" })
		},
		"clear": func(w *world, by service.Caller, id crm.ActionID) {
			w.change(by, id, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
		},
		"delete": func(w *world, by service.Caller, id crm.ActionID) { w.delete(by, id) },
		"reassign": func(w *world, by service.Caller, id crm.ActionID) {
			w.change(by, id, func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
		},
		"nobody": func(w *world, by service.Caller, id crm.ActionID) {
			w.change(by, id, func(in *service.ActionInput) { in.FollowedBy = crm.UserID{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			setUp := func(w *world) crm.ActionID {
				id := meeting(w, anns...)
				w.link(w.ben, byMail("ben"))
				w.sync(w.ben)
				return id
			}
			both := func(w *world) {
				w.push(w.ben)
				w.push(w.anna)
				w.push(w.ben)
				w.push(w.anna)
				w.sync(w.ben)
				w.sync(w.anna)
			}
			mailing(t, func(w *world) {
				id := setUp(w)
				act(w, w.anna, id)
				both(w)
				w.same("mail", w.mailed(), 0)
				w.same("state", w.state(id), "held guests")
				w.same("event", w.events(w.anna), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
				w.same("ben's", w.events(w.ben), "[]")

				w.decideGuests(w.anna, service.DecideUndo)
				both(w)
				w.same("mail", w.mailed(), 0)
				w.same("state", w.state(id), "synced")
				w.same("action", w.actions(w.anna), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
				w.same("event", w.events(w.anna), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
				w.same("ben's", w.events(w.ben), "[]")
				w.same("link", w.linkStates(w.anna), "[active]")

				act(w, w.anna, id)
				both(w)
				w.decideGuests(w.admin, service.DecideTell)
				both(w)
				w.same("mail", w.mailed(), 2)
				w.same("held", len(w.waiting(w.admin)), 0)
				if state := w.action(id).Sync; state.Name == crm.Held || state.Name == crm.Pending {
					w.Errorf("the action still waits: %v", state)
				}
			})
			t.Run("agreed", func(t *testing.T) {
				mailing(t, func(w *world) {
					id := setUp(w)
					asking := w.anna
					asking.Guests = service.AskGuests
					_, err := w.service.Delete(w.Context(), asking, id, w.action(id).Version)
					if ask, is := errors.AsType[*service.GuestsError](err); !is || ask.Count != 2 {
						w.Errorf("got %v, want to be asked about two guests", err)
					}
					act(w, telling(w.anna), id)
					both(w)
					w.same("mail", w.mailed(), 2)
					w.same("held", len(w.waiting(w.admin)), 0)
					if state := w.action(id).Sync; state.Name == crm.Held || state.Name == crm.Pending {
						w.Errorf("the action waits: %v", state)
					}
				})
			})
			t.Run("another", func(t *testing.T) {
				mailing(t, func(w *world) {
					id := setUp(w)
					act(w, telling(w.ben), id)
					both(w)
					w.same("mail", w.mailed(), 0)
					w.same("state", w.state(id), "held guests")
				})
			})
		})
	}
}

func TestGuests_a_later_save_takes_an_earlier_yes_back(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, anns...)
		w.change(telling(w.anna), id, subject("Dinner"))
		w.change(w.anna, id, subject("Supper"))
		w.push(w.anna)
		w.same("state", w.state(id), "held guests")
		w.same("mail", w.mailed(), 0)
		w.change(w.anna, id, subject("Lunch")) // as it was
		w.push(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("held", len(w.waiting(w.anna)), 0)
		w.same("mail", w.mailed(), 0)
	})
}

func TestGuests_what_the_calendar_does_meanwhile_ends_what_waits(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, anns...)
		w.change(w.anna, id, subject("Dinner"))
		w.push(w.anna)
		w.line("one", "SUMMARY:Dinner")
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("held", len(w.waiting(w.anna)), 0)

		w.delete(w.anna, id)
		w.push(w.anna)
		w.same("held", len(w.waiting(w.anna)), 1)
		w.must(w.phone(w.anna).Delete("work", "one.ics", "*"))
		w.sync(w.anna)
		w.same("held", len(w.waiting(w.anna)), 0)
		w.same("mail", w.mailed(), 0)
	})
}

func TestGuests_an_event_made_again_invites_nobody_unless_that_is_chosen(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, anns...)
		w.delete(telling(w.anna), id)
		w.push(w.anna)
		w.same("mail", w.mailed(), 2)
		_, err := w.service.Restore(w.Context(), telling(w.anna), id)
		w.must(err)
		w.push(w.anna)
		item := w.onlyItem(w.anna)
		w.same("guests", item.Line("ORGANIZER")+item.Line("ATTENDEE"), "")

		w.put(w.anna, "two", "Tea", "20261125T150000Z", anns...)
		w.sync(w.anna)
		tea := w.named("Tea")
		w.change(w.anna, tea, subject("Coffee"))
		w.must(w.phone(w.anna).Delete("work", "two.ics", "*"))
		w.sync(w.anna)
		w.same("mail", w.mailed(), 2)
		w.same("state", w.state(tea), "synced")
	})
}

func TestGuests_a_refused_write_marks_the_event_as_not_ours(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, anns...)
		w.server.Plan(sandbox.Fault{Name: "not ours", On: sandbox.Match{Methods: []string{http.MethodPut}}, Do: sandbox.Effect{Refuse: sandbox.Status(403, "")}})
		w.change(telling(w.anna), id, subject("Dinner"))
		w.push(w.anna)
		w.same("state", w.state(id), "read_only others_event")
		w.same("link", w.linkStates(w.anna), "[active]")
		w.refuses("subject", id, service.CodeOthersEvent, subject("Supper"))
	})
}

func TestGuests_one_meeting_in_two_calendars_is_two_actions_also_when_one_goes(t *testing.T) {
	each(t, func(w *world) {
		id := meeting(w, anns...)
		w.link(w.ben, byMail("ben"))
		w.put(w.ben, "one", "Lunch", "20261125T110000Z", append(anns, "ATTENDEE:mailto:ben@example.com")...)
		w.sync(w.ben)
		bens := w.only(w.ben).ID
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		w.sync(w.anna)
		w.sync(w.ben)
		w.same("anna's is trashed", w.action(id).Deleted(), true)
		w.same("ben's stays", w.only(w.ben).ID, bens)
		w.same("ben's", w.state(bens), "read_only others_event")

		// And one that comes to Ben when it is gone from Anna's is his own copy.
		w.put(w.anna, "two", "Tea", "20261126T110000Z", anns...)
		w.sync(w.anna)
		tea := w.named("Tea")
		w.must(w.phone(w.anna).Delete("work", "two.ics", ""))
		w.sync(w.anna)
		w.put(w.ben, "two", "Tea", "20261126T110000Z", anns...)
		w.sync(w.ben)
		w.same("tea", w.action(tea).Deleted(), true)
		w.same("ben's", w.actions(w.ben), "[Lunch | 2026-11-25 12:00 2026-11-25 13:00 Tea | 2026-11-26 12:00 2026-11-26 13:00]")
		w.same("writes", len(w.clients()), 0)
	})
}

func inviting(by service.Caller) service.Caller {
	by.Guests = service.InviteGuests
	return by
}

// Semantics 7: made again, an event leaves ORGANIZER and ATTENDEE out unless invite again is chosen; without a word it is held.
func TestGuests_restoring_and_a_date_given_again_ask_whether_they_are_invited_again(t *testing.T) {
	for name, undo := range map[string]func(*world, service.Caller, crm.ActionID) error{
		"restored": func(w *world, by service.Caller, id crm.ActionID) error {
			_, err := w.service.Restore(w.Context(), by, id)
			return err
		},
		"a date again": func(w *world, by service.Caller, id crm.ActionID) error {
			action := w.action(id)
			in := service.InputOf(action)
			in.StartDate, in.StartTime = "2026-11-27", "10:00"
			_, err := w.service.Change(w.Context(), by, id, action.Version, in)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			gone := func(w *world) crm.ActionID {
				id := meeting(w, anns...)
				if name == "restored" {
					w.delete(telling(w.anna), id)
				} else {
					w.change(telling(w.anna), id, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" })
				}
				w.push(w.anna)
				w.same("told of the deletion", w.mailed(), 2)
				return id
			}
			t.Run("asked", func(t *testing.T) {
				mailing(t, func(w *world) {
					id := gone(w)
					asking := w.anna
					asking.Guests = service.AskGuests
					if ask, is := errors.AsType[*service.GuestsError](undo(w, asking, id)); !is || *ask != (service.GuestsError{Count: 2, Again: true}) {
						t.Errorf("got %v, want to be asked about two guests", ask)
					}
					w.must(undo(w, inviting(w.anna), id))
					w.same("pending", w.state(id), "pending")
					w.push(w.anna)
					w.same("organizer", w.onlyItem(w.anna).Line("ORGANIZER"), "mailto:anna@example.com")
					w.same("invited", w.mailed(), 4)
					w.same("state", w.state(id), "synced")
					w.same("open", len(w.waiting(w.admin)), 0)
					w.quiet(w.anna)
				})
			})
			for decision, mailed := range map[string]int{service.DecideInvite: 4, service.DecideWithout: 2} {
				t.Run("held, then "+decision, func(t *testing.T) {
					mailing(t, func(w *world) {
						id := gone(w)
						w.must(undo(w, w.ben, id)) // another's word counts as none
						w.push(w.anna)
						w.same("state", w.state(id), "held guests")
						w.same("link", w.linkStates(w.anna), "[needs_decision]")
						w.same("events", len(w.items(w.anna)), 0)
						w.same("decisions", w.waiting(w.anna)[0].Decisions, "[invite_again without_guests]")
						w.decideGuests(w.anna, decision)
						w.push(w.anna)
						w.same("state", w.state(id), "synced")
						w.same("mailed", w.mailed(), mailed)
						w.same("events", len(w.items(w.anna)), 1)
						w.same("link", w.linkStates(w.anna), "[active]")
						w.quiet(w.anna)
					})
				})
			}
		})
	}
}

func TestGuests_a_meeting_that_is_handed_over_can_invite_them_again(t *testing.T) {
	mailing(t, func(w *world) {
		id := meeting(w, anns...)
		w.link(w.ben, byMail("ben"))
		w.sync(w.ben)
		w.change(inviting(w.anna), id, func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
		for range 2 {
			w.push(w.ben)
			w.push(w.anna)
		}
		w.same("anna's", len(w.items(w.anna)), 0)
		w.same("organizer", w.onlyItem(w.ben).Line("ORGANIZER"), "mailto:ben@example.com")
		w.same("anna is no guest", strings.Contains(w.onlyItem(w.ben).Body, "anna@example.com"), false)
		w.same("told that it goes, and invited again", w.mailed(), 4)
		w.same("state", w.state(id), "synced")
		w.quiet(w.ben)
	})
}

// Semantics 7: an address that the user added makes an event his own; meetings that are known are looked at anew.
func TestGuests_an_address_that_was_added_makes_a_meeting_ones_own(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna) // of a server that tells no addresses
		w.put(w.anna, "one", "Lunch", "20261125T110000Z", anns...)
		w.sync(w.anna)
		id := w.named("Lunch")
		w.same("taken for another's", w.state(id), "read_only others_event")
		link := w.stored(w.anna)
		_, err := w.service.SetAddresses(w.Context(), w.anna, link.ID, link.Version, []string{"not an address"})
		if problems, _ := errors.AsType[crm.Problems](err); len(problems) != 1 || problems[0].Code != service.CodeAddressFormat {
			t.Errorf("got %v, want %s", err, service.CodeAddressFormat)
		}
		_, err = w.service.SetAddresses(w.Context(), w.anna, link.ID, link.Version, []string{" mailto:Anna@example.com", "anna@example.com"})
		w.must(err)
		w.push(w.anna)
		w.same("own", w.state(id), "synced")
		w.change(w.anna, id, func(in *service.ActionInput) { in.Description = "bring a fork" })
		w.push(w.anna)
		w.same("written", w.onlyItem(w.anna).Line("DESCRIPTION"), "bring a fork")
		_, err = w.service.SetAddresses(w.Context(), w.admin, link.ID, link.Version+1, nil)
		w.must(err)
		w.push(w.anna)
		w.same("taken away", w.state(id), "read_only others_event")
		w.quiet(w.anna)
	})
}
