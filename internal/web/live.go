package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"agendaonline/internal/live"
)

// quietFor is how long a stream says nothing before it says that it is still there: proxies end what is silent for a minute.
const quietFor = 25 * time.Second

// streamFor is how long a stream lasts. Its page asks again at once, and with it whether the session still holds: that is known
// anew at the beginning of a request only.
const streamFor = 5 * time.Minute

// streamChanges tells an open page what changed, as server-sent events that carry ids only:
//
//	event: actions   data: ids, separated by commas
//	event: links     data: nothing
//	event: anew      data: nothing; what is shown may be old
//
// The stream ends with the request, after streamFor, or when its reader may not sign in any more.
func streamChanges(s *site, w http.ResponseWriter, r *request) error {
	stream := s.Live.Open()
	defer stream.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	ctx, stop := context.WithTimeout(r.Context(), streamFor)
	defer stop()
	if _, err := fmt.Fprint(w, "retry: 2000\n\n"); err != nil {
		return nil
	}
	for {
		if err := out.Flush(); err != nil {
			return nil // the reader went away, or cannot be streamed to: it asks again
		}
		text, err := nextEvents(ctx, stream)
		if err != nil {
			return nil
		}
		if user, signedIn, err := s.Identity.Who(r.Request); err != nil || !signedIn || user.ID != r.caller.User.ID {
			return nil
		}
		if _, err := fmt.Fprint(w, text); err != nil {
			return nil
		}
	}
}

// nextEvents waits for the next changes and writes them as events; a comment when nothing happened for a while.
func nextEvents(ctx context.Context, stream *live.Stream) (string, error) {
	waiting, stop := context.WithTimeout(ctx, quietFor)
	defer stop()
	changes, err := stream.Next(waiting)
	if err != nil {
		return ": still here\n\n", ctx.Err()
	}
	var text strings.Builder
	if changes.Everything {
		return "event: anew\ndata:\n\n", nil
	}
	if len(changes.Actions) > 0 {
		fmt.Fprintf(&text, "event: actions\ndata: %s\n\n", strings.Join(changes.Actions, ","))
	}
	if changes.Links {
		text.WriteString("event: links\ndata:\n\n")
	}
	return text.String(), nil
}
