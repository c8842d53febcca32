package main

import (
	"fmt"
	"strings"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// demoPerson is a user of the demo with the actions that this user follows.
type demoPerson struct {
	login, name, email string
	language           crm.Language
	administrator      bool
	actions            []demoAction
}

// demoAction is an action so many days from today; times may be "".
type demoAction struct {
	subject, description string
	days                 int
	start                string // "10:00", "" for the whole day
	lastDay              int    // for the whole day: the last one, from today
	end                  string
	thirdParty           string
	kind                 crm.ThirdPartyKind
	contact, dossier     string
	due                  int // days from today, 0: no deadline
}

// demoZone is where the people of the demo live.
const demoZone = "Europe/Brussels"

// demoPeople are a user for each language; the first has the calendar.
var demoPeople = []demoPerson{
	{
		login: "anna", name: "Anna Peeters", email: "anna@example.com", language: crm.Dutch, administrator: true,
		actions: []demoAction{
			{subject: "Offerte bespreken", description: "Prijzen 2027 meenemen.\nVragen naar de levertermijn.", start: "14:00", end: "15:00", thirdParty: "Bakkerij Vermeulen", kind: crm.Customer, contact: "Els Vermeulen", dossier: "Broodlijn 3"},
			{subject: "Terugbellen over factuur", start: "16:30", thirdParty: "Drukkerij De Pauw", kind: crm.Supplier, contact: "Tom De Pauw"},
			{subject: "Plaatsbezoek nieuwe hal", days: 1, start: "09:30", end: "12:00", thirdParty: "Bouwgroep Maes", kind: crm.Prospect, contact: "Karel Maes", dossier: "Hal Lokeren", due: 5},
			{subject: "Beurs Gent", description: "Stand 12, hal 3", days: 3, lastDay: 5, thirdParty: "Flanders Expo"},
			{subject: "Contract nalezen", days: 7, thirdParty: "Bakkerij Vermeulen", kind: crm.Customer, dossier: "Broodlijn 3", due: 8},
			{subject: "Kennismaking", description: "Was vorige week; blijft in het CRM.", days: -6, start: "11:00", end: "12:00", thirdParty: "Bouwgroep Maes", kind: crm.Prospect, contact: "Karel Maes"},
		},
	},
	{
		login: "luc", name: "Luc Dubois", email: "luc@example.com", language: crm.French,
		actions: []demoAction{
			{subject: "Présentation du catalogue", start: "10:00", end: "11:30", thirdParty: "Chocolaterie Lambert", kind: crm.Prospect, contact: "Marie Lambert"},
			{subject: "Suivi de la commande", description: "Retard annoncé : prévenir l’atelier.", days: 2, start: "15:00", thirdParty: "Ateliers Renard", kind: crm.Supplier, contact: "Paul Renard", dossier: "Presse 4", due: 3},
			{subject: "Congé", days: 9, lastDay: 13},
		},
	},
	{
		login: "emma", name: "Emma Clarke", email: "emma@example.com", language: crm.English,
		actions: []demoAction{
			{subject: "Contract review", start: "11:00", end: "12:00", thirdParty: "North Sea Freight", kind: crm.Customer, contact: "James Hill", dossier: "Renewal 2027"},
			{subject: "Call about delivery dates", days: 1, start: "09:00", thirdParty: "North Sea Freight", kind: crm.Customer, contact: "James Hill"},
			{subject: "Trade fair", days: 14, lastDay: 16, thirdParty: "Antwerp Expo"},
		},
	},
}

// input is an action of the demo as somebody would type it.
func (a demoAction) input(today time.Time, follower crm.UserID) service.ActionInput {
	day := func(days int) string { return today.AddDate(0, 0, days).Format(time.DateOnly) }
	in := service.ActionInput{
		Subject: a.subject, Description: a.description, StartDate: day(a.days), StartTime: a.start, EndTime: a.end, FollowedBy: follower,
		ThirdParty: a.thirdParty, ThirdPartyKind: a.kind, Contact: a.contact, Dossier: a.dossier,
	}
	if a.end != "" {
		in.EndDate = day(a.days)
	}
	if a.lastDay != 0 {
		in.EndDate = day(a.lastDay)
	}
	if a.due != 0 {
		in.DueDate = day(a.due)
	}
	return in
}

// demoEvents are what stands in the calendar before it is linked: text by the name of the resource.
func demoEvents(today time.Time) map[string]string {
	event := func(uid string, lines ...string) string {
		text := append([]string{"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example Corp.//Phone 12//NL", "BEGIN:VEVENT",
			"UID:" + uid, "DTSTAMP:" + today.UTC().Format("20060102T150405Z")}, lines...)
		return strings.Join(append(text, "END:VEVENT", "END:VCALENDAR", ""), "\r\n")
	}
	timed := func(property string, days int, clock string) string {
		return fmt.Sprintf("%s;TZID=%s:%sT%s00", property, demoZone, today.AddDate(0, 0, days).Format("20060102"), clock)
	}
	allDay := func(property string, days int) string {
		return property + ";VALUE=DATE:" + today.AddDate(0, 0, days).Format("20060102")
	}
	return map[string]string{
		"tandarts.ics": event("tandarts@example.com", timed("DTSTART", 1, "1700"), timed("DTEND", 1, "1730"), "SUMMARY:Tandarts", "LOCATION:Dendermonde",
			"BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:Vertrekken", "TRIGGER:-PT30M", "END:VALARM"),
		"lunch.ics":  event("lunch@example.com", timed("DTSTART", 2, "1215"), timed("DTEND", 2, "1330"), "SUMMARY:Lunch met Els", `DESCRIPTION:Bij ’t Vosken\, Gent`),
		"verlof.ics": event("verlof@example.com", allDay("DTSTART", 10), allDay("DTEND", 12), "SUMMARY:Verlof"),
		"overleg.ics": event("overleg@example.com", timed("DTSTART", -7, "0900"), timed("DTEND", -7, "0930"), "RRULE:FREQ=WEEKLY;COUNT=20",
			"SUMMARY:Weekoverleg"),
		"uitnodiging.ics": event("uitnodiging@example.com", timed("DTSTART", 4, "1000"), timed("DTEND", 4, "1100"), "SUMMARY:Stuurgroep",
			"ORGANIZER;CN=Karel Maes:mailto:karel@example.org", "ATTENDEE;CN=Anna Peeters;PARTSTAT=ACCEPTED:mailto:anna@example.com"),
	}
}
