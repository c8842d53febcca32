package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/plant"
)

// Lease is the right of an owner to run a link until ExpiresAt. Generation rises with every claim; a write that names an
// older one is refused.
type Lease struct {
	Link       crm.LinkID
	Owner      string
	Generation int64
	ExpiresAt  time.Time
	Trigger    crm.Trigger // who wanted the run last; TriggerPoll when nobody did

	wanted int64 // how often the link had been wanted when it was claimed
}

// TopicWake is announced, with the link's id, when a link became due before its time.
const TopicWake = "wake"

// Never is a due instant that does not come: the link is run only when it is wanted.
var Never = time.UnixMicro(math.MaxInt64).UTC()

// Want makes a link due: at once, or when the run that is going on ends. It takes effect at the end of the transaction and
// is announced on TopicWake. A link that ended is left alone.
func (tx *Tx) Want(link crm.LinkID, trigger crm.Trigger) error {
	if !tx.writable {
		return errors.New("want a run: the transaction only reads")
	}
	if tx.wanted == nil {
		tx.wanted = map[crm.LinkID]crm.Trigger{}
	}
	// A push is part of every run, so whoever wants more than that is the one to name.
	if before := tx.wanted[link]; before == "" || before == crm.TriggerPush {
		tx.wanted[link] = trigger
	}
	return nil
}

// wakeWanted does what Want promised: last, because each such row is held until the commit and others want it too, and in
// one order, so that two transactions do not wait for each other.
func (tx *Tx) wakeWanted() error {
	if len(tx.wanted) == 0 {
		return nil
	}
	links := make([]crm.LinkID, 0, len(tx.wanted))
	for link := range tx.wanted {
		links = append(links, link)
	}
	slices.SortFunc(links, func(a, b crm.LinkID) int { return bytes.Compare(a[:], b[:]) })
	now, err := tx.Now()
	if err != nil {
		return err
	}
	for _, link := range links {
		n, err := tx.exec("want a run of link "+link.String(), `UPDATE lease SET wanted = wanted + 1,
			wanted_by = CASE WHEN $2 = 'push' AND wanted > claimed AND wanted_by <> '' THEN wanted_by ELSE $2 END,
			due_at = CASE WHEN expires_at > $3 THEN due_at WHEN due_at < $3 THEN due_at ELSE $3 END WHERE link_id = $1`,
			idValue(link), string(tx.wanted[link]), now.UnixMicro())
		if err != nil {
			return err
		}
		if n > 0 {
			tx.Announce(TopicWake, link.String())
		}
	}
	return nil
}

// Wishes are how often a link was wanted since it was made, and how many of these wishes runs that ended have served.
type Wishes struct{ Wanted, Served int64 }

// Wishes are those of a link; ErrNotFound when it has ended.
func (tx *Tx) Wishes(link crm.LinkID) (Wishes, error) {
	var wishes Wishes
	err := tx.queryRow("load wishes of link "+link.String(), "SELECT wanted, served FROM lease WHERE link_id = $1", idValue(link)).Scan(&wishes.Wanted, &wishes.Served)
	return wishes, err
}

// ClaimLeases gives owner at most limit links that are due and that nobody else has, the longest due first, until ttl from
// now; only the given ones when only is not empty. No two callers get the same link.
func (tx *Tx) ClaimLeases(owner string, ttl time.Duration, limit int, only []crm.LinkID) ([]Lease, error) {
	now, err := tx.Now()
	if err != nil {
		return nil, err
	}
	expiresAt := now.Add(ttl)
	d := tx.store.dialect
	args := []any{owner, expiresAt.UnixMicro(), now.UnixMicro(), limit}
	among := ""
	if len(only) > 0 {
		for _, link := range only {
			args = append(args, idValue(link))
		}
		among = " AND link_id IN (" + d.params(5, len(only)) + ")"
	}
	// A lease that runs is not due: claiming and renewing move due_at to the expiry, so one index finds both.
	// MATERIALIZED: PostgreSQL may otherwise look for due rows again for each row it updates, and go beyond the limit.
	query := fmt.Sprintf(`WITH due AS MATERIALIZED (SELECT link_id FROM lease WHERE due_at <= %s%s ORDER BY due_at LIMIT %s%s)
		UPDATE lease SET owner = %s, generation = generation + 1, claimed = wanted, expires_at = %s, due_at = %[6]s
		WHERE link_id IN (SELECT link_id FROM due)
		RETURNING link_id, generation, wanted, CASE WHEN wanted > served THEN wanted_by ELSE '' END`,
		d.param(3), among, d.param(4), d.skipLocked, d.param(1), d.param(2))
	var leases []Lease
	for row, err := range tx.rows("claim links", query, args...) {
		if err != nil {
			return nil, err
		}
		lease := Lease{Owner: owner, ExpiresAt: expiresAt}
		if err := row.Scan(intoID(&lease.Link), &lease.Generation, &lease.wanted, &lease.Trigger); err != nil {
			return nil, err
		}
		if lease.Trigger == "" {
			lease.Trigger = crm.TriggerPoll
		}
		leases = append(leases, lease)
	}
	return leases, nil
}

// RenewLease extends a lease until ttl from now and returns it. ErrLeaseLost: it expired, or somebody else has it.
func (tx *Tx) RenewLease(lease Lease, ttl time.Duration) (Lease, error) {
	now, err := tx.Now()
	if err != nil {
		return lease, err
	}
	expiresAt := now.Add(ttl)
	err = tx.execOne(ErrLeaseLost, "renew lease of link "+lease.Link.String(),
		"UPDATE lease SET expires_at = $4, due_at = $4 WHERE link_id = $1 AND owner = $2 AND generation = $3 AND expires_at > $5",
		idValue(lease.Link), lease.Owner, lease.Generation, expiresAt.UnixMicro(), now.UnixMicro())
	if err == nil {
		lease.ExpiresAt = expiresAt
	}
	return lease, err
}

// RequireLease makes sure that the lease still holds and that nobody else gets the link until the transaction ends: every
// write of a run begins with it. Others may want the link meanwhile. ErrLeaseLost: it does not hold.
func (tx *Tx) RequireLease(lease Lease) error {
	attempted := "require lease of link " + lease.Link.String()
	var owner string
	var generation int64
	var expiresAt time.Time
	err := tx.queryRow(attempted, "SELECT owner, generation, expires_at FROM lease WHERE link_id = $1"+tx.store.dialect.lockLease, idValue(lease.Link)).
		Scan(&owner, &generation, intoTime(&expiresAt))
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%s: %w", attempted, ErrLeaseLost)
	}
	if err != nil {
		return err
	}
	now, err := tx.Now()
	if err != nil {
		return err
	}
	if (owner != lease.Owner || generation != lease.Generation || !now.Before(expiresAt)) && !plant.On(plant.NoGeneration) {
		return fmt.Errorf("%s: %w", attempted, ErrLeaseLost)
	}
	return nil
}

// Released is a lease that is given back.
type Released struct {
	Lease Lease
	// DueIn is how long it takes until the link is due again by itself, by the clock that leases go by; negative: it is not.
	DueIn time.Duration
	// CheckedAt, where it is not zero, is when the run reached the calendar and found nothing to do: all that is left of such a
	// run.
	CheckedAt time.Time
}

// ReleaseLeases gives links back. Each is due again in DueIn, earlier when an outbox entry is to be tried again earlier, and at
// once when it was wanted since the claim. Leases that are lost are left alone.
func (tx *Tx) ReleaseLeases(all []Released) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	for _, one := range all {
		dueAt := Never
		if one.DueIn >= 0 {
			dueAt = now.Add(one.DueIn)
		}
		err := tx.releaseLease(one.Lease, dueAt, now)
		if errors.Is(err, ErrLeaseLost) {
			continue
		}
		// The row of the lease is ours until the commit, so nobody runs the link meanwhile.
		if err == nil && !one.CheckedAt.IsZero() {
			err = tx.CheckedLink(one.Lease.Link, one.CheckedAt)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ReleaseLease gives a link back, due again at nextDueAt; see ReleaseLeases. ErrLeaseLost: there was nothing to give back.
func (tx *Tx) ReleaseLease(lease Lease, nextDueAt time.Time) error {
	now, err := tx.Now()
	if err != nil {
		return err
	}
	return tx.releaseLease(lease, nextDueAt, now)
}

func (tx *Tx) releaseLease(lease Lease, nextDueAt, now time.Time) error {
	// Entries whose time has come and that are still there could not be carried out: they wait for nextDueAt.
	return tx.execOne(ErrLeaseLost, "release lease of link "+lease.Link.String(), `UPDATE lease SET owner = '', expires_at = 0, served = $4,
			due_at = CASE WHEN wanted > $4 THEN CAST($5 AS BIGINT) ELSE COALESCE(
				(SELECT MIN(o.not_before) FROM outbox o WHERE o.link_id = lease.link_id AND o.not_before > $5 AND o.not_before < $6), CAST($6 AS BIGINT)) END
		WHERE link_id = $1 AND owner = $2 AND generation = $3`,
		idValue(lease.Link), lease.Owner, lease.Generation, lease.wanted, now.UnixMicro(), nextDueAt.UnixMicro())
}

// NextDue is when the next link becomes due, ErrNotFound when none ever does by itself.
func (tx *Tx) NextDue() (time.Time, error) {
	var at time.Time
	err := tx.queryRow("load next due instant", "SELECT due_at FROM lease WHERE due_at < $1 ORDER BY due_at LIMIT 1", Never.UnixMicro()).Scan(intoTime(&at))
	return at, err
}
