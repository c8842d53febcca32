package syncer_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/sandbox"
)

// What was sent stays known until its outcome is: a look that fails says nothing of the write before it. Both were found by the
// simulation, as conflicts between an edit and our own write.

var answerLost = sandbox.Fault{Times: 1, On: sandbox.Match{Methods: []string{http.MethodPut}}, Do: sandbox.Effect{Reset: sandbox.After}}

func TestPush_a_look_that_fails_leaves_known_what_was_sent(t *testing.T) {
	for name, page := range map[string]*sandbox.Answer{
		"refused": sandbox.Status(http.StatusForbidden, ""), "a sign-in page elsewhere": sandbox.Redirect(http.StatusMovedPermanently, "/login"),
		"a gateway": sandbox.GatewayPage(http.StatusBadGateway),
	} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			w := one(t)
			linked(w)
			action := w.only(w.anna)
			w.change(w.anna, action.ID, subject("Dinner"))
			w.server.Plan(answerLost)
			w.server.Plan(sandbox.Fault{Times: 2, On: sandbox.Match{Methods: []string{http.MethodGet}}, Do: sandbox.Effect{Refuse: page}})
			_, _ = w.tryRun(w.anna, crm.TriggerPush)
			w.same("events", w.events(w.anna), "[Dinner | 20261125T110000Z | 20261125T120000Z]")
			w.change(w.anna, action.ID, subject("Supper"))
			w.server.Heal("")
			w.sync(w.anna)
			w.same("events", w.events(w.anna), "[Supper | 20261125T110000Z | 20261125T120000Z]")
			for _, line := range w.history(action.ID) {
				if strings.Contains(line, "conflict") {
					t.Errorf("got %s: our own write is no edit", line)
				}
			}
			w.quiet(w.anna)
		})
	}
}

// Nextcloud 32 keeps the UID of what was deleted for a month. An event of ours whose making we never heard of, and that somebody
// deleted since, is made under another UID (simulation, seed 98).
func TestPush_a_UID_in_the_trash_of_the_server_is_given_up(t *testing.T) {
	w := one(t, sandbox.Nextcloud32())
	w.link(w.anna)
	w.sync(w.anna)
	w.server.Plan(answerLost)
	w.server.Plan(sandbox.Fault{On: sandbox.Match{Methods: []string{http.MethodGet}}, Times: 1, Do: sandbox.Effect{Reset: sandbox.Before}})
	action := w.create(w.anna, "Dinner", "2026-11-26 12:00 2026-11-26 13:00")
	_, _ = w.tryRun(w.anna, crm.TriggerPush)
	w.must(w.phone(w.anna).Delete("work", w.onlyItem(w.anna).Name(), ""))
	w.clock.forward(5 * time.Minute)
	w.push(w.anna)
	w.same("events", w.events(w.anna), "[Dinner | 20261126T120000 | 20261126T130000]")
	w.same("state", w.state(action.ID), "synced")
	w.quiet(w.anna)
}
