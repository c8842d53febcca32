package store

import (
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
)

// ResourceID names a resource row.
type ResourceID = crm.ID[Resource]

// Resource is one calendar object resource of a link's calendar as it was last seen.
type Resource struct {
	ID    ResourceID
	Link  crm.LinkID
	Href  dav.Href
	UID   string
	ETag  dav.ETag
	State ResourceState
	// SeenAt is when it was last read or written; zero before that.
	SeenAt   time.Time
	SetAside SetAside
	Body     []byte // its text as last seen, nil where it was not loaded or not kept
	Sent     *Sent  // a write whose outcome is not known yet, nil where there is none or it was not loaded
}

// Sent is a write that was promised, and perhaps sent: kept before the request, taken away with its outcome.
type Sent struct {
	Body    []byte    // the text of the PUT, nil for a DELETE
	Values  crm.Units // what the CRM held then
	Version int64     // of the action
}

// Deletion reports whether it is a DELETE that may have been sent.
func (s *Sent) Deletion() bool { return s != nil && s.Body == nil }

// ResourceState is where a resource is in its life.
type ResourceState string

// The states of a resource.
const (
	ResourceCreating ResourceState = "creating" // href and UID are kept, the first PUT is not confirmed
	ResourceLive     ResourceState = "live"
	ResourceGone     ResourceState = "gone" // proven, and what it held is still needed

	// Of events that have no action: the first sync left it out (semantics 4), the plan that it belongs to waits for a person,
	// or it looks like an action and a person is asked whether it is that one.
	ResourceLeftOut ResourceState = "left_out"
	ResourceWaiting ResourceState = "waiting"
	ResourceTwin    ResourceState = "twin"
)

// Parked reports whether the event is in the calendar and has no action on purpose.
func (s ResourceState) Parked() bool {
	return s == ResourceLeftOut || s == ResourceWaiting || s == ResourceTwin
}

// There reports whether the event was in the calendar when it was last seen.
func (s ResourceState) There() bool { return s == ResourceLive || s.Parked() }

// SetAside says why a resource cannot be used, with what a person is shown of it. The zero SetAside is none.
type SetAside struct {
	Reason  crm.Reason
	Params  map[string]string
	Subject string
	When    string
}

const selectedResource = `r.id, r.link_id, r.href, r.uid, r.etag, r.state, r.seen_at, r.set_aside_reason, r.set_aside_params, r.shown_subject, r.shown_when`

func resourceTargets(r *Resource) []any {
	return []any{
		intoID(&r.ID), intoID(&r.Link), &r.Href, &r.UID, &r.ETag, &r.State, intoTime(&r.SeenAt),
		&r.SetAside.Reason, intoJSON(&r.SetAside.Params), &r.SetAside.Subject, &r.SetAside.When,
	}
}

// resourceTexts are what is loaded of a resource with its body.
const resourceTexts = ", r.body, r.sent_body, r.sent_values"

// sentColumns are the columns of a Sent, as they are kept.
type sentColumns struct {
	body   []byte
	values string
}

type sentValues struct {
	Subject     string `json:"subject"`
	Description string `json:"description"`
	When        string `json:"when"`
	Version     int64  `json:"version"`
}

func (c sentColumns) sent() (*Sent, error) {
	if c.values == "" {
		return nil, nil
	}
	var values sentValues
	if err := json.Unmarshal([]byte(c.values), &values); err != nil {
		return nil, fmt.Errorf("load what was sent: %w", err)
	}
	when, err := crm.ParseWhen(values.When)
	if err != nil {
		return nil, fmt.Errorf("load what was sent: %w", err)
	}
	units := crm.Units{Subject: values.Subject, Description: values.Description, When: when}
	return &Sent{Body: c.body, Values: units, Version: values.Version}, nil
}

func sentColumnsOf(sent *Sent) (body, values any) {
	if sent == nil {
		return nil, ""
	}
	return sent.Body, jsonValue(sentValues{sent.Values.Subject, sent.Values.Description, sent.Values.When.String(), sent.Version})
}

// resources are the rows of a query over r, with their bodies.
func (tx *Tx) resources(attempted, where string, args ...any) ([]Resource, error) {
	var resources []Resource
	for row, err := range tx.rows(attempted, "SELECT "+selectedResource+resourceTexts+" FROM resource r WHERE "+where, args...) {
		if err != nil {
			return nil, err
		}
		var resource Resource
		var sent sentColumns
		if err := row.Scan(append(resourceTargets(&resource), &resource.Body, &sent.body, &sent.values)...); err != nil {
			return nil, err
		}
		if resource.Sent, err = sent.sent(); err != nil {
			return nil, err
		}
		resources = append(resources, resource)
	}
	return resources, nil
}

// ResourcesByHref are those of the given hrefs that are known, however each is escaped, by dav.Href.Key.
func (tx *Tx) ResourcesByHref(link crm.LinkID, hrefs []dav.Href) (map[string]Resource, error) {
	found := make(map[string]Resource, len(hrefs))
	d := tx.store.dialect
	err := listed(tx, hrefs, func(h dav.Href) any { return key(h.Key()) }, func(list string, values []any) error {
		last := d.param(len(values) + 1)
		resources, err := tx.resources("load resources by href", "r.link_id = "+last+" AND r.href_key IN "+list, append(values, idValue(link))...)
		for _, resource := range resources {
			found[resource.Href.Key()] = resource
		}
		return err
	})
	return found, err
}

// ResourcesByUID are the resources of a link with that UID; a calendar can hold one UID under two hrefs.
func (tx *Tx) ResourcesByUID(link crm.LinkID, uid string) ([]Resource, error) {
	return tx.resources("load resources by UID", "r.link_id = $1 AND r.uid_key = $2 ORDER BY r.id", idValue(link), key(uid))
}

// ResourcesByUIDs are the resources of a link with one of the UIDs, by UID.
func (tx *Tx) ResourcesByUIDs(link crm.LinkID, uids []string) (map[string][]Resource, error) {
	found := make(map[string][]Resource, len(uids))
	d := tx.store.dialect
	err := listed(tx, uids, func(uid string) any { return key(uid) }, func(list string, values []any) error {
		last := d.param(len(values) + 1)
		resources, err := tx.resources("load resources by UID", "r.link_id = "+last+" AND r.uid_key IN "+list+" ORDER BY r.id", append(values, idValue(link))...)
		for _, resource := range resources {
			found[resource.UID] = append(found[resource.UID], resource)
		}
		return err
	})
	return found, err
}

// Resource is one resource with its body.
func (tx *Tx) Resource(id ResourceID) (Resource, error) {
	var resource Resource
	var sent sentColumns
	err := tx.queryRow("load resource "+id.String(), "SELECT "+selectedResource+resourceTexts+" FROM resource r WHERE r.id = $1"+tx.forChange(), idValue(id)).
		Scan(append(resourceTargets(&resource), &resource.Body, &sent.body, &sent.values)...)
	if err == nil {
		resource.Sent, err = sent.sent()
	}
	return resource, err
}

// Resources yields all resources of a link without their bodies, in no particular order. Nothing else may be asked of tx
// before it ends.
func (tx *Tx) Resources(link crm.LinkID) iter.Seq2[Resource, error] {
	return tx.withoutBodies("load resources", "r.link_id = $1", idValue(link))
}

// SetAsideResources yields those of a link that cannot be used, as Resources does.
func (tx *Tx) SetAsideResources(link crm.LinkID) iter.Seq2[Resource, error] {
	return tx.withoutBodies("load resources set aside", "r.link_id = $1 AND r.set_aside_reason <> '' ORDER BY r.id", idValue(link))
}

func (tx *Tx) withoutBodies(attempted, where string, args ...any) iter.Seq2[Resource, error] {
	return func(yield func(Resource, error) bool) {
		for row, err := range tx.rows(attempted, "SELECT "+selectedResource+" FROM resource r WHERE "+where, args...) {
			var resource Resource
			if err == nil {
				err = row.Scan(resourceTargets(&resource)...)
			}
			if !yield(resource, err) || err != nil {
				return
			}
		}
	}
}

// InsertResources adds resources. ErrDuplicate: one has the href of another of its link.
func (tx *Tx) InsertResources(resources []Resource) error {
	columns := []string{"id", "link_id", "href", "href_key", "uid", "uid_key", "etag", "state", "seen_at", "set_aside_reason", "set_aside_params", "shown_subject", "shown_when", "body", "sent_body", "sent_values"}
	return tx.insertRows("insert resources", "resource", columns, len(resources), func(i int, values []any) {
		r := &resources[i]
		sentBody, sent := sentColumnsOf(r.Sent)
		copy(values, []any{
			idValue(r.ID), idValue(r.Link), opaque(r.Href), key(r.Href.Key()), opaque(r.UID), key(r.UID), opaque(r.ETag), string(r.State), timeValue(r.SeenAt),
			string(r.SetAside.Reason), paramsValue(r.SetAside.Params), r.SetAside.Subject, r.SetAside.When, r.Body, sentBody, sent,
		})
	})
}

// UpdateResources replaces resources but for their link, bodies included.
func (tx *Tx) UpdateResources(resources []Resource) error {
	for i := range resources {
		r := &resources[i]
		sentBody, sent := sentColumnsOf(r.Sent)
		err := tx.execOne(ErrNotFound, "update resource "+r.ID.String(), `UPDATE resource SET href = $2, href_key = $3, uid = $4, uid_key = $5, etag = $6, state = $7,
				seen_at = $8, set_aside_reason = $9, set_aside_params = $10, shown_subject = $11, shown_when = $12, body = $13, sent_body = $14, sent_values = $15 WHERE id = $1`,
			idValue(r.ID), opaque(r.Href), key(r.Href.Key()), opaque(r.UID), key(r.UID), opaque(r.ETag), string(r.State),
			timeValue(r.SeenAt), string(r.SetAside.Reason), paramsValue(r.SetAside.Params), r.SetAside.Subject, r.SetAside.When, r.Body, sentBody, sent)
		if err != nil {
			return err
		}
	}
	return nil
}

// DeleteResource removes a resource with its bindings: nothing of it is needed any more.
func (tx *Tx) DeleteResource(id ResourceID) error {
	attempted := "delete resource " + id.String()
	if _, err := tx.exec(attempted, "DELETE FROM binding WHERE resource_id = $1", idValue(id)); err != nil {
		return err
	}
	return tx.execOne(ErrNotFound, attempted, "DELETE FROM resource WHERE id = $1", idValue(id))
}

// AdoptResources gives a link what an ended link of the same user to the same calendar left: its resources with what both
// sides last agreed on. It reports how many there were (semantics 9).
func (tx *Tx) AdoptResources(link crm.LinkID) (int64, error) {
	return tx.exec("adopt resources for link "+link.String(), `UPDATE resource SET link_id = $1
		WHERE link_id IN (SELECT old.id FROM link old JOIN link new ON new.id = $1
			WHERE old.calendar_key = new.calendar_key AND old.user_id = new.user_id AND old.ended_at IS NOT NULL AND old.id <> new.id)`, idValue(link))
}

// beforeCreating is how long the first PUT of an event may be tried after its href was chosen, for UntoldResources.
const beforeCreating = 10 * time.Minute

// UntoldResources are the living events of a link that were made here, and confirmed after an instant: those that the server's
// next report of changes since then has to tell. Those promised longer than ten minutes before the instant are left out; none
// after the zero time, when nothing was made yet. They come without bodies.
func (tx *Tx) UntoldResources(link crm.LinkID, after time.Time) ([]Resource, error) {
	if after.IsZero() {
		return nil, nil
	}
	floor := crm.NewID[Resource](crm.IDSource{Now: func() time.Time { return after.Add(-beforeCreating) }, Random: zeroes{}})
	var found []Resource
	perhaps := map[ResourceID]Resource{}
	// Ids rise with time, so the primary key leads to the few that are young; COALESCE keeps both databases from going through
	// all of the link instead.
	query := "SELECT " + selectedResource + ` FROM resource r
		WHERE r.id >= $1 AND COALESCE(r.link_id, r.link_id) = $2 AND r.state = 'live' AND r.seen_at > $3 ORDER BY r.id`
	for row, err := range tx.rows("load what was made for link "+link.String(), query, idValue(floor), idValue(link), timeValue(after)) {
		if err != nil {
			return nil, err
		}
		var resource Resource
		if err := row.Scan(resourceTargets(&resource)...); err != nil {
			return nil, err
		}
		switch _, err := crm.ParseID[crm.Action](resource.UID); {
		case resource.UID == resource.ID.String():
			found = append(found, resource)
		case err == nil && resource.UID[14] == '7': // perhaps the first of its action, whose id it has then
			perhaps[resource.ID] = resource
		}
	}
	bindings, err := tx.BindingsOf(slices.Collect(maps.Keys(perhaps)))
	for _, binding := range bindings {
		if resource := perhaps[binding.Resource]; resource.UID == binding.Action.String() {
			found = append(found, resource)
		}
	}
	return found, err
}

// zeroes is randomness for the lowest id of an instant.
type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// LiveResources is how many usable events of a link are known to be in its calendar.
func (tx *Tx) LiveResources(link crm.LinkID) (int, error) {
	var n int
	err := tx.queryRow("count resources of link "+link.String(),
		"SELECT COUNT(*) FROM resource WHERE link_id = $1 AND state = 'live' AND set_aside_reason = ''", idValue(link)).Scan(&n)
	return n, err
}
