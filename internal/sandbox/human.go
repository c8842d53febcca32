package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Human is somebody's own calendar program: a phone, Thunderbird, a web page of the server. What it writes is stored and
// rewritten as anything else is; faults do not strike it. It edits lines of text and knows nothing of the product's mapping.
// A Human may be used by many goroutines.
type Human struct {
	server *Server
	user   string
	device string
}

// Item is one calendar object resource as a Human reads it.
type Item struct {
	Href string // path, decoded, as in Write.Href
	UID  string
	ETag string
	Body string
}

// Refused is a write that the server did not take.
type Refused struct {
	Status int
	What   string
}

func (r *Refused) Error() string { return fmt.Sprintf("%s: refused with status %d", r.What, r.Status) }

// ErrNoItem is what a Human gets where nothing is.
var ErrNoItem = errors.New("nothing is stored under this href")

// Human is a user's calendar program, called device in the log.
func (s *Server) Human(user, device string) *Human { return &Human{s, user, device} }

// Items are the members of a calendar of the user's home, in the order they were made.
func (h *Human) Items(calendar string) ([]Item, error) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	c, _ := h.server.state.find(h.user, calendar)
	if c == nil {
		return nil, fmt.Errorf("items of %s of %s: %w", calendar, h.user, ErrNoCalendar)
	}
	var items []Item
	for _, o := range c.living() {
		items = append(items, h.item(c, o))
	}
	return items, nil
}

// Get is one member by its name, the last segment of its href.
func (h *Human) Get(calendar, name string) (Item, error) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	c, _, o := h.look(calendar, name)
	if o == nil {
		return Item{}, fmt.Errorf("get %s in %s: %w", name, calendar, ErrNoItem)
	}
	return h.item(c.calendar, o), nil
}

// Find is the member with a UID; of several the one made first.
func (h *Human) Find(calendar, uid string) (Item, error) {
	items, err := h.Items(calendar)
	if err != nil {
		return Item{}, err
	}
	at := slices.IndexFunc(items, func(item Item) bool { return item.UID == uid })
	if at < 0 {
		return Item{}, fmt.Errorf("find %s in %s: %w", uid, calendar, ErrNoItem)
	}
	return items[at], nil
}

// Put stores a text under a name, only while etag is the current one when it is not ""; "*" stores only where nothing is.
func (h *Human) Put(calendar, name, body, etag string) (Item, error) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	return h.put(calendar, name, body, etag)
}

func (h *Human) put(calendar, name, body, etag string) (Item, error) {
	c, access, _ := h.look(calendar, name)
	if c == nil {
		return Item{}, fmt.Errorf("put %s in %s of %s: %w", name, calendar, h.user, ErrNoCalendar)
	}
	write := Write{By: ByHuman, User: h.user, Agent: h.device, Method: http.MethodPut, Sent: body, Delivered: true}
	if etag == "*" {
		write.IfNoneMatch = "*"
	} else {
		write.IfMatch = etag
	}
	result := h.server.put(c, access, name, escapeSegment(name), []byte(body), write)
	if result.refused != nil {
		return Item{}, &Refused{result.refused.status, "put " + name}
	}
	return h.item(c.calendar, result.object), nil
}

// Delete removes a member, only while etag is the current one when it is not "".
func (h *Human) Delete(calendar, name, etag string) error {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	c, access, o := h.look(calendar, name)
	if c == nil {
		return fmt.Errorf("delete %s in %s of %s: %w", name, calendar, h.user, ErrNoCalendar)
	}
	write := Write{By: ByHuman, User: h.user, Agent: h.device, Method: http.MethodDelete, IfMatch: etag, Delivered: true}
	if _, refused := h.server.delete(c, access, o, write); refused != nil {
		return &Refused{refused.status, "delete " + name}
	}
	return nil
}

// Edit changes the text of a member, read and written in one.
func (h *Human) Edit(calendar, name string, edit func(body string) string) (Item, error) {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	_, _, o := h.look(calendar, name)
	if o == nil {
		return Item{}, fmt.Errorf("edit %s in %s: %w", name, calendar, ErrNoItem)
	}
	return h.put(calendar, name, edit(o.Body), o.ETag)
}

// SetLine puts a whole content line, such as "SUMMARY:Lunch", in place of the first one of its name in the first VEVENT, or adds
// it at the end of that VEVENT. Text is written as it is: escaping is the caller's.
func (h *Human) SetLine(calendar, name, line string) (Item, error) {
	return h.Edit(calendar, name, func(body string) string { return setLine(body, line) })
}

// DropLine takes the first line with a property's name out of the first VEVENT.
func (h *Human) DropLine(calendar, name, property string) (Item, error) {
	return h.Edit(calendar, name, func(body string) string { return dropLine(body, property) })
}

// Move takes a member to another calendar of the same user, under the same name: deleted here, made there, as clients do.
func (h *Human) Move(calendar, name, to string) (Item, error) {
	h.server.mu.Lock()
	_, _, o := h.look(calendar, name)
	h.server.mu.Unlock()
	if o == nil {
		return Item{}, fmt.Errorf("move %s from %s: %w", name, calendar, ErrNoItem)
	}
	item, err := h.Put(to, name, o.Body, "*")
	if err != nil {
		return Item{}, err
	}
	return item, h.Delete(calendar, name, o.ETag)
}

// look finds a calendar and a member of it; the caller holds mu.
func (h *Human) look(calendar, name string) (*calendarRef, Access, *object) {
	c, b := h.server.state.find(h.user, calendar)
	if c == nil {
		return nil, NoAccess, nil
	}
	return &calendarRef{c, b}, b.Access, c.byName[name]
}

func (h *Human) item(c *calendar, o *object) Item {
	return Item{Href: h.server.pathOf(c, o.Name), UID: o.UID, ETag: o.ETag, Body: o.Body}
}

// Name is the last segment of an item's href.
func (i Item) Name() string { return i.Href[strings.LastIndexByte(i.Href, '/')+1:] }

// Line is the value of the first line with a property's name in the first VEVENT, unfolded and as it is written; "" when there is none.
func (i Item) Line(property string) string { return lineOf(i.Body, property) }
