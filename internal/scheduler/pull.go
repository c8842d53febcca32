package scheduler

import (
	"context"
	"errors"
	"time"

	"agendaonline/internal/store"
)

// Pull is how the last pull of a link stands, or stood when it ended.
type Pull struct {
	Link      store.LinkID
	Running   bool
	Progress  store.RunProgress
	StartedAt time.Time // when it was asked for, or began
	EndedAt   time.Time // zero while it runs
	Reason    string    // why it failed, "" when it did not
}

// pull is the last pull of a link; those who wait for it wait for done.
type pull struct {
	Pull
	wanted int64 // the number of the wish it fulfils, 0 when it was not wished for here
	begun  bool
	done   chan struct{}
}

// Ticket is what somebody who asked for pulls waits on.
type Ticket struct{ pulls []*pull }

// Wait returns when every pull of the ticket has ended, whatever its outcome, or with the error of ctx.
func (t *Ticket) Wait(ctx context.Context) error {
	for _, p := range t.pulls {
		select {
		case <-p.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Pull starts pulling each link that was not pulled within notOlderThan, in the order given, joins the pulls that go on, and
// returns at once. What it starts does not end with ctx.
func (s *Scheduler) Pull(ctx context.Context, links []store.LinkID, notOlderThan time.Duration) (*Ticket, error) {
	ticket, missing := s.joinPulls(links, notOlderThan)
	if len(missing) == 0 {
		return ticket, nil
	}
	wanted := map[store.LinkID]int64{}
	err := s.config.Store.Write(ctx, func(tx *store.Tx) error {
		for _, p := range missing {
			if err := tx.Want(p.Link, store.TriggerScreen); err != nil {
				return err
			}
			wish, err := tx.Wishes(p.Link)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			wanted[p.Link] = wish.Wanted + 1
		}
		return nil
	})
	if err != nil {
		for _, p := range missing {
			s.endPull(p, store.RunResult{}, s.config.Now())
		}
		return nil, err
	}
	s.mu.Lock()
	for _, p := range missing {
		p.wanted = wanted[p.Link]
	}
	s.mu.Unlock()
	for _, p := range missing {
		s.Wake(p.Link)
	}
	return ticket, nil
}

// joinPulls sorts the links into pulls that go on, which the ticket shares, pulls that are fresh, and pulls to start.
func (s *Scheduler) joinPulls(links []store.LinkID, notOlderThan time.Duration) (*Ticket, []*pull) {
	now := s.config.Now()
	ticket := &Ticket{}
	var missing []*pull
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, link := range links {
		p := s.pulls[link]
		switch {
		case p != nil && p.Running:
		case p != nil && now.Sub(p.EndedAt) < notOlderThan:
			continue
		default:
			p = &pull{Pull: Pull{Link: link, Running: true, StartedAt: now}, done: make(chan struct{})}
			s.pulls[link] = p
			missing = append(missing, p)
		}
		ticket.pulls = append(ticket.pulls, p)
	}
	return ticket, missing
}

// Progress says how the last pull of each link stands; links never pulled since Start are left out.
func (s *Scheduler) Progress(links []store.LinkID) []Pull {
	s.mu.Lock()
	defer s.mu.Unlock()
	var pulls []Pull
	for _, link := range links {
		if p := s.pulls[link]; p != nil {
			pulls = append(pulls, p.Pull)
		}
	}
	return pulls
}

// pullStarts: a run that is more than a push pulls, whoever wanted it, so screens that open now share it.
func (s *Scheduler) pullStarts(lease store.Lease) {
	if lease.Trigger == store.TriggerPush {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.pulls[lease.Link]
	if p == nil || !p.Running {
		p = &pull{Pull: Pull{Link: lease.Link, Running: true}, done: make(chan struct{})}
		s.pulls[lease.Link] = p
	}
	p.StartedAt, p.begun = s.config.Now(), true
}

func (s *Scheduler) pullProgress(lease store.Lease, progress store.RunProgress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.pulls[lease.Link]; p != nil && p.begun && p.Running {
		p.Progress = progress
	}
}

func (s *Scheduler) pullEnds(e ended) {
	s.mu.Lock()
	p := s.pulls[e.run.lease.Link]
	ends := p != nil && p.Running && p.begun && e.run.lease.Trigger != store.TriggerPush
	s.mu.Unlock()
	if ends {
		s.endPull(p, e.result, e.at)
	}
}

func (s *Scheduler) endPull(p *pull, result store.RunResult, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.Running {
		return
	}
	p.Running, p.EndedAt, p.Reason = false, at, string(result.Reason)
	p.Progress.Counts = result.Counts
	close(p.done)
}

// lookElsewhere ends the pulls that were asked for here and that another node has run, or that nobody will: their link ended.
func (s *Scheduler) lookElsewhere() {
	var waiting []*pull
	s.mu.Lock()
	for _, p := range s.pulls {
		if p.Running && !p.begun && p.wanted > 0 {
			waiting = append(waiting, p)
		}
	}
	s.mu.Unlock()
	if len(waiting) == 0 {
		return
	}
	var over []*pull
	err := s.config.Store.Read(s.runs, func(tx *store.Tx) error {
		over = nil
		for _, p := range waiting {
			wish, err := tx.Wishes(p.Link)
			if errors.Is(err, store.ErrNotFound) || err == nil && wish.Served >= p.wanted {
				over = append(over, p)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return
	}
	for _, p := range over {
		s.endPull(p, store.RunResult{}, s.config.Now())
	}
}

// leaveWaiters ends what was asked for and will not be run any more.
func (s *Scheduler) leaveWaiters() {
	s.mu.Lock()
	var waiting []*pull
	for _, p := range s.pulls {
		if p.Running {
			waiting = append(waiting, p)
		}
	}
	s.mu.Unlock()
	for _, p := range waiting {
		s.endPull(p, store.RunResult{}, s.config.Now())
	}
}
