package service

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"agendaonline/internal/crm"
	"agendaonline/internal/store"
)

// createOnce makes an action under a key and answers with its id.
func (w *world) createOnce(by Caller, key, hash string, in ActionInput) (string, bool, error) {
	answer, replayed, err := w.Once(w.ctx(), by, key, []byte(hash), func(within *Service) ([]byte, error) {
		action, err := within.Create(w.ctx(), by, in)
		return []byte(action.ID.String()), err
	})
	return string(answer), replayed, err
}

func (w *world) countOf(by Caller, subject string) int {
	w.t.Helper()
	page, err := w.List(w.ctx(), by, ActionQuery{Text: subject})
	w.must(err)
	return page.Total
}

func TestOnce_a_request_that_comes_again_is_answered_as_the_first_time(t *testing.T) {
	eachWorld(t, func(w *world) {
		link := w.link(w.user)
		in := ActionInput{Subject: "Onetime", StartDate: "2026-11-24", FollowedBy: w.user.User.ID}
		first, replayed, err := w.createOnce(w.user, "k", "h", in)
		w.must(err)
		if woken := w.waker.taken(); replayed || !slices.Equal(woken, []crm.LinkID{link.ID}) {
			t.Errorf("first time: replayed %v, woken %v", replayed, woken)
		}
		again, replayed, err := w.createOnce(w.user, "k", "h", in)
		w.must(err)
		if again != first || !replayed || len(w.waker.taken()) != 0 {
			t.Errorf("again: got %q replayed %v, want %q", again, replayed, first)
		}
		if n := w.countOf(w.user, "Onetime"); n != 1 {
			t.Errorf("%d actions, want 1", n)
		}
		if _, _, err := w.createOnce(w.user, "k", "other", in); !errors.Is(err, ErrAnswerKey) {
			t.Errorf("another request under the key: %v", err)
		}
		if other, replayed, err := w.createOnce(w.peer, "k", "h", ActionInput{Subject: "Peer"}); err != nil || replayed || other == first {
			t.Errorf("the same key of another user: %q %v %v", other, replayed, err)
		}
	})
}

func TestOnce_requests_that_come_together_do_it_once(t *testing.T) {
	eachWorld(t, func(w *world) {
		var group sync.WaitGroup
		answers := make([]string, 8)
		for i := range answers {
			group.Go(func() {
				answer, _, err := w.createOnce(w.user, "k", "h", ActionInput{Subject: "Together"})
				if err != nil {
					t.Error(err)
				}
				answers[i] = answer
			})
		}
		group.Wait()
		if slices.Sort(answers); len(slices.Compact(answers)) != 1 {
			t.Errorf("different answers: %q", answers)
		}
		if n := w.countOf(w.user, "Together"); n != 1 {
			t.Errorf("%d actions, want 1", n)
		}
	})
}

func TestOnce_what_fails_is_neither_done_nor_kept(t *testing.T) {
	w := oneWorld(t)
	boom := errors.New("boom")
	_, _, err := w.Once(w.ctx(), w.user, "k", nil, func(within *Service) ([]byte, error) {
		if _, err := within.Create(w.ctx(), w.user, ActionInput{Subject: "Halfway", StartDate: "2026-11-24", FollowedBy: w.user.User.ID}); err != nil {
			return nil, err
		}
		return nil, boom
	})
	if !errors.Is(err, boom) || w.countOf(w.user, "Halfway") != 0 || len(w.waker.taken()) != 0 {
		t.Errorf("got %v, %d actions", err, w.countOf(w.user, "Halfway"))
	}
	if _, replayed, err := w.createOnce(w.user, "k", "h", ActionInput{Subject: "Halfway"}); err != nil || replayed {
		t.Errorf("tried again: replayed %v, %v", replayed, err)
	}
}

func TestOnce_asks_no_server_inside_the_transaction(t *testing.T) {
	w := oneWorld(t)
	w.link(w.user)
	in := w.linkInput(w.peer)
	asked := len(w.tester.tried)
	for name, ask := range map[string]func(*Service) error{
		"test": func(s *Service) error { _, err := s.CreateLink(w.ctx(), w.admin, in); return err },
		"pull": func(s *Service) error { _, err := s.OpenActions(w.ctx(), w.user, nil); return err },
	} {
		_, _, err := w.Once(w.ctx(), w.admin, name, nil, func(within *Service) ([]byte, error) { return nil, ask(within) })
		if !errors.Is(err, errNoNetwork) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if len(w.tester.tried) != asked || len(w.puller.asked) != 0 {
		t.Error("a server was asked")
	}
}

func TestOnce_answers_are_purged_with_their_age(t *testing.T) {
	w := oneWorld(t)
	if _, _, err := w.createOnce(w.user, "k", "h", ActionInput{Subject: "Old"}); err != nil {
		t.Fatal(err)
	}
	w.writeRows(func(tx *store.Tx) error {
		n, err := tx.PurgeAnswers(w.clock.now())
		if n != 1 {
			t.Errorf("%d answers purged, want 1", n)
		}
		return err
	})
}
