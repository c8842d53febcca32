package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// with is a plain server with one manner changed.
func with(t *testing.T, change func(*Manners)) (*Server, *wire) {
	t.Helper()
	manners := Plain()
	change(&manners)
	return newServer(t, Options{Manners: manners})
}

func TestManners_of_ETags(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change                 func(*Manners)
		put, listed            string // class
		same                   bool   // two listings show the same
		listedMatches, guarded bool   // what was listed, quoted, is taken in If-Match; a wrong one is not
	}{
		"plain":    {func(*Manners) {}, "strong ETag", "strong ETag", true, true, true},
		"weak":     {func(m *Manners) { m.WeakETags = true }, "weak ETag", "weak ETag", true, true, true},
		"unquoted": {func(m *Manners) { m.UnquotedETags = true }, "unquoted ETag", "unquoted ETag", true, true, true},
		"none":     {func(m *Manners) { m.NoETags = true }, "no ETag", "no ETag", true, true, true},
		"restless": {func(m *Manners) { m.RestlessETags = true }, "strong ETag", "strong ETag", false, true, true},
		"not told": {func(m *Manners) { m.NoPutETag = true }, "no ETag", "strong ETag", true, true, true},
		"ignored":  {func(m *Manners) { m.IgnoresMatch = true }, "strong ETag", "strong ETag", true, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := with(t, test.change)
			if got := etagClass(client.do("PUT", home+"e.ics", event("u", "x")).header.Get("ETag")); got != test.put {
				t.Errorf("PUT: got %s, want %s", got, test.put)
			}
			first := client.propfind(home, "1", "<getetag/>").Responses[1].etag()
			if got := etagClass(first); got != test.listed {
				t.Errorf("listed: got %s, want %s", got, test.listed)
			}
			second := client.propfind(home, "1", "<getetag/>").Responses[1].etag()
			if (first == second) != test.same {
				t.Errorf("listed twice: got %s and %s", first, second)
			}
			if second != "" {
				quoted := `"` + strings.Trim(strings.TrimPrefix(second, "W/"), `"`) + `"`
				if r := client.do("PUT", home+"e.ics", event("u", "y"), "If-Match", quoted); (r.status == 204) != test.listedMatches {
					t.Errorf("If-Match %s: got %d", quoted, r.status)
				}
			}
			if r := client.do("PUT", home+"e.ics", event("u", "z"), "If-Match", `"wrong"`); (r.status == 412) != test.guarded {
				t.Errorf("a wrong If-Match: got %d", r.status)
			}
		})
	}
	t.Run("gzip", func(t *testing.T) {
		_, client := with(t, func(m *Manners) { m.GzipETags = true })
		client.do("PUT", home+"e.ics", event("u", strings.Repeat("x", 500)))
		if got := client.do("GET", home+"e.ics", "", "Accept-Encoding", "gzip").header.Get("ETag"); !strings.HasSuffix(got, `-gzip"`) {
			t.Errorf("got %s", got)
		}
	})
}

func TestManners_of_rewriting(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 50)
	sent := event("u", "Subject", "DESCRIPTION:a\\nb & c", "X-OWN;X-P=1:x", "COMMENT;ALTREP=\"http://x\";X-Q=2:kept", "LOCATION:"+long,
		"BEGIN:VALARM", "ACTION:DISPLAY", "X-IN:alarm", "END:VALARM")
	for name, test := range map[string]struct {
		rewrite Rewriting
		has     []string
		lacks   []string
		etag    bool
	}{
		"nothing":     {Rewriting{}, []string{sent}, nil, true},
		"X dropped":   {Rewriting{DropX: true}, []string{"LOCATION:", "BEGIN:VALARM"}, []string{"X-OWN", "X-IN"}, false},
		"silently":    {Rewriting{DropX: true, Silently: true}, nil, []string{"X-OWN"}, true},
		"parameters":  {Rewriting{DropParameters: true}, []string{"COMMENT:kept", "X-OWN:x"}, []string{"ALTREP"}, false},
		"no alarms":   {Rewriting{DropAlarms: true}, []string{"X-OWN"}, []string{"VALARM", "X-IN"}, false},
		"an alarm":    {Rewriting{DropAlarms: true, AddAlarm: true}, nil, []string{"X-IN"}, false},
		"HTML":        {Rewriting{HTML: true}, []string{"DESCRIPTION:a<br>b &amp; c"}, nil, false},
		"cut subject": {Rewriting{SubjectLimit: 3}, []string{"SUMMARY:Sub\r\n"}, nil, false},
		"stamped":     {Rewriting{Stamp: true}, []string{"DTSTAMP:20261125T090000Z", "LAST-MODIFIED:20261125T090000Z"}, []string{"20260101T000000Z"}, false},
		"folded":      {Rewriting{Fold: true}, []string{"\r\n "}, nil, false},
		"sorted":      {Rewriting{Sort: true}, []string{"DESCRIPTION:a\\nb & c\r\nDTEND"}, nil, false},
		"CRLF":        {Rewriting{CRLF: true}, []string{sent}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := &clock{start}
			manners := Plain()
			manners.Rewrite = test.rewrite
			_, client := newServer(t, Options{Now: at.now, Manners: manners})
			r := client.do("PUT", home+"e.ics", sent)
			stored := client.do("GET", home+"e.ics", "").body
			for _, part := range test.has {
				if !strings.Contains(stored, part) {
					t.Errorf("lacks %q in %q", part, stored)
				}
			}
			for _, part := range test.lacks {
				if strings.Contains(stored, part) {
					t.Errorf("has %q in %q", part, stored)
				}
			}
			if (r.header.Get("ETag") != "") != test.etag {
				t.Errorf("got ETag %q", r.header.Get("ETag"))
			}
		})
	}
}

func TestManners_of_writes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Manners)
		method string
		name   string
		body   string
		header []string
		want   int
	}{
		"If-None-Match ignored":       {func(m *Manners) { m.IgnoresNone = true }, "PUT", "old.ics", event("old", "y"), []string{"If-None-Match", "*"}, 204},
		"If-Match makes what is not":  {func(m *Manners) { m.MatchMissingOK = true }, "PUT", "new.ics", event("new", "y"), []string{"If-Match", `"x"`}, 201},
		"DELETE is not guarded":       {func(m *Manners) { m.DeleteUnguarded = true }, "DELETE", "old.ics", "", []string{"If-Match", `"x"`}, 204},
		"too large":                   {func(m *Manners) { m.MaxSize, m.MaxSizeStatus = 500, 0 }, "PUT", "new.ics", event("new", strings.Repeat("y", 500)), nil, 413},
		"SEQUENCE goes back":          {func(m *Manners) { m.Sequence = true }, "PUT", "old.ics", event("old", "y"), nil, 409},
		"somebody else's event":       {func(m *Manners) { m.Organizers = 403 }, "PUT", "old.ics", event("old", "y", "SEQUENCE:3", "ORGANIZER:mailto:else@example.org"), nil, 403},
		"a UID of another calendar":   {func(m *Manners) { m.UIDTaken = true }, "PUT", "new.ics", event("elsewhere", "y"), nil, 409},
		"no length":                   {func(m *Manners) { m.Refusals[DefectNoLength] = 400 }, "PUT", "new.ics", strings.Replace(event("new", "y"), "DTEND:20260301T110000Z\r\n", "", 1), nil, 400},
		"an unknown frequency":        {func(m *Manners) { m.Refusals[DefectFrequency] = 500 }, "PUT", "new.ics", event("new", "y", "RRULE:FREQ=SOMETIMES"), nil, 500},
		"a report that always fails":  {func(m *Manners) { m.ReportFails = 500 }, "REPORT", "", syncBody("", "<getetag/>", ""), nil, 500},
		"a report with another Depth": {func(m *Manners) { m.DepthZeroOnly = true }, "REPORT", "", syncBody("", "<getetag/>", ""), []string{"Depth", "1"}, 400},
		"an infinite listing":         {func(m *Manners) { m.InfiniteDepth = 403 }, "PROPFIND", "", "", nil, 403},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, client := with(t, test.change)
			if err := server.SetCalendar(Calendar{Owner: "alice", Name: "other"}); err != nil {
				t.Fatal(err)
			}
			if _, err := server.Human("alice", "phone").Put("other", "e.ics", event("elsewhere", "x"), "*"); err != nil {
				t.Fatal(err)
			}
			if _, err := server.Human("alice", "phone").Put("calendar", "old.ics", event("old", "x", "SEQUENCE:2"), "*"); err != nil {
				t.Fatal(err)
			}
			if r := client.do(test.method, home+test.name, test.body, test.header...); r.status != test.want {
				t.Errorf("got %d, want %d: %s", r.status, test.want, r.body)
			}
		})
	}
}

func TestManners_a_race_is_won_by_two_for_a_moment(t *testing.T) {
	t.Parallel()
	at := &clock{start}
	manners := Plain()
	manners.RaceWindow = 20 * time.Millisecond
	_, client := newServer(t, Options{Now: at.now, Manners: manners})
	etag := client.do("PUT", home+"e.ics", event("u", "0")).header.Get("ETag")
	var got []int
	for i, wait := range []time.Duration{0, 10 * time.Millisecond, time.Second} {
		at.at = at.at.Add(wait)
		got = append(got, client.do("PUT", home+"e.ics", event("u", fmt.Sprint("writer ", i)), "If-Match", etag).status)
	}
	if got[0] != 204 || got[1] != 204 || got[2] != 412 {
		t.Errorf("got %v, want two winners and then 412", got)
	}
}

func TestMove_is_two_writes(t *testing.T) {
	t.Parallel()
	server, client := newServer(t, Options{})
	if err := server.SetCalendar(Calendar{Owner: "alice", Name: "other"}); err != nil {
		t.Fatal(err)
	}
	client.do("PUT", home+"e.ics", event("u", "x"))
	r := client.do("MOVE", home+"e.ics", "", "Destination", "http://sandbox.invalid/calendars/alice/other/f.ics")
	if r.status != http.StatusCreated {
		t.Fatalf("got %d %s", r.status, r.body)
	}
	writes := server.Writes(2)
	if len(writes) != 2 || writes[0].After != "" || writes[1].Href != "/calendars/alice/other/f.ics" || !writes[0].Delivered || !writes[1].Delivered {
		t.Errorf("got %+v", writes)
	}
}

func FuzzServer(f *testing.F) {
	f.Add("PUT", "e.ics", event("u", "x"), "*")
	f.Add("PUT", "e.ics", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID\nDTSTART;TZID=\"a:b\nATTENDEE\nEND:VEVENT", "")
	f.Add("PROPFIND", "", "<propfind xmlns='DAV:'><prop><a/></prop></propfind>", "")
	f.Add("PROPPATCH", "", "<propertyupdate xmlns='DAV:'><set><prop><x/></prop></set><remove/></propertyupdate>", "")
	f.Add("REPORT", "", syncBody("http://agenda.invalid/ns/sync/1", "<getetag/>", "<limit><nresults>x</nresults></limit>"), "")
	f.Add("REPORT", "", "<C:calendar-query "+spaces+"><C:filter><C:comp-filter name='VCALENDAR'><C:comp-filter name='VEVENT'><C:time-range/><C:prop-filter name='X'><C:text-match/></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>", "")
	f.Add("REPORT", "", "<C:calendar-multiget "+spaces+"><href>%zz</href><href/></C:calendar-multiget>", "")
	f.Add("MKCALENDAR", "../x", "<a/>", "")
	manners := []Manners{Plain(), Radicale(), GoogleLike(), Nextcloud32(), SabreDAV18()}
	f.Fuzz(func(t *testing.T, method, path, body, match string) {
		for _, m := range manners {
			server, client := newServer(t, Options{Manners: m})
			base := server.CalendarPath("alice", "calendar")
			server.Human("alice", "phone").Put("calendar", "e.ics", event("u", "x", "ATTENDEE;X=1:mailto:a@b", "ORGANIZER:mailto:alice@example.com"), "")
			request, err := http.NewRequestWithContext(t.Context(), method, "http://sandbox.invalid"+base+path, strings.NewReader(body))
			if err != nil {
				return
			}
			request.SetBasicAuth("alice", "secret")
			request.Header.Set("If-Match", match)
			request.Header.Set("Depth", "1")
			request.Header.Set("Destination", path)
			response, err := client.transport.RoundTrip(request)
			if err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			response.Body.Close()
			// Whatever it stored, it still lists.
			client.do("PROPFIND", base, "", "Depth", "1")
			if !m.NoSync {
				client.sync(base, "")
			}
			for _, item := range must(server.Human("alice", "phone").Items("calendar")) {
				setLine(dropLine(item.Body, "SUMMARY"), "SUMMARY:"+body)
			}
		}
	})
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
