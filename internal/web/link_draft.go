package web

import (
	"sync"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// draft is a link that is being added. It lives in memory only, since it holds a password that was typed: a page must not
// carry it from step to step, and the database keeps none before the connection works.
type draft struct {
	id       crm.ID[draft]
	owner    crm.UserID
	userName string // of the user who gets the link
	in       service.LinkInput
	verdict  *service.Verdict // of the last test of what stands in in
	asked    string           // the page of the server where an app password is allowed, "" when none is being fetched
	question []byte           // fetches it
	usedAt   time.Time
}

// How long a draft is kept after it was last used, and how many at most; the one unused for longest goes first.
const (
	draftKept = 30 * time.Minute
	maxDrafts = 200
)

// drafts are those of this process. They may be used by any number of goroutines.
type drafts struct {
	now func() time.Time
	mu  sync.Mutex
	all map[crm.ID[draft]]draft
}

func newDrafts(now func() time.Time) *drafts {
	return &drafts{now: now, all: map[crm.ID[draft]]draft{}}
}

// put keeps a draft as it is now.
func (d *drafts) put(one draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	one.usedAt = d.now()
	d.all[one.id] = one
	d.purge(one.usedAt)
}

// get is a draft of that owner; false when there is none any more.
func (d *drafts) get(id crm.ID[draft], owner crm.UserID) (draft, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.purge(d.now())
	one, known := d.all[id]
	if !known || one.owner != owner {
		return draft{}, false
	}
	return one, true
}

func (d *drafts) drop(id crm.ID[draft]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.all, id)
}

func (d *drafts) purge(now time.Time) {
	var oldest draft
	for id, one := range d.all {
		if now.Sub(one.usedAt) >= draftKept {
			delete(d.all, id)
			continue
		}
		if oldest.usedAt.IsZero() || one.usedAt.Before(oldest.usedAt) {
			oldest = one
		}
	}
	if len(d.all) > maxDrafts {
		delete(d.all, oldest.id)
	}
}
