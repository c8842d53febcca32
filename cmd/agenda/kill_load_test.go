package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"agendaonline/internal/oracle"
	"agendaonline/interop/witness"
)

// atMost is how many actions or events a person keeps: then no new one is made, so that a long run stays small.
const atMost = 25

// load lets people work on both sides until ctx ends: each types in the CRM and on the phone, and opens the screen often. Who
// is at something brings it to its end.
func (k *killRun) load(ctx context.Context) {
	for i, p := range k.people {
		other := k.people[1-i]
		for range 2 {
			random := rand.New(rand.NewPCG(k.random.Uint64(), 1))
			k.typing.Go(func() {
				for ctx.Err() == nil {
					if err := k.here(p, other, random); err != nil {
						k.Errorf("%s in the CRM: %v", p.login, err)
						return
					}
				}
			})
		}
		random := rand.New(rand.NewPCG(k.random.Uint64(), 2))
		k.typing.Go(func() {
			for ctx.Err() == nil {
				if err := k.there(p, random); err != nil {
					k.Errorf("%s on the phone: %v", p.login, err)
					return
				}
				_ = wait(ctx, time.Duration(random.IntN(60))*time.Millisecond)
			}
		})
		k.typing.Go(func() {
			for ctx.Err() == nil {
				if err := p.crm.sync(k.Context(), p.link); err != nil {
					k.Errorf("%s opens the screen: %v", p.login, err)
					return
				}
				_ = wait(ctx, 50*time.Millisecond)
			}
		})
	}
}

// next numbers values: no two edits of a run write the same.
func (k *killRun) next() int64 { return k.value.Add(1) }

// moment is a time that no other edit names, on a day of its own.
func (k *killRun) moment() time.Time {
	n := int(k.next())
	return time.Date(2027, 1, 1, 8+n%7, 5*(n%11), 0, 0, time.UTC).AddDate(0, 0, n)
}

// typed notes what a person did in the CRM. Edits are kept in the order in which they began.
func (k *killRun) typed(commit oracle.Commit) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.story.Typed(commit)
	k.edits[sideCRM].Add(1)
}

func unitsOfTour(a tourAction) oracle.Units {
	return oracle.Units{Subject: a.Subject, Description: a.Description, When: oracle.When{
		StartDate: a.StartDate, StartTime: a.StartTime, EndDate: a.EndDate, EndTime: a.EndTime, Zone: a.TimeZone,
	}}
}

// here is one edit in the CRM.
func (k *killRun) here(p, other *killPerson, random *rand.Rand) error {
	ctx := k.Context()
	trash := random.IntN(6) == 0
	var page struct {
		Actions []tourAction `json:"actions"`
	}
	query := url.Values{"followed_by": {p.id}, "trash": {fmt.Sprint(trash)}, "limit": {"50"}}
	if err := p.crm.do(ctx, http.MethodGet, "/actions?"+query.Encode(), 0, nil, &page); err != nil {
		return err
	}
	commit := oracle.Commit{Kind: oracle.Change, Follower: p.login, After: k.story.Witness.Last(), At: time.Now()}
	if !trash && (len(page.Actions) == 0 || len(page.Actions) < atMost && random.IntN(3) == 0) {
		fields := map[string]any{"subject": fmt.Sprintf("s%d", k.next()), "description": fmt.Sprintf("d%d", k.next()), "followed_by": p.id}
		k.when(fields, random)
		made, err := p.crm.create(ctx, fields)
		if err != nil {
			return err
		}
		commit.Kind, commit.Action, commit.Values = oracle.Create, made.ID, unitsOfTour(made)
		k.typed(commit)
		return nil
	}
	if len(page.Actions) == 0 {
		return nil
	}
	action := page.Actions[random.IntN(len(page.Actions))]
	commit.Action, commit.Before = action.ID, unitsOfTour(action)
	if trash {
		var back tourAction
		err := p.crm.do(ctx, http.MethodPost, "/actions/"+action.ID+"/restore", 0, nil, &back)
		if refusal(err) {
			return nil // it came back by itself meanwhile
		}
		if err != nil {
			return err
		}
		commit.Kind, commit.Values = oracle.Restore, unitsOfTour(back)
		k.typed(commit)
		return nil
	}
	fields := map[string]any{}
	switch random.IntN(9) {
	case 0:
		return k.remove(p, action, commit)
	case 1:
		if random.IntN(2) == 0 {
			fields["followed_by"] = other.id
			commit.Kind, commit.Follower = oracle.Reassign, other.login
			break
		}
		for _, name := range []string{"start_date", "start_time", "end_date", "end_time"} {
			fields[name] = nil
		}
	case 2, 3:
		k.when(fields, random)
	case 4, 5:
		fields["description"] = fmt.Sprintf("d%d", k.next())
	default:
		fields["subject"] = fmt.Sprintf("s%d", k.next())
	}
	var after tourAction
	err := p.crm.do(ctx, http.MethodPatch, "/actions/"+action.ID, action.Version, fields, &after)
	if refusal(err) {
		// Somebody else was quicker, or it was this very edit, whose answer was lost.
		if after, err = p.crm.get(ctx, action.ID); err != nil || !carriedOut(action, after, fields) {
			return err
		}
	}
	if err != nil {
		return err
	}
	commit.Values = unitsOfTour(action)
	commit.Values = merged(commit.Values, fields)
	k.typed(commit)
	return nil
}

// refusal reports whether the CRM answered that it is not as the caller thinks any more.
func refusal(err error) bool {
	var problem *apiProblem
	return errors.As(err, &problem) && (problem.Status == http.StatusPreconditionFailed || problem.Status == http.StatusConflict || problem.Status == http.StatusNotFound ||
		problem.Code == "permission.in_trash")
}

// carriedOut reports whether an edit stands in the action, which may have been edited again.
func carriedOut(before, after tourAction, fields map[string]any) bool {
	if after.Version <= before.Version {
		return false
	}
	if follower, is := fields["followed_by"]; is {
		return after.FollowedBy == follower
	}
	for name, now := range map[string]string{
		"subject": after.Subject, "description": after.Description, "start_date": after.StartDate, "start_time": after.StartTime, "end_date": after.EndDate, "end_time": after.EndTime,
	} {
		value, named := fields[name]
		text, _ := value.(string)
		if named && text != now {
			return false
		}
	}
	return true
}

// merged are units with what an edit named.
func merged(u oracle.Units, fields map[string]any) oracle.Units {
	for name, to := range map[string]*string{
		"subject": &u.Subject, "description": &u.Description, "start_date": &u.When.StartDate, "start_time": &u.When.StartTime, "end_date": &u.When.EndDate, "end_time": &u.When.EndTime,
	} {
		if value, named := fields[name]; named {
			*to, _ = value.(string)
		}
	}
	return u
}

// remove deletes an action. Whether it was this deletion that put it into the trash, its history tells.
func (k *killRun) remove(p *killPerson, action tourAction, commit oracle.Commit) error {
	commit.Kind, commit.Values = oracle.Delete, commit.Before
	err := p.crm.do(k.Context(), http.MethodDelete, "/actions/"+action.ID, action.Version, nil, nil)
	if refusal(err) {
		var history struct {
			Entries []struct {
				At    time.Time             `json:"at"`
				What  string                `json:"what"`
				Actor struct{ Kind string } `json:"actor"`
			} `json:"entries"`
		}
		if err := p.crm.do(k.Context(), http.MethodGet, "/actions/"+action.ID+"/history", 0, nil, &history); err != nil {
			return err
		}
		if len(history.Entries) > 0 { // the newest stands first
			entry := history.Entries[0]
			if entry.What == "deleted" && entry.Actor.Kind == "user" && entry.At.After(commit.At.Add(-time.Second)) && !k.deletedSince(action.ID, commit.At) {
				k.typed(commit)
			}
		}
		return nil
	}
	if err == nil {
		k.typed(commit)
	}
	return err
}

// deletedSince reports whether another's deletion of the action is noted.
func (k *killRun) deletedSince(id string, since time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.story.Did(id, oracle.Delete, since)
}

// when names dates and times in one of the shapes of semantics 5.
func (k *killRun) when(fields map[string]any, random *rand.Rand) {
	at := k.moment()
	const day, clock = "2006-01-02", "15:04"
	for _, name := range []string{"start_date", "start_time", "end_date", "end_time"} {
		fields[name] = nil
	}
	fields["start_date"] = at.Format(day)
	switch random.IntN(4) {
	case 0:
		fields["end_date"] = at.AddDate(0, 0, 1).Format(day)
	case 1:
		fields["start_time"] = at.Format(clock)
	default:
		fields["start_time"], fields["end_date"], fields["end_time"] = at.Format(clock), at.Format(day), at.Add(40*time.Minute).Format(clock)
	}
}

// there is one edit on the phone.
func (k *killRun) there(p *killPerson, random *rand.Rand) error {
	ctx := k.Context()
	paths, err := p.phone.Paths(ctx)
	if err != nil {
		return err
	}
	at := k.moment()
	const civil = "20060102T150405"
	when := []string{"DTSTART;TZID=Europe/Brussels:" + at.Format(civil), "DTEND;TZID=Europe/Brussels:" + at.Add(50*time.Minute).Format(civil)}
	if random.IntN(4) == 0 {
		when = []string{"DTSTART;VALUE=DATE:" + at.Format("20060102"), "DTEND;VALUE=DATE:" + at.AddDate(0, 0, 1).Format("20060102")}
	}
	if len(paths) == 0 || len(paths) < atMost && random.IntN(4) == 0 {
		n := k.next()
		lines := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", fmt.Sprintf("UID:%s-k%d", freshWord(), n), "DTSTAMP:20261101T000000Z"}, when...)
		lines = append(lines, fmt.Sprintf("SUMMARY:s%d", n), fmt.Sprintf("DESCRIPTION:d%d", k.next()), "LOCATION:there", fmt.Sprintf("X-OWN;P=%d:kept", n),
			"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:alarm", "END:VALARM", "END:VEVENT", "END:VCALENDAR", "")
		return k.touched(p.phone.Put(ctx, fmt.Sprintf("k%d.ics", n), strings.Join(lines, "\r\n")))
	}
	path := paths[random.IntN(len(paths))]
	var lines, drop []string
	switch random.IntN(7) {
	case 0:
		err = p.phone.Delete(ctx, path)
	case 1, 2, 3:
		lines = []string{fmt.Sprintf("SUMMARY:s%d", k.next())}
	case 4:
		lines = []string{fmt.Sprintf("DESCRIPTION:d%d", k.next())}
	case 5:
		lines, drop = when, []string{"DURATION"}
	case 6:
		lines = []string{fmt.Sprintf("X-LINE-%d:unmapped", k.next())}
	}
	if lines != nil {
		err = p.phone.Edit(ctx, path, func(text string) string { return witness.Lines(text, lines, drop...) })
	}
	return k.touched(err)
}

// touched counts an edit in a calendar that was carried out.
func (k *killRun) touched(err error) error {
	var refused *witness.Refused
	if errors.Is(err, witness.ErrGone) || errors.As(err, &refused) && refused.Status >= http.StatusInternalServerError {
		return nil // somebody else was quicker, or the server has too much to do (DAViCal 1.1.12 says so by 500)
	}
	if err == nil {
		k.edits[sideCalendar].Add(1)
	}
	return err
}

// inPostgreSQL reports whether a connection of the program has written in a transaction that has not ended.
func (k *killRun) inPostgreSQL() bool {
	k.Helper()
	connection, err := pgx.Connect(k.Context(), k.options.PostgreSQL)
	k.must(err)
	defer connection.Close(k.Context())
	var open bool
	k.must(connection.QueryRow(k.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL)`).Scan(&open))
	return open
}
