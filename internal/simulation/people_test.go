package simulation

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/sandbox"
	"agendaonline/internal/service"
)

// next numbers values: no two edits of a history write the same.
func (w *world) next() int { w.value++; return w.value }

// subject is one that no other edit has, short or so long that some servers cut it.
func (w *world) subject(n int, random *rand.Rand) string {
	if random.IntN(5) == 0 {
		return fmt.Sprintf("s%d with more words than fit", n)
	}
	return fmt.Sprintf("s%d", n)
}

// moment is a time that no other edit of the history names, on a day of its own so that days alone are unique too.
func (w *world) moment() time.Time {
	n := w.next()
	return time.Date(2026, 12, 1, 8+n%7, 5*(n%11), 0, 0, time.UTC).AddDate(0, 0, n)
}

// setWhen types dates and times in one of the shapes of semantics 5.
func (w *world) setWhen(in *service.ActionInput, random *rand.Rand) {
	at := w.moment()
	const day, clock = "2006-01-02", "15:04"
	end := at.Add(time.Duration(45+random.IntN(200)) * time.Minute)
	in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", ""
	switch random.IntN(9) {
	case 0:
		in.StartDate = at.Format(day)
	case 1:
		in.StartDate, in.EndDate = at.Format(day), at.AddDate(0, 0, 1+w.next()%3).Format(day)
	case 2:
		in.EndDate = at.Format(day)
	case 3:
		in.StartDate, in.StartTime, in.EndTime = at.Format(day), at.Format(clock), end.Format(clock)
	case 4:
		in.StartDate, in.StartTime, in.EndDate = at.Format(day), at.Format(clock), at.Format(day)
	case 5:
		in.EndDate, in.EndTime = at.Format(day), at.Format(clock)
	case 6:
		in.StartDate, in.EndDate, in.EndTime = at.Format(day), end.Format(day), end.Format(clock)
	case 7:
		in.StartDate, in.StartTime = at.Format(day), at.Format(clock)
	default:
		in.StartDate, in.StartTime, in.EndDate, in.EndTime = at.Format(day), at.Format(clock), end.Format(day), end.Format(clock)
	}
}

// here is one edit by a person in the CRM.
func (w *world) here(by service.Caller, random *rand.Rand) {
	var mine []crm.ActionID
	for _, id := range w.order {
		if w.known[id].action.FollowedBy == by.User.ID {
			mine = append(mine, id)
		}
	}
	own, others := w.meetings(by, mine)
	if len(own) > 0 && random.IntN(2) == 0 {
		mine = own
	}
	commit := oracle.Commit{Kind: oracle.Change, Follower: by.User.Login}
	if len(mine) == 0 || random.IntN(5) == 0 {
		in := service.ActionInput{Subject: w.subject(w.next(), random), Description: fmt.Sprintf("d%d", w.next()), FollowedBy: by.User.ID}
		if random.IntN(8) > 0 {
			w.setWhen(&in, random)
		}
		after, err := w.service.Create(w.ctx, by, in)
		must(err)
		w.order = append(w.order, after.ID)
		commit.Kind = oracle.Create
		w.typed(by, commit, after)
		return
	}
	action := w.known[mine[random.IntN(len(mine))]].action
	if w.guests {
		by.Guests = []service.Guests{service.HoldGuests, service.TellGuests, service.InviteGuests}[random.IntN(3)]
		commit.Consent = by.Guests != service.HoldGuests
	}
	commit.Before = unitsOf(action.Units)
	in := service.InputOf(action)
	var after crm.Action
	var err error
	switch kind := random.IntN(10); {
	case action.Deleted():
		after, err = w.service.Restore(w.ctx, by, action.ID)
		commit.Kind = oracle.Restore
	case kind == 0:
		after, err = w.service.Delete(w.ctx, by, action.ID, action.Version)
		commit.Kind = oracle.Delete
	default:
		switch kind {
		case 1, 2:
			in.Subject = w.subject(w.next(), random)
		case 3:
			in.Description = fmt.Sprintf("d%d", w.next())
		case 4:
			in.Contact = fmt.Sprintf("c%d", w.next())
		case 5:
			in.StartDate, in.StartTime, in.EndDate, in.EndTime = "", "", "", ""
		case 6, 7:
			w.setWhen(&in, random)
		case 8:
			in.Subject, in.Description = w.subject(w.next(), random), fmt.Sprintf("d%d", w.next())
			w.setWhen(&in, random)
		case 9:
			if len(w.people) == 1 {
				return
			}
			to := w.people[random.IntN(len(w.people))].User
			if to.ID == by.User.ID {
				return
			}
			in.FollowedBy = to.ID
			commit.Kind, commit.Follower = oracle.Reassign, to.Login
		}
		after, err = w.service.Change(w.ctx, by, action.ID, action.Version, in)
	}
	if refused := (*service.Forbidden)(nil); errors.As(err, &refused) {
		w.tell("%s in the CRM: %s %q: refused, %s", by.User.Login, commit.Kind, commit.Before.Subject, refused.Code)
		return
	}
	must(err)
	if slices.Contains(others, after.ID) {
		w.waits[after.ID] = true
	}
	w.typed(by, commit, after)
}

// typed notes what a person did in the CRM.
func (w *world) typed(by service.Caller, commit oracle.Commit, after crm.Action) {
	commit.Action, commit.Values = after.ID.String(), unitsOf(after.Units)
	w.tell("%s in the CRM: %s %q: %s, followed by %s", by.User.Login, commit.Kind, commit.Before.Subject, showUnits(commit.Values), commit.Follower)
	w.note(commit)
	known := w.known[after.ID]
	known.action = after
	w.known[after.ID] = known
}

// there is one edit by a person in a calendar program.
func (w *world) there(of service.Caller, random *rand.Rand) {
	phone, work := w.server.Human(of.User.Login, "phone"), workOf(of.User.Login)
	items, err := phone.Items(work)
	must(err)
	if len(items) == 0 || random.IntN(5) == 0 {
		n := w.next()
		lines := []string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//phone//EN", "BEGIN:VEVENT", fmt.Sprintf("UID:k%d", n), "DTSTAMP:20261101T000000Z"}
		lines = append(lines, w.newTime(random)...)
		if random.IntN(6) == 0 {
			lines = append(lines, "CLASS:PRIVATE")
		}
		lines = append(lines, "SUMMARY:"+w.subject(n, random), fmt.Sprintf("DESCRIPTION:d%d", w.next()), "LOCATION:there", fmt.Sprintf("X-OWN;P=%d:kept", n),
			"BEGIN:VALARM", "ACTION:DISPLAY", "TRIGGER:-PT5M", "DESCRIPTION:alarm", "END:VALARM", "END:VEVENT", "END:VCALENDAR", "")
		_, err := phone.Put(work, fmt.Sprintf("k%d.ics", n), strings.Join(lines, "\r\n"), "*")
		w.drawn(of, err, "makes k%d", n)
		return
	}
	item := items[random.IntN(len(items))]
	name, subject := item.Name(), item.Line("SUMMARY")
	switch random.IntN(9) {
	case 0:
		w.drawn(of, phone.Delete(work, name, ""), "deletes %q", subject)
	case 1, 2:
		line := "SUMMARY:" + w.subject(w.next(), random)
		_, err = phone.SetLine(work, name, line)
		w.drawn(of, err, "of %q: %s", subject, line)
	case 3:
		line := fmt.Sprintf("DESCRIPTION:d%d", w.next())
		_, err = phone.SetLine(work, name, line)
		w.drawn(of, err, "of %q: %s", subject, line)
	case 4, 5:
		lines := w.newTime(random)
		_, err = phone.Edit(work, name, func(body string) string { return setTime(body, lines) })
		w.drawn(of, err, "of %q: %s", subject, strings.Join(lines, " "))
	case 7, 8:
		at := w.moment()
		_, err = phone.Edit(work, name, func(body string) string { return moved(body, at) })
		w.drawn(of, err, "moves %q to %s", subject, at.Format(time.DateTime))
	case 6:
		line := fmt.Sprintf("X-LINE-%d:unmapped", w.next())
		_, err = phone.SetLine(work, name, line)
		w.drawn(of, err, "of %q: %s", subject, line)
	}
}

// drawn notes what a person did in a calendar.
func (w *world) drawn(of service.Caller, err error, format string, args ...any) {
	if refused, is := err.(*sandbox.Refused); is {
		w.tell("%s on the phone %s: refused with %d", of.User.Login, fmt.Sprintf(format, args...), refused.Status)
		return
	}
	must(err)
	w.tell("%s on the phone %s", of.User.Login, fmt.Sprintf(format, args...))
}

// newTime are the lines of a time in one of the shapes that calendars have.
func (w *world) newTime(random *rand.Rand) []string {
	at := w.moment()
	const day, civil = "20060102", "20060102T150405"
	end := at.Add(time.Duration(50+random.IntN(100)) * time.Minute)
	switch random.IntN(8) {
	case 0:
		return []string{"DTSTART;VALUE=DATE:" + at.Format(day), "DTEND;VALUE=DATE:" + at.AddDate(0, 0, 1).Format(day)}
	case 1:
		return []string{"DTSTART;VALUE=DATE:" + at.Format(day), "DTEND;VALUE=DATE:" + at.AddDate(0, 0, 3).Format(day)}
	case 2:
		return []string{"DTSTART:" + at.Format(civil) + "Z", "DTEND:" + end.Format(civil) + "Z"}
	case 3:
		return []string{"DTSTART:" + at.Format(civil), "DTEND:" + end.Format(civil)}
	case 4:
		return []string{"DTSTART;TZID=America/New_York:" + at.Format(civil), "DURATION:PT1H15M"}
	case 5:
		return []string{"DTSTART;TZID=" + zoneOfAll + ":" + at.Format(civil)}
	default:
		return []string{"DTSTART;TZID=" + zoneOfAll + ":" + at.Format(civil), "DTEND;TZID=" + zoneOfAll + ":" + end.Format(civil)}
	}
}

// moved is an event dragged to another day and hour: its length and its manner of writing stay.
func moved(body string, to time.Time) string {
	var from time.Time
	shift := func(line string) string {
		at := strings.LastIndexByte(line, ':')
		for _, layout := range []string{"20060102T150405Z", "20060102T150405", "20060102"} {
			value, err := time.Parse(layout, line[at+1:])
			if err != nil {
				continue
			}
			if from.IsZero() {
				from = value
			}
			return line[:at+1] + to.Add(value.Sub(from)).Format(layout)
		}
		return line
	}
	lines := strings.Split(body, "\r\n")
	for _, name := range []string{"DTSTART", "DTEND"} {
		inside := false
		for i, line := range lines {
			if inside = inside || line == "BEGIN:VEVENT"; inside && (strings.HasPrefix(line, name+":") || strings.HasPrefix(line, name+";")) {
				lines[i] = shift(line)
				break
			}
		}
	}
	return strings.Join(lines, "\r\n")
}

// setTime puts lines in the place of those that say when an event is.
func setTime(body string, time []string) string {
	var out []string
	for _, line := range strings.Split(body, "\r\n") {
		name := line
		if end := strings.IndexAny(line, ":;"); end >= 0 {
			name = line[:end]
		}
		if slices.Contains([]string{"DTSTART", "DTEND", "DURATION"}, name) {
			continue
		}
		out = append(out, line)
		if line == "BEGIN:VEVENT" {
			out = append(out, time...)
		}
	}
	return strings.Join(out, "\r\n")
}
