package caldav

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"agendaonline/internal/dav"
)

func TestCollection_members_are_visited_as_they_come(t *testing.T) {
	t.Parallel()
	visited := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
		w.WriteHeader(207)
		_, _ = io.WriteString(w, `<D:multistatus xmlns:D="DAV:">`+present("/cal/first.ics", `"1"`, "")+"<D:response>")
		w.(http.Flusher).Flush()
		select {
		case <-visited:
			_, _ = io.WriteString(w, `<D:href>/cal/second.ics</D:href><D:status>HTTP/1.1 404 X</D:status></D:response><D:sync-token>t</D:sync-token></D:multistatus>`)
		case <-time.After(10 * time.Second): // the client waits for the whole answer: it gets none
		}
	})
	first := true
	_, err := calendar(t, server).Sync(t.Context(), "", func(dav.Member) error {
		if first {
			close(visited)
			first = false
		}
		return nil
	})
	if err != nil {
		t.Errorf("got %v, want each member visited before the next has come", err)
	}
}

// members is an answer of so many events of about 860 bytes, made as it is read.
type members struct {
	left, made int
	rest       string
	ended      bool
	text       string
}

func newMembers(count int) *members {
	body := strings.Replace(event, "END:VEVENT", "DESCRIPTION:"+strings.Repeat("lorem ipsum ", 55)+"\r\nEND:VEVENT", 1)
	return &members{left: count, rest: `<D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`, text: body}
}

func (m *members) Read(p []byte) (int, error) {
	if m.rest == "" {
		switch {
		case m.left > 0:
			m.rest = present(fmt.Sprintf("/cal/%d.ics", m.made), fmt.Sprintf(`"%d"`, m.made), m.text)
			m.made++
			m.left--
		case !m.ended:
			m.rest, m.ended = "<D:sync-token>t</D:sync-token></D:multistatus>", true
		default:
			return 0, io.EOF
		}
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}

func TestCollection_b4_a_first_sync_of_100000_events_in_constant_memory(t *testing.T) {
	if testing.Short() {
		t.Skip("90 MB are read")
	}
	calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, newMembers(100_000)), nil }, nil)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	count, most := 0, uint64(0)
	result, err := calendar.Sync(t.Context(), "", func(dav.Member) error {
		if count++; count%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
		return nil
	})
	if err != nil || result.Members != 100_000 {
		t.Fatalf("got %+v %v", result, err)
	}
	if grown := int64(most) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("got %d bytes held while reading, want less than 4 MiB", grown)
	}
}

func BenchmarkCollection_sync_of_10000_events(b *testing.B) {
	calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, newMembers(10_000)), nil }, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := calendar.Sync(b.Context(), "", nothing); err != nil {
			b.Fatal(err)
		}
	}
}
