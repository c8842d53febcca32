package syncer

import (
	"slices"

	"agendaonline/internal/dav"
	"agendaonline/internal/store"
)

// confirmTexts reads at their own hrefs the events that an answer tells with a UID that is not theirs: where we know another under
// the href, or where it stands under several. Answers with the text of one event in the place of another's are known of servers
// and proxies (B41), and would delete what is there. What the href itself says is believed. Answers of more events than one commit takes are not looked at so: their
// texts are read only when their turn comes.
func (a *answer) confirmTexts() error {
	if len(a.events) == 0 || len(a.events) > perCommit {
		return nil
	}
	hrefs := make([]dav.Href, len(a.events))
	times := map[string]int{}
	for i, e := range a.events {
		e.read()
		hrefs[i] = e.href
		if e.uid != "" {
			times[e.uid]++
		}
	}
	another := map[string]bool{}
	err := a.Store.Read(a.ctx, func(tx *store.Tx) error {
		clear(another)
		known, err := tx.ResourcesByHref(a.link.ID, hrefs)
		for _, e := range a.events {
			resource, is := known[e.href.Key()]
			if is && resource.State == store.ResourceLive && resource.UID != "" && e.uid != "" && resource.UID != e.uid {
				another[e.href.Key()] = true
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	var ask []dav.Href
	a.events = slices.DeleteFunc(a.events, func(e *event) bool {
		if !another[e.href.Key()] && times[e.uid] < 2 {
			return false
		}
		ask = append(ask, e.href)
		return true
	})
	return a.readSingly(ask, func(dav.Href) {})
}
