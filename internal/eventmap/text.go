package eventmap

import (
	"io"
	"mime/quotedprintable"
	"strings"

	"agendaonline/internal/crm"
	"agendaonline/internal/ical"
)

// textOf is the text of a property. vCalendar 1.0, which phones still export, writes it in QUOTED-PRINTABLE.
func textOf(event *ical.Component, name string) (text string, found bool) {
	p, found := event.Property(name)
	if !found {
		return "", false
	}
	if encoding, encoded := p.Param("ENCODING"); encoded && strings.EqualFold(encoding, "QUOTED-PRINTABLE") {
		decoded, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(p.Value())))
		if err == nil {
			return ical.NormalText(string(decoded)), true
		}
	}
	return p.Text(), true
}

// agreedText is a unit's values in a base.
type agreedText struct{ agreed, server string }

func (in Reading) agreedText(unit crm.Unit) agreedText {
	switch {
	case in.Base == nil:
		return agreedText{}
	case unit == crm.UnitSubject:
		return agreedText{in.Base.Agreed.Subject, in.Base.Server.Subject}
	}
	return agreedText{in.Base.Agreed.Description, in.Base.Server.Description}
}

// extractText reads a text. It is settled where the base has the answer: the text is as it was, or could not be read. One that
// is missing, and is not unreadable, is an edit to empty.
func (o *Object) extractText(event, before *ical.Component, name string, unit crm.Unit, in Reading, out *Extracted) (text string, settled bool) {
	text, found := textOf(event, name)
	if !found && o.unread(event, name) {
		if o.lineUnread(event, name) {
			out.Notices = append(out.Notices, Notice{Reason: NoticeTextUnreadable, Line: event.Line(), Params: map[string]string{"property": name}})
		}
		return in.agreedText(unit).server, in.Base != nil
	}
	if before != nil {
		if was, wasFound := textOf(before, name); wasFound == found && was == text {
			return in.agreedText(unit).server, true
		}
	}
	return text, false
}

// extractSubject: no SUMMARY is an empty subject.
func (o *Object) extractSubject(event, before *ical.Component, in Reading, out *Extracted) string {
	text, settled := o.extractText(event, before, "SUMMARY", crm.UnitSubject, in, out)
	if agreed := in.agreedText(crm.UnitSubject).agreed; !settled && text == ical.NormalText(agreed) {
		return agreed
	}
	return strings.Clone(text)
}

// extractDescription reads a description that is HTML as text. One that both sides agreed on as it stands is none: a person
// may write about tags.
func (o *Object) extractDescription(event, before *ical.Component, in Reading, out *Extracted) string {
	text, settled := o.extractText(event, before, "DESCRIPTION", crm.UnitDescription, in, out)
	if settled {
		return text
	}
	agreed := in.agreedText(crm.UnitDescription).agreed
	normal := ical.NormalText(agreed)
	read := readDescription(text, in.HTML)
	if read == normal || !in.HTML && text == normal || in.HTML && text == escapeHTML(normal) {
		return agreed
	}
	return strings.Clone(read)
}

// readDescription is a description as text; html says that it is HTML even without a tag.
func readDescription(text string, html bool) string {
	if html && strings.ContainsAny(text, "<&") || hasTags(text) {
		return textOfHTML(text)
	}
	return text
}

// setSubject writes SUMMARY. Of an empty subject nothing is left: no SUMMARY says the same.
func (w *writing) setSubject(subject string) {
	w.setText("SUMMARY", ical.NormalText(subject))
}

// setDescription writes DESCRIPTION. HTML that reads as the text already is left alone.
func (w *writing) setDescription(description string) {
	description = ical.NormalText(description)
	now, found := textOf(w.event, "DESCRIPTION")
	if found && (w.change.HTML || now != ical.NormalText(w.change.Before.Description)) && readDescription(now, w.change.HTML) == description {
		return
	}
	if w.change.HTML {
		description = escapeHTML(description)
	}
	if !w.setText("DESCRIPTION", description) {
		return
	}
	for twin := range w.event.Properties("X-ALT-DESC", "STYLED-DESCRIPTION") {
		w.lose(twin.Name(), twin.Text())
		twin.Remove()
	}
}

// setText writes a text, and takes away the alternative form that its ALTREP points to: it would go on saying what was.
func (w *writing) setText(name, text string) (written bool) {
	now, found := textOf(w.event, name)
	if now == text {
		return false
	}
	w.changed = true
	if text == "" {
		w.event.RemoveAll(name)
		return true
	}
	if !found {
		w.event.SetText(name, text)
		return true
	}
	p, _ := w.event.Property(name)
	if alternative, has := p.Param("ALTREP"); has {
		w.lose(name+";ALTREP", alternative)
		p.RemoveParam("ALTREP")
	}
	p.SetText(text)
	if read, _ := textOf(w.event, name); read != text {
		p.RemoveParam("ENCODING") // as it stands it is the text that was encoded
	}
	return true
}
