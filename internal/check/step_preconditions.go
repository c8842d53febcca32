package check

import (
	"context"
	"strconv"
	"sync"

	"agendaonline/internal/dav"
)

// racers is how many write at once to see whether If-Match lets one of them through.
const racers = 4

// preconditions sees whether the server keeps one writer from overwriting another.
func (r *run) preconditions(ctx context.Context) result {
	switch {
	case r.chosen.ReadOnly():
		return skipped(CodeNotWritable)
	case !r.request.Write:
		return skipped(CodeNotAsked)
	case !r.written.done:
		return skipped(CodeNotTried)
	}
	p, err := r.create(ctx)
	if err != nil {
		return r.unwritten(err)
	}
	how := r.conditions(ctx, &p)
	if err := r.remove(ctx, &p); err != nil {
		return failed(CodeWriteLeft, "name", firstSummary).on()
	}
	return how
}

func (r *run) conditions(ctx context.Context, p *probe) result {
	const stale = dav.ETag(`"agenda-online-never-given"`)
	how := passed(CodePreconditions)
	// From the harmless to what can lose an edit: the worst is named.
	if _, err := r.collection.Put(ctx, p.href, r.text(*p, firstSummary), dav.IfNew()); err == nil {
		r.learn(dav.NoIfNoneMatch, "a PUT with If-None-Match: * on an event that was there was answered well")
		how = passed(CodeIfNoneMatch)
	}
	if r.races(ctx, p) {
		r.learn(dav.RacyIfMatch, "of %d PUTs at once with the same If-Match more than one was answered well", racers)
		how = limited(CodeIfMatchRacy)
	}
	other := probe{href: r.newProbe().href, uid: p.uid}
	if _, err := r.collection.Put(ctx, other.href, r.text(other, firstSummary), dav.IfNew()); err == nil {
		r.learn(dav.DoubledUIDs, "a PUT of a UID that lives at another href was answered well")
		if err := r.remove(ctx, &other); err != nil {
			return failed(CodeWriteLeft, "name", firstSummary).on()
		}
	}
	_, changed := r.collection.Put(ctx, p.href, r.text(*p, secondSummary), dav.IfMatch(stale))
	if err := r.collection.Delete(ctx, p.href, dav.IfMatch(stale)); err == nil {
		r.learn(dav.NoIfMatchOnDelete, "a DELETE with an If-Match that cannot match was answered well")
		how = limited(CodeIfMatchDelete)
	}
	if changed == nil {
		r.learn(dav.NoIfMatch, "a PUT with an If-Match that cannot match was answered well")
		how = limited(CodeIfMatch)
	}
	return how
}

// races reports whether more than one of several writers at once got through with the same ETag.
func (r *run) races(ctx context.Context, p *probe) bool {
	read, err := r.collection.Get(ctx, p.href)
	if _, ok := read.ETag.HeaderValue(); err != nil || !ok {
		return false
	}
	var group sync.WaitGroup
	won := make([]bool, racers)
	for i := range racers {
		body := r.text(*p, firstSummary+" "+strconv.Itoa(i+1))
		group.Go(func() {
			_, err := r.collection.Put(ctx, p.href, body, dav.IfMatch(read.ETag))
			won[i] = err == nil
		})
	}
	group.Wait()
	winners := 0
	for _, one := range won {
		if one {
			winners++
		}
	}
	return winners > 1
}
