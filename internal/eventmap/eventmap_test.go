package eventmap

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"agendaonline/internal/crm"
	"agendaonline/internal/zone"
)

var zones = zone.NewRules(time.LoadLocation)

// changedAt is when tests change something.
var changedAt = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

// calendarOf is a calendar around lines of components.
func calendarOf(lines ...string) []byte {
	all := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//A//B//EN"}, lines...)
	return []byte(strings.Join(append(all, "END:VCALENDAR", ""), "\r\n"))
}

// eventOf is a calendar with one event of these lines.
func eventOf(lines ...string) []byte {
	all := append([]string{"BEGIN:VEVENT", "UID:1@example.com", "DTSTAMP:20260101T000000Z"}, lines...)
	return calendarOf(append(all, "END:VEVENT")...)
}

func mustRead(t testing.TB, body []byte) *Object {
	t.Helper()
	o, err := Read(body)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func mustWhen(t testing.TB, text string) crm.When {
	t.Helper()
	when, err := crm.ParseWhen(text)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func mustExtract(t testing.TB, body []byte, base *BaseSide) Extracted {
	t.Helper()
	zoneName := "Europe/Brussels"
	got, err := mustRead(t, body).Extract(Reading{Zones: zones, Zone: zoneName, Base: base, DefaultDuration: 30 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func changeOf(units ...crm.Unit) Change {
	return Change{Units: units, At: changedAt, DefaultDuration: 30 * time.Minute, Zones: zones}
}

func reasonsOf(notices []Notice) string {
	var all []string
	for _, notice := range notices {
		all = append(all, string(notice.Reason))
	}
	return strings.Join(all, " ")
}

// wantUnusable wants an error to be an *Unusable with this reason, that tells nothing of the text.
func wantUnusable(t *testing.T, err error, reason crm.Reason) {
	t.Helper()
	var got *Unusable
	if !errors.As(err, &got) || got.Reason != reason {
		t.Fatalf("got error %v, want reason %s", err, reason)
	}
}

// unfolded are the content lines of a text.
func unfolded(body []byte) []string {
	text := strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(string(body))
	return strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' })
}

// difference lists the lines that went, with "-", and that came, with "+", but for those that every change writes.
func difference(before, after []byte) []string {
	was, is := unfolded(before), unfolded(after)
	var lines []string
	for _, side := range []struct {
		sign     string
		in, from []string
	}{{"-", is, was}, {"+", was, is}} {
		left := slices.Clone(side.in)
		for _, line := range side.from {
			if at := slices.Index(left, line); at >= 0 {
				left = slices.Delete(left, at, at+1)
				continue
			}
			name, _, _ := strings.Cut(line, ":")
			name, _, _ = strings.Cut(strings.ToUpper(name), ";")
			if name != "DTSTAMP" && name != "LAST-MODIFIED" && name != "SEQUENCE" {
				lines = append(lines, side.sign+line)
			}
		}
	}
	return lines
}

func wantSame(t testing.TB, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("the text changed: %q", difference(want, got))
	}
}
