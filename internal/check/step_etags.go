package check

import (
	"context"

	"agendaonline/internal/dav"
)

// etags sees whether each version has one of its own that preconditions can rest on.
func (r *run) etags(context.Context) result {
	switch {
	case r.listed.missing > 0 || r.written.done && r.written.first == "":
		r.learn(dav.NoETags, "members without ETag")
		return limited(CodeETagsMissing)
	case r.written.done && r.written.first.Same(r.written.second):
		return limited(CodeETagsUnchanged)
	case r.listed.weak > 0 || r.written.done && !r.written.first.Strong():
		r.learn(dav.WeakETags, "ETags that are weak or have no quotes")
		return limited(CodeETagsWeak)
	case r.listed.count == 0 && !r.written.done:
		return skipped(CodeETagsNotSeen)
	case r.verdict.Traits.Has(dav.NoETagOnPut):
		return passed(CodeETagsReadBack)
	}
	return passed(CodeETags)
}
