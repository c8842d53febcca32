package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/eventmap"
	"agendaonline/internal/i18n"
	"agendaonline/internal/ical"
	"agendaonline/internal/zone"
)

type icsCommand struct {
	Check icsCheckCommand `cmd:"" help:"Say what of calendar files cannot be read, or is read in another way than it is written."`
	Show  icsShowCommand  `cmd:"" help:"Show calendar files as the sync sees them, event by event."`
}

// icsFiles are calendar files, read as the sync reads what a server sends.
type icsFiles struct {
	Files []string `arg:"" name:"file" help:"Calendar files (.ics)." type:"path"`
	Zone  string   `help:"The time zone of the actions that the events would become, an IANA name." default:"UTC" placeholder:"ZONE"`
	JSON  bool     `help:"Print JSON, a line for each event and one for each file at its end."`
}

type icsCheckCommand struct{ icsFiles }

// Help says what counts as a problem.
func (icsCheckCommand) Help() string {
	return `Each problem is a line "FILE:LINE: what is wrong", with the subject of the event that it is in: lines that are no properties,
components without END, values that cannot be read, dates that an action cannot have (such an event is set aside, and the rest
goes on), time zones that nobody knows, ends before their starts, a UID that comes twice. Nothing is sent or kept, and no file
is changed. Files of any size are read in little memory.

  agenda ics check export.ics
  agenda ics check --json export.ics | jq 'select(.set_aside)'

Exit codes: 0 fine; 1 problems were found, or a file cannot be read.`
}

// Run checks the files.
func (c icsCheckCommand) Run(ctx context.Context, env environment) error {
	return c.each(ctx, env, printICSProblems)
}

type icsShowCommand struct{ icsFiles }

// Help says what is shown.
func (icsShowCommand) Help() string {
	return `Of each event: where it begins in the file, its subject, what its dates become in the time zone given by --zone and how they are
written, place, organizer and guests, whether it belongs to a series, is private or cancelled, and what is wrong with it. An
event without usable dates is shown with the reason. Components that are no events are counted.

  agenda ics show --zone Europe/Brussels invitation.ics
  agenda ics show --json export.ics | jq .subject

Exit codes: 0 fine; 1 problems were found, or a file cannot be read.`
}

// Run shows the files.
func (c icsShowCommand) Run(ctx context.Context, env environment) error {
	return c.each(ctx, env, printICSEvent)
}

// each reads the files and prints what they hold. A file that cannot be opened does not stop the others.
func (c icsFiles) each(ctx context.Context, env environment, show func(io.Writer, icsEvent)) error {
	zones := zone.NewRules(time.LoadLocation)
	if _, err := zones.IANA(c.Zone); err != nil {
		return fmt.Errorf("use time zone %q: %w", c.Zone, err)
	}
	problems := false
	for _, path := range c.Files {
		if c.JSON {
			show = func(out io.Writer, event icsEvent) { problems = printJSONLine(out, event) != nil || problems }
		}
		total, err := readICS(ctx, path, zones, c.Zone, func(event icsEvent) { show(env.stdout, event) })
		if err := ctx.Err(); err != nil {
			return err
		}
		if err != nil {
			fmt.Fprintf(env.stderr, "agenda: %v\n", err)
			problems = true
			continue
		}
		problems = problems || total.Problems > 0
		if c.JSON {
			err = printJSONLine(env.stdout, total)
		} else {
			_, err = fmt.Fprintln(env.stdout, total)
		}
		if err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	if problems {
		return exitCode(1)
	}
	return nil
}

// maxZoneDefinitions bounds how many VTIMEZONEs of one file are kept; all zones of the world are some 600.
const maxZoneDefinitions = 2000

// readICS reads a file in two passes, each of which holds one component at a time: the first for its VTIMEZONEs, which may
// stand after the events that use them, the second for all else. visit gets each event, and problems outside of any as one
// without anything else.
func readICS(ctx context.Context, path string, zones *zone.Rules, zoneName string, visit func(icsEvent)) (icsTotal, error) {
	file, err := os.Open(path)
	if err != nil {
		return icsTotal{}, err // says what was attempted, and on what
	}
	defer file.Close()
	var definitions []*ical.Component
	defined := map[string]bool{}
	pass := func(take func(ical.Part)) error {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read %s twice: %w", path, err)
		}
		reader := ical.NewReader(file, ical.DefaultLimits())
		for ctx.Err() == nil {
			part, err := reader.Next()
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return fmt.Errorf("%s: %w", path, err)
			}
			take(part)
		}
		return ctx.Err()
	}
	err = pass(func(part ical.Part) {
		if part.Component == nil || part.Component.Name() != "VTIMEZONE" || len(definitions) == maxZoneDefinitions {
			return
		}
		if tzid, _ := part.Component.TextOf("TZID"); !defined[tzid] {
			defined[tzid] = true
			definitions = append(definitions, part.Component)
		}
	})
	if err != nil {
		return icsTotal{}, err
	}
	r := icsReading{file: path, zones: zones, zone: zoneName, definitions: definitions, lines: map[string]int{}}
	r.total = icsTotal{File: path, Others: map[string]int{}}
	err = pass(func(part ical.Part) { r.take(part, visit) })
	return r.total, err
}

// icsReading is the second pass over a file.
type icsReading struct {
	file        string
	zones       *zone.Rules
	zone        string
	definitions []*ical.Component
	lines       map[string]int // of the events by UID and RECURRENCE-ID
	total       icsTotal
}

func (r *icsReading) take(part ical.Part, visit func(icsEvent)) {
	event := icsEvent{File: r.file}
	for _, problem := range part.Problems {
		event.problem(problem.Line, string(problem.Code), problem.String())
	}
	switch c := part.Component; {
	case c != nil && c.Name() == "VEVENT":
		r.total.Events++
		event.Line = c.Line()
		event.Subject, _ = c.TextOf("SUMMARY")
		r.event(&event, part)
	case c != nil:
		r.total.Others[c.Name()]++
	}
	r.total.Problems += len(event.Problems)
	if event.SetAside != "" {
		r.total.SetAside++
	}
	if event.Line > 0 || len(event.Problems) > 0 {
		visit(event)
	}
}

// event reads an event as the sync would.
func (r *icsReading) event(event *icsEvent, part ical.Part) {
	o, err := eventmap.ReadEvent(part.Component, r.definitions, part.Problems)
	if err == nil {
		event.describe(o)
		key := event.UID + "\x00" + event.RecurrenceID
		if first, seen := r.lines[key]; seen {
			event.problem(event.Line, "uid_twice", fmt.Sprintf("the event in line %d has the same UID", first))
		} else {
			r.lines[key] = event.Line
		}
		var read eventmap.Extracted
		if read, err = o.Extract(eventmap.Reading{Zones: r.zones, Zone: r.zone}); err == nil {
			event.values(read)
			return
		}
	}
	var unusable *eventmap.Unusable
	if !errors.As(err, &unusable) {
		event.problem(event.Line, "failed", err.Error())
		return
	}
	event.SetAside = unusable.Reason
	text := "set aside: " + reasonInWords(unusable.Reason, unusable.Params)
	if property := unusable.Params["property"]; property != "" {
		text += " (" + property + ")"
	}
	event.problem(max(unusable.Line, event.Line), string(unusable.Reason), text)
}

// reasonInWords is the sentence of a reason. It is English in all languages, as the problems of the text around it are: the
// output is for who looks into a file, and for who is sent it.
func reasonInWords(reason crm.Reason, params map[string]string) string {
	return i18n.Reason(crm.English, reason, params)
}
