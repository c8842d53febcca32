package service

import (
	"fmt"
	"strings"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"

	"github.com/google/go-cmp/cmp"
)

// keepBody gives the event of an action the text that the calendar has.
func (w *world) keepBody(action crm.Action, change func(*store.BoundResource)) {
	w.t.Helper()
	w.writeRows(func(tx *store.Tx) error {
		bindings, err := tx.BindingsOfAction(action.ID)
		if err != nil {
			return err
		}
		one := bindings[len(bindings)-1]
		one.Base = &reconcile.Base{Agreed: action.Units, Server: action.Units}
		change(&one)
		if err := tx.UpdateResources([]store.Resource{one.Bound}); err != nil {
			return err
		}
		return tx.UpdateBindings([]store.Binding{one.Binding})
	})
}

const invitation = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Site meeting\r\nDTSTART;TZID=Europe/Lisbon:20261124T090000\r\n" +
	"LOCATION:Avenue des Tilleuls 12\\, 1050 Ixelles\r\nSTATUS:TENTATIVE\r\nCLASS:CONFIDENTIAL\r\nORGANIZER;CN=\"Dubois, Luc\":mailto:luc@example.com\r\n" +
	"ATTENDEE;CN=Olivier;PARTSTAT=DECLINED:MAILTO:olivier@example.com\r\nATTENDEE:urn:uuid:7\r\nRRULE:FREQ=DAILY\r\n" +
	"BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT30M\r\nEND:VALARM\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID:20261125T090000Z\r\nDTSTART:20261125T100000Z\r\nLOCATION:Elsewhere\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

func TestEventOf(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		action := w.action(w.user)
		if view, err := w.EventOf(w.ctx(), w.user, action.ID); err != nil || view.Found {
			w.t.Errorf("without event: %+v, %v", view, err)
		}
		w.bind(link, action)
		w.keepBody(action, func(one *store.BoundResource) {
			one.Bound.Body = []byte(invitation)
			one.Base.Server.Subject = "Site meeting"
		})
		got, err := w.EventOf(w.ctx(), w.peer, action.ID)
		w.must(err)
		if !strings.HasSuffix(got.Href, got.UID+".ics") || got.ReadAt.IsZero() {
			w.t.Errorf("href %q, uid %q, read at %v", got.Href, got.UID, got.ReadAt)
		}
		got.Href, got.UID, got.ReadAt = "", "", action.DeletedAt
		want := EventView{
			Found: true, Link: link.ID, CalendarName: "Work", Subject: "Site meeting", When: action.When, Zone: "Europe/Lisbon",
			Place: "Avenue des Tilleuls 12, 1050 Ixelles", Status: "tentative", Organizer: EventPerson{Name: "Dubois, Luc", Address: "luc@example.com"},
			Guests:     []EventPerson{{Name: "Olivier", Address: "olivier@example.com", Answer: "declined"}, {Address: "urn:uuid:7", Answer: "needs-action"}},
			GuestCount: 2, Series: true, Reminders: 1, Private: true,
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(crm.Clock{})); diff != "" {
			w.t.Errorf("event differs (-want +got):\n%s", diff)
		}

		w.t.Log("one that moves: that of its follower's calendar, once it is there")
		other := w.link(w.peer)
		moved, err := w.Change(w.ctx(), w.peer, action.ID, 1, edit(action, ofPeer))
		w.must(err)
		if got, err = w.EventOf(w.ctx(), w.peer, action.ID); err != nil || got.Link != link.ID {
			w.t.Errorf("before it moved: %+v, %v", got, err)
		}
		w.bind(other, moved)
		w.keepBody(moved, func(one *store.BoundResource) { one.Bound.State = store.ResourceCreating })
		if got, err = w.EventOf(w.ctx(), w.peer, action.ID); err != nil || got.Link != link.ID {
			w.t.Errorf("while it is being made: %+v, %v", got, err)
		}
		w.keepBody(moved, func(one *store.BoundResource) { one.Bound.State = store.ResourceLive })
		if got, err = w.EventOf(w.ctx(), w.peer, action.ID); err != nil || got.Link != other.ID {
			w.t.Errorf("once it moved: %+v, %v", got, err)
		}
		w.must(w.end(w.admin, other.ID, 1))
		w.must(w.end(w.admin, link.ID, 1))
		if got, err = w.EventOf(w.ctx(), w.peer, action.ID); err != nil || got.Found {
			w.t.Errorf("after both links ended: %+v, %v", got, err)
		}
	})
}

func TestViewEvent_of_senseless_texts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		body, recurrenceID string
		want               EventView
	}{
		"nothing":     {"", "", EventView{}},
		"not a text":  {"\x00\xff\xfe", "", EventView{}},
		"an override": {invitation, "20261125T090000Z", EventView{Zone: "UTC", Place: "Elsewhere", Series: true}},
		"a task":      {"BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nLOCATION:x\r\nEND:VTODO\r\nEND:VCALENDAR\r\n", "", EventView{}},
		"an endless place": {"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nLOCATION:" + strings.Repeat("é", 5000) + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n", "",
			EventView{Place: strings.Repeat("é", 1000) + "…"}},
	} {
		got := viewEvent(crm.Link{}, store.BoundResource{Binding: store.Binding{RecurrenceID: test.recurrenceID}, Bound: store.Resource{Body: []byte(test.body)}})
		test.want.Found = true
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(crm.Clock{})); diff != "" {
			t.Errorf("%s: event differs (-want +got):\n%s", name, diff)
		}
	}
	var crowd strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&crowd, "ATTENDEE:mailto:%d@example.com\r\n", i)
	}
	body := "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + crowd.String() + "END:VEVENT\r\nEND:VCALENDAR\r\n"
	if got := viewEvent(crm.Link{}, store.BoundResource{Bound: store.Resource{Body: []byte(body)}}); got.GuestCount != 5000 || len(got.Guests) != maxGuests {
		t.Errorf("%d guests, %d shown", got.GuestCount, len(got.Guests))
	}
}
