package api

import (
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// A link that is being ended is in one of the states that every link has, and says beside it that it ends (semantics 1).
func TestLink_that_is_being_ended_has_a_known_state(t *testing.T) {
	t.Parallel()
	monday := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	link := crm.Link{Ending: crm.Ending{At: monday}, FirstSyncedAt: monday}
	settings := crm.DefaultSettings()
	settings.ModuleActive, settings.OnlineCalendar = true, true
	view := service.LinkView{Link: link, States: link.States(settings), Pending: 3}
	shown := (&call{}).link(view)
	if len(shown.States) != 1 || shown.States[0] != "active" || shown.Ending == nil || shown.Ending.Left != 3 {
		t.Errorf("got states %v, ending %+v; want active, ending with 3 left", shown.States, shown.Ending)
	}
	view.Ending = crm.Ending{}
	if shown = (&call{}).link(view); shown.Ending != nil {
		t.Errorf("a link that does not end says %+v", shown.Ending)
	}
}
