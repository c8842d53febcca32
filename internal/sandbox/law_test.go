package sandbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// follow goes on from a token until there is no more, and brings a copy of the calendar up to date.
func (w *wire) follow(path, token string, held map[string]string) string {
	w.t.Helper()
	for range 1000 {
		r := w.do("REPORT", path, syncBody(token, "<getetag/>", ""))
		m := w.multistatus(r)
		for _, member := range m.Responses {
			switch {
			case strings.Contains(member.Status, " 507 "):
			case strings.Contains(member.Status, " 404 "):
				delete(held, member.Href)
			case member.etag() != "":
				held[member.Href] = member.etag()
			}
		}
		if !strings.Contains(r.body, " 507 ") || m.Token == token {
			return m.Token
		}
		token = m.Token
	}
	w.t.Fatal("the report has no end")
	return ""
}

func (w *wire) listing(path string) map[string]string {
	found := map[string]string{}
	for _, member := range w.propfind(path, "1", "<getetag/>").Responses {
		if member.etag() != "" && !strings.HasSuffix(member.Href, "/") {
			found[member.Href] = member.etag()
		}
	}
	return found
}

// Following tokens ends at what a listing shows, whatever happened in between, on every server that has tokens; and the same
// history in a folder, closed and opened at any time, gives the same answers as in memory.
func TestLaw_following_tokens_ends_where_a_listing_does(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles {
		manners := profile.Manners()
		if manners.NoSync {
			continue
		}
		if manners.PageSize > 0 {
			manners.PageSize = 3
		}
		manners.HrefForm = HrefAsSent // what a client compares decoded
		// Each kind of token once in a folder: a record is on the disk before its answer, which takes its time.
		kept := slices.Contains([]string{"plain", "radicale", "xandikos"}, profile.Name)
		t.Run(profile.Name, func(t *testing.T) {
			t.Parallel()
			var folders atomic.Int64
			rapid.Check(t, func(r *rapid.T) {
				at := &clock{start}
				memory, client := newServer(t, Options{Manners: manners, Now: at.now})
				dir := ""
				if kept {
					dir = filepath.Join(t.TempDir(), fmt.Sprint(folders.Add(1)))
				}
				folder, err := Open(dir, Options{Manners: manners, Now: at.now})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { folder.Close() }()
				settle(t, folder)
				home := memory.CalendarPath("alice", "calendar")
				held, token := map[string]string{}, ""
				for range rapid.IntRange(1, 25).Draw(r, "steps") {
					name := fmt.Sprintf("e%d.ics", rapid.IntRange(0, 6).Draw(r, "name"))
					switch rapid.IntRange(0, 5).Draw(r, "step") {
					case 0, 1:
						body := event("u"+name, fmt.Sprint(rapid.IntRange(0, 3).Draw(r, "value")))
						for _, s := range []*Server{memory, folder} {
							s.Human("alice", "phone").Put("calendar", name, body, "")
						}
					case 2:
						for _, s := range []*Server{memory, folder} {
							s.Human("alice", "phone").Delete("calendar", name, "")
						}
					case 3:
						at.at = at.at.Add(time.Duration(rapid.IntRange(0, 2500).Draw(r, "ms")) * time.Millisecond)
					case 4:
						token = client.follow(home, token, held)
					case 5:
						if !kept {
							continue
						}
						if err := folder.Close(); err != nil {
							t.Fatal(err)
						}
						if folder, err = Open(dir, Options{Manners: manners, Now: at.now}); err != nil {
							t.Fatal(err)
						}
					}
				}
				token = client.follow(home, token, held)
				if diff := cmp.Diff(client.listing(home), held); diff != "" {
					r.Errorf("listing -, followed +:\n%s", diff)
				}
				again := newWire(t, folder, "alice")
				for _, body := range []string{syncBody("", "<getetag/><C:calendar-data/>", ""), syncBody(token, "<getetag/>", "")} {
					want, got := client.do("REPORT", home, body), again.do("REPORT", home, body)
					if want.status != got.status || want.body != got.body {
						r.Errorf("in memory %d %s\nin a folder %d %s", want.status, want.body, got.status, got.body)
					}
				}
			})
		})
	}
}
