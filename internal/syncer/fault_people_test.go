package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
	"agendaonline/internal/syncer"
)

func TestF21_a_database_restored_from_yesterday_doubles_nothing(t *testing.T) {
	t.Parallel()
	options := sqlite(t)
	w := newWorld(t, options, sandbox.Plain())
	linked(w)
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.put(w.anna, "three", "Cake", "20261125T110000Z")
	w.sync(w.anna)
	saved := w.copyOf(options.SQLite)

	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	w.change(w.anna, w.named("Tea"), subject("Coffee"))
	w.delete(w.anna, w.named("Cake"))
	w.line("one", "SUMMARY:Dinner")
	w.sync(w.anna)

	w.reopen(saved)
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[Call | 2026-11-25 14:00 2026-11-25 16:00 Coffee | 2026-11-25 12:00 2026-11-25 13:00 Dinner | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("events", len(w.items(w.anna)), 3)
	w.quiet(w.anna)
}

// Found by the simulation: what waited to be sent when the backup was made was sent after it, and was doubled.
func TestF21_what_waited_in_the_backup_and_was_sent_since_is_known_again(t *testing.T) {
	t.Parallel()
	options := sqlite(t)
	w := newWorld(t, options, sandbox.Plain())
	linked(w)
	w.sync(w.anna)
	w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
	saved := w.copyOf(options.SQLite)
	w.sync(w.anna)

	w.reopen(saved)
	w.sync(w.anna)
	w.same("actions", w.actions(w.anna), "[Call | 2026-11-25 14:00 - 16:00 Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
	w.same("events", len(w.items(w.anna)), 2)
	w.quiet(w.anna)
}

// What got its dates since the backup is not taken off the calendar because the backup has none. Given dates once more, the action has
// an event of its own.
func TestRestored_what_got_dates_since_the_backup_stays_in_the_calendar(t *testing.T) {
	t.Parallel()
	options := sqlite(t)
	w := newWorld(t, options, sandbox.Plain())
	linked(w)
	w.sync(w.anna)
	action, err := w.service.Create(w.Context(), w.anna, service.ActionInput{Subject: "Call", FollowedBy: w.anna.User.ID})
	w.must(err)
	saved := w.copyOf(options.SQLite)
	w.change(w.anna, action.ID, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndTime = "2026-11-25", "14:00", "16:00" })
	w.sync(w.anna)
	w.same("events", len(w.items(w.anna)), 2)

	w.reopen(saved)
	w.sync(w.anna)
	w.same("events", len(w.items(w.anna)), 2)
	w.change(w.anna, action.ID, func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndTime = "2026-11-26", "14:00", "16:00" })
	w.sync(w.anna)
	w.same("events", len(w.items(w.anna)), 3)
	w.quiet(w.anna)
}

// Anybody may write a UID: that of somebody else's action is none of ours.
func TestF21_a_uid_that_is_the_id_of_anothers_action_takes_nothing_over(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		action := w.create(w.ben, "Secret", "2026-11-25 14:00 - 16:00")
		w.put(w.anna, action.ID.String(), "Mine now", "20261125T110000Z")
		w.sync(w.anna)
		w.same("still of ben", w.action(action.ID).FollowedBy, w.ben.User.ID)
		w.same("subject", w.action(action.ID).Subject, "Secret")
		w.same("actions of anna", len(w.found(w.anna)), 2)
	})
}

// copyOf is a copy of the database as it is now.
func (w *world) copyOf(path string) string {
	w.Helper()
	w.story.copied, w.story.kept = w.clock.now(), len(w.server.Writes(1))
	saved := w.TempDir() + "/saved.db"
	data, err := os.ReadFile(path)
	w.must(err)
	w.must(os.WriteFile(saved, data, 0o600))
	if wal, err := os.ReadFile(path + "-wal"); err == nil {
		w.must(os.WriteFile(saved+"-wal", wal, 0o600))
	}
	return saved
}

// reopen goes on with another database, as after a backup was restored.
func (w *world) reopen(path string) {
	w.Helper()
	w.look() // what people did is in the other's histories only
	w.story.reopened, w.story.after = w.clock.now(), len(w.server.Writes(1))
	w.store = storetest.Open(w.T, store.Options{SQLite: path, Now: w.clock.now, RelaxedCommits: true})
	w.service.Store, w.syncer.Store = w.store, w.store
	w.Cleanup(w.judge) // before this one is closed
}

func TestF36_a_run_that_lost_its_lease_writes_nothing_more(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		w.put(w.anna, "two", "Tea", "20261125T110000Z")
		w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		link := w.links[w.anna.User.ID].ID
		var stolen []store.Lease
		w.gate = func(ctx context.Context, point syncer.Point) error {
			if point.Moment == syncer.AfterRequest && point.What == "sync" && stolen == nil {
				// The node slept for longer than its lease, and another one took the link.
				w.clock.forward(2 * time.Hour)
				return w.store.Write(ctx, func(tx *store.Tx) (err error) {
					stolen, err = tx.ClaimLeases("another", time.Hour, 1, []crm.LinkID{link})
					return err
				})
			}
			return nil
		}
		var lease []store.Lease
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) (err error) {
			if err := tx.Want(link, crm.TriggerScreen); err != nil {
				return err
			}
			return nil
		}))
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) (err error) {
			lease, err = tx.ClaimLeases("test", time.Hour, 1, []crm.LinkID{link})
			return err
		}))
		_, err := w.syncer.Run(w.Context(), lease[0], nil)
		if !errors.Is(err, store.ErrLeaseLost) {
			t := w.T
			t.Errorf("got %v, want the lease to be lost", err)
		}
		w.same("nothing came in", len(w.found(w.anna)), 2)
		w.same("nothing went out", len(w.clients()), 0)
		w.gate = nil
		_, err = w.syncer.Run(w.Context(), stolen[0], nil)
		w.must(err)
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error { return tx.ReleaseLease(stolen[0], store.Never) }))
		w.settle()
		w.same("one to one", fmt.Sprint(len(w.found(w.anna)), " ", len(w.items(w.anna))), "3 3")
	})
}

func TestF37_a_clock_that_jumps_changes_nothing(t *testing.T) {
	w := one(t)
	linked(w)
	for _, jump := range []time.Duration{24 * time.Hour, -24 * time.Hour, -24 * time.Hour, 48 * time.Hour} {
		w.clock.forward(jump)
		id := w.create(w.anna, fmt.Sprint("Call ", jump), "2026-11-30 14:00 - 16:00").ID
		w.line("one", fmt.Sprint("DESCRIPTION:", jump))
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("description", w.action(w.named("Lunch")).Description, jump)
	}
	w.quiet(w.anna)
	w.same("one to one", len(w.items(w.anna)), len(w.found(w.anna)))
}

func TestF39_an_edit_of_the_very_action_that_is_being_pushed_is_pushed_after_it(t *testing.T) {
	for _, moment := range []syncer.Moment{syncer.BeforeRequest, syncer.AfterRequest, syncer.BeforeCommit, syncer.AfterCommit} {
		t.Run(string(moment), func(t *testing.T) {
			each(t, func(w *world) {
				linked(w)
				id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
				edited := false
				w.gate = func(_ context.Context, point syncer.Point) error {
					if point.Moment == moment && (point.What == "put" || point.What == "outcome") && !edited {
						edited = true
						w.change(w.anna, id, subject("Call back"))
					}
					return nil
				}
				w.push(w.anna)
				w.same("edited", edited, true)
				w.same("events", w.events(w.anna), "[Call back | 20261125T140000 | 20261125T160000 Lunch | 20261125T110000Z | 20261125T120000Z]")
				w.same("state", w.state(id), "synced")
				w.sync(w.anna)
				w.same("no conflict", w.history(id), "[created changed subject]")
			})
		})
	}
}

func TestF39_an_edit_there_between_our_reading_and_our_writing_is_merged(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		w.change(w.anna, id, subject("Dinner"))
		edited := false
		w.gate = func(_ context.Context, point syncer.Point) error {
			if point.Moment == syncer.BeforeRequest && point.What == "put" && !edited {
				edited = true
				w.line("one", "DESCRIPTION:in between")
			}
			return nil
		}
		w.sync(w.anna)
		w.same("description", w.action(id).Description, "in between")
		w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
		w.faithful()
	})
}

func TestF41_a_poison_event_is_set_aside_and_tried_again_when_it_changes(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.put(w.anna, "good", "Good", "20261125T110000Z")
		w.put(w.anna, "huge", "Huge", "20261125T110000Z", strings.Repeat("X-P:1\r\n", 20_000)+"X-P:2")
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Good | 2026-11-25 12:00 2026-11-25 13:00]")
		aside, err := w.service.SetAside(w.Context(), w.admin, w.links[w.anna.User.ID].ID)
		w.must(err)
		w.same("set aside", len(aside), 1)
		w.quiet(w.anna)
		_, err = w.phone(w.anna).Put("work", "huge.ics", text("huge", "Small", "20261125T110000Z"), "")
		w.must(err)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Good | 2026-11-25 12:00 2026-11-25 13:00 Small | 2026-11-25 12:00 2026-11-25 13:00]")
	})
}

func TestF44_edits_on_both_sides(t *testing.T) {
	for name, test := range map[string]struct {
		policy         crm.ConflictPolicy
		here, there    func(*world)
		action, events string
		history        string
	}{
		"same_unit": {crm.CRMWins, func(w *world) { w.change(w.anna, w.named("Lunch"), subject("Here")) }, func(w *world) { w.line("one", "SUMMARY:There") },
			"Here", "Here", "conflict subject both_changed"},
		"same_unit_calendar_wins": {crm.CalendarWins, func(w *world) { w.change(w.anna, w.named("Lunch"), subject("Here")) }, func(w *world) { w.line("one", "SUMMARY:There") },
			"There", "There", "conflict subject both_changed"},
		"same_value": {crm.CRMWins, func(w *world) { w.change(w.anna, w.named("Lunch"), subject("Both")) }, func(w *world) { w.line("one", "SUMMARY:Both") },
			"Both", "Both", ""},
		"when": {crm.CRMWins, func(w *world) {
			w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.StartTime, in.EndTime = "08:00", "09:00" })
		}, func(w *world) { w.line("one", "DTEND:20261125T150000Z") }, "Lunch", "Lunch", "conflict when both_changed"},
		"deleted_here_edited_there": {crm.CRMWins, func(w *world) { w.delete(w.anna, w.named("Lunch")) }, func(w *world) { w.line("one", "SUMMARY:There") },
			"There", "There", "changed subject event_changed"},
		"deleted_here_alarm_there": {crm.CRMWins, func(w *world) { w.delete(w.anna, w.named("Lunch")) }, func(w *world) { w.line("one", "X-MOZ-SNOOZE:20261125T100000Z") },
			"", "", ""},
		"deleted_here_place_there": {crm.CRMWins, func(w *world) { w.delete(w.anna, w.named("Lunch")) }, func(w *world) { w.line("one", "LOCATION:Roof") },
			"Lunch", "Lunch", "restored edit_beats_delete"},
		"edited_here_deleted_there": {crm.CRMWins, func(w *world) { w.change(w.anna, w.named("Lunch"), subject("Here")) }, func(w *world) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) },
			"Here", "Here", "noticed edit_beats_delete"},
		"other_field_here_deleted_there": {crm.CRMWins, func(w *world) {
			w.change(w.anna, w.named("Lunch"), func(in *service.ActionInput) { in.Dossier = "D-7" })
		}, func(w *world) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) }, "Lunch", "", "noticed event_deleted"},
		"deleted_on_both": {crm.CRMWins, func(w *world) { w.delete(w.anna, w.named("Lunch")) }, func(w *world) { w.must(w.phone(w.anna).Delete("work", "one.ics", "")) }, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				linked(w)
				id := w.named("Lunch")
				w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
					settings, err := tx.Settings()
					settings.ConflictPolicy = test.policy
					if err != nil {
						return err
					}
					return tx.UpdateSettings(settings, settings.Version)
				}))
				if name == "deleted_here_place_there" {
					w.except("a place is nothing that the judge takes for an edit", "O6")
				}
				test.here(w)
				test.there(w)
				w.sync(w.anna)
				w.settle()
				subjects, events := []string{}, []string{}
				for _, action := range w.found(w.anna) {
					subjects = append(subjects, action.Subject)
				}
				for _, item := range w.items(w.anna) {
					events = append(events, item.Line("SUMMARY"))
				}
				w.same("action", strings.Join(subjects, ","), test.action)
				w.same("event", strings.Join(events, ","), test.events)
				rows := w.history(id)
				if last := rows[len(rows)-1]; test.history != "" && last != test.history {
					t := w.T
					t.Errorf("history: got %v, want %q at the end", rows, test.history)
				}
				w.quiet(w.anna)
				w.faithful()
			})
		})
	}
}

func TestF44_the_value_that_lost_is_restored_with_one_click(t *testing.T) {
	w := one(t)
	linked(w)
	id := w.named("Lunch")
	w.change(w.anna, id, subject("Here"))
	w.line("one", "SUMMARY:There")
	w.sync(w.anna)
	history, err := w.service.History(w.Context(), w.anna, id)
	w.must(err)
	_, err = w.service.RestoreValue(w.Context(), w.anna, id, history[0].ID, w.action(id).Version)
	w.must(err)
	w.push(w.anna)
	w.same("events", w.events(w.anna), "[There | 20261125T110000Z | 20261125T120000Z]")
	w.quiet(w.anna)
}

func TestF45_two_weeks_offline_with_hundreds_of_changes_on_both_sides(t *testing.T) {
	w := one(t)
	count := unlessShort(200, 40)
	w.many(count)
	w.always(sandbox.Effect{Reset: sandbox.Unreached})
	for i := range count {
		switch i % 4 {
		case 0:
			w.change(w.anna, w.named(fmt.Sprintf("Event %03d", i)), subject(fmt.Sprintf("Here %03d", i)))
		case 1:
			w.line(fmt.Sprint("e", i), fmt.Sprintf("SUMMARY:There %03d", i))
		case 2:
			w.change(w.anna, w.named(fmt.Sprintf("Event %03d", i)), subject(fmt.Sprintf("Here %03d", i)))
			w.line(fmt.Sprint("e", i), "DESCRIPTION:there")
		}
		if i%20 == 0 {
			w.clock.forward(33 * time.Hour)
			w.sync(w.anna)
		}
	}
	w.heal()
	w.sync(w.anna)
	w.same("events", len(w.items(w.anna)), count)
	here, there := map[string]string{}, map[string]string{}
	for _, action := range w.found(w.anna) {
		here[action.Subject] = w.action(action.ID).Description
	}
	for _, item := range w.items(w.anna) {
		there[item.Line("SUMMARY")] = item.Line("DESCRIPTION")
	}
	w.same("converged", here, there)
	w.quiet(w.anna)
	w.faithful()
}

func TestF46_restored_after_the_event_was_made_again_by_hand(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		body := w.item("one").Body
		w.delete(w.anna, id)
		w.sync(w.anna)
		_, err := w.phone(w.anna).Put("work", "again.ics", strings.Replace(body, "Lunch", "Brunch", 1), "*")
		w.must(err)
		_, err = w.service.Restore(w.Context(), w.anna, id)
		w.must(err)
		w.sync(w.anna)
		w.settle()
		w.same("one event", len(w.items(w.anna)), 1)
		w.same("what was typed there last stands", w.actions(w.anna), strings.ReplaceAll(lunch, "Lunch", "Brunch"))
		w.same("which met nothing", w.history(id), "[created new_event deleted restored changed subject event_changed]")
		w.quiet(w.anna)
	})
}

func TestF47_reassigned(t *testing.T) {
	for name, test := range map[string]struct {
		between func(*world)
		anna    string
		ben     string
	}{
		"plain": {func(*world) {}, "[]", "[Lunch | 20261125T110000Z | 20261125T120000Z]"},
		"the_old_calendar_changes_it": {func(w *world) { w.line("one", "SUMMARY:Brunch") },
			"[]", "[Brunch | 20261125T110000Z | 20261125T120000Z]"},
		"the_new_server_is_down": {func(w *world) {
			w.server.Plan(sandbox.Fault{Name: "down", On: sandbox.Match{User: "ben"}, Do: sandbox.Effect{Reset: sandbox.Unreached}})
		}, "[Lunch | 20261125T110000Z | 20261125T120000Z]", "[]"},
		"the_old_server_is_down": {func(w *world) {
			w.server.Plan(sandbox.Fault{Name: "down", On: sandbox.Match{User: "anna"}, Do: sandbox.Effect{Reset: sandbox.Unreached}})
		}, "[Lunch | 20261125T110000Z | 20261125T120000Z]", "[Lunch | 20261125T110000Z | 20261125T120000Z]"},
		"the_new_link_ends": {func(w *world) {
			link := w.stored(w.ben)
			w.end(link)
		}, "[]", "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(w *world) {
				linked(w)
				w.link(w.ben)
				w.sync(w.ben)
				id := w.named("Lunch")
				w.change(w.anna, id, func(in *service.ActionInput) { in.FollowedBy = w.ben.User.ID })
				test.between(w)
				for range 3 {
					w.sync(w.anna)
					w.sync(w.ben)
				}
				w.same("anna's calendar", w.events(w.anna), test.anna)
				w.same("ben's calendar", w.events(w.ben), test.ben)
				w.same("actions", len(w.found(w.anna))+len(w.found(w.ben)), 1)
				w.heal()
				w.clock.forward(time.Hour)
				w.settle()
				w.same("anna's calendar at last", w.events(w.anna), "[]")
				if name != "the_new_link_ends" {
					w.same("ben has it at last", len(w.items(w.ben)), 1)
					w.same("state", w.state(id), "synced")
					w.same("place", w.items(w.ben)[0].Line("LOCATION"), "Canteen")
				}
			})
		})
	}
}

func TestF48_the_last_date_cleared_and_given_again(t *testing.T) {
	clearDates := func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", "" }
	give := func(in *service.ActionInput) { in.StartDate, in.StartTime, in.EndTime = "2026-12-01", "10:00", "11:00" }
	each(t, func(w *world) {
		linked(w)
		id := w.named("Lunch")
		w.change(w.anna, id, clearDates)
		w.line("one", "SUMMARY:Brunch")
		w.sync(w.anna)
		w.same("events", w.events(w.anna), "[]")
		w.same("both are kept", w.actions(w.anna), "[Brunch | - - - -]")
		w.same("state", w.state(id), "not_synced no_date")
		w.change(w.anna, id, give)
		w.push(w.anna)
		item := w.onlyItem(w.anna)
		w.same("the event is back with all it held", item.Line("SUMMARY")+" "+item.Line("LOCATION"), "Brunch Canteen")
		w.same("under a new UID", item.UID != "one", true)
		w.quiet(w.anna)

		w.change(w.anna, id, clearDates)
		w.must(w.phone(w.anna).Delete("work", item.Name(), ""))
		w.sync(w.anna)
		w.same("deleted there, it stays, dateless", w.actions(w.anna), "[Brunch | - - - -]")
		w.quiet(w.anna)
	})
}

func TestF52_a_link_paused_removed_and_made_again(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		w.put(w.anna, "two", "Tea", "20261125T110000Z")
		w.put(w.anna, "three", "Cake", "20261125T110000Z")
		w.sync(w.anna)
		own := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
		w.sync(w.anna)

		link := w.stored(w.anna)
		_, err := w.service.PauseLink(w.Context(), w.admin, link.ID, link.Version)
		w.must(err)
		w.change(w.anna, own, subject("Call back"))
		w.requests()
		w.sync(w.anna)
		w.same("requests while paused", len(w.requests()), 0)
		link = w.stored(w.anna)
		_, err = w.service.ResumeLink(w.Context(), w.admin, link.ID, link.Version)
		w.must(err)
		w.sync(w.anna)
		w.same("resumed", w.state(own), "synced")

		link = w.stored(w.anna)
		w.change(w.anna, w.named("Lunch"), subject("Lunch with Ben"))
		w.end(link)
		w.line("two", "SUMMARY:Coffee")
		w.must(w.phone(w.anna).Delete("work", "three.ics", ""))
		w.change(w.anna, own, subject("Call at last"))
		w.link(w.anna)
		w.sync(w.anna)
		w.settle()
		w.same("actions", w.actions(w.anna), "[Cake | 2026-11-25 12:00 2026-11-25 13:00 Call at last | 2026-11-25 14:00 - 16:00 Coffee | 2026-11-25 12:00 2026-11-25 13:00 Lunch with Ben | 2026-11-25 12:00 2026-11-25 13:00]")
		w.same("what vanished meanwhile is held", w.state(w.named("Cake")), "held deletions")
		w.same("events", len(w.items(w.anna)), 3)
		w.decide(service.DecideDelete)
		w.settle()
		w.same("actions", len(w.found(w.anna)), 3)
		w.quiet(w.anna)
	})
}

func TestF53_the_option_off_and_on_again(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		on := func(value bool) {
			w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
				settings, err := tx.Settings()
				settings.OnlineCalendar = value
				if err != nil {
					return err
				}
				return tx.UpdateSettings(settings, settings.Version)
			}))
		}
		on(false)
		w.requests()
		w.change(w.anna, w.named("Lunch"), subject("Dinner"))
		w.line("one", "DESCRIPTION:changed there")
		w.put(w.anna, "two", "Tea", "20261125T110000Z")
		w.sync(w.anna)
		w.same("requests", len(w.requests()), 0)
		w.same("link", w.trouble(), "off")
		on(true)
		w.sync(w.anna)
		w.same("actions", w.actions(w.anna), "[Dinner | 2026-11-25 12:00 2026-11-25 13:00 Tea | 2026-11-25 12:00 2026-11-25 13:00]")
		w.same("description", w.action(w.named("Dinner")).Description, "changed there")
		w.quiet(w.anna)
	})
}

func TestF54_between_all_day_and_timed_and_another_zone_of_the_user(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		w.sync(w.anna)
		id := w.create(w.anna, "Fair", "2026-11-25 - 2026-11-26 -").ID
		w.push(w.anna)
		w.same("all-day", w.events(w.anna), "[Fair | 20261125 | 20261127]")
		w.change(w.anna, id, func(in *service.ActionInput) { in.StartTime, in.EndTime = "09:00", "17:00" })
		w.push(w.anna)
		w.same("timed", w.events(w.anna), "[Fair | 20261125T090000 | 20261126T170000]")
		item := w.onlyItem(w.anna)
		_, err := w.phone(w.anna).Put("work", item.Name(), strings.NewReplacer(
			"DTSTART;TZID=Europe/Brussels:20261125T090000", "DTSTART;VALUE=DATE:20261128", "DTEND;TZID=Europe/Brussels:20261126T170000", "DTEND;VALUE=DATE:20261129").Replace(item.Body), "")
		w.must(err)
		w.sync(w.anna)
		w.same("all-day there", w.actions(w.anna), "[Fair | 2026-11-28 - 2026-11-28 -]")
		w.quiet(w.anna)
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
			user, err := tx.User(w.anna.User.ID)
			user.TimeZone = "America/New_York"
			if err != nil {
				return err
			}
			return tx.UpdateUser(user, user.Version)
		}))
		w.put(w.anna, "late", "Late", "20261125T230000Z")
		w.sync(w.anna)
		w.same("an event is read in the user's zone", w.actions(w.anna), "[Fair | 2026-11-28 - 2026-11-28 - Late | 2026-11-25 18:00 2026-11-25 19:00]")
		w.quiet(w.anna)
	})
}

func TestF55_a_first_sync_that_is_stopped_at_each_of_its_steps(t *testing.T) {
	t.Parallel()
	for at := range 40 {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			manners := sandbox.Plain()
			manners.PageSize = 3
			w := one(t, manners)
			for i := range 8 {
				w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("There ", i), "20261125T110000Z")
				w.create(w.anna, fmt.Sprint("Here ", i), "2026-11-25 14:00 - 16:00")
			}
			w.link(w.anna)
			var passed atomic.Int64
			w.gate = func(context.Context, syncer.Point) error {
				if passed.Add(1) > int64(at) {
					return errCrash
				}
				return nil
			}
			_, _ = w.tryRun(w.anna, crm.TriggerPerson)
			w.mu.Lock()
			w.gate = nil
			w.mu.Unlock()
			w.settle()
			w.same("actions", len(w.found(w.anna)), 16)
			w.same("events", len(w.items(w.anna)), 16)
			w.quiet(w.anna)
			w.faithful()
		})
	}
}
