package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// tour goes once through what the program is for: an action saved in the CRM is an event in the calendar, and back, changed
// and deleted on either side and on both. It looks from the outside only: the REST API here, plain CalDAV there. What it
// writes carries a mark that is unique, so that it can be told from everything else, and is gone at its end.
type tour struct {
	crm      *tourCRM
	calendar *tourCalendar
	follower string // id of the user whose calendar it is
	zone     string // of the follower
	today    time.Time
	mark     string
	within   time.Duration // how long each effect may take

	// did is called after each deed, before its effect is looked for. It is nil but in tests, which stop the program there.
	did func(ctx context.Context, what string) error
	// told is called when a step has ended.
	told func(tourStep)

	linked        tourLink
	first, second tourAction // made here; made there
}

// tourStep is one step of the tour as it ended.
type tourStep struct {
	Name string
	Took time.Duration
	Err  error // nil: as it should be
}

var errTourFailed = errors.New("not as it should be")

// steps in their order; each needs those before it.
func (t *tour) steps() []tourStepPlan {
	return []tourStepPlan{
		{"an action saved in the CRM is an event in the calendar", t.savedHere},
		{"changed in the CRM, the event changes", t.changedHere},
		{"an event made in the calendar is an action", t.madeThere},
		{"changed in the calendar, the action changes", t.changedThere},
		{"changed on both sides, both changes stay, and so does the reminder set on the phone", t.changedBoth},
		{"both sides disagree: the CRM's subject stays, the calendar's is kept in the history", t.disagreed},
		{"deleted in the CRM, the event is gone", t.deletedHere},
		{"restored from the trash, the event is back", t.restoredHere},
		{"deleted in the calendar, the action is in the trash", t.deletedThere},
		{"opened once more: nothing is doubled, nothing is left over", t.quiet},
	}
}

type tourStepPlan struct {
	name string
	do   func(context.Context) error
}

// run takes the steps in turn and ends with the first that fails.
func (t *tour) run(ctx context.Context) error {
	for _, step := range t.steps() {
		began := time.Now()
		err := step.do(ctx)
		t.told(tourStep{step.name, time.Since(began), err})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tour) deed(ctx context.Context, what string) error {
	if t.did == nil {
		return nil
	}
	return t.did(ctx, what)
}

// until repeats look until it returns no error, for as long as an effect may take. Its last error says what was missing.
func (t *tour) until(ctx context.Context, look func(context.Context) error) error {
	for deadline := time.Now().Add(t.within); ; {
		err := look(ctx)
		if err == nil || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
		if err := wait(ctx, tourPause); err != nil {
			return err
		}
	}
}

// event is the one event of the calendar that holds the mark and the words.
func (t *tour) event(ctx context.Context, mark string, words ...string) (tourEvent, error) {
	found, err := t.calendar.find(ctx, append(words, mark)...)
	if err != nil {
		return tourEvent{}, err
	}
	if len(found) != 1 {
		return tourEvent{}, fmt.Errorf("%w: %d events in the calendar with %q, want 1", errTourFailed, len(found), strings.Join(append(words, mark), " "))
	}
	return found[0], nil
}

// noEvent: no event of the calendar holds the mark.
func (t *tour) noEvent(ctx context.Context, mark string) error {
	found, err := t.calendar.find(ctx, mark)
	if err != nil {
		return err
	}
	if len(found) != 0 {
		return fmt.Errorf("%w: %d events in the calendar with %q, want none", errTourFailed, len(found), mark)
	}
	return nil
}

// action is the one action that a search for the mark shows.
func (t *tour) action(ctx context.Context, mark string, trash bool) (tourAction, error) {
	found, err := t.crm.find(ctx, mark, trash)
	if err != nil {
		return tourAction{}, err
	}
	if len(found) != 1 {
		return tourAction{}, fmt.Errorf("%w: %d actions in the CRM with %q (trash: %t), want 1", errTourFailed, len(found), mark, trash)
	}
	return found[0], nil
}

func expect(what, got, want string) error {
	if got != want {
		return fmt.Errorf("%w: %s is %q, want %q", errTourFailed, what, got, want)
	}
	return nil
}

// day is so many days from today, as the API has dates; compact as calendars have them.
func (t *tour) day(days int) string     { return t.today.AddDate(0, 0, days).Format("2006-01-02") }
func (t *tour) compact(days int) string { return t.today.AddDate(0, 0, days).Format("20060102") }

// startsAt: the event's DTSTART is that local time of the tour's zone, whether the server keeps the zone or UTC.
func (t *tour) startsAt(event tourEvent, days, hour, minute int) error {
	location, err := time.LoadLocation(t.zone)
	if err != nil {
		return err
	}
	day := t.today.AddDate(0, 0, days)
	at := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, 0, 0, location)
	line := event.line("DTSTART")
	if strings.HasSuffix(line, ":"+at.UTC().Format("20060102T150405Z")) {
		return nil
	}
	if strings.HasPrefix(line, ";TZID=") && strings.HasSuffix(line, ":"+at.Format("20060102T150405")) {
		return nil
	}
	return fmt.Errorf("%w: the event starts %q, want %s %s", errTourFailed, line, at.Format("2006-01-02 15:04"), t.zone)
}

func (t *tour) one() string { return t.mark + "one" }
func (t *tour) two() string { return t.mark + "two" }

func (t *tour) savedHere(ctx context.Context) (err error) {
	t.first, err = t.crm.create(ctx, map[string]any{
		"subject": "Visit " + t.one(), "description": "First line\nof " + t.one(), "followed_by": t.follower,
		"start_date": t.day(1), "start_time": "10:00", "end_date": t.day(1), "end_time": "11:30", "third_party": "Tour & Co",
	})
	if err != nil {
		return err
	}
	if err := t.deed(ctx, "saved here"); err != nil {
		return err
	}
	return t.until(ctx, func(ctx context.Context) error {
		event, err := t.event(ctx, t.one())
		if err != nil {
			return err
		}
		return errors.Join(
			expect("SUMMARY", event.line("SUMMARY"), ":Visit "+t.one()),
			expect("DESCRIPTION", event.line("DESCRIPTION"), `:First line\nof `+t.one()),
			t.startsAt(event, 1, 10, 0),
		)
	})
}

func (t *tour) changedHere(ctx context.Context) error {
	if _, err := t.crm.change(ctx, t.first.ID, map[string]any{"subject": "Visit moved " + t.one(), "start_time": "14:00", "end_time": "15:00"}); err != nil {
		return err
	}
	if err := t.deed(ctx, "changed here"); err != nil {
		return err
	}
	return t.until(ctx, func(ctx context.Context) error {
		event, err := t.event(ctx, t.one())
		if err != nil {
			return err
		}
		return errors.Join(expect("SUMMARY", event.line("SUMMARY"), ":Visit moved "+t.one()), t.startsAt(event, 1, 14, 0))
	})
}

// arrives starts a sync, as the button does, and again when that was not enough, until look finds what should have come in.
// Opening the actions screen does it too, but not twice in 15 seconds (semantics 3).
func (t *tour) arrives(ctx context.Context, look func(context.Context) error) error {
	const again = 3 * time.Second
	var asked time.Time
	return t.until(ctx, func(ctx context.Context) error {
		if time.Since(asked) > again {
			if err := t.crm.sync(ctx, t.linked.ID); err != nil {
				return err
			}
			asked = time.Now()
		}
		return look(ctx)
	})
}

func (t *tour) madeThere(ctx context.Context) error {
	text := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//tour//EN\nBEGIN:VEVENT\nUID:" + t.two() + "\nDTSTAMP:" + t.today.UTC().Format("20060102T150405Z") +
		"\nDTSTART;VALUE=DATE:" + t.compact(2) + "\nDTEND;VALUE=DATE:" + t.compact(4) + "\nSUMMARY:Fair " + t.two() + "\nDESCRIPTION:Stand 12\\, hall 3\n" +
		"LOCATION:Ghent\nCATEGORIES:Tour\nX-TOUR-KEEP;X-P=1:kept as it is\nEND:VEVENT\nEND:VCALENDAR\n"
	err := t.until(ctx, func(ctx context.Context) error {
		// An answer that was lost is no reason to store it twice.
		if _, err := t.event(ctx, t.two()); err == nil {
			return nil
		}
		return t.calendar.put(ctx, t.calendar.path(t.two()), text, "")
	})
	if err != nil {
		return err
	}
	if err := t.deed(ctx, "made there"); err != nil {
		return err
	}
	return t.arrives(ctx, func(ctx context.Context) (err error) {
		if t.second, err = t.action(ctx, t.two(), false); err != nil {
			return err
		}
		return errors.Join(
			expect("subject", t.second.Subject, "Fair "+t.two()), expect("description", t.second.Description, "Stand 12, hall 3"),
			expect("start date", t.second.StartDate, t.day(2)), expect("end date", t.second.EndDate, t.day(3)), expect("start time", t.second.StartTime, ""),
			expect("followed by", t.second.FollowedBy, t.follower),
		)
	})
}

// editThere changes an event in the calendar, reading it again when something else changed it in between.
func (t *tour) editThere(ctx context.Context, mark string, lines map[string]string, more ...string) error {
	return t.until(ctx, func(ctx context.Context) error {
		event, err := t.event(ctx, mark)
		if err != nil {
			return err
		}
		if strings.Contains(event.text, strings.Join(more, "\n")) {
			return t.calendar.edit(ctx, event, lines) // added already, by a request whose answer was lost
		}
		return t.calendar.edit(ctx, event, lines, more...)
	})
}

func (t *tour) changedThere(ctx context.Context) error {
	err := t.editThere(ctx, t.two(), map[string]string{
		"SUMMARY": "SUMMARY:Fair postponed " + t.two(), "DTSTART": "DTSTART;VALUE=DATE:" + t.compact(5), "DTEND": "DTEND;VALUE=DATE:" + t.compact(6),
	})
	if err != nil {
		return err
	}
	if err := t.deed(ctx, "changed there"); err != nil {
		return err
	}
	return t.arrives(ctx, func(ctx context.Context) error {
		action, err := t.action(ctx, t.two(), false)
		if err != nil {
			return err
		}
		return errors.Join(
			expect("subject", action.Subject, "Fair postponed "+t.two()), expect("start date", action.StartDate, t.day(5)), expect("end date", action.EndDate, t.day(5)),
		)
	})
}

func (t *tour) changedBoth(ctx context.Context) error {
	if err := t.editThere(ctx, t.two(), map[string]string{"DESCRIPTION": "DESCRIPTION:Stand 77"},
		"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Leave now", "TRIGGER:-PT15M", "END:VALARM"); err != nil {
		return err
	}
	if _, err := t.crm.change(ctx, t.second.ID, map[string]any{"subject": "Fair with both " + t.two()}); err != nil {
		return err
	}
	if err := t.deed(ctx, "changed on both sides"); err != nil {
		return err
	}
	return t.arrives(ctx, func(ctx context.Context) error {
		action, err := t.action(ctx, t.two(), false)
		if err != nil {
			return err
		}
		event, err := t.event(ctx, t.two())
		if err != nil {
			return err
		}
		return errors.Join(
			expect("subject", action.Subject, "Fair with both "+t.two()), expect("description", action.Description, "Stand 77"),
			expect("SUMMARY", event.line("SUMMARY"), ":Fair with both "+t.two()), expect("DESCRIPTION", event.line("DESCRIPTION"), ":Stand 77"),
			expect("LOCATION", event.line("LOCATION"), ":Ghent"), expect("the property of another program", event.line("X-TOUR-KEEP"), ";X-P=1:kept as it is"),
			expect("the reminder", event.line("TRIGGER"), ":-PT15M"),
		)
	})
}

func (t *tour) disagreed(ctx context.Context) error {
	if err := t.editThere(ctx, t.two(), map[string]string{"SUMMARY": "SUMMARY:Fair by phone " + t.two()}); err != nil {
		return err
	}
	if _, err := t.crm.change(ctx, t.second.ID, map[string]any{"subject": "Fair by desk " + t.two()}); err != nil {
		return err
	}
	if err := t.deed(ctx, "changed differently"); err != nil {
		return err
	}
	return t.arrives(ctx, func(ctx context.Context) error {
		event, err := t.event(ctx, t.two())
		if err != nil {
			return err
		}
		action, err := t.action(ctx, t.two(), false)
		if err != nil {
			return err
		}
		var history struct {
			Entries []struct {
				Before string `json:"before"`
				After  string `json:"after"`
			} `json:"entries"`
		}
		if err := t.crm.do(ctx, "GET", "/actions/"+t.second.ID+"/history", 0, nil, &history); err != nil {
			return err
		}
		var kept string
		for _, entry := range history.Entries {
			for _, value := range []string{entry.Before, entry.After} {
				if value == "Fair by phone "+t.two() {
					kept = value
				}
			}
		}
		return errors.Join(
			expect("SUMMARY", event.line("SUMMARY"), ":Fair by desk "+t.two()), expect("subject", action.Subject, "Fair by desk "+t.two()),
			expect("the calendar's subject in the history", kept, "Fair by phone "+t.two()),
		)
	})
}

func (t *tour) deletedHere(ctx context.Context) error {
	if err := t.crm.remove(ctx, t.second.ID); err != nil {
		return err
	}
	if err := t.deed(ctx, "deleted here"); err != nil {
		return err
	}
	return t.until(ctx, func(ctx context.Context) error { return t.noEvent(ctx, t.two()) })
}

func (t *tour) restoredHere(ctx context.Context) error {
	if err := t.crm.do(ctx, "POST", "/actions/"+t.second.ID+"/restore", 0, nil, nil); err != nil {
		return err
	}
	if err := t.deed(ctx, "restored here"); err != nil {
		return err
	}
	err := t.until(ctx, func(ctx context.Context) error {
		event, err := t.event(ctx, t.two())
		if err != nil {
			return err
		}
		return errors.Join(
			expect("SUMMARY", event.line("SUMMARY"), ":Fair by desk "+t.two()), expect("LOCATION", event.line("LOCATION"), ":Ghent"),
			expect("the reminder", event.line("TRIGGER"), ":-PT15M"),
		)
	})
	if err != nil {
		return err
	}
	// Out of the calendar again, so that the tour leaves it as it was.
	if err := t.crm.remove(ctx, t.second.ID); err != nil {
		return err
	}
	return t.until(ctx, func(ctx context.Context) error { return t.noEvent(ctx, t.two()) })
}

func (t *tour) deletedThere(ctx context.Context) error {
	tried := false
	err := t.until(ctx, func(ctx context.Context) error {
		if tried && t.noEvent(ctx, t.one()) == nil {
			return nil
		}
		event, err := t.event(ctx, t.one())
		if err != nil {
			return err
		}
		tried = true
		return t.calendar.remove(ctx, event)
	})
	if err != nil {
		return err
	}
	if err := t.deed(ctx, "deleted there"); err != nil {
		return err
	}
	return t.arrives(ctx, func(ctx context.Context) error {
		_, err := t.action(ctx, t.one(), true)
		return err
	})
}

func (t *tour) quiet(ctx context.Context) error {
	if err := t.crm.open(ctx, t.follower); err != nil {
		return err
	}
	if err := t.deed(ctx, "opened once more"); err != nil {
		return err
	}
	if err := t.crm.open(ctx, t.follower); err != nil {
		return err
	}
	for _, mark := range []string{t.one(), t.two()} {
		if err := t.noEvent(ctx, mark); err != nil {
			return err
		}
		if _, err := t.action(ctx, mark, true); err != nil {
			return err
		}
		left, err := t.crm.find(ctx, mark, false)
		if err != nil {
			return err
		}
		if len(left) != 0 {
			return fmt.Errorf("%w: %d actions with %q outside the trash, want none", errTourFailed, len(left), mark)
		}
	}
	return nil
}

// begin links the follower's calendar unless it is, waits for its first sync, and remembers what stands there.
func (t *tour) begin(ctx context.Context, address, username, password string) error {
	links, err := t.crm.links(ctx)
	if err != nil {
		return err
	}
	link, found := t.own(links)
	if !found {
		if link, err = t.crm.link(ctx, t.follower, address, username, password); err != nil {
			return err
		}
	}
	t.linked = link
	if t.calendar, err = newTourCalendar(ctx, link.Calendar, username, password); err != nil {
		return err
	}
	return t.until(ctx, func(ctx context.Context) error {
		links, err := t.crm.links(ctx)
		if err != nil {
			return err
		}
		if link, _ = t.own(links); link.FirstSyncedAt == "" {
			return fmt.Errorf("%w: the link is %s, its first sync is not done %s", errTourFailed, strings.Join(link.States, ", "), link.Failing.Detail)
		}
		return nil
	})
}

func (t *tour) own(links []tourLink) (tourLink, bool) {
	for _, link := range links {
		if link.User == t.follower {
			return link, true
		}
	}
	return tourLink{}, false
}
