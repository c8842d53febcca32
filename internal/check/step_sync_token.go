package check

import (
	"context"
	"strconv"
	"strings"

	"agendaonline/internal/dav"
)

const (
	maxPages    = 1000 // of one change feed
	manyRepeats = 20   // members that come again though nothing changed
)

// syncToken asks for changes twice: everything, then what came since. Where writing was asked for an event is made and taken
// away in between, which both must be told. Neither the property nor supported-report-set is believed.
func (r *run) syncToken(ctx context.Context) result {
	first, err := r.feed(ctx, "", nil)
	if err != nil {
		return r.noFeed(err)
	}
	seen := map[string]dav.MemberKind{}
	token := first.Token
	var made *probe
	if r.written.done {
		p, err := r.create(ctx)
		if err == nil {
			made = &p
		}
	}
	second, err := r.feed(ctx, token, seen)
	told := made == nil || seen[made.href.Key()] == dav.MemberPresent
	if made != nil {
		removed := r.remove(ctx, made)
		if removed != nil {
			return failed(CodeWriteLeft, "name", firstSummary).on()
		}
	}
	if err != nil {
		return r.notKept(err)
	}
	if made != nil {
		clear(seen)
		third, err := r.feed(ctx, second.Token, seen)
		if err != nil {
			return r.notKept(err)
		}
		told = told && seen[made.href.Key()] == dav.MemberGone
		token = third.Token
	}
	switch {
	case !told:
		r.withoutToken("a report left out an event that was made, or taken away, since its token")
		r.learn(dav.MissesChanges, "a report left out an event that was made, or taken away, since its token")
		return limited(CodeSyncTokenMisses)
	case first.Members > manyRepeats && second.Members >= first.Members:
		return limited(CodeSyncTokenRepeats, "count", second.Members)
	}
	if r.lies(ctx, token) {
		r.learn(dav.LiesAboutTokens, "a sync-collection with a token that was never given was answered as if it were known")
		return passed(CodeSyncTokenLies)
	}
	return passed(CodeSyncToken)
}

// feed follows the reports from a token to the last page.
func (r *run) feed(ctx context.Context, token dav.SyncToken, seen map[string]dav.MemberKind) (dav.SyncResult, error) {
	var whole dav.SyncResult
	for range maxPages {
		page, err := r.collection.Sync(ctx, token, func(member dav.Member) error {
			if seen != nil {
				seen[member.Href.Key()] = member.Kind
			}
			return nil
		})
		if err != nil {
			return whole, err
		}
		whole.Token, whole.Members = page.Token, whole.Members+page.Members
		if !page.Truncated {
			return whole, nil
		}
		token = page.Token
	}
	return whole, &dav.Failure{Class: dav.ClassTemporary, Cause: dav.CauseTruncated, Op: dav.ReportSyncCollection.Local, Href: r.collection.Href()}
}

// withoutToken marks the calendar as one to be synced by ctag and ETags.
func (r *run) withoutToken(seen string, arguments ...any) {
	r.verdict.NoSyncToken = true
	r.learn(dav.NoSyncToken, seen, arguments...)
}

// noFeed says what a first report that failed means.
func (r *run) noFeed(err error) result {
	failure, ok := dav.FailureOf(err)
	if !ok || failure.Class == dav.ClassSignIn || failure.Status == 0 || failure.Cause == dav.CauseThrottled || failure.Cause == dav.CauseMaintenance {
		return r.failure(err).on()
	}
	claimed := r.chosen.SyncToken != "" || r.chosen.Claims(dav.ReportSyncCollection)
	r.withoutToken("sync-collection was answered %d %s; sync-token property %s", failure.Status, failure.Precondition.Local, presence(r.chosen.SyncToken != ""))
	switch {
	case failure.Cause == dav.CauseNoToken:
		return limited(CodeSyncTokenNone)
	case claimed:
		return limited(CodeSyncTokenClaimed, "status", strconv.Itoa(failure.Status))
	}
	return limited(CodeNoSyncToken)
}

// notKept says what a second report that failed means: the server does not know its own token.
func (r *run) notKept(err error) result {
	failure, ok := dav.FailureOf(err)
	if !ok || failure.Class != dav.ClassTokenInvalid && failure.Cause != dav.CauseTokenSuspect && failure.Cause != dav.CauseNoToken {
		return r.failure(err).on()
	}
	r.withoutToken("a sync-collection with the token of the report before was answered %d", failure.Status)
	return limited(CodeSyncTokenNotKept, "status", strconv.Itoa(failure.Status))
}

func presence(there bool) string {
	if there {
		return "given"
	}
	return "not given"
}

// lies reports whether the server takes a token that it cannot know. Then it will not say either when its own are of no use
// any more, after a restored backup for example.
func (r *run) lies(ctx context.Context, token dav.SyncToken) bool {
	digits := strings.TrimRight(string(token), "0123456789")
	never := dav.SyncToken(digits + "999999999999")
	if digits == string(token) || len(token)-len(digits) > 15 {
		never = "http://never.invalid/ns/sync/1"
	}
	_, err := r.collection.Sync(ctx, never, func(dav.Member) error { return nil })
	return err == nil
}
