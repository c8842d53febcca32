package caldav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"agendaonline/internal/dav"
	"agendaonline/internal/outbound"
)

func TestClient_f2_a_server_that_hangs_is_left(t *testing.T) {
	t.Parallel()
	hang := func(r *http.Request) (*http.Response, error) { <-r.Context().Done(); return nil, r.Context().Err() }
	begin := func(text string) roundTripper {
		return func(r *http.Request) (*http.Response, error) {
			return respond(207, io.NopCloser(io.MultiReader(strings.NewReader(text), &until{r.Context()}))), nil
		}
	}
	for name, test := range map[string]struct {
		answer roundTripper
		after  time.Duration
	}{
		"before the headers":       {hang, 3 * time.Minute},
		"at the start of the body": {begin(""), time.Minute},
		"within the body":          {begin(`<D:multistatus xmlns:D="DAV:">` + present("/cal/a.ics", `"1"`, "")), time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := memory(test.answer, nil).Sync(t.Context(), "", nothing)
				want(t, err, dav.ClassTemporary, dav.CauseTimeout)
				if took := time.Since(began); took != test.after {
					t.Errorf("got left after %s, want %s", took, test.after)
				}
			})
		})
	}
	t.Run("a write that may have arrived is of unknown outcome", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			calendar := memory(func(r *http.Request) (*http.Response, error) { sentFor(r); return hang(r) }, nil)
			_, err := calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
			want(t, err, dav.ClassUnknownOutcome, dav.CauseTimeout)
		})
	})
	t.Run("a write that cannot have arrived is not", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			_, err := memory(func(r *http.Request) (*http.Response, error) { diallingFor(r); return hang(r) }, nil).
				Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
			want(t, err, dav.ClassTemporary, dav.CauseTimeout)
		})
	})
}

// until blocks until the context ends.
type until struct{ ctx context.Context }

func (u *until) Read([]byte) (int, error) { <-u.ctx.Done(); return 0, u.ctx.Err() }

func TestClient_f16_one_byte_a_second_ends_at_the_total_deadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calendar := memory(func(*http.Request) (*http.Response, error) {
			return respond(207, &slowly{text: multistatusText(strings.Repeat(present("/cal/a.ics", `"1"`, ""), 100))}), nil
		}, nil)
		began := time.Now()
		_, err := calendar.Sync(t.Context(), "", nothing)
		want(t, err, dav.ClassTemporary, dav.CauseTimeout)
		if took := time.Since(began); took > 15*time.Minute+2*time.Second {
			t.Errorf("got left after %s, want the total of 15 min", took)
		}
	})
}

func TestClient_b2_an_endless_body_ends(t *testing.T) {
	t.Parallel()
	t.Run("of white space, by time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, &slowly{}), nil }, nil)
			want(t, calendar.List(t.Context(), nothing), dav.ClassTemporary, dav.CauseTimeout)
		})
	})
	t.Run("of members, by count", func(t *testing.T) {
		t.Parallel()
		endless := &repeating{first: `<D:multistatus xmlns:D="DAV:">`, again: status("/cal/a.ics", 404)}
		calendar := memory(func(*http.Request) (*http.Response, error) { return respond(207, endless), nil },
			func(c *Config) { c.Limits.Members = 1000 })
		want(t, calendar.List(t.Context(), nothing), dav.ClassPermanent, dav.CauseTooMany)
	})
	t.Run("of one event, by bytes", func(t *testing.T) {
		t.Parallel()
		calendar := memory(func(*http.Request) (*http.Response, error) {
			return respond(200, &repeating{first: "BEGIN:VCALENDAR\r\n", again: "X-A:1\r\n"}), nil
		}, func(c *Config) { c.Limits.MemberBytes = 1 << 20 })
		_, err := calendar.Get(t.Context(), "/cal/a.ics")
		want(t, err, dav.ClassPermanent, dav.CauseTooLarge)
	})
	t.Run("of properties of one resource, by bytes", func(t *testing.T) {
		t.Parallel()
		calendar := memory(func(*http.Request) (*http.Response, error) {
			return respond(207, &repeating{first: `<D:multistatus xmlns:D="DAV:"><D:response><D:href>`, again: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}), nil
		}, nil)
		_, err := calendar.Calendar(t.Context())
		want(t, err, dav.ClassPermanent, dav.CauseTooLarge)
	})
}

// repeating gives first once and then again for ever.
type repeating struct{ first, again, rest string }

func (r *repeating) Read(p []byte) (int, error) {
	if r.rest == "" {
		r.rest, r.first = r.first, ""
	}
	for n := 0; ; {
		if r.rest == "" {
			r.rest = r.again
		}
		copied := copy(p[n:], r.rest)
		r.rest = r.rest[copied:]
		if n += copied; n == len(p) {
			return n, nil
		}
	}
}

func TestClient_f5_an_answer_cut_short_is_no_answer(t *testing.T) {
	t.Parallel()
	whole := multistatusText(itself + present("/cal/a.ics", `"1"`, "") + `<D:sync-token>t2</D:sync-token>`)
	packed := zip(whole)
	for name, answer := range map[string]func(http.ResponseWriter){
		"within the document": func(w http.ResponseWriter) { w.WriteHeader(207); _, _ = io.WriteString(w, whole[:len(whole)/2]) },
		"before what was announced": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", fmt.Sprint(len(whole)+10))
			w.WriteHeader(207)
			_, _ = io.WriteString(w, whole)
		},
		"within gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(207)
			_, _ = w.Write(packed[:len(packed)/2])
		},
		"before the checksum of gzip": func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.WriteHeader(207)
			_, _ = w.Write(packed[:len(packed)-4])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { answer(w) })
			result, err := calendar(t, server).Sync(t.Context(), "t1", nothing)
			want(t, err, dav.ClassTemporary, dav.CauseCut)
			if result.Token != "" {
				t.Errorf("got the token %q of an answer that is not whole", result.Token)
			}
		})
	}
	t.Run("an event", func(t *testing.T) {
		t.Parallel()
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, event)
		})
		_, err := calendar(t, server).Get(t.Context(), "/cal/a.ics")
		want(t, err, dav.ClassTemporary, dav.CauseCut)
	})
}

func TestClient_b1_limits_count_what_comes_out_of_compression(t *testing.T) {
	t.Parallel()
	// A mebibyte of gzip that opens to a gibibyte: one small stream a thousand times (RFC 1952 section 2.2).
	const mebibyte = 1 << 20
	bomb := func(w http.ResponseWriter, code int, start string) {
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(code)
		_, _ = w.Write(zip(start))
		block := zip(strings.Repeat("a", mebibyte))
		for range 1024 {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	}
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch r.Method {
		case "GET":
			bomb(w, 200, "BEGIN:VCALENDAR\r\n")
		default:
			bomb(w, 207, `<D:multistatus xmlns:D="DAV:"><D:response><D:href>`)
		}
	})
	_, err := calendar(t, server).Get(t.Context(), "/cal/a.ics")
	want(t, err, dav.ClassPermanent, dav.CauseTooLarge)
	_, err = calendar(t, server).Calendar(t.Context())
	want(t, err, dav.ClassPermanent, dav.CauseTooLarge)

	for name, test := range map[string]struct {
		encoding string
		body     []byte
	}{
		"nested gzip":                {"gzip", zip(string(zip(multistatusText(""))))},
		"gzip twice by its own word": {"gzip, gzip", zip(string(zip(multistatusText(""))))},
		"deflate that was not asked": {"deflate", []byte("x")},
		"brotli that was not asked":  {"br", []byte("x")},
		"plain text called gzip":     {"gzip", []byte(multistatusText(""))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				w.Header().Set("Content-Encoding", test.encoding)
				w.WriteHeader(207)
				_, _ = w.Write(test.body)
			})
			err := calendar(t, server).List(t.Context(), nothing)
			if failure, ok := dav.FailureOf(err); !ok || failure.Cause != dav.CauseMalformed && failure.Cause != dav.CauseNotDAV {
				t.Errorf("got %v, want it not understood", err)
			}
		})
	}
	for _, request := range server.seen() {
		if asked := request.header.Get("Accept-Encoding"); (asked == "gzip") != (request.method != "GET") {
			t.Errorf("got Accept-Encoding %q with %s, want gzip for PROPFIND and REPORT only", asked, request.method)
		}
	}
}

func TestClient_f13_members_left_out_are_asked_singly_and_never_taken_as_deleted(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		switch {
		case r.Method == "REPORT":
			multistatus(w, present("/cal/a.ics", `"1"`, event)+status("/cal/gone.ics", 404)+status("/cal/said-gone.ics", 404)+status("/cal/forbidden.ics", 403)+
				status("/cal/full.ics", 507)+present("/cal/nodata.ics", `"5"`, "")+present("/cal/stranger.ics", `"6"`, event))
		case r.URL.Path == "/cal/left-out.ics", r.URL.Path == "/cal/nodata.ics", r.URL.Path == "/cal/full.ics", r.URL.Path == "/cal/said-gone.ics":
			w.Header().Set("ETag", `"7"`)
			_, _ = io.WriteString(w, event)
		case r.URL.Path == "/cal/left-out-and-gone.ics":
			w.WriteHeader(http.StatusGone)
		case r.URL.Path == "/cal/gone.ics":
			w.WriteHeader(http.StatusNotFound)
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	})
	var got []string
	hrefs := []dav.Href{"/cal/a.ics", "/cal/gone.ics", "/cal/said-gone.ics", "/cal/forbidden.ics", "/cal/full.ics", "/cal/nodata.ics", "/cal/left-out.ics", "/cal/left-out-and-gone.ics"}
	if err := calendar(t, server).Multiget(t.Context(), hrefs, gather(&got)); err != nil {
		t.Fatal(err)
	}
	wanted := `present /cal/a.ics
gone /cal/gone.ics 404
present /cal/said-gone.ics
unanswered /cal/forbidden.ics 403
present /cal/full.ics
present /cal/nodata.ics
present /cal/left-out.ics
gone /cal/left-out-and-gone.ics 410`
	if text := strings.Join(got, "\n"); text != wanted {
		t.Errorf("got\n%s\nwant\n%s", text, wanted)
	}
}

func TestClient_f14_redirects_keep_method_and_body(t *testing.T) {
	t.Parallel()
	for _, code := range []int{301, 302, 307, 308} {
		for _, method := range []string{"PROPFIND", "REPORT", "PUT", "DELETE"} {
			t.Run(fmt.Sprint(code, method), func(t *testing.T) {
				t.Parallel()
				server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
					if !strings.HasPrefix(r.URL.Path, "/moved") {
						w.Header().Set("Location", "/moved"+r.URL.Path)
						w.WriteHeader(code)
						return
					}
					switch r.Method {
					case "PUT":
						w.WriteHeader(201)
					case "DELETE":
						w.WriteHeader(204)
					default:
						multistatus(w, itself+`<D:sync-token>t</D:sync-token>`)
					}
				})
				calendar := calendar(t, server)
				var err error
				switch method {
				case "PROPFIND":
					err = calendar.List(t.Context(), nothing)
				case "REPORT":
					_, err = calendar.Sync(t.Context(), "", nothing)
				case "PUT":
					_, err = calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
				case "DELETE":
					err = calendar.Delete(t.Context(), "/cal/a.ics", dav.IfMatch(`"1"`))
				}
				if err != nil {
					t.Fatal(err)
				}
				requests := server.seen()
				if len(requests) != 2 || requests[1].method != method || requests[1].body != requests[0].body || requests[1].header.Get("Authorization") == "" {
					t.Errorf("got %s, want the same %s with its body, signed in, at its new place", server.lines(), method)
				}
			})
		}
	}
}

func TestClient_f14_redirects_that_lead_nowhere_are_named(t *testing.T) {
	t.Parallel()
	other := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) { multistatus(w, itself) })
	for name, test := range map[string]struct {
		location string
		cause    dav.Cause
		requests int
	}{
		"a loop":                 {"/cal/", dav.CauseRedirectLoop, 6},
		"another origin":         {other.URL + "/cal/", dav.CauseRedirectOther, 1},
		"another scheme":         {"ftp://127.0.0.1/cal/", dav.CauseNotDAV, 1},
		"a user before the host": {"http://good@127.0.0.1/", dav.CauseNotDAV, 1},
		"no location":            {"", dav.CauseNotDAV, 1},
		"no text":                {"/cal/\xff", dav.CauseNotDAV, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
				if test.location != "" {
					w.Header().Set("Location", test.location)
				}
				w.WriteHeader(302)
			})
			failure, ok := dav.FailureOf(calendar(t, server).List(t.Context(), nothing))
			if !ok || failure.Cause != test.cause {
				t.Errorf("got %v, want the cause %s", failure, test.cause)
			}
			if got := len(server.seen()); got != test.requests {
				t.Errorf("got %d requests, want %d", got, test.requests)
			}
		})
	}
	if got := len(other.seen()); got != 0 {
		t.Errorf("got %d requests at the other origin, want none", got)
	}
	t.Run("from https to http", func(t *testing.T) {
		t.Parallel()
		calendar := memory(func(*http.Request) (*http.Response, error) {
			return respond(301, strings.NewReader(""), "Location", "http://dav.example/cal/"), nil
		}, func(c *Config) { c.Origins = append(c.Origins, "http://dav.example"); c.PlainHTTP = true })
		want(t, calendar.List(t.Context(), nothing), dav.ClassPermanent, dav.CauseDowngrade)
	})
}

func TestClient_f14_a_page_is_an_error_and_never_an_empty_calendar(t *testing.T) {
	t.Parallel()
	const page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>"
	for _, kind := range []string{"text/html; charset=utf-8", "application/xml", ""} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request, _ string) {
			w.Header()["Content-Type"] = []string{kind}
			_, _ = io.WriteString(w, page)
		})
		calendar := calendar(t, server)
		hold := func(op string, err error, class dav.Class) {
			t.Helper()
			failure, ok := dav.FailureOf(err)
			if !ok || failure.Class != class || failure.Cause != dav.CauseNotDAV && failure.Cause != dav.CauseMalformed {
				t.Errorf("%s of %q: got %v, want it %s and not understood", op, kind, err, class)
			}
		}
		_, err := calendar.Calendar(t.Context())
		hold("calendar", err, dav.ClassTemporary)
		hold("list", calendar.List(t.Context(), nothing), dav.ClassTemporary)
		_, err = calendar.Sync(t.Context(), "t", nothing)
		hold("sync", err, dav.ClassTemporary)
		_, err = calendar.Get(t.Context(), "/cal/a.ics")
		hold("get", err, dav.ClassTemporary)
		if kind != "text/html; charset=utf-8" {
			continue
		}
		_, err = calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
		hold("put", err, dav.ClassUnknownOutcome)
		hold("delete", calendar.Delete(t.Context(), "/cal/a.ics", dav.IfMatch(`"1"`)), dav.ClassUnknownOutcome)
	}
}

func TestClient_f15_what_stands_in_the_way_is_named(t *testing.T) {
	t.Parallel()
	for kind, cause := range causes {
		for _, write := range []bool{false, true} {
			calendar := memory(func(r *http.Request) (*http.Response, error) {
				diallingFor(r)
				return nil, &outbound.Trouble{Kind: kind, Host: "dav.example", Err: errors.New("x")}
			}, nil)
			var err error
			if write {
				_, err = calendar.Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
			} else {
				_, err = calendar.Sync(t.Context(), "t", nothing)
			}
			want(t, err, dav.ClassTemporary, cause) // nothing was sent
		}
	}
	for name, test := range map[string]struct {
		err   error
		class dav.Class
		cause dav.Cause
	}{
		"a private address":   {&outbound.Refused{Reason: outbound.PrivateAddress}, dav.ClassPermanent, dav.CauseNotAllowed},
		"a host that is held": {&outbound.Held{Host: "dav.example", Until: time.Unix(99, 0)}, dav.ClassTemporary, dav.CauseThrottled},
	} {
		calendar := memory(func(*http.Request) (*http.Response, error) { return nil, test.err }, nil)
		failure := want(t, calendar.List(t.Context(), nothing), test.class, test.cause)
		if !errors.Is(failure, test.err) {
			t.Errorf("%s: got %v, want the cause kept", name, failure)
		}
	}
}

func TestClient_f3_a_write_whose_answer_is_lost_is_of_unknown_outcome(t *testing.T) {
	t.Parallel()
	var applied atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
		applied.Add(1)
		connection, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			_ = connection.Close()
		}
	})
	_, err := calendar(t, server).Put(t.Context(), "/cal/a.ics", []byte(event), dav.IfNew())
	want(t, err, dav.ClassUnknownOutcome, dav.CauseCut)
	err = calendar(t, server).Delete(t.Context(), "/cal/a.ics", dav.IfMatch(`"1"`))
	want(t, err, dav.ClassUnknownOutcome, dav.CauseCut)
	if got := applied.Load(); got != 2 {
		t.Errorf("got %d requests, want each sent once", got)
	}
}

func TestClient_a_context_that_ends_is_its_own_error(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	calendar := memory(func(r *http.Request) (*http.Response, error) { sentFor(r); cancel(); return nil, context.Canceled }, nil)
	if err := calendar.List(ctx, nothing); err != context.Canceled {
		t.Errorf("got %v, want the context's own error", err)
	}
	_, err := calendar.Put(ctx, "/cal/a.ics", []byte(event), dav.IfNew())
	want(t, err, dav.ClassUnknownOutcome, "")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error within", err)
	}
}

// A sign-in page that is not there says nothing of the event that was asked for; one that moved and is gone there is gone.
func TestClient_a_404_where_a_redirect_led_elsewhere_is_no_deletion(t *testing.T) {
	t.Parallel()
	for location, class := range map[string]dav.Class{"/login": dav.ClassTemporary, "/moved/cal/a.ics": dav.ClassGone} {
		server := serve(t, func(w http.ResponseWriter, r *http.Request, _ string) {
			if r.URL.Path != location {
				w.Header().Set("Location", location)
				w.WriteHeader(http.StatusMovedPermanently)
				return
			}
			w.WriteHeader(http.StatusNotFound)
		})
		if _, err := calendar(t, server).Get(t.Context(), "/cal/a.ics"); dav.ClassOf(err) != class {
			t.Errorf("by %s: got %v, want %s", location, err, class)
		}
	}
}
