package syncer_test

import (
	"testing"
	"time"

	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// Semantics 5: another default duration rewrites no event, and what was made up by the former is still typed by nobody.
func TestDefaultDuration_another_rewrites_no_event_and_is_typed_by_nobody(t *testing.T) {
	each(t, func(w *world) {
		w.link(w.anna)
		id := w.create(w.anna, "Call", "2026-11-25 14:00 - -").ID
		w.sync(w.anna)
		uid := w.onlyItem(w.anna).UID
		w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
			settings, err := tx.Settings()
			if err != nil {
				return err
			}
			settings.DefaultDuration = time.Hour
			return tx.UpdateSettings(settings, settings.Version)
		}))
		writes := len(w.clients())
		w.clock.forward(25 * time.Hour)
		w.sync(w.anna)
		w.same("writes", len(w.clients())-writes, 0)
		w.line(uid, "SUMMARY:Call back")
		w.sync(w.anna)
		w.same("only the subject moves", w.actions(w.anna), "[Call back | 2026-11-25 14:00 - -]")
		w.change(w.anna, id, func(in *service.ActionInput) { in.Description = "about the quote" })
		w.push(w.anna)
		w.same("nor by a change of another unit", w.events(w.anna), "[Call back | 20261125T140000 | 20261125T143000]")
		w.must(w.server.ForgetTokens("anna", "work"))
		w.clock.forward(25 * time.Hour)
		w.sync(w.anna)
		w.same("nor when all is read again", w.actions(w.anna), "[Call back | 2026-11-25 14:00 - -]")
		w.change(w.anna, id, func(in *service.ActionInput) { in.StartTime = "15:00" })
		w.push(w.anna)
		w.same("a new time has the new length", w.events(w.anna), "[Call back | 20261125T150000 | 20261125T160000]")
		w.quiet(w.anna)
	})
}
