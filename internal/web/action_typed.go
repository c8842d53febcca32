package web

import (
	"encoding/hex"
	"hash/fnv"
	"net/url"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/service"
)

// typedAction is what stands in the fields of the form of an action, by the names of semantics 1, as a person reads and types it.
type typedAction struct {
	fields    map[string]string
	Documents []crm.Document
}

// formFields are the fields of the form but the documents.
var formFields = []string{
	"subject", "start_date", "start_time", "end_date", "end_time", "followed_by", "time_zone", "third_party", "third_party_kind", "contact",
	"type", "status", "priority", "due_date", "dossier", "follows_up", "description",
}

// typedOf is how the form shows an input.
func typedOf(in service.ActionInput) typedAction {
	return typedAction{map[string]string{
		"subject": in.Subject, "description": in.Description, "start_date": shownDate(in.StartDate), "start_time": in.StartTime,
		"end_date": shownDate(in.EndDate), "end_time": in.EndTime, "time_zone": in.TimeZone, "followed_by": in.FollowedBy.String(),
		"due_date": shownDate(in.DueDate), "type": in.Type.String(), "status": in.Status.String(), "priority": in.Priority.String(),
		"third_party": in.ThirdParty, "third_party_kind": string(in.ThirdPartyKind), "contact": in.Contact, "dossier": in.Dossier,
		"follows_up": in.FollowsUp.String(),
	}, in.Documents}
}

// typedFrom reads a form. A field that it does not have is empty, as a browser sends it.
func typedFrom(form url.Values) typedAction {
	t := typedAction{fields: map[string]string{}}
	for _, name := range formFields {
		t.fields[name] = form.Get(name)
	}
	if form.Has("no_follows_up") {
		t.fields["follows_up"] = ""
	}
	titles, urls := form["document_title"], form["document_url"]
	for i := range min(len(titles), len(urls)) {
		t.Documents = append(t.Documents, crm.Document{Title: titles[i], URL: urls[i]})
	}
	return t
}

// take puts an offer that was accepted in place of what was typed: "end_date=2026-11-26&end_time=13:30".
func (t typedAction) take(offer string) {
	values, err := url.ParseQuery(offer)
	if err != nil {
		return
	}
	for _, name := range []string{"start_date", "start_time", "end_date", "end_time"} {
		if values.Has(name) {
			t.fields[name] = shownDate(values.Get(name))
		}
	}
}

// Get is what stands in a field.
func (t typedAction) Get(name string) string { return t.fields[name] }

// input is what the form asks for. Where it still says what it showed of before, before's own value stays: a browser sends other
// line ends, and none in a line.
func (t typedAction) input(w words, before service.ActionInput) service.ActionInput {
	shown := typedOf(before)
	text := func(name, original string) string {
		if plain(name, t.fields[name]) == plain(name, shown.fields[name]) {
			return original
		}
		return t.fields[name]
	}
	in := before
	in.Subject, in.Description = text("subject", before.Subject), text("description", before.Description)
	in.ThirdParty, in.Contact, in.Dossier = text("third_party", before.ThirdParty), text("contact", before.Contact), text("dossier", before.Dossier)
	in.StartDate, in.EndDate, in.DueDate = w.typedDate(t.fields["start_date"]), w.typedDate(t.fields["end_date"]), w.typedDate(t.fields["due_date"])
	in.StartTime, in.EndTime = typedTime(t.fields["start_time"]), typedTime(t.fields["end_time"])
	in.TimeZone = strings.TrimSpace(t.fields["time_zone"])
	in.ThirdPartyKind = crm.ThirdPartyKind(t.fields["third_party_kind"])
	in.FollowedBy, in.FollowsUp = chosen[crm.User](t.fields["followed_by"]), chosen[crm.Action](t.fields["follows_up"])
	in.Type, in.Status, in.Priority = chosen[crm.Choice](t.fields["type"]), chosen[crm.Choice](t.fields["status"]), chosen[crm.Choice](t.fields["priority"])
	in.Documents = t.Documents
	return in
}

// chosen reads an id of a form. What no select of ours offers becomes an id that nothing has, so that service refuses it.
func chosen[Of any](text string) crm.ID[Of] {
	id, err := crm.ParseID[Of](text)
	if err != nil {
		return crm.ID[Of]{0xff}
	}
	return id
}

// plain is a text as it comes back from a field that nobody touched.
func plain(name, text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	if name != "description" {
		text = strings.ReplaceAll(text, "\n", "")
	}
	return text
}

// marks remembers what each field showed, in a few bytes each, so that a form that comes back late tells which fields its person
// touched.
func (t typedAction) marks() string {
	marks := make([]string, len(formFields))
	for i, name := range formFields {
		marks[i] = mark(plain(name, t.fields[name]))
	}
	return strings.Join(marks, ".")
}

// touched lists the fields that differ from what marks remembers.
func (t typedAction) touched(marks string) map[string]bool {
	shown := strings.Split(marks, ".")
	touched := map[string]bool{}
	for i, name := range formFields {
		if len(shown) != len(formFields) || shown[i] != mark(plain(name, t.fields[name])) {
			touched[name] = true
		}
	}
	return touched
}

func mark(text string) string {
	sum := fnv.New64a()
	sum.Write([]byte(text))
	return hex.EncodeToString(sum.Sum(nil))
}

// onto brings what a person touched onto the action as it is now, and lists the fields that somebody else changed to something
// else meanwhile: their typed text stays.
func (t typedAction) onto(now typedAction, marks string) (merged typedAction, disputed []string) {
	touched, changed := t.touched(marks), now.touched(marks)
	merged = typedAction{map[string]string{}, t.Documents}
	for _, name := range formFields {
		merged.fields[name] = now.fields[name]
		if !touched[name] {
			continue
		}
		merged.fields[name] = t.fields[name]
		if changed[name] && plain(name, t.fields[name]) != plain(name, now.fields[name]) {
			disputed = append(disputed, name)
		}
	}
	return merged, disputed
}
