package store

import (
	"strings"

	"agendaonline/internal/crm"
)

// What open screens hear of. The payload of TopicActions is the ids of actions that changed, separated by commas, or "" when
// any may look different than before; that of
// TopicLinks is the id of a link, or "" for all of them.
const (
	TopicActions = "actions"
	TopicLinks   = "links"
)

// AnnounceActions tells open screens that actions changed.
func (tx *Tx) AnnounceActions(ids []crm.ActionID) {
	const perPayload = maxPayload / (36 + 1)
	for len(ids) > 0 {
		part := ids[:min(len(ids), perPayload)]
		ids = ids[len(part):]
		texts := make([]string, len(part))
		for i, id := range part {
			texts[i] = id.String()
		}
		tx.Announce(TopicActions, strings.Join(texts, ","))
	}
}

// AnnounceAllActions tells open screens that any action may look different than before to its reader.
func (tx *Tx) AnnounceAllActions() { tx.Announce(TopicActions, "") }

// AnnounceLink tells open screens that a link changed, the zero LinkID that any may have.
func (tx *Tx) AnnounceLink(link crm.LinkID) { tx.Announce(TopicLinks, link.String()) }
