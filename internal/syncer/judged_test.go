package syncer_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// blind takes the preconditions off what is written, and other is another text in its place.
type blind struct{ http.RoundTripper }

func (b blind) RoundTrip(request *http.Request) (*http.Response, error) {
	request.Header.Del("If-Match")
	return b.RoundTripper.RoundTrip(request)
}

// The end of the tests of faults finds what it is there for: a blind write, an edit that is lost, an event that is doubled, an action
// without event.
func TestJudge_finds_what_is_wrong(t *testing.T) {
	for name, test := range map[string]struct {
		rule string
		act  func(*world, crm.ActionID)
	}{
		"a_blind_write": {"S1", func(w *world, id crm.ActionID) {
			w.transport = blind{w.server.Transport()}
			w.change(w.anna, id, subject("Dinner"))
			w.push(w.anna)
		}},
		"an_edit_lost": {"O3", func(w *world, id crm.ActionID) {
			w.change(w.anna, id, subject("Dinner"))
			w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
				entry, err := tx.OutboxEntry(w.links[w.anna.User.ID].ID, id)
				if err != nil {
					return err
				}
				_, err = tx.OutboxDone(entry.Link, id, entry.Revision)
				return err
			}))
		}},
		"an_action_that_is_gone_without_cause": {"S4", func(w *world, id crm.ActionID) {
			w.must(w.store.Write(w.Context(), func(tx *store.Tx) error {
				action, err := tx.Action(id)
				if err != nil {
					return err
				}
				version := action.Version
				action.DeletedAt = w.clock.now()
				if err := tx.UpdateAction(action, version); err != nil {
					return err
				}
				return tx.AppendHistory([]crm.Change{{
					ID: crm.NewID[crm.Change](w.service.IDs), Action: id, At: w.clock.now(), What: crm.Deleted,
					Actor: crm.Actor{Kind: crm.ActorLink, Link: w.links[w.anna.User.ID].ID}, Reason: crm.ReasonEventDeleted,
				}})
			}))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := one(t)
			linked(w)
			test.act(w, w.named("Lunch"))
			if report, _ := w.judgement(); !slices.Contains(report.Broken(), test.rule) {
				t.Errorf("got %v broken, want %s", report.Broken(), test.rule)
			}
		})
	}
}

// panics is a calendar of which one request breaks the program.
type panics struct {
	syncer.Remote
	once *bool
}

func (p panics) Put(ctx context.Context, href dav.Href, body []byte, condition dav.Condition) (dav.PutResult, error) {
	if !*p.once {
		*p.once = true
		panic("a defect")
	}
	return p.Remote.Put(ctx, href, body, condition)
}

func TestF42_a_panic_while_an_event_is_sent_is_the_runs_own_and_loses_nothing(t *testing.T) {
	w := one(t)
	busy(w)
	once := false
	w.through = func(remote syncer.Remote) syncer.Remote { return panics{remote, &once} }
	if _, err := w.tryRun(w.anna, crm.TriggerScreen); err == nil || !once {
		t.Errorf("got error %v, panicked %t; want the error of a run that panicked", err, once)
	}
	w.settle()
	w.same("as without", w.whole(), undisturbed(t))
}

func TestF43_a_run_that_is_stopped_in_the_midst_ends_at_once_and_loses_nothing(t *testing.T) {
	for _, what := range []string{"get", "put", "delete"} {
		t.Run(what, func(t *testing.T) {
			w := one(t)
			busy(w)
			link := w.links[w.anna.User.ID].ID
			ctx, stop := context.WithCancel(w.Context())
			w.meanwhile(syncer.BeforeRequest, what, stop)
			var leases []store.Lease
			w.must(w.write(func(tx *store.Tx) error {
				if err := tx.Want(link, crm.TriggerScreen); err != nil {
					return err
				}
				var err error
				leases, err = tx.ClaimLeases("test", time.Hour, 1, []crm.LinkID{link})
				return err
			}))
			if _, err := w.syncer.Run(ctx, leases[0], nil); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want that it was stopped", err)
			}
			w.gate = nil
			w.must(w.write(func(tx *store.Tx) error { return tx.ReleaseLease(leases[0], w.clock.now()) }))
			w.settle()
			w.same("as without", w.whole(), undisturbed(t))
		})
	}
}
