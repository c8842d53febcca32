package check

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"agendaonline/internal/dav"
)

// writing is what the write step saw.
type writing struct {
	done          bool // made, changed and taken away
	first, second dav.ETag
}

// cleanTimeout bounds the taking away of what a test made, also of one that was stopped.
const cleanTimeout = 30 * time.Second

// removeTries is how often it is tried where the server or the network fail for a moment.
const removeTries = 3

// probe is an event that the test makes.
type probe struct {
	href dav.Href
	uid  string
	sent []byte // as it was made
	etag dav.ETag
}

func (r *run) newProbe() probe {
	uid := r.tester.config.NewUID()
	return probe{href: r.collection.Href().Child(uid + ".ics"), uid: uid}
}

// text is the event: an hour from now, free, and named so that nobody wonders who sees it in its few moments.
func (r *run) text(p probe, summary string) []byte {
	now := r.tester.config.Now().UTC()
	stamp := func(at time.Time) string { return at.Format("20060102T150405Z") }
	return []byte(strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Agenda Online//connection test//EN", "BEGIN:VEVENT", "UID:" + p.uid, "DTSTAMP:" + stamp(now),
		"DTSTART:" + stamp(now.Add(time.Hour)), "DTEND:" + stamp(now.Add(90*time.Minute)), "SUMMARY:" + summary, "TRANSP:TRANSPARENT",
		"END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n"))
}

const (
	firstSummary  = "Agenda Online connection test"
	secondSummary = "Agenda Online connection test (changed)"
)

// create writes a new probe.
func (r *run) create(ctx context.Context) (probe, error) {
	p := r.newProbe()
	p.sent = r.text(p, firstSummary)
	done, err := r.collection.Put(ctx, p.href, p.sent, dav.IfNew())
	if err != nil {
		// Nobody else can know this href: one that is there already is ours, delivered twice or its answer lost on the way.
		class := dav.ClassOf(err)
		if failure, ok := dav.FailureOf(err); ok && (class == dav.ClassPreconditionFailed || class == dav.ClassUnknownOutcome || failure.Status >= 500) {
			if read, readErr := r.collection.Get(ctx, p.href); readErr == nil && bytes.Contains(read.Body, []byte(p.uid)) {
				p.etag = read.ETag
				return p, nil
			}
			_ = r.remove(ctx, &p) // it may be there all the same
		}
		return p, err
	}
	p.href, p.etag = done.Href, done.ETag
	return p, nil
}

// remove takes a probe away, whatever became of it and of the test.
func (r *run) remove(ctx context.Context, p *probe) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanTimeout)
	defer cancel()
	var err error
	for range removeTries {
		err = r.collection.Delete(ctx, p.href, dav.Unconditionally())
		switch dav.ClassOf(err) {
		case dav.ClassGone:
			return nil
		case dav.ClassTemporary, dav.ClassUnknownOutcome:
			continue
		}
		return err
	}
	return err
}

// write makes an event, reads it back, changes it and takes it away.
func (r *run) write(ctx context.Context) result {
	if r.chosen.ReadOnly() {
		return limited(CodeReadOnly, "name", r.name())
	}
	if !r.request.Write {
		return skipped(CodeNotAsked)
	}
	p, err := r.create(ctx)
	if err != nil {
		return r.unwritten(err)
	}
	how := r.change(ctx, &p)
	if err := r.remove(ctx, &p); err != nil {
		return failed(CodeWriteLeft, "name", firstSummary).on()
	}
	r.written.done = how.outcome != Failed
	return how
}

func (r *run) change(ctx context.Context, p *probe) result {
	read, err := r.collection.Get(ctx, p.href)
	switch {
	case err != nil && dav.ClassOf(err) != dav.ClassGone:
		return r.failure(err).on()
	case err != nil, !bytes.Contains(read.Body, []byte(p.uid)):
		return failed(CodeWriteLost).on()
	}
	if !bytes.Equal(read.Body, p.sent) {
		r.learn(dav.RewritesBodies, "a GET after a PUT gave other bytes than were sent")
	}
	if p.etag == "" {
		r.learn(dav.NoETagOnPut, "a PUT of a plain event was answered without ETag")
	}
	r.written.first = read.ETag
	condition := dav.IfMatch(read.ETag)
	if _, _, ok := condition.Header(); !ok {
		condition = dav.Unconditionally()
	}
	if _, err := r.collection.Put(ctx, p.href, r.text(*p, secondSummary), condition); err != nil {
		return r.unwritten(err)
	}
	read, err = r.collection.Get(ctx, p.href)
	switch {
	case err != nil && dav.ClassOf(err) != dav.ClassGone:
		return r.failure(err).on()
	case err != nil:
		return failed(CodeWriteLost).on()
	}
	r.written.second = read.ETag
	if !bytes.Contains(unfolded(read.Body), []byte(secondSummary)) {
		return limited(CodeWriteChanged)
	}
	return passed(CodeWritten)
}

func unfolded(text []byte) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n "), nil), []byte("\n "), nil)
}

// unwritten is the step that a refused write makes.
func (r *run) unwritten(err error) result {
	failure, ok := dav.FailureOf(err)
	if ok && failure.Status != 0 && failure.Cause == dav.CauseStatus && failure.Status < 500 && failure.Class != dav.ClassSignIn {
		return failed(CodeWriteRefused, "status", strconv.Itoa(failure.Status)).on()
	}
	return r.failure(err).on()
}
