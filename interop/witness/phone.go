package witness

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"agendaonline/internal/oracle"
)

// Phone is a person's own calendar program, which shares nothing with the product: plain requests, and a search for lines.
type Phone struct {
	Calendar string // path of the collection, with its closing slash

	witness            *Witness
	username, password string
}

// Phone is one for the calendar at a path.
func (w *Witness) Phone(calendar, username, password string) *Phone {
	return &Phone{calendar, w, username, password}
}

// Refused is a request that the server did not carry out.
type Refused struct {
	Method, Path string
	Status       int
	Body         string
}

func (r *Refused) Error() string {
	return fmt.Sprintf("%s %s: status %d %.200s", r.Method, r.Path, r.Status, r.Body)
}

// ErrGone: there is no such event.
var ErrGone = errors.New("there is no such event")

func (p *Phone) do(ctx context.Context, method, path, body string, header ...string) (answer, error) {
	target := url.URL{Scheme: p.witness.target.Scheme, Host: p.witness.target.Host, Path: path}
	request, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	request.SetBasicAuth(p.username, p.password)
	request.Header.Set("User-Agent", "phone")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	given, err := p.witness.pass(request, []byte(body), oracle.ByHuman)
	if err != nil {
		return given, fmt.Errorf("%s %s: %w", method, path, err)
	}
	refused := &Refused{method, path, given.status, string(given.body)}
	switch {
	case given.status == http.StatusNotFound || given.status == http.StatusGone:
		return given, ErrGone
	case given.status/100 != 2:
		return given, refused
	case method == http.MethodPut && given.status == http.StatusMultiStatus:
		return given, refused // Xandikos 0.2.8 puts the refusal inside
	}
	return given, nil
}

// Make makes the calendar.
func (p *Phone) Make(ctx context.Context) error {
	_, err := p.do(ctx, "MKCALENDAR", p.Calendar, "")
	return err
}

// Paths are the paths of the calendar's resources.
func (p *Phone) Paths(ctx context.Context) ([]string, error) {
	given, err := p.do(ctx, "PROPFIND", p.Calendar, `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><getetag/><resourcetype/></prop></propfind>`,
		"Depth", "1", "Content-Type", "application/xml; charset=utf-8")
	if err != nil {
		return nil, err
	}
	var listed struct {
		Responses []struct {
			Href       string   `xml:"DAV: href"`
			Collection []string `xml:"DAV: propstat>prop>resourcetype>collection"`
		} `xml:"DAV: response"`
	}
	if err := xml.Unmarshal(given.body, &listed); err != nil {
		return nil, fmt.Errorf("list %s: %w", p.Calendar, err)
	}
	var paths []string
	for _, one := range listed.Responses {
		href, err := url.Parse(one.Href)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", p.Calendar, err)
		}
		if len(one.Collection) == 0 && href.Path != p.Calendar {
			paths = append(paths, href.Path)
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// Get is the text of an event and its ETag; ErrGone where there is none.
func (p *Phone) Get(ctx context.Context, path string) (text, etag string, err error) {
	given, err := p.do(ctx, http.MethodGet, path, "")
	return string(given.body), given.header.Get("ETag"), err
}

// Resources are all that the calendar holds.
func (p *Phone) Resources(ctx context.Context) ([]oracle.Resource, error) {
	paths, err := p.Paths(ctx)
	if err != nil {
		return nil, err
	}
	found := []oracle.Resource{}
	for _, path := range paths {
		text, _, err := p.Get(ctx, path)
		if errors.Is(err, ErrGone) {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		found = append(found, oracle.Resource{Calendar: p.Calendar, Href: path, Body: text})
	}
	return found, nil
}

// Put puts a new event at a name of the calendar.
func (p *Phone) Put(ctx context.Context, name, text string) error {
	_, err := p.do(ctx, http.MethodPut, p.Calendar+name, text, "Content-Type", "text/calendar; charset=utf-8", "If-None-Match", "*")
	return err
}

// Edit changes an event as it was read a moment ago, and again if somebody else was quicker. ErrGone where it is deleted.
func (p *Phone) Edit(ctx context.Context, path string, change func(text string) string) error {
	for {
		text, etag, err := p.Get(ctx, path)
		if err != nil {
			return err
		}
		_, err = p.do(ctx, http.MethodPut, path, change(text), "Content-Type", "text/calendar; charset=utf-8", "If-Match", etag)
		var refused *Refused
		if errors.As(err, &refused) && refused.Status == http.StatusPreconditionFailed {
			continue
		}
		return err
	}
}

// Delete deletes an event as it was read a moment ago, and again if somebody else was quicker. ErrGone where it is deleted.
func (p *Phone) Delete(ctx context.Context, path string) error {
	for {
		_, etag, err := p.Get(ctx, path)
		if err != nil {
			return err
		}
		_, err = p.do(ctx, http.MethodDelete, path, "", "If-Match", etag)
		var refused *Refused
		if errors.As(err, &refused) && refused.Status == http.StatusPreconditionFailed {
			continue
		}
		return err
	}
}

// Lines puts lines in the place of those of the event with the same names, and takes the ones named in drop away.
func Lines(text string, lines []string, drop ...string) string {
	ending := "\r\n"
	if !strings.Contains(text, ending) {
		ending = "\n"
	}
	nameOf := func(line string) string {
		if end := strings.IndexAny(line, ":;"); end >= 0 {
			return line[:end]
		}
		return line
	}
	for _, line := range lines {
		drop = append(drop, nameOf(line))
	}
	var out []string
	depth, dropping := 0, false
	for _, line := range strings.Split(text, ending) {
		folded := strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t")
		switch {
		case folded && dropping:
			continue
		case folded:
		case strings.HasPrefix(line, "BEGIN:"):
			dropping = false
			if depth > 0 || line == "BEGIN:VEVENT" {
				depth++
			}
		case strings.HasPrefix(line, "END:"):
			dropping = false
			if depth > 0 {
				depth--
			}
		default:
			if dropping = depth == 1 && slices.Contains(drop, nameOf(line)); dropping {
				continue
			}
		}
		out = append(out, line)
		if line == "BEGIN:VEVENT" {
			out = append(out, lines...)
		}
	}
	return strings.Join(out, ending)
}

// Value is the value of an event's first line of that name, unfolded; "" where there is none.
func Value(text, name string) string {
	text = strings.NewReplacer("\r\n ", "", "\r\n\t", "", "\n ", "", "\n\t", "").Replace(text)
	_, event, _ := strings.Cut(text, "BEGIN:VEVENT")
	for line := range strings.Lines(event) {
		line = strings.TrimRight(line, "\r\n")
		if rest, found := strings.CutPrefix(line, name); found && rest != "" && (rest[0] == ':' || rest[0] == ';') {
			_, value, _ := strings.Cut(rest, ":")
			return value
		}
	}
	return ""
}
