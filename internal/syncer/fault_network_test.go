package syncer_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// always plans a fault that strikes until it is healed.
func (w *world) always(do sandbox.Effect, methods ...string) {
	w.server.Plan(sandbox.Fault{Name: "always", On: sandbox.Match{Methods: methods}, Do: do})
}

func (w *world) heal() { w.server.Heal("") }

// synced is how the world looks of an event and an action that agree.
const lunch = "[Lunch | 2026-11-25 12:00 2026-11-25 13:00]"

func TestF01_a_server_that_cannot_be_reached_is_named_and_the_work_waits(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
		w.always(sandbox.Effect{Reset: sandbox.Unreached})
		result := w.sync(w.anna)
		since := w.stored(w.anna).Failing.Since
		w.same("reason", result.Reason, crm.FailingUnreachable)
		w.same("link", w.trouble(), "failing unreachable")
		w.same("nothing changes", w.actions(w.anna), "[Call | 2026-11-25 14:00 - 16:00 Lunch | 2026-11-25 12:00 2026-11-25 13:00]")
		waits := []time.Duration{}
		for range 6 {
			w.clock.forward(10 * time.Minute)
			result = w.sync(w.anna)
			waits = append(waits, result.NextDueAt.Sub(w.clock.now()).Round(time.Second))
		}
		w.same("waits longer each time, a minute at most while work waits", fmt.Sprint(waits), "[7s 15s 30s 45s 45s 45s]")
		w.same("since the first time", w.stored(w.anna).Failing.Since.Equal(since), true)
		w.heal()
		w.sync(w.anna)
		w.same("link", w.trouble(), "active")
		w.same("events", len(w.items(w.anna)), 2)
	})
}

func TestF02_a_server_that_hangs_is_left_and_other_links_are_unhurt(t *testing.T) {
	w := one(t)
	linked(w)
	w.link(w.ben)
	w.sync(w.ben)
	w.impatient()
	w.server.Plan(sandbox.Fault{Name: "hangs", On: sandbox.Match{User: "anna"}, Do: sandbox.Effect{Hang: sandbox.Before}})
	w.create(w.ben, "Visit", "2026-11-25 14:00 - 16:00")
	w.same("anna", w.sync(w.anna).Reason, crm.FailingUnreachable)
	w.same("ben", w.sync(w.ben).Reason, "")
	w.same("ben's events", w.events(w.ben), "[Visit | 20261125T140000 | 20261125T160000]")
}

func TestF03_a_write_whose_answer_is_lost_is_found_and_not_repeated(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		for _, test := range []struct {
			method string
			act    func() crm.ActionID
			events string
		}{
			{http.MethodPut, func() crm.ActionID { return w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID },
				"[Call | 20261125T140000 | 20261125T160000 Lunch | 20261125T110000Z | 20261125T120000Z]"},
			{http.MethodPut, func() crm.ActionID { return w.change(w.anna, w.named("Lunch"), subject("Dinner")).ID },
				"[Call | 20261125T140000 | 20261125T160000 Dinner | 20261125T110000Z | 20261125T120000Z]"},
			{http.MethodDelete, func() crm.ActionID { id := w.named("Dinner"); w.delete(w.anna, id); return id }, "[Call | 20261125T140000 | 20261125T160000]"},
		} {
			id := test.act()
			writes := len(w.clients())
			// The answer is lost, and so is the one of the look that follows: the next run has to find out.
			w.server.Plan(sandbox.Fault{Name: "lost", On: sandbox.Match{Methods: []string{test.method}}, Times: 1, Do: sandbox.Effect{Reset: sandbox.After}})
			w.server.Plan(sandbox.Fault{Name: "lost", On: sandbox.Match{Methods: []string{http.MethodGet}}, Times: 1, Do: sandbox.Effect{Reset: sandbox.Before}})
			w.push(w.anna)
			w.heal()
			w.clock.forward(2 * time.Minute)
			w.push(w.anna)
			w.sync(w.anna)
			w.same("events", w.events(w.anna), test.events)
			w.same("writes", len(w.clients())-writes, 1)
			if w.action(id).Deleted() {
				continue
			}
			w.same("state", w.state(id), "synced")
			w.same("no conflict", strings.Contains(fmt.Sprint(w.history(id)), "conflict"), false)
		}
	})
}

func TestF04_a_write_that_a_proxy_sends_twice_is_one_event(t *testing.T) {
	w := one(t)
	linked(w)
	w.always(sandbox.Effect{Twice: true}, http.MethodPut)
	id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
	w.push(w.anna)
	w.heal()
	w.settle()
	w.same("events", len(w.items(w.anna)), 2)
	w.same("state", w.state(id), "synced")
	w.same("actions", len(w.found(w.anna)), 2)
}

func TestF05_a_cut_answer_is_discarded_whole(t *testing.T) {
	for name, do := range map[string]sandbox.Effect{"cut": {Cut: true}, "cut_inside_gzip": {CutInside: true}} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			linked(w)
			token := w.token(w.anna)
			for i := range 20 {
				w.put(w.anna, fmt.Sprint("more", i), "More", "20261125T110000Z")
			}
			w.always(do, "REPORT")
			w.sync(w.anna)
			w.same("actions", w.actions(w.anna), lunch)
			w.same("token", w.token(w.anna), token)
			w.same("link", w.stored(w.anna).Failing.Since.IsZero(), false)
			w.heal()
			w.sync(w.anna)
			w.same("actions", len(w.found(w.anna)), 21)
		})
	}
}

func (w *world) token(of service.Caller) dav.SyncToken {
	w.Helper()
	var sync store.LinkSync
	w.read(func(tx *store.Tx) (err error) { sync, err = tx.LinkSync(w.links[of.User.ID].ID); return err })
	return sync.Token
}

func TestF06_retry_after_is_kept_to_up_to_an_hour(t *testing.T) {
	for name, test := range map[string]struct {
		header string
		wait   time.Duration
	}{"seconds": {"120", 2 * time.Minute}, "absurd": {"99999999999", time.Hour}, "senseless": {"soon", 0}, "none": {"", 0}} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			linked(w)
			w.always(sandbox.Effect{Refuse: sandbox.Status(503, test.header)})
			w.sync(w.anna)
			w.same("link", w.trouble(), "failing server_error")
			w.requests()
			if test.wait > 0 {
				w.clock.forward(test.wait - 5*time.Second)
				w.sync(w.anna)
				w.same("requests before that", len(w.requests()), 0)
				w.clock.forward(6 * time.Second)
			}
			w.heal()
			w.sync(w.anna)
			w.same("requests then", len(w.requests()), 1)
			w.same("link", w.trouble(), "active")
		})
	}
}

func TestF07_a_throttle_is_no_lack_of_permission(t *testing.T) {
	for name, answer := range map[string]*sandbox.Answer{
		"429": sandbox.Status(429, "30"), "403_rate": sandbox.QuotaExceeded("rateLimitExceeded"), "403_quota": sandbox.QuotaExceeded("quotaExceeded"),
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			linked(w)
			id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
			w.always(sandbox.Effect{Refuse: answer})
			w.sync(w.anna)
			w.same("link", w.trouble(), "failing throttled")
			w.same("action", w.state(id), "pending")
			w.heal()
			w.clock.forward(2 * time.Hour)
			w.sync(w.anna)
			w.same("action", w.state(id), "synced")
		})
	}
}

func TestF08_a_password_refused_once_is_tried_after_a_minute_and_not_before(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
		w.server.Plan(sandbox.Fault{Name: "once", Times: 1, Do: sandbox.Effect{Refuse: sandbox.Status(401, "")}})
		w.requests()
		result := w.sync(w.anna)
		w.same("due again in a minute", result.NextDueAt.Sub(w.clock.now()).Round(time.Second), time.Minute)
		w.clock.forward(50 * time.Second)
		w.run(w.anna, crm.TriggerPerson)
		w.same("requests until then", len(w.requests()), 1)
		w.same("no lapsed sign-in", w.stored(w.anna).SignInAgain, false)
		w.clock.forward(15 * time.Second)
		w.sync(w.anna)
		w.same("state", w.state(id), "synced")
		w.same("link", w.trouble(), "active")
	})
}

func TestF09_a_lapsed_password_says_sign_in_again_and_keeps_the_work(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		id := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00").ID
		w.must(w.server.SetUser(sandbox.User{Name: "anna", Password: "another"}))
		w.requests()
		for range 10 {
			w.sync(w.anna)
			w.clock.forward(5 * time.Minute)
		}
		w.same("tried twice in all", len(w.requests()), 2)
		w.same("link", w.trouble(), "sign_in_again")
		w.same("action", w.state(id), "pending")
		w.must(w.server.SetUser(sandbox.User{Name: "anna", Password: "anna"}))
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
			sync, err := tx.LinkSync(w.links[w.anna.User.ID].ID)
			sync.SignInAgain = false
			if err != nil {
				return err
			}
			return tx.UpdateLinkSync(w.links[w.anna.User.ID].ID, sync)
		}))
		w.sync(w.anna)
		w.same("action", w.state(id), "synced")
	})
}

func TestF10_one_event_refused_is_set_aside_and_others_go_on(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		w.server.Plan(sandbox.Fault{Name: "one", On: sandbox.Match{Methods: []string{http.MethodPut}, Holds: "Refused"}, Do: sandbox.Effect{Refuse: sandbox.Status(403, "")}})
		refused := w.create(w.anna, "Refused", "2026-11-25 14:00 - 16:00").ID
		taken := w.create(w.anna, "Taken", "2026-11-25 14:00 - 16:00").ID
		w.push(w.anna)
		w.same("refused", w.state(refused), "set_aside server_refused")
		w.same("taken", w.state(taken), "synced")
		w.same("link", w.trouble(), "active")
		w.heal()
		w.change(w.anna, refused, subject("Refused no more"))
		w.push(w.anna)
		w.same("tried again when it changed", w.state(refused), "synced")

		w.always(sandbox.Effect{Refuse: sandbox.Status(403, "")})
		w.sync(w.anna)
		w.same("the whole calendar refused", w.trouble(), "failing forbidden")
		w.same("actions", len(w.found(w.anna)), 3)
	})
}

func TestF11_a_calendar_that_is_gone_deletes_nothing(t *testing.T) {
	each(t, func(w *world) {
		linked(w)
		w.must(w.server.Drop("anna", "work"))
		w.sync(w.anna)
		w.same("link", w.trouble(), "failing calendar_gone")
		w.same("actions", w.actions(w.anna), lunch)
	})
}

func TestF12_a_refused_write_shows_its_reason_and_never_makes_another_event(t *testing.T) {
	for _, status := range []int{409, 413, 415, 423, 507} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			w := one(t)
			linked(w)
			id := w.named("Lunch")
			w.change(w.anna, id, subject("Dinner"))
			w.always(sandbox.Effect{Refuse: sandbox.Status(status, "")}, http.MethodPut)
			w.push(w.anna)
			if state := w.state(id); state == "synced" || !strings.Contains(state, " ") {
				t.Errorf("got state %q, want a reason", state)
			}
			w.same("the event stays", w.events(w.anna), "[Lunch | 20261125T110000Z | 20261125T120000Z]")
			w.heal()
			w.clock.forward(25 * time.Hour)
			w.settle()
			w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
			w.same("the same event", w.onlyItem(w.anna).UID, "one")
			w.same("state", w.state(id), "synced")
		})
	}
}

func TestF13_members_left_unanswered_are_never_taken_as_deleted(t *testing.T) {
	manners := sandbox.Plain()
	manners.DataInSync = false
	w := one(t, manners)
	w.link(w.anna)
	for i := range 5 {
		w.put(w.anna, fmt.Sprint("e", i), fmt.Sprint("Event ", i), "20261125T110000Z")
	}
	w.server.Plan(sandbox.Fault{Name: "left out", On: sandbox.Match{Report: "calendar-multiget"}, Do: sandbox.Effect{Members: []sandbox.MemberFault{{Suffix: "e3.ics", LeaveOut: true}}}})
	w.sync(w.anna)
	w.same("asked again singly", len(w.found(w.anna)), 5)
	for _, status := range []int{403, 404, 500, 507} {
		w.heal()
		w.server.Plan(sandbox.Fault{Name: "members", On: sandbox.Match{Report: "calendar-multiget"}, Do: sandbox.Effect{Members: []sandbox.MemberFault{{Status: status}}}})
		_, err := w.phone(w.anna).SetLine("work", "e1.ics", fmt.Sprint("SUMMARY:Event one ", status))
		w.must(err)
		w.sync(w.anna)
		w.same("actions", len(w.found(w.anna)), 5)
		w.heal()
		w.clock.forward(25 * time.Hour)
		w.sync(w.anna)
		w.sync(w.anna)
		w.same("healed", strings.Contains(fmt.Sprint(w.actions(w.anna)), fmt.Sprint("Event one ", status)), true)
	}
}

func TestF14_a_sign_in_page_is_an_error_and_never_an_empty_calendar(t *testing.T) {
	for name, answer := range map[string]*sandbox.Answer{
		"page": sandbox.LoginPage(), "loop": sandbox.Redirect(302, "/loop"), "empty": sandbox.Empty207(), "elsewhere": sandbox.Redirect(307, "https://evil.example/"),
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			linked(w)
			w.always(sandbox.Effect{Refuse: answer})
			w.sync(w.anna)
			w.same("actions", w.actions(w.anna), lunch)
			if w.stored(w.anna).Failing.Since.IsZero() {
				t.Error("the link does not fail")
			}
			w.heal()
			w.clock.forward(time.Hour)
			w.sync(w.anna)
			w.same("link", w.trouble(), "active")
		})
	}
}

// broken is a calendar whose every request fails in one way.
type broken struct {
	syncer.Remote
	failure *dav.Failure
}

func (b broken) Sync(context.Context, dav.SyncToken, func(dav.Member) error) (dav.SyncResult, error) {
	return dav.SyncResult{}, b.failure
}

func TestF15_trouble_with_the_certificate_is_named(t *testing.T) {
	w := one(t)
	linked(w)
	for _, cause := range []dav.Cause{dav.CauseTLSExpired, dav.CauseTLSHost, dav.CauseTLSAuthority, dav.CauseNotDAV} {
		w.through = func(remote syncer.Remote) syncer.Remote {
			return broken{remote, &dav.Failure{Class: dav.ClassPermanent, Cause: cause, Op: "REPORT"}}
		}
		w.sync(w.anna)
		w.same("cause", w.stored(w.anna).Failing.Params["cause"], cause)
		w.same("actions", w.actions(w.anna), lunch)
	}
	w.through = nil
	w.sync(w.anna)
	w.same("link", w.trouble(), "active")
}

func TestF16_an_answer_a_byte_at_a_time_ends_at_the_total_deadline(t *testing.T) {
	w := one(t)
	linked(w)
	w.timeouts.Stall, w.timeouts.Total = time.Second, 100*time.Millisecond
	w.put(w.anna, "two", "Tea", "20261125T110000Z")
	w.always(sandbox.Effect{Slow: 5 * time.Millisecond}, "REPORT")
	began := time.Now()
	w.same("reason", w.sync(w.anna).Reason, crm.FailingUnreachable)
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	w.same("actions", w.actions(w.anna), lunch)
	w.heal()
	w.sync(w.anna)
	w.same("actions", len(w.found(w.anna)), 2)
}

// Three actions wait, and the password is not good any more: one request finds that out, and one more a minute later.
func TestF9_a_refused_password_is_refused_once_however_much_waits(t *testing.T) {
	w := one(t)
	linked(w)
	for _, name := range []string{"Dinner", "Supper", "Tea"} {
		w.create(w.anna, name, "2026-11-26 12:00 2026-11-26 13:00")
	}
	w.server.ForgetRequests()
	w.must(w.server.SetUser(sandbox.User{Name: "anna", Password: "another"}))
	w.push(w.anna)
	w.same("requests", len(w.server.Requests()), 1)
	w.clock.forward(2 * time.Minute)
	w.push(w.anna)
	w.same("requests", len(w.server.Requests()), 2)
	w.clock.forward(time.Hour)
	w.push(w.anna)
	w.same("requests", len(w.server.Requests()), 2)
}
