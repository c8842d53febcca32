package web

import (
	"net/http"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

// A link whose server keeps nobody from overwriting another is marked, in the reader's language, with how often that may have been
// and how often it was seen (semantics 7); its runs say so too.
func TestLink_an_unguarded_server_is_marked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link := w.link(w.luc)
	path := "/links/" + link.ID.String()
	w.browse(w.an).get(path).hides(t, `id="unguarded"`)
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error {
		sync, err := tx.LinkSync(link.ID)
		if err != nil {
			return err
		}
		sync.Traits = sync.Traits.With(dav.RacyIfMatch, dav.Evidence{})
		if err := tx.UpdateLinkSync(link.ID, sync); err != nil {
			return err
		}
		for _, counts := range []crm.Counts{{Patched: 2, Unguarded: 2}, {Patched: 1, Unguarded: 1, Crossed: 1}} {
			err := tx.PutRun(crm.Run{
				ID: crm.NewID[crm.Run](w.IDs), Link: link.ID, Trigger: crm.TriggerPush, StartedAt: w.clock.now(), EndedAt: w.clock.now().Add(time.Second),
				Counts: counts, Outcome: crm.OutcomeDone,
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	for who, says := range map[*service.Caller][]string{
		&w.an:  {`id="unguarded"`, "3 wijzigingen zo geschreven, 1 op hetzelfde ogenblik", "2 niet door de server beschermd", "één op hetzelfde ogenblik als iemand anders"},
		&w.luc: {`id="unguarded"`, "3 modifications écrites ainsi, 1 au même instant", "2 non protégées par le serveur"},
	} {
		w.browse(*who).get(path).shows(t, http.StatusOK, says...)
	}
	w.browse(w.an).get("/runs").shows(t, http.StatusOK, "één op hetzelfde ogenblik als iemand anders")
}
