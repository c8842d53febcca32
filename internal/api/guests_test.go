package api

import (
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
)

func TestGuests_are_told_only_of_what_was_sent_with_the_flag(t *testing.T) {
	w := newWorld(t)
	w.link(w.follower)
	id := w.action(w.follower, nil)
	parsed, err := crm.ParseID[crm.Action](id)
	w.must(err)
	var link crm.Link
	w.rows(func(tx *store.Tx) error {
		var err error
		if link, err = tx.LinkOfUser(w.follower.user.ID); err != nil {
			return err
		}
		action, err := tx.Action(parsed)
		if err != nil {
			return err
		}
		resource := store.Resource{
			ID: crm.NewID[store.Resource](w.service.IDs), Link: link.ID, Href: dav.Href(link.CalendarHref + "u.ics"), UID: "u", ETag: `"1"`, State: store.ResourceLive,
			SeenAt: w.clock.now(), Body: []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test\r\nBEGIN:VEVENT\r\nUID:u\r\nDTSTART:20261124T090000Z\r\nSUMMARY:Call\r\n" +
				"ORGANIZER:mailto:" + link.Username + "\r\nATTENDEE:mailto:eve@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
		}
		if err := tx.InsertResources([]store.Resource{resource}); err != nil {
			return err
		}
		base := &reconcile.Base{Agreed: action.Units, Server: action.Units}
		return tx.InsertBindings([]store.Binding{{Resource: resource.ID, Action: action.ID, Base: base, AgreedVersion: action.Version}})
	})
	agreed := func() int {
		t.Helper()
		count := 0
		w.rows(func(tx *store.Tx) error {
			open, err := tx.OpenHeld(link.ID)
			count = 0
			for _, held := range open {
				if held.Decision == service.DecideTell && held.Subject.Counts["guests"] == 1 {
					count++
				}
			}
			return err
		})
		return count
	}
	path := "/actions/" + id
	w.want(w.ask(w.follower, "PATCH", path, object{"subject": "Without"}, "If-Match", `"1"`, "Content-Type", "application/merge-patch+json"), 200)
	if got := agreed(); got != 0 {
		t.Errorf("without the flag: %d agreed", got)
	}
	w.want(w.ask(w.peer, "PATCH", path+"?tell_guests=true", object{"subject": "Another's word"}, "If-Match", `"2"`, "Content-Type", "application/merge-patch+json"), 200)
	if got := agreed(); got != 0 {
		t.Errorf("with another's word: %d agreed", got)
	}
	w.want(w.ask(w.follower, "PATCH", path+"?tell_guests=true", object{"subject": "With"}, "If-Match", `"3"`, "Content-Type", "application/merge-patch+json"), 200)
	if got := agreed(); got != 1 {
		t.Errorf("with the flag: %d agreed, want 1", got)
	}
	w.want(w.ask(w.follower, "DELETE", path, nil, "If-Match", `"4"`), 200)
	if got := agreed(); got != 0 {
		t.Errorf("a deletion without the flag: %d agreed", got)
	}
}
