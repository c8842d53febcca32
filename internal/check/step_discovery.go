package check

import (
	"context"
	"strings"

	"agendaonline/internal/caldav"
	"agendaonline/internal/dav"
)

// discovery looks for a CalDAV server at the candidates. What asks for a sign-in was found, and is the next step's matter.
func (r *run) discovery(ctx context.Context) result {
	located, err := r.client.Locate(ctx, r.candidates)
	if err != nil {
		failure, ok := dav.FailureOf(err)
		if ok && (failure.Class == dav.ClassSignIn || failure.Cause == dav.CauseAccountOff) {
			r.refused = err
			return passed(CodeFoundSignIn, "host", r.host())
		}
		if ok && len(r.elsewhere) > 0 && (failure.Class == dav.ClassGone || failure.Cause == dav.CauseNotDAV) {
			return r.recordElsewhere()
		}
		how := r.failure(err)
		if (how.code == CodeNotFound || how.code == CodeNotDAV) && strings.HasSuffix(strings.ToLower(r.typed.URL.Path), ".ics") {
			return failed(CodeAddressFeed)
		}
		if how.code == CodeNotFound || how.code == CodeNotDAV {
			how.params["url"] = r.typed.URL.String() // what was typed, not the last place that was tried
		}
		return how
	}
	r.located = located
	if located.Candidate.Via == caldav.ViaAddress {
		return passed(CodeFoundAtAddress, "url", located.Href)
	}
	return passed(CodeFoundElsewhere, "url", located.Href)
}

// signIn looks up who we are on the server; without a sign-in nothing of that is told.
func (r *run) signIn(ctx context.Context) result {
	if r.refused != nil {
		return r.failure(r.refused)
	}
	found, err := r.client.Find(ctx, r.located)
	r.verdict.Addresses = found.Addresses
	if failure, ok := dav.FailureOf(err); ok {
		if failure.Class == dav.ClassSignIn || failure.Cause == dav.CauseAccountOff {
			return r.failure(err)
		}
		// ownCloud 10.11 takes the tokens of its own OAuth 2.0 and then looks for the user in the wrong place.
		if r.request.Credentials != nil && failure.Class == dav.ClassGone && strings.Contains(failure.Excerpt, "in 'principals'") {
			return failed(CodeGrantNoCalDAV, "host", r.host())
		}
		r.refused = err // the calendar's matter
	}
	for _, calendar := range found.Calendars {
		r.verdict.Calendars = append(r.verdict.Calendars, shown(calendar))
	}
	if r.password != nil && r.password.ByDigest() {
		r.learn(dav.DigestSignIn, "the server asks for Digest and takes no Basic")
		return passed(CodeSignedInDigest, "username", r.request.Username)
	}
	if r.request.Credentials != nil {
		return passed(CodeSignedInGrant, "host", r.host())
	}
	return passed(CodeSignedIn, "username", r.request.Username)
}
