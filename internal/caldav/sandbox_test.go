package caldav

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
	"agendaonline/internal/sandbox"
)

// around is a sandbox with three events of alice's phone, and the client on her calendar.
type around struct {
	*sandbox.Server
	phone    *sandbox.Human
	calendar *Collection
	hrefs    []dav.Href // of the events, as the server lists them
	etags    []dav.ETag
}

func newAround(t *testing.T, profile sandbox.Profile) *around {
	t.Helper()
	server, err := sandbox.Open("", sandbox.Options{Manners: profile.Manners()})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.SetUser(sandbox.User{Name: canaryName, Password: canaryPassword}); err != nil {
		t.Fatal(err)
	}
	if err := server.SetCalendar(sandbox.Calendar{Owner: canaryName, Name: "calendar"}); err != nil {
		t.Fatal(err)
	}
	a := &around{Server: server, phone: server.Human(canaryName, "phone")}
	for i := range 3 {
		if _, err := a.phone.Put("calendar", fmt.Sprintf("%d.ics", i), string(eventOf(fmt.Sprintf("uid-%d", i), fmt.Sprint("value-", i))), "*"); err != nil {
			t.Fatal(err)
		}
	}
	client := New(Config{
		RoundTripper: server.Transport(), Origins: outbound.Origins{"https://dav.example"},
		Credentials: NewPassword(canaryName, canaryPassword, dav.Traits{}, rand.Reader),
	})
	a.calendar = client.Collection(dav.Href("https://dav.example"+server.CalendarPath(canaryName, "calendar")), dav.Traits{})
	if err := a.calendar.List(t.Context(), func(m dav.Member) error {
		a.hrefs, a.etags = append(a.hrefs, m.Href), append(a.etags, m.ETag)
		return nil
	}); err != nil || len(a.hrefs) != 3 {
		t.Fatalf("got %d members %v, want 3", len(a.hrefs), err)
	}
	return a
}

// holds is the text that the server has under a member's name, "" for none.
func (a *around) holds(name string) string {
	item, err := a.phone.Get("calendar", name)
	if err != nil {
		return ""
	}
	return item.Body
}

// TestClient_tells_the_truth_on_every_profile_under_every_fault strikes each operation by each single fault on each profile. A
// read that succeeds is whole and right. A write that succeeds was done, and one that failed was not, unless its failure says
// that the outcome is unknown.
func TestClient_tells_the_truth_on_every_profile_under_every_fault(t *testing.T) {
	t.Parallel()
	// The server itself says what is not so, in an answer that is in order: no client can know.
	lying := []string{"F13 members 404", "F24", "F20", "B41"}
	isLie := func(name string) bool {
		return slices.ContainsFunc(lying, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
	}
	for _, profile := range sandbox.Profiles {
		t.Run(profile.Name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				for _, fault := range append(sandbox.Catalogue(time.Now()), sandbox.Fault{Name: "none", Times: 1}) {
					for name, op := range truths {
						a := newAround(t, profile)
						if fault.Name != "none" {
							a.Plan(fault)
						}
						if problem := op(t, a, isLie(fault.Name)); problem != "" {
							t.Errorf("%s under %q: %s", name, fault.Name, problem)
						}
						_ = a.Close()
					}
				}
			})
		})
	}
}

// wellNamed is "" when an error is a failure without secrets.
func wellNamed(err error) string {
	if _, ok := dav.FailureOf(err); !ok {
		return fmt.Sprintf("got %v, want a Failure", err)
	}
	if strings.Contains(err.Error(), canaryPassword) || strings.Contains(err.Error(), "value-") {
		return fmt.Sprintf("a secret is in %v", err)
	}
	return ""
}

// truths are the operations, each with what must be so of it; the problem is "" when it is.
var truths = map[string]func(t *testing.T, a *around, lie bool) (problem string){
	"list": func(t *testing.T, a *around, _ bool) string {
		var seen []dav.Href
		err := a.calendar.List(t.Context(), func(m dav.Member) error {
			if m.Kind == dav.MemberPresent {
				seen = append(seen, m.Href)
			}
			return nil
		})
		if err != nil {
			return wellNamed(err)
		}
		return sameHrefs(seen, a.hrefs)
	},
	"sync": func(t *testing.T, a *around, lie bool) string {
		var seen, gone []dav.Href
		unusable := 0
		result, err := a.calendar.Sync(t.Context(), "", func(m dav.Member) error {
			switch m.Kind {
			case dav.MemberGone:
				gone = append(gone, m.Href)
			case dav.MemberUnusable:
				unusable++
			default:
				seen = append(seen, m.Href)
			}
			return nil
		})
		switch {
		case err != nil:
			return wellNamed(err)
		case result.Token == "":
			return "a result without a token"
		case result.Truncated || lie || unusable > 0:
			return ""
		case len(gone) > 0:
			return fmt.Sprintf("got %v gone, want none", gone)
		}
		return sameHrefs(seen, a.hrefs)
	},
	"multiget": func(t *testing.T, a *around, lie bool) string {
		visited := map[string]int{}
		problem := ""
		err := a.calendar.Multiget(t.Context(), a.hrefs, func(m dav.Member) error {
			visited[m.Href.Key()]++
			switch {
			case lie:
			case m.Kind == dav.MemberGone:
				// A 404 of the member's own href, once, is what the server says of it.
				if a.Struck("F11 404") == 0 {
					problem = fmt.Sprintf("%s is told as gone", m.Href)
				}
			case m.Kind == dav.MemberPresent && !bytes.Contains(m.Data, []byte("value-")):
				problem = fmt.Sprintf("%s has not its own text", m.Href)
			}
			return nil
		})
		if err != nil {
			return wellNamed(err)
		}
		for _, href := range a.hrefs {
			if visited[href.Key()] != 1 {
				return fmt.Sprintf("%s was visited %d times", href, visited[href.Key()])
			}
		}
		return problem
	},
	"get": func(t *testing.T, a *around, _ bool) string {
		resource, err := a.calendar.Get(t.Context(), a.hrefs[0])
		if err != nil {
			return wellNamed(err)
		}
		if !bytes.Contains(resource.Body, []byte("value-0")) || !bytes.Contains(resource.Body, []byte("END:VCALENDAR")) {
			return fmt.Sprintf("got %q", resource.Body)
		}
		return ""
	},
	"put new": func(t *testing.T, a *around, _ bool) string {
		href := a.calendar.Href().Child("new.ics")
		_, err := a.calendar.Put(t.Context(), href, eventOf("uid-new", "value-new"), dav.IfNew())
		return written(err, strings.Contains(a.holds("new.ics"), "value-new"), a.Struck("F4 delivered twice") > 0)
	},
	"put change": func(t *testing.T, a *around, _ bool) string {
		condition := dav.IfMatch(a.etags[0])
		_, err := a.calendar.Put(t.Context(), a.hrefs[0], eventOf("uid-0", "value-changed"), condition)
		return written(err, strings.Contains(a.holds("0.ics"), "value-changed"), a.Struck("F4 delivered twice") > 0)
	},
	"delete": func(t *testing.T, a *around, _ bool) string {
		err := a.calendar.Delete(t.Context(), a.hrefs[0], dav.IfMatch(a.etags[0]))
		return written(err, a.holds("0.ics") == "", a.Struck("F4 delivered twice") > 0)
	},
}

// written holds what a write said to what the server has. Delivered twice, the second is answered as having come too late.
func written(err error, done, twice bool) string {
	class := dav.ClassOf(err)
	switch {
	case err == nil && !done:
		return "a write that was answered well was not done"
	case err == nil, class == dav.ClassUnknownOutcome:
		return ""
	case done && twice && (class == dav.ClassPreconditionFailed || class == dav.ClassGone):
		return ""
	case done:
		return fmt.Sprintf("got %v, but it was done", err)
	}
	return wellNamed(err)
}

func sameHrefs(got, want []dav.Href) string {
	keys := func(hrefs []dav.Href) (all []string) {
		for _, href := range hrefs {
			all = append(all, href.Key())
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	if !slices.Equal(keys(got), keys(want)) {
		return fmt.Sprintf("got %v, want %v", got, want)
	}
	return ""
}
