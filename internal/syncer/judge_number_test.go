package syncer_test

import (
	"fmt"
	"regexp"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/oracle"
	"agendaonline/internal/store"
)

// The oracle rests on every value that a person writes being unique, so that a value names its edit. The tests give several things
// the same times and subjects, for whoever reads them. So in what the judge is told each item has a number, and its values carry it: texts in front,
// times as seconds more, days as days more. Both sides of an item carry the same.

// numbers are those of items, by action and by calendar and UID.
type numbers struct {
	actions map[crm.ActionID]int
	uids    map[string]int
	last    int
}

func (w *world) number(writes []oracle.Write, actions []crm.Action) *numbers {
	w.Helper()
	n := &numbers{actions: map[crm.ActionID]int{}, uids: map[string]int{}}
	for _, action := range actions {
		n.last++
		n.actions[action.ID] = n.last
	}
	w.read(func(tx *store.Tx) error {
		for _, link := range w.links {
			calendar := pathOf(link.CalendarHref)
			var uids []string
			for _, write := range writes {
				if write.Calendar == calendar {
					uids = append(uids, uidOf(write.Sent+write.Before))
				}
			}
			known, err := tx.ActionsOfUIDs(link.CalendarHref, uids)
			if err != nil {
				return err
			}
			for uid, action := range known {
				if number, is := n.actions[action]; is {
					n.uids[calendar+" "+uid] = number
				}
			}
		}
		return nil
	})
	for action, event := range w.story.events { // of a database that was gone back from
		if _, is := n.actions[action]; is {
			continue
		}
		if _, is := n.uids[event]; !is {
			n.last++
			n.uids[event] = n.last
		}
		n.actions[action] = n.uids[event]
	}
	return n
}

var uidLine = regexp.MustCompile(`(?m)^UID:(.*?)\r?$`)

func uidOf(body string) string {
	if found := uidLine.FindStringSubmatch(body); found != nil {
		return found[1]
	}
	return ""
}

var (
	textLine = regexp.MustCompile(`(?m)^((?:SUMMARY|DESCRIPTION)(?:;[^:\r\n]*)?:)([^\r\n])`)
	timeLine = regexp.MustCompile(`(?m)^((?:DTSTART|DTEND)[^:\r\n]*:)(20[2-9]\d{5})(T\d{6})?`)
)

// body is a text of the calendar with the number of its item.
func (n *numbers) body(calendar, body string) string {
	uid := uidOf(body)
	if uid == "" {
		return body
	}
	number, known := n.uids[calendar+" "+uid]
	if !known {
		n.last++
		number = n.last
		n.uids[calendar+" "+uid] = number
	}
	body = textLine.ReplaceAllString(body, fmt.Sprintf("${1}%d/${2}", number))
	return timeLine.ReplaceAllStringFunc(body, func(line string) string {
		part := timeLine.FindStringSubmatch(line)
		if part[3] == "" {
			day, err := time.Parse("20060102", part[2])
			if err != nil {
				return line
			}
			return part[1] + day.AddDate(0, 0, number).Format("20060102")
		}
		at, err := time.Parse("20060102T150405", part[2]+part[3])
		if err != nil {
			return line
		}
		return part[1] + at.Add(time.Duration(number)*time.Second).Format("20060102T150405")
	})
}

// units are values of an action with its number.
func (n *numbers) units(id crm.ActionID, u crm.Units) crm.Units {
	number := n.actions[id]
	if u.Subject != "" {
		u.Subject = fmt.Sprintf("%d/%s", number, u.Subject)
	}
	if u.Description != "" {
		u.Description = fmt.Sprintf("%d/%s", number, u.Description)
	}
	days := u.When.StartTime.IsZero() && u.When.EndTime.IsZero()
	for _, side := range []struct {
		day  *crm.Date
		time *crm.Clock
	}{{&u.When.StartDate, &u.When.StartTime}, {&u.When.EndDate, &u.When.EndTime}} {
		if side.day.IsZero() && side.time.IsZero() {
			continue
		}
		day, clock := *side.day, *side.time
		at := time.Date(max(day.Year, 2026), time.Month(max(day.Month, 1)), max(day.Day, 1), 0, 0, 0, 0, time.UTC)
		if !clock.IsZero() {
			parsed, err := time.Parse("15:04:05", (clock.String() + ":00")[:8])
			if err != nil {
				continue
			}
			at = at.Add(parsed.Sub(parsed.Truncate(24*time.Hour)) + time.Duration(number)*time.Second)
			*side.time, _ = crm.ParseClock(at.Format("15:04:05"))
		} else if days {
			at = at.AddDate(0, 0, number)
		}
		if !side.day.IsZero() {
			*side.day, _ = crm.ParseDate(at.Format("2006-01-02"))
		}
	}
	return u
}
