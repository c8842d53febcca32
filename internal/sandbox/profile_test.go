package sandbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"agendaonline/interop/servers"

	"github.com/google/go-cmp/cmp"
)

// probeProfile asks a sandbox with a profile's manners, over a real connection as the server itself.
func probeProfile(t *testing.T, manners Manners) []string {
	t.Helper()
	// A clock that ticks with each look at it: what happens in one moment does so on a busy machine too.
	var ticks atomic.Int64
	server, _ := newServer(t, Options{Manners: manners, Now: func() time.Time { return start.Add(time.Duration(ticks.Add(1)) * time.Microsecond) }})
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	p := newProbe(t, &http.Transport{DisableCompression: true}, listener.URL, server.CalendarPath("alice", "calendar"), server.CalendarPath("bob", "calendar"))
	return p.run()
}

func TestProfiles_show_the_facts_of_the_real_servers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    servers.Name
		manners Manners
	}{{servers.Radicale, Radicale()}, {servers.Xandikos, Xandikos()}, {servers.DAViCal, DAViCal()}, {servers.SabreDAV, SabreDAV18()}} {
		t.Run(string(test.name), func(t *testing.T) {
			t.Parallel()
			real := servers.Start(t, test.name)
			at, err := url.Parse(real.Calendar)
			if err != nil {
				t.Fatal(err)
			}
			p := newProbe(t, &http.Transport{DisableCompression: true}, real.Origin, at.Path, strings.Replace(at.Path, "alice", "bob", 1))
			want := p.run()
			got := probeProfile(t, test.manners)
			if os.Getenv("SANDBOX_FACTS") != "" {
				t.Log("\n" + strings.Join(want, "\n"))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s shows -, its profile +:\n%s", test.name, real.Version, diff)
			}
		})
	}
}
