package store_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
)

func TestResource_keeps_what_the_server_said_byte_for_byte(t *testing.T) {
	onEach(t, func(f *fixture) {
		odd := newResource(f.link.ID, "odd")
		odd.Href, odd.UID, odd.ETag = "/caf%C3%A9/%ff%00\x01.ics", strings.Repeat("u", 10_000)+"\xff\x00", "W/\"\xe9\""
		odd.Body = []byte("\x00\xff")
		odd.SetAside = store.SetAside{Reason: crm.ReasonNoStart, Params: map[string]string{"line": "3"}, Subject: "lunch", When: "2026"}
		bare := store.Resource{ID: newID[store.Resource](), Link: f.link.ID, State: store.ResourceCreating}
		f.write(func(tx *store.Tx) error { return tx.InsertResources([]store.Resource{odd, bare}) })
		for _, want := range []store.Resource{odd, bare} {
			f.same("resource", load(f, func(tx *store.Tx) (store.Resource, error) { return tx.Resource(want.ID) }), want)
		}
		f.same("by UID", load(f, func(tx *store.Tx) ([]store.Resource, error) { return tx.ResourcesByUID(f.link.ID, odd.UID) }), []store.Resource{odd})

		odd.UID, odd.Href, odd.ETag, odd.Body, odd.State, odd.SetAside = "u2", "/moved.ics", "", nil, store.ResourceGone, store.SetAside{}
		f.write(func(tx *store.Tx) error { return tx.UpdateResources([]store.Resource{odd}) })
		f.same("resource", load(f, func(tx *store.Tx) (store.Resource, error) { return tx.Resource(odd.ID) }), odd)
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateResources([]store.Resource{newResource(f.link.ID, "9")}) })
	})
}

func TestResource_href_is_one_however_it_is_escaped(t *testing.T) {
	onEach(t, func(f *fixture) {
		resource, again := newResource(f.link.ID, "a%40b"), newResource(f.link.ID, "a@b")
		f.write(func(tx *store.Tx) error { return tx.InsertResources([]store.Resource{resource}) })
		found := load(f, func(tx *store.Tx) (map[string]store.Resource, error) {
			return tx.ResourcesByHref(f.link.ID, []dav.Href{again.Href, "/nowhere"})
		})
		f.same("by href", found, map[string]store.Resource{again.Href.Key(): resource})
		var duplicate store.ErrDuplicate
		err := f.store.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertResources([]store.Resource{again}) })
		if !errors.As(err, &duplicate) {
			f.Errorf("insert under the same href: got error %v, want a duplicate", err)
		}
	})
}

func TestResources_are_listed_without_bodies(t *testing.T) {
	onEach(t, func(f *fixture) {
		ok, aside := newResource(f.link.ID, "ok"), newResource(f.link.ID, "aside")
		aside.SetAside = store.SetAside{Reason: crm.ReasonSeries}
		other := newLink(f.bob.ID, "https://calendar.example.org/bob/")
		twin := newResource(f.link.ID, "twin")
		twin.UID = ok.UID
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertLink(other, nil, store.LinkSync{}), tx.InsertResources([]store.Resource{ok, aside, twin, newResource(other.ID, "ok")}))
		})
		ok.Body, aside.Body, twin.Body = nil, nil, nil
		listed, setAside := map[store.ResourceID]store.Resource{}, []store.Resource(nil)
		f.read(func(tx *store.Tx) error {
			for resource, err := range tx.Resources(f.link.ID) {
				if err != nil {
					return err
				}
				listed[resource.ID] = resource
			}
			for resource, err := range tx.SetAsideResources(f.link.ID) {
				if err != nil {
					return err
				}
				setAside = append(setAside, resource)
			}
			return nil
		})
		f.same("resources", listed, map[store.ResourceID]store.Resource{ok.ID: ok, aside.ID: aside, twin.ID: twin})
		f.same("set aside", setAside, []store.Resource{aside})
		byUID := load(f, func(tx *store.Tx) (map[string][]store.Resource, error) {
			return tx.ResourcesByUIDs(f.link.ID, []string{ok.UID, aside.UID, "unknown"})
		})
		f.same("hrefs of one UID", len(byUID[ok.UID]), 2)
		f.same("UIDs", len(byUID), 2)
	})
}

func TestUntoldResources_are_those_made_here_and_confirmed_after_an_instant(t *testing.T) {
	onEach(t, func(f *fixture) {
		pulled := time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
		own := func(link crm.LinkID, promised, confirmed time.Duration, state store.ResourceState) store.Resource {
			id := crm.NewID[store.Resource](crm.IDSource{Now: func() time.Time { return pulled.Add(promised) }, Random: rand.Reader})
			resource := newResource(link, id.String())
			resource.ID, resource.UID, resource.State, resource.SeenAt = id, id.String(), state, pulled.Add(confirmed)
			return resource
		}
		other := newLink(f.bob.ID, "https://calendar.example.org/bob/")
		young, retried := own(f.link.ID, time.Second, 2*time.Second, store.ResourceLive), own(f.link.ID, -9*time.Minute, time.Second, store.ResourceLive)
		theirs := newResource(f.link.ID, "theirs")
		theirs.SeenAt = pulled.Add(time.Second)
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertLink(other, nil, store.LinkSync{}), tx.InsertResources([]store.Resource{
				young, retried, theirs,
				own(f.link.ID, -time.Second, 0, store.ResourceLive),                // told by that pull
				own(f.link.ID, time.Second, 2*time.Second, store.ResourceGone),     // deleted here since
				own(f.link.ID, time.Second, 2*time.Second, store.ResourceCreating), // not confirmed
				own(other.ID, time.Second, 2*time.Second, store.ResourceLive),
			}))
		})
		young.Body, retried.Body = nil, nil
		for after, want := range map[time.Time][]store.Resource{pulled: {retried, young}, pulled.Add(3 * time.Second): nil, {}: nil} {
			f.same("untold", load(f, func(tx *store.Tx) ([]store.Resource, error) { return tx.UntoldResources(f.link.ID, after) }), want)
		}
	})
}

func TestBinding_keeps_the_base_of_both_sides(t *testing.T) {
	onEach(t, func(f *fixture) {
		action, resource := newAction(f.anna.ID, "call", "2026-11-24 10:00 - 11:00 Europe/Brussels"), newResource(f.link.ID, "1")
		same := bind(resource, action)
		differs := bind(resource, action)
		differs.RecurrenceID = "20261201T090000Z"
		differs.Base = &reconcile.Base{Agreed: action.Units, Server: crm.Units{Description: "<p></p>", When: at("2026-11-24 10:00 2026-11-24 11:00 UTC")}}
		none := store.Binding{Resource: resource.ID, RecurrenceID: "20261202", Action: action.ID}
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertActions([]crm.Action{action}), tx.InsertResources([]store.Resource{resource}), tx.InsertBindings([]store.Binding{same, differs, none}))
		})
		of := func(tx *store.Tx) ([]store.BoundResource, error) { return tx.BindingsOfAction(action.ID) }
		f.same("bindings of the action", load(f, of), []store.BoundResource{{Binding: same, Bound: resource}, {Binding: differs, Bound: resource}, {Binding: none, Bound: resource}})

		var duplicate store.ErrDuplicate
		if err := f.store.Write(t.Context(), func(tx *store.Tx) error { return tx.InsertBindings([]store.Binding{same}) }); !errors.As(err, &duplicate) {
			f.Errorf("bind twice: got error %v, want a duplicate", err)
		}

		differs.Base.Server, differs.AgreedVersion = differs.Base.Agreed, 7
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.UpdateBindings([]store.Binding{differs}), tx.DeleteBinding(resource.ID, ""))
		})
		f.write(func(tx *store.Tx) error { // reading to change takes another path than reading
			got, err := tx.BindingsOf([]store.ResourceID{resource.ID, newID[store.Resource]()})
			f.same("number of bindings of the resource", len(got), 2)
			for _, one := range got {
				if one.RecurrenceID == differs.RecurrenceID {
					f.same("binding of the resource", one, store.BoundAction{Binding: differs, Bound: action})
				}
			}
			return err
		})
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteBinding(resource.ID, "") })
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.UpdateBindings([]store.Binding{same}) })
		f.write(func(tx *store.Tx) error { return tx.DeleteResource(resource.ID) })
		f.same("bindings after the resource was deleted", len(load(f, of)), 0)
		f.writeFails(store.ErrNotFound, func(tx *store.Tx) error { return tx.DeleteResource(resource.ID) })
	})
}

func TestAlias_survives_and_goes_to_the_last_action(t *testing.T) {
	onEach(t, func(f *fixture) {
		first, second := newID[crm.Action](), newID[crm.Action]()
		long := strings.Repeat("l", 5000)
		const calendar = "https://dav.example.org/cal"
		f.write(func(tx *store.Tx) error {
			return tx.PutAliases([]store.Alias{{calendar, "a", first, monday}, {calendar, long + "1", first, monday}, {calendar, long + "2", second, monday}, {"https://dav.example.org/other/", "a", second, monday}})
		})
		find := func(tx *store.Tx) (map[string]crm.ActionID, error) {
			return tx.ActionsOfUIDs(calendar+"/", []string{"a", "b", long + "1", long + "2"})
		}
		f.same("actions", load(f, find), map[string]crm.ActionID{"a": first, long + "1": first, long + "2": second})
		f.write(func(tx *store.Tx) error {
			return tx.PutAliases([]store.Alias{{calendar, "a", first, monday}, {calendar + "/", "a", second, monday}})
		})
		f.same("action of a UID put again", load(f, find)["a"], second)
	})
}

func TestTombstones_are_those_of_a_time(t *testing.T) {
	onEach(t, func(f *fixture) {
		before := store.Tombstone{ID: newID[store.Tombstone](), Link: f.link.ID, Href: "/a", UID: "a", DeletedAt: monday.Add(-1000)}
		after := store.Tombstone{ID: newID[store.Tombstone](), Link: f.link.ID, Action: newID[crm.Action](), Href: "/b", UID: "b", DeletedAt: monday, Reason: reconcile.ReasonActionDeleted}
		f.write(func(tx *store.Tx) error { return tx.InsertTombstones([]store.Tombstone{after, before}) })
		got := load(f, func(tx *store.Tx) ([]store.Tombstone, error) { return tx.Tombstones(f.link.ID, monday) })
		f.same("tombstones", got, []store.Tombstone{after})
	})
}
