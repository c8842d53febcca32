package syncer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// quiet makes sure that two more rounds write nothing and find nothing (O8).
func (w *world) quiet(of service.Caller) {
	w.Helper()
	writes := len(w.clients())
	for range 2 {
		if result := w.sync(of); !result.Unchanged {
			w.Errorf("a round more: got %+v, want nothing to do", result)
		}
	}
	w.same("writes of two more rounds", len(w.clients())-writes, 0)
}

func TestF17_a_text_that_the_server_rewrites_is_read_back_and_no_edit(t *testing.T) {
	each(t, func(w *world) {
		w.server.Behave(func(m *sandbox.Manners) {
			m.NoPutETag = true
			m.Rewrite = sandbox.Rewriting{CRLF: true, Fold: true, Sort: true, DropX: true, HTML: true, AddAlarm: true, SubjectLimit: 20}
		})
		linked(w)
		id := w.create(w.anna, "A subject of more than twenty characters", "2026-11-25 14:00 - 16:00").ID
		w.change(w.anna, id, func(in *service.ActionInput) { in.Description = "two\nlines <b>" })
		w.push(w.anna)
		w.same("events", w.events(w.anna), "[A subject of more th | 20261125T140000 | 20261125T160000 Lunch | 20261125T110000Z | 20261125T120000Z]")
		w.quiet(w.anna)
		w.same("our value stays", w.action(id).Subject, "A subject of more than twenty characters")
		w.same("a notice of the text lost", w.history(id), "[created changed description server_cut subject server_shortens]")
		w.change(w.anna, id, func(in *service.ActionInput) { in.StartTime = "15:00" })
		w.push(w.anna)
		w.quiet(w.anna)
		w.same("our value stays", w.action(id).Subject, "A subject of more than twenty characters")
		w.same("an edit after it flows", func() string {
			for _, item := range w.items(w.anna) {
				if item.UID != "one" {
					_, err := w.phone(w.anna).SetLine("work", item.Name(), "SUMMARY:Short")
					w.must(err)
				}
			}
			w.sync(w.anna)
			return w.action(id).Subject
		}(), "Short")
	})
}

func TestF18_odd_ETags_never_make_a_silent_empty_sync(t *testing.T) {
	for name, change := range map[string]func(*sandbox.Manners){
		"weak": func(m *sandbox.Manners) { m.WeakETags = true }, "unquoted": func(m *sandbox.Manners) { m.UnquotedETags = true },
		"none": func(m *sandbox.Manners) { m.NoETags = true }, "restless": func(m *sandbox.Manners) { m.RestlessETags = true },
		"none_without_data": func(m *sandbox.Manners) { m.NoETags, m.DataInSync = true, false },
		"none_by_ctag":      func(m *sandbox.Manners) { m.NoETags, m.NoSync = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			manners := sandbox.Plain()
			change(&manners)
			w := one(t, manners)
			linked(w)
			w.same("actions", w.actions(w.anna), lunch)
			w.line("one", "SUMMARY:Dinner")
			w.sync(w.anna)
			w.same("changed there", w.actions(w.anna), strings.ReplaceAll(lunch, "Lunch", "Dinner"))
			id := w.named("Dinner")
			w.change(w.anna, id, subject("Supper"))
			w.push(w.anna)
			w.same("changed here", w.events(w.anna), "[Supper | 20261125T110000Z | 20261125T120000Z]")
			w.sync(w.anna)
			w.same("no edit of our own", w.history(id), "[created new_event changed subject event_changed changed subject]")
			w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
			w.sync(w.anna)
			w.same("deleted there", w.actions(w.anna), "[]")
		})
	}
}

func TestF19_a_refused_token_is_a_full_comparison_without_false_edits(t *testing.T) {
	for _, status := range []int{403, 409, 410, 415, 418} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := one(t)
			linked(w)
			w.put(w.anna, "two", "Tea", "20261125T110000Z")
			w.put(w.anna, "three", "Cake", "20261125T110000Z")
			w.sync(w.anna)
			w.line("one", "SUMMARY:Dinner")
			w.must(w.phone(w.anna).Delete("work", "two.ics", ""))
			w.must(w.server.ForgetTokens("anna", "work"))
			w.server.Plan(sandbox.Fault{Name: "token", On: sandbox.Match{Report: "sync-collection", Token: sandbox.GivenToken}, Times: 1, Do: sandbox.Effect{Refuse: sandbox.Precondition(status, "DAV:", "valid-sync-token")}})
			w.sync(w.anna)
			w.same("actions", w.actions(w.anna), "[Cake | 2026-11-25 12:00 2026-11-25 13:00 Dinner | 2026-11-25 12:00 2026-11-25 13:00]")
			w.same("no false edit", w.history(w.named("Cake")), "[created new_event]")
			w.quiet(w.anna)
		})
	}
}

func TestF20_all_history_again_changes_nothing(t *testing.T) {
	w := one(t)
	linked(w)
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.sync(w.anna)
	w.must(w.phone(w.anna).Delete("work", "two.ics", ""))
	w.sync(w.anna)
	before := w.whole()
	w.server.Plan(sandbox.Fault{Name: "again", On: sandbox.Match{Report: "sync-collection"}, Times: 1, Do: sandbox.Effect{TakesToken: true}})
	w.sync(w.anna)
	w.same("the same", w.whole(), before)
	w.quiet(w.anna)
}

func TestF22_a_server_restored_from_a_backup_doubles_nothing(t *testing.T) {
	for _, silent := range []bool{false, true} {
		t.Run(fmt.Sprint("silent_", silent), func(t *testing.T) {
			manners := sandbox.Plain()
			manners.Token.Silent = silent
			w := one(t, manners)
			linked(w)
			backup := w.server.Snapshot()
			w.change(w.anna, w.named("Lunch"), subject("Dinner"))
			w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
			w.put(w.anna, "two", "Tea", "20261125T110000Z")
			w.sync(w.anna)
			w.must(w.server.Restore(backup))
			w.replaced()
			w.clock.forward(25 * time.Hour)
			w.sync(w.anna)
			w.settle()
			seen := map[string]int{}
			for _, item := range w.items(w.anna) {
				seen[item.UID]++
			}
			for uid, n := range seen {
				if n > 1 {
					w.Errorf("%s is there %d times", uid, n)
				}
			}
			w.same("one to one", len(w.items(w.anna)), len(w.found(w.anna)))
			w.quiet(w.anna)
		})
	}
}

func TestF23_a_paged_report_goes_on_also_after_a_crash_between_pages(t *testing.T) {
	manners := sandbox.Plain()
	manners.PageSize = 7
	for crashAt := range 6 {
		t.Run(fmt.Sprint(crashAt), func(t *testing.T) {
			w := one(t, manners)
			for i := range 30 {
				w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("Event ", i), "20261125T110000Z")
			}
			w.link(w.anna)
			syncs := 0
			w.gate = func(_ context.Context, point syncer.Point) error {
				if point.What == "sync" && point.Moment == syncer.AfterRequest {
					if syncs++; syncs == crashAt {
						return errCrash
					}
				}
				return nil
			}
			_, _ = w.tryRun(w.anna, crm.TriggerScreen)
			w.gate = nil
			w.settle()
			w.same("actions", len(w.found(w.anna)), 30)
			for i := range 20 {
				_, err := w.phone(w.anna).SetLine("work", fmt.Sprint("e", i, ".ics"), "SUMMARY:changed")
				w.must(err)
			}
			for i := 20; i < 30; i++ {
				w.must(w.phone(w.anna).Delete("work", fmt.Sprint("e", i, ".ics"), ""))
			}
			w.settle()
			w.same("actions", len(w.found(w.anna)), 20)
		})
	}
}

func TestF24_removed_and_made_again_under_another_href_is_the_same_action(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		body := w.item("one").Body
		w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
		w.except("removed and made again under its UID is a move: the CRM never hears of a deletion", "O6")
		_, err := w.phone(w.anna).Put("work", "elsewhere.ics", strings.Replace(body, "Lunch", "Brunch", 1), "*")
		w.must(err)
		w.sync(w.anna)
		w.same("history", w.history(id), "[created new_event changed subject event_changed]")
		w.change(w.anna, id, subject("Dinner"))
		w.push(w.anna)
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		w.quiet(w.anna)
	})
}

func TestF25_one_UID_under_two_hrefs_is_one_action_and_the_other_is_shown(t *testing.T) {
	manners := sandbox.Plain()
	manners.UIDConflict = sandbox.UIDDoubled
	w := one(t, manners)
	linked(w)
	id := w.named("Lunch")
	_, err := w.phone(w.anna).Put("work", "copy.ics", strings.Replace(w.item("one").Body, "Lunch", "Copy", 1), "*")
	w.must(err)
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), lunch)
	aside, err := w.service.SetAside(w.Context(), w.admin, w.links[w.anna.User.ID].ID)
	w.must(err)
	w.same("shown", fmt.Sprint(len(aside), " ", aside[0].Reason), "1 uid_elsewhere")
	w.quiet(w.anna)
	w.except("the second event of one UID takes over from the first, which is deleted", "O6")
	w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	w.sync(w.anna)
	w.same("the other takes over", w.history(id), "[created new_event changed subject event_changed]")
	w.quiet(w.anna)
}

func TestF25_one_UID_in_two_users_calendars_is_an_action_for_each(t *testing.T) {
	w := one(t)
	linked(w)
	w.link(w.ben)
	w.put(w.ben, "one", "Lunch", "20261125T110000Z")
	w.sync(w.ben)
	w.same("anna", w.actions(w.anna), lunch)
	w.same("ben", w.actions(w.ben), lunch)
	w.clock.forward(2 * time.Hour)
	annas := w.named("Lunch")
	w.must(w.phone(w.ben).Delete("work", "one.ics", ""))
	w.sync(w.ben)
	w.sync(w.anna)
	w.same("anna", w.actions(w.anna), lunch)
	w.same("anna's own", w.named("Lunch"), annas)
	w.same("ben", w.actions(w.ben), "[]")
}

func TestF26_hrefs_in_every_form_name_one_event(t *testing.T) {
	for _, form := range []sandbox.HrefForm{sandbox.HrefAsSent, sandbox.HrefLower, sandbox.HrefAlternate, sandbox.HrefAbsolute} {
		t.Run("form_"+string(form), func(t *testing.T) {
			manners := sandbox.Plain()
			manners.HrefForm = form
			w := one(t, manners)
			w.link(w.anna)
			names := []string{"a@b.ics", "réunion.ics", "50%.ics", "a b+c.ics", "without", "A&B;=,.ics"}
			for i, name := range names {
				_, err := w.phone(w.anna).Put("work", name, text(fmt.Sprint("uid", i), fmt.Sprint("Event ", i), "20261125T110000Z"), "*")
				w.must(err)
			}
			w.sync(w.anna)
			w.same("actions", len(w.found(w.anna)), len(names))
			for i, name := range names {
				id := w.named(fmt.Sprint("Event ", i))
				w.change(w.anna, id, subject(fmt.Sprint("Changed ", i)))
				w.push(w.anna)
				item, err := w.phone(w.anna).Get("work", name)
				w.must(err)
				w.same(name, item.Line("SUMMARY"), fmt.Sprint("Changed ", i))
			}
			w.same("events", len(w.items(w.anna)), len(names))
			w.sync(w.anna)
			w.quiet(w.anna)
			w.must(w.server.ForgetTokens("anna", "work"))
			w.sync(w.anna)
			w.same("actions", len(w.found(w.anna)), len(names))
		})
	}
}

func TestF27_an_event_moved_to_a_calendar_that_is_not_linked_goes_to_the_trash(t *testing.T) {
	w := one(t)
	linked(w)
	w.must(w.server.SetCalendar(sandbox.Calendar{Owner: "anna", Name: "private"}))
	_, err := w.phone(w.anna).Move("work", "one.ics", "private")
	w.must(err)
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[]")
	w.same("trash", len(w.trash(w.anna)), 1)
	_, err = w.phone(w.anna).Move("private", "one.ics", "work")
	w.must(err)
	w.sync(w.anna)
	w.same("moved back", w.actions(w.anna), lunch)
	w.same("trash", len(w.trash(w.anna)), 0)
}

func (w *world) many(n int) {
	w.Helper()
	w.link(w.anna)
	for i := range n {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprintf("Event %03d", i), "20261125T110000Z")
	}
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), n)
}

func (w *world) decide(decision string) {
	w.Helper()
	held, err := w.service.Held(w.Context(), w.admin)
	w.must(err)
	if len(held) != 1 {
		w.Fatalf("got %d things held, want 1: %+v", len(held), held)
	}
	w.must(w.service.Decide(w.Context(), w.admin, held[0].ID, decision))
}

func TestF28_a_calendar_that_is_suddenly_empty_stops_its_link_and_asks(t *testing.T) {
	for _, decision := range []string{service.DecideDelete, service.DecideWriteBack} {
		for name, empty := range map[string]func(*world){
			"emptied": func(w *world) { w.must(w.server.Empty("anna", "work")) },
			"remade":  func(w *world) { w.must(w.server.Remake("anna", "work")) },
		} {
			t.Run(name+"_"+decision, func(t *testing.T) {
				w := one(t)
				w.many(8)
				empty(w)
				w.replaced()
				if decision == service.DecideWriteBack {
					w.except("a person decided that the deletions were none", "O6")
				}
				w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
				w.sync(w.anna)
				w.same("actions", len(w.found(w.anna)), 9)
				w.same("nothing is written either", len(w.clients()), 0)
				w.same("link", w.trouble(), "needs_decision")
				w.requests()
				w.sync(w.anna)
				w.same("requests while it waits", len(w.requests()), 0)
				w.decide(decision)
				w.settle()
				if decision == service.DecideDelete {
					w.same("actions", w.actions(w.anna), "[Call | 2026-11-25 14:00 - 16:00]")
					w.same("trash", len(w.trash(w.anna)), 8)
				} else {
					w.same("actions", len(w.found(w.anna)), 9)
					w.same("events", len(w.items(w.anna)), 9)
				}
				w.same("link", w.trouble(), "active")
				w.quiet(w.anna)
			})
		}
	}
}

func TestF28_another_calendar_behind_the_address_stops_its_link(t *testing.T) {
	w := one(t)
	w.many(8)
	w.must(w.server.SetCalendar(sandbox.Calendar{Owner: "anna", Name: "other"}))
	for i := range 3 {
		_, err := w.phone(w.anna).Put("other", fmt.Sprint("x", i, ".ics"), text(fmt.Sprint("x", i), "Strange", "20261125T110000Z"), "*")
		w.must(err)
	}
	w.must(w.server.Swap("anna", "work", "other"))
	w.sync(w.anna)
	w.clock.forward(25 * time.Hour)
	w.sync(w.anna)
	w.same("link", w.trouble(), "needs_decision")
	w.same("nothing strange came in", strings.Contains(fmt.Sprint(w.actions(w.anna)), "Strange"), false)
	w.must(w.server.Swap("anna", "work", "other"))
}

func TestF28_too_many_deletions_are_held_and_everything_else_goes_on(t *testing.T) {
	for _, decision := range []string{service.DecideDelete, service.DecideWriteBack} {
		t.Run(decision, func(t *testing.T) {
			w := one(t)
			if decision == service.DecideWriteBack {
				w.except("a person decided that the deletions were none", "O6")
			}
			w.many(60)
			for i := range 25 {
				w.must(w.phone(w.anna).Delete("work", fmt.Sprint("e", i, ".ics"), ""))
			}
			w.put(w.anna, "more", "More", "20261125T110000Z")
			w.sync(w.anna)
			w.same("actions", len(w.found(w.anna)), 61)
			held := w.named("Event 003")
			w.same("state", w.state(held), "held deletions")
			w.same("link", w.trouble(), "needs_decision")
			w.change(w.anna, held, subject("Edited meanwhile"))
			w.push(w.anna)
			w.same("a change wins over the deletion", w.state(held), "synced")
			w.decide(decision)
			w.settle()
			want := 60 - 25 + 1 + 1
			if decision == service.DecideWriteBack {
				want = 61
			}
			w.same("actions", len(w.found(w.anna)), want)
			w.same("events", len(w.items(w.anna)), want)
			w.same("link", w.trouble(), "active")
			w.quiet(w.anna)
		})
	}
}

func TestF29_a_right_withdrawn_says_so_and_edits_wait(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		w.line("one", "DESCRIPTION:still comes in")
		w.must(w.server.Grant("anna", "work", sandbox.Reads))
		w.change(w.anna, id, subject("Dinner"))
		w.sync(w.anna)
		w.same("link", w.trouble(), "failing forbidden")
		w.same("action", w.state(id), "pending calendar_read_only")
		w.same("description", w.action(id).Description, "still comes in")
		w.must(w.server.Grant("anna", "work", sandbox.Owns))
		w.clock.forward(11 * time.Minute)
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		w.same("link", w.trouble(), "active")
	})
}

func TestF29_a_read_only_calendar_is_one_way(t *testing.T) {
	each(t, func(w *world) {
		w.put(w.anna, "one", "Lunch", "20261125T110000Z")
		w.must(w.server.Grant("anna", "work", sandbox.Reads))
		w.link(w.anna, func(_ *crm.Link, sync *store.LinkSync) { sync.ReadOnly = true })
		own := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
		w.sync(w.anna)
		w.same("its actions", w.state(w.named("Lunch")), "read_only calendar_read_only")
		w.same("the user's own", w.state(own), "not_synced calendar_read_only")
		w.same("link", w.trouble(), "read_only")
		w.same("writes", len(w.clients()), 0)
	})
}

func TestF31_two_installations_on_one_calendar_come_to_rest(t *testing.T) {
	w, other := one(t), newWorld(t, sqlite(t), sandbox.Plain())
	other.server = w.server
	for _, world := range []*world{w, other} {
		world.except("what people typed in the other installation is not told", "O2", "O3", "O4")
	}
	linked(w)
	other.link(other.anna)
	other.sync(other.anna)
	writes := len(w.clients())
	w.change(w.anna, w.named("Lunch"), subject("Dinner"))
	other.create(other.anna, "Call", "2026-11-25 14:00 - 16:00")
	for range 4 {
		w.sync(w.anna)
		other.sync(other.anna)
	}
	w.same("both have", w.actions(w.anna), "[Call | 2026-11-25 14:00 2026-11-25 16:00 Dinner | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("writes for two edits", len(w.clients())-writes, 2)
	w.quiet(w.anna)
	other.quiet(other.anna)
}

func TestF32_clocks_decide_nothing_but_the_policy_latest(t *testing.T) {
	for name, change := range map[string]func(*sandbox.Manners){
		"hours_off": func(m *sandbox.Manners) { m.ClockOff = 7 * time.Hour }, "a_year_off": func(m *sandbox.Manners) { m.ClockOff = -365 * 24 * time.Hour },
		"no_date": func(m *sandbox.Manners) { m.NoDate = true },
	} {
		t.Run(name, func(t *testing.T) {
			manners := sandbox.Plain()
			change(&manners)
			w := one(t, manners)
			busy(w)
			w.settle()
			w.same("as without", w.whole(), undisturbed(t))
		})
	}
	t.Run("latest_is_corrected_by_the_difference", func(t *testing.T) {
		manners := sandbox.Plain()
		manners.ClockOff = 7 * time.Hour
		w := one(t, manners)
		linked(w)
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
			settings, err := tx.Settings()
			settings.ConflictPolicy = crm.LatestWins
			if err != nil {
				return err
			}
			return tx.UpdateSettings(settings, settings.Version)
		}))
		// Changed there first; by the server's clock it looks seven hours later than what was changed here after it.
		there := w.clock.now().Add(7 * time.Hour).UTC().Format("20060102T150405Z")
		w.line("one", "SUMMARY:There")
		w.line("one", "LAST-MODIFIED:"+there)
		w.clock.forward(10 * time.Minute)
		w.change(w.anna, w.named("Lunch"), subject("Here"))
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), strings.ReplaceAll(lunch, "Lunch", "Here"))
	})
}

func TestF19_a_server_that_breaks_at_a_token_it_does_not_know_is_asked_for_everything(t *testing.T) {
	w := one(t, sandbox.Xandikos()) // 0.2.8 answers 500
	linked(w)
	w.line("one", "SUMMARY:Dinner")
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.must(w.phone(w.anna).Delete("work", "two.ics", ""))
	w.must(w.server.ForgetTokens("anna", "work"))
	w.sync(w.anna)
	w.same("at first it fails", w.trouble(), "failing server_error")
	w.clock.forward(time.Minute)
	w.sync(w.anna)
	w.same("then it is healed", w.trouble(), "active")
	w.same("actions", w.actions(w.anna), strings.ReplaceAll(lunch, "Lunch", "Dinner"))
	w.quiet(w.anna)
}

// Semantics 7: what is no calendar any more, or has become somebody else's, stops its link by the daily comparison, before a member of it
// is looked at. What a server does not tell proves nothing, and a calendar that was another's when it was linked still is.
func TestF28_what_is_no_calendar_any_more_or_anothers_stops_its_link(t *testing.T) {
	const calendar, principal = "<D:collection/><C:calendar/>", "<D:href>/principals/anna/</D:href>"
	for name, test := range map[string]struct {
		types, owner string
		foreign      bool
		want         string
	}{
		"as it was":              {calendar, principal, false, "active"},
		"a plain folder":         {"<D:collection/>", principal, false, "needs_decision"},
		"somebody else's":        {calendar, "<D:href>/principals/ben/</D:href>", false, "needs_decision"},
		"another's all the time": {calendar, "<D:href>/principals/ben/</D:href>", true, "active"},
		"an owner not told":      {calendar, "", false, "active"},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			w.many(8)
			w.must(w.write(func(tx *store.Tx) error {
				sync, err := tx.LinkSync(w.links[w.anna.User.ID].ID)
				if err != nil {
					return err
				}
				sync.Foreign = test.foreign
				return tx.UpdateLinkSync(w.links[w.anna.User.ID].ID, sync)
			}))
			body := `<?xml version="1.0"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:response><D:href>` + w.server.CalendarPath("anna", "work") +
				`</D:href><D:propstat><D:prop><D:resourcetype>` + test.types + `</D:resourcetype><D:owner>` + test.owner + `</D:owner><D:current-user-principal>` + principal +
				`</D:current-user-principal></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>`
			w.server.Plan(sandbox.Fault{
				Name: "told", Times: 1, On: sandbox.Match{Methods: []string{"PROPFIND"}},
				Do: sandbox.Effect{Refuse: &sandbox.Answer{Status: 207, Header: http.Header{"Content-Type": {"application/xml"}}, Body: body}},
			})
			w.clock.forward(25 * time.Hour)
			w.sync(w.anna)
			w.same("link", w.linkStates(w.anna)[0], test.want)
			w.same("actions", len(w.found(w.anna)), 8)
			if test.want == "active" {
				return
			}
			held := w.asked(service.HeldOtherCalendar)
			w.must(w.service.Decide(w.Context(), w.anna, held.ID, service.DecideWriteBack))
			w.sync(w.anna)
			w.same("once decided", w.linkStates(w.anna)[0], "active")
			w.clock.forward(25 * time.Hour)
			w.sync(w.anna)
			w.same("a day later", w.linkStates(w.anna)[0], "active")
		})
	}
}
