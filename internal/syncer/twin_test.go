package syncer_test

import (
	"slices"
	"strings"
	"testing"

	"agendaonline/internal/sandbox"
)

// subjects are those of anna's actions, in order.
func (w *world) subjects() []string {
	w.Helper()
	var subjects []string
	for _, action := range w.found(w.anna) {
		subjects = append(subjects, action.Subject)
	}
	slices.Sort(subjects)
	return subjects
}

// An answer tells four events with the text of a fifth, under their own ETags. What each href itself says is believed.
func TestB41_the_text_of_another_event_in_an_answer_is_not_believed(t *testing.T) {
	manners := sandbox.Plain()
	manners.DataInSync = false
	w := one(t, manners)
	w.link(w.anna)
	w.put(w.anna, "one", "The one", "20261125T110000Z")
	w.sync(w.anna)
	first := w.only(w.anna).ID
	for _, fault := range sandbox.Catalogue(w.clock.now()) {
		if fault.Name == "B41 data of another event" {
			w.server.Plan(fault)
		}
	}
	w.line("one", "LOCATION:Canteen")
	for _, name := range []string{"two", "three"} {
		w.put(w.anna, name, "The "+name, "20261125T110000Z")
	}
	w.sync(w.anna)
	w.same("actions", w.subjects(), "[The one The three The two]")
	w.same("the one", w.history(first), "[created new_event]")
	w.quiet(w.anna)
}

// Four hrefs with one UID, three of which are set aside, become themselves in one answer while the fourth goes away. The simulation
// found that two of them ended one row of the database twice (seed 92).
func TestF25_doubles_that_become_events_of_their_own(t *testing.T) {
	manners := sandbox.Plain()
	manners.UIDConflict = sandbox.UIDDoubled
	w := one(t, manners)
	w.link(w.anna)
	body := text("one", "The one", "20261125T110000Z")
	names := []string{"one", "two", "three", "four"}
	for _, name := range names {
		_, err := w.phone(w.anna).Put("work", name+".ics", body, "*")
		w.must(err)
	}
	w.sync(w.anna)
	w.same("actions", w.subjects(), "[The one]")
	w.must(w.phone(w.anna).Delete("work", "one.ics", ""))
	for _, name := range names[1:3] {
		_, err := w.phone(w.anna).Put("work", name+".ics", strings.NewReplacer("UID:one", "UID:"+name, "The one", "The "+name).Replace(body), "")
		w.must(err)
	}
	w.sync(w.anna)
	w.same("actions", w.subjects(), "[The one The three The two]") // the fourth is the one now
	_, err := w.phone(w.anna).Put("work", "four.ics", strings.NewReplacer("UID:one", "UID:four", "The one", "The four").Replace(body), "")
	w.must(err)
	w.sync(w.anna)
	w.same("actions", w.subjects(), "[The four The three The two]")
	w.quiet(w.anna)
}
