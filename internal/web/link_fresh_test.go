package web

import (
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
	"agendaonline/internal/store"
	"agendaonline/internal/web/browsertest"
)

// The list of links and the page of one change where they stand: a state as soon as it changes, a run while it is under way. What
// somebody works in is left alone until he is done.
func TestLinks_change_in_place(t *testing.T) {
	t.Parallel()
	b := browsertest.Open(t)
	needScript(t)
	w := newWorld(t)
	link := w.link(w.luc)
	other := w.link(w.tom)
	list, one := w.tab(b, w.an, 1440), w.tab(b, w.an, 1000)
	list.Go(w.server.URL + "/links")
	one.Go(w.server.URL + "/links/" + link.ID.String())
	for _, tab := range []*browsertest.Tab{list, one} {
		tab.Wait(`document.documentElement.dataset.live === "open"`)
		browsertest.Eval[bool](tab, `window.stayed = true`)
	}
	browsertest.Eval[bool](list, `document.querySelector("#link-`+other.ID.String()+` a").focus(), true`)
	busy, err := w.PauseLink(t.Context(), w.an, other.ID, other.Version)
	w.must(err)
	link, err = w.PauseLink(t.Context(), w.an, link.ID, link.Version)
	w.must(err)
	list.Wait(`document.querySelector("#link-` + link.ID.String() + ` [data-state=paused]")`)
	one.Wait(`document.querySelector("#facts [data-state=paused]")`)
	if browsertest.Eval[bool](list, `document.querySelector("#link-`+busy.ID.String()+` [data-state=paused]") !== null`) {
		t.Error("the row with the focus was replaced")
	}
	browsertest.Eval[bool](list, `document.activeElement.blur(), true`)
	list.Wait(`document.querySelector("#link-` + busy.ID.String() + ` [data-state=paused]")`)

	w.puller.set(service.LinkPull{Link: link.ID, Running: true, Processed: 40, Expected: 200, StartedAt: w.clock.now()})
	w.must(w.Store.Write(t.Context(), func(tx *store.Tx) error { tx.AnnounceLink(crm.LinkID{}); return nil }))
	one.Wait(`document.querySelector("#facts [data-running]")?.innerText.includes("40")`)
	w.puller.set(service.LinkPull{Link: link.ID, EndedAt: w.clock.now().Add(-time.Second)})
	one.Wait(`document.querySelector("#facts [data-running]") === null`) // nothing is announced: it is asked while it runs
	for name, tab := range map[string]*browsertest.Tab{"list": list, "link": one} {
		if !browsertest.Eval[bool](tab, `window.stayed === true`) {
			t.Errorf("the page of the %s was loaded again", name)
		}
		for _, line := range tab.Trouble() {
			t.Errorf("console of the %s: %s", name, line)
		}
	}
}
