package check

import (
	"bytes"
	"context"

	"agendaonline/internal/dav"
)

// listing is what the read step saw of the members.
type listing struct {
	done                  bool
	count                 int
	first                 dav.Member
	missing, weak, strong int // ETags
}

// read lists the members and reads one of them.
func (r *run) read(ctx context.Context) result {
	err := r.collection.List(ctx, func(member dav.Member) error {
		if member.Kind != dav.MemberPresent {
			return nil
		}
		r.listed.count++
		if r.listed.count == 1 {
			r.listed.first = member
		}
		switch {
		case member.ETag == "":
			r.listed.missing++
		case member.ETag.Strong():
			r.listed.strong++
		default:
			r.listed.weak++
		}
		return nil
	})
	if err != nil {
		return r.unread(err)
	}
	r.listed.done = true
	if r.listed.count == 0 {
		return passed(CodeReadEmpty)
	}
	readable := false
	err = r.collection.Multiget(ctx, []dav.Href{r.listed.first.Href}, func(member dav.Member) error {
		// One that is too large to be read, or that was deleted this moment, says nothing against reading.
		readable = member.TooLarge || member.Kind == dav.MemberGone ||
			bytes.HasPrefix(bytes.ToUpper(bytes.TrimLeft(member.Data[:min(len(member.Data), 64)], " \t\r\n\uFEFF")), []byte("BEGIN:VCALENDAR"))
		return nil
	})
	switch {
	case err != nil:
		return r.unread(err)
	case !readable:
		return failed(CodeReadNoEvents, "name", r.name())
	}
	return passed(CodeRead, "count", r.listed.count)
}

func (r *run) unread(err error) result {
	if dav.ClassOf(err) == dav.ClassForbidden {
		return failed(CodeReadRefused, "name", r.name())
	}
	return r.failure(err)
}
