package store_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/reconcile"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

// monday is when the tests take place.
var monday = time.Date(2026, 11, 23, 8, 30, 0, 123456000, time.UTC)

var ids = crm.IDSource{Now: time.Now, Random: rand.Reader}

func newID[Of any]() crm.ID[Of] { return crm.NewID[Of](ids) }

// clock is a clock that stands until it is moved.
type clock struct{ atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.Store(monday.UnixMicro())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.Load()).UTC() }
func (c *clock) forward(d time.Duration) { c.Add(d.Microseconds()) }

// fixture is a store with two users, a link of the first, and a clock.
type fixture struct {
	*testing.T
	store     *store.Store
	clock     *clock
	anna, bob crm.User
	link      crm.Link
}

// onEach runs a test on a filled store of each database.
func onEach(t *testing.T, test func(f *fixture)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, fresh store.Options) {
		c := newClock()
		fresh.Now, fresh.RelaxedCommits = c.now, true
		f := &fixture{T: t, store: storetest.Open(t, fresh), clock: c}
		f.anna, f.bob = newUser("anna"), newUser("bob")
		f.link = newLink(f.anna.ID, "https://calendar.example.org/anna/work/")
		f.write(func(tx *store.Tx) error {
			return errors.Join(tx.InsertUser(f.anna, "hash of anna"), tx.InsertUser(f.bob, ""), tx.InsertLink(f.link, []byte("sealed"), store.LinkSync{}))
		})
		test(f)
	})
}

func (f *fixture) write(fn func(tx *store.Tx) error) {
	f.Helper()
	if err := f.store.Write(context.Background(), fn); err != nil {
		f.Fatal(err)
	}
}

// writeFails expects a transaction to fail with want.
func (f *fixture) writeFails(want error, fn func(tx *store.Tx) error) {
	f.Helper()
	if err := f.store.Write(context.Background(), fn); !errors.Is(err, want) {
		f.Errorf("write: got error %v, want %v", err, want)
	}
}

func (f *fixture) read(fn func(tx *store.Tx) error) {
	f.Helper()
	if err := f.store.Read(context.Background(), fn); err != nil {
		f.Fatal(err)
	}
}

// load reads one value.
func load[T any](f *fixture, read func(tx *store.Tx) (T, error)) T {
	f.Helper()
	var value T
	f.read(func(tx *store.Tx) (err error) {
		value, err = read(tx)
		return err
	})
	return value
}

// loadFails expects a read to fail with want.
func loadFails[T any](f *fixture, want error, read func(tx *store.Tx) (T, error)) {
	f.Helper()
	err := f.store.Read(context.Background(), func(tx *store.Tx) error {
		_, err := read(tx)
		return err
	})
	if !errors.Is(err, want) {
		f.Errorf("read: got error %v, want %v", err, want)
	}
}

// exactly compares field by field where the domain's own Equal sees past differences.
var exactly = cmp.Options{
	comparing[crm.Units](), comparing[crm.Clock](), comparing[dav.Href](), comparing[dav.ETag](),
	cmp.Comparer(func(a, b dav.Traits) bool { return fmt.Sprint(a) == fmt.Sprint(b) }),
}

func comparing[T comparable]() cmp.Option { return cmp.Comparer(func(a, b T) bool { return a == b }) }

func (f *fixture) same(what string, got, want any) {
	f.Helper()
	if diff := cmp.Diff(want, got, exactly); diff != "" {
		f.Errorf("%s: got +, want -\n%s", what, diff)
	}
}

func newUser(login string) crm.User {
	return crm.User{
		ID: newID[crm.User](), Version: 1, Login: login, Name: "Name of " + login, Email: login + "@example.org", Language: crm.Dutch,
		TimeZone: "Europe/Brussels", Role: crm.RoleUser, Rights: crm.Rights{ChangeOthers: true}, Active: true, CreatedAt: monday,
	}
}

func newLink(user crm.UserID, calendar string) crm.Link {
	return crm.Link{
		ID: newID[crm.Link](), Version: 1, User: user, Kind: crm.LinkSimple, Address: "calendar.example.org", CalendarHref: calendar,
		Username: "me", Addresses: []string{"mailto:me@example.org"}, CreatedAt: monday,
	}
}

func at(text string) crm.When {
	when, err := crm.ParseWhen(text)
	if err != nil {
		panic(err)
	}
	return when
}

func day(text string) crm.Date {
	date, err := crm.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return date
}

func newAction(follower crm.UserID, subject, when string) crm.Action {
	actor := crm.Actor{Kind: crm.ActorUser, User: follower}
	return crm.Action{
		ID: newID[crm.Action](), Version: 1, Units: crm.Units{Subject: subject, When: at(when)}, FollowedBy: follower,
		CreatedAt: monday, CreatedBy: actor, ModifiedAt: monday, ModifiedBy: actor, Sync: crm.SyncState{Name: crm.Synced},
	}
}

func newResource(link crm.LinkID, name string) store.Resource {
	return store.Resource{
		ID: newID[store.Resource](), Link: link, Href: dav.Href("/anna/work/" + name + ".ics"), UID: name + "@example.org", ETag: `"1"`,
		State: store.ResourceLive, SeenAt: monday, Body: []byte("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"),
	}
}

func bind(resource store.Resource, action crm.Action) store.Binding {
	return store.Binding{
		Resource: resource.ID, Action: action.ID, Base: &reconcile.Base{Agreed: action.Units, Server: action.Units}, AgreedVersion: action.Version, AgreedAt: monday,
	}
}
