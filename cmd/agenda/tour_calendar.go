package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// tourCalendar looks at a calendar, and writes into it, as somebody's phone would. It is the judge of the tour, so it
// shares nothing with the product's own client and parser: plain HTTP, and a search for lines.
type tourCalendar struct {
	collection         *url.URL
	username, password string
	client             *http.Client
	known              map[string]tourEvent // by href path
}

// tourEvent is one calendar object resource; its text is read only of those that came or changed during the tour.
type tourEvent struct {
	path, etag string
	text       string // unfolded, lines ending with \n
}

var errTourStatus = errors.New("the calendar server refused")

// newTourCalendar remembers what is there before the tour begins, without reading it.
func newTourCalendar(ctx context.Context, address, username, password string) (*tourCalendar, error) {
	collection, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("read the calendar's address: %w", err)
	}
	if !strings.HasSuffix(collection.Path, "/") {
		collection.Path += "/"
	}
	c := &tourCalendar{collection: collection, username: username, password: password, client: &http.Client{Timeout: time.Minute}, known: map[string]tourEvent{}}
	members, err := c.members(ctx)
	if err != nil {
		return nil, err
	}
	for path, etag := range members {
		c.known[path] = tourEvent{path: path, etag: etag}
	}
	return c, nil
}

func (c *tourCalendar) do(ctx context.Context, method, path, body string, header map[string]string) (*http.Response, []byte, error) {
	target := *c.collection
	target.RawPath = ""
	decoded, err := url.PathUnescape(path)
	if err != nil {
		return nil, nil, err
	}
	target.Path, target.RawPath = decoded, path
	request, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.SetBasicAuth(c.username, c.password)
	request.Header.Set("User-Agent", "tour of a calendar by hand")
	for name, value := range header {
		request.Header.Set(name, value)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return nil, nil, err
	}
	return response, text, nil
}

// members are the ETags of the calendar's resources by the path of their href.
func (c *tourCalendar) members(ctx context.Context) (map[string]string, error) {
	response, text, err := c.do(ctx, "PROPFIND", c.collection.EscapedPath(), `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><getetag/><resourcetype/></prop></propfind>`,
		map[string]string{"Depth": "1", "Content-Type": "application/xml; charset=utf-8"})
	if err != nil {
		return nil, fmt.Errorf("list the calendar: %w", err)
	}
	if response.StatusCode != http.StatusMultiStatus {
		return nil, fmt.Errorf("list the calendar: %w: %s", errTourStatus, response.Status)
	}
	var answer struct {
		Responses []struct {
			Href       string   `xml:"DAV: href"`
			ETags      []string `xml:"DAV: propstat>prop>getetag"`
			Collection []string `xml:"DAV: propstat>prop>resourcetype>collection"`
		} `xml:"DAV: response"`
	}
	if err := xml.Unmarshal(text, &answer); err != nil {
		return nil, fmt.Errorf("list the calendar: %w", err)
	}
	members := map[string]string{}
	for _, one := range answer.Responses {
		href, err := c.collection.Parse(one.Href)
		if err != nil || len(one.Collection) > 0 {
			continue
		}
		members[href.EscapedPath()] = strings.Join(one.ETags, "")
	}
	return members, nil
}

// find are the events whose text holds all the words. It reads what came or changed since it last looked.
func (c *tourCalendar) find(ctx context.Context, words ...string) ([]tourEvent, error) {
	members, err := c.members(ctx)
	if err != nil {
		return nil, err
	}
	for path := range c.known {
		if _, there := members[path]; !there {
			delete(c.known, path)
		}
	}
	var found []tourEvent
	for path, etag := range members {
		event, known := c.known[path]
		if !known || event.etag != etag {
			response, text, err := c.do(ctx, http.MethodGet, path, "", nil)
			if err != nil {
				return nil, fmt.Errorf("read an event: %w", err)
			}
			if response.StatusCode == http.StatusNotFound {
				continue // deleted meanwhile
			}
			if response.StatusCode != http.StatusOK {
				return nil, fmt.Errorf("read an event: %w: %s", errTourStatus, response.Status)
			}
			// The ETag that came with the text, not that of the list: it may have changed in between.
			if given := response.Header.Get("ETag"); given != "" {
				etag = given
			}
			event = tourEvent{path, etag, unfold(text)}
			c.known[path] = event
		}
		if holdsAll(event.text, words) {
			found = append(found, event)
		}
	}
	return found, nil
}

func holdsAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return text != ""
}

var folds = regexp.MustCompile("\r?\n[ \t]")

// unfold joins folded lines (RFC 5545 section 3.1) and ends each with a line feed.
func unfold(text []byte) string {
	return strings.ReplaceAll(string(folds.ReplaceAll(text, nil)), "\r\n", "\n")
}

// line is the first line of the event that begins with the property's name, without it; "" when there is none.
func (e tourEvent) line(property string) string {
	_, event, _ := strings.Cut(e.text, "BEGIN:VEVENT\n")
	for line := range strings.SplitSeq(event, "\n") {
		if rest, found := strings.CutPrefix(line, property); found && rest != "" && (rest[0] == ':' || rest[0] == ';') {
			return rest
		}
	}
	return ""
}

// put stores the text of an event; etag is the version it replaces, "" for a new one.
func (c *tourCalendar) put(ctx context.Context, path, text, etag string) error {
	header := map[string]string{"Content-Type": "text/calendar; charset=utf-8", "If-None-Match": "*"}
	if etag != "" {
		header = map[string]string{"Content-Type": "text/calendar; charset=utf-8", "If-Match": etag}
	}
	response, answer, err := c.do(ctx, http.MethodPut, path, strings.ReplaceAll(text, "\n", "\r\n"), header)
	if err != nil {
		return fmt.Errorf("store an event: %w", err)
	}
	// 207 is no success: Xandikos 0.2.8 puts the refusal inside.
	if response.StatusCode/100 != 2 || response.StatusCode == http.StatusMultiStatus {
		return fmt.Errorf("store an event: %w: %s %s", errTourStatus, response.Status, bytes.TrimSpace(answer[:min(len(answer), 200)]))
	}
	return nil
}

// edit replaces the lines of properties in an event, and puts lines in before its end.
func (c *tourCalendar) edit(ctx context.Context, event tourEvent, lines map[string]string, more ...string) error {
	var text strings.Builder
	for line := range strings.Lines(event.text) {
		name := line[:max(0, strings.IndexAny(line, ":;"))]
		if replacement, found := lines[name]; found {
			line = replacement + "\n"
		}
		if line == "END:VEVENT\n" {
			for _, one := range more {
				text.WriteString(one + "\n")
			}
		}
		text.WriteString(line)
	}
	return c.put(ctx, event.path, text.String(), event.etag)
}

// remove deletes an event of the version that was read.
func (c *tourCalendar) remove(ctx context.Context, event tourEvent) error {
	response, _, err := c.do(ctx, http.MethodDelete, event.path, "", map[string]string{"If-Match": event.etag})
	if err != nil {
		return fmt.Errorf("delete an event: %w", err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("delete an event: %w: %s", errTourStatus, response.Status)
	}
	return nil
}

// path is where a new event is stored.
func (c *tourCalendar) path(name string) string {
	return c.collection.EscapedPath() + name + ".ics"
}
