package syncer_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"agendaonline/internal/caldav"
	"agendaonline/internal/crm"
	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/store"
	"agendaonline/internal/syncer"
)

// event864 is a calendar object resource as servers hold them: 864 bytes with a UID of 48, of which 321 are the VTIMEZONE.
const event864 = `BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//A//B//EN
BEGIN:VTIMEZONE
TZID:Europe/Brussels
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:%048d
DTSTAMP:20261101T100000Z
CREATED:20261101T100000Z
LAST-MODIFIED:20261102T110000Z
SEQUENCE:12
SUMMARY:Quarterly reviews with the customer
LOCATION:Meeting room 2\, first floor
DESCRIPTION:Agenda:\n- figures of the third quarters\n- open questions\, wh
 o answers them\n- next steps.
DTSTART;TZID=Europe/Brussels:%s
DTEND;TZID=Europe/Brussels:%s
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
`

// fullServer is a server with many events over loopback, which answers every report with all of them: the answer is made
// beforehand and lies in a file, so that it costs next to nothing and takes no memory of ours.
type fullServer struct {
	*httptest.Server
	requests atomic.Int64
	bytes    int64
}

func newFullServer(b *testing.B, events int) *fullServer {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "answer.xml"))
	must(b, err)
	body := bufio.NewWriter(file)
	body.WriteString(`<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">`)
	for i := range events {
		start := time.Date(2022, 1, 1, 8, 0, 0, 0, time.UTC).Add(time.Duration(i%50_000) * 41 * time.Minute)
		text := fmt.Sprintf(event864, i, start.Format("20060102T150405"), start.Add(time.Hour).Format("20060102T150405"))
		if i == 0 && len(strings.ReplaceAll(text, "\n", "\r\n")) != 864 {
			b.Fatalf("got an event of %d bytes, want 864", len(strings.ReplaceAll(text, "\n", "\r\n")))
		}
		fmt.Fprintf(body, `<D:response><D:href>/0/%048d.ics</D:href><D:propstat><D:prop><D:getetag>"%d"</D:getetag><D:resourcetype/><C:calendar-data>%s</C:calendar-data></D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`,
			i, i, strings.ReplaceAll(text, "\n", "\r\n"))
	}
	body.WriteString(`<D:sync-token>urn:2</D:sync-token></D:multistatus>`)
	must(b, body.Flush())
	size, err := file.Seek(0, io.SeekEnd)
	must(b, err)
	s := &fullServer{bytes: size}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.requests.Add(1)
		w.Header().Set("Content-Type", "application/xml; charset=utf-8")
		w.WriteHeader(http.StatusMultiStatus)
		_, _ = io.Copy(w, io.NewSectionReader(file, 0, size))
	}))
	b.Cleanup(func() {
		s.Close()
		_ = file.Close()
	})
	return s
}

// remote is the calendar as the program's own client opens it.
func (s *fullServer) remote(b *testing.B, transport http.RoundTripper, observe func(dav.Exchange)) syncer.Remote {
	b.Helper()
	parsed, err := url.Parse(s.URL)
	must(b, err)
	origin, err := outbound.OriginOf(parsed)
	must(b, err)
	client := caldav.New(caldav.Config{
		RoundTripper: transport, Credentials: caldav.NewPassword("anna", "secret", dav.Traits{}, rand.Reader), Origins: outbound.Origins{origin}, PlainHTTP: true, Now: time.Now, Observe: observe,
	})
	return client.Collection(dav.Href(s.URL+"/0/"), dav.Traits{})
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// limit is the limit of docs/performance.md: only the exchange, read as it comes and searched for the lines of the six fields.
func (s *fullServer) limit(b *testing.B) int {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), "REPORT", s.URL+"/0/", strings.NewReader("<sync-collection/>"))
	must(b, err)
	response, err := http.DefaultClient.Do(request)
	must(b, err)
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	found := 0
	for lines.Scan() {
		for _, name := range []string{"SUMMARY", "DESCRIPTION", "DTSTART;", "DTEND;", "UID"} {
			if bytes.HasPrefix(lines.Bytes(), []byte(name)) {
				found++
			}
		}
	}
	must(b, lines.Err())
	return found
}

// decideAll lets the first sync of the link bring everything in, whatever it finds.
func (e *engineBench) decideAll(b *testing.B) {
	b.Helper()
	must(b, e.store.Write(b.Context(), func(tx *store.Tx) error {
		now := time.Now()
		return tx.InsertHeld(store.Held{
			ID: crm.NewID[store.Held](e.ids), Link: e.links[0], Kind: syncer.HeldFirstSync, CreatedAt: now, DecidedAt: now, Decision: syncer.DecisionAll,
		})
	}))
}

// spent is the processor time of the process so far.
func spent() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resident is the memory of the process now, and the most it had since resident was called with again.
func resident(b *testing.B, again bool) (now, most float64) {
	b.Helper()
	if again {
		debug.FreeOSMemory()
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
			b.Skip("the peak of the memory cannot be set back: ", err)
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	must(b, err)
	field := func(name string) float64 {
		_, rest, _ := strings.Cut(string(status), name+":")
		kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
		must(b, err)
		return float64(kilobytes) / 1024
	}
	return field("VmRSS"), field("VmHWM")
}

// BenchmarkFirstSync stores events as actions, searchable, over the real client and loopback: an operation is the whole first
// sync of a link for which a person chose that all comes in. The budget of docs/performance.md for 10,000 is 0.6 s and 64 MiB above idle, for 100,000 ten times the time and
// 128 MiB. limit-... is the exchange only, measured in the same turn.
func BenchmarkFirstSync(b *testing.B) {
	for _, events := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(events), func(b *testing.B) {
			server := newFullServer(b, events)
			var cpu, limitCPU, limitWall, wall time.Duration
			var memory float64
			for range b.N {
				b.StopTimer()
				var requests atomic.Int64
				transport := &http.Transport{}
				bench := newEngineBench(b, 1, store.LinkSync{}, nil)
				bench.decideAll(b)
				bench.engine.Connect = func(_ context.Context, _ crm.Link, _ []byte, _ dav.Traits, observe func(dav.Exchange)) (syncer.Remote, error) {
					return server.remote(b, transport, func(e dav.Exchange) { requests.Add(1); observe(e) }), nil
				}
				begun, cpuBegun := time.Now(), spent()
				if found := server.limit(b); found != 5*events {
					b.Fatalf("the limit found %d lines, want %d", found, 5*events)
				}
				limitWall, limitCPU = limitWall+time.Since(begun), limitCPU+spent()-cpuBegun
				idle, _ := resident(b, true)
				begun, cpuBegun = time.Now(), spent()
				b.StartTimer()
				bench.run(b, bench.links[0])
				b.StopTimer()
				wall, cpu = wall+time.Since(begun), cpu+spent()-cpuBegun
				_, most := resident(b, false)
				memory = max(memory, most-idle)
				if requests.Load() != 1 {
					b.Fatalf("got %d requests, want 1", requests.Load())
				}
				transport.CloseIdleConnections()
				b.StartTimer()
			}
			turns := float64(b.N)
			b.ReportMetric(cpu.Seconds()/turns*1000, "cpu-ms")
			b.ReportMetric(limitCPU.Seconds()/turns*1000, "limit-cpu-ms")
			b.ReportMetric(cpu.Seconds()/limitCPU.Seconds(), "cpu/limit")
			b.ReportMetric(wall.Seconds()/turns*1000, "wall-ms")
			b.ReportMetric(limitWall.Seconds()/turns*1000, "limit-wall-ms")
			b.ReportMetric(memory, "MiB-above-idle")
			b.ReportMetric(float64(server.bytes), "bytes-down")
		})
	}
}
