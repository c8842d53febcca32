package live

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
	"agendaonline/internal/store/storetest"
)

func TestStream_hears_ids_of_what_changed_after_it_was_opened(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	announce := func(ids ...byte) {
		t.Helper()
		err := s.Write(t.Context(), func(tx *store.Tx) error {
			for _, id := range ids {
				tx.AnnounceActions([]crm.ActionID{{id}})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	announce(9)
	stream := New(s).Open()
	defer stream.Close()
	announce(2, 1)
	announce(2)
	got, err := stream.Next(t.Context())
	want := Changes{Actions: []string{crm.ActionID{1}.String(), crm.ActionID{2}.String()}}
	if difference := cmp.Diff(want, got); difference != "" || err != nil {
		t.Errorf("error %v, (-want +got):\n%s", err, difference)
	}
	if err := s.Write(t.Context(), func(tx *store.Tx) error { tx.AnnounceLink(crm.LinkID{}); return nil }); err != nil {
		t.Fatal(err)
	}
	if got, err = stream.Next(t.Context()); err != nil || !got.Links || len(got.Actions) > 0 {
		t.Errorf("got %+v, %v after a link changed", got, err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := stream.Next(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v from a stream whose screen was closed", err)
	}
}
