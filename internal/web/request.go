package web

import (
	"net/http"
	"net/url"
	"time"

	"agendaonline/internal/crm"
	"agendaonline/internal/i18n"
	"agendaonline/internal/service"
)

// request is one request, with who asks and how he reads.
type request struct {
	*http.Request
	words
	caller   service.Caller
	signedIn bool
	// partial: the script asks for a part of the page.
	partial bool
}

// languageCookie keeps the language that somebody chose before signing in.
const languageCookie = "agenda_language"

// read finds out who asks. Even with an error the request says in which language to explain it.
func (s *site) read(raw *http.Request) (*request, error) {
	r := &request{Request: raw, partial: raw.Header.Get("HX-Request") == "true"}
	r.words = words{Lang: chosenLanguage(raw), now: s.Now(), zone: time.UTC}
	user, signedIn, err := s.Identity.Who(raw)
	if err != nil {
		return r, err
	}
	if !signedIn {
		return r, nil
	}
	r.caller, r.signedIn = service.Caller{User: user}, true
	r.Lang = string(user.Language)
	if zone, err := time.LoadLocation(user.TimeZone); err == nil {
		r.zone = zone
	}
	return r, nil
}

// chosenLanguage is the language before sign-in: the one asked for in the address, the one chosen earlier, the browser's.
func chosenLanguage(raw *http.Request) string {
	if asked := raw.URL.Query().Get("language"); i18n.Known(asked) {
		return asked
	}
	if cookie, err := raw.Cookie(languageCookie); err == nil && i18n.Known(cookie.Value) {
		return cookie.Value
	}
	return i18n.Match(raw.Header.Get("Accept-Language"), i18n.English)
}

// keepLanguage remembers a language that was asked for in the address; pages before sign-in call it.
func keepLanguage(w http.ResponseWriter, r *request) {
	asked := r.URL.Query().Get("language")
	if !i18n.Known(asked) {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: languageCookie, Value: asked, Path: "/", MaxAge: int((365 * 24 * time.Hour).Seconds()), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// signInPath is the page that signs in and goes on to where the person wanted to be.
const signInPath = "/sign-in"

func (s *site) sendToSignIn(w http.ResponseWriter, r *request) {
	if r.Header.Get("Accept") == "text/event-stream" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	path, next := signInPath, ""
	if r.partial {
		if page, err := url.Parse(r.Header.Get("HX-Current-URL")); err == nil {
			next = page.RequestURI() // the page that the script runs on
		}
	} else if r.Method == http.MethodGet {
		next = r.URL.RequestURI()
	}
	if next != "" && next != "/" {
		path += "?" + url.Values{"next": {next}}.Encode()
	}
	_ = see(w, r, path)
}

// words says things as one reader reads them: in his language and time zone. Page structs embed it.
type words struct {
	Lang string
	now  time.Time
	zone *time.Location
}

// T is the sentence of a key, its places filled from pairs of name and value.
func (w words) T(key string, pairs ...any) string { return i18n.T(w.Lang, key, i18n.P(pairs...)) }

// Number writes a whole number.
func (w words) Number(n int) string { return i18n.Number(w.Lang, n) }

// Today is the reader's day.
func (w words) Today() crm.Date { return crm.DateOf(w.now.In(w.zone)) }

// Moment says an instant: "vandaag, 09:12".
func (w words) Moment(at time.Time) string {
	return i18n.Moment(w.Lang, at.In(w.zone), w.now.In(w.zone))
}

// Stamp is an instant as a time element's datetime takes it.
func (w words) Stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

// Ago says how long ago an instant was.
func (w words) Ago(at time.Time) string { return i18n.Ago(w.Lang, w.now.Sub(at)) }

// Short is "23 nov"; ShortWeekday "ma 23 nov"; Long "23 november"; LongWeekday "maandag 23 november". No day is "".
func (w words) Short(day crm.Date) string { return w.day(day, i18n.Short[string]) }

// ShortWeekday is Short with the day of the week.
func (w words) ShortWeekday(day crm.Date) string { return w.day(day, i18n.ShortWeekday[string]) }

// Long is the day in full words.
func (w words) Long(day crm.Date) string { return w.day(day, i18n.Long[string]) }

// LongWeekday is Long with the day of the week.
func (w words) LongWeekday(day crm.Date) string { return w.day(day, i18n.LongWeekday[string]) }

func (w words) day(day crm.Date, say func(string, i18n.Day, i18n.Day) string) string {
	if day.IsZero() {
		return ""
	}
	return say(w.Lang, i18n.Day(day), i18n.Day(w.Today()))
}

// Reason says why an action or link is as it is.
func (w words) Reason(reason crm.Reason, params map[string]string) string {
	return i18n.Reason(w.Lang, reason, params)
}

// Problem is the sentence of something that a person can correct.
func (w words) Problem(p *crm.Problem) string { return i18n.T(w.Lang, p.Code, p.Params) }

// nearby is the word for today, tomorrow and yesterday, "" for another day.
func (w words) nearby(day crm.Date) string {
	return i18n.Nearby(w.Lang, i18n.Day(day), i18n.Day(w.Today()))
}

func (w words) weekday(day crm.Date) string { return i18n.Weekday(w.Lang, i18n.Day(day)) }
