package syncer_test

import (
	"context"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/syncer"
)

// Found by kills under load: who deletes and restores an action while its event is on its way types nothing into it, so that a deletion of
// the event afterwards is a deletion of the action (semantics 6). Who types a field of the CRM's own keeps it.
func TestRestored_while_its_event_was_being_made_an_action_is_not_typed_into(t *testing.T) {
	for name, test := range map[string]struct {
		meanwhile func(w *world, id crm.ActionID)
		state     string
	}{
		"deleted and restored": {func(*world, crm.ActionID) {}, "not_synced event_deleted"},
		"and typed into": {func(w *world, id crm.ActionID) {
			w.change(w.anna, id, func(in *service.ActionInput) { in.Dossier = "17" })
		}, "not_synced event_deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			w.link(w.anna)
			w.sync(w.anna)
			action := w.create(w.anna, "Call", "2026-11-25 14:00 - 16:00")
			w.gate = func(_ context.Context, point syncer.Point) error {
				if point.Moment == syncer.AfterRequest && point.What == "put" {
					w.gate = nil
					w.delete(w.anna, action.ID)
					_, err := w.service.Restore(w.Context(), w.anna, action.ID)
					w.must(err)
					test.meanwhile(w, action.ID)
				}
				return nil
			}
			w.push(w.anna)
			w.must(w.phone(w.anna).Delete("work", w.onlyItem(w.anna).Name(), ""))
			w.sync(w.anna)
			w.same("state", w.state(action.ID), test.state)
			w.same("in the trash", w.action(action.ID).Deleted(), name == "deleted and restored")
			w.quiet(w.anna)
		})
	}
}
